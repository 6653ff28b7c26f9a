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

/** A mark in words: "Taken over: tts". */
export function markWords({ kind, service, detail }: ReplayMark): string {
  const about = [service, detail].filter((part) => part !== '').join(', ')
  return about === '' ? MARKS[kind].label : `${MARKS[kind].label}: ${about}`
}
