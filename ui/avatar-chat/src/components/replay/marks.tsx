import { EarOff, Hand, MailX, RefreshCw, TriangleAlert, type LucideIcon } from 'lucide-react'
import type { ReplayMark } from '../../generated/replay'

type Kind = ReplayMark['kind']

export const MARKS: Readonly<Record<Kind, { readonly label: string; readonly Icon: LucideIcon }>> = {
  interrupted: { label: 'Interrupted', Icon: Hand },
  taken_over: { label: 'Taken over', Icon: RefreshCw },
  failed: { label: 'Failed', Icon: TriangleAlert },
  discarded: { label: 'Not understood', Icon: EarOff },
  dead_letter: { label: 'Given up', Icon: MailX },
}

/** A mark in words: "Taken over: tts", "Interrupted by speech". */
export function markWords({ kind, service, detail }: ReplayMark): string {
  if (kind === 'interrupted' && detail !== '') return `Interrupted by ${detail}`
  const about = [service, detail].filter((part) => part !== '').join(', ')
  return about === '' ? MARKS[kind].label : `${MARKS[kind].label}: ${about}`
}

/** Worst last. */
const ORDER: readonly Kind[] = ['discarded', 'interrupted', 'taken_over', 'failed', 'dead_letter']

/** The kind that is shown of several marks. */
export function worst(marks: readonly ReplayMark[]): Kind {
  return ORDER.findLast((kind) => marks.some((mark) => mark.kind === kind)) ?? 'discarded'
}

type Marks = readonly [ReplayMark, ...ReplayMark[]]

/** Part of the line that a mark takes. */
const WIDTH = 0.009

/** The marks by time, those in one list that would lie on one another. */
export function markGroups(marks: readonly ReplayMark[], length: number): readonly Marks[] {
  const groups: [ReplayMark, ...ReplayMark[]][] = []
  for (const mark of [...marks].sort((one, other) => one.at - other.at)) {
    const group = groups.at(-1)
    if (group && mark.at - group[0].at < WIDTH * length) group.push(mark)
    else groups.push([mark])
  }
  return groups
}
