/** Being face to face: the microphone and the connection, as long as the person wants both. */

import type { ConversationId } from '../generated/events'
import type { Api } from './api'
import { Microphone } from './microphone'
import { CLOSED, Rtc, type RtcState } from './rtc'
import { Store } from './store'

export interface CallState {
  /** talk: heard and seen; watch: without a microphone; none: text only. */
  readonly mode: 'none' | 'talk' | 'watch'
  readonly rtc: RtcState
}

type Connect = (conversation: ConversationId, microphone: MediaStreamTrack | null) => Rtc

const CONNECTED_PATIENCE = 3000

export class Call {
  readonly state = new Store<CallState>({ mode: 'none', rtc: CLOSED })
  readonly microphone: Microphone
  private readonly connect: Connect
  private rtc: Rtc | null = null
  private unsubscribe: () => void = () => undefined
  private wanted = 0

  constructor(api: Api, microphone = new Microphone(), connect: Connect = (id, track) => new Rtc(api, id, track)) {
    this.microphone = microphone
    this.connect = connect
  }

  /**
   * Call with the microphone, or without where there is none or `watch` asks for that. To be called from a click or a
   * key: only then do browsers play sound.
   *
   * @param conversation Made while the browser asks for the microphone.
   */
  async begin(mode: 'talk' | 'watch', conversation: Promise<ConversationId>): Promise<void> {
    const wanted = ++this.wanted
    this.hangUp()
    this.state.set({ mode, rtc: { ...CLOSED, phase: 'connecting' } })
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
    this.state.set({ mode: 'none', rtc: CLOSED })
  }

  /** Resolves when the avatar can be seen and heard, or after some seconds without. */
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
        const { phase } = this.state.get().rtc
        if (phase === 'connected' || phase === 'closed' || phase === 'refused') done()
      }
      stop = this.state.subscribe(look)
      look()
    })
  }

  async stats(): Promise<RTCStatsReport | null> {
    return (await this.rtc?.stats()) ?? null
  }

  private start(conversation: ConversationId, track: MediaStreamTrack | null): void {
    const rtc = this.connect(conversation, track)
    this.rtc = rtc
    const look = () => this.state.set({ mode: track ? 'talk' : 'watch', rtc: rtc.state.get() })
    this.unsubscribe = rtc.state.subscribe(look)
    look()
  }

  private hangUp(): void {
    this.unsubscribe()
    this.rtc?.close()
    this.rtc = null
  }
}
