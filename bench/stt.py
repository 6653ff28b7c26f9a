"""Accuracy and cost of the speech recognisers on recordings of people, side by side.

`python -m bench.stt [--engine NAME]… [--limit N] [--timed N]` feeds the recordings of `bench.recordings` to each
engine, in a process of its own: as they are, with pink noise, with reverberation, and those of synthetic voices apart.
Some are then played at the pace of a microphone for the delay of the final transcript. `--folder FOLDER` takes the
recordings of a folder like LibriSpeech's instead (sound files, and `*.trans.txt` with lines "name TEXT").
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import av
import msgspec
import numpy as np

from bench.intelligibility import words
from bench.machine import machine, percentiles, table
from bench.recordings import ASTERISK, Recording, in_noise, people, reverberant, synthetic
from bus.events import MICROPHONE_RATE
from bus.process.engines import choose_engine
from bus.settings import Settings, read_settings
from projections.replay.word_error_rate import word_errors
from services.audio import Resampler, Samples, to_int16
from services.gpu_faults import GPU_USE
from services.models import whisper
from services.models.loading import fetch_and_verify
from services.stt.__main__ import ENGINES, make_vad
from services.stt.engine import Transcriber
from services.stt.service import BLOCK_BYTES

ENDPOINT = 0.5
"""Seconds of silence that end an utterance, as in the gateway where no model decides sooner."""
NAMES = ("pocketsphinx", "moonshine", "whisper tiny.en", "whisper base")


class Measured(msgspec.Struct):
    """The results of one engine."""

    wrong: dict[str, tuple[int, int]] = {}
    """Wrong words and all words, by kind of recording."""
    audio_seconds: float = 0.0
    processor_seconds: float = 0.0
    """Of the processor, for that audio."""
    at_once: list[float] = []
    """Milliseconds from the last sample to the final transcript where the speaker is cut off there."""
    after_endpoint: list[float] = []
    """Milliseconds from the end of the silence after the speech to the final transcript."""
    megabytes: int = 0
    """Memory that the engine added, at the most."""


def librispeech_folder(path: Path) -> list[Recording]:
    """The recordings of a folder like LibriSpeech's."""
    lines = [line for listed in sorted(path.rglob("*.trans.txt")) for line in listed.read_text().splitlines()]
    sounds = {sound.stem: sound for sound in path.rglob("*") if sound.suffix in (".flac", ".wav", ".ogg", ".mp3")}
    found = []
    for name, _, text in (line.partition(" ") for line in lines):
        with av.open(str(sounds[name])) as container:
            resampler = Resampler(container.streams.audio[0].rate, MICROPHONE_RATE)
            blocks = [resampler.push(to_int16(frame.to_ndarray()[0])) for frame in container.decode(audio=0)]
        found.append(Recording(name, text, np.concatenate([*blocks, resampler.flush()])))
    return found


def load(name: str, settings: Settings) -> Transcriber:
    """An engine of the service by its name, or "whisper SIZE" from the catalogue, on the processor."""
    kind, _, size = name.partition(" ")
    if not size:
        return choose_engine(ENGINES, kind, settings, setting="--engine").option.load(settings)
    from services.stt.whisper.ctranslate2_network import CTranslate2Whisper
    from services.stt.whisper.engine import WhisperEngine

    folder = fetch_and_verify(whisper.CTRANSLATE2[size], settings)
    network = CTranslate2Whisper(folder, "cpu", threads=os.cpu_count() or 1)
    engine = WhisperEngine(network, make_vad(settings))
    engine.warm_up()
    return engine


def heard(engine: Transcriber, sound: Samples, wait: Callable[[float], None] = lambda left: None) -> str:
    """The transcript. Before each block calls `wait` with the seconds of sound that come after the block."""
    transcription = engine.open("en")
    pcm = sound.tobytes()
    for start in range(0, len(pcm), BLOCK_BYTES):
        wait((len(pcm) - min(start + BLOCK_BYTES, len(pcm))) / 2 / MICROPHONE_RATE)
        transcription.push(pcm[start : start + BLOCK_BYTES])
    transcript = transcription.finish()
    transcription.close()
    return transcript.text


def delay_ms(engine: Transcriber, sound: Samples) -> float:
    """Milliseconds from the last sample to the final transcript, played at the pace of a microphone."""
    over = time.monotonic() + len(sound) / MICROPHONE_RATE
    heard(engine, sound, lambda left: time.sleep(max(0.0, over - left - time.monotonic())))
    return 1000 * (time.monotonic() - over)


