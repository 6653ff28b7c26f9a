// Generated from projections/view.py by `python -m visavis.generate.typescript`. Do not edit.

import type { CharacterId, ConversationId, Emotion, Event, ReplyId, SpeechId, TurnId } from './events'

/** The person's part of a turn. */
export interface PersonView {
  readonly kind: 'speech' | 'text'
  readonly text: string
  readonly state: 'listening' | 'transcribing' | 'final' | 'discarded' | 'heard_twice'
  /** Where it was said or written: web, telegram … */
  readonly channel: string
  /** Why it was discarded, where there is more to say. */
  readonly error: string | null
}

/** One sentence of a reply. */
export interface SentenceView {
  readonly index: number
  /** Markdown, where `spoken_text` is given. */
  readonly text: string
  /** The words for the voice, plain; empty where it says nothing; null: `text` is plain. */
  readonly spoken_text: string | null
  /** White space between the sentence before and this one. */
  readonly space_before: string
  /** BCP-47 tag of what the voice says. */
  readonly language: string
  readonly emotion: Emotion
  readonly speech: SpeechId | null
  readonly state: 'written' | 'spoken' | 'playing' | 'played' | 'unspoken'
}

/** The character's part of a turn. */
export interface ReplyView {
  readonly id: ReplyId
  readonly character: CharacterId
  readonly state: 'telling' | 'ended' | 'interrupted' | 'failed'
  /** The part of the text that had been played when the person interrupted. */
  readonly heard: string | null
  readonly error: string | null
  /** BCP-47 tag of the person's words; empty: of the conversation. */
  readonly language: string
  readonly sentences: readonly SentenceView[]
}

/** What one side said and the other answered. */
export interface TurnView {
  readonly id: TurnId
  /** Microseconds since 1970, UTC. */
  readonly at: number
  readonly person: PersonView | null
  readonly reply: ReplyView | null
}

/** A character that was requested with a photo. */
export interface FaceView {
  readonly character: CharacterId
  readonly name: string
  readonly state: 'making' | 'made' | 'refused'
  /** Why it was refused. */
  readonly error: string | null
}

/** What `GET /api/conversations/{id}` answers. */
export interface ConversationView {
  readonly id: ConversationId
  /** Stream sequence of the last event folded in. */
  readonly seq: number
  readonly title: string
  readonly character: CharacterId
  readonly language: string
  readonly turns: readonly TurnView[]
  readonly faces: readonly FaceView[]
}

/** A turn after a fact, with its index in the list of turns; a new turn is appended. */
export interface ChangedTurn {
  readonly place: number
  readonly turn: TurnView
}

/** The fields of the conversation that a fact changed, with their new values. */
export interface Changes {
  readonly title?: string
  readonly character?: CharacterId
  readonly language?: string
  readonly faces?: readonly FaceView[]
  readonly turns?: readonly ChangedTurn[]
}

/** One message of the event stream: a fact, and what it changed in the conversation. */
export interface ConversationUpdate {
  readonly event: Event
  readonly changes: Changes
}
