/** A call: the microphone and the WebRTC connection, for as long as the person wants both. */

import type { ConversationId } from '../generated/events'
import type { AvatarClient } from './avatarClient'
import { Microphone } from './microphone'
import { Store } from './store'
import { CLOSED, WebRTCConnection, type ConnectionState } from './webrtcConnection'

export interface CallState {
  /** talk: with the microphone; watch: without; none: no call. */
  readonly mode: 'none' | 'talk' | 'watch'
  readonly connection: ConnectionState
}

type Connect = (conversation: ConversationId, microphone: MediaStreamTrack | null) => WebRTCConnection

const CONNECTED_PATIENCE = 3000

export class Call {
  readonly state = new Store<CallState>({ mode: 'none', connection: CLOSED })
  readonly microphone: Microphone
  private readonly connect: Connect
  private connection: WebRTCConnection | null = null
  private unsubscribe: () => void = () => undefined
  /** Counts calls: what an earlier one still waits for is dropped. */
  private wanted = 0

  constructor(
    client: AvatarClient,
    microphone = new Microphone(),
    connect: Connect = (id, track) => new WebRTCConnection(client, id, track),
  ) {
    this.microphone = microphone
    this.connect = connect
  }

  /**
   * Start a call: "talk" with the microphone if there is one, "watch" without. Must be called from a click or a key,
   * or the browser plays no sound.
   *
   * @param conversation Opened while the browser asks for the microphone.
   */
  async begin(mode: 'talk' | 'watch', conversation: Promise<ConversationId>): Promise<void> {
    const wanted = ++this.wanted
    this.hangUp()
    this.state.set({ mode, connection: { ...CLOSED, phase: 'connecting' } })
    try {
      const [id, track] = await Promise.all([conversation, mode === 'talk' ? this.microphone.open() : null])
      if (wanted === this.wanted) this.start(id, track)
    } catch (error) {
      if (wanted === this.wanted) this.leave()
      throw error
    }
  }

  leave(): void {
    this.wanted += 1
    this.hangUp()
    this.microphone.close()
    this.state.set({ mode: 'none', connection: CLOSED })
  }

  /** Resolves once the call is connected or refused, or after some seconds. */
  connected(): Promise<void> {
    return new Promise((resolve) => {
      let stop: () => void = () => undefined
      const done = () => {
        clearTimeout(timer)
        stop()
        resolve()
      }
      const timer = setTimeout(done, CONNECTED_PATIENCE)
      const look = () => {
        const { phase } = this.state.get().connection
        if (phase === 'connected' || phase === 'closed' || phase === 'refused') done()
      }
      stop = this.state.subscribe(look)
      look()
    })
  }

  async stats(): Promise<RTCStatsReport | null> {
    return (await this.connection?.stats()) ?? null
  }

  private start(conversation: ConversationId, track: MediaStreamTrack | null): void {
    const connection = this.connect(conversation, track)
    this.connection = connection
    const look = () => this.state.set({ mode: track ? 'talk' : 'watch', connection: connection.state.get() })
    this.unsubscribe = connection.state.subscribe(look)
    look()
  }

  private hangUp(): void {
    this.unsubscribe()
    this.connection?.close()
    this.connection = null
  }
}
