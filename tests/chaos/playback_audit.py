"""Audits what calls have played, by docs/events.md alone: each sentence once, in order, and with pictures."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tests.chaos.notes_audit import Log

Facts = list[dict[str, Any]]


def findings(log: Log) -> Iterator[str]:
    """What is wrong with the play-out of all conversations, one line each."""
    facts: dict[str, Facts] = defaultdict(list)
    for sequence, _, data in log["CONVERSATIONS"]:
        fact = json.loads(data)
        facts[fact["conversation"]].append(fact["body"] | {"seq": sequence, "at": fact["at"]})
    for conversation, found in facts.items():
        yield from (f"{conversation}: {line}" for line in _of_conversation(found))


def _of_conversation(facts: Facts) -> Iterator[str]:
    kinds: dict[str, Facts] = defaultdict(list)
    for fact in facts:
        kinds[fact["type"]].append(fact)
    whole = [one for one in kinds["playback.finished"] if one["complete"]]
    for speech, times in _by(whole, "speech").items():
        if len(times) > 1:
            yield f"speech {speech} was played {len(times)} times"
        yield from _pictures(speech, times[0], kinds)
    for session, begun in _by(kinds["playback.started"], "session").items():
        for _, of_reply in _by(begun, "reply").items():
            indices = [one["index"] for one in of_reply]
            if indices != sorted(set(indices)):
                yield f"session {session} played sentences {indices}"
    for ended in kinds["reply.ended"]:
        yield from _unplayed(ended, kinds, {one["speech"] for one in whole})


def _by(facts: Facts, field: str) -> dict[str, Facts]:
    found: dict[str, Facts] = defaultdict(list)
    for fact in facts:
        found[fact[field]].append(fact)
    return found


def _pictures(speech: str, played: dict[str, Any], kinds: dict[str, Facts]) -> Iterator[str]:
    """A sentence that was played without a picture, though some were there in time."""
    if played["frames"]:
        return
    drawn = [one for one in kinds["frames.ended"] if one["speech"] == speech]
    begun = [one for one in kinds["playback.started"] if one["speech"] == speech]
    if drawn and begun and drawn[0]["seq"] < begun[0]["seq"]:
        yield f"speech {speech} was played without the pictures that were there"


def _unplayed(ended: dict[str, Any], kinds: dict[str, Facts], whole: set[str]) -> Iterator[str]:
    """Sentences of a reply that were not played, though one session was there from its beginning on."""
    reply = ended["reply"]
    started = next((one["seq"] for one in kinds["reply.started"] if one["reply"] == reply), None)
    if started is None:
        yield f"reply {reply} has an end and no beginning"
        return
    opened = [one for one in kinds["session.opened"] if one["seq"] < started]
    if not opened or any(one["reply"] == reply for one in (*kinds["reply.interrupted"], *kinds["reply.failed"])):
        return
    asked = [one["seq"] for one in (*kinds["utterance.started"], *kinds["message.received"])]
    until = min((one for one in asked if one > started), default=sys.maxsize)
    sessions = (*kinds["session.opened"], *kinds["session.closed"])
    if any(opened[-1]["seq"] < one["seq"] < until for one in sessions):
        return
    for speech in kinds["speech.ended"]:
        if speech["reply"] == reply and speech["samples"] and speech["speech"] not in whole:
            yield f"sentence {speech['index']} of {reply} was not played to its end"
