"""The pocketsphinx engine on recorded voices."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from bus.errors import EngineError, InvalidInput
from services.stt.engine import Transcript
from services.stt.pocketsphinx_engine import PocketsphinxEngine
from tests import voices

BLOCK = 2_048


@pytest.fixture(scope="module")
def engine() -> PocketsphinxEngine:
    return PocketsphinxEngine()


def transcribe(engine: PocketsphinxEngine, pcm: bytes) -> tuple[list[str], Transcript]:
    """The partial transcripts and the final one."""
    transcription = engine.open("en")
    pushed = (transcription.push(pcm[start : start + BLOCK]) for start in range(0, len(pcm), BLOCK))
    partials = [text for text in pushed if text is not None]
    return partials, transcription.finish()


@pytest.mark.parametrize("name", sorted(voices.recordings()))
def test_every_recording_is_recognised_word_for_word(engine: PocketsphinxEngine, name: str) -> None:
    _, transcript = transcribe(engine, voices.spoken(name))
    assert transcript.text == voices.recordings()[name].text


def test_word_times_are_in_order(engine: PocketsphinxEngine) -> None:
    _, transcript = transcribe(engine, voices.spoken("what_is_your_name_rms", before=1.0))
    assert [word.text for word in transcript.words] == ["what", "is", "your", "name"]
    times = [time for word in transcript.words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert 0.9 < times[0] < 1.2
    assert all(0 < word.confidence <= 1 for word in transcript.words)
    assert 0 < transcript.confidence <= 1


def test_partial_transcripts_grow_to_the_whole_text(engine: PocketsphinxEngine) -> None:
    partials, _ = transcribe(engine, voices.spoken("what_time_is_it_rms"))
    assert partials[-1] == "what time is it"
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(partials))


def test_the_same_audio_gives_the_same_words_after_any_other_speaker(engine: PocketsphinxEngine) -> None:
    pcm = voices.spoken("are_you_a_robot_slt")
    partials, fresh = transcribe(PocketsphinxEngine(), pcm)
    transcribe(engine, voices.spoken("hello_rms", noise=200))
    again, used = transcribe(engine, pcm)
    assert again == partials
    assert [(word.text, word.start, word.end) for word in used.words] == [
        (word.text, word.start, word.end) for word in fresh.words
    ]
    assert used.confidence == pytest.approx(fresh.confidence, abs=0.02)


def test_after_a_pause_the_partial_transcript_is_complete(engine: PocketsphinxEngine) -> None:
    partials, transcript = transcribe(engine, voices.spoken("what_can_you_do_for_me_rms", after=0.4))
    assert partials[-1] == transcript.text == "what can you do for me"


def test_sentences_with_a_pause_between_are_one_transcript_with_continuous_times(engine: PocketsphinxEngine) -> None:
    first = voices.spoken("what_time_is_it_rms", after=0.3)
    second = voices.spoken("tell_me_something_about_yourself_slt", before=0.3)
    partials, transcript = transcribe(engine, first + second)
    assert transcript.text == "what time is it tell me something about yourself"
    assert any(partial.startswith("what time is it tell me") for partial in partials)
    times = [time for word in transcript.words for time in (word.start, word.end)]
    assert times == sorted(times)
    tell = transcript.words[4]
    assert tell.text == "tell"
    onset = np.nonzero(np.abs(np.frombuffer(second, np.int16)) > 300)[0][0]
    assert tell.start == pytest.approx((len(first) / 2 + onset) / 16_000, abs=0.1)


def test_speech_without_a_closing_pause_is_recognised_to_its_end(engine: PocketsphinxEngine) -> None:
    _, transcript = transcribe(engine, voices.spoken("what_characters_do_you_have_rms", after=0.05))
    assert transcript.text == "what characters do you have"


@pytest.mark.parametrize("pcm", [b"", bytes(16_000), bytes(2)], ids=["nothing", "silence", "one sample"])
def test_audio_without_speech_gives_no_words(engine: PocketsphinxEngine, pcm: bytes) -> None:
    assert transcribe(engine, pcm)[1] == Transcript("", 0.0, (), "en")


def test_a_decoder_is_reused_after_finish_and_after_close(engine: PocketsphinxEngine) -> None:
    idle = engine.idle
    finished, dropped = engine.open("en"), PocketsphinxEngine().open("en-GB")
    finished.push(bytes(BLOCK))
    finished.finish()
    finished.close()
    dropped.push(bytes(BLOCK))
    dropped.close()
    dropped.close()
    assert engine.idle == idle


def test_concurrent_utterances_have_a_decoder_each(engine: PocketsphinxEngine) -> None:
    pcm, other = voices.spoken("what_time_is_it_rms"), voices.spoken("goodbye_slt")
    first, second = engine.open("en"), engine.open("en")
    for start in range(0, max(len(pcm), len(other)), BLOCK):
        first.push(pcm[start : start + BLOCK])
        second.push(other[start : start + BLOCK])
    assert (first.finish().text, second.finish().text) == ("what time is it", "goodbye")
    assert engine.idle == 2


def test_an_empty_block_is_no_error(engine: PocketsphinxEngine) -> None:
    transcription = engine.open("en")
    assert transcription.push(b"") is None
    transcription.close()


def test_half_a_sample_is_refused(engine: PocketsphinxEngine) -> None:
    transcription = engine.open("en")
    with pytest.raises(InvalidInput):
        transcription.push(bytes(3))
    transcription.close()


def test_nothing_can_be_pushed_after_the_end(engine: PocketsphinxEngine) -> None:
    transcription = engine.open("en")
    transcription.finish()
    with pytest.raises(EngineError, match="over"):
        transcription.push(bytes(BLOCK))


def test_languages_other_than_english_are_refused(engine: PocketsphinxEngine) -> None:
    with pytest.raises(EngineError) as caught:
        engine.open("de")
    assert caught.value.code == "language_unsupported"
    assert not caught.value.retryable


class _BrokenDecoder:
    """Raises pocketsphinx's errors."""

    def set_cmn(self, mean: str) -> None: ...

    def start_utt(self) -> None: ...

    def process_raw(self, pcm: bytes) -> None:
        raise RuntimeError("Failed to process audio")

    def end_utt(self) -> None:
        raise RuntimeError("Failed to stop utterance processing")


def test_a_failed_decoder_is_not_reused() -> None:
    engine = PocketsphinxEngine(make_decoder=_BrokenDecoder)
    for work in ("push", "finish"):
        transcription = engine.open("en")
        with pytest.raises(EngineError) as caught:
            _ = transcription.push(bytes(2)) if work == "push" else transcription.finish()
        transcription.close()
        assert caught.value.retryable
        assert engine.idle == 0
