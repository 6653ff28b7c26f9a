/** From the rows of an answer to what a chart draws. */

import type { Answer, Cell, Row } from './analyticsClient'

export interface Series {
  readonly name: string
  /** One for each place along the picture; null: nothing there. */
  readonly values: readonly (number | null)[]
}

export interface Picture {
  readonly places: readonly string[]
  readonly series: readonly Series[]
}

/** The values of one column by place and series; days without rows between the first and the last are there, empty. */
export function pictureOf(answer: Answer, y: string): Picture {
  const places = placesOf(answer)
  const at = new Map(places.map((place, index) => [place, index]))
  const found = new Map<string, (number | null)[]>()
  for (const row of answer.rows) {
    const name = answer.series === null ? y : text(row[answer.series])
    const value = row[y]
    const index = at.get(text(row[answer.x]))
    if (typeof value !== 'number' || index === undefined) continue
    const values = found.get(name) ?? places.map(() => null)
    values[index] = (answer.chart === 'bars' ? (values[index] ?? 0) : 0) + value
    found.set(name, values)
  }
  return { places, series: [...found].map(([name, values]) => ({ name, values })) }
}

function placesOf({ rows, x }: Answer): readonly string[] {
  const named = [...new Set(rows.map((row: Row) => text(row[x])))]
  return x === 'day' ? everyDay(named) : named
}

function everyDay(days: readonly string[]): readonly string[] {
  const sorted = [...days].sort()
  const [first, last] = [sorted[0], sorted.at(-1)]
  if (first === undefined || last === undefined) return sorted
  const found: string[] = []
  for (const day = new Date(first); found.length < 400; day.setUTCDate(day.getUTCDate() + 1)) {
    const name = day.toISOString().slice(0, 10)
    found.push(name)
    if (name >= last) return found
  }
  return sorted
}

/** A value as people read it. */
export function text(value: Cell | undefined): string {
  if (value === null || value === undefined || value === '') return '–'
  if (typeof value === 'number') return value.toLocaleString('en', { maximumFractionDigits: 4 })
  return String(value)
}

/** The height of a chart: the next round number that no value is above. */
export function roundedUp(value: number): number {
  if (value <= 0) return 1
  const unit = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 2.5, 5].find((step) => step * unit >= value) ?? 10) * unit
}
