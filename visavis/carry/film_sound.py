"""The sound of a film: both voices, mixed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import numpy as np

from bus import codec, subjects
from bus.errors import InvalidInput
from bus.events import FRAMES_PER_SECOND, MICROPHONE_RATE, OPUS_FRAME, SPEECH_RATE, AudioIn, AudioOut
from services.audio import OpusDecoder, Samples, resample, samples_from_pcm
from visavis.carry.contents import Archive
from visavis.carry.film_plan import Plan, Sound


def mixed(archive: Archive, plan: Plan) -> Iterator[Samples]:
    """The sound of the whole film, int16 at 48 kHz mono, in blocks of 20 ms."""
    length = plan.length * SPEECH_RATE // FRAMES_PER_SECOND
    window = np.zeros(0, np.int32)
    """What is known of the sound from `position` on."""
    position = 0
    for sound in plan.sounds:
        whole = (min(sound.start, length) - position) // OPUS_FRAME * OPUS_FRAME
        yield from _blocks(window, whole)
        window, position = window[max(0, whole) :], position + max(0, whole)
        samples = sound_of(archive, sound)
        start = sound.start - position
        if len(window) < start + len(samples):
            window = np.concatenate([window, np.zeros(start + len(samples) - len(window), np.int32)])
        window[start : start + len(samples)] += samples
    yield from _blocks(window, length - position)


def _blocks(window: np.ndarray, count: int) -> Iterator[Samples]:
    """The first samples of a window, followed by silence where it has not so many."""
    for start in range(0, count, OPUS_FRAME):
        block = np.zeros(min(OPUS_FRAME, count - start), np.int16)
        known = window[start : start + len(block)]
        block[: len(known)] = np.clip(known, -32768, 32767)
        yield block


def sound_of(archive: Archive, sound: Sound) -> Samples:
    """The samples of a clip at 48 kHz, silent where they are missing; as many as sounded."""
    clip = sound.clip
    if clip.kind == "person":
        return resample(_recorded(archive, clip.id, clip.samples), MICROPHONE_RATE, SPEECH_RATE)
    return _spoken(archive, clip.id, clip.samples)


def _recorded(archive: Archive, utterance: str, count: int) -> Samples:
    samples = np.zeros(count, np.int16)
    for data in archive.media.read(subjects.audio_in(archive.conversation, utterance)):
        chunk = codec.decode_media(data)
        if isinstance(chunk, AudioIn):
            _put(samples, chunk.sample, samples_from_pcm(chunk.pcm[: len(chunk.pcm) // 2 * 2]))
    return samples


def _spoken(archive: Archive, speech: str, count: int) -> Samples:
    samples = np.zeros(count, np.int16)
    decoder, done = OpusDecoder(), 0
    for data in archive.media.read(subjects.audio_out(archive.conversation, speech)):
        chunk = codec.decode_media(data)
        if not isinstance(chunk, AudioOut):
            continue
        for number, packet in enumerate(chunk.packets):
            at = chunk.sample + number * OPUS_FRAME
            if at < done or at >= count:
                continue  # delivered twice, or not played
            with suppress(InvalidInput):  # silence in its place
                _put(samples, at, decoder.decode(packet))
            done = at + OPUS_FRAME
    return samples


def _put(samples: Samples, at: int, block: Samples) -> None:
    if 0 <= at < len(samples):
        block = block[: len(samples) - at]
        samples[at : at + len(block)] = block
