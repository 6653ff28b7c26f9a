"""The vocabulary of the log: facts, live events, media and dead letters.

Imports the standard library and msgspec only. Facts are named in the past tense and stored as JSON, media as msgpack.
Old logs must stay readable: a new field gets a default, a new meaning gets a new tag, and a tag is never reused.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias, TypeVar

from msgspec import Meta, Struct

Id: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}\Z")]
"""Usable as one token of a NATS subject."""
ConversationId: TypeAlias = Id
TurnId: TypeAlias = Id
SessionId: TypeAlias = Id
PersonId: TypeAlias = Id
CharacterId: TypeAlias = Id
UtteranceId: TypeAlias = Id
ReplyId: TypeAlias = Id
SpeechId: TypeAlias = Id
EventId: TypeAlias = Id

Integer: TypeAlias = Annotated[int, Meta(ge=-(1 << 53), le=1 << 53)]
"""Exact in JSON for every reader, a browser too, and small enough for every database and file format."""
Count: TypeAlias = Annotated[int, Meta(ge=0, le=1 << 53)]
"""How many of something there are."""
Microseconds: TypeAlias = Annotated[int, Meta(ge=0, le=1 << 53)]
"""Since 1970, UTC, up to the year 2255: each is a date for every reader."""

Emotion: TypeAlias = Literal["neutral", "happy", "sad", "surprised", "angry", "disgusted", "fearful"]
Viseme: TypeAlias = Literal["sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "ih", "oh", "ou"]
"""The fifteen OpenXR visemes."""

RecordingKind: TypeAlias = Literal["voice", "audio", "video_note"]
"""How a recording was sent: spoken into the channel's own recorder, as a file, or as a round video."""

CommandName: TypeAlias = Literal[
    "switch", "new_conversation", "repeat", "stop", "slower", "faster", "louder", "softer", "text_only", "voice_on",
    "help",
]  # fmt: skip

SessionCloseReason: TypeAlias = Literal["left", "lost", "shutdown", "failed", "replaced"]
UtteranceEndReason: TypeAlias = Literal["silence", "too_long", "muted", "session_closed", "recording"]
InterruptionSource: TypeAlias = Literal["speech", "button", "message"]

MICROPHONE_RATE = 16_000
"""Samples per second of recorded speech: mono, signed 16 bit, little endian."""
UNKNOWN_LANGUAGE = "und"
"""BCP-47 tag of a language that has to be detected."""
SPEECH_RATE = 48_000
"""Samples per second of spoken replies."""
OPUS_FRAME = 960
"""Samples in one Opus packet: 20 ms at 48 kHz."""
FRAMES_PER_SECOND = 25
"""Video of the avatar: one frame for two Opus packets."""
LARGEST_PHOTO = 32 << 20
"""The most bytes of a photo from which a face is made."""


class VisemeMark(Struct, frozen=True, gc=False, array_like=True):
    """The mouth takes this shape from this sample on."""

    sample: Integer
    """At 48 kHz, from the start of the speech."""
    viseme: Viseme
    weight: float = 1.0
    """How strongly it is pronounced, 0 to 1."""


class Word(Struct, frozen=True, kw_only=True):
    """A word of a transcript, with its time."""

    text: str
    start: float
    """Seconds from the start of the utterance's audio."""
    end: float
    confidence: float = 1.0


class Origin(Struct, frozen=True, kw_only=True):
    """Where a message came in that was not spoken or written in the page, and where its answer goes."""

    channel: str
    """telegram, whatsapp, folder …"""
    account: str
    """The channel's id of our own account, such as a bot."""
    chat: str
    """Where the answer goes."""
    sender: str
    message: str
    """The channel's id of the message."""


class PartialTold(Struct, frozen=True, gc=False, array_like=True):
    """A partial transcript that endpointing was told."""

    window: Integer
    """Windows of the trace that had been heard."""
    kept: Integer
    """Characters of the partial before it that stayed; 0 in the first."""
    text: str
    """What follows them."""


