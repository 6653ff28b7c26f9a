// Generated from bus/events.py by `python -m visavis.generate.typescript`. Do not edit.

/** Usable as one token of a NATS subject. */
export type Id = string

export type ConversationId = Id

export type TurnId = Id

export type SessionId = Id

export type PersonId = Id

export type CharacterId = Id

export type UtteranceId = Id

export type ReplyId = Id

export type SpeechId = Id

export type EventId = Id

export type Emotion = 'neutral' | 'happy' | 'sad' | 'surprised' | 'angry' | 'disgusted' | 'fearful'

/** The fifteen OpenXR visemes. */
export type Viseme =
  | 'sil'
  | 'PP'
  | 'FF'
  | 'TH'
  | 'DD'
  | 'kk'
  | 'CH'
  | 'SS'
  | 'nn'
  | 'RR'
  | 'aa'
  | 'E'
  | 'ih'
  | 'oh'
  | 'ou'

export type CommandName =
  | 'switch'
  | 'new_conversation'
  | 'repeat'
  | 'stop'
  | 'slower'
  | 'faster'
  | 'louder'
  | 'softer'
  | 'text_only'
  | 'voice_on'
  | 'help'

/** Samples per second of recorded speech: mono, signed 16 bit, little endian. */
export const MICROPHONE_RATE = 16000

/** Samples per second by which spoken replies are counted. */
export const SPEECH_RATE = 48000

/** From this sample on the mouth takes this shape. */
export type VisemeMark = readonly [
  /** At 48 kHz, from the start of the speech. */
  sample: number,
  viseme: Viseme,
  /** How strongly it is pronounced, 0 to 1. */
  weight: number,
]

/** A word of a transcript, and when it was said. */
export interface Word {
  readonly text: string
  /** Seconds from the start of the utterance's audio. */
  readonly start: number
  readonly end: number
  readonly confidence: number
}

/** A person and a character have a thread from here on. */
export interface ConversationOpened {
  readonly type: 'conversation.opened'
  readonly person: PersonId
  readonly character: CharacterId
  readonly language: string
}

/** The thread has a name that a person can find it by. */
export interface ConversationTitled {
  readonly type: 'conversation.titled'
  readonly title: string
}

/** The person talks to this character from here on. */
export interface CharacterChosen {
  readonly type: 'conversation.character_chosen'
  readonly character: CharacterId
}

/** The person put the thread away; it stays on record. */
export interface ConversationClosed {
  readonly type: 'conversation.closed'
}

/** The person gave a photo, of which a character is to be made. */
export interface FaceRequested {
  readonly type: 'face.requested'
  readonly character: CharacterId
  /** Name of the asset that the photo is, until the face is made or refused. */
  readonly photo: string
  /** What the face will be called: the hash of the photo. */
  readonly look: string
  /** Whom the character is shown to. */
  readonly owner: PersonId
  readonly name: string
  readonly tagline: string
  readonly personality: string
  readonly greeting: string
  readonly voice: string
  readonly language: string
}

/** The character is on record, and its face has been drawn. */
export interface FaceMade {
  readonly type: 'face.made'
  readonly character: CharacterId
}

/** No face can be made of the photo. */
export interface FaceRefused {
  readonly type: 'face.refused'
  readonly character: CharacterId
  readonly code: string
  /** Why, in words for the person. */
  readonly detail: string
}

/** A browser tab is connected with audio and video. */
export interface SessionOpened {
  readonly type: 'session.opened'
  readonly session: SessionId
}

/** The live connection is over. */
export interface SessionClosed {
  readonly type: 'session.closed'
  readonly session: SessionId
  readonly reason: 'left' | 'lost' | 'shutdown' | 'failed'
}

/** A person began to speak; the audio is on `audio.<conversation>.in.<utterance>`. */
export interface UtteranceStarted {
  readonly type: 'utterance.started'
  readonly utterance: UtteranceId
  readonly session: SessionId
  /** BCP-47 tag; "und" where it is to be found out. */
  readonly language: string
  /** Somebody else's words, passed on: no command is taken from them. */
  readonly forwarded: boolean
}

