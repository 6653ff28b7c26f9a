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

/** Exact in JSON for every reader, a browser too, and small enough for every database and file format. */
export type Integer = number

/** How many of something there are. */
export type Count = number

/** Since 1970, UTC, up to the year 2255: each is a date for every reader. */
export type Microseconds = number

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

/** How a recording was sent: spoken into the channel's own recorder, as a file, or as a round video. */
export type RecordingKind = 'voice' | 'audio' | 'video_note'

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

export type SessionCloseReason = 'left' | 'lost' | 'shutdown' | 'failed' | 'replaced'

export type UtteranceEndReason = 'silence' | 'too_long' | 'muted' | 'session_closed' | 'recording'

export type InterruptionSource = 'speech' | 'button' | 'message'

/** Samples per second of recorded speech: mono, signed 16 bit, little endian. */
export const MICROPHONE_RATE = 16000

/** Samples per second of spoken replies. */
export const SPEECH_RATE = 48000

/** The mouth takes this shape from this sample on. */
export type VisemeMark = readonly [
  /** At 48 kHz, from the start of the speech. */
  sample: Integer,
  viseme: Viseme,
  /** How strongly it is pronounced, 0 to 1. */
  weight: number,
]

/** A word of a transcript, with its time. */
export interface Word {
  readonly text: string
  /** Seconds from the start of the utterance's audio. */
  readonly start: number
  readonly end: number
  readonly confidence: number
}

/** Where a message came in that was not spoken or written in the page, and where its answer goes. */
export interface Origin {
  /** telegram, whatsapp, folder … */
  readonly channel: string
  /** The channel's id of our own account, such as a bot. */
  readonly account: string
  /** Where the answer goes. */
  readonly chat: string
  readonly sender: string
  /** The channel's id of the message. */
  readonly message: string
}

/** A partial transcript that endpointing was told. */
export type PartialTold = readonly [
  /** Windows of the trace that had been heard. */
  window: Integer,
  /** Characters of the partial before it that stayed; 0 in the first. */
  kept: Integer,
  /** What follows them. */
  text: string,
]

/** A silence that the turn end detector was asked to judge. */
export type TurnEndJudged = readonly [
  /** Windows of the trace that had been heard. */
  asked: Integer,
  /** The same, when its answer came; -1: it did not come in time. */
  told: Integer,
  /** That the turn is over. */
  probability: number,
]

/**
 * All that endpointing was told of an utterance, from which its decisions can be made again, and what it decided.
 *
 * Positions count from the first window, which lies before the onset.
 */
export interface EndpointingTrace {
  /** What makes it certain that somebody speaks: "sure" or "steady". */
  readonly onset_rule: string
  /** By which partial transcripts are judged, BCP-47. */
  readonly language: string
  /** Samples in a window, at 16 kHz. */
  readonly window: Integer
  /** The setting. */
  readonly silence_ms: Integer
  /** Base64: a byte for each window, the probability of speech in steps of 1/200, rounded down; 255: an echo. */
  readonly speech: string
  /** Base64: two bytes, little endian, for each window up to the onset: the root mean square, 0 to 65535. */
  readonly loudness: string
  /** Windows until it was certain that somebody speaks. */
  readonly onset: Integer
  /** Samples of the recording until then. */
  readonly lead: Integer
  /** Sample before which the sound belongs to the utterance before; not positive. */
  readonly free_from: Integer
  /** Sample at which the speech of the utterance before ended; None: that did not end by silence, or there is none. */
  readonly last_speech: Integer | null
  readonly ends: number
  /** The speaker's habit: weights of phrases that ended and of silences in them. */
  readonly pauses: number
  readonly partials: readonly PartialTold[]
  readonly judgements: readonly TurnEndJudged[]
  /** Decided: windows after which the partial transcript was taken for one that may be complete. */
  readonly stable: readonly Integer[]
}

export type PlayoutInputKind =
  | 'speech'
  | 'audio'
  | 'last_audio'
  | 'frames'
  | 'no_audio'
  | 'no_frames'
  | 'idle_loop'
  | 'utterance'
  | 'partial'
  | 'final'
  | 'resume'
  | 'interrupt'
  | 'stop'
  | 'hold'
  | 'heard_twice'

