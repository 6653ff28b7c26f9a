"""Accuracy and speed of the speech recognisers: word error rate, real-time factor, delay of the final transcript.

`python -m bench.stt [--engine NAME]… [--model MODEL] [--folder FOLDER]` feeds the recordings of the tests, or those of
a folder like LibriSpeech's (sound files, and `*.trans.txt` with lines "name TEXT"), to each engine in real time, and
once more as fast as possible. `--cost tiny,base` measures Whisper networks of these sizes with random weights: their
transcripts are nonsense, their cost is the same.
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
from bench.word_error_rate import normalised_words, word_errors
from bus.events import MICROPHONE_RATE
from bus.process.engines import choose_engine
from bus.settings import Settings
from services.audio import Resampler, to_int16
from services.stt.__main__ import ENGINES, make_vad
from services.stt.engine import Transcriber
from services.stt.service import BLOCK_BYTES
from services.stt.whisper.ctranslate2_network import CTranslate2Whisper
from services.stt.whisper.engine import WhisperEngine
from services.stt.whisper.network import DecodeRequest, DecodeResult, Network
from tests import voices
from tests.services.stt.whisper import tiny_whisper

ENDPOINT = 0.5
"""Seconds of silence that end an utterance, as in the gateway where no model decides sooner."""
SPOKEN_TOKENS = 20
"""Tokens of an ordinary utterance: the limit for random weights, which emit no end of text."""


@dataclass(frozen=True)
class Spoken:
    """A recorded utterance and its text."""

    text: str
    pcm: bytes
    """With the silence that ends the utterance."""


@dataclass(frozen=True)
class Measured:
    """The result of one recording."""

    seconds: float
    """Length of the sound."""
    words: int
    wrong: int
    taken: float
    """Seconds of processor time."""
    delay: float
    """Milliseconds from the end of the utterance to its final transcript, in real time."""


def recordings() -> Iterator[Spoken]:
    """The recordings of the tests."""
    for name, recording in voices.recordings().items():
        yield Spoken(recording.text, voices.spoken(name, after=ENDPOINT))


def librispeech_folder(path: Path, limit: int) -> Iterator[Spoken]:
    """The first `limit` recordings of a folder like LibriSpeech's."""
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
    text = _transcribe(engine, spoken.pcm, lambda left: None)
    taken = time.process_time() - begun
    over = time.monotonic() + len(spoken.pcm) / 2 / MICROPHONE_RATE
    _transcribe(engine, spoken.pcm, lambda left: time.sleep(max(0.0, over - left - time.monotonic())))
    delay = 1000 * (time.monotonic() - over)
    expected = normalised_words(spoken.text)
    seconds = len(spoken.pcm) / 2 / MICROPHONE_RATE
    return Measured(seconds, len(expected), word_errors(expected, normalised_words(text)), taken, delay)


def _transcribe(engine: Transcriber, pcm: bytes, wait: Callable[[float], None]) -> str:
    """The transcript. Before each block calls `wait` with the seconds of sound that come after the block."""
    transcription = engine.open("en")
    for start in range(0, len(pcm), BLOCK_BYTES):
        wait((len(pcm) - min(start + BLOCK_BYTES, len(pcm))) / 2 / MICROPHONE_RATE)
        transcription.push(pcm[start : start + BLOCK_BYTES])
    transcript = transcription.finish()
    transcription.close()
    return transcript.text


class BriefNetwork:
    """A network whose output is limited to the tokens of an ordinary utterance."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)

    def generate(self, encoded: Any, prompts: Sequence[Sequence[int]], request: DecodeRequest) -> list[DecodeResult]:
        known = len(prompts[0]) - 4
        return self._network.generate(encoded, prompts, replace(request, max_tokens=max(1, SPOKEN_TOKENS - known)))


def random_whisper(size: str, folder: Path) -> WhisperEngine:
    """Whisper of a published size with random weights."""
    shape = tiny_whisper.SIZES[size]
    written = tiny_whisper.write_ctranslate2(folder / size, tiny_whisper.random_weights(size=shape), shape)
    whisper = WhisperEngine(BriefNetwork(CTranslate2Whisper(written, "cpu")), make_vad(Settings()))
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
    spoken = list(recordings() if arguments.folder is None else librispeech_folder(arguments.folder, arguments.limit))
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