/** The phrase is over. */
export interface UtteranceEnded {
  readonly type: 'utterance.ended'
  readonly utterance: UtteranceId
  /** Recorded, at 16 kHz, pre-roll and trailing silence included. */
  readonly samples: number
  /** Sample after which nothing was spoken any more. */
  readonly speech_ended: number
  readonly reason: 'silence' | 'too_long' | 'muted' | 'session_closed'
}

/** It was no speech after all, or no word could be made out. */
export interface UtteranceDiscarded {
  readonly type: 'utterance.discarded'
  readonly utterance: UtteranceId
  readonly reason: 'too_short' | 'no_words' | 'lost'
}

/** The person wrote something. */
export interface MessageReceived {
  readonly type: 'message.received'
  readonly message: Id
  readonly text: string
  readonly channel: string
  /** Somebody else's words, passed on: no command is taken from them. */
  readonly forwarded: boolean
}

/** The words of an utterance are known and will not change. */
export interface TranscriptFinal {
  readonly type: 'transcript.final'
  readonly utterance: UtteranceId
  readonly text: string
  /** BCP-47 tag, e.g. "en". */
  readonly language: string
  /** Mean word probability, 0 to 1. */
  readonly confidence: number
  readonly words: readonly Word[]
  readonly engine: string
  /** Somebody else's words, passed on: no command is taken from them. */
  readonly forwarded: boolean
}

/** The person told the system to do something, and it is done. */
export interface CommandRecognised {
  readonly type: 'command.recognised'
  readonly name: CommandName
  /** Of a switch: the character, and the name as it was said. */
  readonly arguments: readonly string[]
}

/** The person told the system to do something that cannot be done. */
export interface CommandRefused {
  readonly type: 'command.refused'
  readonly name: CommandName
  readonly code: 'unknown_character' | 'already_there' | 'limit_reached' | 'nothing_to_repeat'
  readonly detail: string
}

/** The character begins to answer. */
export interface ReplyStarted {
  readonly type: 'reply.started'
  readonly reply: ReplyId
  readonly character: CharacterId
  readonly engine: string
}

/** One sentence of the answer; it is spoken as one speech. */
export interface ReplySentence {
  readonly type: 'reply.sentence'
  readonly reply: ReplyId
  readonly index: number
  readonly text: string
  readonly character: CharacterId
  readonly language: string
  readonly emotion: Emotion
  /** Of the sentence before it in this reply, so that the face does not fall back between two. */
  readonly emotion_before: Emotion
  /** Factor on the speed of the character's voice that the person asked for. */
  readonly pace: number
  /** Factor on its loudness that the person asked for, 0 to 1. */
  readonly volume: number
  /** False: it is to be read only. */
  readonly spoken: boolean
}

/** The answer is complete as text. */
export interface ReplyEnded {
  readonly type: 'reply.ended'
  readonly reply: ReplyId
  readonly sentences: number
}

/** The person cut the answer short. Work on it stops in every service. */
export interface ReplyInterrupted {
  readonly type: 'reply.interrupted'
  readonly reply: ReplyId
  /** The part of the text that had been played. */
  readonly heard: string
  readonly by: 'speech' | 'button' | 'message'
}

/** There is no answer, or it broke off; the person is told. */
export interface ReplyFailed {
  readonly type: 'reply.failed'
  readonly reply: ReplyId
  readonly code: string
  readonly detail: string
}

/** A sentence is being spoken; the audio is on `audio.<conversation>.out.<speech>`. */
export interface SpeechStarted {
  readonly type: 'speech.started'
  readonly speech: SpeechId
  readonly reply: ReplyId
  /** Of the sentence in its reply. */
  readonly index: number
  readonly character: CharacterId
  readonly voice: string
  readonly engine: string
  readonly emotion: Emotion
  readonly emotion_before: Emotion
}

/** The sentence is spoken to its end. */
export interface SpeechEnded {
  readonly type: 'speech.ended'
  readonly speech: SpeechId
  readonly reply: ReplyId
  readonly index: number
  /** At 48 kHz. */
  readonly samples: number
  readonly visemes: readonly VisemeMark[]
}

/** The sentence stays text. */
export interface SpeechFailed {
  readonly type: 'speech.failed'
  readonly speech: SpeechId
  readonly reply: ReplyId
  readonly index: number
  readonly code: string
  readonly detail: string
}

