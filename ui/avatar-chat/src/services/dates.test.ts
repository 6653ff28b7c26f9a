import { describe, expect, it } from 'vitest'
import { timeLabel } from './dates'

describe('dates', () => {
  const now = new Date(2026, 10, 22, 15, 0)
  const at = (...parts: [number, number, number, number, number]) => new Date(...parts).getTime() * 1000
  it('are times today', () => expect(timeLabel(at(2026, 10, 22, 14, 3), now, 'en-GB')).toBe('14:03'))
  it('are yesterday just after midnight', () =>
    expect(timeLabel(at(2026, 10, 21, 23, 59), now, 'en-GB')).toBe('Yesterday 23:59'))
  it('are weekdays for a week', () => expect(timeLabel(at(2026, 10, 17, 9, 5), now, 'en-GB')).toBe('Tue 09:05'))
  it('are dates before that', () => expect(timeLabel(at(2025, 2, 1, 9, 5), now, 'en-GB')).toBe('1 Mar 2025 09:05'))
})
