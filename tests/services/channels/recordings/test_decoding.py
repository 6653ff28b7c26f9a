"""Recordings as people send them, damaged ones, and such as were made to do harm."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import struct
import time
import zlib
from collections.abc import Callable, Iterator

import av
import msgspec
import numpy as np
import pytest

from bus.errors import EngineError
from bus.events import MICROPHONE_RATE
from services.audio import Samples, samples_from_pcm
from services.channels.recordings import decoder_process
from services.channels.recordings.decoder_process import Problem, Rejected, Request, Response, decode, respond_in_fork
from services.channels.recordings.decoding import RecordingDecoder, Unusable
from tests.services.channels.recordings.recordings import Format, encode, opus_silence, speech

SPEECH = speech()
SECONDS = 60
OPUS = Format("ogg", "libopus", 48_000, bitrate=24_000)
FORMATS = [
    OPUS,
    *(Format("ogg", "libopus", rate, layout, 16_000) for rate in (8_000, 16_000, 24_000, 48_000)
      for layout in ("mono", "stereo")),
    Format("ogg", "flac", 16_000),
    Format("webm", "libopus", 48_000),
    Format("webm", "libopus", 48_000, container_options={"live": "1"}),
    Format("mp3", "libmp3lame", 44_100),
    Format("mp3", "libmp3lame", 22_050, "stereo", cover=True),
    Format("mp3", "libmp3lame", 16_000, container_options={"write_xing": "0", "id3v2_version": "0"}),
    Format("ogg", "libopus", 48_000, cover=True),
    Format("ipod", "aac", 44_100),
    Format("mp4", "aac", 44_100, cover=True),
    Format("mp4", "aac", 48_000, "stereo", video=True),
    Format("mp4", "aac", 48_000, container_options={"movflags": "frag_keyframe+empty_moov"}),
    Format("adts", "aac", 32_000),
    Format("wav", "pcm_s16le", 16_000),
    Format("wav", "pcm_mulaw", 8_000, "stereo"),
    Format("flac", "flac", 48_000),
]  # fmt: skip
AMR = [Format("amr", "libopencore_amrnb", 8_000, bitrate=12_200), Format("3gp", "libopencore_amrnb", 8_000)]


@pytest.fixture
def decoder() -> Iterator[RecordingDecoder]:
    made = RecordingDecoder(SECONDS)
    made.start()
    yield made
    made.close()


@pytest.fixture(scope="module")
def kept() -> Iterator[RecordingDecoder]:
    """One process for all recordings, each of which it decodes in a fork: the tests' own has threads, and a fork of it
    may wait for ever for what one of them held."""
    made = RecordingDecoder(SECONDS)
    made.start()
    yield made
    made.close()


def sound(data: bytes, seconds: int = SECONDS) -> Samples:
    return samples_from_pcm(decode(data, seconds))


def correlation(one: Samples, other: Samples) -> float:
    """The largest normalised correlation of two recordings that begin within 120 ms of one another."""
    size = min(len(one), len(other))
    a, b = one[:size].astype(np.float64), other[:size].astype(np.float64)
    shifted = np.fft.irfft(np.fft.rfft(a, 2 * size).conj() * np.fft.rfft(b, 2 * size))
    reach = MICROPHONE_RATE * 120 // 1000
    near = np.concatenate([shifted[: reach + 1], shifted[-reach:]])
    return float(near.max() / np.sqrt((a @ a) * (b @ b)))


def loudness(samples: Samples) -> Samples:
    """Of each 20 ms."""
    size = MICROPHONE_RATE // 50
    blocks = samples[: len(samples) // size * size].astype(np.float64).reshape(-1, size)
    return np.asarray(np.sqrt(np.mean(blocks**2, axis=1)), np.int16)


@pytest.mark.parametrize("format", FORMATS, ids=str)
def test_what_people_send_is_decoded_to_what_they_said(format: Format) -> None:
    decoded = sound(encode(SPEECH, format))
    # Less than an encoder's delay or the rest of its last packet.
    assert abs(len(decoded) - len(SPEECH)) < MICROPHONE_RATE * 120 // 1000
    assert correlation(SPEECH, decoded) > 0.9


@pytest.mark.parametrize("format", AMR, ids=str)
def test_a_telephones_recording_has_the_same_loudness_all_along(format: Format) -> None:
    decoded = sound(encode(SPEECH, format))  # its codec keeps the sound, not the shape of its waves
    assert abs(len(decoded) - len(SPEECH)) < MICROPHONE_RATE * 120 // 1000
    size = min(len(decoded), len(SPEECH))
    assert np.corrcoef(loudness(SPEECH[:size]), loudness(decoded[:size]))[0, 1] > 0.9


def test_amr_keeps_the_time_in_which_nothing_is_sent() -> None:
    assert len(decode(b"#!AMR\n" + b"\x7c" * 100, SECONDS)) == 100 * 2 * 160 * 2
    assert len(decode(b"#!AMR-WB\n" + b"\x7c" * 100, SECONDS)) == 100 * 2 * 320


def test_silence_before_within_and_after_the_words_is_kept() -> None:
    silence = np.zeros(MICROPHONE_RATE, np.int16)
    whole = np.concatenate([silence, SPEECH, silence, SPEECH, silence])
    decoded = sound(encode(whole, OPUS))
    assert len(decoded) == len(whole)
    assert correlation(whole, decoded) > 0.95


def test_of_a_truncated_recording_what_is_there_is_heard() -> None:
    whole = encode(SPEECH, OPUS)
    decoded = sound(whole[: len(whole) * 2 // 3])
    assert len(SPEECH) / 4 < len(decoded) < len(SPEECH)
    assert correlation(SPEECH, decoded) > 0.9


def test_damage_in_the_middle_costs_only_what_is_damaged() -> None:
    whole = bytearray(encode(SPEECH, Format("mp3", "libmp3lame", 16_000)))
    middle = len(whole) // 2
    whole[middle : middle + 400] = os.urandom(400)
    assert len(sound(bytes(whole))) > 0.8 * len(SPEECH)


def test_of_several_sounds_the_first_is_heard() -> None:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as container:
        first, second = (container.add_stream("pcm_s16le", rate=MICROPHONE_RATE, layout="mono") for _ in range(2))
        for stream, samples in ((first, SPEECH), (second, np.zeros_like(SPEECH))):
            frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
            frame.sample_rate, frame.pts = MICROPHONE_RATE, 0
            container.mux(stream.encode(frame))
    assert np.array_equal(sound(buffer.getvalue()), SPEECH)


def test_the_sound_may_change_its_rate_on_the_way() -> None:
    parts = [encode(SPEECH, Format("mp3", "libmp3lame", rate, layout)) for rate, layout in
             ((16_000, "mono"), (44_100, "stereo"), (22_050, "mono"))]  # fmt: skip
    assert len(sound(b"".join(parts))) > 2.5 * len(SPEECH)


def test_a_recording_up_to_the_limit_is_taken_and_a_longer_one_refused() -> None:
    sound_of_5_s = np.resize(SPEECH, 5 * MICROPHONE_RATE)
    wav = Format("wav", "pcm_s16le", 16_000)
    assert len(sound(encode(sound_of_5_s, wav), seconds=5)) == 5 * MICROPHONE_RATE
    with pytest.raises(Rejected, match="longer than 4 s"):
        decode(encode(sound_of_5_s, wav), 4)


# damaged and hostile


def wav(rate: int, channels: int, bits: int, payload: bytes, codec: int = 1) -> bytes:
    frame = channels * bits // 8 % 65536
    head = struct.pack("<IHHIIHH", 16, codec, channels, rate, rate * frame % 2**32, frame, bits)
    return b"RIFF" + struct.pack("<I", 36 + len(payload)) + b"WAVEfmt " + head + b"data" + struct.pack(
        "<I", len(payload)) + payload  # fmt: skip


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


def nested(depth: int) -> bytes:
    content = b""
    for _ in range(depth):
        content = box(b"moov", content)
    return content


FTYP = box(b"ftyp", b"isom\0\0\0\0")
BROKEN: dict[str, bytes] = {
    "empty": b"",
    "one byte": b"\xff",
    "a text": b"Hello, this is no recording.",
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(1000),
    "a script": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
    "Ogg and then noise": b"OggS" + np.random.default_rng(1).bytes(100_000),
    "Matroska and then noise": b"\x1aE\xdf\xa3" + np.random.default_rng(2).bytes(100_000),
    "MP4 and then noise": FTYP + np.random.default_rng(3).bytes(100_000),
    "FLAC and then noise": b"fLaC" + np.random.default_rng(4).bytes(100_000),
    "an MP4 without its index": encode(SPEECH, Format("mp4", "aac", 44_100))[:5_000],
    "only ones": b"\xff" * 1_000_000,
    "a WAV without sound": wav(8_000, 1, 16, b""),
    "a WAV with 65,535 channels": wav(8_000, 65_535, 8, bytes(100_000)),
    "a WAV with no rate": wav(0, 1, 8, bytes(100_000)),
    "a WAV of one sample a second": wav(1, 1, 8, bytes(100_000)),
    "a WAV of four thousand million samples a second": wav(2**32 - 1, 1, 8, bytes(100_000)),
    "a WAV of a codec that is not taken": wav(8_000, 1, 16, bytes(100_000), codec=0x2),
    "five million headers of MP3 frames": b"\xff\xfb\x90\x00" * 500_000,
    "boxes in boxes in boxes": FTYP + nested(5_000),
    "a compressed index of 200 MB": FTYP + box(b"moov", box(b"cmov", box(b"dcom", b"zlib") + box(
        b"cmvd", struct.pack(">I", 200_000_000) + zlib.compress(bytes(200_000_000), 1)))),
    "an ID3 tag of 256 MB": b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + bytes(1_000_000),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
async def test_what_is_no_recording_is_refused(kept: RecordingDecoder, name: str) -> None:
    with pytest.raises(Unusable) as refused:
        await kept.decode(BROKEN[name])
    assert refused.value.problem in ("unreadable", "no_sound")


def test_a_file_without_sound_is_refused_as_such() -> None:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        video = container.add_stream("libx264", rate=10, width=64, height=64, pix_fmt="yuv420p")
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
        container.mux([*video.encode(frame), *video.encode(None)])
    with pytest.raises(Rejected) as rejected:
        decode(buffer.getvalue(), SECONDS)
    assert rejected.value.problem == "no_sound"


def flac_silence(seconds: int) -> bytes:
    return encode(np.zeros(seconds * MICROPHONE_RATE, np.int16), Format("flac", "flac", 16_000))


@pytest.mark.parametrize(
    "bomb",
    [
        pytest.param(lambda: opus_silence(10), id="ten hours of Opus"),
        pytest.param(lambda: flac_silence(3_600), id="an hour of FLAC"),
        pytest.param(lambda: b"#!AMR\n" + b"\x7c" * 1_000_000, id="five hours of AMR"),
        pytest.param(lambda: b"#!AMR-WB\n" + b"\x7c" * 1_000_000, id="five hours of wide-band AMR"),
        pytest.param(lambda: wav(4_000, 1, 8, bytes(10_000_000)), id="forty minutes of WAV"),
    ],
)
async def test_hours_in_a_small_file_are_refused_once_the_limit_is_decoded(
    kept: RecordingDecoder, bomb: Callable[[], bytes]
) -> None:
    data = await asyncio.to_thread(bomb)
    with pytest.raises(Unusable) as refused:
        await kept.decode(data)
    assert refused.value.problem == "too_long", refused.value.detail


def test_hours_are_refused_whatever_length_the_file_claims() -> None:
    data = opus_silence(1)
    honest = len(data)
    last = data.rindex(b"OggS")
    page = bytearray(data[last:])
    page[6:14] = struct.pack("<q", 48_000)  # says that the recording is over after one second
    page[22:26] = bytes(4)
    lying = data[:last] + bytes(page)
    assert len(lying) == honest
    with pytest.raises(Rejected, match="longer than 60 s"):
        decode(lying, SECONDS)


# the process


def _response(data: bytes) -> Response:
    return msgspec.msgpack.decode(data, type=Response)


async def test_recordings_are_decoded_in_a_process_that_is_kept(decoder: RecordingDecoder) -> None:
    pid = decoder.pid
    first, second = [await decoder.decode(encode(SPEECH, OPUS)) for _ in range(2)]
    assert first == second == decode(encode(SPEECH, OPUS), SECONDS)
    assert decoder.pid == pid != os.getpid()


@pytest.mark.parametrize(("data", "problem"), [(b"no recording", "unreadable"), (opus_silence(0.1), "too_long")])
async def test_a_refused_recording_says_why_and_the_next_is_heard(
    decoder: RecordingDecoder, data: bytes, problem: Problem
) -> None:
    with pytest.raises(Unusable) as unusable:
        await decoder.decode(data)
    assert (unusable.value.problem, unusable.value.retryable) == (problem, False)
    assert len(await decoder.decode(encode(SPEECH, OPUS))) == 2 * len(SPEECH)


async def test_a_process_that_died_is_replaced(decoder: RecordingDecoder) -> None:
    assert decoder.pid is not None
    os.kill(decoder.pid, signal.SIGKILL)
    await asyncio.sleep(0.1)
    assert len(await decoder.decode(encode(SPEECH, OPUS))) == 2 * len(SPEECH)


async def test_a_process_that_dies_over_a_recording_is_a_failure_that_can_be_tried_again(
    decoder: RecordingDecoder,
) -> None:
    assert decoder.pid is not None
    os.kill(decoder.pid, signal.SIGSTOP)
    waiting = asyncio.create_task(decoder.decode(encode(SPEECH, OPUS)))
    await asyncio.sleep(0.1)
    os.kill(decoder.pid, signal.SIGKILL)
    with pytest.raises(EngineError) as failed:
        await waiting
    assert failed.value.retryable
    assert len(await decoder.decode(encode(SPEECH, OPUS))) == 2 * len(SPEECH)


def crash(data: bytes, seconds: int) -> bytes:
    os.kill(os.getpid(), signal.SIGKILL)
    return b""


def spin(data: bytes, seconds: int) -> bytes:
    while True:
        pass


def hang(data: bytes, seconds: int) -> bytes:
    time.sleep(3600)
    return b""


def swell(data: bytes, seconds: int) -> bytes:
    kept = []
    while True:
        kept.append(bytearray(1 << 20))


def write_file(data: bytes, seconds: int) -> bytes:
    fd = os.open("/tmp", os.O_TMPFILE | os.O_RDWR)
    os.write(fd, b"x")
    return b""


@pytest.mark.parametrize("harm", [crash, spin, hang, swell, write_file])
def test_what_a_recording_makes_its_decoder_do_ends_with_the_fork(
    harm: Callable[[bytes, int], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoder_process, "decode", harm)
    monkeypatch.setattr(decoder_process, "processor_seconds", lambda seconds: 1)
    response = _response(respond_in_fork(Request(data=b"x", seconds=SECONDS)))
    assert response.problem == "unreadable"
    assert "died with status" in response.detail
