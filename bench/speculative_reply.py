"""The benefit of speculative replies: the wait for a slow language model's answer, with and without them.

`python -m bench.speculative_reply [--turns N] [--first-word MS]` runs the whole system twice with a language model
on this machine whose first word takes MS milliseconds and each further one 50 ms. Each time a light peer asks recorded
questions, as in `bench.turn`.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from bench.machine import machine, percentiles, table
from bench.peer import Peer
from bench.turn import QUESTIONS, measure_turn
from tests.chaos.language_model import language_model
from tests.e2e.stack import Stack

_SHOWN = ("endpoint decided", "final transcript", "first sentence", "**first audible packet**")


async def measure(folder: Path, turns: int, first_word: float, speculative: str) -> dict[str, list[float]]:
    """Milliseconds of each step after the end of speech, one list of turns by step.

    Args:
        first_word: seconds until the model's first word.
        speculative: "on" or "off".
    """
    async with language_model(first_word) as endpoint:
        stack = Stack(folder, VISAVIS_LLM_URL=endpoint, VISAVIS_LLM_AHEAD=speculative)
        await asyncio.to_thread(stack.start)
        peer = Peer(stack.url)
        try:
            await peer.connect()
            async with stack.event_log() as event_log:
                await asyncio.sleep(12)  # until the idle loops are rendered
                measured = [
                    await measure_turn(event_log, peer, QUESTIONS[number % len(QUESTIONS)]) for number in range(turns)
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
    for speculative in ("off", "on"):
        with tempfile.TemporaryDirectory() as folder:
            measured[speculative] = asyncio.run(
                measure(Path(folder), arguments.turns, arguments.first_word / 1000, speculative)
            )
    print(f"{where}\n\n{report(measured)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
