/** The chat of one tab: which conversation is open, and what the person does in it. Composes the other services. */

import type {
  CharacterId,
  CommandName,
  ConversationId,
  Event,
  FaceRefused,
  Id,
  ReplyId,
  TurnId,
} from '../generated/events'
import { askedFor, inHash, nameInAddress } from './address'
import { ApiError, AvatarClient, type SearchHit, type Traits } from './avatarClient'
import { backoff } from './backoff'
import { Call } from './call'
import { ChannelLinks } from './channelLinks'
import { ChatLists } from './chatLists'
import { Conversation, type ConversationObserver, newId } from './conversation'
import { noticeOf } from './factNotices'
import { Notices } from './notices'
import { watchProblems } from './problemNotices'
import { StatusPoll } from './statusPoll'
import { Store } from './store'

export interface ChatState {
  readonly phase: 'loading' | 'ready' | 'away'
  readonly conversation: Conversation | null
  /** The character of the next conversation, as long as none is open. */
  readonly chosen: CharacterId | null
  /** The turn to show, where one was picked among search results; a new object each time. */
  readonly target: { readonly turn: TurnId } | null
  /** The newest reply of which something can only be read. */
  readonly unvoiced: ReplyId | null
  /** A text for which no conversation could be opened, back to the person; a new object each time. */
  readonly returned: { readonly text: string } | null
}

const BEGINNING: ChatState = {
  phase: 'loading',
  conversation: null,
  chosen: null,
  target: null,
  unvoiced: null,
  returned: null,
}
/** What a chat is made of; that of the browser unless a test passes another. */
export interface ChatDependencies {
  readonly client: AvatarClient
  readonly call: Call
  openConversation(id: ConversationId, observer: ConversationObserver): Promise<Conversation>
}

function browser(): ChatDependencies {
  const client = new AvatarClient()
  return { client, call: new Call(client), openConversation: (id, observer) => Conversation.open(client, id, observer) }
}

export class Chat {
  readonly state = new Store<ChatState>(BEGINNING)
  readonly call: Call
  readonly lists: ChatLists
  readonly notices = new Notices()
  readonly serverStatus: StatusPoll
  readonly channelLinks: ChannelLinks
  private readonly dependencies: ChatDependencies
  private readonly stops: (() => void)[] = []
  /** The person hung up: then typing does not call again. */
  private hungUp = false
  /** The person wants a new conversation: then loading opens no earlier one. */
  private wantsNew = false
  /** Counts requests to open a conversation: an answer to an older request is dropped. */
  private opening = 0
  /** A new conversation that is being opened: whatever wants one meanwhile gets the same. */
  private beginning: Promise<ConversationId> | null = null
  private asked: { readonly character: CharacterId | null; readonly request: Id } | null = null
  /** Resolves once the conversation of the newest message is open, or could not be opened. */
  private opened: Promise<void> = Promise.resolve()
  /** Characters that this tab requested, and that are still being made. */
  private readonly requested = new Set<CharacterId>()

  constructor(dependencies: ChatDependencies = browser()) {
    this.dependencies = dependencies
    this.call = dependencies.call
    this.lists = new ChatLists(dependencies.client)
    this.serverStatus = new StatusPoll(dependencies.client)
    this.channelLinks = new ChannelLinks(dependencies.client)
  }

  /** Load the lists and open the last conversation, or the one in the address. Returns what ends it all. */
  start(): () => void {
    const onHash = () => void this.followHash()
    const onVisible = () => this.onVisibility()
    window.addEventListener('hashchange', onHash)
    window.addEventListener('online', onVisible)
    document.addEventListener('visibilitychange', onVisible)
    this.stops.push(() => {
      window.removeEventListener('hashchange', onHash)
      window.removeEventListener('online', onVisible)
      document.removeEventListener('visibilitychange', onVisible)
    })
    this.stops.push(watchProblems(this.notices, this.call, this.state, () => void this.talk()))
    this.stops.push(this.serverStatus.start())
    void this.load(0)
    return () => this.close()
  }

  /** Call, with the microphone where there is one. */
  async talk(): Promise<void> {
    this.hungUp = false
    await this.attempt(() => this.call.begin('talk', this.ensureConversation()))
  }

  hangUp(): void {
    this.hungUp = true
    this.call.leave()
  }

  /** Send a message; the first one calls, so that the answer is seen and heard. */
  async send(text: string, id?: Id): Promise<void> {
    await this.attempt(async () => {
      // After the message before it, for which the conversation may still be opening.
      const opened = this.opened.then(() => this.openToWrite())
      this.opened = opened.catch(() => undefined)
      await opened.finally(() => {
        if (!this.state.get().conversation) this.state.update((state) => ({ ...state, returned: { text } }))
      })
      await this.state.get().conversation?.send(text, this.call.connected(), id)
    })
  }

  /** Interrupt the reply in progress. */
  async interrupt(): Promise<void> {
    const { conversation } = this.state.get()
    if (conversation) await this.attempt(() => this.dependencies.client.interrupt(conversation.id))
  }

