/** The updates of a conversation as they happen: an EventSource that resumes after the last sequence it received. */

import type { LiveEvent } from '../generated/events'
import type { ConversationUpdate } from '../generated/view'
import { backoff } from './backoff'

/** The part of `EventSource` that is used. */
export interface Source {
  onopen: ((event: globalThis.Event) => unknown) | null
  onmessage: ((event: MessageEvent) => unknown) | null
  onerror: ((event: globalThis.Event) => unknown) | null
  addEventListener(type: 'live', listener: (event: MessageEvent) => void): void
  close(): void
}

export interface StreamListener {
  onUpdate(seq: number, update: ConversationUpdate): void
  onLive(event: LiveEvent): void
  /** @param retries Failures in a row; 0 once connected. */
  onConnection(retries: number): void
}

/**
 * Keeps one EventSource open and reopens it with back-off.
 *
 * The browser's own reconnecting is not enough: it ends for good at an HTTP error, and a proxy answers with one for
 * some seconds while the gateway behind it restarts.
 */
export class EventStream {
  private source: Source | null = null
  private timer: ReturnType<typeof setTimeout> | null = null
  private retries = 0
  private closed = false
  private seq: number
  private readonly url: (after: number) => string
  private readonly listener: StreamListener
  private readonly create: (url: string) => Source

  /** @param after Sequence of the last fact in the view. */
  constructor(
    url: (after: number) => string,
    after: number,
    listener: StreamListener,
    create: (url: string) => Source = (address) => new EventSource(address),
  ) {
    this.url = url
    this.seq = after
    this.listener = listener
    this.create = create
    this.connect()
  }

  /** Reconnect at once, e.g. when the network is back or the tab is visible again. */
  reopen(): void {
    if (!this.closed) this.connect()
  }

  /** Sequence of the last fact that was passed on. */
  get position(): number {
    return this.seq
  }

  /** Go on after another sequence than that of the last fact. */
  restart(after: number): void {
    this.seq = after
    this.reopen()
  }

  /** Disconnect until `reopen`. */
  pause(): void {
    this.drop()
  }

  close(): void {
    this.closed = true
    this.drop()
  }

  private connect(): void {
    this.drop()
    const source = this.create(this.url(this.seq))
    this.source = source
    source.onopen = () => {
      this.retries = 0
      this.listener.onConnection(0)
    }
    source.onmessage = (message) => this.receive(message)
    source.addEventListener('live', (message) => this.listener.onLive(JSON.parse(String(message.data)) as LiveEvent))
    source.onerror = () => this.lost()
  }

  private receive(message: MessageEvent): void {
    const seq = Number(message.lastEventId)
    // Two connections may overlap for a moment: pass each update on once.
    if (!Number.isInteger(seq) || seq <= this.seq) return
    this.seq = seq
    this.listener.onUpdate(seq, JSON.parse(String(message.data)) as ConversationUpdate)
  }

  private lost(): void {
    this.drop()
    this.retries += 1
    this.listener.onConnection(this.retries)
    this.timer = setTimeout(() => this.connect(), backoff(this.retries))
  }

  private drop(): void {
    if (this.timer !== null) clearTimeout(this.timer)
    this.timer = null
    this.source?.close()
    this.source = null
  }
}
