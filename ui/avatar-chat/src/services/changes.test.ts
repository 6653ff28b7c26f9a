import { describe, expect, it } from 'vitest'
import type { ConversationView, TurnView } from '../generated/view'
import { applyChanges } from './changes'

const SAID: TurnView['person'] = { kind: 'text', text: 'hi', state: 'final', channel: 'web', error: null }
const FIRST: TurnView = { id: 't1', at: 1, person: SAID, reply: null }
const SECOND: TurnView = { ...FIRST, id: 't2', at: 2 }
const VIEW: ConversationView = {
  id: 'c1',
  seq: 7,
  title: 'Hi',
  character: 'ada',
  language: 'en',
  turns: [FIRST, SECOND],
  faces: [],
}

describe('applying what a fact changed', () => {
  it('moves the sequence on where nothing else changed, and keeps all turns as they are', () => {
    const after = applyChanges(VIEW, 9, {})
    expect(after).toEqual({ ...VIEW, seq: 9 })
    expect(after.turns).toBe(VIEW.turns)
  })

  it('replaces a turn in its place and leaves the others the same objects', () => {
    const person: TurnView['person'] = { kind: 'text', text: 'hi there', state: 'final', channel: 'web', error: null }
    const heard: TurnView = { ...FIRST, person }
    const after = applyChanges(VIEW, 8, { turns: [{ place: 0, turn: heard }] })
    expect(after).toEqual({ ...VIEW, seq: 8, turns: [heard, SECOND] })
    expect(after.turns[1]).toBe(SECOND)
  })

  it('appends turns that are new, also several at once', () => {
    const third = { ...FIRST, id: 't3' }
    const fourth = { ...FIRST, id: 't4' }
    const turns = [
      { place: 2, turn: third },
      { place: 3, turn: fourth },
    ]
    expect(applyChanges(VIEW, 8, { turns }).turns).toEqual([FIRST, SECOND, third, fourth])
  })

  it('replaces fields of the head, the empty ones too', () => {
    const face = { character: 'zoe', name: 'Zoe', state: 'making', error: null, warning: null } as const
    const after = applyChanges(VIEW, 8, { title: '', character: 'leo', language: 'de', faces: [face] })
    expect(after).toEqual({ ...VIEW, seq: 8, title: '', character: 'leo', language: 'de', faces: [face] })
    expect(applyChanges(after, 9, { faces: [] }).faces).toEqual([])
  })

  it('never changes what it was given', () => {
    const before = JSON.stringify(VIEW)
    applyChanges(VIEW, 8, { title: 'Other', turns: [{ place: 1, turn: FIRST }] })
    expect(JSON.stringify(VIEW)).toBe(before)
  })
})