/** The face begins to move to a speech; the pictures are on `frames.<conversation>.<speech>`. */
export interface FramesStarted {
  readonly type: 'frames.started'
  readonly speech: SpeechId
  readonly character: CharacterId
  readonly engine: string
  readonly width: number
  readonly height: number
  readonly fps: number
  /** Frame of the idle loop that the first frame takes over from. */
  readonly phase: number
}

/** All pictures of a speech are made. */
export interface FramesEnded {
  readonly type: 'frames.ended'
  readonly speech: SpeechId
  readonly frames: number
}

/** The voice goes on without a moving face. */
export interface FramesFailed {
  readonly type: 'frames.failed'
  readonly speech: SpeechId
  readonly code: string
  readonly detail: string
}

/** The first audible packet of a speech left for the person. */
export interface PlaybackStarted {
  readonly type: 'playback.started'
  readonly session: SessionId
  readonly speech: SpeechId
  readonly reply: ReplyId
  readonly index: number
  /** Whether the first frame left with it. */
  readonly video: boolean
}

/** So much of a speech has been played, once a second. */
export interface PlaybackProgress {
  readonly type: 'playback.progress'
  readonly session: SessionId
  readonly speech: SpeechId
  readonly reply: ReplyId
  readonly index: number
  readonly samples: number
}

/** Nothing more of this speech will be played in this session. */
export interface PlaybackFinished {
  readonly type: 'playback.finished'
  readonly session: SessionId
  readonly speech: SpeechId
  readonly reply: ReplyId
  readonly index: number
  readonly samples: number
  readonly complete: boolean
  /** Pictures sent with it. */
  readonly frames: number
}

/** A worker took a piece of work over from one that did not finish it; what that one publishes late is refused. */
export interface StepRepeated {
  readonly type: 'service.step_repeated'
  readonly service: string
  /** The fact that is worked on. */
  readonly event: EventId
}

/** A service gave up on one piece of work. */
export interface StepFailed {
  readonly type: 'service.step_failed'
  readonly service: string
  readonly code: string
  readonly retryable: boolean
  readonly detail: string
}

export type Fact =
  | ConversationOpened
  | ConversationTitled
  | CharacterChosen
  | ConversationClosed
  | FaceRequested
  | FaceMade
  | FaceRefused
  | SessionOpened
  | SessionClosed
  | UtteranceStarted
  | UtteranceEnded
  | UtteranceDiscarded
  | MessageReceived
  | TranscriptFinal
  | CommandRecognised
  | CommandRefused
  | ReplyStarted
  | ReplySentence
  | ReplyEnded
  | ReplyInterrupted
  | ReplyFailed
  | SpeechStarted
  | SpeechEnded
  | SpeechFailed
  | FramesStarted
  | FramesEnded
  | FramesFailed
  | PlaybackStarted
  | PlaybackProgress
  | PlaybackFinished
  | StepRepeated
  | StepFailed

/** A fact on record in a conversation. */
export interface Event {
  /** UUIDv5 of cause and position where something led here; the message id on the bus. */
  readonly id: EventId
  /** Microseconds since 1970, UTC. */
  readonly at: number
  readonly conversation: ConversationId
  readonly turn: TurnId | null
  /** The event that led here; none for a person's act. */
  readonly cause: EventId | null
  readonly body: Fact
}

/** What has been understood of an utterance so far; its end may still change. */
export interface TranscriptPartial {
  readonly type: 'transcript_partial'
  readonly utterance: UtteranceId
  readonly text: string
}

/**
 * The person has fallen silent for a moment, and what has been understood may be all. An answer to it may be made
 * ready, but is shown only when the final transcript says the same.
 */
export interface TranscriptStable {
  readonly type: 'transcript_stable'
  readonly utterance: UtteranceId
  readonly turn: TurnId
  readonly text: string
  readonly language: string
  /** Counts from 1 in the utterance: the newer one replaces what was begun for the older one. */
  readonly generation: number
}

/** Some session of this conversation can see pictures; repeated every two seconds. */
export interface Watching {
  readonly type: 'watching'
  readonly session: SessionId
}

export type Live = TranscriptPartial | TranscriptStable | Watching

/** Something that goes on in a conversation now. */
export interface LiveEvent {
  readonly at: number
  readonly conversation: ConversationId
  readonly body: Live
}
