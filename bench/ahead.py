"""What asking ahead is worth: the wait for an answer of a slow language model, with and without it.

`python -m bench.ahead [--turns N] [--first-word MS]` runs the whole system twice against a language model on this
machine that thinks for so long before its first word, and then says a word every 50 ms; each time a light peer asks
recorded questions, as in `bench.turn`.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from bench.machine import machine, percentiles, table
from bench.peer import Peer
from bench.turn import QUESTIONS, one_turn
from tests.chaos.model import model
from tests.e2e.stack import Stack

_SHOWN = ("endpoint decided", "final transcript", "first sentence", "**first audible packet**")


async def measure(folder: Path, turns: int, first_word: float, ahead: str) -> dict[str, list[float]]:
    """Milliseconds after the end of speech, by step, of so many turns."""
    async with model(first_word) as endpoint:
        stack = Stack(folder, VISAVIS_LLM_URL=endpoint, VISAVIS_LLM_AHEAD=ahead)
        await asyncio.to_thread(stack.start)
        peer = Peer(stack.url)
        try:
            await peer.connect()
            async with stack.event_log() as event_log:
                await asyncio.sleep(12)  # the idle loops are drawn once
                measured = [
                    await one_turn(event_log, peer, QUESTIONS[number % len(QUESTIONS)]) for number in range(turns)
                ]
        finally:
            await peer.close()
            await asyncio.to_thread(stack.close)
    return {name: [turn[name] for turn in measured] for name in _SHOWN}


def report(measured: dict[str, dict[str, list[float]]]) -> str:
    rows = []
    for name in _SHOWN:
        row = [name]
        for times in measured.values():
            median, high = percentiles(times[name], 50, 95)
            row += [f"{median:.0f}", f"{high:.0f}"]
        rows.append(row)
    head = ["ms after the end of speech, then step by step"]
    return table([*head, *(f"{name}, {point}" for name in measured for point in ("p50", "p95"))], rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=16)
    parser.add_argument("--first-word", type=int, default=400, help="milliseconds")
    arguments = parser.parse_args()
    where = machine()
    measured = {}
    for ahead in ("off", "on"):
        with tempfile.TemporaryDirectory() as folder:
            measured[f"ahead {ahead}"] = asyncio.run(
                measure(Path(folder), arguments.turns, arguments.first_word / 1000, ahead)
            )
    print(f"{where}\n\n{report(measured)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