/** Something that the play-out of a session was told. */
export type PlayoutInput = readonly [
  /** Ticks of 20 ms that had been played. */
  tick: Integer,
  kind: PlayoutInputKind,
  /** Number of the speech, the reply or the utterance among the names of the session's traces; -1: none. */
  name: Integer,
  /**
   * Packets or frames; decided of a speech and an utterance: 1, where the voice paused; of a partial and a final
   * transcript and of what was heard twice: 0 wait, 1 interrupt, 2 resume; of a hold: 1, where it begins.
   */
  count: Integer,
  /** Of the first packet or frame. */
  position: Integer,
]

/**
 * All that the play-out of a session was told since the playback fact before, from which its decisions can be made
 * again.
 */
export interface PlayoutTrace {
  /** Traces of the session before this one. */
  readonly number: Integer
  /** Ticks that had been played when this fact came about. */
  readonly tick: Integer
  /** New ones, numbered after those before. */
  readonly names: readonly string[]
  readonly inputs: readonly PlayoutInput[]
}

/** A person opened a conversation with a character. */
export interface ConversationOpened {
  readonly type: 'conversation.opened'
  readonly person: PersonId
  readonly character: CharacterId
  readonly language: string
  /**
   * Tells networks apart, among which work is shared out: 8 bits of a keyed hash of the address that the person had,
   * as two hexadecimal digits; one in 256 addresses has the same. Empty: not known.
   */
  readonly network: string
}

/** The conversation got a title that a person can find it by. */
export interface ConversationTitled {
  readonly type: 'conversation.titled'
  readonly title: string
}

/** The person talks to another character from here on. */
export interface CharacterChosen {
  readonly type: 'conversation.character_chosen'
  readonly character: CharacterId
}

/** The person closed the conversation; it stays on the log. */
export interface ConversationClosed {
  readonly type: 'conversation.closed'
}

/** All that is known of the conversation is to be removed from the log; nobody sees it from here on. */
export interface ConversationErasureRequested {
  readonly type: 'conversation.erasure_requested'
  /** age: it is older than conversations are kept. */
  readonly by: 'person' | 'operator' | 'age'
}

/** What is, or is about to be, removed of the conversation: the receipts, and with the request all that is left. */
export interface ConversationErased {
  readonly type: 'conversation.erased'
  /** Messages by stream. Of the facts it is on record before they are removed, so that they are not missed as lost. */
  readonly removed: Readonly<Record<string, Count>>
  /** Sequence of the newest fact among them; 0: there is none. */
  readonly up_to: Integer
  /** Whether everything that was there is removed. */
  readonly complete: boolean
}

/**
 * The conversation is a copy of one that took place elsewhere or earlier; the first of its facts. No service works
 * on the facts of a copy (`bus.log.headers`).
 */
export interface ConversationCopied {
  readonly type: 'conversation.copied'
  /** The conversation that it is a copy of; its own id, where it was only moved. */
  readonly source: ConversationId
  readonly how: 'imported' | 'rerun'
  /** Of a rerun: the engine of each service that worked anew. */
  readonly engines: Readonly<Record<string, string>>
  /** Whether the words were made unreadable. */
  readonly redacted: boolean
}

/** The person gave a photo from which a character is to be made. */
export interface FaceRequested {
  readonly type: 'face.requested'
  readonly character: CharacterId
  /** Name of the photo's asset, which is removed once the face is made or refused. */
  readonly photo: string
  /** Name of the face: the hash of the photo. */
  readonly look: string
  /** The only person who will see the character. */
  readonly owner: PersonId
  readonly name: string
  readonly tagline: string
  readonly personality: string
  readonly greeting: string
  readonly voice: string
  readonly language: string
}

/** The character has been created, and its face drawn. */
export interface FaceMade {
  readonly type: 'face.made'
  readonly character: CharacterId
  /** What will look wrong about it, in words for the person, such as dark glasses; empty if nothing was seen. */
  readonly warning: string
}

