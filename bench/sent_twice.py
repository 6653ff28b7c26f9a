"""Messages sent twice at nearly the same time: `python -m bench.sent_twice [--rounds N] [--gateways 1 2]`.

Starts a system with a language model of its own that takes some 0.6 s for an answer. In each round a person opens a
conversation and sends one message twice, under the same id; or two messages. The second request follows the first after
0 to 20 ms, to the other gateway where there are two. What became of them is read from the log alone.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import httpx2

from bench.machine import machine, table
from bus.events import Event, MessageReceived, ReplyEnded, ReplyInterrupted, tag_of
from bus.log.event_log import EventLog, connect
from tests.chaos.deployment import Deployment
from tests.chaos.language_model import language_model

GAPS = (0, 2, 4, 8, 12, 20)
"""Milliseconds between the two requests."""
_AT_ONCE = 4
_PATIENCE = 8.0


class SentTwice:
    """One running system.

    Args:
        gateways: their URLs; requests go to them in turns.
    """

    def __init__(self, event_log: EventLog, gateways: Sequence[str]) -> None:
        self._event_log = event_log
        self._gateways = gateways
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def round(self, gap: int, *, same: bool) -> list[str]:
        """Send two messages; what became of each that the log has."""
        async with self._slots, httpx2.AsyncClient(timeout=20) as client:
            opened = await client.post(f"{self._gateways[0]}/api/conversations", json={})
            conversation = opened.json()["id"]

            async def send(number: int, message: str) -> None:
                url = self._gateways[number % len(self._gateways)]
                body = {"text": f"What is {message}?", "message": message}
                for _ in range(20):  # a gateway that does not know the conversation yet
                    answer = await client.post(f"{url}/api/conversations/{conversation}/messages", json=body)
                    if answer.status_code == 202:
                        return
                    await asyncio.sleep(0.01)

            first = asyncio.create_task(send(0, "m1"))
            await asyncio.sleep(gap / 1000)
            await asyncio.gather(first, send(1, "m1" if same else "m2"))
            return await self._outcomes(conversation)

    async def _outcomes(self, conversation: str) -> list[str]:
        outcomes: list[str] = []
        for _ in range(round(_PATIENCE / 0.2)):
            await asyncio.sleep(0.2)
            events = [event for _, event in await self._event_log.facts(conversation)]
            sent = [event for event in events if isinstance(event.body, MessageReceived)]
            outcomes = [_outcome(events, one) for one in sent]
            if "answered" in outcomes[-1:] and "silence" not in outcomes:
                break
        return outcomes


def _outcome(events: Sequence[Event], message: Event) -> str:
    of_turn = [event.body for event in events if event.turn == message.turn]
    cut = [body.by for body in of_turn if isinstance(body, ReplyInterrupted)]
    if cut:
        return f"interrupted by {cut[0]}"
    if any(isinstance(body, ReplyEnded) for body in of_turn):
        return "answered"
    return "merged" if any(tag_of(body) == "reply.merged" for body in of_turn) else "silence"


async def measure(rounds: int, gateways: int) -> list[list[str]]:
    """Rows of the table: what was sent, and how often what became of it."""
    names = ("gateway-a", "gateway-b") if gateways == 2 else ("gateway",)
    workers = ("dialogue-a", "tts-a", *names)
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory() as folder:
        async with language_model() as model:
            deployment = Deployment(Path(folder), model, workers, {"analytics": "off"})
            urls = deployment.gateways[:gateways]
            async with deployment.running(), connect(deployment.settings, name="world") as event_log:
                await _ready(urls)
                system = SentTwice(event_log, urls)
                for same in (True, False):
                    for gap in GAPS:
                        found = await asyncio.gather(*(system.round(gap, same=same) for _ in range(rounds)))
                        rows.append(_row(gateways, gap, found, same=same))
    return rows


def _row(gateways: int, gap: int, found: Sequence[Sequence[str]], *, same: bool) -> list[str]:
    what = "one, twice" if same else "two"
    counts = Counter(outcome for one in found for outcome in one)
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
    return [what, str(gateways), str(gap), str(sum(map(len, found))), told]


async def _ready(urls: Sequence[str]) -> None:
    async with httpx2.AsyncClient(timeout=5) as client:
        for url in urls:
            while True:
                try:
                    if (await client.get(f"{url}/readyz")).status_code == 200 and (
                        await client.get(f"{url}/api/characters")
                    ).json():
                        break
                except httpx2.HTTPError:
                    pass
                await asyncio.sleep(0.2)
    await asyncio.sleep(2.0)  # the dialogue and the voice are up by then, or the first answers come later


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.sent_twice", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--rounds", type=int, default=12, help="for each gap")
    parser.add_argument("--gateways", type=int, nargs="+", choices=(1, 2), default=(1, 2))
    options = parser.parse_args(arguments)
    rows = [row for number in options.gateways for row in asyncio.run(measure(options.rounds, number))]
    print(f"Machine: {machine()}\n")
    print(table(("messages", "gateways", "apart, ms", "on the log", "what became of them"), rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
