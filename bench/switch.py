"""Character switch: from "switch to Milo" being sent until the other character is on the log, heard and seen.

`python -m bench.switch [--switches N]` starts the whole system with the engines that people use, makes a call with a
light peer and writes the command; all idle loops are drawn by then, as they are in a system that has run for a minute.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from bench.machine import machine, percentiles, table
from bench.peer import Peer
from bench.turn import ENGINES, answered
from bus.events import CharacterChosen, PlaybackStarted, SpeechStarted
from tests.e2e.stack import Stack

_NAMES = ("Milo", "Noor", "Otto", "Ada")


async def measure(stack: Stack, switches: int) -> dict[str, list[float]]:
    """Milliseconds of each step, by name."""
    peer = Peer(stack.url)
    await peer.connect()
    found: dict[str, list[float]] = {}
    try:
        async with stack.event_log() as event_log:
            await asyncio.sleep(12)  # until the idle loops are rendered
            for number in range(switches):
                before = max(sequence for sequence, _ in await event_log.facts(peer.conversation))
                sent = await peer.write(f"switch to {_NAMES[number % len(_NAMES)]}")
                events = await answered(event_log, peer.conversation, before)
                await asyncio.sleep(0.7)
                chosen = next(event.at / 1e6 for event in events if isinstance(event.body, CharacterChosen))
                audible = next(at for at in peer.arrivals.audible if at > sent)
                visible = next(at for at in peer.arrivals.pictures if at > audible - 0.005)
                voice = next(event.body.engine for event in events if isinstance(event.body, SpeechStarted))
                steps = {"chosen, on the log": chosen, f"first audible packet, voice by {voice}": audible}
                if any(event.body.video for event in events if isinstance(event.body, PlaybackStarted)):
                    steps[f"first frame in which the other speaks, voice by {voice}"] = visible
                for name, at in steps.items():
                    found.setdefault(name, []).append(1000 * (at - sent))
    finally:
        await peer.close()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--switches", type=int, default=16)
    arguments = parser.parse_args()
    where = machine()
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder), **ENGINES["moonshine, hibari"])
        try:
            stack.start()
            found = asyncio.run(measure(stack, arguments.switches))
        finally:
            stack.close()
    rows = [
        [name, *(f"{value:.0f}" for value in (*percentiles(values, 50, 95), max(values))), str(len(values))]
        for name, values in found.items()
    ]
    print(f"{where}\n")
    print(table(["ms after the command was sent", "p50", "p95", "max", "switches"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
