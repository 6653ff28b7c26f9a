import { describe, expect, it } from 'vitest'
import { backoff } from './backoff'

describe('waiting before another try', () => {
  it('doubles from half a second to eight, less up to a quarter', () => {
    expect([1, 2, 3, 4, 5, 6].map((attempt) => backoff(attempt, 0))).toEqual([500, 1000, 2000, 4000, 8000, 8000])
    expect(backoff(9, 1)).toBe(6000)
  })
})
