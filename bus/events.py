"""The vocabulary: everything that can happen, and the media that go with it.

Imports the standard library and msgspec only. Facts are past tense and JSON; media are msgpack. A new field gets a
default; a new meaning gets a new tag; a tag is never reused.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias, TypeVar

from msgspec import Meta, Struct

Id: TypeAlias = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
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

Emotion: TypeAlias = Literal["neutral", "happy", "sad", "surprised", "angry", "disgusted", "fearful"]
Viseme: TypeAlias = Literal[
    "sil", "PP", "FF", "TH", "DD", "kk", "CH", "SS", "nn", "RR", "aa", "E", "ih", "oh", "ou"
]
"""The fifteen OpenXR visemes."""

CommandName: TypeAlias = Literal[
    "switch", "new_conversation", "repeat", "stop", "slower", "faster", "louder", "softer", "text_only", "voice_on",
    "help",
]  # fmt: skip

MICROPHONE_RATE = 16_000
"""Samples per second of recorded speech: mono, signed 16 bit, little endian."""
UNKNOWN_LANGUAGE = "und"
"""BCP-47 for a language that is to be found out."""
SPEECH_RATE = 48_000
"""Samples per second by which spoken replies are counted."""
OPUS_FRAME = 960
"""Samples in one Opus packet: 20 ms at 48 kHz."""
FRAMES_PER_SECOND = 25
"""Pictures of the avatar: one for two Opus packets."""
LARGEST_PHOTO = 32 << 20
"""Bytes that a photo of which a face is made may have."""


class VisemeMark(Struct, frozen=True, array_like=True):
    """From this sample on the mouth takes this shape."""

    sample: int
    """At 48 kHz, from the start of the speech."""
    viseme: Viseme
    weight: float = 1.0
    """How strongly it is pronounced, 0 to 1."""


class Word(Struct, frozen=True, kw_only=True):
    """A word of a transcript, and when it was said."""

    text: str
    start: float
    """Seconds from the start of the utterance's audio."""
    end: float
    confidence: float = 1.0


class Body(Struct, frozen=True, kw_only=True, tag_field="type"):
    """What happened. The first part of the tag is the domain, the second the fact."""


# conversation


class ConversationOpened(Body, frozen=True, kw_only=True, tag="conversation.opened"):
    """A person and a character have a thread from here on."""

    person: PersonId
    character: CharacterId
    language: str = "en"


class ConversationTitled(Body, frozen=True, kw_only=True, tag="conversation.titled"):
    """The thread has a name that a person can find it by."""

    title: str


class CharacterChosen(Body, frozen=True, kw_only=True, tag="conversation.character_chosen"):
    """The person talks to this character from here on."""

    character: CharacterId


class ConversationClosed(Body, frozen=True, kw_only=True, tag="conversation.closed"):
    """The person put the thread away; it stays on record."""


# face: a person gives a photo, and gets somebody to talk to


class FaceRequested(Body, frozen=True, kw_only=True, tag="face.requested"):
    """The person gave a photo, of which a character is to be made."""

    character: CharacterId
    photo: str
    """Name of the asset that the photo is, until the face is made or refused."""
    look: str
    """What the face will be called: the hash of the photo."""
    owner: PersonId
    """Whom the character is shown to."""
    name: str
    tagline: str
    personality: str
    greeting: str
    voice: str
    language: str


class FaceMade(Body, frozen=True, kw_only=True, tag="face.made"):
    """The character is on record, and its face has been drawn."""

    character: CharacterId


class FaceRefused(Body, frozen=True, kw_only=True, tag="face.refused"):
    """No face can be made of the photo."""

    character: CharacterId
    code: str
    detail: str
    """Why, in words for the person."""


# session


class SessionOpened(Body, frozen=True, kw_only=True, tag="session.opened"):
    """A browser tab is connected with audio and video."""

    session: SessionId


class SessionClosed(Body, frozen=True, kw_only=True, tag="session.closed"):
    """The live connection is over."""

    session: SessionId
    reason: Literal["left", "lost", "shutdown", "failed"]


