/** The statistics of a WebRTC connection that tell how good it is. */

export interface ConnectionStats {
  /** Milliseconds; null where not measured (yet). */
  readonly roundTrip: number | null
  readonly audioBuffer: number | null
  readonly videoBuffer: number | null
  /** Frames a second of the picture. */
  readonly frameRate: number | null
  /** Packets, of sound and picture. */
  readonly lost: number
}

const UNMEASURED = { roundTrip: null, audioBuffer: null, videoBuffer: null, frameRate: null }
export const UNKNOWN: ConnectionStats = { ...UNMEASURED, lost: 0 }

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
export function readStats(report: Iterable<readonly [string, unknown]>): ConnectionStats {
  let found = UNKNOWN
  for (const [, entry] of report) {
    const stats = entry as RTCStats
    if (stats.type === 'candidate-pair') {
      const { nominated, currentRoundTripTime } = stats as RTCIceCandidatePairStats
      if (!nominated || currentRoundTripTime === undefined) continue
      found = { ...found, roundTrip: currentRoundTripTime * 1000 }
    } else if (stats.type === 'inbound-rtp') {
      const inbound = stats as Inbound
      const lost = found.lost + (inbound.packetsLost ?? 0)
      if (inbound.kind === 'audio') found = { ...found, lost, audioBuffer: average(inbound) }
      else found = { ...found, lost, videoBuffer: average(inbound), frameRate: inbound.framesPerSecond ?? null }
    }
  }
  return found
}