  /** Choose a character; an open conversation goes on with it. */
  async chooseCharacter(character: CharacterId): Promise<void> {
    const { conversation } = this.state.get()
    if (!conversation) this.state.update((state) => ({ ...state, chosen: character }))
    else await this.attempt(() => this.dependencies.client.choose(conversation.id, character))
  }

  /**
   * Request a character made of a photo, in the open conversation or a new one; returns its id.
   *
   * @throws ApiError with the reason where the photo is not taken.
   */
  async requestFace(photo: Blob, traits: Traits): Promise<CharacterId> {
    const character = await this.dependencies.client.requestFace(await this.ensureConversation(), photo, traits)
    this.requested.add(character)
    if (this.lists.character(character)) await this.onFaceMade(character) // made before, of the same photo
    return character
  }

  /** Remove a character of the person's own for good. */
  async removeCharacter(character: CharacterId): Promise<void> {
    await this.attempt(async () => {
      await this.dependencies.client.removeCharacter(character)
      await this.lists.reloadCharacters()
      const current = this.state.get().conversation?.state.get().view.character
      const [other] = this.lists.state.get().characters
      if (current === character && other) await this.chooseCharacter(other.id)
    })
  }

  /** Erase a conversation of the person for good. */
  async eraseConversation(id: ConversationId): Promise<void> {
    await this.attempt(async () => {
      const { conversation } = this.state.get()
      if (conversation?.id === id) {
        this.call.leave()
        await this.startConversation()
      }
      await this.dependencies.client.eraseConversation(id)
      await this.lists.reloadConversations()
    })
  }

  /** Erase all that is known of the person, and begin anew as somebody else. */
  async erasePerson(): Promise<void> {
    await this.attempt(async () => {
      this.call.leave()
      await this.startConversation()
      await this.dependencies.client.erasePerson()
      await this.lists.load()
    })
  }

  /** Begin a new conversation with the same character; a call goes on in it. */
  async startConversation(): Promise<void> {
    const { conversation } = this.state.get()
    const { mode } = this.call.state.get()
    this.wantsNew = true
    this.opening += 1
    this.beginning = null
    const chosen = conversation?.state.get().view.character ?? this.state.get().chosen
    this.show(null)
    this.state.update((state) => ({ ...state, chosen }))
    if (mode === 'none') return
    await this.attempt(() => this.call.begin(mode, this.ensureConversation()))
  }

  /** Open an earlier conversation, at a turn where one is given. */
  async openConversation(id: ConversationId, turn: TurnId | null = null): Promise<void> {
    const { conversation } = this.state.get()
    this.notices.remove('gone')
    if (conversation?.id !== id) {
      this.beginning = null
      this.call.leave()
      await this.attempt(() => this.switchTo(id))
    }
    if (turn !== null && this.state.get().conversation?.id === id) {
      this.state.update((state) => ({ ...state, target: { turn } }))
    }
  }

  /** The turns of the person's conversations in which these words were said. */
  search(text: string): Promise<readonly SearchHit[]> {
    return this.dependencies.client.search(text)
  }

  private async load(attempt: number): Promise<void> {
    try {
      await this.lists.load()
      const { characters, conversations } = this.lists.state.get()
      this.state.update((state) => ({ ...state, chosen: characters[0]?.id ?? null }))
      const asked = askedFor(location)
      if (asked !== undefined && !this.wantsNew) {
        await this.switchTo(asked).catch((error: unknown) => this.unavailable(error))
      }
      // A re-run is newer than what the person talked in last, and nobody wants to find themselves in it.
      const last = (conversations.find(({ copied }) => !copied) ?? conversations[0])?.id
      if (!this.state.get().conversation && !this.wantsNew && last !== undefined) await this.switchTo(last)
      this.state.update((state) => ({ ...state, phase: 'ready' }))
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      this.state.update((state) => ({ ...state, phase: 'away' }))
      const timer = setTimeout(() => void this.load(attempt + 1), Math.max(error.retryAfter ?? 0, backoff(attempt + 1)))
      this.stops.push(() => clearTimeout(timer))
    }
  }

  /** The address names a conversation that is not there: forget the address, and say so. */
  private unavailable(error: unknown): void {
    if (!(error instanceof ApiError) || error.status !== 404) throw error
    nameInAddress(null)
    const detail = 'It is not there, or it belongs to somebody else.'
    this.notices.show({ id: 'unavailable', tone: 'news', title: 'That conversation could not be opened', detail })
  }

  private async followHash(): Promise<void> {
    const id = inHash(location)
    if (id !== undefined) await this.openConversation(id)
  }

  /** The open conversation, or a new one. */
  private ensureConversation(): Promise<ConversationId> {
    const { conversation } = this.state.get()
    if (conversation) return Promise.resolve(conversation.id)
    const beginning = this.beginning ?? this.beginConversation()
    this.beginning = beginning
    const done = () => {
      if (this.beginning === beginning) this.beginning = null
    }
    beginning.then(done, done)
    return beginning
  }

