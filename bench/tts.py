"""The cost of a voice: `python -m bench.tts [ENGINE …]`.

Time to the first sound, real-time factor and memory, with 1 to 8 voices at once. Each engine that can run
here is measured in a process of its own. With `--random`, XTTS gets random weights of the published sizes where its
files are not here: its speech is noise, its cost is the same.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from bench.machine import machine, table
from bus.settings import Settings, read_settings
from services.gpu_faults import GPU_USE
from services.tts.engine import Synthesizer, Voice

TEXT = "That is a good question, and I will gladly tell you what I know about it."
AT_ONCE = (1, 2, 4, 8)


def speak(engine: Synthesizer, seed: int, seconds: float) -> tuple[float, float, float]:
    """Seconds to the first sound, seconds in all, and seconds of sound; stops after `seconds` of sound."""
    begun = time.monotonic()
    first, made = 0.0, 0.0
    for piece in engine.speak(TEXT, Voice(), seed):
        if len(piece.samples) and not first:
            first = time.monotonic() - begun
        made += len(piece.samples) / piece.rate
        if made >= seconds:
            break
    return first, time.monotonic() - begun, made


def measure(engine: Synthesizer, at_once: int, seconds: float) -> tuple[float, float]:
    """With this many voices at once: the longest time to a first sound, and the real-time factor of all together."""
    found: list[tuple[float, float, float]] = []

    def add(seed: int) -> None:
        found.append(speak(engine, seed, seconds))

    speakers = [threading.Thread(target=add, args=(seed,)) for seed in range(at_once)]
    begun = time.monotonic()
    for speaker in speakers:
        speaker.start()
    for speaker in speakers:
        speaker.join()
    return max(first for first, *_ in found), (time.monotonic() - begun) / sum(made for *_, made in found)


def measure_engine(name: str, settings: Settings, most: int, seconds: float) -> int:
    """Measure one engine in this process and print the result as JSON."""
    from services.tts.__main__ import ENGINES

    engine = next(row for row in ENGINES if row.name == name).load(settings)
    speak(engine, 0, seconds)
    rows = {}
    for count in AT_ONCE:
        if count <= most:
            tries = [measure(engine, count, seconds) for _ in range(2)]
            rows[count] = [min(values) for values in zip(*tries, strict=True)]
    if GPU_USE.cause:
        print(GPU_USE.note(), file=sys.stderr)  # another engine has spoken
        return 1
    kilobytes = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(json.dumps({"rows": rows, "megabytes": kilobytes // 1024, "card": _card_megabytes()}))
    return 0


def _card_megabytes() -> int:
    """Memory of the graphics card that torch has reserved, 0 where torch is not loaded."""
    torch = sys.modules.get("torch")
    return int(torch.cuda.max_memory_reserved() >> 20) if torch and torch.cuda.is_available() else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engines", nargs="*", help="all that can run, where none is named")
    parser.add_argument("--random", action="store_true", help="XTTS with random weights, where its files are not here")
    parser.add_argument("--most", type=int, default=8, help="voices at once at the most")
    parser.add_argument("--seconds", type=float, default=60.0, help="of sound after which a voice is stopped")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    settings = read_settings(os.environ)
    if arguments.one:
        return measure_engine(arguments.engines[0], settings, arguments.most, arguments.seconds)
    where, rows = machine(), []
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ)
        if arguments.random:
            from tests.services.tts.engines import tiny_xtts

            environment |= {"VISAVIS_XTTS_MODEL": str(tiny_xtts.make(Path(folder) / "xtts", full=True))}
            environment |= {"VISAVIS_XTTS_LICENCE": "accepted"}
        for name in arguments.engines or runnable(read_settings(environment)):
            command = [sys.executable, "-m", "bench.tts", name, "--one", "--most", str(arguments.most)]
            command += ["--seconds", str(arguments.seconds)]
            run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            if run.returncode:
                print(f"{name} cannot be measured: {run.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
                continue
            found = json.loads(run.stdout.splitlines()[-1])
            memory = f"{found['megabytes']} MB" + (f", card {found['card']} MB" if found["card"] else "")
            rows += [
                [name, count, f"{1000 * first:.0f}", f"{factor:.3f}", memory]
                for count, (first, factor) in found["rows"].items()
            ]
    print(f"{where}\n")
    print(table(["engine", "voices at once", "ms to the first sound", "real-time factor", "memory"], rows))
    return int(not rows)


def runnable(settings: Settings) -> list[str]:
    """Names of the engines that can run here."""
    from services.tts.__main__ import ENGINES

    return [row.name for row in ENGINES if row.why_unavailable(settings) is None]


if __name__ == "__main__":
    sys.exit(main())
