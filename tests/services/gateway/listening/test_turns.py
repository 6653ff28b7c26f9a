"""Recorded pauses, fillers, coughs and half sentences are cut where a listener would."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from services import silero
from services.gateway.listening.endpointing import LONGEST, Ended, Endpointer, Started
from services.gateway.listening.voice_activity import PocketsphinxDetector, SileroDetector, VoiceActivityDetector
from tests.voices.turns import TurnRecording, turn_recordings

MS = 16
RECOGNISED = 250 * MS
"""Samples after the end of some words until the recogniser has told them."""
NOISES = ("a_cough_alone", "a_cough_after_a_sentence", "a_cough_before_a_sentence", "knocking", "breathing", "music")


def boundaries(recording: TurnRecording, activity: VoiceActivityDetector) -> Iterator[tuple[int, Started | Ended]]:
    """What is made of a recording while its words are told as they are recognised; with when it is known."""
    endpointer = Endpointer(500, language=recording.language, window=activity.window)
    pcm = recording.samples().tobytes()
    phrase = 0
    for start in range(0, len(pcm) // 2 - activity.window, activity.window):
        now = start + activity.window
        told = [one.text for one in recording.heard if phrase <= one.start and one.end + RECOGNISED <= now]
        if told:
            endpointer.hint(" ".join(told))
        for boundary in endpointer.push(activity.probability(pcm[2 * start : 2 * now])):
            yield now, boundary
            if isinstance(boundary, Ended):
                phrase = now


def detectors() -> list[object]:
    missing = silero.missing()
    return [
        pytest.param(SileroDetector, id="silero", marks=pytest.mark.skipif(bool(missing), reason=str(missing))),
        pytest.param(PocketsphinxDetector, id="pocketsphinx"),
    ]


@pytest.mark.parametrize("make", detectors())
@pytest.mark.parametrize("name", [name for name in turn_recordings() if name not in NOISES])
def test_speech_is_cut_where_a_listener_would(make: Callable[[], VoiceActivityDetector], name: str) -> None:
    recording = turn_recordings()[name]
    found = list(boundaries(recording, make()))
    starts = [boundary.sample for _, boundary in found if isinstance(boundary, Started)]
    ends = [(known, boundary.speech_ended) for known, boundary in found if isinstance(boundary, Ended)]
    assert len(starts) == len(ends) == recording.phrases
    # Nothing that was said lies outside a phrase, and no phrase goes on long after it.
    for one in recording.heard:
        assert any(start < one.start and one.end < known for start, (known, _) in zip(starts, ends, strict=True))
    last = recording.heard[-1].end
    assert abs(ends[-1][1] - last) < 200 * MS
    assert ends[-1][0] - last < LONGEST // 20


@pytest.mark.skipif(bool(silero.missing()), reason=str(silero.missing()))
@pytest.mark.parametrize("name", NOISES)
def test_noises_are_no_phrases(name: str) -> None:
    recording = turn_recordings()[name]
    found = list(boundaries(recording, SileroDetector()))
    assert [type(boundary) for _, boundary in found] == [Started, Ended] * recording.phrases


def waits(name: str) -> int:
    """Milliseconds from the last word to the end of its phrase being known."""
    recording = turn_recordings()[name]
    *_, (known, _) = boundaries(recording, PocketsphinxDetector() if silero.missing() else SileroDetector())
    return (known - recording.heard[-1].end) // MS


def test_a_whole_sentence_is_over_sooner_than_a_half_one() -> None:
    assert waits("a_question") < 450 < 850 < waits("a_half_sentence") < 1200