# utterance


class UtteranceStarted(Body, frozen=True, kw_only=True, tag="utterance.started"):
    """A person began to speak; the audio is on `audio.<conversation>.in.<utterance>`."""

    utterance: UtteranceId
    session: SessionId
    language: str = "en"
    """BCP-47 tag; "und" where it is to be found out."""
    forwarded: bool = False
    """Somebody else's words, passed on: no command is taken from them."""


class UtteranceEnded(Body, frozen=True, kw_only=True, tag="utterance.ended"):
    """The phrase is over."""

    utterance: UtteranceId
    samples: int
    """Recorded, at 16 kHz, pre-roll and trailing silence included."""
    speech_ended: int
    """Sample after which nothing was spoken any more."""
    reason: Literal["silence", "too_long", "muted", "session_closed"]


class UtteranceDiscarded(Body, frozen=True, kw_only=True, tag="utterance.discarded"):
    """It was no speech after all, or no word could be made out."""

    utterance: UtteranceId
    reason: Literal["too_short", "no_words", "lost"]


class MessageReceived(Body, frozen=True, kw_only=True, tag="message.received"):
    """The person wrote something."""

    message: Id
    text: str
    channel: str = "web"
    forwarded: bool = False
    """Somebody else's words, passed on: no command is taken from them."""


# transcript


class TranscriptFinal(Body, frozen=True, kw_only=True, tag="transcript.final"):
    """The words of an utterance are known and will not change."""

    utterance: UtteranceId
    text: str
    language: str
    """BCP-47 tag, e.g. "en"."""
    confidence: float
    """Mean word probability, 0 to 1."""
    words: tuple[Word, ...] = ()
    engine: str = ""
    forwarded: bool = False
    """Somebody else's words, passed on: no command is taken from them."""


# command


class CommandRecognised(Body, frozen=True, kw_only=True, tag="command.recognised"):
    """The person told the system to do something, and it is done."""

    name: CommandName
    arguments: tuple[str, ...] = ()
    """Of a switch: the character, and the name as it was said."""


class CommandRefused(Body, frozen=True, kw_only=True, tag="command.refused"):
    """The person told the system to do something that cannot be done."""

    name: CommandName
    code: Literal["unknown_character", "already_there", "limit_reached", "nothing_to_repeat"]
    detail: str


# reply


class ReplyStarted(Body, frozen=True, kw_only=True, tag="reply.started"):
    """The character begins to answer."""

    reply: ReplyId
    character: CharacterId
    engine: str


class ReplySentence(Body, frozen=True, kw_only=True, tag="reply.sentence"):
    """One sentence of the answer; it is spoken as one speech."""

    reply: ReplyId
    index: int
    text: str
    character: CharacterId
    language: str = "en"
    emotion: Emotion = "neutral"
    emotion_before: Emotion = "neutral"
    """Of the sentence before it in this reply, so that the face does not fall back between two."""
    pace: float = 1.0
    """Factor on the speed of the character's voice that the person asked for."""
    volume: float = 1.0
    """Factor on its loudness that the person asked for, 0 to 1."""
    spoken: bool = True
    """False: it is to be read only."""


class ReplyEnded(Body, frozen=True, kw_only=True, tag="reply.ended"):
    """The answer is complete as text."""

    reply: ReplyId
    sentences: int


class ReplyInterrupted(Body, frozen=True, kw_only=True, tag="reply.interrupted"):
    """The person cut the answer short. Work on it stops in every service."""

    reply: ReplyId
    heard: str
    """The part of the text that had been played."""
    by: Literal["speech", "button", "message"]


class ReplyFailed(Body, frozen=True, kw_only=True, tag="reply.failed"):
    """There is no answer, or it broke off; the person is told."""

    reply: ReplyId
    code: str
    detail: str


# speech


