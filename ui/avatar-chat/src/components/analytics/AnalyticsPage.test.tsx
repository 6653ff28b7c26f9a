import { fireEvent, render, screen, within } from '@testing-library/react'
import { expect, it } from 'vitest'
import type { Answer } from '../../services/analytics/analyticsClient'
import { ApiError } from '../../services/avatarClient'
import AnalyticsPage from './AnalyticsPage'

const none: Answer = {
  question: 'failures', title: 'Failures', chart: 'bars', x: 'day', y: ['failures'], series: 'service', unit: '',
  columns: ['day', 'service', 'failures'], rows: [], cut: false,
}
const turns: Answer = {
  ...none, question: 'turns', title: 'Turns a day', y: ['turns'], series: 'channel',
  columns: ['day', 'channel', 'turns'],
  rows: [{ day: '2026-11-30', channel: 'web', turns: 3 }, { day: '2026-11-30', channel: 'telegram', turns: 2 }],
}

it('shows each answer as a picture with its rows, and asks again for another time', async () => {
  const asked: string[] = []
  render(<AnalyticsPage load={(since) => (asked.push(since), Promise.resolve([turns, none]))} />)
  const section = await screen.findByRole('region', { name: 'Turns a day' })
  expect(within(section).getByRole('img').querySelectorAll('rect')).toHaveLength(2)
  expect(within(section).getByText('2 rows')).toBeTruthy()
  expect(within(screen.getByRole('region', { name: 'Failures' })).getByText('Nothing in this time.')).toBeTruthy()
  fireEvent.click(screen.getByRole('button', { name: 'a week' }))
  await screen.findByRole('button', { name: 'a week', pressed: true })
  expect(asked).toEqual(['30d', '7d'])
})

it('says to whom it is open', async () => {
  render(<AnalyticsPage load={() => Promise.reject(new ApiError(403, 'forbidden', 'no'))} />)
  expect((await screen.findByRole('alert')).textContent).toContain('visavis analytics page')
})

it('writes the names of steps in words', async () => {
  const latency: Answer = {
    ...none, question: 'latency', title: 'Latency', chart: 'lines', y: ['p50', 'p95'], series: 'measure', unit: 'ms',
    columns: ['day', 'measure', 'p50', 'p95'],
    rows: [{ day: '2026-11-30', measure: 'first_audio', p50: 70, p95: 90 }],
  }
  render(<AnalyticsPage load={() => Promise.resolve([latency])} />)
  const section = await screen.findByRole('region', { name: 'Latency' })
  expect(section.querySelector('figcaption')?.textContent).toBe('first audiop50, faint: p95 in ms')
})
