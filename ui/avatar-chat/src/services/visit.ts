/** One tab's visit: which conversation is open, and what the person does in it. Composes the other services. */

import type { CharacterId, CommandName, ConversationId, Event, FaceRefused, Id } from '../generated/events'
import { Api, ApiError, type Traits } from './api'
import { backoff } from './backoff'
import { Call } from './call'
import { Catalogue } from './catalogue'
import { Conversation } from './conversation'
import { Notices } from './notices'
import { Store } from './store'
import { noticesOf } from './troubles'

export interface VisitState {
  readonly phase: 'loading' | 'ready' | 'away'
  readonly conversation: Conversation | null
  /** Who is talked to next, as long as no conversation is open. */
  readonly chosen: CharacterId | null
}

const HASH = /^#c=([A-Za-z0-9_-]{1,64})$/

/** What a visit needs of the world; the browser's own unless a test says otherwise. */
export interface World {
  readonly api: Api
  readonly call: Call
  openConversation(id: ConversationId, observe: (event: Event) => void): Promise<Conversation>
}

function browser(): World {
  const api = new Api()
  return { api, call: new Call(api), openConversation: (id, observe) => Conversation.open(api, id, observe) }
}

export class Visit {
  readonly state = new Store<VisitState>({ phase: 'loading', conversation: null, chosen: null })
  readonly call: Call
  readonly catalogue: Catalogue
  readonly notices = new Notices()
  private readonly world: World
  private readonly stops: (() => void)[] = []
  /** Hung up on purpose: then typing does not call again. */
  private quiet = false
  /** A new conversation was asked for before the last one had been found. */
  private fresh = false
  private opening = 0
  /** Characters that this tab asked for, and that are still being made. */
  private readonly asked = new Set<CharacterId>()

  constructor(world: World = browser()) {
    this.world = world
    this.call = world.call
    this.catalogue = new Catalogue(world.api)
  }

  /** Pick up where the person left. Returns what undoes it all. */
  start(): () => void {
    const onHash = () => void this.follow()
    const onVisible = () => this.seen()
    window.addEventListener('hashchange', onHash)
    window.addEventListener('online', onVisible)
    document.addEventListener('visibilitychange', onVisible)
    this.stops.push(() => {
      window.removeEventListener('hashchange', onHash)
      window.removeEventListener('online', onVisible)
      document.removeEventListener('visibilitychange', onVisible)
    })
    this.stops.push(noticesOf(this))
    void this.load(0)
    return () => this.end()
  }

  /** The one thing to do on this page: call, with the microphone where there is one. */
  async talk(): Promise<void> {
    this.quiet = false
    await this.try(() => this.call.begin('talk', this.ensure()))
  }

  leave(): void {
    this.quiet = true
    this.call.leave()
  }

  /** Say something in writing; the first message calls, so that the answer is seen and heard. */
  async send(text: string, id?: Id): Promise<void> {
    await this.try(async () => {
      const conversation = this.ensure()
      if (this.call.state.get().mode === 'none' && !this.quiet) await this.call.begin('watch', conversation)
      await conversation
      await this.state.get().conversation?.send(text, this.call.connected(), id)
    })
  }

  /** The avatar stops talking. */
  async interrupt(): Promise<void> {
    const { conversation } = this.state.get()
    if (conversation) await this.try(() => this.world.api.interrupt(conversation.id))
  }

  /** Talk to somebody else; an open conversation goes on with them. */
  async choose(character: CharacterId): Promise<void> {
    const { conversation } = this.state.get()
    if (!conversation) this.state.update((state) => ({ ...state, chosen: character }))
    else await this.try(() => this.world.api.choose(conversation.id, character))
  }

  /**
   * Have a character made of a photo, in the open conversation or a new one; returns its id.
   *
   * @throws ApiError with the reason where the photo is not taken.
   */
  async makeFace(photo: Blob, traits: Traits): Promise<CharacterId> {
    const character = await this.world.api.makeFace(await this.ensure(), photo, traits)
    this.asked.add(character)
    if (this.catalogue.character(character)) await this.meet(character) // made before, of the same photo
    return character
  }

  /** Remove a character of one's own for good. */
  async remove(character: CharacterId): Promise<void> {
    await this.try(async () => {
      await this.world.api.removeCharacter(character)
      await this.catalogue.reload()
      const current = this.state.get().conversation?.state.get().view.character
      const [other] = this.catalogue.state.get().characters
      if (current === character && other) await this.choose(other.id)
    })
  }

  /** Begin a new conversation with the same character; a call goes on in it. */
  async begin(): Promise<void> {
    const { conversation } = this.state.get()
    const { mode } = this.call.state.get()
    this.fresh = true
    this.opening += 1
    const chosen = conversation?.state.get().view.character ?? this.state.get().chosen
    this.show(null)
    this.state.update((state) => ({ ...state, chosen }))
    if (mode === 'none') return
    await this.try(() => this.call.begin(mode, this.ensure()))
  }

