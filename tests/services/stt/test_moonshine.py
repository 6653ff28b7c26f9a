"""Moonshine with its published weights, on recordings of people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bus.errors import ConfigurationError, EngineError
from projections.replay.word_error_rate import normalised_words, word_errors
from services.audio import resample
from services.command_phrases import Phrase, command_phrases
from services.dialogue.commands.recognition import Command, recognise_command
from services.models.catalogue import MOONSHINE, SILERO
from services.stt.engine import Transcript
from services.stt.moonshine.engine import MoonshineEngine, load, timed, words_of
from services.stt.moonshine.network import Token, read_vocabulary
from services.stt.streaming import Window
from services.tts.engine import Voice
from services.tts.engines import flite_library
from services.tts.engines.flite import FliteEngine
from tests import people, real_models

BLOCK = 2_048


@pytest.fixture(scope="module")
def engine() -> Iterator[MoonshineEngine]:
    loaded = load(real_models.folder(MOONSHINE), lambda: real_models.silero().probability, threads=1)
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def flite() -> FliteEngine:
    return FliteEngine()


def transcribe(engine: MoonshineEngine, pcm: bytes, phrases: tuple[Phrase, ...] = ()) -> Transcript:
    transcription = engine.open("en", phrases=phrases)
    for start in range(0, len(pcm), BLOCK):
        transcription.push(pcm[start : start + BLOCK])
    return transcription.finish()


@people.needs_people
@real_models.needs(SILERO)
@real_models.needs(MOONSHINE)
class TestOnPeople:
    def test_few_words_are_wrong(self, engine: MoonshineEngine) -> None:
        wrong = total = 0
        for name, text in people.sentences().items():
            heard = transcribe(engine, people.samples(name).tobytes())
            wrong += word_errors(normalised_words(text), normalised_words(heard.text))
            total += len(normalised_words(text))
        assert total > 60
        assert wrong <= total // 20

    def test_words_have_times_in_order_within_the_speech(self, engine: MoonshineEngine) -> None:
        name = next(iter(people.sentences()))
        sound = people.samples(name)
        words = transcribe(engine, sound.tobytes()).words
        first, last = (one / 16_000 for one in people.speech_span(sound))
        times = [time for word in words for time in (word.start, word.end)]
        assert times == sorted(times)
        assert abs(words[0].start - first) < 0.3
        assert abs(words[-1].end - last) < 0.3
        assert all(0 < word.confidence <= 1 for word in words)

    def test_silence_has_no_words(self, engine: MoonshineEngine) -> None:
        assert transcribe(engine, bytes(64_000)) == Transcript("", 0.0, (), "en")

    def test_partial_transcripts_come_before_the_end(self, engine: MoonshineEngine) -> None:
        name, text = next(iter(people.sentences().items()))
        transcription = engine.open("en")
        pcm = people.samples(name).tobytes()
        partials = []
        for start in range(0, len(pcm), BLOCK):
            partials.append(transcription.push(pcm[start : start + BLOCK]))
            engine.batcher.submit(Window(np.zeros(1600, np.int16))).result(10.0)  # until the queue is empty
        shown = [partial for partial in partials if partial]
        assert len(shown) >= 3
        assert word_errors(normalised_words(text)[:4], normalised_words(shown[-1])[:4]) <= 1
        transcription.close()

    def test_another_language_is_refused(self, engine: MoonshineEngine) -> None:
        with pytest.raises(EngineError, match="English only, not 'de'"):
            engine.open("de")


@pytest.mark.skipif(flite_library.why_unavailable() is not None, reason="flite is not installed here")
@real_models.needs(SILERO)
@real_models.needs(MOONSHINE)
class TestCommands:
    def test_nineteen_of_twenty_spoken_commands_are_understood(
        self, engine: MoonshineEngine, flite: FliteEngine
    ) -> None:
        expected = {text: recognise_command(text, "en", NAMES, "Ada") for text in COMMANDS}
        heard = {text: hear(engine, flite, text, phrases=PHRASES) for text in COMMANDS}
        understood = {text: recognise_command(words, "en", NAMES, "Ada") for text, words in heard.items()}
        wrong = [(text, heard[text]) for text in COMMANDS if not _same(understood[text], expected[text])]
        assert len(COMMANDS) == 20
        assert len(wrong) <= 1, wrong

    def test_without_phrases_fewer_are_understood(self, engine: MoonshineEngine, flite: FliteEngine) -> None:
        heard = [hear(engine, flite, text, phrases=()) for text in COMMANDS]
        assert sum(recognise_command(words, "en", NAMES, "Ada") is not None for words in heard) < 17

    def test_ordinary_talk_that_sounds_a_little_like_a_command_is_none(
        self, engine: MoonshineEngine, flite: FliteEngine
    ) -> None:
        heard = [hear(engine, flite, text, phrases=PHRASES) for text in ORDINARY]
        assert [words for words in heard if recognise_command(words, "en", NAMES, "Ada") is not None] == []

    def test_a_long_sentence_that_begins_like_a_command_keeps_its_words(
        self, engine: MoonshineEngine, flite: FliteEngine
    ) -> None:
        text = "Stop signs are red and give way signs are white with a red border all over the world"
        words = normalised_words(hear(engine, flite, text, phrases=PHRASES))
        assert word_errors(normalised_words(text), words) < len(words) // 2

    @pytest.mark.parametrize("voice", ["rms", "slt"])
    def test_a_command_with_more_after_it_is_none(
        self, engine: MoonshineEngine, flite: FliteEngine, voice: str
    ) -> None:
        heard = [hear(engine, flite, text, phrases=PHRASES, voice=voice) for text in LONGER_THAN_A_COMMAND]
        assert [words for words in heard if recognise_command(words, "en", NAMES, "Ada") is not None] == []


NAMES = {"ada": "Ada", "milo": "Milo", "noor": "Noor", "otto": "Otto"}
PHRASES = command_phrases(tuple(NAMES.values()))
COMMANDS = (
    "Switch to Milo.", "Talk to Milo.", "Switch to Ada.", "Talk to Otto.", "Let me talk to Milo.", "Slower, please.",
    "Say that again.", "Repeat that.", "Stop talking.", "Faster.", "Speak up.", "Turn it down.", "Quieter, please.",
    "Text only.", "Switch to text.", "Voice on.", "What can I say?", "New conversation.", "Turn the volume up.",
    "That's enough.",
)  # fmt: skip
LONGER_THAN_A_COMMAND = (
    "Can you repeat that story about the dragon tomorrow?", "Could you say that again to my mother in the evening?",
    "Please stop talking about politics all the time.", "Can you speak louder than the radio next door?",
    "Let's start a new conversation about gardening today.", "What can I say to my boss on Monday?",
    "Can you repeat that joke about the penguin?", "Say it again when my brother is here.",
    "Could you talk to Milo's teacher about it?", "Can you turn it down the street over there?",
    "Slow down the music before dinner.", "Voice on the phone was hard to hear.",
)  # fmt: skip
ORDINARY = (
    "Talk to me.", "Can I talk to you?", "I want to talk to her.", "I switched to tea.", "What can I see there?",
    "Turn left at the church.", "Slow food is good food.", "Hello there.", "Later.", "I stopped smoking.",
    "Switch the light off.", "It was very quiet in the house.",
)  # fmt: skip


def hear(
    engine: MoonshineEngine, flite: FliteEngine, text: str, phrases: tuple[Phrase, ...], voice: str = "rms"
) -> str:
    """What is heard of a sentence in one of flite's voices, after half a second of silence."""
    pieces = list(flite.speak(text, Voice(voice), 0))
    sound = resample(np.concatenate([piece.samples for piece in pieces]), pieces[0].rate, 16_000)
    pcm = np.concatenate([np.zeros(8_000, np.int16), sound, np.zeros(8_000, np.int16)]).tobytes()
    return transcribe(engine, pcm, phrases).text


