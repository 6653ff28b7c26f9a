"""The embedded recogniser on recorded voices."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from bus.errors import EngineError, InvalidInput
from services.stt.engine import Transcript
from services.stt.pocketsphinx_engine import Pocketsphinx
from tests import voices

BLOCK = 2_048


@pytest.fixture(scope="module")
def engine() -> Pocketsphinx:
    return Pocketsphinx()


def listen(engine: Pocketsphinx, pcm: bytes) -> tuple[list[str], Transcript]:
    """The partial texts and the final one."""
    transcription = engine.open("en")
    pushed = (transcription.push(pcm[start : start + BLOCK]) for start in range(0, len(pcm), BLOCK))
    partials = [text for text in pushed if text is not None]
    return partials, transcription.finish()


@pytest.mark.parametrize("name", sorted(voices.recordings()))
def test_every_recording_is_heard_word_for_word(engine: Pocketsphinx, name: str) -> None:
    _, transcript = listen(engine, voices.spoken(name))
    assert transcript.text == voices.recordings()[name].text


def test_words_have_their_places_in_order(engine: Pocketsphinx) -> None:
    _, transcript = listen(engine, voices.spoken("what_is_your_name_rms", before=1.0))
    assert [word.text for word in transcript.words] == ["what", "is", "your", "name"]
    times = [time for word in transcript.words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert 0.9 < times[0] < 1.2
    assert all(0 < word.confidence <= 1 for word in transcript.words)
    assert 0 < transcript.confidence <= 1


def test_partial_texts_grow_towards_the_whole(engine: Pocketsphinx) -> None:
    partials, _ = listen(engine, voices.spoken("what_time_is_it_rms"))
    assert partials[-1] == "what time is it"
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(partials))


def test_the_same_audio_gives_the_same_words_whoever_spoke_before(engine: Pocketsphinx) -> None:
    pcm = voices.spoken("are_you_a_robot_slt")
    partials, fresh = listen(Pocketsphinx(), pcm)
    listen(engine, voices.spoken("hello_rms", noise=200))
    again, used = listen(engine, pcm)
    assert again == partials
    assert [(word.text, word.start, word.end) for word in used.words] == [
        (word.text, word.start, word.end) for word in fresh.words
    ]
    assert used.confidence == pytest.approx(fresh.confidence, abs=0.02)


def test_after_a_pause_the_words_are_known_before_the_end(engine: Pocketsphinx) -> None:
    partials, transcript = listen(engine, voices.spoken("what_can_you_do_for_me_rms", after=0.4))
    assert partials[-1] == transcript.text == "what can you do for me"


def test_sentences_with_a_pause_between_are_one_transcript_with_times_that_go_on(engine: Pocketsphinx) -> None:
    first = voices.spoken("what_time_is_it_rms", after=0.3)
    second = voices.spoken("tell_me_something_about_yourself_slt", before=0.3)
    partials, transcript = listen(engine, first + second)
    assert transcript.text == "what time is it tell me something about yourself"
    assert any(partial.startswith("what time is it tell me") for partial in partials)
    times = [time for word in transcript.words for time in (word.start, word.end)]
    assert times == sorted(times)
    tell = transcript.words[4]
    assert tell.text == "tell"
    onset = np.nonzero(np.abs(np.frombuffer(second, np.int16)) > 300)[0][0]
    assert tell.start == pytest.approx((len(first) / 2 + onset) / 16_000, abs=0.1)


def test_a_voice_that_ends_without_a_pause_is_heard_to_its_end(engine: Pocketsphinx) -> None:
    _, transcript = listen(engine, voices.spoken("what_characters_do_you_have_rms", after=0.05))
    assert transcript.text == "what characters do you have"


@pytest.mark.parametrize("pcm", [b"", bytes(16_000), bytes(2)], ids=["nothing", "silence", "one sample"])
def test_no_voice_gives_no_words(engine: Pocketsphinx, pcm: bytes) -> None:
    assert listen(engine, pcm)[1] == Transcript("", 0.0, (), "en")


def test_a_decoder_is_used_again_after_finish_and_after_close(engine: Pocketsphinx) -> None:
    idle = engine.idle
    finished, dropped = engine.open("en"), Pocketsphinx().open("en-GB")
    finished.push(bytes(BLOCK))
    finished.finish()
    finished.close()
    dropped.push(bytes(BLOCK))
    dropped.close()
    dropped.close()
    assert engine.idle == idle


def test_two_utterances_at_once_have_a_decoder_each(engine: Pocketsphinx) -> None:
    pcm, other = voices.spoken("what_time_is_it_rms"), voices.spoken("goodbye_slt")
    first, second = engine.open("en"), engine.open("en")
    for start in range(0, max(len(pcm), len(other)), BLOCK):
        first.push(pcm[start : start + BLOCK])
        second.push(other[start : start + BLOCK])
    assert (first.finish().text, second.finish().text) == ("what time is it", "goodbye")
    assert engine.idle == 2


def test_nothing_more_is_no_error(engine: Pocketsphinx) -> None:
    transcription = engine.open("en")
    assert transcription.push(b"") is None
    transcription.close()


def test_half_a_sample_is_refused(engine: Pocketsphinx) -> None:
    transcription = engine.open("en")
    with pytest.raises(InvalidInput):
        transcription.push(bytes(3))
    transcription.close()


def test_nothing_can_be_pushed_after_the_end(engine: Pocketsphinx) -> None:
    transcription = engine.open("en")
    transcription.finish()
    with pytest.raises(EngineError, match="over"):
        transcription.push(bytes(BLOCK))


def test_it_says_that_it_hears_english_only(engine: Pocketsphinx) -> None:
    with pytest.raises(EngineError) as caught:
        engine.open("de")
    assert caught.value.code == "language_unsupported"
    assert not caught.value.retryable


class _BrokenDecoder:
    """Fails as pocketsphinx does."""

    def set_cmn(self, mean: str) -> None: ...

    def start_utt(self) -> None: ...

    def process_raw(self, pcm: bytes) -> None:
        raise RuntimeError("Failed to process audio")

    def end_utt(self) -> None:
        raise RuntimeError("Failed to stop utterance processing")


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pocketsphinx]:
    monkeypatch.setattr("services.stt.pocketsphinx_engine.Decoder", lambda **options: _BrokenDecoder())
    return iter([Pocketsphinx()])


def test_a_decoder_that_failed_is_not_used_again(broken: Iterator[Pocketsphinx]) -> None:
    engine = next(broken)
    for work in ("push", "finish"):
        transcription = engine.open("en")
        with pytest.raises(EngineError) as caught:
            _ = transcription.push(bytes(2)) if work == "push" else transcription.finish()
        transcription.close()
        assert caught.value.retryable
        assert engine.idle == 0
