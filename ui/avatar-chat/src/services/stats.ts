/** The few numbers of a connection's statistics that tell how it feels. */

export interface Health {
  /** Milliseconds; null where not measured (yet). */
  readonly roundTrip: number | null
  readonly audioBuffer: number | null
  readonly videoBuffer: number | null
  /** Pictures a second. */
  readonly rate: number | null
  readonly lost: number
}

export const UNKNOWN: Health = { roundTrip: null, audioBuffer: null, videoBuffer: null, rate: null, lost: 0 }

interface Inbound extends RTCInboundRtpStreamStats {
  readonly jitterBufferDelay?: number
  readonly jitterBufferEmittedCount?: number
  readonly framesPerSecond?: number
}

function average({ jitterBufferDelay, jitterBufferEmittedCount }: Inbound): number | null {
  if (jitterBufferDelay === undefined || !jitterBufferEmittedCount) return null
  return (jitterBufferDelay / jitterBufferEmittedCount) * 1000
}

/** Read a report of `RTCPeerConnection.getStats`. */
export function healthOf(report: Iterable<readonly [string, unknown]>): Health {
  let health = UNKNOWN
  for (const [, entry] of report) {
    const stats = entry as RTCStats
    if (stats.type === 'candidate-pair') {
      const { nominated, currentRoundTripTime } = stats as RTCIceCandidatePairStats
      if (!nominated || currentRoundTripTime === undefined) continue
      health = { ...health, roundTrip: currentRoundTripTime * 1000 }
    } else if (stats.type === 'inbound-rtp') {
      const inbound = stats as Inbound
      const lost = health.lost + (inbound.packetsLost ?? 0)
      if (inbound.kind === 'audio') health = { ...health, lost, audioBuffer: average(inbound) }
      else health = { ...health, lost, videoBuffer: average(inbound), rate: inbound.framesPerSecond ?? null }
    }
  }
  return health
}
