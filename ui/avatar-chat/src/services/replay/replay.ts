/** A past conversation that is being looked at: what is in it, where one is, and which event is selected. */

import type { ConversationId, EventId, TurnId } from '../../generated/events'
import type { ReplayClip, ReplayEvent, ReplayEventDetail, ReplayTurn, ReplayView } from '../../generated/replay'
import { ApiError } from '../avatarClient'
import { replayHash, routeOf } from '../route'
import { Store } from '../store'
import { neighbour, turnAt } from './moments'
import { Player, type PlayerBrowser } from './player'
import { ReplayClient } from './replayClient'

/** The events of the present turn. */
export interface TurnEvents {
  readonly turn: TurnId | null
  readonly rows: readonly ReplayEvent[]
  readonly phase: 'loading' | 'ready' | 'failed'
}

/** The event that is looked at closely. */
export interface Selection {
  readonly event: EventId
  readonly detail: ReplayEventDetail | null
  /** Why its details cannot be shown. */
  readonly problem: string | null
}

const NONE: TurnEvents = { turn: null, rows: [], phase: 'loading' }
/** Turns whose events are kept. */
const KEPT = 24
/** Seeking within the first moments of a turn goes to the turn before, as players of music do. ms */
const SOON = 1500
const STEP = 5000

export class Replay {
  readonly view: ReplayView
  readonly player: Player
  /** Index of the present turn; -1: there are none. */
  readonly turn = new Store(-1)
  readonly events = new Store<TurnEvents>(NONE)
  readonly selection = new Store<Selection | null>(null)
  /** The event that was stepped to last; forgotten once the clock moves otherwise. */
  readonly stepped = new Store<EventId | null>(null)
  readonly client: ReplayClient
  readonly personClips: readonly ReplayClip[]
  readonly characterClips: readonly ReplayClip[]
  private readonly kept = new Map<TurnId, Promise<readonly ReplayEvent[]>>()
  private readonly stops: (() => void)[] = []
  private selecting = 0

  constructor(view: ReplayView, at: number | null, client: ReplayClient, browser?: PlayerBrowser) {
    this.view = view
    this.client = client
    const { conversation, clips } = view
    this.personClips = clips.filter(({ kind }) => kind === 'person')
    this.characterClips = clips.filter(({ kind }) => kind === 'character')
    const addresses = {
      sound: (clip: ReplayClip) => client.soundUrl(conversation, clip.id),
      video: (clip: ReplayClip) => client.videoUrl(conversation, clip.id),
      face: (piece: number) => client.faceUrl(conversation, piece),
    }
    this.player = new Player(view, addresses, at ?? 0, browser)
    this.stops.push(this.player.position.subscribe(() => this.followTurn()))
    this.stops.push(this.player.state.subscribe(() => this.nameMoment()))
    this.followTurn()
  }

  static async open(id: ConversationId, at: number | null, client = new ReplayClient()): Promise<Replay> {
    return new Replay(await client.replay(id), at, client)
  }

  /** Address of this page at this moment. */
  get link(): string {
    return new URL(replayHash(this.view.conversation, this.player.position.get()), location.href).href
  }

  get presentTurn(): ReplayTurn | null {
    return this.view.turns[this.turn.get()] ?? null
  }

  seek(position: number): void {
    this.stepped.set(null)
    this.player.seek(position)
    this.nameMoment()
  }

  /** `seek`, for handlers of many rows. */
  readonly seekTo = (position: number): void => this.seek(position)

  /** Some seconds forward or back. */
  skip(step: 1 | -1): void {
    this.seek(this.player.position.get() + step * STEP)
  }

  /** The next turn, the start of this one, or the one before. */
  stepTurn(step: 1 | -1): void {
    const here = this.turn.get()
    const turn = this.view.turns[here]
    const stays = step === -1 && turn && this.player.position.get() - turn.start > SOON
    const to = this.view.turns[stays ? here : here + step]
    if (to) this.seek(to.start)
  }

  /** The next event, or the one before, also in the turns beside. The clock stops there. */
  async stepEvent(step: 1 | -1): Promise<void> {
    this.player.pause()
    let place = this.turn.get()
    const rows = await this.rowsOf(place)
    const at = this.player.position.get()
    let found = neighbour(rows, this.stepped.get(), at, step)
    while (!found && this.view.turns[place + step]) {
      const beside = await this.rowsOf((place += step))
      found = (step === 1 ? beside[0] : beside.at(-1)) ?? null
    }
    if (!found) return
    this.player.seek(found.at)
    this.turn.set(place) // turns overlap where one interrupts another
    void this.loadEvents()
    this.stepped.set(found.id)
    this.nameMoment()
    if (this.selection.get()) void this.select(found.id)
  }

  /** Look at an event closely; null: no more. */
  async select(event: EventId | null): Promise<void> {
    const selecting = ++this.selecting
    if (event === null) {
      this.selection.set(null)
      return
    }
    const before = this.selection.get()
    this.selection.set({ event, detail: before?.detail ?? null, problem: null })
    try {
      const detail = await this.client.replayEvent(this.view.conversation, event)
      if (selecting === this.selecting) this.selection.set({ event, detail, problem: null })
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (selecting === this.selecting) this.selection.set({ event, detail: null, problem: error.message })
    }
  }

  /** Look at an event closely and go to when it happened. */
  visit(event: Pick<ReplayEvent, 'id' | 'at'>): void {
    this.player.pause()
    this.seek(event.at)
    this.stepped.set(event.id)
    void this.select(event.id)
  }

  close(): void {
    for (const stop of this.stops.splice(0)) stop()
    this.player.close()
  }

  private followTurn(): void {
    const place = turnAt(this.view.turns, this.player.position.get())
    if (this.player.state.get().playing) this.stepped.set(null)
    if (place === this.turn.get() && this.events.get() !== NONE) return
    this.turn.set(place)
    void this.loadEvents()
  }

  private async loadEvents(): Promise<void> {
    const turn = this.presentTurn
    if (!turn) {
      this.events.set({ ...NONE, phase: 'ready' })
      return
    }
    if (this.events.get().turn === turn.id && this.events.get().phase !== 'failed') return
    this.events.set({ turn: turn.id, rows: [], phase: 'loading' })
    const answer = await this.fetchEvents(turn.id).catch((error: unknown) => {
      if (!(error instanceof ApiError)) throw error
      return null
    })
    if (this.events.get().turn !== turn.id) return
    this.events.set({ turn: turn.id, rows: answer ?? [], phase: answer ? 'ready' : 'failed' })
  }

  private async rowsOf(place: number): Promise<readonly ReplayEvent[]> {
    const turn = this.view.turns[place]
    return turn ? this.fetchEvents(turn.id).catch(() => []) : []
  }

  private fetchEvents(turn: TurnId): Promise<readonly ReplayEvent[]> {
    const found = this.kept.get(turn)
    if (found) return found
    const rows = this.client.replayEvents(this.view.conversation, turn)
    this.kept.set(turn, rows)
    rows.catch(() => this.kept.delete(turn))
    const [oldest] = this.kept.keys()
    if (this.kept.size > KEPT && oldest !== undefined) this.kept.delete(oldest)
    return rows
  }

  /** Let the address name this moment, while the clock stands. */
  private nameMoment(): void {
    if (this.player.state.get().playing || routeOf(location.hash).view !== 'replay') return
    const hash = replayHash(this.view.conversation, this.player.position.get())
    if (location.hash !== hash) history.replaceState(null, '', location.pathname + location.search + hash)
  }
}
