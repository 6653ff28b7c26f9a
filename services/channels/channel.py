"""What a channel is: it receives what people send there, and sends them answers.

A new channel is one file with a class of this form, and a row in `services/channels/__main__.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from msgspec import DecodeError
from starlette.routing import BaseRoute

from bus.channel_events import DeliveryStatus
from bus.errors import VisavisError
from bus.events import Origin, RecordingKind

Activity: TypeAlias = Literal["typing", "recording", "recording_video"]
"""What the avatar is shown to do while an answer is made."""
Store: TypeAlias = Callable[[str, bytes], Awaitable[bool]]
"""Stores what the channel sent in the inbox: its id, which makes it unique, and the bytes as received. Returns False if
it was there. Only then is it confirmed to the channel."""
UNREADABLE = (DecodeError, UnicodeDecodeError, RecursionError)
"""Raised by msgspec for what is no JSON, is of another form, is no UTF-8, or is nested a thousand levels deep."""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What a channel can do, as data."""

    voice: bool = True
    """Voice notes can be sent."""
    video: bool = False
    shows_activity: bool = True
    activity_every: float = 4.5
    """Seconds after which the activity has to be shown again."""
    mirrors: bool = True
    """What is said elsewhere may be shown there unasked; not where each message costs."""
    proves_delivery: bool = False
    """It tells later what became of a message, also of one whose answer was lost."""
    largest_voice_note: int = 1_000_000
    """Bytes; larger ones arrive as files."""
    longest_video: float = 59.0
    """Seconds; Telegram's round videos end at 60, the last packet of sound included."""
    longest_text: int = 4096
    """Characters."""
    messages_per_second: float = 30.0
    """In all."""
    seconds_between: float = 1.0
    """Between two messages to the same chat."""
    commands: bool = True
    """People may write /start and other commands with a slash."""


# what comes in


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text that a person wrote."""

    text: str


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A voice note, an audio file or a round video."""

    media: str
    """The channel's id of the file, for `Channel.fetch`."""
    kind: RecordingKind
    bytes: int = 0
    """As the channel tells it, 0 for unknown."""


@dataclass(frozen=True, kw_only=True)
class Unsupported:
    """Something that is no talk: a sticker, a picture, a place."""

    kind: str
    """In one word of the table in `services/channels/phrases.py`: picture, video, sticker, document, location, contact,
    poll, other."""


@dataclass(frozen=True, kw_only=True)
class Edited:
    """The person changed an earlier message, which has been answered as it was."""


@dataclass(frozen=True, kw_only=True)
class Reachable:
    """The person blocked us, or lets us write again."""

    reachable: bool


@dataclass(frozen=True, kw_only=True)
class AliasLearned:
    """The channel gave the same account another id."""

    sender: str


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What became of a message of ours."""

    delivery: str
    """Our id of it; empty: only `message` is known."""
    message: str
    """The channel's id of it."""
    status: DeliveryStatus | Literal["sent", "failed"]
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Ignored:
    """Nothing that calls for an act or an answer: a reaction, a deletion, something in a group."""

    why: str


Content: TypeAlias = Text | Recording | Unsupported | Edited | Reachable | AliasLearned | Progress | Ignored


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """One thing that a person did in a channel, or that became of a message of ours."""

    content: Content
    origin: Origin | None
    """None: it is about a message of ours."""
    at: int = 0
    """When, as the channel tells it; microseconds since 1970."""
    sender_name: str = ""
    """As the person calls themselves there."""
    forwarded: bool = False
    """The words are another person's, passed on."""
    language: str = ""
    """BCP-47 tag of the person's app, if the channel tells it."""


# what goes out


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """One message, ready to be sent."""

    delivery: str
    """Our id of it, for channels that give it back."""
    chat: str
    reply_to: str
    silent: bool
    text: str
    """The words; of a voice note or video, what it says."""
    markdown: bool = False
    media: bytes = b""
    """An Ogg file of a voice note, or an MP4 of a video; empty: it is a text."""
    kind: Literal["text", "voice", "video"] = "text"
    seconds: float = 0.0
    uploaded: str = ""
    """The channel's id of the media, from `upload`."""


class NotSent(VisavisError):
    """It was certainly not sent, and may be tried again.

    Args:
        after: seconds to wait; None: by the usual back-off.
        everywhere: the wait is for all chats of the account.
    """

    code = "not_sent"
    retryable = True

    def __init__(
        self, detail: str, *, after: float | None = None, everywhere: bool = False, code: str = "not_sent"
    ) -> None:
        super().__init__(detail, code=code)
        self.after = after
        self.everywhere = everywhere


class Refused(VisavisError):
    """The channel refuses it for good.

    Args:
        as_text: a text would be taken: the person allows no voice notes.
        unreachable: the person blocked us.
    """

    code = "refused"
    retryable = False

    def __init__(self, detail: str, *, code: str = "refused", as_text: bool = False, unreachable: bool = False) -> None:
        super().__init__(detail, code=code)
        self.as_text = as_text
        self.unreachable = unreachable


class OutcomeUnknown(VisavisError):
    """The answer was lost: it may have been sent."""

    code = "outcome_unknown"
    retryable = False


class Channel(Protocol):
    """One account on one channel."""

    name: str
    """telegram, whatsapp, folder …: one token of a subject."""
    account: str
    """Our own account there, one token of a subject; known once `check` or `run` has asked, else by the settings."""
    capabilities: Capabilities

    @property
    def label(self) -> str:
        """The account as people know it, such as @name or a telephone number; empty: not known yet."""
        ...

    def parse(self, raw: bytes) -> Sequence[Incoming]:
        """What one stored update says.

        Raises:
            UndecodableEvent: it is no update of this channel.
        """
        ...

    async def run(self, store: Store) -> None:
        """Receive until cancelled, if the channel has to be asked; one process does so at a time."""
        ...

    def routes(self, store: Store) -> Sequence[BaseRoute]:
        """Where the channel sends us updates; all processes have them."""
        ...

    def fetch(self, media: str) -> AsyncIterator[bytes]:
        """The bytes of a recording, in pieces. The caller stops at the largest size.

        Raises:
            VisavisError: it cannot be had; `retryable` says whether later.
        """
        ...

    async def upload(self, message: Outgoing) -> str:
        """Bring the media of a message to the channel, where that is a step of its own; returns its id, else "".

        Raises:
            NotSent, Refused: as for `send`.
        """
        ...

    async def send(self, message: Outgoing) -> str:
        """Send a message; returns the channel's id of it.

        Raises:
            NotSent: certainly not sent.
            Refused: refused for good.
            OutcomeUnknown: it may have been sent.
        """
        ...

    async def show_activity(self, chat: str, activity: Activity, message: str) -> None:
        """Show that an answer is on its way, for some seconds. Best effort.

        Args:
            message: the channel's id of the message that is answered.
        """
        ...

    def link_address(self, token: str) -> str:
        """The address by which a person opens the channel with this one-time token; empty: there is none."""
        ...

    async def check(self) -> Sequence[str]:
        """What works, in lines for the operator.

        Raises:
            VisavisError: what does not work, with what to do.
        """
        ...

    async def close(self) -> None: ...
