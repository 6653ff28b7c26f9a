"""Voice notes are the packets of the log, and nothing else."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest

from bus import subjects
from bus.errors import NotFound, StreamStalled
from services.audio import SILENCE, OpusDecoder
from services.channels.recordings.decoder_process import decode
from services.muxing.speech_media import GAP, read_packets
from services.muxing.voice import voice_note
from tests import voices
from tests.fakes import FakeReader, StallingReader
from tests.services.channels.recordings.recordings import speech
from tests.services.channels.sending.speeches import audio_of, log_of, packets_of

FIRST, SECOND, THIRD = (
    packets_of(samples) for samples in (speech(), voices.samples("hello_rms"), voices.samples("what_time_is_it_slt"))
)
READER = FakeReader(media=log_of(("s1", FIRST, ()), ("s2", SECOND, ()), ("s3", THIRD, ()), ("quiet", (), ())))


def packets_in(data: bytes) -> list[bytes]:
    with av.open(io.BytesIO(data), "r", format="ogg") as container:
        return [bytes(packet) for packet in container.demux(container.streams.audio[0]) if packet.size]


async def test_a_voice_note_has_the_packets_of_its_speeches_with_silence_between_them() -> None:
    media = await voice_note(READER, "c", ["s1", "s2"])
    assert packets_in(media.data) == [*FIRST, *[SILENCE] * GAP, *SECOND]
    assert (media.kind, media.seconds) == ("voice", (len(FIRST) + GAP + len(SECOND)) / 50)


async def test_it_sounds_like_the_reply_all_the_way() -> None:
    media = await voice_note(READER, "c", ["s1", "s2", "s3"])
    heard = np.frombuffer(decode(media.data, 60), np.int16)
    assert len(heard) == round(16_000 * media.seconds)
    start = 0
    for packets in (FIRST, SECOND, THIRD):
        decoder = OpusDecoder()
        said = np.concatenate([decoder.decode(packet) for packet in packets])[::3].astype(np.float64)
        assert np.corrcoef(heard[start : start + len(said)], said)[0, 1] > 0.9
        start += len(said) + GAP * 320


async def test_what_says_nothing_aloud_takes_no_time() -> None:
    media = await voice_note(READER, "c", ["quiet", "s2", "quiet"])
    assert packets_in(media.data) == [*SECOND]
    with pytest.raises(NotFound, match="1 speeches hold no sound"):
        await voice_note(READER, "c", ["quiet"])


async def test_chunks_that_were_delivered_twice_count_once() -> None:
    chunks = audio_of("s", FIRST)
    reader = FakeReader(media={subjects.audio_out("c", "s"): [*chunks[:3], chunks[1], chunks[2], *chunks[3:]]})
    assert await read_packets(reader, "c", "s") == FIRST


async def test_a_speech_without_an_end_is_no_voice_note() -> None:
    reader = StallingReader(media={subjects.audio_out("c", "s"): audio_of("s", FIRST)[:2]})
    with pytest.raises(StreamStalled):
        await voice_note(reader, "c", ["s"])
