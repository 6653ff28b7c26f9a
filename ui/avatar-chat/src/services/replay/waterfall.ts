/** The rows of a turn's waterfall. Pure. */

import type { ReplayClip, ReplayStep, ReplayTurn } from '../../generated/replay'
import type { Span } from './moments'

type StepName = ReplayStep['name']
/** Who is at work: hearing, thinking, speaking, drawing, playing. */
export type Family = 'hear' | 'think' | 'voice' | 'face' | 'play'

export const STEPS: Readonly<Record<StepName, { readonly label: string; readonly family: Family }>> = {
  speaking: { label: 'Person speaks', family: 'hear' },
  endpoint: { label: 'End of speech', family: 'hear' },
  transcript: { label: 'Transcript', family: 'hear' },
  first_sentence: { label: 'First sentence', family: 'think' },
  writing: { label: 'Other sentences', family: 'think' },
  first_audio: { label: 'First audio', family: 'voice' },
  synthesis: { label: 'Rest of the voice', family: 'voice' },
  first_frame: { label: 'First frame', family: 'face' },
  drawing: { label: 'Rest of the face', family: 'face' },
  playback_wait: { label: 'Wait to be played', family: 'play' },
  playback: { label: 'Playback', family: 'play' },
}
const ORDER = Object.keys(STEPS) as StepName[]

/** The bars of the whole turn (`index` null) or of a sentence. */
export interface StepGroup {
  readonly index: number | null
  /** What the sentence says. */
  readonly text: string
  readonly steps: readonly ReplayStep[]
}

/** The steps of a turn: those of all of it, then those of each sentence. */
export function stepGroups(turn: ReplayTurn, clips: readonly ReplayClip[]): readonly StepGroup[] {
  const groups = new Map<number | null, ReplayStep[]>()
  for (const step of turn.steps) {
    const group = groups.get(step.index)
    if (group) group.push(step)
    else groups.set(step.index, [step])
  }
  const textOf = (index: number | null) =>
    index === null
      ? ''
      : (clips.find((clip) => clip.kind === 'character' && clip.turn === turn.id && clip.index === index)?.text ?? '')
  return Array.from(groups, ([index, steps]) => ({ index, text: textOf(index), steps: steps.sort(byName) })).sort(
    (one, other) => (one.index ?? -1) - (other.index ?? -1),
  )
}

function byName(one: ReplayStep, other: ReplayStep): number {
  return ORDER.indexOf(one.name) - ORDER.indexOf(other.name) || one.start - other.start
}

const PARTS = ['endpoint', 'transcript', 'first_sentence', 'first_audio', 'playback_wait'] as const

/** A part of the time until the answer. */
export interface AnswerPart {
  readonly name: StepName
  readonly ms: number
}

/** The parts that the time until the answer consists of; none where there was no answer. */
export function answerParts({ measures }: ReplayTurn): readonly AnswerPart[] {
  if (measures['answer'] === undefined) return []
  return PARTS.flatMap((name) => (measures[name] === undefined ? [] : [{ name, ms: measures[name] }]))
}

/** From the person's last word, or their message, to the first sound, the first picture, and what is played first. */
export interface Totals {
  readonly audio: number | null
  readonly frame: number | null
  readonly answer: number | null
}

export function totals({ measures }: ReplayTurn): Totals {
  const first = measures['first_audio']
  const before = PARTS.slice(0, 3).reduce((sum, name) => sum + (measures[name] ?? 0), 0)
  const audio = first === undefined ? null : before + first
  const frame = measures['first_frame']
  return {
    audio,
    frame: audio === null || frame === undefined ? null : audio + frame,
    answer: measures['answer'] ?? null,
  }
}

/** The stretch of time that the waterfall shows: the whole turn, or only until the answer. */
export function shownSpan(turn: ReplayTurn, zoom: 'turn' | 'answer'): Span {
  const whole = { start: turn.start, end: Math.max(turn.end, turn.start + 1) }
  if (zoom === 'turn') return whole
  const until = turn.steps.filter(
    ({ name, index }) => (PARTS as readonly string[]).concat('first_frame').includes(name) && (index ?? 0) === 0,
  )
  if (until.length === 0) return whole
  const start = Math.min(...until.map((step) => step.start))
  const end = Math.max(...until.map((step) => step.end ?? step.start))
  const margin = Math.max(20, (end - start) * 0.04)
  return { start: start - margin, end: end + margin }
}

interface Place {
  readonly left: number
  readonly width: number
}

/** Where a bar stands in a stretch of time, in % of it; null outside. Without an end it reaches to the end. */
export function placeOf(step: ReplayStep, { start, end }: Span): Place | null {
  const to = step.end ?? end
  if (to < start || step.start > end) return null
  const percent = (at: number) => ((Math.min(Math.max(at, start), end) - start) / (end - start)) * 100
  const left = percent(step.start)
  return { left, width: percent(to) - left }
}
