"""Endpointing of recordings with pauses, fillers, coughs and half sentences, as a listener would do it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from services.gateway.listening.endpointing import MAX_UTTERANCE, Boundary, EndOfSpeech, Endpointer, StartOfSpeech
from services.gateway.listening.voice_activity import PocketsphinxDetector, SileroDetector, VoiceActivityDetector
from services.models.catalogue import SILERO
from tests import real_models, voices
from tests.voices.turns import TurnRecording, turn_recordings

MS = 16
RECOGNISED = 250 * MS
"""Samples after the end of some words until they are in the partial transcript."""
NOISES = ("a_cough_alone", "a_cough_after_a_sentence", "a_cough_before_a_sentence", "knocking", "breathing", "music")


def boundaries(recording: TurnRecording, detector: VoiceActivityDetector) -> Iterator[tuple[int, Boundary]]:
    """The boundaries in a recording, given partial transcripts in time; each with the sample at which it is found."""
    endpointer = Endpointer(500, language=recording.language, window=detector.window)
    pcm = recording.samples().tobytes()
    utterance = 0
    for start in range(0, len(pcm) // 2 - detector.window, detector.window):
        now = start + detector.window
        partial = [one.text for one in recording.heard if utterance <= one.start and one.end + RECOGNISED <= now]
        if partial:
            endpointer.set_partial(" ".join(partial))
        boundary = endpointer.push(detector.probability(pcm[2 * start : 2 * now]))
        if boundary is not None:
            yield now, boundary
        if isinstance(boundary, EndOfSpeech):
            utterance = now


needs_silero = real_models.needs(SILERO)


def silero_detector() -> SileroDetector:
    return SileroDetector(real_models.folder(SILERO) / SILERO.files[0].path)


def detectors() -> list[object]:
    return [
        pytest.param(silero_detector, id="silero", marks=needs_silero),
        pytest.param(PocketsphinxDetector, id="pocketsphinx"),
    ]


@pytest.mark.parametrize("make", detectors())
@pytest.mark.parametrize("name", [name for name in turn_recordings() if name not in NOISES])
def test_speech_is_segmented_as_by_a_listener(make: Callable[[], VoiceActivityDetector], name: str) -> None:
    recording = turn_recordings()[name]
    found = list(boundaries(recording, make()))
    starts = [boundary.sample for _, boundary in found if isinstance(boundary, StartOfSpeech)]
    ends = [(known, boundary.speech_ended) for known, boundary in found if isinstance(boundary, EndOfSpeech)]
    assert len(starts) == len(ends) == recording.phrases
    # All words are inside an utterance, and no utterance goes on long after its last word.
    for one in recording.heard:
        assert any(start < one.start and one.end < known for start, (known, _) in zip(starts, ends, strict=True))
    last = recording.heard[-1].end
    assert abs(ends[-1][1] - last) < 200 * MS
    assert ends[-1][0] - last < MAX_UTTERANCE // 20


@needs_silero
@pytest.mark.parametrize("name", NOISES)
def test_noises_are_no_utterances(name: str) -> None:
    recording = turn_recordings()[name]
    found = list(boundaries(recording, silero_detector()))
    assert [type(boundary) for _, boundary in found] == [StartOfSpeech, EndOfSpeech] * recording.phrases


def waits(name: str) -> int:
    """Milliseconds from the last word until the end of its utterance is found."""
    recording = turn_recordings()[name]
    *_, (known, _) = boundaries(recording, silero_detector())
    return (known - recording.heard[-1].end) // MS


@needs_silero
def test_a_whole_sentence_ends_sooner_than_a_half_one() -> None:
    assert waits("a_question") < 450 < 850 < waits("a_half_sentence") < 1200


@needs_silero
@pytest.mark.parametrize("seconds", [1, 5, 9, 14])
def test_a_single_word_is_noticed_after_any_silence(seconds: int) -> None:
    word = voices.samples("hello_rms")
    for offset in range(0, 512, 64):
        detector = silero_detector()
        endpointer = Endpointer(window=detector.window, onset=detector.onset)
        silence = np.zeros(seconds * 1000 * MS + offset, np.int16)
        pcm = np.concatenate([silence, word, np.zeros(500 * MS, np.int16)]).tobytes()
        sizes = range(0, len(pcm) - 2 * detector.window, 2 * detector.window)
        found = [endpointer.push(detector.probability(pcm[at : at + 2 * detector.window])) for at in sizes]
        starts = [one.sample for one in found if isinstance(one, StartOfSpeech)]
        assert len(starts) == 1, offset
        assert starts[0] < len(silence) + len(word) // 2, offset