  private async beginConversation(): Promise<ConversationId> {
    const { chosen } = this.state.get()
    // The chosen one may have been removed; the page shows the first one then.
    const character = this.lists.character(chosen) ?? this.lists.state.get().characters[0]
    const wanted = character?.id ?? null
    // Tried again after a lost answer, it is the same request.
    if (this.asked?.character !== wanted) this.asked = { character: wanted, request: newId() }
    const { id } = await this.dependencies.client.open(wanted, this.asked.request)
    this.asked = null
    await this.switchTo(id)
    void this.lists.reloadConversations()
    return id
  }

  /** Open a conversation for a message, and call there unless the person does not want that. */
  private async openToWrite(): Promise<void> {
    const conversation = this.ensureConversation()
    const { mode } = this.call.state.get()
    if (mode === 'none' && !this.hungUp) await this.call.begin('watch', conversation)
    await conversation
  }

  private async switchTo(id: ConversationId): Promise<void> {
    const opening = ++this.opening
    const observer = { onEvent: (event: Event) => this.observe(event), onGone: () => void this.onGone(id) }
    const conversation = await this.dependencies.openConversation(id, observer)
    if (opening === this.opening) this.show(conversation)
    else conversation.close()
  }

  private show(conversation: Conversation | null): void {
    this.state.get().conversation?.close()
    this.state.update((state) => ({ ...state, conversation, target: null }))
    nameInAddress(conversation?.id ?? null)
  }

  /** The server no longer has the open conversation: say so, and go on in a new one with what was not sent yet. */
  private async onGone(id: ConversationId): Promise<void> {
    const { conversation } = this.state.get()
    if (conversation?.id !== id) return
    const unsent = conversation.takeUnsent()
    const { mode } = this.call.state.get()
    const tell = (detail: string) =>
      this.notices.show({ id: 'gone', tone: 'problem', title: 'That conversation is gone', detail })
    tell('The server no longer has it. You go on in a new one.')
    void this.lists.reloadConversations()
    void this.lists.reloadCharacters()
    await this.startConversation()
    const hasEnded = mode !== 'none' && this.call.state.get().mode === 'none'
    if (hasEnded) tell('The server no longer has it, and the call has ended with it.')
    for (const { text, message } of unsent) await this.send(text, message)
  }

  private observe(event: Event): void {
    const { body } = event
    if (body.type === 'reply.ended') this.notices.remove('gone')
    if (body.type === 'conversation.titled' || body.type === 'reply.ended') void this.lists.reloadConversations()
    if (body.type === 'command.recognised') this.onCommand(body.name, event.turn)
    const notice = noticeOf(body)
    if (notice) this.notices.show(notice)
    if (body.type === 'reply.sentence') {
      const voiced = body.spoken && body.spoken_text !== '' && this.call.state.get().mode !== 'none'
      if (!voiced) this.state.update((state) => ({ ...state, unvoiced: body.reply }))
    }
    if (body.type === 'speech.failed') this.state.update((state) => ({ ...state, unvoiced: body.reply }))
    if (body.type === 'face.made') void this.onFaceMade(body.character)
    if (body.type === 'face.refused') this.onFaceRefused(body)
    if (body.type === 'conversation.character_chosen' && !this.lists.character(body.character)) {
      void this.lists.awaitCharacter(body.character) // made in another tab
    }
  }

  /** A character was made: the tab that requested it chooses it. */
  private async onFaceMade(character: CharacterId): Promise<void> {
    const known = await this.lists.awaitCharacter(character)
    if (known && this.requested.delete(character)) await this.chooseCharacter(character)
  }

  private onFaceRefused({ character, detail }: FaceRefused): void {
    this.requested.delete(character)
    const name = this.state
      .get()
      .conversation?.state.get()
      .view.faces.find((face) => face.character === character)?.name
    this.notices.show({ id: 'face', tone: 'problem', title: `There is no face for ${name ?? 'that photo'}`, detail })
  }

  /** The page's part of a command; the services do the rest. */
  private onCommand(name: CommandName, turn: TurnId | null): void {
    if (name === 'new_conversation' && this.wasSaidHere(turn)) void this.startConversation()
    if (name === 'voice_on') this.notices.remove('voice')
  }

  /** Whether a turn came from a page; what was said in a channel begins no new conversation here. */
  private wasSaidHere(turn: TurnId | null): boolean {
    const said = this.state.get().conversation?.state.get().view.turns.find(({ id }) => id === turn)
    return (said?.person?.channel ?? 'web') === 'web'
  }

  /** A hidden tab without a call needs no events; it catches up once it is visible. */
  private onVisibility(): void {
    const { conversation } = this.state.get()
    if (document.visibilityState === 'visible') conversation?.resume()
    else if (this.call.state.get().mode === 'none') conversation?.pause()
  }

  private async attempt(act: () => Promise<unknown>): Promise<void> {
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

  private close(): void {
    for (const stop of this.stops.splice(0)) stop()
    this.call.leave()
    this.notices.close()
    this.opening += 1 // what is being opened is closed when it is there
    this.state.get().conversation?.close()
    this.state.update((state) => ({ ...state, conversation: null }))
  }
}
