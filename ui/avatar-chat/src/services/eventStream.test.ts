import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { LiveEvent } from '../generated/events'
import type { ConversationUpdate } from '../generated/view'
import { FakeSource, happened } from '../test/fakes'
import { EventStream } from './eventStream'

const CLOSED: ConversationUpdate = { event: happened({ type: 'conversation.closed' }), changes: { title: 'Bye' } }

describe('the event stream', () => {
  const sources: FakeSource[] = []
  const updates: [number, ConversationUpdate][] = []
  const live: LiveEvent[] = []
  const retries: number[] = []
  let stream: EventStream

  const source = () => {
    const last = sources.at(-1)
    if (!last) throw new Error('nothing was opened')
    return last
  }

  beforeEach(() => {
    vi.useFakeTimers()
    for (const list of [sources, updates, live, retries]) list.length = 0
    stream = new EventStream(
      (after) => `events?after=${after}`,
      7,
      {
        onUpdate: (seq, update) => updates.push([seq, update]),
        onLive: (event) => live.push(event),
        onConnection: (count) => retries.push(count),
      },
      (url) => {
        sources.push(new FakeSource(url))
        return source()
      },
    )
  })

  it('begins after the last event that is known', () => {
    expect(source().url).toBe('events?after=7')
    source().open()
    source().send(8, CLOSED)
    expect(updates).toEqual([[8, CLOSED]])
    expect(retries).toEqual([0])
  })

  it('resumes after the last event it saw, once the connection is lost', () => {
    source().send(8, CLOSED)
    source().send(12, CLOSED)
    source().fail()
    expect(source().closed).toBe(true)
    vi.advanceTimersByTime(500)
    expect(sources.map(({ url }) => url)).toEqual(['events?after=7', 'events?after=12'])
  })

  it('waits longer after each failure, and counts them until it is connected', () => {
    const waits: number[] = []
    for (let failure = 0; failure < 7; failure += 1) {
      const opened = sources.length
      source().fail()
      let waited = 0
      while (sources.length === opened) {
        vi.advanceTimersByTime(50)
        waited += 50
      }
      waits.push(waited)
    }
    expect(retries).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(waits[0]).toBeLessThanOrEqual(500)
    expect(waits[3]).toBeGreaterThan(2900)
    expect(Math.max(...waits)).toBeLessThanOrEqual(8000)
    source().open()
    expect(retries.at(-1)).toBe(0)
  })

  it('passes an update on once, even if two connections bring it', () => {
    source().send(9, CLOSED)
    source().send(9, CLOSED)
    source().send(8, CLOSED)
    expect(updates.map(([seq]) => seq)).toEqual([9])
  })

  it('passes live events on, which have no sequence', () => {
    source().live({ type: 'transcript_partial', utterance: 'u1', text: 'hel' })
    source().fail()
    vi.advanceTimersByTime(500)
    expect(live.map(({ body }) => body)).toEqual([{ type: 'transcript_partial', utterance: 'u1', text: 'hel' }])
    expect(source().url).toBe('events?after=7')
  })

  it('rests while it is paused and catches up when it is opened again', () => {
    source().send(8, CLOSED)
    stream.pause()
    vi.advanceTimersByTime(60_000)
    expect(sources).toHaveLength(1)
    expect(source().closed).toBe(true)
    stream.reopen()
    expect(source().url).toBe('events?after=8')
  })

  it('goes on after an earlier sequence where it is told to, and passes on what follows', () => {
    source().send(12, CLOSED)
    expect(stream.position).toBe(12)
    stream.restart(9)
    expect(source().url).toBe('events?after=9')
    source().send(10, CLOSED)
    expect(updates.map(([seq]) => seq)).toEqual([12, 10])
  })

  it('opens nothing any more once it is closed', () => {
    source().fail()
    stream.close()
    stream.reopen()
    stream.restart(1)
    vi.advanceTimersByTime(60_000)
    expect(sources).toHaveLength(1)
  })
})
