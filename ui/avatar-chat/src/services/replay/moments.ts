/** What is where in a conversation: pure look-ups. All times in ms from its start. */

import type { ReplayClip, ReplayEvent, ReplayTurn } from '../../generated/replay'

interface Starting {
  readonly start: number
}

/** Index of the last item that has started; -1 before the first. Items are ordered by start. */
export function lastStarted(items: readonly Starting[], at: number): number {
  let [low, high] = [0, items.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((items[middle]?.start ?? Infinity) <= at) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** Index of the present turn: the last one that has begun, the first one before that; -1 without turns. */
export function turnAt(turns: readonly ReplayTurn[], at: number): number {
  return turns.length === 0 ? -1 : Math.max(0, lastStarted(turns, at))
}

/** The clip that sounds, of clips of one kind. */
export function soundingAt(clips: readonly ReplayClip[], at: number): ReplayClip | null {
  const clip = clips[lastStarted(clips, at)]
  return clip && at < clip.start + clip.length ? clip : null
}

export interface Span {
  readonly start: number
  readonly end: number
}

/** Silences shorter than this stay. */
const SHORTEST = 700
/** Of a silence that is skipped, this much stays at each side, so that speech does not begin abruptly. */
const MARGIN = 200

/** The stretches in which nobody speaks and that can be skipped, by start. */
export function silences(clips: readonly ReplayClip[], length: number): readonly Span[] {
  const found: Span[] = []
  let end = 0
  const add = (start: number, from: number, to: number) => {
    if (to - start >= SHORTEST) found.push({ start: from, end: to - MARGIN })
  }
  for (const clip of clips) {
    add(end, end === 0 ? 0 : end + MARGIN, clip.start)
    end = Math.max(end, clip.start + clip.length)
  }
  if (length - end >= SHORTEST) found.push({ start: end + MARGIN, end: length })
  return found
}

/** Where to go on from here: the end of the silence that it is in, else here. */
export function afterSilence(spans: readonly Span[], at: number): number {
  const span = spans[lastStarted(spans, at)]
  return span && at < span.end ? span.end : at
}

/** Neighbour of an event in a list by sequence, null beyond its ends. Without an event, the one nearest to a time. */
export function neighbour(
  events: readonly ReplayEvent[],
  selected: string | null,
  at: number,
  step: 1 | -1,
): ReplayEvent | null {
  const place = events.findIndex(({ id }) => id === selected)
  if (place >= 0) return events[place + step] ?? null
  if (step === 1) return events.find((event) => event.at > at) ?? null
  return events.findLast((event) => event.at < at) ?? null
}

/** The events that have happened: index of the last one at or before a time, -1 before the first. */
export function lastHappened(events: readonly ReplayEvent[], at: number): number {
  return events.findLastIndex((event) => event.at <= at)
}

/** "3:07", with hours "1:03:07"; with tenths of a second "3:07.4". */
export function timecode(ms: number, tenths = false): string {
  const all = Math.max(0, tenths ? Math.floor(ms / 100) / 10 : Math.floor(ms / 1000))
  const [hours, minutes] = [Math.floor(all / 3600), Math.floor(all / 60) % 60]
  const rest = all - hours * 3600 - minutes * 60
  const seconds = tenths ? rest.toFixed(1).padStart(4, '0') : String(rest).padStart(2, '0')
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${seconds}` : `${minutes}:${seconds}`
}

/** "840 ms", "3.2 s". */
export function duration(ms: number): string {
  if (ms < 10 && !Number.isInteger(ms)) return `${ms.toFixed(1)} ms`
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`
}

/** The times of a conversation in words, for screen readers: "3 minutes 7 seconds". */
export function spokenTime(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60]
  const part = (count: number, unit: string) => `${count} ${unit}${count === 1 ? '' : 's'}`
  return minutes === 0 ? part(rest, 'second') : `${part(minutes, 'minute')} ${part(rest, 'second')}`
}