class TurnEndJudged(Struct, frozen=True, gc=False, array_like=True):
    """A silence that the turn end detector was asked to judge."""

    asked: Integer
    """Windows of the trace that had been heard."""
    told: Integer
    """The same, when its answer came; -1: it did not come in time."""
    probability: float = 0.0
    """That the turn is over."""


class EndpointingTrace(Struct, frozen=True, kw_only=True, gc=False):
    """All that endpointing was told of an utterance, from which its decisions can be made again, and what it decided.

    Positions count from the first window, which lies before the onset.
    """

    onset_rule: str
    """What makes it certain that somebody speaks: "sure" or "steady"."""
    language: str
    """By which partial transcripts are judged, BCP-47."""
    window: Integer
    """Samples in a window, at 16 kHz."""
    silence_ms: Integer
    """The setting."""
    speech: str
    """Base64: a byte for each window, the probability of speech in steps of 1/200, rounded down; 255: an echo."""
    loudness: str
    """Base64: two bytes, little endian, for each window up to the onset: the root mean square, 0 to 65535."""
    onset: Integer
    """Windows until it was certain that somebody speaks."""
    lead: Integer
    """Samples of the recording until then."""
    free_from: Integer
    """Sample before which the sound belongs to the utterance before; not positive."""
    last_speech: Integer | None
    """Sample at which the speech of the utterance before ended; None: that did not end by silence, or there is none."""
    ends: float = 1.0
    pauses: float = 1.0
    """The speaker's habit: weights of phrases that ended and of silences in them."""
    partials: tuple[PartialTold, ...] = ()
    judgements: tuple[TurnEndJudged, ...] = ()
    stable: tuple[Integer, ...] = ()
    """Decided: windows after which the partial transcript was taken for one that may be complete."""


PlayoutInputKind: TypeAlias = Literal[
    "speech", "audio", "last_audio", "frames", "no_audio", "no_frames", "idle_loop", "utterance", "partial", "final",
    "resume", "interrupt", "stop", "hold", "heard_twice",
]  # fmt: skip


class PlayoutInput(Struct, frozen=True, gc=False, array_like=True):
    """Something that the play-out of a session was told."""

    tick: Integer
    """Ticks of 20 ms that had been played."""
    kind: PlayoutInputKind
    name: Integer
    """Number of the speech, the reply or the utterance among the names of the session's traces; -1: none."""
    count: Integer = 0
    """Packets or frames; decided of a speech and an utterance: 1, where the voice paused; of a partial and a final
    transcript and of what was heard twice: 0 wait, 1 interrupt, 2 resume; of a hold: 1, where it begins."""
    position: Integer = 0
    """Of the first packet or frame."""


class PlayoutTrace(Struct, frozen=True, kw_only=True, gc=False):
    """All that the play-out of a session was told since the playback fact before, from which its decisions can be made
    again."""

    number: Integer
    """Traces of the session before this one."""
    tick: Integer
    """Ticks that had been played when this fact came about."""
    names: tuple[str, ...] = ()
    """New ones, numbered after those before."""
    inputs: tuple[PlayoutInput, ...] = ()


class Body(Struct, frozen=True, kw_only=True, gc=False, tag_field="type"):
    """The content of a fact. The first part of its tag is the domain, the second the fact."""


# conversation


class ConversationOpened(Body, frozen=True, kw_only=True, tag="conversation.opened"):
    """A person opened a conversation with a character."""

    person: PersonId
    character: CharacterId
    language: str = "en"
    network: str = ""
    """Tells networks apart, among which work is shared out: 8 bits of a keyed hash of the address that the person had,
    as two hexadecimal digits; one in 256 addresses has the same. Empty: not known."""


class ConversationTitled(Body, frozen=True, kw_only=True, tag="conversation.titled"):
    """The conversation got a title that a person can find it by."""

    title: str


