/** The WebRTC connection of one conversation, made again whenever it is lost, until it is closed. */

import type { ConversationId, SessionId } from '../generated/events'
import { ApiError, type AvatarClient } from './avatarClient'
import { backoff } from './backoff'
import { Store } from './store'

export interface ConnectionState {
  readonly phase: 'closed' | 'connecting' | 'connected' | 'reconnecting' | 'refused'
  /** Reconnections in a row; 0 while connected. */
  readonly retries: number
  /** The media to play. The lost one stays while reconnecting, so that its last picture remains. */
  readonly stream: MediaStream | null
  /** Why the last attempt failed: a code of the API, "unreachable", or "silent" where the connection just stopped. */
  readonly reason: string | null
}

export const CLOSED: ConnectionState = { phase: 'closed', retries: 0, stream: null, reason: null }

/** Milliseconds without a ping after which the gateway counts as gone; it pings every second. */
const PING_PATIENCE = 3000
/** Milliseconds for which a connection may be interrupted: ICE often recovers by itself. */
const DISCONNECTED_PATIENCE = 3000
const CONNECT_PATIENCE = 10_000

type Timer = ReturnType<typeof setTimeout>

/** One attempt to connect: a peer connection with its timers and its session. */
interface Attempt {
  readonly peer: RTCPeerConnection
  readonly timers: Map<'connect' | 'ping' | 'disconnected', Timer>
  session: SessionId | null
  /** Addresses of this browser that the gateway has not been told. */
  readonly candidates: string[]
}

/** What the gateway sends on the control channel (docs/api.md). */
interface ControlMessage {
  readonly type: string
  /** Of a ping; its answer has the same. */
  readonly at?: number
}

export class WebRTCConnection {
  readonly state = new Store<ConnectionState>({ ...CLOSED, phase: 'connecting' })
  private readonly client: Pick<AvatarClient, 'ice' | 'offer' | 'tryCandidates' | 'leave'>
  private readonly conversation: ConversationId
  private readonly microphone: MediaStreamTrack | null
  private readonly create: (configuration: RTCConfiguration) => RTCPeerConnection
  private attempt: Attempt | null = null
  private retry: Timer | null = null
  private closed = false

  /**
   * Connects at once, and again whenever the connection is lost, to the same conversation with the same microphone.
   *
   * @param microphone Sent, and never stopped: that is the caller's. Null to watch and listen only.
   */
  constructor(
    client: Pick<AvatarClient, 'ice' | 'offer' | 'tryCandidates' | 'leave'>,
    conversation: ConversationId,
    microphone: MediaStreamTrack | null,
    create: (configuration: RTCConfiguration) => RTCPeerConnection = (with_) => new RTCPeerConnection(with_),
  ) {
    this.client = client
    this.conversation = conversation
    this.microphone = microphone
    this.create = create
    window.addEventListener('online', this.retryNow)
    window.addEventListener('pagehide', this.leavePage)
    document.addEventListener('visibilitychange', this.retryNow)
    void this.connect()
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    window.removeEventListener('online', this.retryNow)
    window.removeEventListener('pagehide', this.leavePage)
    document.removeEventListener('visibilitychange', this.retryNow)
    this.drop()
    this.state.set(CLOSED)
  }

  /** The browser's measurements of the running connection; null where there is none. */
  async stats(): Promise<RTCStatsReport | null> {
    return (await this.attempt?.peer.getStats()) ?? null
  }

  private async connect(): Promise<void> {
    this.drop()
    let attempt: Attempt | null = null
    try {
      const iceServers = await this.client.ice()
      if (this.isClosed()) return
      attempt = this.begin(iceServers)
      const { peer } = attempt
      await peer.setLocalDescription(await peer.createOffer())
      // The offer goes out before candidates are gathered: the gateway learns ours from the first packet, or later.
      const answer = await this.client.offer(this.conversation, peer.localDescription?.sdp ?? '')
      attempt.session = answer.session
      if (this.attempt !== attempt) {
        this.client.leave(answer.session)
        return
      }
      this.tellCandidates(attempt)
      await peer.setRemoteDescription({ type: 'answer', sdp: answer.sdp })
    } catch (error) {
      if ((attempt === null || this.attempt === attempt) && !this.isClosed()) this.failed(error)
    }
  }

