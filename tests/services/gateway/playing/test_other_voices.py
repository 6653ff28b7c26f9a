"""The avatar's voice out of another session's loudspeaker is no speech in a microphone beside it."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from bus.events import (
    MICROPHONE_RATE,
    OPUS_FRAME,
    AudioOut,
    Body,
    PlaybackFinished,
    PlaybackProgress,
    PlaybackStarted,
    ReplyInterrupted,
    SessionClosed,
    SpeechStarted,
)
from bus.log.event_log import EventLog
from services.audio import OpusEncoder, Samples, packet_loudness, resample
from services.gateway.listening.endpointing import Endpointer
from services.gateway.listening.microphone import Microphone
from services.gateway.listening.voice_activity import PocketsphinxDetector
from services.gateway.playing.floor import Floor
from services.gateway.playing.other_voices import OtherVoices
from tests import voices

TICK = MICROPHONE_RATE // 50
VOICE = voices.samples("please_tell_me_a_story_about_the_sea_slt")
OTHER_WORDS = voices.samples("what_can_you_do_for_me_rms")
SPEECH = SpeechStarted(speech="s1", reply="r1", index=0, character="ada", voice="v", engine="e")


def floor_with_voice() -> Floor:
    """A floor that has the sound of a speech, and begins nothing."""
    floor, encoder = Floor(), OpusEncoder(MICROPHONE_RATE)
    floor.hold(True)
    floor.add_speech(SPEECH)
    loudness = packet_loudness(resample(VOICE, MICROPHONE_RATE, 48_000))
    packets = (*encoder.push(VOICE), *encoder.flush())[: len(loudness)]
    floor.add_audio(
        AudioOut(
            conversation="c", speech="s1", index=0, sample=0, packets=packets, final=True,
            loudness=tuple(loudness[: len(packets)]),
        )
    )  # fmt: skip
    return floor


def hears(room: Samples, *facts: tuple[int, Body]) -> bool:
    """Whether a microphone in this room hears a person.

    Args:
        facts: of another session, each with the tick at which it is read.
    """
    microphone = Microphone(cast("EventLog", None), "c", "en", PocketsphinxDetector(), Endpointer(window=TICK))
    others = OtherVoices("here", floor_with_voice().voice_of)
    for tick in range(len(room) // TICK):
        for at, body in facts:
            if at == tick:
                others.see(body)
        for session, packet, loudness in others.tick():
            microphone.push_playback_of(session, packet, loudness)
        microphone.push_pcm(room[tick * TICK :][:TICK].tobytes())
    return microphone.is_hearing


def played(kind: type[PlaybackStarted | PlaybackProgress | PlaybackFinished], samples: int = 0) -> Body:
    names = {"session": "there", "speech": "s1", "reply": "r1", "index": 0}
    if kind is PlaybackStarted:
        return PlaybackStarted(**names, video=True)  # type: ignore[arg-type]
    if kind is PlaybackProgress:
        return PlaybackProgress(**names, samples=samples)  # type: ignore[arg-type]
    return PlaybackFinished(**names, samples=samples, complete=False)  # type: ignore[arg-type]


def delayed(voice: Samples, ticks: int) -> Samples:
    quiet = np.random.default_rng(2).normal(0, 3, len(voice) + ticks * TICK + MICROPHONE_RATE)
    quiet[ticks * TICK :][: len(voice)] += voice / 3
    return quiet.astype(np.int16)


@pytest.mark.parametrize("delay", [6, 20])
def test_what_another_session_plays_is_an_echo(delay: int) -> None:
    room = delayed(VOICE, 25 + delay)
    assert hears(room)
    assert not hears(room, (25, played(PlaybackStarted)))


def test_a_session_that_joins_beside_a_loudspeaker_hears_an_echo() -> None:
    middle = 60
    room = delayed(VOICE[middle * TICK :], 10)
    assert hears(room)
    assert not hears(room, (0, played(PlaybackProgress, middle * OPUS_FRAME)))


def test_a_person_beside_another_loudspeaker_is_heard() -> None:
    assert hears(delayed(OTHER_WORDS, 60), (25, played(PlaybackStarted)))


@pytest.mark.parametrize(
    "over",
    [
        played(PlaybackFinished, 10 * OPUS_FRAME),
        ReplyInterrupted(reply="r1", heard="", by="button"),
        SessionClosed(session="there", reason="left"),
    ],
)
def test_a_voice_that_has_ended_is_played_no_more(over: Body) -> None:
    others = OtherVoices("here", floor_with_voice().voice_of)
    others.see(played(PlaybackStarted))
    assert [packet is not None for _, packet, _ in others.tick()] == [True]
    others.see(over)
    assert not [packet for _, packet, _ in others.tick() if packet is not None]
    others.see(PlaybackStarted(session="here", speech="s1", reply="r1", index=0, video=True))  # its own
    assert not [packet for _, packet, _ in others.tick() if packet is not None]
