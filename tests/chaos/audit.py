"""Audits the whole log for losses, duplicates, missing causes and wrong order, by docs/events.md alone.

Imports nothing of Visavis: plain nats-py, JSON and msgpack.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import msgspec.msgpack
import nats
from nats.js import api
from nats.js.errors import NotFoundError

from tests.chaos.media import decoded_pictures, decoded_sound

_SILENT = 0.01
"""Loudest sample below which a sentence counts as silence."""
PAGE = Path(__file__).parents[2] / "docs" / "events.md"


@dataclass
class Audit:
    """Counts and findings of an audit."""

    turns: int = 0
    spoken: int = 0
    complete: int = 0
    interrupted: int = 0
    """Turns whose reply was interrupted, some before it began."""
    merged: int = 0
    """Turns that are answered in another one, because the person went on."""
    take_overs: int = 0
    dead: int = 0
    watched: frozenset[str] = frozenset()
    """Conversations that are watched all the time."""
    went_back: bool = False
    """The log was put back from an older copy under running services."""
    rootless: int = 0
    """Facts and media of what was under way when the log was put back, and whose beginning it has not got."""
    pictured: int = 0
    """Watched speeches that have pictures."""
    duplicates: list[str] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    disorder: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    """Speeches without pictures, or with some that nobody can see, though a session watched."""


async def read_log(url: str, **login: Any) -> dict[str, list[tuple[int, str, bytes]]]:
    """All messages of the streams that are audited: sequence, subject and bytes.

    Args:
        login: options of `nats.connect`.
    """
    client = await nats.connect(url, **login)
    try:
        js = client.jetstream(timeout=10)
        found: dict[str, list[tuple[int, str, bytes]]] = {}
        for stream in ("CONVERSATIONS", "AUDIO", "FRAMES", "DEAD", "DELIVERIES"):
            info = await js.stream_info(stream)
            messages = found[stream] = []
            config = api.ConsumerConfig(ack_policy=api.AckPolicy.NONE, inactive_threshold=30)
            name = (await js.add_consumer(stream, config)).name
            reading = await js.pull_subscribe_bind(name, stream)
            last = 0
            while info.state.messages and last < info.state.last_seq:
                try:
                    batch = await reading.fetch(100, timeout=2)
                except (TimeoutError, NotFoundError):
                    break
                for msg in batch:
                    last = msg.metadata.sequence.stream
                    messages.append((last, msg.subject, msg.data))
        return found
    finally:
        await client.close()


async def unfinished_work(url: str, timeout: float, **login: Any) -> list[str]:
    """Wait until the queues of all services are empty; returns those that were not within `timeout` seconds."""
    client = await nats.connect(url, **login)
    try:
        js = client.jetstream(timeout=10)
        end = asyncio.get_running_loop().time() + timeout
        quiet = 0
        while True:
            busy = [
                f"{one.name}: {one.num_pending} waiting, {one.num_ack_pending} in hand"
                for stream in ("CONVERSATIONS", "REQUEUE", "INBOX", "DELIVERIES")
                for one in await js.consumers_info(stream)
                if one.config.durable_name and (one.num_pending or one.num_ack_pending)
            ]
            # Twice in a row, because work may have moved from one queue to another that had been checked already.
            quiet = 0 if busy else quiet + 1
            if quiet == 2 or asyncio.get_running_loop().time() > end:
                return busy
            await asyncio.sleep(0.5)
    finally:
        await client.close()


def audit_log(
    log: dict[str, list[tuple[int, str, bytes]]], expected: dict[str, set[str]], *, watched: Iterable[str] = (),
    went_back: bool = False,
) -> Audit:  # fmt: skip
    """Check a log against the events page and what persons sent.

    Args:
        expected: messages and utterances that were sent, by conversation.
        watched: conversations that are watched all the time; in others, what a session has played was watched.
        went_back: it was put back from an older copy under running services, which for up to two seconds add to it
            what they were at.
    """
    audit = Audit(dead=len(log["DEAD"]), watched=frozenset(watched), went_back=went_back)
    tags = set(re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    facts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    ids: Counter[str] = Counter()
    places: dict[str, int] = {}
    for sequence, subject, data in log["CONVERSATIONS"]:
        fact = json.loads(data) | {"seq": sequence}
        ids[fact["id"]] += 1
        places.setdefault(fact["id"], sequence)
        facts[fact["conversation"]].append(fact)
        if fact["body"]["type"] not in tags:
            audit.orphans.append(f"{subject}: {fact['body']['type']} is not in the events page")
    audit.duplicates += [f"fact {name} is there {count} times" for name, count in ids.items() if count > 1]
    media = _media(log, audit)
    for conversation, sent in expected.items():
        _audit_conversation(conversation, sent, facts[conversation], media, audit)
    for conversation, published in facts.items():
        for fact in published:
            is_rootless = fact.get("cause") and (fact["cause"] not in ids or places[fact["cause"]] > fact["seq"])
            if is_rootless and went_back:
                audit.rootless += 1
            elif fact.get("cause") and fact["cause"] not in ids:
                audit.orphans.append(f"{conversation}: {fact['body']['type']} without its cause")
            elif fact.get("cause") and places[fact["cause"]] > fact["seq"]:
                audit.disorder.append(f"{conversation}: {fact['body']['type']} at {fact['seq']} comes before its cause")
        audit.losses += _lost_merges(conversation, published)
    return audit


def whole(log: dict[str, list[tuple[int, str, bytes]]]) -> set[str]:
    """The messages, and the utterances of which all is there, that are on a log."""
    began: set[str] = set()
    found: set[str] = set()
    for _, _, data in log["CONVERSATIONS"]:
        body = json.loads(data)["body"]
        match body["type"]:
            case "message.received":
                found.add(body["message"])
            case "utterance.started":
                began.add(body["utterance"])
            case "utterance.ended" if body["utterance"] in began:
                found.add(body["utterance"])
    chunks: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for _, subject, data in log["AUDIO"]:
        if subject.split(".")[-2] == "in":
            chunks[subject.split(".")[-1]].append(msgspec.msgpack.decode(data))
    torn = {
        name
        for name, sound in chunks.items()
        if [one["index"] for one in sound] != list(range(len(sound))) or not sound[-1]["final"]
    }
    return found - torn


def _lost_merges(conversation: str, facts: list[dict[str, Any]]) -> list[str]:
    """Words that are to be answered in another turn, which has come to nothing or is none."""
    ends = ("reply.started", "reply.interrupted", "reply.merged")
    answered = {fact["turn"]: fact["seq"] for fact in facts if fact["body"]["type"] in ends}
    merged = [fact for fact in facts if fact["body"]["type"] == "reply.merged"]
    return [
        f"{conversation}: {fact['turn']} is merged into {fact['body']['into']}, which has no reply"
        for fact in merged
        if fact["body"]["into"] not in answered or fact["body"]["into"] == fact["turn"]
    ]


def _media(log: dict[str, list[tuple[int, str, bytes]]], audit: Audit) -> dict[str, list[dict[str, Any]]]:
    """Media messages by subject, in log order; audits their indices."""
    media: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for stream in ("AUDIO", "FRAMES"):
        for _, subject, data in log[stream]:
            if ".claim." not in subject:
                media[subject].append(msgspec.msgpack.decode(data))
    for subject, chunks in media.items():
        indices = [chunk["index"] for chunk in chunks]
        if len(set(indices)) < len(indices):
            audit.duplicates.append(f"{subject}: chunks {indices}")
        elif audit.went_back and indices == list(range(indices[0], indices[0] + len(indices))):
            audit.rootless += indices[0] > 0
        elif indices != list(range(len(indices))):
            audit.disorder.append(f"{subject}: chunks {indices}")
    return media


def _ends(subject: str, media: dict[str, list[dict[str, Any]]], audit: Audit) -> bool:
    """Whether media are complete up to their final chunk. Interrupted media have none and must not be passed."""
    chunks = media.get(subject, [])
    if [chunk["final"] for chunk in chunks] == [False] * (len(chunks) - 1) + [True]:
        return True
    audit.losses.append(f"{subject}: the final chunk is not the last of {len(chunks)}, or missing")
    return False


def _audit_conversation(
    conversation: str,
    sent: set[str],
    facts: list[dict[str, Any]],
    media: dict[str, list[dict[str, Any]]],
    audit: Audit,
) -> None:
    def of(kind: str, **fields: Any) -> list[dict[str, Any]]:
        return [
            fact
            for fact in facts
            if fact["body"]["type"] == kind and all(fact["body"].get(name) == value for name, value in fields.items())
        ]

    def once(kind: str, what: str, **fields: Any) -> dict[str, Any] | None:
        found = of(kind, **fields)
        if not found:
            audit.losses.append(f"{conversation}: {what} has no {kind}")
            return None
        if len(found) > 1:
            audit.duplicates.append(f"{conversation}: {what} has {len(found)} {kind}")
        return found[0]

    audit.take_overs += len(of("service.step_repeated"))
    asked: list[dict[str, Any]] = []
    for name in sorted(sent):
        audit.turns += 1
        if name.startswith("u"):
            audit.spoken += 1
            started = once("utterance.started", f"utterance {name}", utterance=name)
            cause = started and once("transcript.final", f"utterance {name}", utterance=name)
            _ends(f"audio.{conversation}.in.{name}", media, audit)
        else:
            cause = once("message.received", f"message {name}", message=name)
        if cause is not None:
            asked.append(cause)
    asked.sort(key=lambda fact: fact["seq"])
    replies: list[tuple[int, int]] = []
    for cause in asked:
        reply = next((one for one in of("reply.started") if one["cause"] == cause["id"]), None)
        if reply is None:
            if any(one["turn"] == cause["turn"] for one in of("reply.merged")):
                audit.merged += 1
            elif any(one["turn"] == cause["turn"] for one in of("reply.interrupted")):
                audit.interrupted += 1
            else:
                audit.losses.append(f"{conversation}: {cause['body']['type']} {cause['id']} has no reply")
            continue
        end = _audit_reply(conversation, reply["body"]["reply"], of, once, media, audit)
        replies.append((reply["seq"], end))
    for (_, end), (begin, _) in itertools.pairwise(replies):
        if begin < end:
            audit.disorder.append(f"{conversation}: a reply began at {begin}, the one before it ended at {end}")


def _audit_reply(conversation: str, reply: str, of: Any, once: Any, media: Any, audit: Audit) -> int:
    """Audit that a reply is complete and without duplicates; returns the sequence of its last fact."""
    once("reply.started", f"reply {reply}", reply=reply)
    sentences = of("reply.sentence", reply=reply)
    indices = [one["body"]["index"] for one in sentences]
    if len(set(indices)) < len(indices):
        audit.duplicates.append(f"{conversation}: reply {reply} has sentences {indices}")
    elif indices != list(range(len(indices))):
        audit.disorder.append(f"{conversation}: reply {reply} has sentences {indices}")
    interrupted = of("reply.interrupted", reply=reply)
    if interrupted:
        audit.interrupted += 1
        # One that was written to its end can still be interrupted: it is being spoken, or waits for its voice.
        return min(int(one["seq"]) for one in (*interrupted, *of("reply.ended", reply=reply)))
    failed = "".join(f" (failed: {one['body']['detail']})" for one in of("reply.failed", reply=reply))
    ended = once("reply.ended", f"reply {reply}{failed}", reply=reply)
    if ended is None:
        return 0
    if ended["body"]["sentences"] != len(sentences):
        audit.losses.append(f"{conversation}: reply {reply} ended with {ended['body']['sentences']}, has {indices}")
    texts = [one["body"]["text"] for one in sentences]
    for text, ordinal in zip(texts, ("First", "Second", "Third"), strict=False):
        if not text.startswith(ordinal):
            audit.disorder.append(f"{conversation}: reply {reply} says {texts}")
            break
    whole = True
    for index in indices:
        whole = _audit_speech(conversation, reply, index, of, once, media, audit) and whole
    audit.complete += whole
    return int(ended["seq"])


def _audit_speech(conversation: str, reply: str, index: int, of: Any, once: Any, media: Any, audit: Audit) -> bool:
    what = f"sentence {index} of {reply}"
    started = once("speech.started", what, reply=reply, index=index)
    ended = once("speech.ended", what, reply=reply, index=index)
    if started is None or ended is None:
        return False
    speech = started["body"]["speech"]
    subject = f"audio.{conversation}.out.{speech}"
    if not _ends(subject, media, audit):
        return False
    place = 0
    for chunk in media[subject]:
        if chunk["sample"] != place:
            audit.losses.append(f"{conversation}: speech {speech} has a gap at sample {place}")
            return False
        place += 960 * len(chunk["packets"])
    if abs(place - ended["body"]["samples"]) >= 960:
        audit.losses.append(f"{conversation}: speech {speech} has {place} samples, not {ended['body']['samples']}")
        return False
    packets = [one for chunk in media[subject] for one in chunk["packets"]]
    _decode(f"speech {speech} of {conversation}", packets, audit, audible=ended["body"].get("complete", True))
    return _audit_frames(conversation, started, of, once, media, audit)


def _decode(what: str, packets: list[bytes], audit: Audit, *, audible: bool) -> None:
    try:
        samples, peak = decoded_sound(packets)
    except av.FFmpegError as error:
        audit.losses.append(f"{what} cannot be decoded: {error}")
        return
    if samples != 960 * len(packets):
        audit.losses.append(f"{what} has {samples} samples in {len(packets)} packets")
    if audible and peak < _SILENT:
        audit.losses.append(f"{what} is silence: {peak:.4f} at its loudest")


def _is_played(speech: str, of: Any) -> bool:
    """Whether a session has played all of a speech."""
    return any(one["body"]["complete"] for one in of("playback.finished", speech=speech))


def _audit_frames(conversation: str, started: dict[str, Any], of: Any, once: Any, media: Any, audit: Audit) -> bool:
    speech = started["body"]["speech"]
    begun = of("frames.started", speech=speech)
    if not begun:
        watched = started["conversation"] in audit.watched or _is_played(speech, of)
        if watched:
            failed = "".join(f": {one['body']['detail']}" for one in of("frames.failed", speech=speech))
            audit.unseen.append(f"{conversation}: speech {speech} was watched and has no pictures{failed}")
        return not watched
    ended = once("frames.ended", f"speech {speech}", speech=speech)
    place = 0
    subject = f"frames.{conversation}.{speech}"
    _ends(subject, media, audit)
    for batch in media.get(subject, []):
        if batch["frame"] != place:
            audit.losses.append(f"{conversation}: pictures of {speech} have a gap at {place}")
        place += len(batch["units"])
    if ended is not None and ended["body"]["frames"] != place:
        audit.losses.append(f"{conversation}: speech {speech} has {place} pictures, not {ended['body']['frames']}")
    units = [unit for batch in media.get(subject, []) for unit in batch["units"]]
    size = begun[0]["body"]["width"], begun[0]["body"]["height"]
    try:
        seen = decoded_pictures(units)
    except av.FFmpegError as error:
        audit.unseen.append(f"{conversation}: the pictures of {speech} cannot be decoded: {error}")
        return False
    if seen != (len(units), {size}):
        audit.unseen.append(f"{conversation}: speech {speech} has {len(units)} pictures of {size}, one sees {seen}")
    audit.pictured += 1
    return ended is not None


def findings(audit: Audit) -> Iterator[str]:
    """All findings, one line each."""
    for kind in ("losses", "duplicates", "orphans", "disorder", "unseen"):
        for line in getattr(audit, kind):
            yield f"{kind}: {line}"