class CharacterChosen(Body, frozen=True, kw_only=True, tag="conversation.character_chosen"):
    """The person talks to another character from here on."""

    character: CharacterId


# No service produces it today, but logs of released versions may hold it, so it has to stay decodable.
class ConversationClosed(Body, frozen=True, kw_only=True, tag="conversation.closed"):
    """The person closed the conversation; it stays on the log."""


class ConversationErasureRequested(Body, frozen=True, kw_only=True, tag="conversation.erasure_requested"):
    """All that is known of the conversation is to be removed from the log; nobody sees it from here on."""

    by: Literal["person", "operator", "age"]
    """age: it is older than conversations are kept."""


class ConversationErased(Body, frozen=True, kw_only=True, tag="conversation.erased"):
    """What is, or is about to be, removed of the conversation: the receipts, and with the request all that is left."""

    removed: dict[str, Count]
    """Messages by stream. Of the facts it is on record before they are removed, so that they are not missed as lost."""
    up_to: Integer = 0
    """Sequence of the newest fact among them; 0: there is none."""
    complete: bool = True
    """Whether everything that was there is removed."""


class ConversationCopied(Body, frozen=True, kw_only=True, tag="conversation.copied"):
    """The conversation is a copy of one that took place elsewhere or earlier; the first of its facts. No service works
    on the facts of a copy (`bus.log.headers`)."""

    source: ConversationId
    """The conversation that it is a copy of; its own id, where it was only moved."""
    how: Literal["imported", "rerun"]
    engines: dict[str, str] = {}
    """Of a rerun: the engine of each service that worked anew."""
    redacted: bool = False
    """Whether the words were made unreadable."""


# face: a person gives a photo, from which a character is made


class FaceRequested(Body, frozen=True, kw_only=True, tag="face.requested"):
    """The person gave a photo from which a character is to be made."""

    character: CharacterId
    photo: str
    """Name of the photo's asset, which is removed once the face is made or refused."""
    look: str
    """Name of the face: the hash of the photo."""
    owner: PersonId
    """The only person who will see the character."""
    name: str
    tagline: str
    personality: str
    greeting: str
    voice: str
    language: str


class FaceMade(Body, frozen=True, kw_only=True, tag="face.made"):
    """The character has been created, and its face drawn."""

    character: CharacterId
    warning: str = ""
    """What will look wrong about it, in words for the person, such as dark glasses; empty if nothing was seen."""


class FaceRefused(Body, frozen=True, kw_only=True, tag="face.refused"):
    """No face can be made from the photo."""

    character: CharacterId
    code: str
    detail: str
    """Why, in words for the person."""


# session


class SessionOpened(Body, frozen=True, kw_only=True, tag="session.opened"):
    """A browser tab has connected with audio and video."""

    session: SessionId


class SessionClosed(Body, frozen=True, kw_only=True, tag="session.closed"):
    """The live connection is over."""

    session: SessionId
    reason: SessionCloseReason


# utterance


class UtteranceStarted(Body, frozen=True, kw_only=True, tag="utterance.started"):
    """A person began to speak; the audio is on `audio.<conversation>.in.<utterance>`."""

    utterance: UtteranceId
    session: SessionId | None = None
    """None: it is a recording that came through a channel."""
    language: str = "en"
    """BCP-47 tag; "und": to be detected."""
    forwarded: bool = False
    """The words are another person's, passed on: no command is recognised in them."""


class UtteranceEnded(Body, frozen=True, kw_only=True, tag="utterance.ended"):
    """The person finished a phrase."""

    utterance: UtteranceId
    samples: Count
    """Recorded samples at 16 kHz, pre-roll and trailing silence included."""
    speech_ended: Integer
    """Sample at which the speech ended."""
    reason: UtteranceEndReason
    trace: EndpointingTrace | None = None
    """None: a recording, or heard by an older version."""


