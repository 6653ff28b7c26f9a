"""A made conversation of an hour: 400 spoken turns, each answered by four sentences that are heard and seen."""

from __future__ import annotations

from collections.abc import Iterator

from bus.events import (
    ConversationOpened,
    Event,
    Fact,
    FramesEnded,
    FramesStarted,
    PlaybackFinished,
    PlaybackProgress,
    PlaybackStarted,
    ReplyEnded,
    ReplySentence,
    ReplyStarted,
    SpeechEnded,
    SpeechStarted,
    TranscriptFinal,
    UtteranceEnded,
    UtteranceStarted,
    VisemeMark,
    Word,
)

TURNS = 400
SENTENCES = 4
_TURN = 9_000_000
"""Microseconds."""
_START = 1_764_000_000_000_000
_SECONDS = 1.5
"""Length of a sentence."""
_WORDS = "Tell me something about the weather of the day and what it does to people".split()  # noqa: SIM905


def hour(conversation: str, *, turns: int = TURNS, person: str = "p") -> Iterator[Event]:
    """The events of the conversation, in order."""
    number = 0
    newest: dict[str, str] = {}
    opened: list[tuple[int, str | None, Fact]] = [(0, None, ConversationOpened(person=person, character="ada"))]
    for turn in range(-1, turns):
        for ms, cause, body in opened if turn < 0 else _turn(f"{conversation}-{turn}"):
            tag = str(body.__struct_config__.tag)
            event = Event(
                id=f"{conversation}-{number:06}-0123456789abcdef",
                at=_START + max(turn, 0) * _TURN + ms * 1000,
                conversation=conversation,
                turn=None if turn < 0 else f"t{conversation}-{turn}",
                cause=None if cause is None else newest[cause],
                body=body,
            )
            newest[tag] = event.id
            number += 1
            yield event


def _turn(name: str) -> Iterator[tuple[int, str | None, Fact]]:
    utterance, reply = f"u{name}", f"r{name}"
    words = tuple(Word(text=word, start=0.1 * at, end=0.1 * at + 0.1) for at, word in enumerate(_WORDS))
    yield 450, None, UtteranceStarted(utterance=utterance, session="w")
    yield 2000, "utterance.started", UtteranceEnded(
        utterance=utterance, samples=32_000, speech_ended=28_800, reason="silence"
    )
    yield 2060, "utterance.ended", TranscriptFinal(
        utterance=utterance, text=" ".join(_WORDS), language="en", confidence=0.9, words=words, engine="moonshine"
    )
    yield 2070, "transcript.final", ReplyStarted(reply=reply, character="ada", engine="companion")
    for index in range(SENTENCES):
        text = f"This is sentence {index} of the answer, as long as they are."
        yield 2080 + index, "transcript.final", ReplySentence(reply=reply, index=index, text=text, character="ada")
    yield 2090, "transcript.final", ReplyEnded(reply=reply, sentences=SENTENCES)
    for index in range(SENTENCES):
        yield from _sentence(reply, f"s{name}-{index}", index, 2150 + round(1000 * _SECONDS * index))


def _sentence(reply: str, speech: str, index: int, at: int) -> Iterator[tuple[int, str | None, Fact]]:
    samples = round(48_000 * _SECONDS)
    visemes = tuple(VisemeMark(sample=2400 * place, viseme="aa") for place in range(30))
    yield at, "reply.sentence", SpeechStarted(
        speech=speech, reply=reply, index=index, character="ada", voice="female", engine="hibari"
    )
    yield at + 20, "speech.started", PlaybackStarted(session="w", speech=speech, reply=reply, index=index, video=True)
    yield at + 40, "speech.started", FramesStarted(
        speech=speech, character="ada", engine="layered", width=512, height=512, fps=25, phase=0
    )
    yield at + 250, "reply.sentence", SpeechEnded(
        speech=speech, reply=reply, index=index, samples=samples, visemes=visemes
    )
    yield at + 350, "speech.started", FramesEnded(speech=speech, frames=38)
    for tenth in range(3):
        yield at + 20 + 400 * (tenth + 1), "speech.started", PlaybackProgress(
            session="w", speech=speech, reply=reply, index=index, samples=19_200 * (tenth + 1)
        )
    yield at + 1520, "speech.started", PlaybackFinished(
        session="w", speech=speech, reply=reply, index=index, samples=samples, complete=True, frames=38
    )
