"""Streaming recognition, on a real network that counts one word for each 0.4 s of speech (see `tiny_whisper`)."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import pytest

from bus.errors import EngineError
from services.audio import Samples
from services.stt.batcher import Batcher
from services.stt.engine import Transcript, Transcription
from services.stt.segments import Segmenter
from services.stt.streaming import DecodedWindow, StreamingTranscription, Window
from services.stt.whisper.engine import WhisperEngine
from tests import voices
from tests.services.stt.whisper.tiny_whisper import NUMBERS

BLOCK = 2_048
SENTENCES = ("please_tell_me_a_story_about_the_sea_slt", "what_can_you_do_for_me_rms", "thank_you_very_much_slt")
SPOKEN = b"".join(voices.spoken(name, after=0.1) for name in SENTENCES)
ROOM = np.random.default_rng(3).normal(0, 3, 16_000).astype("<i2").tobytes()


def transcribe(transcription: Transcription, pcm: bytes, *, pause: float = 0.0) -> tuple[list[str], Transcript]:
    """The partial transcripts and the final one.

    Args:
        pause: seconds between blocks, time for the batcher.
    """
    partials = []
    for start in range(0, len(pcm), BLOCK):
        partials.append(transcription.push(pcm[start : start + BLOCK]))
        time.sleep(pause)
    return [text for text in partials if text is not None], transcription.finish()


def counts(text: str) -> int:
    """How far a text counts, which must start at "one"."""
    words = text.split()
    assert words == list(NUMBERS[: len(words)])
    return len(words)


def test_partial_transcripts_grow_to_the_whole_text(whisper: WhisperEngine) -> None:
    partials, transcript = transcribe(whisper.open("en"), SPOKEN + ROOM, pause=0.02)
    found = [counts(partial) for partial in partials]
    assert found == sorted(set(found))
    assert found[0] < found[-1]
    assert counts(transcript.text) == len(transcript.words) >= found[-1] > 3
    times = [at for word in transcript.words for at in (word.start, word.end)]
    assert times == sorted(times)
    assert 0.5 < transcript.confidence <= 1


def test_a_recording_pushed_at_once_gives_the_same_words(whisper: WhisperEngine) -> None:
    _, slowly = transcribe(whisper.open("en"), SPOKEN + ROOM, pause=0.02)
    _, at_once = transcribe(whisper.open("en"), SPOKEN + ROOM)
    assert at_once.text == slowly.text


@pytest.mark.parametrize("pcm", [b"", bytes(64_000), ROOM * 4], ids=["nothing", "silence", "a quiet room"])
def test_audio_without_speech_gives_no_words(whisper: WhisperEngine, pcm: bytes) -> None:
    assert transcribe(whisper.open("en"), pcm) == ([], Transcript("", 0.0, (), "en"))


@pytest.mark.parametrize("seconds", [70, 100])
def test_nothing_of_a_long_recording_is_lost(whisper: WhisperEngine, seconds: int) -> None:
    phrase = voices.spoken("thank_you_very_much_slt", before=0.3, after=0.5)
    number = seconds * 32_000 // len(phrase)
    _, transcript = transcribe(whisper.open("en"), phrase * number)
    (_, one) = transcribe(whisper.open("en"), phrase * 8)
    words_a_second = counts(one.text) / (8 * len(phrase) / 32_000)
    starts = [word.start for word in transcript.words]
    assert starts == sorted(starts)
    # The network starts from one in each segment and counts up to sixteen.
    assert starts[-1] > seconds - 30
    assert len(starts) >= min(words_a_second * seconds, 16 * seconds / 28) * 0.9


def test_the_language_is_detected_if_not_given(whisper: WhisperEngine) -> None:
    _, transcript = transcribe(whisper.open("und"), SPOKEN)
    assert (transcript.language, counts(transcript.text) > 3) == ("en", True)
    assert transcribe(whisper.open("de-AT"), SPOKEN)[1].language == "de"


def test_an_unsupported_language_is_refused(whisper: WhisperEngine) -> None:
    with pytest.raises(EngineError) as caught:
        whisper.open("tlh")
    assert (caught.value.code, caught.value.retryable) == ("language_unsupported", False)


def test_concurrent_utterances_do_not_mix(whisper: WhisperEngine) -> None:
    recordings = [SPOKEN, voices.spoken("what_time_is_it_rms"), bytes(32_000), voices.spoken(SENTENCES[0])]
    alone = [transcribe(whisper.open("en"), pcm)[1].text for pcm in recordings]
    transcriptions = [whisper.open("en") for _ in recordings]
    for start in range(0, max(map(len, recordings)), BLOCK):
        for transcription, pcm in zip(transcriptions, recordings, strict=True):
            transcription.push(pcm[start : start + BLOCK])
    assert [transcription.finish().text for transcription in transcriptions] == alone


# With a scripted decoder


class Scripted:
    """Returns the next text at each decoding and records the windows."""

    def __init__(self, *texts: str, language: str = "en") -> None:
        self.windows: list[Window] = []
        self._texts = itertools.chain(texts, itertools.repeat(texts[-1]))
        self._language = language

    def __call__(self, windows: Sequence[Window]) -> list[DecodedWindow]:
        self.windows += windows
        return [DecodedWindow(next(self._texts), self._language, 0.99, 0.01, -0.2) for _ in windows]


def loud(samples: Samples) -> float:
    return float(np.abs(samples).max() > 1000)


Decoder: TypeAlias = Callable[[Sequence[Window]], list[DecodedWindow]]


def speak(
    decoder: Decoder, *parts: tuple[int, int], fast_prefill: bool = True, batch_seconds: float = 0.0
) -> tuple[list[str], Transcript]:
    """Transcribes a synthetic signal; each decoding ends before the next block is pushed.

    Args:
        parts: loudness and number of blocks of 64 ms.
        batch_seconds: pretended duration of a batch.
    """
    batcher: Batcher[Window, DecodedWindow] = Batcher(decoder, 4)
    transcription = StreamingTranscription(batcher, Segmenter(loud, 512), "en", "Ada.", fast_prefill=fast_prefill)
    partials = []
    try:
        for loudness, blocks in parts:
            for _ in range(blocks):
                partials.append(transcription.push(np.full(BLOCK // 2, loudness, np.int16).tobytes()))
                batcher.submit(Window(np.zeros(1, np.int16))).result(5)
                batcher.mean_batch_seconds = batch_seconds
        transcript = transcription.finish()
    finally:
        transcription.close()
        batcher.close()
    return [text for text in partials if text is not None], transcript


class Synchronised(Scripted):
    """Ignores the empty windows with which `speak` waits for the batcher."""

    def __call__(self, windows: Sequence[Window]) -> list[DecodedWindow]:
        real = [window for window in windows if len(window.samples) > 1]
        answers = iter(super().__call__(real))
        return [next(answers) if len(window.samples) > 1 else DecodedWindow("", "en", 1, 1, 0) for window in windows]


def test_stable_words_are_not_decoded_again() -> None:
    decoder = Synchronised("what", "what time as", "what time is it", "what time is it in", "what time is it in Rome")
    partials, transcript = speak(decoder, (5000, 40), (0, 6))
    prefixes = [window.prefix for window in decoder.windows]
    assert prefixes[:4] == ["", "", "", "what time"]
    assert partials[-1] == transcript.text == "what time is it in Rome"
    assert {window.prompt for window in decoder.windows} == {"Ada."}


def test_without_fast_prefill_everything_is_decoded_again() -> None:
    decoder = Synchronised("what", "what time as", "what time is it", "what time is it in", "what time is it in Rome")
    partials, transcript = speak(decoder, (5000, 40), (0, 6), fast_prefill=False)
    assert {window.prefix for window in decoder.windows} == {""}
    assert partials[-1] == transcript.text == "what time is it in Rome"


def test_a_slow_device_makes_few_partial_hypotheses() -> None:
    slow, fast = Synchronised("what time"), Synchronised("what time")
    speak(slow, (5000, 60), (0, 6), batch_seconds=0.5)
    speak(fast, (5000, 60), (0, 6), batch_seconds=0.01)
    assert [window.final for window in slow.windows] == [False, True]
    assert len(fast.windows) == 8


def test_the_decoding_of_the_last_pause_is_the_transcript() -> None:
    decoder = Synchronised("stop", "Stop.", "Never.")
    _, transcript = speak(decoder, (5000, 12), (0, 4))
    before = len(decoder.windows)
    decoder = Synchronised("stop", "Stop.", "Never.")
    _, later = speak(decoder, (5000, 12), (0, 12))
    assert (transcript.text, later.text) == ("Stop.", "Stop.")
    assert len(decoder.windows) == before
    assert [window.final for window in decoder.windows].count(True) == 1


def test_speech_after_a_pause_is_decoded_too() -> None:
    decoder = Synchronised("well", "well", "well", "well I think", "well I think so")
    _, transcript = speak(decoder, (5000, 12), (0, 5), (5000, 20), (0, 5))
    assert transcript.text == "well I think so"
    assert sum(window.final for window in decoder.windows) == 2


def test_a_cough_is_not_decoded() -> None:
    decoder = Synchronised("Thank you for watching!")
    assert speak(decoder, (0, 5), (9000, 2), (0, 12)) == ([], Transcript("", 0.0, (), "en"))
    assert decoder.windows == []


@pytest.mark.parametrize("text", ["Thanks for watching!", "la " * 60, "so " + "many words " * 12])
def test_hallucinations_are_dropped(text: str) -> None:
    assert speak(Synchronised(text), (5000, 6), (0, 12))[1].text == ""


def test_a_failed_decoding_fails_its_utterance_only() -> None:
    def broken(windows: Sequence[Window]) -> list[DecodedWindow]:
        if any(len(window.samples) > 1 for window in windows):
            raise EngineError("out of tokens", retryable=True)
        return [DecodedWindow("", "en", 1, 1, 0) for _ in windows]

    with pytest.raises(EngineError, match="out of tokens"):
        speak(broken, (5000, 20), (0, 8))
    assert speak(Synchronised("hello"), (5000, 20), (0, 8))[1].text == "hello"


def test_nothing_can_be_pushed_after_the_end(whisper: WhisperEngine) -> None:
    transcription = whisper.open("en")
    transcription.finish()
    for again in (lambda: transcription.push(b"\0\0"), transcription.finish):
        with pytest.raises(EngineError, match="over"):
            again()
    transcription.close()
    transcription.close()