class UtteranceDiscarded(Body, frozen=True, kw_only=True, tag="utterance.discarded"):
    """The utterance was no speech, or no word of it was understood, or it is answered as another one."""

    utterance: UtteranceId
    reason: Literal["too_short", "no_words", "lost", "unreadable", "too_long", "heard_twice"]
    """heard_twice: the microphone of another session heard the same voice, and began first."""
    detail: str = ""
    """Why, in words for the person, where they can do something about it."""
    same_as: UtteranceId | None = None
    """Of one that was heard twice: the utterance that is answered."""


class MessageReceived(Body, frozen=True, kw_only=True, tag="message.received"):
    """The person wrote a message."""

    message: Id
    text: str
    channel: str = "web"
    origin: Origin | None = None
    """Where it came in, if not in the page."""
    forwarded: bool = False
    """The words are another person's, passed on: no command is recognised in them."""


# channel


class VoiceNoteReceived(Body, frozen=True, kw_only=True, tag="channel.voice_note_received"):
    """The person sent a recording through a channel. It becomes an utterance of that id."""

    utterance: UtteranceId
    origin: Origin
    media: str
    """The channel's id of the file."""
    kind: RecordingKind = "voice"
    bytes: Integer = 0
    """As the channel tells it, 0 for unknown; it is not to be trusted."""
    forwarded: bool = False
    """The words are another person's, passed on: no command is recognised in them."""


# transcript


class TranscriptFinal(Body, frozen=True, kw_only=True, tag="transcript.final"):
    """The final transcript of an utterance."""

    utterance: UtteranceId
    text: str
    language: str
    """BCP-47 tag, e.g. "en"."""
    confidence: float
    """Mean word probability, 0 to 1."""
    words: tuple[Word, ...] = ()
    engine: str = ""
    forwarded: bool = False
    """The words are another person's, passed on: no command is recognised in them."""


class TranscriptCorrected(Body, frozen=True, kw_only=True, tag="transcript.corrected"):
    """A person listened to an utterance and wrote down what was really said. Changes nothing in the conversation:
    recognisers are measured against it."""

    utterance: UtteranceId
    text: str
    """Empty: nothing was said."""


# command


class CommandRecognised(Body, frozen=True, kw_only=True, tag="command.recognised"):
    """The person gave a command, and it was carried out."""

    name: CommandName
    arguments: tuple[str, ...] = ()
    """Of `switch`: the character, and its name as it was said."""


class CommandRefused(Body, frozen=True, kw_only=True, tag="command.refused"):
    """The person gave a command that cannot be carried out."""

    name: CommandName
    code: Literal["unknown_character", "already_there", "limit_reached", "nothing_to_repeat"]
    detail: str


# reply


class ReplyStarted(Body, frozen=True, kw_only=True, tag="reply.started"):
    """The character begins to answer."""

    reply: ReplyId
    character: CharacterId
    engine: str
    """The engine that is asked; where another one answers in its place, `reply.ended` names that."""
    language: str = ""
    """BCP-47 tag of the person's words, which is the language in use from here on; empty: it is as before."""
    history: str = ""
    """Digest of what the engine was given of the conversation before (`projections.history_digest`); empty: nothing was
    given, or an older version wrote it."""


class ReplySentence(Body, frozen=True, kw_only=True, tag="reply.sentence"):
    """One sentence of the answer, spoken as one speech; or a block of it that is only shown, such as code."""

    reply: ReplyId
    index: Integer
    text: str
    character: CharacterId
    language: str = "en"
    emotion: Emotion = "neutral"
    emotion_before: Emotion = "neutral"
    """Emotion of the previous sentence of this reply, so that the face does not turn neutral between two."""
    pace: float = 1.0
    """The person's factor on the speed of the voice."""
    volume: float = 1.0
    """The person's factor on the loudness of the voice, 0 to 1."""
    spoken: bool = True
    """False: the sentence is shown as text only."""
    spoken_text: str | None = None
    """The words for the voice, plain, with all their signs, where they differ from `text`, which is Markdown; empty: a
    block that is only shown, such as code; None: `text` is plain."""
    space_before: str = " "
    """White space between the sentence before and this one: the texts, joined with it, are the whole reply."""
    notice: bool = False
    """True: the sentence says that the reply has failed; it is no part of the answer."""


