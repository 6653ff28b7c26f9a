"""Everything that is worth measuring on a graphics card, in under ten minutes and without a network.

`python -m bench.gpu` runs the tests of LivePortrait and the benchmarks of the face, the voice and the recogniser one
after the other, each in a process of its own with a time limit, and writes their rows with the card's name and the date
into docs/benchmarks.md after each of them, so that a later one that fails or takes too long costs nothing. `--print`
writes no file. Published weights are used where they are in the folder for models, else random ones of the same sizes,
which cost as much.

Without a card it runs small sizes on the processor, prints them marked as such, and writes nothing.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench.machine import machine, table
from bus.settings import PREFIX, Settings, read_settings
from services.gpu import Gpu, gpus
from services.models.catalogue import XTTS
from services.models.loading import is_here

DOCUMENT = Path(__file__).parents[1] / "docs" / "benchmarks.md"
HEADING = "## On a graphics card"
LIMIT = 560.0
"""Seconds that all stages take together at the most."""
_SAMPLING = 0.2
"""Seconds between two readings of the card's memory."""
_ROOM = "tests/services/render/liveportrait"
_TESTS = ("-m", "pytest", "-q", "-p", "no:cacheprovider")
_SIZES = ("small", "base")
"""Whisper's on a card and on the processor."""


@dataclass(frozen=True)
class Stage:
    """One benchmark."""

    name: str
    command: tuple[str, ...]
    """Arguments of this Python."""
    limit: float
    """Seconds."""
    budget: int = 0
    """Bytes of the card's memory that its service may take; 0: none is stated."""
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What became of a stage."""

    stage: Stage
    outcome: str
    """"done", or what went wrong."""
    seconds: float
    output: str
    """Its Markdown."""
    memory: str
    """Of the card: before it began, and at the most."""


class MemoryWatch:
    """The most memory in use on the first card while the context lasts."""

    def __init__(self) -> None:
        self.before = self.most = self._used()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory watch", daemon=True)

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._over.set()
        self._thread.join()

    def __str__(self) -> str:
        if self.before is None or self.most is None:
            return "–"
        gib = [one / (1 << 30) for one in (self.before, self.most, self.most - self.before)]
        return f"{gib[0]:.1f}, {gib[1]:.1f} at the most: {gib[2]:.1f} more"

    @staticmethod
    def _used() -> int | None:
        found = gpus()
        return found[0].memory_used if found else None

    def _watch(self) -> None:
        while not self._over.wait(_SAMPLING):
            used = self._used()
            if used is not None and self.most is not None:
                self.most = max(self.most, used)


def on_a_card(settings: Settings, whisper: Path | None) -> list[Stage]:
    """The stages for a card.

    Args:
        whisper: folder of a Whisper model with random weights; None: the published one is here.
    """
    models = ("--models", str(settings.models_folder))
    published = is_here(XTTS, settings) and settings.xtts_licence == "accepted"
    voice = {f"{PREFIX}TTS_ENGINE": "xtts", f"{PREFIX}TTS_DEVICE": "cuda"}
    ears = {f"{PREFIX}STT_DEVICE": "cuda"} | ({f"{PREFIX}STT_MODEL": str(whisper)} if whisper else {})
    face = ("-m", "bench.render", "--engine", "liveportrait", "--frames", "50", *models)
    return [
        Stage("the card", ("-m", "bench.gpu_checks", "card"), 30),
        Stage("the tests", (*_TESTS, _ROOM, "tests/services/render/test_gpu_animator.py"), 60),
        Stage("the face, published numbers", ("-m", "bench.gpu_checks", "golden"), 60),
        Stage(
            "the face", (*face, "--conversations", "1,2,4,8,10", "--precisions", "float16,bfloat16,float32"), 80,
            settings.render_gpu_bytes,
        ),
        Stage(
            "the face, compiled",
            (*face, "--conversations", "1,2,4,8,10", "--precisions", "float16", "--compile", "graphs"), 150,
            settings.render_gpu_bytes,
        ),
        Stage(
            "the voice",
            ("-m", "bench.tts", "xtts", "--most", "4", "--seconds", "6", *(() if published else ("--random",))),
            100, settings.tts_gpu_bytes, voice,
        ),
        Stage(
            "the recogniser",
            ("-m", "bench.stt", "--synthetic", "--engine", "whisper", "--limit", "8", "--timed", "4"),
            80, settings.stt_gpu_bytes, ears,
        ),
    ]  # fmt: skip


def on_the_processor(settings: Settings) -> list[Stage]:
    """The same benchmarks in small sizes, which prove this script and measure no card."""
    models = ("--models", str(settings.models_folder))
    face = ("-m", "bench.render", "--engine", "liveportrait", "--narrow", "--size", "128", "--frames", "10", *models)
    return [
        Stage("the card", ("-m", "bench.gpu_checks", "card"), 60),
        Stage("the tests", (*_TESTS, f"{_ROOM}/test_batching.py"), 60),
        Stage("the face, published numbers", ("-m", "bench.gpu_checks", "golden", "stitching", "lip", "eye"), 60),
        Stage("the face", (*face, "--conversations", "1,2", "--precisions", "float32,bfloat16"), 60),
        Stage(
            "the face, compiled",
            (*face, "--conversations", "1,2", "--precisions", "float32", "--compile", "graphs"), 80,
        ),
        Stage("the voice", ("-m", "bench.tts", "hibari", "--most", "1", "--seconds", "1"), 120),
        Stage(
            "the recogniser",
            ("-m", "bench.stt", "--synthetic", "--engine", "pocketsphinx", "--limit", "1", "--timed", "1"),
            120,
        ),
    ]


def run_stage(stage: Stage, limit: float) -> Result:
    """Run a stage; it and all its children are killed after `limit` seconds, and what it had printed is kept."""
    began = time.monotonic()
    with MemoryWatch() as memory, tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            [sys.executable, *stage.command],
            cwd=Path(__file__).parents[1],
            env={**os.environ, f"{PREFIX}MODEL_DOWNLOADS": "off", "HF_HUB_OFFLINE": "1", **stage.environment},
            stdout=output,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            _, errors = process.communicate(timeout=limit)
            reason = errors.strip().splitlines()[-1:] or [f"exit status {process.returncode}"]
            outcome = "done" if process.returncode == 0 else f"failed: {reason[0]}"
        except subprocess.TimeoutExpired:
            outcome = f"ended after {limit:.0f} s, its limit"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
        output.seek(0)
        return Result(stage, outcome, time.monotonic() - began, output.read().strip(), str(memory))


def section(title: str, results: Sequence[Result]) -> str:
    """The results of one machine as Markdown."""
    rows = [
        [one.stage.name, one.outcome.replace("|", "/"), f"{one.seconds:.0f}", one.memory,
         f"{one.stage.budget / (1 << 30):.0f}" if one.stage.budget else "–"]
        for one in results
    ]  # fmt: skip
    head = ["stage", "outcome", "seconds", "memory of the card before, GiB", "budget, GiB"]
    parts = [f"### {title}", f"Machine: {machine()}", table(head, rows)]
    parts += [f"{one.stage.name.capitalize()}:\n\n{one.output}" for one in results if one.output]
    return "\n\n".join(parts) + "\n"


def with_section(document: str, made: str) -> str:
    """The document with the section of one machine, in the place of an earlier one of the same title."""
    title = made.partition("\n")[0]
    before, heading, rest = document.partition(f"\n{HEADING}\n")
    if not heading:
        return f"{document.rstrip()}\n\n{HEADING}\n\n`python -m bench.gpu` writes what follows.\n\n{made}"
    body, following, after = rest.partition("\n## ")
    start = f"\n{body}".find(f"\n{title}\n")
    if start < 0:
        body = f"{body.rstrip()}\n\n{made}"
    else:
        end = body.find("\n### ", start + 1)
        body = body[:start] + made + (body[end:] if end > 0 else "")
    return f"{before}{heading}{body}{following}{after}"


def title_of(found: Sequence[Gpu]) -> str:
    """The heading of this machine's section."""
    if not found:
        return "No graphics card: small sizes on the processor, which say nothing of a card"
    return found[0].name + (f", one of {len(found)}" if len(found) > 1 else "")


