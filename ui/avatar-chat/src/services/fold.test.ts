import { describe, expect, it } from 'vitest'
import type { Event } from '../generated/events'
import { fold, titleOf } from './fold'
import fixture from './fold.fixture.json'
import type { ConversationView } from './view'

interface Step {
  readonly seq: number
  readonly event: Event
  readonly view: ConversationView
}
const STEPS = fixture as unknown as readonly Step[]
const EMPTY: ConversationView = { id: 'c1', seq: 0, title: '', character: '', language: 'en', turns: [], faces: [] }

/** Without the book-keeping that the gateway leaves out of its answer, too. */
function shown(view: ConversationView): unknown {
  const kept = (key: string, value: unknown) => (key === 'source' || key === 'played' ? undefined : value)
  return JSON.parse(JSON.stringify(view, kept))
}

describe('the fold of the page', () => {
  it('agrees with the projection after every event of a log with all kinds of facts', () => {
    let view = EMPTY
    for (const step of STEPS) {
      view = fold(view, step.seq, step.event)
      expect(shown(view), `after ${step.event.body.type} at ${step.seq}`).toEqual(step.view)
    }
  })

  it('goes on from any answer of the gateway as if it had seen everything', () => {
    const last = STEPS.at(-1)
    for (const [place, start] of STEPS.entries()) {
      let view = start.view
      for (const step of STEPS.slice(place + 1)) {
        // What came twice cannot be told apart without what the answer leaves out.
        if (step.seq === start.seq + 3 && step.event.body.type === start.event.body.type) continue
        view = fold(view, step.seq, step.event)
      }
      expect(view.turns.length, `from ${start.seq}`).toBe(last?.view.turns.length)
      expect(view.turns.map(({ person }) => person?.state)).toEqual(last?.view.turns.map(({ person }) => person?.state))
    }
  })

  it('leaves out what it has applied already', () => {
    const [first] = STEPS
    if (!first) throw new Error('the fixture is empty')
    const once = fold(EMPTY, first.seq, first.event)
    expect(fold(once, first.seq, first.event)).toBe(once)
    expect(fold(once, first.seq - 1, first.event)).toBe(once)
  })

  it('never changes what it was given', () => {
    let view = EMPTY
    for (const step of STEPS) {
      const before = JSON.stringify(view)
      const next = fold(view, step.seq, step.event)
      expect(JSON.stringify(view)).toBe(before)
      view = next
    }
  })

  it('passes over a fact of a newer gateway', () => {
    const event = { ...STEPS[0]?.event, body: { type: 'future.happened' } } as unknown as Event
    expect(fold(EMPTY, 1, event)).toEqual({ ...EMPTY, seq: 1 })
  })
})

describe('a title', () => {
  it('is the first thing said, with a capital', () => expect(titleOf('  hello   there ')).toBe('Hello there'))
  it('ends at a word and says that it was cut', () =>
    expect(titleOf(`${'word '.repeat(11)}lighthouse`)).toBe(`Word${' word'.repeat(10)}…`))
  it('counts characters as people do', () => expect(Array.from(titleOf('😀'.repeat(70)))).toHaveLength(60))
})