def _same(one: Command | None, other: Command | None) -> bool:
    return one is not None and other is not None and (one.name, one.character) == (other.name, other.character)


def test_tokens_are_spelled_as_words() -> None:
    vocabulary = ["▁He".encode(), b"llo", "▁wor".encode(), b"ld", b",", b"\xc3", b"\xbc"]
    tokens = [Token(number, probability) for number, probability in ((0, 1.0), (1, 0.5), (4, 0.9), (2, 0.8), (3, 0.6))]
    assert words_of(tokens, vocabulary) == [("Hello,", 0.8), ("world", 0.7)]
    assert words_of([Token(5, 1.0), Token(6, 1.0)], vocabulary) == [("ü", 1.0)]
    assert words_of([], vocabulary) == []


def test_times_are_shared_out_over_the_speech() -> None:
    words = timed([("ab", 0.9), ("cd", 0.8)], [(16_000, 32_000), (48_000, 64_000)])
    assert [(word.text, word.start, word.end) for word in words] == [("ab", 1.0, 2.0), ("cd", 2.0, 4.0)]
    assert timed([], [(0, 16_000)]) == []


def test_a_damaged_vocabulary_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.bin"
    path.write_bytes(bytes([1, 97, 128 + 2, 1]) + b"b" * 130)
    assert [len(token) for token in read_vocabulary(path)] == [1, 130]
    path.write_bytes(bytes([5, 97]))
    with pytest.raises(ConfigurationError, match="ends inside token 0"):
        read_vocabulary(path)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_vocabulary(tmp_path / "nowhere")


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "encoder_model.ort").write_bytes(np.zeros(100, np.uint8).tobytes())
    with pytest.raises(ConfigurationError, match=r"encoder_model\.ort is no network"):
        load(tmp_path, lambda: lambda samples: 0.0, threads=1)