/** No face can be made from the photo. */
export interface FaceRefused {
  readonly type: 'face.refused'
  readonly character: CharacterId
  readonly code: string
  /** Why, in words for the person. */
  readonly detail: string
}

/** A browser tab has connected with audio and video. */
export interface SessionOpened {
  readonly type: 'session.opened'
  readonly session: SessionId
}

/** The live connection is over. */
export interface SessionClosed {
  readonly type: 'session.closed'
  readonly session: SessionId
  readonly reason: SessionCloseReason
}

/** A person began to speak; the audio is on `audio.<conversation>.in.<utterance>`. */
export interface UtteranceStarted {
  readonly type: 'utterance.started'
  readonly utterance: UtteranceId
  /** None: it is a recording that came through a channel. */
  readonly session: SessionId | null
  /** BCP-47 tag; "und": to be detected. */
  readonly language: string
  /** The words are another person's, passed on: no command is recognised in them. */
  readonly forwarded: boolean
}

/** The person finished a phrase. */
export interface UtteranceEnded {
  readonly type: 'utterance.ended'
  readonly utterance: UtteranceId
  /** Recorded samples at 16 kHz, pre-roll and trailing silence included. */
  readonly samples: Count
  /** Sample at which the speech ended. */
  readonly speech_ended: Integer
  readonly reason: UtteranceEndReason
  /** None: a recording, or heard by an older version. */
  readonly trace: EndpointingTrace | null
}

/** The utterance was no speech, or no word of it was understood, or it is answered as another one. */
export interface UtteranceDiscarded {
  readonly type: 'utterance.discarded'
  readonly utterance: UtteranceId
  /** heard_twice: the microphone of another session heard the same voice, and began first. */
  readonly reason: 'too_short' | 'no_words' | 'lost' | 'unreadable' | 'too_long' | 'heard_twice'
  /** Why, in words for the person, where they can do something about it. */
  readonly detail: string
  /** Of one that was heard twice: the utterance that is answered. */
  readonly same_as: UtteranceId | null
}

/** The person wrote a message. */
export interface MessageReceived {
  readonly type: 'message.received'
  readonly message: Id
  readonly text: string
  readonly channel: string
  /** Where it came in, if not in the page. */
  readonly origin: Origin | null
  /** The words are another person's, passed on: no command is recognised in them. */
  readonly forwarded: boolean
}

/** The person sent a recording through a channel. It becomes an utterance of that id. */
export interface VoiceNoteReceived {
  readonly type: 'channel.voice_note_received'
  readonly utterance: UtteranceId
  readonly origin: Origin
  /** The channel's id of the file. */
  readonly media: string
  readonly kind: RecordingKind
  /** As the channel tells it, 0 for unknown; it is not to be trusted. */
  readonly bytes: Integer
  /** The words are another person's, passed on: no command is recognised in them. */
  readonly forwarded: boolean
}

/** The final transcript of an utterance. */
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
  /** The words are another person's, passed on: no command is recognised in them. */
  readonly forwarded: boolean
}

/**
 * A person listened to an utterance and wrote down what was really said. Changes nothing in the conversation:
 * recognisers are measured against it.
 */
export interface TranscriptCorrected {
  readonly type: 'transcript.corrected'
  readonly utterance: UtteranceId
  /** Empty: nothing was said. */
  readonly text: string
}

/** The person gave a command, and it was carried out. */
export interface CommandRecognised {
  readonly type: 'command.recognised'
  readonly name: CommandName
  /** Of `switch`: the character, and its name as it was said. */
  readonly arguments: readonly string[]
}

/** The person gave a command that cannot be carried out. */
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
  /** The engine that is asked; where another one answers in its place, `reply.ended` names that. */
  readonly engine: string
  /** BCP-47 tag of the person's words, which is the language in use from here on; empty: it is as before. */
  readonly language: string
  /**
   * Digest of what the engine was given of the conversation before (`projections.history_digest`); empty: nothing was
   * given, or an older version wrote it.
   */
  readonly history: string
}

