"""What the gateway and its neighbours cost: `python -m bench.gateway [folds turn calls faces typed]`.

`folds`: events a second of a gateway's read model while long conversations go on side by side. `turn`: consumers, reads
and processor time of a turn, and of a call in which nobody speaks. `calls`: how many calls a gateway holds at 25
pictures a second; the callers are light peers in processes of their own. `faces`: faces that talk at once, drawn by the
render service alone. `typed`: messages that are sent at once, until their first sound is on the log.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import pairwise
from pathlib import Path

from bench import folds
from bench.machine import cpu_seconds, descendants, machine, percentiles, table
from bench.peer import Peer, now
from bench.talking_faces import measure_faces
from bench.turn import ENGINES, QUESTIONS, answered
from bus import codec, subjects
from bus.cancellation import raise_if_cancelled
from bus.events import AudioOut
from bus.log import streams
from bus.log.event_log import EventLog
from services.audio import resample
from services.render.idle_loops import CHECK_INTERVAL, CLIPS_AFTER
from tests import voices
from tests.e2e.stack import Stack

PARTS = ("folds", "turn", "calls", "faces", "typed")
_SETTLE = CLIPS_AFTER + CHECK_INTERVAL
"""Seconds until the idle loops are drawn, and all other clips are begun."""
_QUIET, _LOOK, _PATIENCE = 0.03, 15.0, 900.0
"""Share of a core below which nothing is drawn any more, in so many seconds; and until when that is waited for."""
_MESSAGE = "what can you do"


@asynccontextmanager
async def running(**settings: str) -> AsyncIterator[tuple[Stack, EventLog]]:
    """The whole system, and a connection to its log."""
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(Path(folder), **(next(iter(ENGINES.values())) | settings))
        try:
            await asyncio.to_thread(stack.start)
            async with stack.event_log() as event_log:
                await settled(stack)
                yield stack, event_log
        finally:
            await asyncio.to_thread(stack.close)


async def settled(stack: Stack) -> None:
    """Wait until the clips of all faces are drawn, which happens once, in the background."""
    await asyncio.sleep(_SETTLE)
    begun = now()
    while (await shares(stack, _LOOK))["render"] > _QUIET:
        if now() - begun > _PATIENCE:
            raise TimeoutError(f"clips are still drawn after {_PATIENCE:.0f} s")
    print(f"settled after {now() - begun + _SETTLE:.0f} s", file=sys.stderr, flush=True)


def processes(stack: Stack) -> dict[str, list[int]]:
    """The processes of the system, by name."""
    found: dict[str, list[int]] = {}
    for pid in descendants(stack.process_id):
        with suppress(FileNotFoundError, ProcessLookupError):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
            name = next((word for word in words if word.startswith(("services.", "projections."))), words[0])
            found.setdefault(Path(name).name.removeprefix("services."), []).append(pid)
    return found


async def shares(stack: Stack, seconds: float) -> dict[str, float]:
    """Share of a core of each process over some seconds, and of all."""
    pids = processes(stack)
    before, began = {name: cpu_seconds(ids) for name, ids in pids.items()}, now()
    await asyncio.sleep(seconds)
    took = now() - began
    return {name: (cpu_seconds(ids) - before[name]) / took for name, ids in pids.items()}


# a turn


@asynccontextmanager
async def counted_requests(event_log: EventLog) -> AsyncIterator[Counter[str]]:
    """Counts what the system asks of JetStream while the context lasts, by kind and stream."""
    counts: Counter[str] = Counter()

    async def count() -> None:
        async for subject, _ in event_log.subscribe_core("$JS.API.>"):
            raise_if_cancelled()
            words = subject.split(".")
            if words[2:4] == ["CONSUMER", "CREATE"]:
                counts[f"consumers on {words[4]}"] += 1
            elif words[2:4] == ["DIRECT", "GET"] or words[2:5] == ["STREAM", "MSG", "GET"]:
                counts["single messages read"] += 1

    counting = asyncio.create_task(count())
    await asyncio.sleep(0.3)
    try:
        yield counts
    finally:
        counting.cancel()
        with suppress(asyncio.CancelledError):
            await counting


async def measure_turns(turns: int, seconds: float) -> str:
    async with running() as (stack, event_log):
        nobody = await shares(stack, seconds)
        peer = Peer(stack.url)
        await peer.connect()
        try:
            await asyncio.sleep(3)
            idle = await shares(stack, seconds)
            counts: Counter[str] = Counter()
            pids = [pid for ids in processes(stack).values() for pid in ids]
            used = 0.0
            for number in range(turns):
                before = max([sequence for sequence, _ in await event_log.facts(peer.conversation)])
                spent, began = cpu_seconds(pids), now()
                async with counted_requests(event_log) as counted:
                    await peer.say(resample(voices.samples(QUESTIONS[number % len(QUESTIONS)]), 16_000, 48_000))
                    took = now() - began
                    while took < 6.0:  # as long for each, so that the call itself can be taken off
                        await asyncio.sleep(0.2)
                        took = now() - began
                    used += cpu_seconds(pids) - spent - took * sum(idle.values())
                counts += counted
                await answered(event_log, peer.conversation, before)
        finally:
            await peer.close()
    head = ["% of a core", *idle, "all"]
    rows = [
        [name, *(f"{100 * found.get(one, 0.0):.1f}" for one in idle), f"{100 * sum(found.values()):.1f}"]
        for name, found in (("nobody calls", nobody), ("a call in silence", idle))
    ]
    asked = ", ".join(f"{number / turns:.1f} {kind}" for kind, number in sorted(counts.items()))
    return f"{table(head, rows)}\n\nA spoken turn: {asked}; {1000 * used / turns:.0f} ms of a core beside the call."


# calls

_SETTLED = 8.0
"""Seconds from the last connection until a caller is ready."""


async def take_calls(url: str, count: int, seconds: float) -> None:
    """The other end of the line: so many silent calls; prints what each received."""
    peers = [Peer(url) for _ in range(count)]
    for peer in peers:
        peer.listens = False
        await peer.connect()
    # Connecting is most of a peer's work: what came meanwhile is still to be read, and would count as more than came.
    await asyncio.sleep(_SETTLED)
    print("connected", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    before, began = [len(peer.arrivals.pictures) for peer in peers], now()
    await asyncio.sleep(seconds)
    took = now() - began
    rates = [(len(peer.arrivals.pictures) - had) / took for peer, had in zip(peers, before, strict=True)]
    gaps = [
        max((b - a for a, b in pairwise(arrived)), default=0.0)
        for peer, had in zip(peers, before, strict=True)
        for arrived in [peer.arrivals.pictures[had:]]
    ]
    print(json.dumps({"rates": rates, "gaps": gaps}), flush=True)
    await asyncio.gather(*(peer.close() for peer in peers))


async def measure_calls(numbers: Sequence[int], seconds: float) -> str:
    rows: list[list[str]] = []
    async with running() as (stack, _):
        pid = stack.pid("gateway")
        for number in numbers:
            halves = [number // 2, number - number // 2]
            callers = [
                await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "bench.gateway", "--take-calls", str(count), "--url", stack.url,
                    "--seconds", str(seconds), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                )
                for count in halves if count
            ]  # fmt: skip
            for caller in callers:
                assert caller.stdout is not None
                await caller.stdout.readline()
            spent, began = cpu_seconds([pid]), now()
            told = await asyncio.gather(*(caller.communicate(b"\n") for caller in callers))
            share = (cpu_seconds([pid]) - spent) / (now() - began)
            found = [json.loads(out) for out, _ in told]
            rates = [rate for one in found for rate in one["rates"]]
            gaps = [gap for one in found for gap in one["gaps"]]
            rows.append([
                str(number), f"{sum(rates) / number:.1f}", f"{min(rates):.1f}", f"{1000 * max(gaps):.0f}",
                f"{100 * share:.0f}", f"{100 * share / number:.2f}", f"{number / share:.0f}",
            ])  # fmt: skip
            print(" | ".join(rows[-1]), file=sys.stderr, flush=True)
            await asyncio.sleep(3)
    head = [
        "calls", "pictures a second", "of the worst call", "longest gap, ms", "% of a core of the gateway",
        "% a call", "calls for a core",
    ]  # fmt: skip
    return table(head, rows)


# typed turns at once


async def measure_typed(numbers: Sequence[int], rounds: int) -> str:
    rows: list[list[str]] = []
    async with running() as (stack, event_log):
        for number in numbers:
            peers = [Peer(stack.url) for _ in range(number)]
            for peer in peers:
                peer.conversation = (await peer.client.post("/api/conversations")).json()["id"]
            times: list[float] = []
            for _ in range(rounds):
                times += await first_sounds(event_log, peers)
                await asyncio.sleep(8)
            for peer in peers:
                await peer.client.aclose()
            p50, p95 = percentiles(times, 50, 95)
            rows.append([str(number), str(len(times)), f"{1000 * p50:.0f}", f"{1000 * p95:.0f}",
                         f"{1000 * max(times):.0f}"])  # fmt: skip
            print(" | ".join(rows[-1]), file=sys.stderr, flush=True)
    return table(["messages at once", "turns", "first sound, ms: p50", "p95", "longest"], rows)


async def first_sounds(event_log: EventLog, peers: Sequence[Peer]) -> list[float]:
    """Let all of them write at once; seconds until the first sound of each answer is on the log."""
    found: dict[str, float] = {}
    after = await event_log.last_sequence(streams.AUDIO)
    everybody = asyncio.Event()

    async def listen() -> None:
        async for record in event_log.read(streams.AUDIO, "audio.*.out.*", after=after, follow=True):
            raise_if_cancelled()
            chunk = codec.decode_media(record.data)
            if isinstance(chunk, AudioOut) and chunk.packets:
                found.setdefault(subjects.conversation_of(record.subject), record.time / 1e6)
            if len(found) == len(peers):
                everybody.set()

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0.5)
    sent = await asyncio.gather(*(peer.write(_MESSAGE) for peer in peers))
    try:
        async with asyncio.timeout(60):
            await everybody.wait()
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    return [found[peer.conversation] - at for peer, at in zip(peers, sent, strict=True)]


async def measure(arguments: argparse.Namespace) -> None:
    for part in arguments.parts or PARTS:
        where = machine()
        match part:
            case "folds":
                numbers = ((100, 20_000), (500, 20_000), (1000, 20_000), (4000, 20_000))
                text = table(folds.HEAD, [folds.folds(*each) for each in numbers])
            case "turn":
                text = await measure_turns(arguments.turns, arguments.seconds)
            case "calls":
                text = await measure_calls(arguments.numbers or (8, 16, 24), arguments.seconds)
            case "faces":
                text = await measure_faces(arguments.numbers or (1, 4, 8, 16), arguments.workers)
            case _:
                text = await measure_typed(arguments.numbers or (1, 8, 20), arguments.rounds)
        print(f"{part}: {where}\n\n{text}\n", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="what to measure; else all")
    parser.add_argument("--numbers", type=int, nargs="+", help="of calls, faces or messages")
    parser.add_argument("--turns", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3, help="of messages that are sent at once")
    parser.add_argument("--workers", type=int, default=1, help="of render, for the faces")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--take-calls", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.take_calls:
        asyncio.run(take_calls(arguments.url, arguments.take_calls, arguments.seconds))
    else:
        asyncio.run(measure(arguments))
    return 0


if __name__ == "__main__":
    sys.exit(main())