class SpeechStarted(Body, frozen=True, kw_only=True, tag="speech.started"):
    """A sentence is being spoken; the audio is on `audio.<conversation>.out.<speech>`."""

    speech: SpeechId
    reply: ReplyId
    index: int
    """Of the sentence in its reply."""
    character: CharacterId
    voice: str
    engine: str
    emotion: Emotion = "neutral"
    emotion_before: Emotion = "neutral"


class SpeechEnded(Body, frozen=True, kw_only=True, tag="speech.ended"):
    """The sentence is spoken to its end."""

    speech: SpeechId
    reply: ReplyId
    index: int
    samples: int
    """At 48 kHz."""
    visemes: tuple[VisemeMark, ...] = ()


class SpeechFailed(Body, frozen=True, kw_only=True, tag="speech.failed"):
    """The sentence stays text."""

    speech: SpeechId
    reply: ReplyId
    index: int
    code: str
    detail: str


# frames


class FramesStarted(Body, frozen=True, kw_only=True, tag="frames.started"):
    """The face begins to move to a speech; the pictures are on `frames.<conversation>.<speech>`."""

    speech: SpeechId
    character: CharacterId
    engine: str
    width: int
    height: int
    fps: int
    phase: int
    """Frame of the idle loop that the first frame takes over from."""


class FramesEnded(Body, frozen=True, kw_only=True, tag="frames.ended"):
    """All pictures of a speech are made."""

    speech: SpeechId
    frames: int


class FramesFailed(Body, frozen=True, kw_only=True, tag="frames.failed"):
    """The voice goes on without a moving face."""

    speech: SpeechId
    code: str
    detail: str


# playback


class PlaybackStarted(Body, frozen=True, kw_only=True, tag="playback.started"):
    """The first audible packet of a speech left for the person."""

    session: SessionId
    speech: SpeechId
    reply: ReplyId
    index: int
    video: bool
    """Whether the first frame left with it."""


class PlaybackProgress(Body, frozen=True, kw_only=True, tag="playback.progress"):
    """So much of a speech has been played, once a second."""

    session: SessionId
    speech: SpeechId
    reply: ReplyId
    index: int
    samples: int


class PlaybackFinished(Body, frozen=True, kw_only=True, tag="playback.finished"):
    """Nothing more of this speech will be played in this session."""

    session: SessionId
    speech: SpeechId
    reply: ReplyId
    index: int
    samples: int
    complete: bool
    frames: int = 0
    """Pictures sent with it."""


# service


class StepRepeated(Body, frozen=True, kw_only=True, tag="service.step_repeated"):
    """A worker took a piece of work over from one that did not finish it; what that one publishes late is refused."""

    service: str
    event: EventId
    """The fact that is worked on."""


class StepFailed(Body, frozen=True, kw_only=True, tag="service.step_failed"):
    """A service gave up on one piece of work."""

    service: str
    code: str
    retryable: bool
    detail: str


Fact: TypeAlias = (
    ConversationOpened
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
)


class Event(Struct, frozen=True, kw_only=True):
    """A fact on record in a conversation."""

    id: EventId
    """UUIDv5 of cause and position where something led here; the message id on the bus."""
    at: int
    """Microseconds since 1970, UTC."""
    conversation: ConversationId
    turn: TurnId | None = None
    cause: EventId | None = None
    """The event that led here; none for a person's act."""
    body: Fact


# characters


class CharacterCreated(Body, frozen=True, kw_only=True, tag="character.created"):
    """A face one can talk to. A later one of the same character replaces it."""

    name: str
    tagline: str
    personality: str
    """Said to the language model, second person."""
    greeting: str
    look: str
    """Which face is drawn: a look of the layered renderer, or of a photo."""
    voice: str
    """Preferred voice, e.g. "female" or "male"; each engine maps it to what it has."""
    voice_sample: str = ""
    """Name of a recording in the folder of voices, which engines that can clone take the voice from; empty: the one
    named like the character's id, where there is one."""
    pitch: float = 1.0
    pace: float = 1.0
    language: str = "en"
    accent: str = "#6366f1"
    """Colour of this character in the page."""
    owner: str = ""
    """The person who made it and is the only one to see it; empty: it is everybody's."""


