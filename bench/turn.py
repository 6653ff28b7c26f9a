"""Response time: from the end of a person's speech to the first audible packet and the first picture of the answer.

`python -m bench.turn [--turns N]` starts the whole system on ports of its own, makes a call with a light peer that
plays recorded questions, and prints a table; first with the engines that people use, then with the smallest ones. A
browser adds its network and play-out, some tens of milliseconds. Also
measures the share of the bus, the processor time of an idle and a talking session, and barge-in (`bench.barge_in`).
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from bench import barge_in, bus_share
from bench.machine import machine, percentiles, share_of_core, table
from bench.peer import Peer
from bus.events import (
    Event,
    PlaybackFinished,
    PlaybackStarted,
    ReplyEnded,
    ReplySentence,
    SpeechStarted,
    TranscriptFinal,
    UtteranceEnded,
)
from bus.log.event_log import EventLog
from services.audio import resample
from tests import voices
from tests.e2e.stack import Stack

QUESTIONS = ("what_time_is_it_rms", "what_is_your_name_rms", "hello_rms", "what_can_you_do_for_me_rms")
ENGINES = {
    "moonshine, hibari": {"VISAVIS_STT_ENGINE": "moonshine", "VISAVIS_TTS_ENGINE": "hibari"},
    "pocketsphinx, flite": {"VISAVIS_STT_ENGINE": "pocketsphinx", "VISAVIS_TTS_ENGINE": "flite"},
}
"""Settings of each measurement; in both the companion answers."""


async def measure(stack: Stack, turns: int, interruptions: int) -> list[str]:
    """Takes all measurements; returns lines of Markdown."""
    peer = Peer(stack.url)
    await peer.connect()
    try:
        async with stack.event_log() as event_log:
            await asyncio.sleep(12)  # until the idle loops are rendered
            idle = await asyncio.to_thread(share_of_core, stack.process_id, 20)
            questions = (QUESTIONS[number % len(QUESTIONS)] for number in range(turns))
            measured = [await measure_turn(event_log, peer, question) for question in questions]
            spoken_over = await barge_in.measure(event_log, peer, interruptions)
            talking = await talking_share(stack, event_log, peer)
            bus = await bus_share.measure(event_log)
    finally:
        await peer.close()
    return [*report(measured, bus, idle, talking), "", *spoken_over]


async def measure_turn(event_log: EventLog, peer: Peer, question: str) -> dict[str, float]:
    """Ask one question; returns the milliseconds of each step by name."""
    before = max([sequence for sequence, _ in await event_log.facts(peer.conversation)])
    end = await peer.say(resample(voices.samples(question), 16_000, 48_000))
    events = await answered(event_log, peer.conversation, before)
    await asyncio.sleep(0.7)
    audible = next(at for at in peer.arrivals.audible if at > end)
    visible = next(at for at in peer.arrivals.pictures if at > audible - 0.005)

    def at(kind: type[object]) -> float:
        return next(event.at / 1e6 for event in events if isinstance(event.body, kind))

    started = next(event.body for event in events if isinstance(event.body, PlaybackStarted))
    steps = {
        "endpoint decided": at(UtteranceEnded) - end,
        "final transcript": at(TranscriptFinal) - at(UtteranceEnded),
        "first sentence": at(ReplySentence) - at(TranscriptFinal),
        "voice begun": at(SpeechStarted) - at(ReplySentence),
        "play-out begun (voice and first picture)": at(PlaybackStarted) - at(SpeechStarted),
        "**first audible packet**": audible - end,
    }
    if started.video:
        steps["**first picture of the answer**"] = visible - end
    return {name: 1000 * delay for name, delay in steps.items()}


async def answered(event_log: EventLog, conversation: str, after: int) -> list[Event]:
    """The events of a turn, once its reply has been played to its end."""
    async with asyncio.timeout(90):
        while True:
            events = [event for _, event in await event_log.facts(conversation, after=after)]
            sentences = [event.body.sentences for event in events if isinstance(event.body, ReplyEnded)]
            if sentences and sum(isinstance(event.body, PlaybackFinished) for event in events) >= sentences[0]:
                return events
            await asyncio.sleep(0.1)


async def talking_share(stack: Stack, event_log: EventLog, peer: Peer) -> float:
    """Share of one core that the whole system uses while the avatar talks without a pause."""
    share = asyncio.create_task(asyncio.to_thread(share_of_core, stack.process_id, 15))
    while not share.done():
        before = max([sequence for sequence, _ in await event_log.facts(peer.conversation)])
        await peer.write("what can you do")
        await answered(event_log, peer.conversation, before)
    return await share


def report(measured: list[dict[str, float]], bus: list[str], idle: float, talking: float) -> list[str]:
    names = list(dict.fromkeys(name for turn in measured for name in turn))
    rows = []
    for name in names:
        values = [turn[name] for turn in measured if name in turn]
        median, high = percentiles(values, 50, 95)
        rows.append([name, f"{median:.0f}", f"{high:.0f}", f"{max(values):.0f}", str(len(values))])
    return [
        table(["ms after the end of speech, then step by step", "p50", "p95", "max", "turns"], rows),
        "",
        *bus,
        "",
        f"Processor time of the whole system: {100 * idle:.1f} % of one core with one open session in "
        f"silence, {100 * talking:.0f} % while the avatar talks.",
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=32)
    parser.add_argument("--interruptions", type=int, default=12)
    parser.add_argument("--engines", action="append", choices=list(ENGINES), help="several times; else all")
    arguments = parser.parse_args()
    for engines in arguments.engines or ENGINES:
        where = machine()
        with tempfile.TemporaryDirectory() as folder:
            stack = Stack(Path(folder), **ENGINES[engines])
            try:
                stack.start()
                lines = asyncio.run(measure(stack, arguments.turns, arguments.interruptions))
            finally:
                stack.close()
        print(f"Engines: {engines}. {where}\n")
        print("\n".join(lines), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