  /** Open an earlier conversation. */
  async open(id: ConversationId): Promise<void> {
    const { conversation } = this.state.get()
    if (conversation?.id === id) return
    this.call.leave()
    await this.try(() => this.pick(id))
  }

  private async load(attempt: number): Promise<void> {
    try {
      await this.catalogue.load()
      const { characters, conversations } = this.catalogue.state.get()
      this.state.update((state) => ({ ...state, chosen: characters[0]?.id ?? null }))
      const asked = HASH.exec(location.hash)?.[1]
      if (asked !== undefined && !this.fresh) await this.pick(asked).catch((error: unknown) => this.unavailable(error))
      const last = conversations[0]?.id
      if (!this.state.get().conversation && !this.fresh && last !== undefined) await this.pick(last)
      this.state.update((state) => ({ ...state, phase: 'ready' }))
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      this.state.update((state) => ({ ...state, phase: 'away' }))
      const timer = setTimeout(() => void this.load(attempt + 1), Math.max(error.retryAfter ?? 0, backoff(attempt + 1)))
      this.stops.push(() => clearTimeout(timer))
    }
  }

  /** The address names a conversation that cannot be read: nothing is lost by starting afresh. */
  private unavailable(error: unknown): void {
    if (!(error instanceof ApiError) || error.status !== 404) throw error
    history.replaceState(null, '', location.pathname + location.search)
    const detail = 'It is not there, or it belongs to somebody else.'
    this.notices.show({ id: 'unavailable', tone: 'news', title: 'That conversation could not be opened', detail })
  }

  private async follow(): Promise<void> {
    const id = HASH.exec(location.hash)?.[1]
    if (id !== undefined) await this.open(id)
  }

  /** The open conversation, or a new one. */
  private async ensure(): Promise<ConversationId> {
    const { conversation, chosen } = this.state.get()
    if (conversation) return conversation.id
    const { id } = await this.world.api.open(chosen)
    await this.pick(id)
    void this.catalogue.refresh()
    return id
  }

  private async pick(id: ConversationId): Promise<void> {
    const opening = ++this.opening
    const conversation = await this.world.openConversation(id, (event) => this.observe(event))
    if (opening === this.opening) this.show(conversation)
    else conversation.close()
  }

  private show(conversation: Conversation | null): void {
    this.state.get().conversation?.close()
    this.state.update((state) => ({ ...state, conversation }))
    const hash = conversation ? `#c=${conversation.id}` : ''
    if (location.hash !== hash) history.replaceState(null, '', location.pathname + location.search + hash)
  }

  private observe(event: Event): void {
    const { body } = event
    if (body.type === 'conversation.titled' || body.type === 'reply.ended') void this.catalogue.refresh()
    if (body.type === 'command.recognised') this.obey(body.name)
    if (body.type === 'reply.failed') {
      this.notices.show({ id: 'reply', tone: 'news', title: 'There was no answer', detail: body.detail })
    }
    if (body.type === 'face.made') void this.meet(body.character)
    if (body.type === 'face.refused') this.refused(body)
    if (body.type === 'conversation.character_chosen' && !this.catalogue.character(body.character)) {
      void this.catalogue.find(body.character) // made in another tab
    }
    if (body.type === 'service.step_failed') {
      this.notices.show({ id: 'step', tone: 'news', title: `A step failed: ${body.service}`, detail: body.detail })
    }
  }

  /** A character has been made: whoever asked for it wants to see it. */
  private async meet(character: CharacterId): Promise<void> {
    const known = await this.catalogue.find(character)
    if (known && this.asked.delete(character)) await this.choose(character)
  }

  private refused({ character, detail }: FaceRefused): void {
    this.asked.delete(character)
    const name = this.state
      .get()
      .conversation?.state.get()
      .view.faces.find((face) => face.character === character)?.name
    this.notices.show({ id: 'face', tone: 'problem', title: `There is no face for ${name ?? 'that photo'}`, detail })
  }

  /** What a command asks of the page; the services have done the rest. */
  private obey(name: CommandName): void {
    if (name === 'new_conversation') void this.begin()
    if (name === 'voice_on') this.notices.remove('voice')
    if (name === 'text_only') {
      const detail = 'Say or write "voice on" to hear it again.'
      this.notices.show({ id: 'voice', tone: 'news', title: 'Answers are written only', detail })
    }
  }

  /** A tab that nobody looks at needs no events; they are caught up with when it is seen again. */
  private seen(): void {
    const { conversation } = this.state.get()
    if (document.visibilityState === 'visible') conversation?.resume()
    else if (this.call.state.get().mode === 'none') conversation?.pause()
  }

  private async try(act: () => Promise<unknown>): Promise<void> {
    this.notices.remove('act')
    try {
      await act()
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      const away = error.status === 0
      const title = away ? 'The server cannot be reached' : 'That did not work'
      this.notices.show({ id: 'act', tone: 'news', title, detail: away ? 'Try again in a moment.' : error.message })
    }
  }

  private end(): void {
    for (const stop of this.stops.splice(0)) stop()
    this.call.leave()
    this.notices.close()
    this.state.get().conversation?.close()
  }
}
