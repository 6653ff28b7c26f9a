/** A past conversation of two turns, and fakes of what a replay needs. */

import type { Event } from '../generated/events'
import type {
  ReplayClip,
  ReplayEvent,
  ReplayEventDetail,
  ReplayStep,
  ReplayTurn,
  ReplayView,
} from '../generated/replay'
import type { MediaElement } from '../services/replay/deck'
import type { PlayerBrowser } from '../services/replay/player'
import { Replay } from '../services/replay/replay'
import { ReplayClient } from '../services/replay/replayClient'
import { ApiError } from '../services/avatarClient'

function step(name: ReplayStep['name'], start: number, end: number | null, more: Partial<ReplayStep> = {}): ReplayStep {
  return { name, start, end, index: null, session: null, state: 'done', engine: '', event: `${name}-event`, ...more }
}

export function clip(kind: ReplayClip['kind'], id: string, start: number, length: number): ReplayClip {
  const of = kind === 'person' ? { character: null, index: null } : { character: 'ada', index: 0 }
  const whole = { words: [], played: true, sound: true, pictures: kind === 'character', missing: '' }
  return { kind, id, turn: 't1', start, length, text: id, ...of, ...whole }
}

const PERSON: ReplayClip = {
  ...clip('person', 'u1', 1000, 1000),
  text: 'hello there',
  words: [
    { text: 'hello', start: 1000, end: 1400 },
    { text: 'there', start: 1500, end: 1900 },
  ],
}
const FIRST: ReplayClip = { ...clip('character', 'p1', 3000, 2000), text: 'I am Ada.' }
const CUT: ReplayClip = { ...clip('character', 'p2', 12_000, 3000), turn: 't2', text: 'A long story.' }

const TURN: ReplayTurn = {
  id: 't1',
  start: 1000,
  end: 5000,
  channel: 'web',
  spoken: true,
  person: { text: 'hello there', state: 'final' },
  reply: { text: 'I am Ada.', state: 'ended', character: 'ada', heard: null },
  steps: [
    step('speaking', 1000, 1800),
    step('endpoint', 1800, 2200),
    step('transcript', 2200, 2300, { engine: 'moonshine' }),
    step('first_sentence', 2300, 2600),
    step('first_audio', 2600, 2800, { index: 0 }),
    step('first_frame', 2800, 2900, { index: 0 }),
    step('playback_wait', 2800, 3000, { index: 0 }),
    step('playback', 3000, 5000, { index: 0, session: 's1' }),
  ],
  marks: [],
  measures: {
    answer: 1200,
    endpoint: 400,
    transcript: 100,
    first_sentence: 300,
    first_audio: 200,
    playback_wait: 200,
    first_frame: 100,
  },
}
const INTERRUPTED: ReplayTurn = {
  ...TURN,
  id: 't2',
  start: 10_000,
  end: 15_000,
  spoken: false,
  person: { text: 'a story', state: 'final' },
  reply: { text: 'A long story. It goes on.', state: 'interrupted', character: 'ada', heard: 'A long' },
  steps: [step('playback', 12_000, 15_000, { index: 0, state: 'interrupted', session: 's1', event: 'cut' })],
  marks: [{ kind: 'interrupted', at: 15_000, event: 'cut', service: '', detail: '' }],
  measures: {},
}

export const VIEW: ReplayView = {
  conversation: 'c1',
  seq: 9,
  title: 'A story',
  character: 'ada',
  copied: '',
  copy_of: '',
  characters: { ada: { name: 'Ada', accent: '#6d5ae6', look: 'ada' } },
  start: 1e15,
  length: 20_000,
  turns: [TURN, INTERRUPTED],
  clips: [PERSON, FIRST, CUT],
  sounds: 'all',
  pictures: 'all',
}

export function row(id: string, turn: string, at: number, cause: string | null = null): ReplayEvent {
  const delay = cause === null ? null : 100
  return { seq: at, id, at, stored: at + 1, tag: 'reply.sentence', turn, cause, delay, summary: `about ${id}` }
}

const EVENTS: Readonly<Record<string, readonly ReplayEvent[]>> = {
  t1: [row('e1', 't1', 1000), row('e2', 't1', 2300, 'e1'), row('e3', 't1', 2600, 'e2')],
  t2: [row('e4', 't2', 10_000), row('cut', 't2', 15_000, 'e4')],
}

export class FakeReplayClient extends ReplayClient {
  readonly calls: string[] = []
  view: ReplayView = VIEW
  events = EVENTS

  override replay(id: string): Promise<ReplayView> {
    this.calls.push(`replay ${id}`)
    return id === 'c1' ? Promise.resolve(this.view) : Promise.reject(new ApiError(404, 'not_found', 'none'))
  }
  override replayEvents(_: string, turn: string): Promise<readonly ReplayEvent[]> {
    this.calls.push(`events ${turn}`)
    return Promise.resolve(this.events[turn] ?? [])
  }
  override replayEvent(_: string, id: string): Promise<ReplayEventDetail> {
    this.calls.push(`event ${id}`)
    const all = Object.values(this.events).flat()
    const found = all.find((event) => event.id === id)
    if (!found) return Promise.reject(new ApiError(404, 'not_found', 'there is no such event in this conversation'))
    const body = { type: 'conversation.titled', title: `"${id}" is 5` } as const
    const event: Event = { id, at: 1e15 + found.at * 1000, conversation: 'c1', turn: 't1', cause: found.cause, body }
    return Promise.resolve({
      seq: found.seq,
      subject: 'conv.c1.facts',
      stored: found.stored,
      copy: false,
      deliveries: id === 'e2' ? { tts: 3 } : {},
      event,
      causes: all.filter((one) => one.id === found.cause),
      consequences: all.filter((one) => one.cause === id),
    })
  }
}

/** A media element that does what it is told. */
export class FakeMedia implements MediaElement {
  src = ''
  currentTime = 0
  playbackRate = 1
  preload = ''
  paused = true
  seeking = false
  readyState = 4
  duration = 100
  onerror: MediaElement['onerror'] = null
  refusal: Error | null = null

  play(): Promise<void> {
    if (this.refusal) return Promise.reject(this.refusal)
    this.paused = false
    return Promise.resolve()
  }
  pause(): void {
    this.paused = true
  }
  load(): void {
    this.currentTime = 0
  }
  removeAttribute(): void {
    this.src = ''
  }
  fail(): void {
    if (typeof this.onerror === 'function') this.onerror('error')
  }
}

/** A browser whose time a test tells. */
export class FakeTime implements PlayerBrowser {
  time = 0
  readonly media: FakeMedia[] = []
  private tick: () => void = () => undefined

  readonly now = (): number => this.time
  readonly every = (tick: () => void): (() => void) => {
    this.tick = tick
    return () => (this.tick = () => undefined)
  }
  readonly audio = (): FakeMedia => {
    const made = new FakeMedia()
    this.media.push(made)
    return made
  }
  /** Elements that play, by the end of their address. */
  get sounding(): readonly string[] {
    return this.media.filter(({ paused }) => !paused).map(({ src }) => src.split('/').at(-1) ?? '')
  }
  pass(ms: number): void {
    this.time += ms
    this.tick()
  }
}

/** A replay on fakes. */
export function openReplay(view: ReplayView = VIEW, at: number | null = null) {
  const client = new FakeReplayClient()
  client.view = view
  const time = new FakeTime()
  return { client, time, replay: new Replay(view, at, client, time) }
}
