/** One open conversation: its view, kept current by the event stream, and the messages that are being sent. */

import type { ConversationId, Event, Fact, Id, LiveEvent, MessageReceived } from '../generated/events'
import type { SessionId, TurnId, UtteranceId } from '../generated/events'
import type { ConversationUpdate, ConversationView } from '../generated/view'
import { ApiError, type AvatarClient } from './avatarClient'
import { backoff } from './backoff'
import { applyChanges } from './changes'
import { EventStream, type Source } from './eventStream'
import { Store } from './store'
import { foldTimes, type TurnTimes } from './timing'

/** Milliseconds that a message waits to be sent again, at the most; and how often. */
const LONGEST_WAIT = 15_000
const RETRIES = 4

/** A message that was typed and has no fact yet. */
export interface PendingMessage {
  readonly key: number
  readonly text: string
  readonly state: 'sending' | 'failed'
  /** The page's id for it; the fact with this id ends its pending. */
  readonly message: Id
  /** Why it waits to be sent again, in the server's words. */
  readonly waits?: string | null
}

/** A random id of a message or a request. Not `randomUUID`, which browsers have on secure pages only. */
export function newId(): Id {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return `m${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

export interface ConversationState {
  readonly view: ConversationView
  /** The partial transcript of what the person is saying. */
  readonly partial: string
  /** The utterance of the turn in progress; null: the page was opened after it had begun. */
  readonly utterance: UtteranceId | null
  /** The session whose microphone hears it; the person may have several. */
  readonly heardBy: SessionId | null
  readonly pending: readonly PendingMessage[]
  /** Failures of the event stream in a row; 0 while it is connected. */
  readonly retries: number
  /** The turn in progress since the page was opened; the others are history, whatever their state says. */
  readonly activeTurn: string | null
  /** No fact has come for some seconds: what a turn still lacks is no longer expected. */
  readonly still: boolean
  readonly times: TurnTimes | null
}

/** The pending messages without the one that this fact is about. */
function without(pending: readonly PendingMessage[], received: MessageReceived): readonly PendingMessage[] {
  const known = pending.findIndex(({ message }) => message === received.message)
  const place = known >= 0 ? known : pending.findIndex(({ text }) => text.trim() === received.text.trim())
  return place < 0 ? pending : pending.toSpliced(place, 1)
}

const BY_PERSON: ReadonlySet<Fact['type']> = new Set<Fact['type']>([
  'utterance.started',
  'utterance.ended',
  'transcript.final',
  'message.received',
])
const BY_CHARACTER: ReadonlySet<Fact['type']> = new Set<Fact['type']>([
  'reply.started',
  'reply.sentence',
  'playback.started',
])

/**
 * The turn in progress after an event: that of anything the person does, and that of a reply while the person is not
 * speaking. Other facts are late ones about earlier turns and change nothing.
 */
function turnInProgress(
  { view: { turns }, activeTurn: current, heardBy }: ConversationState,
  { turn, body }: Event,
): TurnId | null {
  if (turn === null || current === null) return turn ?? current
  const personIn = (wanted: TurnId) => turns.find(({ id }) => id === wanted)?.person
  const { channel = 'web', state } = personIn(current) ?? {}
  const speaks = state === 'listening' || state === 'transcribing'
  if (BY_PERSON.has(body.type)) {
    const from = body.type === 'message.received' ? body.channel : (personIn(turn)?.channel ?? 'web')
    // Another microphone is likely to hear the same voice.
    const again = body.type === 'utterance.started' && body.session !== null && body.session !== heardBy
    if (again && state === 'listening' && heardBy !== null) return current
    if (body.type === 'utterance.ended' && speaks) return current
    // What comes in elsewhere does not take over while the person speaks here.
    return speaks && channel === 'web' && from !== 'web' ? current : turn
  }
  return BY_CHARACTER.has(body.type) && !speaks ? turn : current
}

/** Whether an utterance is that of the turn in progress, as far as is known; null is none. */
function isOf({ utterance }: ConversationState, other: UtteranceId | null): boolean {
  return other !== null && (utterance === null || utterance === other)
}

const STILL_AFTER = 6000
/** Failures of the event stream in a row after which "not found" counts: another gateway may be a moment behind. */
const GONE_AFTER = 2

export interface ConversationObserver {
  readonly onEvent: (event: Event) => void
  /** The server no longer has the conversation: its log was deleted, or put back from an older copy. */
  readonly onGone: () => void
}

export class Conversation {
  readonly id: ConversationId
  readonly state: Store<ConversationState>
  private readonly stream: EventStream
  private readonly client: AvatarClient
  private readonly observer: ConversationObserver
  private keys = 0
  private timer: ReturnType<typeof setTimeout> | null = null
  private gone = false

  private constructor(
    client: AvatarClient,
    view: ConversationView,
    observer: ConversationObserver,
    create?: (url: string) => Source,
  ) {
    this.client = client
    this.observer = observer
    this.id = view.id
    this.state = new Store<ConversationState>({
      view,
      partial: '',
      utterance: null,
      heardBy: null,
      pending: [],
      retries: 0,
      activeTurn: null,
      still: true,
      times: null,
    })
    const listener = {
      onUpdate: (seq: number, update: ConversationUpdate) => {
        this.apply(seq, update)
        observer.onEvent(update.event)
      },
      onLive: (event: LiveEvent) => this.applyLive(event),
      onConnection: (retries: number) => this.onConnection(retries),
    }
    this.stream = new EventStream((after) => client.eventsUrl(view.id, after), view.seq, listener, create)
  }

  /**
   * Read a conversation and follow it. Close it when it is no longer shown.
   *
   * @throws ApiError when there is no such conversation, or the gateway cannot be reached.
   */
  static async open(
    client: AvatarClient,
    id: ConversationId,
    observer: ConversationObserver,
    create?: (url: string) => Source,
  ): Promise<Conversation> {
    return new Conversation(client, await client.conversation(id), observer, create)
  }

  /**
   * Send a message. It is shown at once, and marked if it could not be sent. One that is on its way when the
   * conversation turns out to be gone is left to `takeUnsent`.
   */
  async send(text: string, ready: Promise<unknown> = Promise.resolve(), id: Id = newId()): Promise<void> {
    const message: PendingMessage = { key: ++this.keys, text, state: 'sending', message: id }
    this.state.update((state) => ({ ...state, pending: [...state.pending, message] }))
    await ready
    if (this.isGone()) return
    try {
      const taken = await this.sendPatiently(message)
      // The fact may have come before the answer to the request did.
      if (this.state.get().view.turns.some((turn) => turn.id === taken.turn)) this.drop(message.key)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (this.isGone()) return
      this.change(message.key, { state: 'failed' })
      throw error
    }
  }

  /** Send a message; where the server asks for patience, send it again after the time that it names. */
  private async sendPatiently({ key, text, message }: PendingMessage): Promise<{ readonly turn: TurnId }> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.client.send(this.id, text, message)
      } catch (error) {
        const wait = error instanceof ApiError && error.retryable ? error.retryAfter : null
        if (wait === null || wait > LONGEST_WAIT || attempt > RETRIES || this.isGone()) throw error
        this.change(key, { waits: (error as ApiError).message })
        await new Promise((resolve) => setTimeout(resolve, Math.max(wait, backoff(attempt))))
        this.change(key, { waits: null })
      }
    }
  }

  /** Remove a message that could not be sent, to send it again under the same id. */
  take(key: number): PendingMessage | undefined {
    const message = this.state.get().pending.find((pending) => pending.key === key)
    this.drop(key)
    return message
  }

  /** Remove all messages that have no fact, to send them in another conversation. */
  takeUnsent(): readonly PendingMessage[] {
    const { pending } = this.state.get()
    this.state.update((state) => ({ ...state, pending: [] }))
    return pending
  }

  pause(): void {
    this.stream.pause()
  }

  resume(): void {
    this.stream.reopen()
  }

  close(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.stream.close()
  }

  private apply(seq: number, { event, changes }: ConversationUpdate): void {
    const { body } = event
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = setTimeout(() => this.state.update((state) => ({ ...state, still: true })), STILL_AFTER)
    const written = body.type === 'message.received' && body.channel === 'web' ? body : null
    const over = body.type === 'transcript.final' || body.type === 'utterance.discarded' ? body.utterance : null
    this.state.update((state) => {
      const activeTurn = turnInProgress(state, event)
      const started = body.type === 'utterance.started' && event.turn === activeTurn ? body : null
      const begun = started?.utterance ?? null
      return {
        ...state,
        view: applyChanges(state.view, seq, changes),
        partial: begun !== null || written !== null || isOf(state, over) ? '' : state.partial,
        utterance: begun ?? state.utterance,
        heardBy: started === null ? state.heardBy : started.session,
        pending: written === null ? state.pending : without(state.pending, written),
        activeTurn,
        still: false,
        times: foldTimes(state.times, event),
      }
    })
  }

  private onConnection(retries: number): void {
    const wasLost = this.state.get().retries > 0
    this.state.update((state) => ({ ...state, retries }))
    if (retries > 0 || wasLost) void this.compare(retries)
  }

  /**
   * Compare what is shown with what the server has: the browser does not tell why it lost the events, and a log that
   * was deleted or put back may never reach the sequence after which they are asked for, or have other facts there.
   */
  private async compare(retries: number): Promise<void> {
    const { position } = this.stream
    const shown = this.state.get().view.turns
    // What came meanwhile is newer than the answer.
    const isCurrent = () => this.state.get().retries === retries && this.stream.position === position
    try {
      const view = await this.client.conversation(this.id)
      const known = new Set(view.turns.map(({ id }) => id))
      const isAnother = shown.some(({ id }) => !known.has(id))
      if (!isAnother && (!isCurrent() || view.seq >= position)) return
      const fresh = { partial: '', utterance: null, heardBy: null, activeTurn: null, still: true, times: null }
      this.state.update((state) => ({ ...state, view, ...fresh }))
      this.stream.restart(view.seq)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.status !== 404 || retries < GONE_AFTER || !isCurrent()) return
      this.gone = true
      this.close()
      this.observer.onGone()
    }
  }

  private isGone(): boolean {
    return this.gone
  }

  private applyLive({ body }: LiveEvent): void {
    if (body.type !== 'transcript_partial') return
    // A recording of a channel may be transcribed while the person speaks here.
    this.state.update((state) => (isOf(state, body.utterance) ? { ...state, partial: body.text } : state))
  }

  private drop(key: number): void {
    this.state.update((state) => ({ ...state, pending: state.pending.filter((message) => message.key !== key) }))
  }

  private change(key: number, to: Partial<PendingMessage>): void {
    const changed = (message: PendingMessage) => (message.key === key ? { ...message, ...to } : message)
    this.state.update((state) => ({ ...state, pending: state.pending.map(changed) }))
  }
}
