"""What recordings and voice notes cost: decoding, also of files made to do harm, and the making of answers.

`python -m bench.channel_media` prints a table. Decoding includes the way to the process and back; its memory is
that of the waiting process and of the one that decodes, with Python and FFmpeg.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from bench.machine import descendants, machine, percentiles, table
from bus.events import MICROPHONE_RATE
from services.channels.recordings.decoding import RecordingDecoder, Unusable
from services.muxing.video import video_note
from services.muxing.voice import voice_note
from tests.fakes import FakeReader
from tests.services.channels.recordings.recordings import Format, encode, opus_silence, speech
from tests.services.channels.sending.speeches import log_of, packets_of

LIMIT = 300
"""Seconds of the longest recording that is taken, by default."""
TIMES = 10
OPUS = Format("ogg", "libopus", 48_000, bitrate=24_000)


def talk(seconds: int) -> bytes:
    """So many seconds of a person reading aloud, as a voice note."""
    return encode(np.resize(speech(), seconds * MICROPHONE_RATE), OPUS)


RECORDINGS: dict[str, Callable[[], bytes]] = {
    "10 s of speech, Opus": lambda: talk(10),
    "60 s of speech, Opus": lambda: talk(60),
    "300 s of speech, Opus": lambda: talk(300),
    "60 s of speech, M4A": lambda: encode(np.resize(speech(), 60 * MICROPHONE_RATE), Format("mp4", "aac", 44_100)),
    "ten hours of silence, Opus": lambda: opus_silence(10),
    "28 hours of silence, AMR, 5 MB": lambda: b"#!AMR\n" + b"\x7c" * 5_000_000,
    "20 MB that are no recording": lambda: b"OggS" + bytes(20_000_000),
}


async def decoding() -> list[list[str]]:
    """Rows: name, MB, median and 95th percentile of seconds, memory in MB, what became of it."""
    rows = []
    for name, make in RECORDINGS.items():
        data = make()
        decoder = RecordingDecoder(LIMIT)
        decoder.start()
        await decode(decoder, b"")  # it is ready
        seconds = []
        for _ in range(TIMES):
            began = time.perf_counter()
            result = await decode(decoder, data)
            seconds.append(time.perf_counter() - began)
        memory = await peak_memory(decoder, data)
        decoder.close()
        p50, p95 = percentiles(seconds, 50, 95)
        rows.append([name, f"{len(data) / 1e6:.2f}", f"{p50:.3f}", f"{p95:.3f}", f"{memory / 1e6:.0f}", result])
    return rows


async def decode(decoder: RecordingDecoder, data: bytes) -> str:
    """What becomes of a recording."""
    try:
        return f"{len(await decoder.decode(data)) / 2 / MICROPHONE_RATE:.0f} s of sound"
    except Unusable as unusable:
        return unusable.problem


async def peak_memory(decoder: RecordingDecoder, data: bytes) -> int:
    """The most bytes of memory that the decoder's processes take together, what they share counted once."""
    assert decoder.pid is not None
    over = threading.Event()
    found = [0]

    def watch(pid: int) -> None:
        while not over.is_set():
            found.append(sum(map(proportional_set_size, descendants(pid))))

    with ThreadPoolExecutor() as threads:
        watching = threads.submit(watch, decoder.pid)
        for _ in range(3):
            await decode(decoder, data)
        over.set()
        watching.result()
    return max(found)


def proportional_set_size(pid: int) -> int:
    """Bytes of memory of a process, of shared ones its part; 0 once it is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:")), 0)


async def making() -> list[list[str]]:
    """Rows: name, seconds of sound, KB, median seconds that it takes."""
    packets = packets_of(np.resize(speech(), 10 * MICROPHONE_RATE))
    names = [f"s{number}" for number in range(5)]
    reader = FakeReader(media=log_of(*((name, packets, range(20, 220)) for name in names)))
    rows = []
    for name, make in (("voice note", voice_note), ("video", video_note)):
        seconds = []
        for _ in range(TIMES):
            began = time.perf_counter()
            media = await make(reader, "c", names)
            seconds.append(time.perf_counter() - began)
        (p50,) = percentiles(seconds, 50)
        rows.append([name, f"{media.seconds:.1f}", f"{len(media.data) / 1e3:.0f}", f"{p50:.3f}"])
    return rows


async def report() -> str:
    """The tables."""
    head = ["recording", "MB", "p50 s", "p95 s", "MB of memory", "becomes"]
    answers = ["answer of five sentences", "s of sound", "KB", "p50 s"]
    return "\n\n".join([machine(), table(head, await decoding()), table(answers, await making())])


def main() -> int:
    print(asyncio.run(report()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
