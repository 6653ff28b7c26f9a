"""Utterances reach the engine for their language."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bus.errors import ConfigurationError, EngineError
from services.command_phrases import Phrase
from services.stt.engine import Transcriber, Transcript
from services.stt.language_router import LIVE_BYTES, SURE, LanguageRouter
from tests.fakes import FakeTranscriber, FakeTranscription

SPOKEN = b"\1" * (LIVE_BYTES + 2)


class _Sure(FakeTranscription):
    def __init__(self, owner: Hears) -> None:
        super().__init__(owner)
        self._engine, self._confidence = owner.engine, owner.confidence

    def finish(self) -> Transcript:
        return replace(super().finish(), engine=self._engine, confidence=self._confidence)


class Hears(FakeTranscriber):
    """Hears English with a name and a confidence."""

    def __init__(self, engine: str, confidence: float) -> None:
        super().__init__()
        self.engine, self.confidence = engine, confidence

    def open(
        self, language: str, prompt: str = "", phrases: tuple[Phrase, ...] = (), likely: str = ""
    ) -> FakeTranscription:
        super().open(language, prompt, phrases, likely)
        return _Sure(self)


def test_other_languages_have_an_engine_of_their_own_that_is_loaded_once() -> None:
    english = FakeTranscriber()
    loaded: list[FakeTranscriber] = []

    def load() -> Transcriber:
        loaded.append(FakeTranscriber())
        return loaded[-1]

    router = LanguageRouter(english, load)
    router.open("en")
    assert (english.opened, loaded) == (1, [])
    for _ in range(2):
        with pytest.raises(EngineError, match="expected en, got de"):
            router.open("de")
    assert len(loaded) == 1


def test_somebody_whose_language_has_to_be_detected_is_not_taken_for_english() -> None:
    english, others = FakeTranscriber(), FakeTranscriber(languages=("und", "de"))
    spoken = LanguageRouter(english, lambda: others).open("und", likely="en")
    assert spoken.push(SPOKEN[:LIVE_BYTES]) == "word "
    assert spoken.finish().text == "word"
    assert (english.opened, others.opened) == (0, 1)


@pytest.mark.parametrize("likely", ["", "en-GB"])
def test_a_recording_that_surely_is_english_is_heard_once(likely: str) -> None:
    english, others = Hears("moonshine", SURE["moonshine"]), FakeTranscriber(languages=("und",))
    recording = LanguageRouter(english, lambda: others).open("und", likely=likely)
    assert recording.push(SPOKEN) is None
    transcript = recording.finish()
    assert (transcript.text, transcript.language) == ("word", "en")
    assert others.opened == 0


@pytest.mark.parametrize(("engine", "confidence"), [("moonshine", SURE["moonshine"] - 0.01), ("pocketsphinx", 1.0)])
def test_a_recording_that_may_be_of_another_language_is_heard_again_whole(engine: str, confidence: float) -> None:
    english, others = Hears(engine, confidence), FakeTranscriber(languages=("und",))
    recording = LanguageRouter(english, lambda: others).open("und", likely="en")
    blocks = [SPOKEN, bytes(100), SPOKEN[:100]]
    for block in blocks:
        assert recording.push(block) is None
    assert recording.finish().text == "word word"
    assert others.blocks == blocks
    recording.close()
    assert (english.closed, others.closed) == (1, 1)


def test_a_recording_in_a_conversation_of_another_language_is_not_heard_as_english() -> None:
    english, others = FakeTranscriber(), FakeTranscriber(languages=("und",))
    LanguageRouter(english, lambda: others).open("und", likely="de").push(SPOKEN)
    assert (english.opened, others.opened) == (0, 1)


def test_where_the_other_engine_cannot_be_loaded_an_unknown_language_is_heard_as_english() -> None:
    def load() -> Transcriber:
        raise ConfigurationError("its files are not here")

    english = FakeTranscriber(languages=("en", "und"))
    router = LanguageRouter(english, load)
    router.open("und", likely="de")
    assert english.opened == 1
    recording = router.open("und", likely="en")
    recording.push(SPOKEN)
    assert recording.finish().text == "word"
    with pytest.raises(ConfigurationError):
        router.open("de")
