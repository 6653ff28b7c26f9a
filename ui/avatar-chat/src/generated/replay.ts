// Generated from projections/replay/view.py by `python -m visavis.generate.typescript`. Do not edit.

import type { CharacterId, ConversationId, Event, EventId, SessionId, TurnId } from './events'

export type Coverage = 'all' | 'some' | 'none'

export type ClipKind = 'person' | 'character'

export type MarkKind = 'interrupted' | 'taken_over' | 'failed' | 'discarded' | 'dead_letter'

/** Who spoke. */
export interface ReplayCharacter {
  readonly name: string
  /** Its colour in the page. */
  readonly accent: string
  readonly look: string
}

/** The person's part of a turn. */
export interface ReplayPerson {
  readonly text: string
  readonly state: 'listening' | 'transcribing' | 'final' | 'discarded' | 'heard_twice'
}

/** The character's part of a turn. */
export interface ReplayReply {
  /** Markdown. */
  readonly text: string
  readonly state: 'telling' | 'ended' | 'interrupted' | 'failed'
  readonly character: CharacterId
  /** The part of the text that had been played when the person interrupted. */
  readonly heard: string | null
}

/** One bar of a turn's waterfall. */
export interface ReplayStep {
  readonly name: 'speaking' | 'endpoint' | 'transcript' | 'first_sentence' | 'writing' | 'first_audio' | 'synthesis' | 'first_frame' | 'drawing' | 'playback_wait' | 'playback'
  readonly start: number
  /** null: its end is not on the log. */
  readonly end: number | null
  /** Of the sentence in its reply; null: it concerns the whole turn. */
  readonly index: number | null
  /** Where it was played. */
  readonly session: SessionId | null
  readonly state: 'open' | 'done' | 'interrupted' | 'failed'
  readonly engine: string
  /** The event that ended it, or began it where it has no end. */
  readonly event: EventId
}

/** What went wrong or was cut short in a turn. */
export interface ReplayMark {
  readonly kind: 'interrupted' | 'taken_over' | 'failed' | 'discarded' | 'dead_letter'
  readonly at: number
  /** Of a dead letter, the event that was given up. */
  readonly event: EventId
  readonly service: string
  readonly detail: string
}

/** A turn: what was said, and when each of its steps took place. */
export interface ReplayTurn {
  readonly id: TurnId
  readonly start: number
  readonly end: number
  /** Where the person's words came in: web, telegram … */
  readonly channel: string
  /** Whether the person spoke; false: they wrote. */
  readonly spoken: boolean
  readonly person: ReplayPerson | null
  readonly reply: ReplayReply | null
  /** By start. */
  readonly steps: readonly ReplayStep[]
  readonly marks: readonly ReplayMark[]
  /**
   * Its latencies by name, in ms: answer, endpoint, transcript, first_sentence, first_audio, playback_wait,
   * first_frame; those that it has.
   */
  readonly measures: Readonly<Record<string, number>>
}

/** A word that the person said. */
export interface ReplayWord {
  readonly text: string
  readonly start: number
  readonly end: number
}

/**
 * A sound of the conversation, where it was heard. One that a session broke off and another one took up again is
 * there twice, with the same id.
 */
export interface ReplayClip {
  readonly kind: 'person' | 'character'
  readonly id: string
  readonly turn: TurnId | null
  readonly start: number
  readonly length: number
  readonly text: string
  /** Of the person's, where the recogniser tells their times. */
  readonly words: readonly ReplayWord[]
  readonly character: CharacterId | null
  /** Of the sentence in its reply. */
  readonly index: number | null
  /** false: no session played it; it starts where its first sound was made. */
  readonly played: boolean
  /** Whether its sound is still there: GET …/sound/{id}. */
  readonly sound: boolean
  /** Whether its pictures are still there: GET …/video/{id}.mp4. */
  readonly pictures: boolean
  /** Why its sound or its pictures are not there, in words for people; empty: they are, or a person has none. */
  readonly missing: string
}

/** What `GET /api/replay/{conversation}` answers. */
export interface ReplayView {
  readonly conversation: ConversationId
  /** Stream sequence of the last event in it. */
  readonly seq: number
  readonly title: string
  /** Whom the person talks to at the end. */
  readonly character: CharacterId
  /** How it came here, if it is a copy of a conversation that took place elsewhere or earlier. */
  readonly copied: '' | 'imported' | 'rerun'
  readonly copy_of: string
  /** Those that speak in it, by id, as they are today; one that was removed is not among them. */
  readonly characters: Readonly<Record<string, ReplayCharacter>>
  /** Microseconds since 1970, UTC. */
  readonly start: number
  readonly length: number
  readonly turns: readonly ReplayTurn[]
  /** By start. */
  readonly clips: readonly ReplayClip[]
  /** Of how many clips the sound is still there. */
  readonly sounds: 'all' | 'some' | 'none'
  /** Of how many clips that were drawn the pictures are still there; none were drawn: none. */
  readonly pictures: 'all' | 'some' | 'none'
}

/** One event in a list. */
export interface ReplayEvent {
  readonly seq: number
  readonly id: EventId
  readonly at: number
  /** When the log stored it; of a copy, when the original was stored. */
  readonly stored: number
  readonly tag: string
  readonly turn: TurnId | null
  readonly cause: EventId | null
  /** Since its cause, in ms; null where that is not among the events. */
  readonly delay: number | null
  /** One line, as `visavis tail` prints it. */
  readonly summary: string
}

/** What `GET /api/replay/{conversation}/events/{event}` answers. */
export interface ReplayEventDetail {
  readonly seq: number
  readonly subject: string
  readonly stored: number
  /** Whether it belongs to a conversation that was copied here. */
  readonly copy: boolean
  /** How often a service was given it, by service; only of those that were given it more than once. */
  readonly deliveries: Readonly<Record<string, number>>
  readonly event: Event
  /** What led to it: its cause, the cause of that, and so on, up to a person's act. */
  readonly causes: readonly ReplayEvent[]
  /** The events that it caused, by sequence. */
  readonly consequences: readonly ReplayEvent[]
}