/** One sentence of the answer, spoken as one speech; or a block of it that is only shown, such as code. */
export interface ReplySentence {
  readonly type: 'reply.sentence'
  readonly reply: ReplyId
  readonly index: Integer
  readonly text: string
  readonly character: CharacterId
  readonly language: string
  readonly emotion: Emotion
  /** Emotion of the previous sentence of this reply, so that the face does not turn neutral between two. */
  readonly emotion_before: Emotion
  /** The person's factor on the speed of the voice. */
  readonly pace: number
  /** The person's factor on the loudness of the voice, 0 to 1. */
  readonly volume: number
  /** False: the sentence is shown as text only. */
  readonly spoken: boolean
  /**
   * The words for the voice, plain, with all their signs, where they differ from `text`, which is Markdown; empty: a
   * block that is only shown, such as code; None: `text` is plain.
   */
  readonly spoken_text: string | null
  /** White space between the sentence before and this one: the texts, joined with it, are the whole reply. */
  readonly space_before: string
  /** True: the sentence says that the reply has failed; it is no part of the answer. */
  readonly notice: boolean
}

/** The language model asks for a tool, and the tool is called. Never called again for the same fact. */
export interface ToolCalled {
  readonly type: 'reply.tool_called'
  readonly reply: ReplyId
  /** Its number in the reply, such as call00001. */
  readonly call: string
  readonly name: string
  /** A JSON object. */
  readonly arguments: string
}

/** What a tool returned, or why it did not. */
export interface ToolReturned {
  readonly type: 'reply.tool_returned'
  readonly reply: ReplyId
  readonly call: string
  /** For the language model, in words or JSON. */
  readonly result: string
  readonly failed: boolean
}

/** The text of the answer is complete. */
export interface ReplyEnded {
  readonly type: 'reply.ended'
  readonly reply: ReplyId
  readonly sentences: Integer
  /**
   * What wrote the answer, with its endpoint, where the engine in `reply.started` asks one of several, or another one
   * answered in its place.
   */
  readonly engine: string
  /** Tokens that the language model read for it, in all its requests, as the endpoint counts them; 0: not told. */
  readonly prompt_tokens: Integer
  /** Tokens that it wrote; 0: not told. */
  readonly reply_tokens: Integer
}

/** The person interrupted the answer. Every service stops its work on it. */
export interface ReplyInterrupted {
  readonly type: 'reply.interrupted'
  readonly reply: ReplyId
  /** The part of the text that was played. */
  readonly heard: string
  readonly by: InterruptionSource
}

/**
 * The words get no answer of their own: the person said something else before it began, and the answer to that is
 * given to both.
 */
export interface ReplyMerged {
  readonly type: 'reply.merged'
  /** The one that it would have been. */
  readonly reply: ReplyId
  /** The turn of the newest words by then. */
  readonly into: TurnId
}

/** There is no answer, or it broke off; the page shows that. */
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
  /** Index of the sentence in its reply. */
  readonly index: Integer
  readonly character: CharacterId
  readonly voice: string
  readonly engine: string
  readonly emotion: Emotion
  readonly emotion_before: Emotion
}

/** The audio of the sentence is complete. */
export interface SpeechEnded {
  readonly type: 'speech.ended'
  readonly speech: SpeechId
  readonly reply: ReplyId
  readonly index: Integer
  /** Length at 48 kHz. */
  readonly samples: Count
  readonly visemes: readonly VisemeMark[]
  /** False: it ends before its words do, where a worker left off whose voice nobody could go on in. */
  readonly complete: boolean
  /** What spoke it, where that is not the voice in `speech.started`, whose worker died before its first sound. */
  readonly voice: string
}

/** The sentence could not be spoken; it is shown as text only. */
export interface SpeechFailed {
  readonly type: 'speech.failed'
  readonly speech: SpeechId
  readonly reply: ReplyId
  readonly index: Integer
  readonly code: string
  readonly detail: string
}

/** The video of a speech has begun; its frames are on `frames.<conversation>.<speech>`. */
export interface FramesStarted {
  readonly type: 'frames.started'
  readonly speech: SpeechId
  readonly character: CharacterId
  readonly engine: string
  readonly width: Integer
  readonly height: Integer
  readonly fps: Integer
  /** Frame of the idle loop after which the first frame follows. */
  readonly phase: Integer
  /** Version of the movement: of another one, the same sound gives other poses. Empty in older logs. */
  readonly movement: string
}

