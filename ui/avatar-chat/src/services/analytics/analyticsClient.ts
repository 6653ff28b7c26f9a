/** The client of the gateway's analytics (docs/analytics.md), which answer the operator only. */

import { AvatarClient } from '../avatarClient'

export type Cell = string | number | boolean | null | readonly number[]
export type Row = Readonly<Record<string, Cell>>

/** A ready question and its answer. */
export interface Answer {
  readonly question: string
  readonly title: string
  readonly chart: 'bars' | 'lines'
  /** The column along the picture. */
  readonly x: string
  /** The columns that are drawn; the first is the main one. */
  readonly y: readonly string[]
  /** The column by which there is a colour for each value. */
  readonly series: string | null
  readonly unit: string
  readonly columns: readonly string[]
  readonly rows: readonly Row[]
  /** Whether there were more rows. */
  readonly cut: boolean
}

export class AnalyticsClient extends AvatarClient {
  /** @param since Such as 7d, 36h or 2026-11-22. */
  answers(since: string): Promise<readonly Answer[]> {
    return this.json(`analytics/all?since=${encodeURIComponent(since)}`)
  }
}
