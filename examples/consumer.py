"""Counts turns a day from the event log, with nats-py alone: `python examples/consumer.py URL FILE`.

A durable pull consumer: NATS keeps its position, and the file its counts with the last sequence, so a turn counts once.
"""

import asyncio
import json
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nats
from nats.js.api import ConsumerConfig, DeliverPolicy

SUBJECTS = ["conv.*.transcript.final", "conv.*.message.received"]  # what a person said or wrote: one for each turn


def saved_in(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text()) if file.exists() else {"seq": 0, "turns": {}}


def save(file: Path, seq: int, turns: Counter[str]) -> None:
    file.with_suffix(".new").write_text(json.dumps({"seq": seq, "turns": turns}))
    file.with_suffix(".new").rename(file)


async def count(url: str, file: Path, saved: dict[str, Any], *, once: bool = False) -> Counter[str]:
    turns, seq = Counter(saved["turns"]), saved["seq"]
    connection = await nats.connect(url)
    config = ConsumerConfig(filter_subjects=SUBJECTS, deliver_policy=DeliverPolicy.ALL, max_ack_pending=1000)
    stream = connection.jetstream()
    consumer = await stream.pull_subscribe("", durable="turns-a-day", stream="CONVERSATIONS", config=config)
    while True:
        try:
            messages = await consumer.fetch(500, timeout=2)
        except TimeoutError:  # no message came
            if once:
                break
            continue
        for message in messages:
            at, event = message.metadata.sequence.stream, json.loads(message.data)
            if at > seq and "Visavis-Copy" not in (message.headers or {}):  # copies took place before, elsewhere
                day = datetime.fromtimestamp(event["at"] / 1e6, UTC)
                turns[f"{day:%Y-%m-%d}"] += 1
            seq = max(seq, at)
        save(file, seq, turns)
        await asyncio.gather(*(message.ack() for message in messages))
    await connection.close()
    return turns


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    asyncio.run(count(sys.argv[1], Path(sys.argv[2]), saved_in(Path(sys.argv[2]))))