class CharacterRemoved(Body, frozen=True, kw_only=True, tag="character.removed"):
    """Nobody can talk to it any more."""


CharacterFact: TypeAlias = CharacterCreated | CharacterRemoved


class CharacterEvent(Struct, frozen=True, kw_only=True):
    """A fact on record about a character."""

    id: EventId
    at: int
    character: CharacterId
    body: CharacterFact


# live: worth showing, not worth keeping


class LiveBody(Struct, frozen=True, kw_only=True, tag_field="type"):
    """What is going on right now; kept for an hour in memory."""


class TranscriptPartial(LiveBody, frozen=True, kw_only=True, tag="transcript_partial"):
    """What has been understood of an utterance so far; its end may still change."""

    utterance: UtteranceId
    text: str


class TranscriptStable(LiveBody, frozen=True, kw_only=True, tag="transcript_stable"):
    """The person has fallen silent for a moment, and what has been understood may be all. An answer to it may be made
    ready, but is shown only when the final transcript says the same."""

    utterance: UtteranceId
    turn: TurnId
    text: str
    language: str
    generation: int
    """Counts from 1 in the utterance: the newer one replaces what was begun for the older one."""


class Watching(LiveBody, frozen=True, kw_only=True, tag="watching"):
    """Some session of this conversation can see pictures; repeated every two seconds."""

    session: SessionId


Live: TypeAlias = TranscriptPartial | TranscriptStable | Watching


class LiveEvent(Struct, frozen=True, kw_only=True):
    """Something that goes on in a conversation now."""

    at: int
    conversation: ConversationId
    body: Live


# media


class AudioIn(Struct, frozen=True, kw_only=True, tag="audio.in"):
    """Recorded speech: 16 kHz mono s16."""

    conversation: ConversationId
    utterance: UtteranceId
    index: int
    sample: int
    """Position of the first sample in the utterance."""
    pcm: bytes
    final: bool = False


class AudioOut(Struct, frozen=True, kw_only=True, tag="audio.out"):
    """Spoken reply: Opus packets of 20 ms at 48 kHz mono, and the lip shapes that begin in them."""

    conversation: ConversationId
    speech: SpeechId
    index: int
    sample: int
    """Position of the first packet in the speech, at 48 kHz."""
    packets: tuple[bytes, ...]
    visemes: tuple[VisemeMark, ...] = ()
    loudness: tuple[float, ...] = ()
    """Root mean square of each packet's samples, 0 to 1; what the face's energy follows."""
    final: bool = False


class FrameBatch(Struct, frozen=True, kw_only=True, tag="frames"):
    """H.264 access units (Annex B, constrained baseline); the first one is a key frame with its parameter sets."""

    conversation: ConversationId
    speech: SpeechId
    index: int
    frame: int
    """Position of the first picture in the speech."""
    fps: int
    phase: int
    """Frame of the idle loop that the speech's first frame took over from."""
    units: tuple[bytes, ...]
    final: bool = False


class IdleBatch(Struct, frozen=True, kw_only=True, tag="frames.idle"):
    """A part of a character's idle loop. Each batch starts on a key frame, so it can be entered at any batch."""

    character: CharacterId
    version: str
    """Of the face and the way it is drawn; batches of one loop agree in it."""
    index: int
    frame: int
    fps: int
    loop: int
    """Frames in the whole loop."""
    units: tuple[bytes, ...]
    final: bool = False


Media: TypeAlias = AudioIn | AudioOut | FrameBatch | IdleBatch
MediaT = TypeVar("MediaT", AudioIn, AudioOut, FrameBatch, IdleBatch)


class DeadLetter(Struct, frozen=True, kw_only=True):
    """A message that a service could not deal with, and why."""

    at: int
    stream: str
    sequence: int
    subject: str
    service: str
    code: str
    detail: str
    deliveries: int
    data: bytes


def tag_of(body: type[Body] | Body) -> str:
    """The tag of a fact, e.g. "transcript.final"."""
    tag = body.__struct_config__.tag
    assert isinstance(tag, str)
    return tag
