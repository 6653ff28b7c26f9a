"""A full inbox worked through: `python -m bench.channel_inbox [--updates N] [--senders N]`.

Starts a NATS server of its own, stores Telegram's updates of linked persons in the inbox, as after a stop of the
channels service, and lets the inbox worker put them on the log as messages. Prints updates a second and memory, and
checks that no message is missing, doubled or out of its sender's order.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import sys
import tempfile
import time
from collections import defaultdict
from contextlib import aclosing
from pathlib import Path

from bench.machine import machine, table
from bench.server import server
from bus import clock, codec, subjects
from bus.channel_events import LinkClaimed, Linked, LinkOffered
from bus.events import MessageReceived
from bus.log import streams
from bus.log.event_log import EventLog, connect
from bus.settings import Settings
from bus.stamping import new_link_event
from bus.work.stream_worker import StreamWorker
from projections.people_reader import PeopleReader
from services.channels.channel import Progress
from services.channels.incoming.inbox import Inbox
from services.channels.incoming.inbox_work import inbox_work
from services.channels.telegram import Telegram
from visavis.up import publish_builtin_characters

TOKEN = "123456:AAAA-bench"
_BATCH = 100


def update(number: int, sender: int) -> bytes:
    """A text of a person, as Telegram sends it."""
    person = {"id": sender, "is_bot": False, "first_name": "Ann", "language_code": "en"}
    chat = {"id": sender, "type": "private", "first_name": "Ann"}
    message = {"message_id": number, "from": person, "chat": chat, "date": 1795345741, "text": f"number {number}"}
    return json.dumps({"update_id": number, "message": message}).encode()


async def link(event_log: EventLog, account: str, sender: int) -> None:
    """Link a sender with a person."""
    until = clock.now() + 600_000_000
    steps = (
        LinkOffered(person=f"p{sender}", channel="telegram", expires_at=until),
        LinkClaimed(account=account, sender=str(sender), chat=str(sender), name="Ann"),
        Linked(person=f"p{sender}"),
    )
    after = 0
    for step in steps:
        after = await event_log.append_link(new_link_event(step, link=f"l{sender}"), after=after)


async def received(event_log: EventLog) -> dict[str, list[int]]:
    """The numbers of the messages on the log, by sender, in the order of the log."""
    found: dict[str, list[int]] = defaultdict(list)
    subject = subjects.facts_of_kind(MessageReceived)
    async with aclosing(event_log.read(streams.CONVERSATIONS, subject)) as records:
        async for record in records:
            body = codec.decode_event(record.data).body
            assert isinstance(body, MessageReceived)
            assert body.origin is not None
            found[body.origin.sender].append(int(body.text.removeprefix("number ")))
    return found


async def measure(url: str, updates: int, senders: int) -> list[str]:
    """A row of the table."""
    settings = Settings(nats_url=url, telegram_token=TOKEN, inbox_bytes=1 << 30)
    channel = Telegram(settings)
    async with connect(settings, name="bench") as event_log:
        await publish_builtin_characters(event_log)
        for sender in range(1, senders + 1):
            await link(event_log, channel.account, sender)
        for begin in range(1, updates + 1, _BATCH):
            batch = [(number, 1 + number % senders) for number in range(begin, min(begin + _BATCH, updates + 1))]
            store = event_log.append_inbox
            await asyncio.gather(
                *(store("telegram", channel.account, str(number), update(number, sender)) for number, sender in batch)
            )
        people = PeopleReader(event_log)
        following = asyncio.create_task(people.run())
        await people.caught_up()
        inbox = Inbox(event_log, people, language="", public_url="", apply_progress=_no_progress)
        worker = StreamWorker(event_log, inbox_work({"telegram": channel}, inbox))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.perf_counter()
        working = asyncio.create_task(worker.run())
        wanted = subjects.facts_of_kind(MessageReceived)
        while await event_log.count(streams.CONVERSATIONS, wanted) < updates:  # noqa: ASYNC110 - seen from outside
            await asyncio.sleep(0.1)
        seconds = time.perf_counter() - began
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for task in (working, following):
            task.cancel()
        await asyncio.gather(working, following, return_exceptions=True)
        found = await received(event_log)
    await channel.close()
    for name, numbers in found.items():
        expected = [number for number in range(1, updates + 1) if str(1 + number % senders) == name]
        assert numbers == expected, f"sender {name} has other messages than were sent, or in another order"
    rate = updates / seconds
    return [f"{updates:,}", str(senders), f"{rate:.0f}", f"{before / 1024:.0f}", f"{memory / 1024:.0f}"]


async def _no_progress(channel: str, progress: Progress) -> None:
    raise AssertionError("nothing was sent")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--updates", type=int, default=10_000)
    parser.add_argument("--senders", type=int, default=20)
    arguments = parser.parse_args()
    where = machine()
    rows = []
    for updates in (arguments.updates // 10, arguments.updates):
        with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as url:
            rows.append(asyncio.run(measure(url, updates, arguments.senders)))
    head = ["updates waiting", "senders", "updates a second", "memory before, MiB", "at the most, MiB"]
    print(f"Machine: {where}\n\n{table(head, rows)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
