"""Whisper while somebody speaks, on a real network that counts: one word for each 0.4 s of voice."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import pytest

from bus.errors import EngineError
from services.audio import Samples
from services.stt.batcher import Device
from services.stt.engine import Transcript, Transcription
from services.stt.whisper.decoder import Decoded, Window
from services.stt.whisper.engine import Whisper, WhisperTranscription
from services.stt.whisper.segments import Stretches
from tests import voices
from tests.services.stt.whisper.tiny_whisper import NUMBERS

BLOCK = 2_048
SENTENCES = ("please_tell_me_a_story_about_the_sea_slt", "what_can_you_do_for_me_rms", "thank_you_very_much_slt")
SPOKEN = b"".join(voices.spoken(name, after=0.1) for name in SENTENCES)
ROOM = np.random.default_rng(3).normal(0, 3, 16_000).astype("<i2").tobytes()


def listen(transcription: Transcription, pcm: bytes, *, pause: float = 0.0) -> tuple[list[str], Transcript]:
    """The partial texts and the final one; `pause` seconds between the blocks leave the device its time."""
    partials = []
    for start in range(0, len(pcm), BLOCK):
        partials.append(transcription.push(pcm[start : start + BLOCK]))
        time.sleep(pause)
    return [text for text in partials if text is not None], transcription.finish()


def counts(text: str) -> int:
    words = text.split()
    assert words == list(NUMBERS[: len(words)])
    return len(words)


def test_partial_texts_grow_and_the_last_one_says_it_all(whisper: Whisper) -> None:
    partials, transcript = listen(whisper.open("en"), SPOKEN + ROOM, pause=0.02)
    found = [counts(partial) for partial in partials]
    assert found == sorted(set(found))
    assert found[0] < found[-1]
    assert counts(transcript.text) == len(transcript.words) >= found[-1] > 3
    times = [at for word in transcript.words for at in (word.start, word.end)]
    assert times == sorted(times)
    assert 0.5 < transcript.confidence <= 1


def test_a_recording_that_is_there_at_once_gives_the_same_words(whisper: Whisper) -> None:
    _, slowly = listen(whisper.open("en"), SPOKEN + ROOM, pause=0.02)
    _, at_once = listen(whisper.open("en"), SPOKEN + ROOM)
    assert at_once.text == slowly.text


@pytest.mark.parametrize("pcm", [b"", bytes(64_000), ROOM * 4], ids=["nothing", "silence", "a quiet room"])
def test_no_voice_gives_no_words(whisper: Whisper, pcm: bytes) -> None:
    assert listen(whisper.open("en"), pcm) == ([], Transcript("", 0.0, (), "en"))


@pytest.mark.parametrize("seconds", [70, 100])
def test_nothing_of_a_long_recording_is_lost(whisper: Whisper, seconds: int) -> None:
    phrase = voices.spoken("thank_you_very_much_slt", before=0.3, after=0.5)
    number = seconds * 32_000 // len(phrase)
    _, transcript = listen(whisper.open("en"), phrase * number)
    (_, one) = listen(whisper.open("en"), phrase * 8)
    words_a_second = counts(one.text) / (8 * len(phrase) / 32_000)
    starts = [word.start for word in transcript.words]
    assert starts == sorted(starts)
    # The network counts anew in each stretch, up to sixteen.
    assert starts[-1] > seconds - 30
    assert len(starts) >= min(words_a_second * seconds, 16 * seconds / 28) * 0.9


def test_a_language_that_is_not_told_is_found_out(whisper: Whisper) -> None:
    _, transcript = listen(whisper.open("und"), SPOKEN)
    assert (transcript.language, counts(transcript.text) > 3) == ("en", True)
    assert listen(whisper.open("de-AT"), SPOKEN)[1].language == "de"


def test_a_language_that_the_model_does_not_know_is_refused(whisper: Whisper) -> None:
    with pytest.raises(EngineError) as caught:
        whisper.open("tlh")
    assert (caught.value.code, caught.value.retryable) == ("language_unsupported", False)


def test_several_people_at_once_are_heard_apart(whisper: Whisper) -> None:
    recordings = [SPOKEN, voices.spoken("what_time_is_it_rms"), bytes(32_000), voices.spoken(SENTENCES[0])]
    alone = [listen(whisper.open("en"), pcm)[1].text for pcm in recordings]
    open_ones = [whisper.open("en") for _ in recordings]
    for start in range(0, max(map(len, recordings)), BLOCK):
        for transcription, pcm in zip(open_ones, recordings, strict=True):
            transcription.push(pcm[start : start + BLOCK])
    assert [transcription.finish().text for transcription in open_ones] == alone


# With a decoder that does as it is told


class Scripted:
    """Says the next text at each decoding, and remembers what it was asked."""

    def __init__(self, *texts: str, language: str = "en") -> None:
        self.asked: list[Window] = []
        self._texts = itertools.chain(texts, itertools.repeat(texts[-1]))
        self._language = language

    def __call__(self, windows: Sequence[Window]) -> list[Decoded]:
        self.asked += windows
        return [Decoded(next(self._texts), self._language, 0.99, 0.01, -0.2) for _ in windows]


def loud(samples: Samples) -> float:
    return float(np.abs(samples).max() > 1000)


Decoder: TypeAlias = Callable[[Sequence[Window]], list[Decoded]]


def speak(
    decoder: Decoder, *parts: tuple[int, int], keeps_prefix: bool = True, cost: float = 0.0
) -> tuple[list[str], Transcript]:
    """Loudness and how many blocks of 64 ms; the device answers before the next block comes.

    Args:
        cost: seconds that the device is said to take.
    """
    device: Device[Window, Decoded] = Device(decoder, 4)
    transcription = WhisperTranscription(device, Stretches(loud, 512), "en", "Ada.", keeps_prefix=keeps_prefix)
    partials = []
    try:
        for loudness, blocks in parts:
            for _ in range(blocks):
                partials.append(transcription.push(np.full(BLOCK // 2, loudness, np.int16).tobytes()))
                device.submit(Window(np.zeros(1, np.int16))).result(5)
                device.cost = cost
        transcript = transcription.finish()
    finally:
        transcription.close()
        device.close()
    return [text for text in partials if text is not None], transcript


class Waited(Scripted):
    """Leaves out the empty jobs by which `speak` waits for the device."""

    def __call__(self, windows: Sequence[Window]) -> list[Decoded]:
        real = [window for window in windows if len(window.samples) > 1]
        answers = iter(super().__call__(real))
        return [next(answers) if len(window.samples) > 1 else Decoded("", "en", 1, 1, 0) for window in windows]


def test_words_on_which_two_hypotheses_agree_are_not_decoded_again() -> None:
    decoder = Waited("what", "what time as", "what time is it", "what time is it in", "what time is it in Rome")
    partials, transcript = speak(decoder, (5000, 40), (0, 6))
    prefixes = [window.prefix for window in decoder.asked]
    assert prefixes[:4] == ["", "", "", "what time"]
    assert partials[-1] == transcript.text == "what time is it in Rome"
    assert {window.prompt for window in decoder.asked} == {"Ada."}


def test_where_that_would_cost_more_everything_is_decoded_again() -> None:
    decoder = Waited("what", "what time as", "what time is it", "what time is it in", "what time is it in Rome")
    partials, transcript = speak(decoder, (5000, 40), (0, 6), keeps_prefix=False)
    assert {window.prefix for window in decoder.asked} == {""}
    assert partials[-1] == transcript.text == "what time is it in Rome"


def test_on_a_slow_device_there_are_few_partial_hypotheses() -> None:
    slow, fast = Waited("what time"), Waited("what time")
    speak(slow, (5000, 60), (0, 6), cost=0.5)
    speak(fast, (5000, 60), (0, 6), cost=0.01)
    assert [window.final for window in slow.asked] == [False, True]
    assert len(fast.asked) == 8


def test_what_is_decoded_in_the_pause_is_the_transcript() -> None:
    decoder = Waited("stop", "Stop.", "Never.")
    _, transcript = speak(decoder, (5000, 12), (0, 4))
    before = len(decoder.asked)
    decoder = Waited("stop", "Stop.", "Never.")
    _, later = speak(decoder, (5000, 12), (0, 12))
    assert (transcript.text, later.text) == ("Stop.", "Stop.")
    assert len(decoder.asked) == before
    assert [window.final for window in decoder.asked].count(True) == 1


def test_who_goes_on_after_a_pause_is_heard_to_the_end() -> None:
    decoder = Waited("well", "well", "well", "well I think", "well I think so")
    _, transcript = speak(decoder, (5000, 12), (0, 5), (5000, 20), (0, 5))
    assert transcript.text == "well I think so"
    assert sum(window.final for window in decoder.asked) == 2


def test_a_cough_is_not_decoded() -> None:
    decoder = Waited("Thank you for watching!")
    assert speak(decoder, (0, 5), (9000, 2), (0, 12)) == ([], Transcript("", 0.0, (), "en"))
    assert decoder.asked == []


@pytest.mark.parametrize("text", ["Thanks for watching!", "la " * 60, "so " + "many words " * 12])
def test_what_nobody_can_have_said_is_not_told(text: str) -> None:
    assert speak(Waited(text), (5000, 6), (0, 12))[1].text == ""


def test_a_decoder_that_fails_is_an_error_of_the_utterance_and_the_next_one_works() -> None:
    def broken(windows: Sequence[Window]) -> list[Decoded]:
        if any(len(window.samples) > 1 for window in windows):
            raise EngineError("out of memory", code="out_of_memory", retryable=True)
        return [Decoded("", "en", 1, 1, 0) for _ in windows]

    with pytest.raises(EngineError, match="out of memory"):
        speak(broken, (5000, 20), (0, 8))
    assert speak(Waited("hello"), (5000, 20), (0, 8))[1].text == "hello"


def test_nothing_can_be_pushed_after_the_end(whisper: Whisper) -> None:
    transcription = whisper.open("en")
    transcription.finish()
    for again in (lambda: transcription.push(b"\0\0"), transcription.finish):
        with pytest.raises(EngineError, match="over"):
            again()
    transcription.close()
    transcription.close()


