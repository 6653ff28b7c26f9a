"""What an answer through a channel takes, and what the channels service costs while nobody writes.

`python -m bench.channels [--notes N] [--language CODE]` starts the whole system with Telegram's double in this process,
links a person, and prints tables: recorded questions answered by voice notes step by step, texts answered by texts,
and the idle channels service.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx2

from bench.channel_media import proportional_set_size
from bench.machine import cpu_seconds, descendants, machine, percentiles, table
from bench.turn import ENGINES
from bus import clock, codec, subjects
from bus.channel_events import DeliveryEvent, DeliveryQueued, DeliverySent
from bus.events import Event, ReplySentence, SpeechEnded, TranscriptFinal, VoiceNoteReceived
from bus.log import streams
from bus.log.event_log import EventLog
from tests import voices
from tests.e2e.stack import Stack
from tests.services.channels.telegram_double import TOKEN, Sent, TelegramDouble, serving

PATIENCE = 90.0
QUESTIONS = ("what_is_your_name_rms", "what_time_is_it_rms")
IDLE_SECONDS = 10.0


async def link(stack: Stack, double: TelegramDouble) -> None:
    """Make the double's person that of a page."""
    double.text("hello")
    (refusal,) = await double.reached(1, timeout=PATIENCE)
    async with httpx2.AsyncClient(base_url=stack.url) as page:
        await page.get("/api/channels")
        paired = await page.post("/api/pairings", json={"code": refusal.text.split()[-1]})
        assert paired.status_code == 201, paired.text
    await double.reached(2, timeout=PATIENCE)


async def answer_to(double: TelegramDouble, send: Callable[[], int]) -> tuple[Sent, float, float]:
    """The next message that reaches the person, and the Unix seconds of the question and of the answer."""
    count = len(double.sent)
    begun = clock.now() / 1e6
    send()
    answer = (await double.reached(count + 1, timeout=PATIENCE))[count]
    return answer, begun, clock.now() / 1e6


async def facts_since(event_log: EventLog, conversation: str, after: int) -> list[Event]:
    return [event for _, event in await event_log.facts(conversation, after=after)]


async def deliveries(event_log: EventLog) -> list[DeliveryEvent]:
    return [
        codec.decode_delivery_event(record.data)
        async for record in event_log.read(streams.DELIVERIES, subjects.ALL_DELIVERIES)
    ]


async def newest_note(event_log: EventLog) -> Event:
    """The last recording that came in."""
    reading = event_log.read(streams.CONVERSATIONS, subjects.facts_of_kind(VoiceNoteReceived))
    return [codec.decode_event(record.data) async for record in reading][-1]


async def spoken(event_log: EventLog, double: TelegramDouble, question: str) -> dict[str, float]:
    """Milliseconds of each step of one recorded question."""
    data = voices.recordings()[question].path.read_bytes()
    answer, begun, ended = await answer_to(double, lambda: double.voice(data))
    assert answer.kind == "voice", answer
    await asyncio.sleep(1.2)  # a person pauses for longer than the channel's limit for one chat
    note = await newest_note(event_log)
    facts = [event for event in await facts_since(event_log, note.conversation, 0) if event.turn == note.turn]
    steps = [event for event in await deliveries(event_log) if event.at >= note.at]
    queued = next(one for one in steps if isinstance(one.body, DeliveryQueued))
    sent = next(one for one in steps if isinstance(one.body, DeliverySent))

    def at(kind: type[object]) -> float:
        return next(event.at for event in facts if isinstance(event.body, kind)) / 1e6

    speech_ended = max(event.at for event in facts if isinstance(event.body, SpeechEnded)) / 1e6
    points = [
        ("received, recognised as this person's, on the log", note.at / 1e6),
        ("decoded, transcript", at(TranscriptFinal)),
        ("first sentence", at(ReplySentence)),
        ("last speech ended", speech_ended),
        ("queued", queued.at / 1e6),
        ("sent, as the log tells", sent.at / 1e6),
    ]
    taken, before = {}, begun
    for name, moment in points:
        taken[name] = 1000 * (moment - before)
        before = moment
    return taken | {"**voice note at the double**": 1000 * (ended - begun)}


