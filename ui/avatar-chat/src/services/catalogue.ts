/** Which characters there are, and which conversations were held. */

import type { CharacterId } from '../generated/events'
import type { Api } from './api'
import { Store } from './store'
import type { Character, ConversationSummary } from './view'

export interface CatalogueState {
  readonly characters: readonly Character[]
  /** Newest first. */
  readonly conversations: readonly ConversationSummary[]
}

export class Catalogue {
  readonly state = new Store<CatalogueState>({ characters: [], conversations: [] })
  private readonly api: Api

  constructor(api: Api) {
    this.api = api
  }

  /** @throws ApiError when the gateway cannot be reached. */
  async load(): Promise<void> {
    const [characters, conversations] = await Promise.all([this.api.characters(), this.api.conversations()])
    this.state.set({ characters, conversations })
  }

  /** Read the list of conversations again; what is shown stays where that fails. */
  async refresh(): Promise<void> {
    const conversations = await this.api.conversations().catch(() => null)
    if (conversations) this.state.update((state) => ({ ...state, conversations }))
  }

  character(id: CharacterId | null): Character | null {
    const { characters } = this.state.get()
    return characters.find((character) => character.id === id) ?? null
  }
}
