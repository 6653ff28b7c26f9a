import { describe, expect, it } from 'vitest'
import { readStats } from './connectionStats'

describe('statistics of the connection', () => {
  it('are read from the nominated pair and the inbound streams', () => {
    const buffer = { jitterBufferDelay: 5, jitterBufferEmittedCount: 100 }
    const report = new Map<string, unknown>([
      ['a', { type: 'candidate-pair', nominated: false, currentRoundTripTime: 9 }],
      ['b', { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.012 }],
      ['c', { type: 'inbound-rtp', kind: 'audio', packetsLost: 2, ...buffer }],
      ['d', { type: 'inbound-rtp', kind: 'video', packetsLost: 1, framesPerSecond: 25 }],
      ['e', { type: 'codec' }],
    ])
    expect(readStats(report)).toEqual({ roundTrip: 12, audioBuffer: 50, videoBuffer: null, frameRate: 25, lost: 3 })
  })
})