async def written(double: TelegramDouble) -> dict[str, float]:
    answer, begun, ended = await answer_to(double, lambda: double.text("what is your name"))
    assert answer.kind == "text", answer
    await asyncio.sleep(1.2)
    return {"**text answered by a text**": 1000 * (ended - begun)}


async def idle(stack: Stack) -> list[str]:
    """MB of memory and share of a core of the channels service, its decoder included."""
    pids = descendants(stack.pid("channels"))
    before, begun = cpu_seconds(pids), time.monotonic()
    await asyncio.sleep(IDLE_SECONDS)
    share = (cpu_seconds(pids) - before) / (time.monotonic() - begun)
    memory = [proportional_set_size(pid) / 1e6 for pid in pids]
    return [" + ".join(f"{one:.0f}" for one in memory), f"{100 * share:.1f}"]


def rows(measured: list[dict[str, float]]) -> list[list[str]]:
    found = []
    for name in measured[0]:
        values = [one[name] for one in measured]
        p50, p95 = percentiles(values, 50, 95)
        found.append([name, f"{p50:.0f}", f"{p95:.0f}", f"{max(values):.0f}", str(len(values))])
    return found


async def with_telegram(folder: Path, engines: str, notes: int, language: str) -> None:
    async with serving() as double:
        settings = {"VISAVIS_TELEGRAM_TOKEN": TOKEN, "VISAVIS_TELEGRAM_API": double.url, "VISAVIS_NOTES_FOLDER": "off"}
        stack = Stack(folder, **ENGINES[engines], **settings, VISAVIS_LANGUAGE=language)
        begun = time.monotonic()
        try:
            await asyncio.to_thread(stack.start)
            start = time.monotonic() - begun
            await link(stack, double)
            async with stack.event_log() as event_log:
                await spoken(event_log, double, QUESTIONS[0])  # everything is loaded
                measured = [
                    await spoken(event_log, double, QUESTIONS[number % len(QUESTIONS)]) for number in range(notes)
                ]
                texts = [await written(double) for _ in range(notes)]
            head = [f"{engines}: ms, step by step", "p50", "p95", "max", "notes"]
            print(table(head, [*rows(measured), *rows(texts)]))
            print(
                f"\nUp after {start:.1f} s with Telegram. Idle: MB, % of a core: {', '.join(await idle(stack))}\n",
                flush=True,
            )
        finally:
            await asyncio.to_thread(stack.close)


async def with_setting(folder: Path, name: str, **settings: str) -> list[str]:
    """One row: seconds until the system is up, and the idle channels service."""
    stack = Stack(folder, **ENGINES["pocketsphinx, flite"], **settings)
    begun = time.monotonic()
    try:
        await asyncio.to_thread(stack.start)
        start = f"{time.monotonic() - begun:.1f}"
        await asyncio.sleep(5)
        return [name, start, *(["–", "–"] if settings else await idle(stack))]
    finally:
        await asyncio.to_thread(stack.close)


async def report(engines: list[str], notes: int, language: str) -> None:
    print(machine() + "\n", flush=True)
    found = []
    for name, settings in (("no channel", {"VISAVIS_NOTES_FOLDER": "off"}), ("the folder alone", {})):
        with tempfile.TemporaryDirectory() as folder:
            found.append(await with_setting(Path(folder), name, **settings))
    print(table(["channels", "s until up", "MB: service + decoder", "% of a core"], found) + "\n", flush=True)
    for one in engines:
        with tempfile.TemporaryDirectory() as folder:
            await with_telegram(Path(folder), one, notes, language)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notes", type=int, default=20)
    parser.add_argument("--language", default="", help="that people speak; else it is found in each recording")
    parser.add_argument("--engines", action="append", choices=list(ENGINES), help="several times; else all")
    arguments = parser.parse_args()
    asyncio.run(report(arguments.engines or list(ENGINES), arguments.notes, arguments.language))
    return 0


if __name__ == "__main__":
    sys.exit(main())