class ToolCalled(Body, frozen=True, kw_only=True, tag="reply.tool_called"):
    """The language model asks for a tool, and the tool is called. Never called again for the same fact."""

    reply: ReplyId
    call: str
    """Its number in the reply, such as call00001."""
    name: str
    arguments: str
    """A JSON object."""


class ToolReturned(Body, frozen=True, kw_only=True, tag="reply.tool_returned"):
    """What a tool returned, or why it did not."""

    reply: ReplyId
    call: str
    result: str
    """For the language model, in words or JSON."""
    failed: bool = False


class ReplyEnded(Body, frozen=True, kw_only=True, tag="reply.ended"):
    """The text of the answer is complete."""

    reply: ReplyId
    sentences: Integer
    engine: str = ""
    """What wrote the answer, with its endpoint, where the engine in `reply.started` asks one of several, or another one
    answered in its place."""
    prompt_tokens: Integer = 0
    """Tokens that the language model read for it, in all its requests, as the endpoint counts them; 0: not told."""
    reply_tokens: Integer = 0
    """Tokens that it wrote; 0: not told."""


class ReplyInterrupted(Body, frozen=True, kw_only=True, tag="reply.interrupted"):
    """The person interrupted the answer. Every service stops its work on it."""

    reply: ReplyId
    heard: str
    """The part of the text that was played."""
    by: InterruptionSource


class ReplyMerged(Body, frozen=True, kw_only=True, tag="reply.merged"):
    """The words get no answer of their own: the person said something else before it began, and the answer to that is
    given to both."""

    reply: ReplyId
    """The one that it would have been."""
    into: TurnId
    """The turn of the newest words by then."""


class ReplyFailed(Body, frozen=True, kw_only=True, tag="reply.failed"):
    """There is no answer, or it broke off; the page shows that."""

    reply: ReplyId
    code: str
    detail: str


# speech


class SpeechStarted(Body, frozen=True, kw_only=True, tag="speech.started"):
    """A sentence is being spoken; the audio is on `audio.<conversation>.out.<speech>`."""

    speech: SpeechId
    reply: ReplyId
    index: Integer
    """Index of the sentence in its reply."""
    character: CharacterId
    voice: str
    engine: str
    emotion: Emotion = "neutral"
    emotion_before: Emotion = "neutral"


class SpeechEnded(Body, frozen=True, kw_only=True, tag="speech.ended"):
    """The audio of the sentence is complete."""

    speech: SpeechId
    reply: ReplyId
    index: Integer
    samples: Count
    """Length at 48 kHz."""
    visemes: tuple[VisemeMark, ...] = ()
    complete: bool = True
    """False: it ends before its words do, where a worker left off whose voice nobody could go on in."""
    voice: str = ""
    """What spoke it, where that is not the voice in `speech.started`, whose worker died before its first sound."""


class SpeechFailed(Body, frozen=True, kw_only=True, tag="speech.failed"):
    """The sentence could not be spoken; it is shown as text only."""

    speech: SpeechId
    reply: ReplyId
    index: Integer
    code: str
    detail: str


# frames


class FramesStarted(Body, frozen=True, kw_only=True, tag="frames.started"):
    """The video of a speech has begun; its frames are on `frames.<conversation>.<speech>`."""

    speech: SpeechId
    character: CharacterId
    engine: str
    width: Integer
    height: Integer
    fps: Integer
    phase: Integer
    """Frame of the idle loop after which the first frame follows."""
    movement: str = ""
    """Version of the movement: of another one, the same sound gives other poses. Empty in older logs."""


