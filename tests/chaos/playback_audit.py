"""Audits what calls have played, by docs/events.md alone: each sentence once, in order, and with pictures."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tests.chaos.notes_audit import Log

Facts = list[dict[str, Any]]


def findings(log: Log, *, went_back: bool = False) -> Iterator[str]:
    """What is wrong with the play-out of all conversations, one line each.

    Args:
        went_back: the log was put back from an older copy, and may lack the beginning of what was under way.
    """
    facts: dict[str, Facts] = defaultdict(list)
    for sequence, _, data in log["CONVERSATIONS"]:
        fact = json.loads(data)
        facts[fact["conversation"]].append(fact["body"] | {"seq": sequence, "at": fact["at"]})
    for conversation, found in facts.items():
        yield from (f"{conversation}: {line}" for line in _of_conversation(found, went_back=went_back))


def _of_conversation(facts: Facts, *, went_back: bool) -> Iterator[str]:
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
    replies = {one["reply"] for one in kinds["reply.started"]}
    for ended in kinds["reply.ended"]:
        if ended["reply"] not in replies and not went_back:
            yield f"reply {ended['reply']} has an end and no beginning"


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
    # A fact of the play-out may be stored late: once its browser has told what arrived, or NATS is back.
    if drawn and begun and all(drawn[0][order] < begun[0][order] for order in ("seq", "at")):
        yield f"speech {speech} was played without the pictures that were there"