  /** Set up a peer connection with what docs/api.md wants in an offer. */
  private begin(iceServers: RTCIceServer[]): Attempt {
    const peer = this.create({ iceServers, bundlePolicy: 'max-bundle' })
    const attempt: Attempt = { peer, timers: new Map(), session: null, candidates: [] }
    this.attempt = attempt
    const audio = this.microphone
      ? peer.addTransceiver(this.microphone, { direction: 'sendrecv' })
      : peer.addTransceiver('audio', { direction: 'recvonly' })
    const video = peer.addTransceiver('video', { direction: 'recvonly' })
    const stream = new MediaStream([audio.receiver.track, video.receiver.track])
    const control = peer.createDataChannel('control')
    control.onmessage = (event: MessageEvent<string>) => {
      const { type, at } = JSON.parse(event.data) as ControlMessage
      if (type === 'moved') this.moved(attempt)
      else if (type === 'ping') {
        // By this the gateway knows that what it sent before has arrived.
        if (control.readyState === 'open') control.send(JSON.stringify({ type: 'pong', at }))
        this.pinged(attempt)
      }
    }
    control.onclose = () => this.lost(attempt)
    // A gateway that can be reached through a TURN server only is let in by it from addresses that it has sent to.
    if (iceServers.length > 0) {
      peer.onicecandidate = ({ candidate }) => {
        if (candidate?.candidate) attempt.candidates.push(candidate.candidate)
        this.tellCandidates(attempt)
      }
    }
    peer.onconnectionstatechange = () => this.changed(attempt, stream)
    this.expect(attempt, 'connect', CONNECT_PATIENCE)
    return attempt
  }

  private tellCandidates({ session, candidates }: Attempt): void {
    if (session && candidates.length > 0) this.client.tryCandidates(session, candidates.splice(0))
  }

  private changed(attempt: Attempt, stream: MediaStream): void {
    if (this.attempt !== attempt) return
    switch (attempt.peer.connectionState) {
      case 'connected':
        this.forget(attempt, 'connect')
        this.forget(attempt, 'disconnected')
        this.expect(attempt, 'ping', PING_PATIENCE)
        this.state.update((state) => ({ ...state, phase: 'connected', stream, reason: null }))
        return
      case 'disconnected':
        this.expect(attempt, 'disconnected', DISCONNECTED_PATIENCE)
        return
      case 'failed':
      case 'closed':
        this.lost(attempt)
        return
      case 'new':
      case 'connecting':
    }
  }

  private pinged(attempt: Attempt): void {
    if (this.attempt !== attempt) return
    this.expect(attempt, 'ping', PING_PATIENCE)
    // The first ping resets the count, not the connection: one that opens and dies again is counted on.
    if (this.state.get().retries > 0) this.state.update((state) => ({ ...state, retries: 0 }))
  }

  /** The gateway is being replaced, and has ended the session while nothing was said: another one takes it over. */
  private moved(attempt: Attempt): void {
    if (this.attempt !== attempt) return
    attempt.session = null
    this.state.update((state) => ({ ...state, phase: 'reconnecting' }))
    void this.connect()
  }

  private lost(attempt: Attempt): void {
    if (this.attempt === attempt) this.failed(null)
  }

  private failed(error: unknown): void {
    this.drop()
    if (error instanceof ApiError && !error.retryable) {
      this.state.update((state) => ({ ...state, phase: 'refused', reason: error.code }))
      return
    }
    const retries = this.state.get().retries + 1
    const reason = error instanceof ApiError ? error.code : 'silent'
    this.state.update((state) => ({ ...state, phase: 'reconnecting', retries, reason }))
    const patience = error instanceof ApiError ? (error.retryAfter ?? 0) : 0
    this.retry = setTimeout(() => void this.connect(), Math.max(patience, backoff(retries)))
  }

  /** Retry at once when the network is back or the tab is visible again. */
  private readonly retryNow = (): void => {
    if (document.visibilityState === 'visible' && this.retry !== null) void this.connect()
  }

  private readonly leavePage = (): void => {
    const session = this.attempt?.session
    if (session) this.client.leave(session)
  }

  private drop(): void {
    if (this.retry !== null) clearTimeout(this.retry)
    this.retry = null
    const { attempt } = this
    this.attempt = null
    if (!attempt) return
    for (const timer of attempt.timers.values()) clearTimeout(timer)
    attempt.peer.onconnectionstatechange = null
    attempt.peer.onicecandidate = null
    attempt.peer.close()
    if (attempt.session) this.client.leave(attempt.session)
  }

  private expect(attempt: Attempt, what: 'connect' | 'ping' | 'disconnected', patience: number): void {
    this.forget(attempt, what)
    attempt.timers.set(what, setTimeout(() => this.lost(attempt), patience))
  }

  private forget(attempt: Attempt, what: 'connect' | 'ping' | 'disconnected'): void {
    clearTimeout(attempt.timers.get(what))
    attempt.timers.delete(what)
  }

  private isClosed(): boolean {
    return this.closed
  }
}