class FramesEnded(Body, frozen=True, kw_only=True, tag="frames.ended"):
    """The video of a speech is complete."""

    speech: SpeechId
    frames: Integer


class FramesFailed(Body, frozen=True, kw_only=True, tag="frames.failed"):
    """The video of a speech failed; the voice goes on without it."""

    speech: SpeechId
    code: str
    detail: str


# playback


class PlaybackStarted(Body, frozen=True, kw_only=True, tag="playback.started"):
    """The gateway sent the first audible packet of a speech."""

    session: SessionId
    speech: SpeechId
    reply: ReplyId
    index: Integer
    video: bool
    """Whether the first video frame was sent with it."""
    trace: PlayoutTrace | None = None


class PlaybackProgress(Body, frozen=True, kw_only=True, tag="playback.progress"):
    """How much of a speech has been played; once a second. Told once so much has arrived at the browser."""

    session: SessionId
    speech: SpeechId
    reply: ReplyId
    index: Integer
    samples: Count
    trace: PlayoutTrace | None = None


class PlaybackFinished(Body, frozen=True, kw_only=True, tag="playback.finished"):
    """The playback of a speech ended in this session. Told once that has arrived at the browser; where the browser was
    lost, `samples` are those that arrived."""

    session: SessionId
    speech: SpeechId
    reply: ReplyId
    index: Integer
    samples: Count
    complete: bool
    frames: Integer = 0
    """Video frames sent with it."""
    trace: PlayoutTrace | None = None


# service


class StepRepeated(Body, frozen=True, kw_only=True, tag="service.step_repeated"):
    """A worker took over a work item that another worker did not finish; late outputs of that worker are refused."""

    service: str
    event: EventId
    """The event that the service handles."""


class StepFailed(Body, frozen=True, kw_only=True, tag="service.step_failed"):
    """A service gave up on one work item."""

    service: str
    code: str
    retryable: bool
    detail: str


Fact: TypeAlias = (
    ConversationOpened
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
)


class Event(Struct, frozen=True, kw_only=True, gc=False):
    """A fact of a conversation."""

    id: EventId
    """UUIDv5 of cause and position, or random for a person's act; also the NATS message id."""
    at: Microseconds
    """Microseconds since 1970, UTC."""
    conversation: ConversationId
    turn: TurnId | None = None
    cause: EventId | None = None
    """The event that caused this one; None for a person's act."""
    body: Fact


# characters


class CharacterCreated(Body, frozen=True, kw_only=True, tag="character.created"):
    """A character that people can talk to. A later event for the same character replaces it."""

    name: str
    tagline: str
    personality: str
    """Prompt for the language model, in the second person."""
    greeting: str
    look: str
    """Name of the face: a look of the layered renderer, or of a photo."""
    voice: str
    """Preferred voice, e.g. "female" or "male"; each engine maps it to what it has."""
    voice_sample: str = ""
    """Name of a recording in the folder of voices, from which cloning engines take the voice; empty: the recording
    named like the character's id, if there is one."""
    pitch: float = 1.0
    pace: float = 1.0
    language: str = "en"
    accent: str = "#6366f1"
    """Colour of this character in the page."""
    owner: str = ""
    """The person who made the character and is the only one to see it; empty: all see it."""


class CharacterRemoved(Body, frozen=True, kw_only=True, tag="character.removed"):
    """The character no longer exists."""


CharacterFact: TypeAlias = CharacterCreated | CharacterRemoved


class CharacterEvent(Struct, frozen=True, kw_only=True):
    """A fact about a character."""

    id: EventId
    at: Microseconds
    character: CharacterId
    body: CharacterFact


# live: shown, but not kept


class LiveBody(Struct, frozen=True, kw_only=True, tag_field="type"):
    """The content of a live event; kept in memory for an hour."""


