"""How well and how fast each recogniser hears: word errors, real-time factor, delay of the final transcript.

`python -m bench.stt [--engine NAME]… [--model MODEL] [--folder FOLDER]` speaks the recordings of the tests, or those of
a folder made like LibriSpeech (sound files, and `*.trans.txt` with lines "name TEXT"), into each engine at the pace of
a microphone, and once more as fast as it will go. `--cost tiny,base` measures Whisper networks of these sizes with
random weights: what they say is nonsense, what they cost is the same.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av
import numpy as np

from bench.machine import machine, percentiles, table
from bench.words import errors, words_of
from bus.events import MICROPHONE_RATE
from bus.process.engines import choose_engine
from bus.settings import Settings
from services.audio import Resampler, to_int16
from services.stt.__main__ import ENGINES
from services.stt.engine import Transcriber
from services.stt.service import BLOCK_BYTES
from services.stt.whisper.ctranslate2_network import CTranslate2Whisper
from services.stt.whisper.engine import WhisperEngine
from services.stt.whisper.network import DecodeRequest, DecodeResult, Network
from tests import voices
from tests.services.stt.whisper import tiny_whisper

ENDPOINT = 0.5
"""Seconds of silence after which the phrase is over, as the gateway decides where nothing tells sooner."""
SPOKEN_TOKENS = 20
"""Tokens of an ordinary phrase: what random weights are let say, for they find no end."""


@dataclass(frozen=True)
class Spoken:
    text: str
    pcm: bytes
    """With the silence that ends the phrase."""


@dataclass(frozen=True)
class Measured:
    seconds: float
    """Of sound."""
    words: int
    wrong: int
    taken: float
    """Seconds of processor time at full speed."""
    delay: float
    """From the end of the phrase to its final transcript, at the pace of a microphone; milliseconds."""


def recordings() -> Iterator[Spoken]:
    """Those of the tests."""
    for name, recording in voices.recordings().items():
        yield Spoken(recording.text, voices.spoken(name, after=ENDPOINT))


def folder_of(path: Path, limit: int) -> Iterator[Spoken]:
    """The first so many recordings of a folder made like LibriSpeech."""
    lines = [line for listed in sorted(path.rglob("*.trans.txt")) for line in listed.read_text().splitlines()]
    sounds = {sound.stem: sound for sound in path.rglob("*") if sound.suffix in (".flac", ".wav", ".ogg", ".mp3")}
    for line in lines[:limit]:
        name, _, text = line.partition(" ")
        with av.open(str(sounds[name])) as container:
            rate = container.streams.audio[0].rate
            resampler = Resampler(rate, MICROPHONE_RATE)
            blocks = [resampler.push(to_int16(frame.to_ndarray()[0])) for frame in container.decode(audio=0)]
        silence = np.zeros(round(ENDPOINT * MICROPHONE_RATE), np.int16)
        yield Spoken(text, np.concatenate([*blocks, resampler.flush(), silence]).tobytes())


def measure(engine: Transcriber, spoken: Spoken) -> Measured:
    begun = time.process_time()
    text = _hear(engine, spoken.pcm, lambda at: None)
    taken = time.process_time() - begun
    over = time.monotonic() + len(spoken.pcm) / 2 / MICROPHONE_RATE
    _hear(engine, spoken.pcm, lambda left: time.sleep(max(0.0, over - left - time.monotonic())))
    delay = 1000 * (time.monotonic() - over)
    expected = words_of(spoken.text)
    seconds = len(spoken.pcm) / 2 / MICROPHONE_RATE
    return Measured(seconds, len(expected), errors(expected, words_of(text)), taken, delay)


def _hear(engine: Transcriber, pcm: bytes, wait: Callable[[float], None]) -> str:
    """What is heard; `wait` is told before each block how many seconds of sound are left when the block is there."""
    transcription = engine.open("en")
    for start in range(0, len(pcm), BLOCK_BYTES):
        wait((len(pcm) - min(start + BLOCK_BYTES, len(pcm))) / 2 / MICROPHONE_RATE)
        transcription.push(pcm[start : start + BLOCK_BYTES])
    transcript = transcription.finish()
    transcription.close()
    return transcript.text


class BriefNetwork:
    """A network that says no more tokens than an ordinary phrase has; all else is the network's own."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)

    def generate(self, encoded: Any, prompts: Sequence[Sequence[int]], request: DecodeRequest) -> list[DecodeResult]:
        known = len(prompts[0]) - 4
        return self._network.generate(encoded, prompts, replace(request, max_tokens=max(1, SPOKEN_TOKENS - known)))


def random_whisper(size: str, folder: Path) -> WhisperEngine:
    """Whisper of a real size, which knows nothing."""
    shape = tiny_whisper.SIZES[size]
    written = tiny_whisper.write_ctranslate2(folder / size, tiny_whisper.random_weights(size=shape), shape)
    whisper = WhisperEngine(BriefNetwork(CTranslate2Whisper(written, "cpu")))
    whisper.warm_up()
    return whisper


def row(name: str, measured: Sequence[Measured], *, cost_only: bool) -> list[str]:
    median, high = percentiles([one.delay for one in measured], 50, 95)
    words, wrong = sum(one.words for one in measured), sum(one.wrong for one in measured)
    factor = sum(one.taken for one in measured) / sum(one.seconds for one in measured)
    rate = "—" if cost_only else f"{100 * wrong / max(words, 1):.1f} %"
    return [name, rate, str(words), f"{factor:.2f}", f"{median:.0f}", f"{high:.0f}"]


HEAD = ("engine", "word errors", "words", "processor s per s of sound", "final transcript p50, ms", "p95, ms")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", action="append", help="pocketsphinx, whisper, whisper-torch; several times")
    parser.add_argument("--model", default="", help="for Whisper, as VISAVIS_STT_MODEL")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--limit", type=int, default=100)
    parser.add_argument("--cost", default="", help="sizes of Whisper with random weights, comma separated")
    arguments = parser.parse_args()
    where = machine()
    spoken = list(recordings() if arguments.folder is None else folder_of(arguments.folder, arguments.limit))
    rows: list[list[str]] = []
    settings = Settings(stt_model=arguments.model)
    for name in arguments.engine or ([] if arguments.cost else ["pocketsphinx"]):
        engine = choose_engine(ENGINES, name, settings, setting="--engine").option.load(settings)
        rows.append(row(name, [measure(engine, one) for one in spoken], cost_only=False))
    with tempfile.TemporaryDirectory() as folder:
        for size in filter(None, arguments.cost.split(",")):
            whisper = random_whisper(size, Path(folder))
            found = [measure(whisper, one) for one in spoken]
            rows.append(row(f"whisper {size}, random weights", found, cost_only=True))
            whisper.close()
    print(f"{where}\n")
    print(table(HEAD, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
