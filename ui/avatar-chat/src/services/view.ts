/** The conversation as the gateway tells it (docs/api.md): what `GET /api/conversations/{id}` answers. */

import type { CharacterId, ConversationId, Emotion, ReplyId, SpeechId, TurnId } from '../generated/events'

export interface PersonPart {
  readonly kind: 'speech' | 'text'
  readonly text: string
  readonly state: 'listening' | 'transcribing' | 'final' | 'discarded'
}

export interface SentenceView {
  readonly index: number
  readonly text: string
  readonly emotion: Emotion
  readonly speech: SpeechId | null
  readonly state: 'written' | 'spoken' | 'playing' | 'played' | 'unspoken'
}

export interface ReplyPart {
  readonly id: ReplyId
  readonly character: CharacterId
  readonly state: 'telling' | 'ended' | 'interrupted' | 'failed'
  /** The part of the text that had been played, where it was interrupted. */
  readonly heard: string | null
  readonly error: string | null
  readonly sentences: readonly SentenceView[]
}

export interface TurnView {
  readonly id: TurnId
  /** Microseconds since 1970. */
  readonly at: number
  readonly person: PersonPart | null
  readonly reply: ReplyPart | null
}

/** A character that was asked for with a photo. */
export interface NewFace {
  readonly character: CharacterId
  readonly name: string
  readonly state: 'making' | 'made' | 'refused'
  /** Why it was refused. */
  readonly error: string | null
}

export interface ConversationView {
  readonly id: ConversationId
  /** Stream sequence of the last event folded in. */
  readonly seq: number
  readonly title: string
  readonly character: CharacterId
  readonly language: string
  readonly turns: readonly TurnView[]
  readonly faces: readonly NewFace[]
}

export interface Character {
  readonly id: CharacterId
  readonly name: string
  readonly tagline: string
  readonly greeting: string
  /** CSS colour, #rrggbb. */
  readonly accent: string
  readonly language: string
  /** URL of a square picture. */
  readonly portrait: string
  /** Made by this person of a photo, and shown to nobody else. */
  readonly own: boolean
}

export interface ConversationSummary {
  readonly id: ConversationId
  readonly title: string
  readonly character: CharacterId
  /** Microseconds since 1970. */
  readonly updated_at: number
}
