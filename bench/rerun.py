"""Speed of re-runs: `python -m bench.rerun [--turns N]…` prints turns a minute against real time, as Markdown.

A person's recordings (Debian's `pocketsphinx-testdata`) are recorded into conversations of ten turns, each with a
reply, and re-run as fast as it goes: with every engine anew, with the recogniser alone, and with everything kept, which
is what the log and the waiting cost by themselves.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import os
import resource
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from msgspec import structs

from bench.machine import machine, table
from bench.recordings import PACKAGES, POCKETSPHINX
from bench.server import server
from bus.log.event_log import EventLog, connect
from bus.settings import Settings, read_settings
from tests import people
from tests.visavis.rerun.recorded import Recorder, silence
from visavis.rerun.engines import KEPT, Kept, choose
from visavis.rerun.rerun import Progress, Wanted, recordings, run_all

TURNS_EACH = 10
"""In one conversation."""
HEAD = ("turns", "engines", "at once", "turns a minute", "times real time", "words wrong", "memory of the command")
REPLY = ("That is a long sentence.", "Tell me more about it, please.")
CASES: tuple[tuple[str, tuple[str, ...], tuple[Kept, ...], int], ...] = (
    ("moonshine, companion, flite", ("stt=moonshine", "dialogue=companion", "tts=flite"), (), 1),
    ("moonshine, companion, flite", ("stt=moonshine", "dialogue=companion", "tts=flite"), (), 4),
    ("moonshine, replies kept, no speech", ("stt=moonshine",), ("dialogue", "tts"), 1),
    ("everything kept", (), KEPT, 1),
)
"""Name, engines, what is kept, conversations at once."""


async def record(event_log: EventLog, turns: int) -> list[str]:
    """Put so many spoken turns on a log, in conversations of ten; returns their ids."""
    said = people.sentences()
    names = list(said)
    conversations = []
    for start in range(0, turns, TURNS_EACH):
        recorder = Recorder(f"c{start}")
        for place in range(start, min(turns, start + TURNS_EACH)):
            name = names[place % len(names)]
            recorder.say(np.concatenate([people.samples(name), silence(0.6)]), said[name], REPLY)
        await recorder.publish(event_log)
        conversations.append(recorder.conversation)
    return conversations


async def measure_rerun(counts: Sequence[int], settings: Settings) -> str:
    """Re-run that many turns in each way; returns a Markdown table."""
    rows = []
    for count in counts:
        with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as url:
            own = structs.replace(
                settings, nats_url=url, data=folder, models=str(settings.models_folder), audio_bytes=1 << 30
            )
            async with connect(own, name="bench") as event_log:
                conversations = await record(event_log, count)
                for name, engines, kept, parallel in CASES:
                    wanted = Wanted(
                        conversations=conversations, engines=engines, kept=kept, parallel=parallel, write=False
                    )
                    rows.append([str(count), name, str(parallel), *await _measure(event_log, own, wanted)])
                    print(" | ".join(rows[-1]), file=sys.stderr, flush=True)
    return table(HEAD, rows)


async def _measure(event_log: EventLog, settings: Settings, wanted: Wanted) -> list[str]:
    progress = Progress()
    engines = choose(settings, wanted.engines, wanted.kept)
    with contextlib.redirect_stderr(io.StringIO()):
        await run_all(event_log, engines, await recordings(event_log, wanted), wanted, progress)
    turns = [turn for one in progress.done for turn in one.turns]
    heard = [turn.utterance for turn in turns if turn.utterance is not None and turn.utterance.aligned_after]
    words = sum(one.words for one in heard)
    wrong = f"{100 * sum(one.errors_after for one in heard) / words:.1f} %" if words else "kept"
    # Without the pauses between turns, which a re-run leaves out: only what was said and heard.
    spoken = sum(len(people.samples(name)) for name in people.sentences()) / 16_000 / len(people.sentences())
    real = len(turns) * (spoken + 0.6 + len(REPLY))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return [f"{60 * len(turns) / progress.took:.0f}", f"{real / progress.took:.1f}", wrong, f"{memory} MB"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, action="append", help="may be given several times; default 10, 100")
    arguments = parser.parse_args()
    if not people.FOLDER.is_dir():
        print(f"error: {people.FOLDER} is not here: apt install {PACKAGES[POCKETSPHINX]}", file=sys.stderr)
        return 1
    where = machine()
    print(f"{where}\n\n{asyncio.run(measure_rerun(arguments.turns or (10, 100), read_settings(os.environ)))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
