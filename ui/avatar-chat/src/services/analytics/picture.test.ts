import { expect, it } from 'vitest'
import type { Answer } from './analyticsClient'
import { pictureOf, roundedUp, text } from './picture'

const answer: Answer = {
  question: 'turns', title: 'Turns', chart: 'bars', x: 'day', y: ['turns'], series: 'channel', unit: '',
  columns: ['day', 'channel', 'turns'], cut: false,
  rows: [
    { day: '2026-11-30', channel: 'web', turns: 3 },
    { day: '2026-12-02', channel: 'telegram', turns: 1 },
    { day: '2026-12-02', channel: 'web', turns: 2 },
    { day: '2026-12-02', channel: 'web', turns: 4 },
  ],
}

it('has every day between the first and the last, and adds what belongs together', () => {
  expect(pictureOf(answer, 'turns')).toEqual({
    places: ['2026-11-30', '2026-12-01', '2026-12-02'],
    series: [
      { name: 'web', values: [3, null, 6] },
      { name: 'telegram', values: [null, null, 1] },
    ],
  })
})

it('draws no line where nothing is known', () => {
  const lines: Answer = { ...answer, chart: 'lines', rows: [{ day: '2026-12-01', channel: 'web', turns: null }] }
  expect(pictureOf(lines, 'turns').series).toEqual([])
})

it('ends the axis at a round number', () => {
  expect([0, 0.03, 1, 7, 40, 1234].map(roundedUp)).toEqual([1, 0.05, 1, 10, 50, 2000])
})

it('shows values as people read them', () => {
  expect([null, '', 1234.5, 'web', 0].map(text)).toEqual(['–', '–', '1,234.5', 'web', '0'])
})
