/** The small pure parts: times, colours, statistics, dates, waiting. */

import { describe, expect, it } from 'vitest'
import { phraseOver, playing, sentence, spoken, transcribed, written } from '../test/facts'
import { happened } from '../test/fakes'
import { backoff } from './backoff'
import { contrast, readable } from './colour'
import { clock } from './dates'
import { loudness } from './level'
import { PreferenceStore } from './preferences'
import { healthOf } from './stats'
import { Store } from './store'
import { answeredIn, foldTimes, steps, type TurnTimes } from './timing'

describe('the time an answer took', () => {
  const facts = [
    happened(phraseOver.body, 't', 2e6),
    happened(transcribed('hi').body, 't', 2.1e6),
    happened(sentence(0).body, 't', 2.2e6),
    happened(spoken(0).body, 't', 2.25e6),
    happened(playing(0).body, 't', 2.4e6),
    happened(playing(1).body, 't', 3.4e6),
  ]

  it('counts from the last sound of the speech, not from the end of the silence behind it', () => {
    const times = facts.reduce<TurnTimes | null>(foldTimes, null)
    expect(times).not.toBeNull()
    if (!times) return
    expect(answeredIn(times)).toBe(900)
    expect(steps(times)).toEqual([
      { name: 'End of phrase', ms: 500 },
      { name: 'Transcript', ms: 100 },
      { name: 'First sentence', ms: 100 },
      { name: 'Voice', ms: 50 },
      { name: 'Play-out', ms: 150 },
    ])
  })

  it('counts from the message where it was typed, and begins anew with each', () => {
    const before = facts.reduce<TurnTimes | null>(foldTimes, null)
    const times = foldTimes(before, happened(written('x').body, 't2', 5e6))
    expect(times).toMatchObject({ turn: 't2', said: 5e6, audible: null })
    expect(times && answeredIn(times)).toBeNull()
    expect(times && steps(times)).toEqual([])
  })

  it('leaves out what belongs to another turn or to none', () => {
    const times = foldTimes(null, happened(written('x').body, 't2', 5e6))
    expect(foldTimes(times, happened({ type: 'conversation.closed' }, null))).toBe(times)
    expect(facts.slice(1).reduce(foldTimes, times)).toBe(times)
  })
})

describe('colours', () => {
  it('are kept where white can be read on them, else darkened, else given dark text', () => {
    expect(readable('#4f46e5')).toEqual({ background: '#4f46e5', text: '#ffffff' })
    expect(readable('#2f9c95')).toEqual({ background: '#247e77', text: '#ffffff' })
    expect(readable('#fde047')).toEqual({ background: '#fde047', text: '#15151a' })
    expect(readable('teal').background).toBe('teal')
  })
  it('carry readable text, whatever the accent', () => {
    for (let hue = 0; hue < 4096; hue += 7) {
      const colour = `#${[8, 4, 0].map((shift) => ((hue >> shift) & 15).toString(16).repeat(2)).join('')}`
      const { background, text } = readable(colour)
      expect(contrast(background, text), colour).toBeGreaterThanOrEqual(4.5)
    }
  })
  it('knows the contrast of black and white', () => expect(contrast('#000000', '#ffffff')).toBeCloseTo(21))
})

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
    expect(healthOf(report)).toEqual({ roundTrip: 12, audioBuffer: 50, videoBuffer: null, rate: 25, lost: 3 })
  })
})

describe('dates', () => {
  const now = new Date(2026, 10, 22, 15, 0)
  const at = (...parts: [number, number, number, number, number]) => new Date(...parts).getTime() * 1000
  it('are times today', () => expect(clock(at(2026, 10, 22, 14, 3), now, 'en-GB')).toBe('14:03'))
  it('are yesterday just after midnight', () =>
    expect(clock(at(2026, 10, 21, 23, 59), now, 'en-GB')).toBe('Yesterday 23:59'))
  it('are weekdays for a week', () => expect(clock(at(2026, 10, 17, 9, 5), now, 'en-GB')).toBe('Tue 09:05'))
  it('are dates before that', () => expect(clock(at(2025, 2, 1, 9, 5), now, 'en-GB')).toBe('1 Mar 2025 09:05'))
})

describe('waiting before another try', () => {
  it('doubles from half a second to eight, less up to a quarter', () => {
    expect([1, 2, 3, 4, 5, 6].map((attempt) => backoff(attempt, 0))).toEqual([500, 1000, 2000, 4000, 8000, 8000])
    expect(backoff(9, 1)).toBe(6000)
  })
})

describe('the level meter', () => {
  it('spans what speech into a microphone spans', () => {
    expect([0, 10 ** -5.5, 10 ** -3.25, 0.1, 1].map(loudness)).toEqual([0, 0, 0.5, 1, 1])
  })
})

describe('preferences', () => {
  it('are kept by the browser', () => {
    new PreferenceStore().toggle('captions')
    expect(new PreferenceStore().state.get()).toEqual({ captions: false, readout: false, shortcuts: true })
  })
  it('fall back where what was kept is spoiled', () => {
    localStorage.setItem('visavis.preferences', '{')
    expect(new PreferenceStore().state.get().captions).toBe(true)
  })
})

describe('a store', () => {
  it('tells its listeners of changes only, until they leave', () => {
    const store = new Store(1)
    const seen: number[] = []
    const leave = store.subscribe(() => seen.push(store.get()))
    store.set(1)
    store.set(2)
    store.update((value) => value + 1)
    leave()
    store.set(4)
    expect(seen).toEqual([2, 3])
  })
})