class TranscriptPartial(LiveBody, frozen=True, kw_only=True, tag="transcript_partial"):
    """The transcript of an utterance so far; its end may still change."""

    utterance: UtteranceId
    text: str


class TranscriptStable(LiveBody, frozen=True, kw_only=True, tag="transcript_stable"):
    """The transcript at a pause that may be the end of the utterance. The answer may be prepared, but is shown only if
    the final transcript is the same."""

    utterance: UtteranceId
    turn: TurnId
    text: str
    language: str
    generation: Integer
    """Counts from 1 in the utterance; an answer prepared for an older one is discarded."""


class Watching(LiveBody, frozen=True, kw_only=True, tag="watching"):
    """A session of this conversation shows video; repeated every two seconds."""

    session: SessionId


Live: TypeAlias = TranscriptPartial | TranscriptStable | Watching


class LiveEvent(Struct, frozen=True, kw_only=True):
    """A live event of a conversation."""

    at: Microseconds
    conversation: ConversationId
    body: Live


# media


class AudioIn(Struct, frozen=True, kw_only=True, tag="audio.in"):
    """Recorded speech: 16 kHz mono s16."""

    conversation: ConversationId
    utterance: UtteranceId
    index: Integer
    sample: Integer
    """Position of the first sample in the utterance."""
    pcm: bytes
    final: bool = False


class AudioOut(Struct, frozen=True, kw_only=True, tag="audio.out"):
    """Spoken reply: Opus packets of 20 ms at 48 kHz mono, and the visemes that begin in them."""

    conversation: ConversationId
    speech: SpeechId
    index: Integer
    sample: Integer
    """Position of the first packet in the speech, at 48 kHz."""
    packets: tuple[bytes, ...]
    visemes: tuple[VisemeMark, ...] = ()
    loudness: tuple[float, ...] = ()
    """Root mean square of each packet's samples, 0 to 1; drives the face's energy."""
    pitch: tuple[Integer, ...] = ()
    """Fundamental frequency of each packet, Hz, 0 without a voice; moves brows and head. Empty in older logs."""
    final: bool = False


class FrameBatch(Struct, frozen=True, kw_only=True, tag="frames"):
    """H.264 access units (Annex B, constrained baseline); the first one is a key frame with its parameter sets."""

    conversation: ConversationId
    speech: SpeechId
    index: Integer
    frame: Integer
    """Position of the first frame in the speech."""
    fps: Integer
    phase: Integer
    """Frame of the idle loop after which the speech's first frame follows."""
    units: tuple[bytes, ...]
    final: bool = False


class IdleBatch(Struct, frozen=True, kw_only=True, tag="frames.idle"):
    """A part of a character's idle loop, or of another clip of a face that does not speak. Each batch starts on a key
    frame, so playback can start at any batch."""

    character: CharacterId
    clip: str = "idle"
    """Which of the character's clips this is; "idle", the idle loop, is the only one of earlier versions."""
    version: str
    """Version of the face and its renderer; the same in all batches of one loop, and in all clips that go together."""
    index: Integer
    frame: Integer
    fps: Integer
    loop: Integer
    """Frames in the whole loop."""
    units: tuple[bytes, ...]
    rests: bool = True
    """Whether the face is at rest in the first frame, so that another clip may follow there, or this one another."""
    final: bool = False


Media: TypeAlias = AudioIn | AudioOut | FrameBatch | IdleBatch
MediaT = TypeVar("MediaT", AudioIn, AudioOut, FrameBatch, IdleBatch)


class DeadLetter(Struct, frozen=True, kw_only=True):
    """A message that a service gave up on, and why."""

    at: Microseconds
    stream: str
    sequence: Integer
    subject: str
    service: str
    code: str
    detail: str
    deliveries: Integer
    data: bytes


def tag_of(body: type[Body] | Body) -> str:
    """The tag of a fact, e.g. "transcript.final"."""
    tag = body.__struct_config__.tag
    assert isinstance(tag, str)
    return tag
