"""Typed words are answered, prompted and voiced in their own language."""

from __future__ import annotations

from typing import cast

import pytest

from bus.events import (
    Body,
    CommandRecognised,
    Event,
    Fact,
    MessageReceived,
    ReplyEnded,
    ReplySentence,
    ReplyStarted,
    TranscriptFinal,
)
from projections.conversation import Conversation, fold_all
from projections.language import language_in_use
from services.dialogue.language.detector import guess_language
from services.dialogue.prompt import system_prompt
from services.dialogue.service import Dialogue
from tests.fakes import FakeReader, event
from tests.services.dialogue.test_service import ADA, BO, FakeChat, log, opened


def message(text: str, turn: str) -> Event:
    return event(MessageReceived(message=turn, text=text), turn=turn, name=turn)


class Talk:
    """A conversation in which one dialogue service answers one message after the other."""

    def __init__(self, language: str = "en", *answers: str, detects: bool = True) -> None:
        self.chat = FakeChat(*(answers or ("Yes.",)))
        self._dialogue = Dialogue(self.chat, guess_language=guess_language if detects else None)
        self.events: list[Event] = [event for _, event in log(opened(language))]

    async def hear(self, said: Event) -> list[Body]:
        self.events.append(event(said.body, at=len(self.events) + 1, turn=said.turn, name=said.id))
        outputs = cast("list[Body]", [one async for one in self._dialogue.reply(self.events[-1], self.reader())])
        for body in outputs:
            self.events.append(event(cast("Fact", body), at=len(self.events) + 1, turn=said.turn))
        return outputs

    def reader(self) -> FakeReader:
        return FakeReader([(at, one) for at, one in enumerate(self.events, 1)], characters={"ada": ADA, "bo": BO})

    async def languages(self, text: str) -> tuple[str, str, list[str]]:
        """On record, asked of the engine, and of the sentences."""
        outputs = await self.hear(message(text, f"t{len(self.events)}"))
        started = next(one for one in outputs if isinstance(one, ReplyStarted))
        spoken = [one.language for one in outputs if isinstance(one, ReplySentence)]
        return started.language, self.chat.asked[-1].language, spoken


@pytest.mark.parametrize(
    ("words", "language", "name"),
    [
        ("Wie alt bist du eigentlich?", "de", "German"),
        ("你叫什么名字？", "zh", "Chinese"),
        ("Quel âge as-tu ?", "fr", "French"),
        ("ما اسمك؟", "ar", "Arabic"),
        ("Як тебе звати?", "uk", "Ukrainian"),
    ],
)
async def test_the_record_the_prompt_and_the_voice_follow_the_person(words: str, language: str, name: str) -> None:
    talk = Talk()
    assert await talk.languages(words) == (language, language, [language])
    assert f"Answer in {name}." in system_prompt(talk.chat.asked[-1])


async def test_words_that_say_no_language_are_answered_in_the_one_last_used_until_the_person_changes_it_again() -> None:
    talk = Talk()
    assert (await talk.languages("Wie alt bist du eigentlich?"))[0] == "de"
    assert (await talk.languages("ok"))[0] == "de"
    assert (await talk.languages("Milo"))[0] == "de"
    assert (await talk.languages("And how old is your sister?"))[0] == "en"
    assert (await talk.languages("hallo"))[0] == "en"


async def test_each_sentence_is_voiced_in_its_own_language_where_that_is_sure() -> None:
    talk = Talk("en", "[happy] Of course! ", "Ich spreche auch ein wenig Deutsch. ", "Wow. ", "Shall I go on?")
    assert (await talk.languages("Say something in German, please")) == ("en", "en", ["en", "de", "en", "en"])


async def test_a_transcript_has_the_language_that_its_recogniser_heard() -> None:
    talk = Talk("en")
    heard = TranscriptFinal(utterance="u", text="Wie alt bist du eigentlich", language="en", confidence=0.9)
    outputs = await talk.hear(event(heard, turn="t", name="heard"))
    assert [one.language for one in outputs if isinstance(one, ReplyStarted)] == ["en"]


async def test_commands_are_understood_in_the_language_that_they_are_typed_in() -> None:
    outputs = await Talk("en").hear(message("Kannst du bitte langsamer sprechen?", "t"))
    assert [one.name for one in outputs if isinstance(one, CommandRecognised)] == ["slower"]
    assert {one.language for one in outputs if isinstance(one, ReplySentence)} == {"de"}


async def test_a_language_in_the_settings_is_not_second_guessed() -> None:
    assert (await Talk("en", detects=False).languages("Wie alt bist du eigentlich?"))[:2] == ("en", "en")


async def test_a_repeated_try_keeps_the_language_that_is_on_record() -> None:
    talk = Talk("en")
    asked = message("Wie alt bist du eigentlich?", "t1")
    await talk.hear(asked)
    begun = [one for one in talk.events if not isinstance(one.body, ReplyEnded)]
    # What was said afterwards must not change it.
    begun.append(event(ReplyStarted(reply="r2", character="ada", engine="e", language="fr"), at=99, turn="t2"))
    again = Dialogue(FakeChat("Ja."), guess_language=lambda text: {"en": 1.0})
    reader = FakeReader([(at, one) for at, one in enumerate(begun, 1)], characters={"ada": ADA})
    outputs = [one async for one in again.reply(talk.events[1], reader)]
    assert [one.language for one in outputs if isinstance(one, ReplyStarted)] == ["de"]


def test_logs_without_languages_of_replies_are_in_the_language_of_the_conversation() -> None:
    old = log(opened("de"), (ReplyStarted(reply="r", character="ada", engine="e"), "t"))
    assert language_in_use(fold_all(Conversation(id="c"), old)) == "de"
