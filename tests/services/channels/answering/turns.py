"""Linked persons, channels without a network, and the facts of turns that came in through them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from starlette.routing import BaseRoute

from bus.channel_events import Linked, LinkEvent, LinkFact, LinkPreferencesChosen, PairingRequested, ReplyForm
from bus.events import (
    CommandRecognised,
    Event,
    Fact,
    FramesEnded,
    MessageReceived,
    Origin,
    ReplyEnded,
    ReplySentence,
    ReplyStarted,
    SpeechEnded,
    SpeechFailed,
    SpeechStarted,
    TranscriptFinal,
    VoiceNoteReceived,
)
from bus.ids import reply_id
from projections.people import People
from services.channels.channel import Activity, Capabilities, Incoming, Outgoing, Store

SECOND = 48_000


class QuietChannel:
    """A `services.channels.channel.Channel` that sends nothing, and keeps what it was to show."""

    def __init__(self, name: str = "telegram", capabilities: Capabilities | None = None) -> None:
        self.name, self.account, self.label = name, "bot", "@bot"
        self.capabilities = capabilities or Capabilities(video=True)
        self.shown: list[tuple[str, Activity, str]] = []
        self.broken = False

    async def show_activity(self, chat: str, activity: Activity, message: str) -> None:
        self.shown.append((chat, activity, message))
        if self.broken:
            raise OSError("the channel is away")

    def parse(self, raw: bytes) -> Sequence[Incoming]:
        return ()

    async def run(self, store: Store) -> None:
        pass

    def routes(self, store: Store) -> Sequence[BaseRoute]:
        return ()

    async def fetch(self, media: str) -> AsyncIterator[bytes]:
        yield b""

    async def upload(self, message: Outgoing) -> str:
        return ""

    async def send(self, message: Outgoing) -> str:
        raise AssertionError("nothing is sent here")

    def link_address(self, token: str) -> str:
        return ""

    async def check(self) -> Sequence[str]:
        return ()

    async def close(self) -> None:
        pass


def origin(message: str = "m1", channel: str = "telegram") -> Origin:
    return Origin(channel=channel, account="bot", chat="7", sender="7", message=message)


class FakeLinks:
    """Persons who are linked: `services.channels.answering.turn_answers.Links`."""

    def __init__(self) -> None:
        self.people = People()
        self._seq = 0

    async def caught_up(self) -> None:
        pass

    def link(
        self,
        channel: str = "telegram",
        *,
        form: ReplyForm = "same",
        echo: bool = False,
        mirror: bool = True,
        conversation: str = "c",
    ) -> FakeLinks:
        """Link the sender 7 of a channel with Ann."""
        self.apply(
            channel, PairingRequested(channel=channel, account="bot", sender="7", chat="7", name="Ann", expires_at=9)
        )
        self.apply(channel, Linked(person="ann", conversation=conversation))
        self.apply(channel, LinkPreferencesChosen(form=form, echo=echo, mirror=mirror))
        return self

    def apply(self, link: str, body: LinkFact) -> None:
        self._seq += 1
        self.people.apply(self._seq, LinkEvent(id=f"l{self._seq}", at=self._seq, link=link, body=body))


class Facts:
    """The facts of one conversation, each a millisecond after the one before.

    Args:
        start: microseconds since 1970.
    """

    def __init__(self, start: int = 0) -> None:
        self.start_at = start
        self.events: list[tuple[int, Event]] = []

    def add(
        self, body: Fact, turn: str | None = "t1", *, name: str = "", cause: str | None = None, at: int = 0
    ) -> Event:
        seq = len(self.events) + 1
        at = at or self.start_at + seq * 1000
        event = Event(id=name or f"e{seq}", at=at, conversation="c", turn=turn, cause=cause, body=body)
        self.events.append((seq, event))
        return event

    def write(self, text: str = "hello", turn: str = "t1", *, channel: str = "telegram") -> Event:
        """The person wrote in a channel, or in the page."""
        came = None if channel == "web" else origin(f"m-{turn}", channel)
        body = MessageReceived(message=f"m{turn}", text=text, channel=channel, origin=came)
        return self.add(body, turn, name=f"words-{turn}")

    def record(self, turn: str = "t1", *, channel: str = "telegram") -> Event:
        """The person sent a voice note."""
        body = VoiceNoteReceived(utterance=f"u{turn}", origin=origin(f"m-{turn}", channel), media="file")
        return self.add(body, turn, name=f"note-{turn}")

    def transcribe(self, text: str = "hello", turn: str = "t1", language: str = "en") -> Event:
        body = TranscriptFinal(utterance=f"u{turn}", text=text, language=language, confidence=0.9)
        return self.add(body, turn, name=f"words-{turn}", cause=f"note-{turn}")

    def start(self, turn: str = "t1", language: str = "en") -> None:
        body = ReplyStarted(reply=reply_of(turn), character="ada", engine="e", language=language)
        self.add(body, turn, cause=f"words-{turn}")

    def tell(self, *texts: str, turn: str = "t1", **fields: object) -> None:
        """Sentences of the reply, after those that are there."""
        first = sum(isinstance(one.body, ReplySentence) and one.turn == turn for _, one in self.events)
        for index, text in enumerate(texts, start=first):
            sentence = ReplySentence(reply=reply_of(turn), index=index, text=text, character="ada", **fields)  # type: ignore[arg-type]
            self.add(sentence, turn, cause=f"words-{turn}")

    def end(self, turn: str = "t1", *, at: int = 0) -> Event:
        count = sum(isinstance(one.body, ReplySentence) and one.turn == turn for _, one in self.events)
        return self.add(ReplyEnded(reply=reply_of(turn), sentences=count), turn, cause=f"words-{turn}", at=at)

    def speak(self, *indices: int, turn: str = "t1", seconds: float = 2.0, frames: int | None = None) -> None:
        for index in indices:
            about = {"speech": f"s{index}", "reply": reply_of(turn), "index": index}
            self.add(SpeechStarted(**about, character="ada", voice="v", engine="e"), turn)  # type: ignore[arg-type]
            self.add(SpeechEnded(**about, samples=int(seconds * SECOND)), turn)  # type: ignore[arg-type]
            if frames is not None:
                self.add(FramesEnded(speech=f"s{index}", frames=frames), turn)

    def fail_to_speak(self, index: int, turn: str = "t1") -> None:
        self.add(SpeechFailed(speech=f"s{index}", reply=reply_of(turn), index=index, code="x", detail="x"), turn)

    def command(self, name: str, turn: str = "t1") -> None:
        self.add(CommandRecognised(name=name), turn, cause=f"words-{turn}")  # type: ignore[arg-type]

    def reply(self, *texts: str, turn: str = "t1", spoken: bool = True) -> Event:
        """A whole reply; returns the end of its text."""
        self.start(turn)
        self.tell(*texts, turn=turn)
        ended = self.end(turn)
        if spoken:
            self.speak(*range(len(texts)), turn=turn)
        return ended


def reply_of(turn: str) -> str:
    return reply_id(f"words-{turn}")