def results(stages: Sequence[Stage], limit: float = LIMIT) -> Iterator[Result]:
    """Run the stages, as long as there is time."""
    over = time.monotonic() + limit
    for stage in stages:
        left = min(stage.limit, over - time.monotonic())
        if left > 0:
            yield run_stage(stage, left)
        else:
            yield Result(stage, "left out: no time was left", 0.0, "", "–")


def random_whisper(folder: Path) -> Path | None:
    """A Whisper model of the size for cards with random weights: it decodes to the limit, which costs the most.

    None where the recogniser's packages are missing: its stage says so, and the others run.
    """
    try:
        import ctranslate2  # noqa: F401

        from tests.services.stt.whisper import tiny_whisper
    except ImportError:
        return None
    size = tiny_whisper.SIZES[_SIZES[0]]
    return tiny_whisper.write_ctranslate2(folder / "whisper", tiny_whisper.random_weights(size=size), size)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description=__doc__)
    parser.add_argument("--print", action="store_true", help="write no file")
    parser.add_argument("--file", type=Path, default=DOCUMENT, help="to write to where there is a card")
    parser.add_argument("--only", action="append", default=[], help="a stage by its name; may be given several times")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds for all stages")
    parsed = parser.parse_args(arguments)
    settings, found = read_settings(os.environ), gpus()
    with tempfile.TemporaryDirectory() as folder:
        if found:
            from services.stt.whisper import weights

            here = weights.find_local(settings.stt_model or _SIZES[0], weights.CTRANSLATE2, settings)
            stages = on_a_card(settings, None if here else random_whisper(Path(folder)))
        else:
            stages = on_the_processor(settings)
        if unknown := set(parsed.only) - {one.name for one in stages}:
            named = ", ".join(map(repr, sorted(unknown)))
            parser.error(f"there is no stage {named}; there are {', '.join(repr(one.name) for one in stages)}")
        made: list[Result] = []
        for result in results([one for one in stages if not parsed.only or one.name in parsed.only], parsed.limit):
            made.append(result)
            print(f"{result.stage.name}: {result.outcome}, {result.seconds:.0f} s", file=sys.stderr, flush=True)
            if found and not parsed.print:
                part = parsed.file.with_suffix(".part")
                part.write_text(with_section(parsed.file.read_text(), section(title_of(found), made)))
                part.replace(parsed.file)
    print(section(title_of(found), made))
    return int(any(one.outcome != "done" for one in made))


if __name__ == "__main__":
    sys.exit(main())
