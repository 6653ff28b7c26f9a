"""Voice notes of several people at once: `python -m bench.channel_load [--people N …] [--notes N]`.

Starts the whole system with Moonshine, hibari, the companion and Telegram's double, links so many people, lets each of
them send recorded questions one after the other, the next one as soon as the answer is there, and prints the notes
answered in a minute and how long each answer took. Telegram's limit of one message a second in a chat holds.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from bench.channels import PATIENCE, QUESTIONS
from bench.machine import machine, percentiles, table
from bench.turn import ENGINES
from bus import clock
from bus.channel_events import LinkClaimed, Linked, LinkOffered
from bus.log.event_log import EventLog
from bus.stamping import new_link_event
from tests import voices
from tests.e2e.stack import Stack
from tests.services.channels.telegram_double import TOKEN, TelegramDouble, serving
from tests.services.channels.telegram_double.people import Person


async def link(event_log: EventLog, person: Person) -> None:
    """Link a person of the double with one of their own."""
    sender = str(person.id)
    steps = (
        LinkOffered(person=f"p{sender}", channel="telegram", expires_at=clock.now() + 600_000_000),
        LinkClaimed(account=TOKEN.split(":")[0], sender=sender, chat=sender, name=person.first_name),
        Linked(person=f"p{sender}"),
    )
    after = 0
    for step in steps:
        after = await event_log.append_link(new_link_event(step, link=f"l{sender}"), after=after)


async def ask(double: TelegramDouble, person: Person, notes: int) -> list[float]:
    """Send so many questions; returns the seconds until each answer."""
    taken = []
    for number in range(notes):
        before = _voice_notes(double, person)
        begun = time.monotonic()
        double.voice(voices.recordings()[QUESTIONS[number % len(QUESTIONS)]].path.read_bytes(), person)
        async with asyncio.timeout(PATIENCE):
            while _voice_notes(double, person) == before:
                await double.change()
        taken.append(time.monotonic() - begun)
    return taken


def _voice_notes(double: TelegramDouble, person: Person) -> int:
    return sum(one.kind == "voice" and one.chat == person.id for one in double.sent)


async def measure(folder: Path, counts: list[int], notes: int) -> list[list[str]]:
    rows = []
    async with serving() as double:
        settings = {"VISAVIS_TELEGRAM_TOKEN": TOKEN, "VISAVIS_TELEGRAM_API": double.url, "VISAVIS_NOTES_FOLDER": "off"}
        stack = Stack(folder, **ENGINES["moonshine, hibari"], **settings)
        try:
            await asyncio.to_thread(stack.start)
            everybody = [Person(id=1000 + number, first_name=f"Ann {number}") for number in range(max(counts))]
            async with stack.event_log() as event_log:
                for person in everybody:
                    double.persons[person.id] = person
                    await link(event_log, person)
            await asyncio.sleep(2)  # until the welcomes are sent
            await ask(double, everybody[0], 1)  # everything is loaded
            for count in counts:
                begun = time.monotonic()
                asked = await asyncio.gather(*(ask(double, person, notes) for person in everybody[:count]))
                seconds = time.monotonic() - begun
                taken = [1000 * one for of_person in asked for one in of_person]
                p50, p95 = percentiles(taken, 50, 95)
                rate = f"{60 * len(taken) / seconds:.0f}"
                rows.append([str(count), str(len(taken)), rate, f"{p50:.0f}", f"{p95:.0f}", f"{max(taken):.0f}"])
        finally:
            await asyncio.to_thread(stack.close)
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, nargs="+", default=[1, 2, 4, 8, 16])
    parser.add_argument("--notes", type=int, default=8, help="of each person")
    arguments = parser.parse_args()
    where = machine()
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(measure(Path(folder), arguments.people, arguments.notes))
    head = ["people at once", "notes", "answered a minute", "ms until the answer, p50", "p95", "max"]
    print(f"Machine: {where}\n\n{table(head, rows)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
