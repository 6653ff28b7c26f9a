/** Which characters there are, and which conversations were held. */

import type { CharacterId } from '../generated/events'
import type { Api } from './api'
import { Store } from './store'
import type { Character, ConversationSummary } from './api'

export interface CatalogueState {
  readonly characters: readonly Character[]
  /** Newest first. */
  readonly conversations: readonly ConversationSummary[]
  /** How many characters of their own a person may have; 0 also as long as that is not known. */
  readonly most: number
}

const TRIES = 8
const PAUSE = 300

export class Catalogue {
  readonly state = new Store<CatalogueState>({ characters: [], conversations: [], most: 0 })
  private readonly api: Api

  constructor(api: Api) {
    this.api = api
  }

  /** @throws ApiError when the gateway cannot be reached. */
  async load(): Promise<void> {
    const [characters, conversations] = await Promise.all([this.api.characters(), this.api.conversations()])
    this.state.update((state) => ({ ...state, characters, conversations }))
    // Not waited for: it asks all services, and nothing else depends on it.
    void this.api.facesPerPerson().then(
      (most) => this.state.update((state) => ({ ...state, most })),
      () => undefined,
    )
  }

  /** Read the list of conversations again; what is shown stays where that fails. */
  async refresh(): Promise<void> {
    const conversations = await this.api.conversations().catch(() => null)
    if (conversations) this.state.update((state) => ({ ...state, conversations }))
  }

  /** Read the characters again, until this one is among them; it may be on record a moment before it is listed. */
  async find(id: CharacterId): Promise<boolean> {
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, PAUSE))
      await this.reload()
      if (this.character(id)) return true
    }
    return false
  }

  /** Read the list of characters again; what is shown stays where that fails. */
  async reload(): Promise<void> {
    const characters = await this.api.characters().catch(() => null)
    if (characters) this.state.update((state) => ({ ...state, characters }))
  }

  character(id: CharacterId | null): Character | null {
    const { characters } = this.state.get()
    return characters.find((character) => character.id === id) ?? null
  }
}
