"""What came through a channel is always answered, and never obeyed where it was forwarded."""

from __future__ import annotations

import pytest

from bus.events import (
    Body,
    CommandRecognised,
    ConversationOpened,
    Event,
    Fact,
    MessageReceived,
    Origin,
    PlaybackStarted,
    ReplyEnded,
    ReplySentence,
    ReplyStarted,
    SpeechStarted,
    TranscriptFinal,
    UtteranceStarted,
    VoiceNoteReceived,
)
from tests.fakes import FakeReader, event
from tests.services.dialogue.test_service import ADA, BO, FakeChat, answer

ORIGIN = Origin(channel="telegram", account="bot", chat="7", sender="7", message="3")


def transcript(text: str, *, forwarded: bool = False) -> Event:
    final = TranscriptFinal(utterance="u", text=text, language="en", confidence=1.0, forwarded=forwarded)
    return event(final, at=9, turn="t2", name="ask")


def message(text: str, *, forwarded: bool = False) -> Event:
    received = MessageReceived(message="m", text=text, channel="telegram", origin=ORIGIN, forwarded=forwarded)
    return event(received, at=9, turn="t2", name="ask")


def log(words: Event) -> FakeReader:
    """While a session plays a long statement, words come through a channel."""
    facts: list[tuple[Fact, str | None]] = [
        (ConversationOpened(person="p", character="ada"), None),
        (MessageReceived(message="m1", text="hello"), "t1"),
        (ReplyStarted(reply="r", character="ada", engine="e"), "t1"),
        (ReplySentence(reply="r", index=0, text="The sea is deep and blue.", character="ada"), "t1"),
        (SpeechStarted(speech="s", reply="r", index=0, character="ada", voice="v", engine="e"), "t1"),
        (PlaybackStarted(session="web", speech="s", reply="r", index=0, video=False), "t1"),
    ]
    if isinstance(words.body, TranscriptFinal):
        facts.append((VoiceNoteReceived(utterance="u", origin=ORIGIN, media="f"), "t2"))
        facts.append((UtteranceStarted(utterance="u", language="und"), "t2"))
    events = [event(body, at=place, turn=turn) for place, (body, turn) in enumerate(facts, 1)]
    return FakeReader(list(enumerate([*events, words], 1)), characters={"ada": ADA, "bo": BO})


def sentences(outputs: list[Body]) -> list[str]:
    return [one.text for one in outputs if isinstance(one, ReplySentence)]


@pytest.mark.parametrize("asked", [words(text) for words in (transcript, message) for text in ("Okay.", "Yes", "ja")])
async def test_one_word_from_a_channel_is_answered_while_a_session_plays(asked: Event) -> None:
    outputs = await answer(FakeChat("Good."), log(asked), asked)
    assert sentences(outputs) == ["Good."]
    assert isinstance(outputs[0], ReplyStarted)
    assert ReplyEnded(reply=outputs[0].reply, sentences=1) in outputs


@pytest.mark.parametrize("text", ["Switch to Bo", "New conversation", "Text only", "Stop"])
async def test_forwarded_words_are_no_command(text: str) -> None:
    for asked in (transcript(text, forwarded=True), message(text, forwarded=True)):
        outputs = await answer(FakeChat("That is what they say."), log(asked), asked)
        assert sentences(outputs) == ["That is what they say."]
        assert not any(isinstance(one, CommandRecognised) for one in outputs)
    for asked in (transcript(text), message(text)):
        outputs = await answer(FakeChat("no"), log(asked), asked)
        assert isinstance(outputs[0], CommandRecognised)
