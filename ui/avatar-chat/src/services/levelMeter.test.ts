import { describe, expect, it } from 'vitest'
import { loudness } from './levelMeter'

describe('the level meter', () => {
  it('spans what speech into a microphone spans', () => {
    expect([0, 10 ** -5.5, 10 ** -3.25, 0.1, 1].map(loudness)).toEqual([0, 0, 0.5, 1, 1])
  })
})
