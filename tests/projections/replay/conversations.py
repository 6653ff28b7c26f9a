"""A made conversation whose times are known: spoken, answered by two sentences, interrupted."""

from __future__ import annotations

from collections.abc import Iterator

from bus.events import (
    ConversationOpened,
    Event,
    Fact,
    FramesEnded,
    FramesStarted,
    MessageReceived,
    PlaybackFinished,
    PlaybackProgress,
    PlaybackStarted,
    ReplyEnded,
    ReplyInterrupted,
    ReplySentence,
    ReplyStarted,
    SessionOpened,
    SpeechEnded,
    SpeechStarted,
    StepRepeated,
    TranscriptFinal,
    UtteranceEnded,
    UtteranceStarted,
)

BEGAN = 1_700_000_000_000_000
"""Microseconds since 1970."""
CONVERSATION = "c1"


def spoken_turn(name: str = "1", began: int = 0) -> list[tuple[int, str | None, Fact]]:
    """Facts of a spoken turn: times in ms, the place of each fact's cause, and the fact."""
    reply, first, second = f"r{name}", f"s{name}a", f"s{name}b"
    at = began
    facts: list[tuple[int, str | None, Fact]] = [
        (at + 450, None, UtteranceStarted(utterance=f"u{name}", session="w")),
        (at + 2000, "utterance.started", UtteranceEnded(
            utterance=f"u{name}", samples=32_000, speech_ended=28_800, reason="silence")),
        (at + 2060, "utterance.ended", TranscriptFinal(
            utterance=f"u{name}", text="Who are you?", language="en", confidence=0.9, engine="moonshine")),
        (at + 2070, "transcript.final", ReplyStarted(reply=reply, character="ada", engine="companion")),
        (at + 2080, "transcript.final", ReplySentence(reply=reply, index=0, text="I am Ada.", character="ada")),
        (at + 2090, "transcript.final", ReplySentence(reply=reply, index=1, text="I like rain.", character="ada")),
        (at + 2100, "transcript.final", ReplyEnded(reply=reply, sentences=2, engine="companion")),
        (at + 2150, "reply.sentence", _started(first, reply, 0)),
        (at + 2170, "speech.started", PlaybackStarted(session="w", speech=first, reply=reply, index=0, video=True)),
        (at + 2190, "speech.started", FramesStarted(
            speech=first, character="ada", engine="layered", width=512, height=512, fps=25, phase=0)),
        (at + 2400, "reply.sentence", SpeechEnded(speech=first, reply=reply, index=0, samples=48_000)),
        (at + 2500, "speech.started", FramesEnded(speech=first, frames=25)),
        (at + 2450, "reply.sentence", _started(second, reply, 1)),
        (at + 2700, "reply.sentence", SpeechEnded(speech=second, reply=reply, index=1, samples=96_000)),
        (at + 3170, "speech.started", PlaybackFinished(
            session="w", speech=first, reply=reply, index=0, samples=48_000, complete=True, frames=25)),
        (at + 3300, "speech.started", PlaybackStarted(session="w", speech=second, reply=reply, index=1, video=False)),
    ]  # fmt: skip
    return facts


def interruption(name: str = "1", began: int = 0) -> list[tuple[int, str | None, Fact]]:
    """What follows when the person interrupts the second sentence after a second of it."""
    reply, speech = f"r{name}", f"s{name}b"
    return [
        (began + 4300, "speech.started", PlaybackProgress(
            session="w", speech=speech, reply=reply, index=1, samples=48_000)),
        (began + 4310, None, ReplyInterrupted(reply=reply, heard="I am Ada. I like", by="speech")),
        (began + 4320, "speech.started", PlaybackFinished(
            session="w", speech=speech, reply=reply, index=1, samples=48_960, complete=False)),
    ]  # fmt: skip


def _started(speech: str, reply: str, index: int) -> SpeechStarted:
    return SpeechStarted(speech=speech, reply=reply, index=index, character="ada", voice="female", engine="hibari")


def written_turn() -> list[tuple[int, str | None, Fact]]:
    """A message whose first sentence is only shown, such as code, and whose work was taken over."""
    return [
        (0, None, MessageReceived(message="m1", text="Show me", channel="telegram")),
        (30, "message.received", StepRepeated(service="dialogue", event="e")),
        (40, "message.received", ReplyStarted(reply="r9", character="ada", engine="companion")),
        (50, "message.received", ReplySentence(reply="r9", index=0, text="`x`", character="ada", spoken_text="")),
        (70, "message.received", ReplySentence(reply="r9", index=1, text="Done.", character="ada")),
        (75, "message.received", ReplyEnded(reply="r9", sentences=2)),
        (90, "reply.sentence", _started("s9", "r9", 1)),
        (120, "reply.sentence", SpeechEnded(speech="s9", reply="r9", index=1, samples=24_000)),
    ]


def facts(turn: str, *parts: list[tuple[int, str | None, Fact]], first: int = 1) -> Iterator[tuple[int, Event]]:
    """The events of one turn with their sequences, each caused by the newest fact of the kind that it names."""
    newest: dict[str, str] = {}
    for seq, (ms, cause, body) in enumerate((one for part in parts for one in part), first):
        tag = str(body.__struct_config__.tag)
        event = Event(
            id=f"e{turn}-{seq}",
            at=BEGAN + ms * 1000,
            conversation=CONVERSATION,
            turn=turn,
            cause=None if cause is None else newest[cause],
            body=body,
        )
        newest[tag] = event.id
        yield seq, event


def opening() -> list[tuple[int, Event]]:
    """The facts before the first turn, at sequences 1 and 2."""
    bodies: tuple[Fact, ...] = (ConversationOpened(person="p", character="ada"), SessionOpened(session="w"))
    return [
        (seq, Event(id=f"o{seq}", at=BEGAN - 10_000 * (3 - seq), conversation=CONVERSATION, body=body))
        for seq, body in enumerate(bodies, 1)
    ]