/** The video of a speech is complete. */
export interface FramesEnded {
  readonly type: 'frames.ended'
  readonly speech: SpeechId
  readonly frames: Integer
}

/** The video of a speech failed; the voice goes on without it. */
export interface FramesFailed {
  readonly type: 'frames.failed'
  readonly speech: SpeechId
  readonly code: string
  readonly detail: string
}

/** The gateway sent the first audible packet of a speech. */
export interface PlaybackStarted {
  readonly type: 'playback.started'
  readonly session: SessionId
  readonly speech: SpeechId
  readonly reply: ReplyId
  readonly index: Integer
  /** Whether the first video frame was sent with it. */
  readonly video: boolean
  readonly trace: PlayoutTrace | null
}

/** How much of a speech has been played; once a second. Told once so much has arrived at the browser. */
export interface PlaybackProgress {
  readonly type: 'playback.progress'
  readonly session: SessionId
  readonly speech: SpeechId
  readonly reply: ReplyId
  readonly index: Integer
  readonly samples: Count
  readonly trace: PlayoutTrace | null
}

/**
 * The playback of a speech ended in this session. Told once that has arrived at the browser; where the browser was
 * lost, `samples` are those that arrived.
 */
export interface PlaybackFinished {
  readonly type: 'playback.finished'
  readonly session: SessionId
  readonly speech: SpeechId
  readonly reply: ReplyId
  readonly index: Integer
  readonly samples: Count
  readonly complete: boolean
  /** Video frames sent with it. */
  readonly frames: Integer
  readonly trace: PlayoutTrace | null
}

/** A worker took over a work item that another worker did not finish; late outputs of that worker are refused. */
export interface StepRepeated {
  readonly type: 'service.step_repeated'
  readonly service: string
  /** The event that the service handles. */
  readonly event: EventId
}

/** A service gave up on one work item. */
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
  | ConversationCopied
  | ConversationErasureRequested
  | ConversationErased
  | FaceRequested
  | FaceMade
  | FaceRefused
  | SessionOpened
  | SessionClosed
  | UtteranceStarted
  | UtteranceEnded
  | UtteranceDiscarded
  | MessageReceived
  | VoiceNoteReceived
  | TranscriptFinal
  | TranscriptCorrected
  | CommandRecognised
  | CommandRefused
  | ReplyStarted
  | ReplySentence
  | ToolCalled
  | ToolReturned
  | ReplyEnded
  | ReplyInterrupted
  | ReplyMerged
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

/** A fact of a conversation. */
export interface Event {
  /** UUIDv5 of cause and position, or random for a person's act; also the NATS message id. */
  readonly id: EventId
  /** Microseconds since 1970, UTC. */
  readonly at: Microseconds
  readonly conversation: ConversationId
  readonly turn: TurnId | null
  /** The event that caused this one; None for a person's act. */
  readonly cause: EventId | null
  readonly body: Fact
}

/** The transcript of an utterance so far; its end may still change. */
export interface TranscriptPartial {
  readonly type: 'transcript_partial'
  readonly utterance: UtteranceId
  readonly text: string
}

/**
 * The transcript at a pause that may be the end of the utterance. The answer may be prepared, but is shown only if
 * the final transcript is the same.
 */
export interface TranscriptStable {
  readonly type: 'transcript_stable'
  readonly utterance: UtteranceId
  readonly turn: TurnId
  readonly text: string
  readonly language: string
  /** Counts from 1 in the utterance; an answer prepared for an older one is discarded. */
  readonly generation: Integer
}

/** A session of this conversation shows video; repeated every two seconds. */
export interface Watching {
  readonly type: 'watching'
  readonly session: SessionId
}

export type Live = TranscriptPartial | TranscriptStable | Watching

/** A live event of a conversation. */
export interface LiveEvent {
  readonly at: Microseconds
  readonly conversation: ConversationId
  readonly body: Live
}
