/** The lists of characters and of the person's conversations. */

import type { CharacterId } from '../generated/events'
import type { AvatarClient } from './avatarClient'
import type { Character, ConversationSummary } from './avatarClient'
import { Store } from './store'

export interface ChatListsState {
  readonly characters: readonly Character[]
  /** Newest first. */
  readonly conversations: readonly ConversationSummary[]
}

const TRIES = 8
const PAUSE = 300

export class ChatLists {
  readonly state = new Store<ChatListsState>({ characters: [], conversations: [] })
  private readonly client: AvatarClient

  constructor(client: AvatarClient) {
    this.client = client
  }

  /** @throws ApiError when the gateway cannot be reached. */
  async load(): Promise<void> {
    const [characters, conversations] = await Promise.all([this.client.characters(), this.client.conversations()])
    this.state.update((state) => ({ ...state, characters, conversations }))
  }

  /** Reload the list of conversations; keeps the current one if that fails. */
  async reloadConversations(): Promise<void> {
    const conversations = await this.client.conversations().catch(() => null)
    if (conversations) this.state.update((state) => ({ ...state, conversations }))
  }

  /** Reload the characters until this one is listed, which may be a moment after the fact that it was made. */
  async awaitCharacter(id: CharacterId): Promise<boolean> {
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, PAUSE))
      await this.reloadCharacters()
      if (this.character(id)) return true
    }
    return false
  }

  /** Reload the list of characters; keeps the current one if that fails. */
  async reloadCharacters(): Promise<void> {
    const characters = await this.client.characters().catch(() => null)
    if (characters) this.state.update((state) => ({ ...state, characters }))
  }

  character(id: CharacterId | null): Character | null {
    const { characters } = this.state.get()
    return characters.find((character) => character.id === id) ?? null
  }
}
