"""Carrying a conversation of an hour: `python -m bench.carry` prints seconds and memory of each command.

It has 500 turns of 7 s: three seconds of the person, three of the avatar with 512 × 512 pictures, a wait. Each command
runs in a process of its own, with a NATS server of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.machine import machine, table
from bench.server import server
from bus.events import (
    MICROPHONE_RATE,
    OPUS_FRAME,
    SPEECH_RATE,
    AudioIn,
    AudioOut,
    ConversationOpened,
    Event,
    Fact,
    FrameBatch,
    FramesEnded,
    FramesStarted,
    Media,
    PlaybackFinished,
    PlaybackProgress,
    PlaybackStarted,
    ReplyEnded,
    ReplySentence,
    ReplyStarted,
    SpeechEnded,
    SpeechStarted,
    TranscriptFinal,
    UtteranceEnded,
    UtteranceStarted,
)
from bus.log.event_log import connect
from bus.settings import Settings
from services.audio import OpusEncoder
from services.render.encoder import H264Encoder

TURN = 7_000_000
"""Microseconds of a turn."""
SPOKEN = 3
"""Seconds that each side speaks in it."""
SIDE = 512
BEGAN = 1_700_000_000_000_000
CONVERSATION = "hour"
_TEXT = "It is a number like any other, and people have counted with it for a long time."


def facts(turns: int) -> Iterator[Event]:
    """The facts of the conversation."""
    yield Event(
        id="opened", at=BEGAN, conversation=CONVERSATION, body=ConversationOpened(person="p" * 32, character="ada")
    )
    for turn in range(turns):
        for number, (at, body) in enumerate(_turn(turn)):
            yield Event(
                id=f"e{turn}-{number}", at=BEGAN + turn * TURN + at * 1000, conversation=CONVERSATION, turn=f"t{turn}",
                body=body,
            )  # fmt: skip


def _turn(turn: int) -> list[tuple[int, Fact]]:
    """Facts with milliseconds from the beginning of their turn."""
    said, reply, speech = f"u{turn}", f"r{turn}", f"s{turn}"
    samples = SPOKEN * SPEECH_RATE
    playing = {"session": "w", "speech": speech, "reply": reply, "index": 0}
    return [
        (100, UtteranceStarted(utterance=said, session="w")),
        (3100, UtteranceEnded(
            utterance=said, samples=SPOKEN * MICROPHONE_RATE, speech_ended=44_800, reason="silence")),
        (3150, TranscriptFinal(utterance=said, text=_TEXT, language="en", confidence=0.9)),
        (3160, ReplyStarted(reply=reply, character="ada", engine="bench")),
        (3170, ReplySentence(reply=reply, index=0, text=_TEXT, character="ada")),
        (3180, ReplyEnded(reply=reply, sentences=1)),
        (3200, SpeechStarted(speech=speech, reply=reply, index=0, character="ada", voice="v", engine="bench")),
        (3220, PlaybackStarted(video=True, **playing)),  # type: ignore[arg-type]
        (3230, FramesStarted(
            speech=speech, character="ada", engine="bench", width=SIDE, height=SIDE, fps=25, phase=0)),
        (3300, SpeechEnded(speech=speech, reply=reply, index=0, samples=samples)),
        (3400, FramesEnded(speech=speech, frames=SPOKEN * 25)),
        (4220, PlaybackProgress(samples=SPEECH_RATE, **playing)),  # type: ignore[arg-type]
        (5220, PlaybackProgress(samples=2 * SPEECH_RATE, **playing)),  # type: ignore[arg-type]
        (6220, PlaybackFinished(samples=samples, complete=True, frames=75, **playing)),  # type: ignore[arg-type]
    ]  # fmt: skip


def media(turns: int) -> Iterator[Media]:
    """Sound and pictures: the same in each turn, of noise, so that they have a real size."""
    noise = np.random.default_rng(1)
    pcm = noise.integers(-2000, 2000, SPOKEN * MICROPHONE_RATE, np.int16).tobytes()
    encoder = OpusEncoder()
    packets = encoder.push(noise.integers(-2000, 2000, SPOKEN * SPEECH_RATE, np.int16)) + encoder.flush()
    units = _pictures(noise)
    for turn in range(turns):
        for index in range(SPOKEN):
            part = pcm[index * 2 * MICROPHONE_RATE : (index + 1) * 2 * MICROPHONE_RATE]
            final = index == SPOKEN - 1
            yield AudioIn(
                conversation=CONVERSATION, utterance=f"u{turn}", index=index, sample=index * MICROPHONE_RATE, pcm=part,
                final=final,
            )  # fmt: skip
            yield AudioOut(
                conversation=CONVERSATION, speech=f"s{turn}", index=index, sample=index * 50 * OPUS_FRAME,
                packets=tuple(packets[index * 50 : index * 50 + 50]), final=final,
            )  # fmt: skip
            yield FrameBatch(
                conversation=CONVERSATION, speech=f"s{turn}", index=index, frame=index * 25, fps=25, phase=0,
                units=units[index * 25 : index * 25 + 25], final=final,
            )  # fmt: skip


def _pictures(noise: np.random.Generator) -> tuple[bytes, ...]:
    encoder = H264Encoder(SIDE, SIDE, 25, bitrate=2_000_000)
    frame = np.full((SIDE * 3 // 2, SIDE), 128, np.uint8)
    units: tuple[bytes, ...] = ()
    for _ in range(SPOKEN):
        frames = []
        for _ in range(25):
            frame[200:300, 200:300] = noise.integers(100, 140, (100, 100), np.uint8)
            frames.append(frame.copy())
        units += encoder.encode(frames)
    return units


async def fill(settings: Settings, turns: int) -> None:
    """Put the conversation on a log."""
    async with connect(settings, name="bench") as event_log:
        for number, message in enumerate(media(turns)):
            await event_log.publish_media(message, f"m{number}")
        for event in facts(turns):
            await event_log.append(event)


def measure(turns: int) -> str:
    """All commands; a Markdown table."""
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        (path / "one").mkdir()
        (path / "two").mkdir()
        with server(path / "one") as url:
            asyncio.run(fill(_settings(url, folder), turns))
            rows.append(_command("export", url, folder, "export", CONVERSATION, "-o", f"{folder}/a.visavis"))
            redacted = ("export", CONVERSATION, "-o", f"{folder}/b.visavis", "--redact", "words")
            rows.append(_command("export --redact words", url, folder, *redacted))
            rows.append(_command("film", url, folder, "export", CONVERSATION, "-o", f"{folder}/a.mp4"))
            rows.append(_command("captions", url, folder, "export", CONVERSATION, "-o", f"{folder}/a.vtt"))
        with server(path / "two") as url:
            asyncio.run(fill(_settings(url, folder), 0))
            rows.append(_command("import", url, folder, "import", f"{folder}/a.visavis", "--as", "there"))
            rows.append(_command("import again", url, folder, "import", f"{folder}/a.visavis", "--as", "there"))
        sizes = {one.name: f"{one.stat().st_size / 1e6:.0f} MB" for one in path.iterdir() if one.is_file()}
    sized = {"export": "a.visavis", "export --redact words": "b.visavis", "film": "a.mp4", "captions": "a.vtt"}
    head = ("command", "seconds", "memory at the most, MiB", "file")
    return table(head, [[*row, sizes.get(sized.get(row[0], ""), "")] for row in rows])


def _settings(url: str, folder: str) -> Settings:
    return Settings(nats_url=url, data=folder, audio_bytes=4 << 30, frames_bytes=4 << 30)


def _command(name: str, url: str, folder: str, *arguments: str) -> list[str]:
    command = [sys.executable, "-m", "bench.carry", "--child", json.dumps([url, folder, *arguments])]
    child = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    seconds, memory = json.loads(child.stdout.splitlines()[-1])
    return [name, f"{seconds:.1f}", f"{memory:.0f}"]


def _run(url: str, folder: str, *arguments: str) -> None:
    """One command in this process."""
    from visavis.__main__ import main

    os.environ |= {"VISAVIS_NATS_URL": url, "VISAVIS_DATA": folder, "VISAVIS_AUDIO_BYTES": str(4 << 30)}
    os.environ["VISAVIS_FRAMES_BYTES"] = str(4 << 30)
    began = time.perf_counter()
    assert main(arguments) == 0
    took = time.perf_counter() - began
    print(json.dumps([took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--turns", type=int, default=514)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parsed = parser.parse_args()
    if parsed.child:
        _run(*json.loads(parsed.child))
    else:
        print(machine(), "\n")
        print(measure(parsed.turns))
