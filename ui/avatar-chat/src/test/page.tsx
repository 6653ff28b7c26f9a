/** The whole page on fakes: without a gateway, a microphone or a network. */

import { act, render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { vi } from 'vitest'
import { App } from '../components/App'
import type { LiveEvent } from '../generated/events'
import type { ConversationView } from '../generated/view'
import { ServicesContext } from '../hooks/useServices'
import { Call } from '../services/call'
import { Chat, type ChatDependencies } from '../services/chat'
import { Conversation } from '../services/conversation'
import { Microphone } from '../services/microphone'
import { PreferenceStore } from '../services/preferences'
import { WebRTCConnection } from '../services/webrtcConnection'
import { sentence, written, type Step } from './facts'
import { FakeClient, FakePeer, FakeSource, fakeTrack, happened, viewOf } from './fakes'

export class FakeWorld implements ChatDependencies {
  readonly client = new FakeClient()
  readonly sources: FakeSource[] = []
  readonly peers: FakePeer[] = []
  readonly track = fakeTrack()
  /** Name of the browser's error when the page opens the microphone. */
  refusal: string | null = null
  readonly call: Call
  private conversation: Conversation | null = null
  private seq = 100

  constructor() {
    const devices = {
      getUserMedia: () =>
        this.refusal === null
          ? Promise.resolve({ getAudioTracks: () => [this.track] } as unknown as MediaStream)
          : Promise.reject(Object.assign(new Error(), { name: this.refusal })),
    }
    const peer = () => {
      const made = new FakePeer()
      this.peers.push(made)
      return made as unknown as RTCPeerConnection
    }
    this.call = new Call(
      this.client,
      new Microphone(() => devices),
      (id, track) => new WebRTCConnection(this.client, id, track, peer),
    )
  }

  async openConversation(...[id, observer]: Parameters<ChatDependencies['openConversation']>): Promise<Conversation> {
    this.conversation = await Conversation.open(this.client, id, observer, (url) => {
      const source = new FakeSource(url)
      this.sources.push(source)
      return source
    })
    return this.conversation
  }

  private get view(): ConversationView {
    if (!this.conversation) throw new Error('no conversation is open')
    return this.conversation.state.get().view
  }

  get source(): FakeSource {
    const last = this.sources.at(-1)
    if (!last) throw new Error('no conversation is open')
    return last
  }

  get peer(): FakePeer {
    const last = this.peers.at(-1)
    if (!last) throw new Error('no call was made')
    return last
  }

  /** Sends facts of one turn, as the gateway would. */
  tell(turn: string | null, ...steps: readonly Step[]): void {
    act(() => {
      for (const { body, changes } of steps) {
        this.seq += 1
        const event = happened(body, turn, this.seq * 1e6)
        this.source.send(this.seq, { event, changes: changes(this.view, turn) })
      }
    })
  }

  live(body: LiveEvent['body']): void {
    act(() => this.source.live(body))
  }

  connect(): void {
    act(() => {
      this.peer.become('connected')
      this.peer.ping()
    })
  }
}

/** Run the promises and timers that are due. */
export async function settle(ms = 0): Promise<void> {
  await act(() => vi.advanceTimersByTimeAsync(ms))
}

/** Show the page. Timers are fake: time passes with `settle`. */
export async function openPage(prepare: (world: FakeWorld) => void = () => undefined) {
  vi.useFakeTimers({ shouldAdvanceTime: true })
  const world = new FakeWorld()
  prepare(world)
  const chat = new Chat(world)
  const page = render(
    <ServicesContext.Provider value={{ chat, preferences: new PreferenceStore() }}>
      <App />
    </ServicesContext.Provider>,
  )
  await settle()
  return { world, chat, ...page }
}

/** Someone at the keyboard and the mouse, whose time is the fake one. */
export const user = () => userEvent.setup({ advanceTimers: (ms) => vi.advanceTimersByTime(ms) })

export const get = (id: string) => screen.getByTestId(id)

/** Show the page, and begin a call that connects. */
export async function talk(prepare?: (world: FakeWorld) => void) {
  const page = await openPage(prepare)
  await user().click(get('talk-button'))
  await settle()
  page.world.connect()
  await settle()
  return page
}

/** Two earlier conversations. */
export function withHistory(world: FakeWorld): void {
  world.client.views.set('old', { ...viewOf('old', ['t1', written('An older one')]), title: 'An older one' })
  world.client.views.set('new', viewOf('new', ['t1', written('Good morning')], ['t1', sentence(0, 'Morning!')]))
}
