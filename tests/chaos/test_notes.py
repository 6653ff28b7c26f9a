"""Voice notes that come in while everything is killed are answered once, and nobody gets a message twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.chaos import notes_audit
from tests.chaos.run import run


async def test_notes_are_answered_once_whatever_is_killed(tmp_path: Path) -> None:
    # Faults of every kind, four of them on the channels.
    report = await run(tmp_path, seed=48, turns=4, conversations=1, notes=5, every=(1.5, 3.0), faults=11)
    print(report)
    assert report.findings == []
    assert report.notes == 5
    assert sum(report.faults.values()) > 3


_ORIGIN = {"channel": "whatsapp", "account": "1", "chat": "2", "sender": "2", "message": "n1"}


def _log() -> dict[str, list[tuple[int, str, bytes]]]:
    """One note and the answer to it."""
    bodies: list[dict[str, Any]] = [
        {"type": "channel.voice_note_received", "utterance": "u1", "origin": _ORIGIN},
        {"type": "utterance.started", "utterance": "u1"},
        {"type": "utterance.ended", "utterance": "u1"},
        {"type": "transcript.final", "utterance": "u1"},
        {"type": "reply.started", "reply": "r1"},
    ]
    steps: list[dict[str, Any]] = [
        {"type": "delivery.queued", "turn": "t1", "content": {"type": "voice"}},
        {"type": "delivery.sending", "attempt": 1},
        {"type": "delivery.sent", "message": "m1"},
    ]
    facts = [json.dumps({"turn": "t1", "body": body}).encode() for body in bodies]
    events = [json.dumps({"delivery": "d1", "body": body}).encode() for body in steps]
    return {
        "CONVERSATIONS": [(number, "", data) for number, data in enumerate(facts, start=1)],
        "DELIVERIES": [(number, "", data) for number, data in enumerate(events, start=1)],
    }


def test_the_audit_finds_nothing_where_nothing_is_wrong() -> None:
    assert list(notes_audit.findings(_log(), ["n1"], {"d1"})) == []


@pytest.mark.parametrize(
    ("stream", "place", "finding"),
    [
        ("CONVERSATIONS", 0, "note n1 is there 0 times"),
        ("CONVERSATIONS", 1, "has 0 utterance.started"),
        ("CONVERSATIONS", 3, "has 0 transcript.final"),
        ("CONVERSATIONS", 4, "has 0 replies"),
        ("DELIVERIES", 0, "begins with"),
        ("DELIVERIES", 2, "is not over"),
    ],
)
def test_the_audit_finds_what_is_missing(stream: str, place: int, finding: str) -> None:
    log = _log()
    del log[stream][place]
    assert finding in "\n".join(notes_audit.findings(log, ["n1"], {"d1"}))


@pytest.mark.parametrize("place", [0, 1, 3, 4])
def test_the_audit_finds_what_is_there_twice(place: int) -> None:
    log = _log()
    log["CONVERSATIONS"].append(log["CONVERSATIONS"][place])
    assert list(notes_audit.findings(log, ["n1"], {"d1"})) != []


def test_the_audit_finds_a_message_that_is_said_to_be_sent_and_did_not_arrive() -> None:
    assert "did not arrive" in "\n".join(notes_audit.findings(_log(), ["n1"], set()))
