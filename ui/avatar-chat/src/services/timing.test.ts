import { describe, expect, it } from 'vitest'
import { phraseOver, playing, sentence, spoken, transcribed, written } from '../test/facts'
import { happened } from '../test/fakes'
import { foldTimes, responseTime, steps, type TurnTimes } from './timing'

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
    expect(responseTime(times)).toBe(900)
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
    expect(times && responseTime(times)).toBeNull()
    expect(times && steps(times)).toEqual([])
  })

  it('leaves out what belongs to another turn or to none', () => {
    const times = foldTimes(null, happened(written('x').body, 't2', 5e6))
    expect(foldTimes(times, happened({ type: 'conversation.closed' }, null))).toBe(times)
    expect(facts.slice(1).reduce(foldTimes, times)).toBe(times)
  })
})
