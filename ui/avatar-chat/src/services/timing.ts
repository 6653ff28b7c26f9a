/** The latency of each step of a turn, from the times of its facts, for the readout. */

import { MICROPHONE_RATE, type Event } from '../generated/events'

/** Microseconds since 1970 at which each step of a turn was done; null before that. */
export interface TurnTimes {
  readonly turn: string
  /** The end of the person's speech, or the arrival of the message. */
  readonly said: number
  readonly endpoint: number | null
  readonly transcript: number | null
  readonly sentence: number | null
  readonly speech: number | null
  readonly audible: number | null
}

/** One bar of the readout: a step and the milliseconds it took. */
export interface Step {
  readonly name: string
  readonly ms: number
}

function begin(turn: string, said: number): TurnTimes {
  return { turn, said, endpoint: null, transcript: null, sentence: null, speech: null, audible: null }
}

/** The times after this event; a new turn of the person replaces the last one. */
export function foldTimes(times: TurnTimes | null, event: Event): TurnTimes | null {
  const { body, at, turn } = event
  if (turn === null) return times
  if (body.type === 'utterance.ended') {
    const silence = ((body.samples - body.speech_ended) / MICROPHONE_RATE) * 1e6
    return { ...begin(turn, Math.round(at - silence)), endpoint: at }
  }
  if (body.type === 'message.received') return begin(turn, at)
  if (times?.turn !== turn) return times
  if (body.type === 'transcript.final') return { ...times, transcript: times.transcript ?? at }
  if (body.type === 'reply.sentence') return { ...times, sentence: times.sentence ?? at }
  if (body.type === 'speech.started') return { ...times, speech: times.speech ?? at }
  if (body.type === 'playback.started') return { ...times, audible: times.audible ?? at }
  return times
}

/** The steps that are done, in order. Their sum is the time from the end of the speech to the last of them. */
export function steps(times: TurnTimes): readonly Step[] {
  const marks: readonly (readonly [string, number | null])[] = [
    ['End of phrase', times.endpoint],
    ['Transcript', times.transcript],
    ['First sentence', times.sentence],
    ['Voice', times.speech],
    ['Play-out', times.audible],
  ]
  const result: Step[] = []
  let before = times.said
  for (const [name, at] of marks) {
    if (at === null) continue
    result.push({ name, ms: Math.max(0, (at - before) / 1000) })
    before = Math.max(before, at)
  }
  return result
}

/** Milliseconds from the end of the person's speech to the first sound of the reply. */
export function responseTime(times: TurnTimes): number | null {
  return times.audible === null ? null : (times.audible - times.said) / 1000
}
