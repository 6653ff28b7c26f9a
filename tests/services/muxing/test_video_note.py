"""Videos have the pictures of the log at their time, and the sound that belongs to them."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest

from bus.errors import NotFound, StreamStalled
from services.audio import SILENCE, OpusDecoder
from services.muxing.speech_media import GAP
from services.muxing.video import video_note
from tests import voices
from tests.fakes import FakeReader, StallingReader
from tests.services.channels.recordings.recordings import speech
from tests.services.channels.sending.speeches import SIZE, log_of, packets_of

LONG, SHORT = packets_of(speech()), packets_of(voices.samples("hello_rms"))
LONG_FRAMES, SHORT_FRAMES = -(-len(LONG) // 2), -(-len(SHORT) // 2)
GAP_FRAMES = GAP // 2
LONG_GREYS, SHORT_GREYS = range(20, 20 + LONG_FRAMES), range(20, 20 + SHORT_FRAMES)
READER = FakeReader(
    media=log_of(
        ("s1", LONG, LONG_GREYS),
        ("s2", SHORT, SHORT_GREYS),
        ("broken", SHORT, SHORT_GREYS[:-4]),
        ("undrawn", SHORT, ()),
        ("quiet", (), ()),
    )
)


def pictures_in(data: bytes) -> list[tuple[int, int]]:
    """When each picture appears, in frames, and its grey."""
    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.video[0]
        return [
            (round(25 * frame.time), int(frame.to_ndarray()[SIZE // 2, SIZE // 2]))
            for frame in container.decode(stream)
        ]


async def test_each_speech_begins_with_its_first_picture() -> None:
    media = await video_note(READER, "c", ["s1", "s2"])
    begin = LONG_FRAMES + GAP_FRAMES
    expected = [*enumerate(LONG_GREYS), *enumerate(SHORT_GREYS, begin)]
    found = pictures_in(media.data)
    assert [at for at, _ in found] == [at for at, _ in expected]
    assert max(abs(grey - wanted) for (_, grey), (_, wanted) in zip(found, expected, strict=True)) <= 3
    assert (media.kind, media.seconds) == ("video", (begin + SHORT_FRAMES) / 25)


async def test_the_sound_is_in_time_with_the_pictures() -> None:
    media = await video_note(READER, "c", ["s1", "s2"])
    packets = [*LONG, *[SILENCE] * (len(LONG) % 2), *[SILENCE] * GAP, *SHORT]
    decoder = OpusDecoder()
    said = np.concatenate([decoder.decode(packet) for packet in packets]).astype(np.float64)
    with av.open(io.BytesIO(media.data), "r") as container:
        first = next(container.decode(audio=0))
        assert first.pts == 0
    with av.open(io.BytesIO(media.data), "r") as container:
        heard = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert abs(len(heard) - len(said)) <= 2 * 1024
    size = min(len(heard), len(said))
    assert np.corrcoef(heard[:size], said[:size])[0, 1] > 0.99


async def test_it_is_a_file_that_messengers_play() -> None:
    media = await video_note(READER, "c", ["s1"])
    assert media.data.index(b"ftyp") < media.data.index(b"moov") < media.data.index(b"mdat")
    with av.open(io.BytesIO(media.data), "r") as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (video.codec_context.profile, video.width, video.height) == ("Constrained Baseline", SIZE, SIZE)
        assert (audio.codec_context.name, audio.rate, audio.layout.name) == ("aac", 48_000, "mono")
        assert container.duration is not None
        assert abs(container.duration / 1_000_000 - media.seconds) < 0.05


async def test_where_drawing_broke_off_the_last_picture_stays_until_the_next_speech() -> None:
    media = await video_note(READER, "c", ["broken", "s2"])
    found = pictures_in(media.data)
    assert [at for at, _ in found] == [
        *range(SHORT_FRAMES - 4), *range(SHORT_FRAMES + GAP_FRAMES, 2 * SHORT_FRAMES + GAP_FRAMES)
    ]  # fmt: skip


async def test_a_speech_that_was_not_drawn_is_heard_under_the_picture_beside_it() -> None:
    media = await video_note(READER, "c", ["undrawn", "s2", "quiet", "undrawn"])
    found = pictures_in(media.data)
    begin = SHORT_FRAMES + GAP_FRAMES
    assert [at for at, _ in found] == [0, *range(begin + 1, begin + SHORT_FRAMES)]
    assert media.seconds == (3 * SHORT_FRAMES + 2 * GAP_FRAMES) / 25


async def test_without_pictures_there_is_no_video() -> None:
    with pytest.raises(NotFound, match="of 2 speeches none was drawn"):
        await video_note(READER, "c", ["undrawn", "quiet"])
    stalling = StallingReader(media=log_of(("s", SHORT, SHORT_GREYS)))
    with pytest.raises(StreamStalled):
        await video_note(stalling, "c", ["s"])
