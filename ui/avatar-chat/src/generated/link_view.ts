// Generated from projections/link_view.py by `python -m visavis.generate.typescript`. Do not edit.

import type { ConversationId, Id } from './events'

export type LinkViewState = 'offered' | 'claimed' | 'linked'

/** A channel that is set up here. */
export interface ChannelView {
  /** telegram, whatsapp, folder … */
  readonly name: string
  /** Our own account there. */
  readonly account: string
  /** The account as people know it, such as @visavis_bot; may be empty. */
  readonly label: string
  /** Whether the channel can be opened by an address that has the token of a link. */
  readonly has_address: boolean
}

/** A link between the person and an account of a channel. */
export interface LinkView {
  readonly id: Id
  readonly channel: string
  /** offered: nobody has come with the token; claimed: somebody has, and the person is to confirm that it is they. */
  readonly state: 'offered' | 'claimed' | 'linked'
  /** As the account calls itself; empty until it is claimed. */
  readonly name: string
  /** The last characters of the account's id. */
  readonly sender: string
  /** Where the talk goes on; null: in a new conversation. */
  readonly conversation: ConversationId | null
  /** How the person wants to be answered there. */
  readonly form: 'same' | 'voice' | 'text' | 'both' | 'video'
  /** Whether what was understood of a voice note is sent back as text. */
  readonly echo: boolean
  /** Whether what is said elsewhere in the conversation is shown there. */
  readonly mirror: boolean
  /** False: the person has blocked us there. */
  readonly reachable: boolean
}

/** What `GET /api/channels` answers. */
export interface ChannelsView {
  readonly channels: readonly ChannelView[]
  /** The person's own, the one with the oldest news first. */
  readonly links: readonly LinkView[]
}

/** What `POST /api/links` answers: a token that links the account that presents it first. */
export interface LinkOffer {
  readonly id: Id
  /** Told this once. */
  readonly token: string
  /** Opens the channel with the token; empty: it has to be written there by hand. */
  readonly address: string
  /** What to write there by hand. */
  readonly text: string
  /** Microseconds since 1970, UTC. */
  readonly expires_at: number
}