def measure(engine: Transcriber, kinds: dict[str, list[Recording]], timed: int) -> Measured:
    """Everything about one engine; the delays with the first `timed` recordings of the first kind."""
    found = Measured()
    silence = np.zeros(round(ENDPOINT * MICROPHONE_RATE), np.int16)
    for kind, recordings in kinds.items():
        wrong = total = 0
        for one in recordings:
            sound = np.concatenate([one.samples, silence])
            begun = time.process_time()
            text = heard(engine, sound)
            found.processor_seconds += time.process_time() - begun
            found.audio_seconds += len(sound) / MICROPHONE_RATE
            wrong += word_errors(words(one.text), words(text))
            total += len(words(one.text))
        found.wrong[kind] = (wrong, total)
    for one in next(iter(kinds.values()))[:timed]:
        found.at_once.append(delay_ms(engine, one.samples))
        found.after_endpoint.append(delay_ms(engine, np.concatenate([one.samples, silence])))
    return found


def row(name: str, measured: Measured) -> list[str]:
    rates = [f"{100 * wrong / max(1, total):.1f} %" for wrong, total in measured.wrong.values()]
    delays = [percentiles(values, 50, 95) for values in (measured.at_once, measured.after_endpoint)]
    return [
        name, *rates, f"{measured.processor_seconds / measured.audio_seconds:.2f}",
        *(f"{p50:.0f} / {p95:.0f}" for p50, p95 in delays),
        str(measured.megabytes),
    ]  # fmt: skip


def recordings_of(arguments: argparse.Namespace) -> dict[str, list[Recording]]:
    """The recordings by kind, `limit` of each, taken evenly."""
    if arguments.synthetic:
        return {"synthetic": _evenly(synthetic(), arguments.limit)}
    if arguments.folder:
        return {"people": _evenly(librispeech_folder(arguments.folder), arguments.limit)}
    clean = _evenly(people(arguments.prompts), arguments.limit)
    return {
        "people": clean,
        "people, noise": [in_noise(one) for one in clean],
        "people, reverberation": [reverberant(one) for one in clean],
        "synthetic": _evenly(synthetic(), arguments.limit),
    }


def _evenly(recordings: Sequence[Recording], limit: int) -> list[Recording]:
    places = np.unique(np.linspace(0, len(recordings) - 1, min(limit, len(recordings))).round().astype(int))
    return [recordings[place] for place in places]


def measure_one(name: str, kinds: dict[str, list[Recording]], timed: int) -> int:
    """Measure one engine in this process and print the result as JSON."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    engine = load(name, read_settings(os.environ))
    measured = measure(engine, kinds, timed)
    if GPU_USE.cause:
        print(GPU_USE.note(), file=sys.stderr)  # another engine has served
        return 1
    measured.megabytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024
    sys.stdout.buffer.write(msgspec.json.encode(measured) + b"\n")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", action="append", help=f"one of the service's, or whisper SIZE; default: {NAMES}")
    parser.add_argument("--limit", type=int, default=100, help="recordings of each kind")
    parser.add_argument("--timed", type=int, default=12, help="recordings that are played in real time, twice")
    parser.add_argument("--prompts", type=Path, default=ASTERISK, help="folder of Debian's English prompts, *.g722")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--synthetic", action="store_true", help="only those of synthetic voices")
    parser.add_argument("--one", default="", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    try:
        kinds = recordings_of(arguments)
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    if arguments.one:
        return measure_one(arguments.one, kinds, arguments.timed)
    where = machine()
    rows = []
    for name in arguments.engine or NAMES:
        command = [sys.executable, "-m", "bench.stt", *sys.argv[1:], "--one", name]
        run = subprocess.run(command, check=False, stdout=subprocess.PIPE)
        if run.returncode:
            return run.returncode  # it has said why
        rows.append(row(name, msgspec.json.decode(run.stdout.splitlines()[-1], type=Measured)))
        print(" | ".join(rows[-1]), file=sys.stderr)
    head = (
        "engine", *(f"word errors, {kind}" for kind in kinds), "processor s per s of sound",
        "final after the last sample, p50 / p95 ms", "final after the endpoint, p50 / p95 ms", "MiB",
    )  # fmt: skip
    counts = {kind: sum(len(words(one.text)) for one in found) for kind, found in kinds.items()}
    print(f"{where}\n\nWords: {', '.join(f'{count} of {kind}' for kind, count in counts.items())}\n")
    print(table(head, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
