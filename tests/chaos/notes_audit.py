"""Audits what became of voice notes, by docs/events.md and what reached people; imports nothing of Visavis."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Any, TypeAlias

Log: TypeAlias = dict[str, list[tuple[int, str, bytes]]]

OVER = {"delivery.sent", "delivery.progressed", "delivery.failed", "delivery.given_up"}
"""Newest events of deliveries to which nothing more is to happen."""
DELIVERED = {"delivery.sent", "delivery.progressed"}


def findings(log: Log, notes: Collection[str], arrived: Collection[str]) -> Iterator[str]:
    """What is wrong, one line each.

    Args:
        log: messages of `CONVERSATIONS` and `DELIVERIES`: sequence, subject and bytes.
        notes: the channel's ids of the notes that people sent.
        arrived: our ids of the messages that reached people.
    """
    facts = [json.loads(data) for _, _, data in log["CONVERSATIONS"]]
    deliveries: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for _, _, data in log["DELIVERIES"]:
        event = json.loads(data)
        deliveries[event["delivery"]].append(event["body"])
    by_turn: dict[str, list[list[dict[str, Any]]]] = defaultdict(list)
    for delivery, events in deliveries.items():
        by_turn[str(events[0].get("turn"))].append(events)
        yield from _wrong_delivery(delivery, events, arrived)
    for note in notes:
        received = [
            one
            for one in facts
            if one["body"]["type"] == "channel.voice_note_received" and one["body"]["origin"]["message"] == note
        ]
        if len(received) != 1:
            yield f"note {note} is there {len(received)} times"
            continue
        yield from _wrong_turn(note, received[0], facts, by_turn)


def _wrong_delivery(delivery: str, events: list[dict[str, Any]], arrived: Collection[str]) -> Iterator[str]:
    kinds = [one["type"] for one in events]
    if kinds[0] != "delivery.queued" or kinds.count("delivery.queued") != 1:
        yield f"delivery {delivery} begins with {kinds}"
    if kinds[-1] not in OVER:
        yield f"delivery {delivery} is not over: {kinds}"
    if kinds[-1] in DELIVERED and delivery not in arrived:
        yield f"delivery {delivery} is sent by the log, and did not arrive: {kinds}"


def _wrong_turn(
    note: str,
    received: dict[str, Any],
    facts: list[dict[str, Any]],
    by_turn: dict[str, list[list[dict[str, Any]]]],
) -> Iterator[str]:
    utterance = received["body"]["utterance"]
    for kind in ("utterance.started", "utterance.ended", "transcript.final"):
        found = [one for one in facts if one["body"]["type"] == kind and one["body"].get("utterance") == utterance]
        if len(found) != 1:
            yield f"note {note} has {len(found)} {kind}"
    replies = [one for one in facts if one["body"]["type"] == "reply.started" and one["turn"] == received["turn"]]
    if len(replies) != 1:
        yield f"note {note} has {len(replies)} replies"
    answers = [one for one in by_turn.get(received["turn"], []) if one[0]["content"]["type"] == "voice"]
    if not answers:
        yield f"note {note} has no voice note for an answer"
