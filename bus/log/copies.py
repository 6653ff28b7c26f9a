"""Compares the copies of a stream that the nodes of a cluster have, by reading each of them.

What NATS tells of a stream is what its leader has, and a node that has lost a part of its copy may count as current and
healthy. A consumer with one replica reads the copy of the node that it is on, and NATS tells which one that is.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct
from nats.errors import Error as NatsError
from nats.js import api

from bus.errors import BusError
from bus.ids import new_id
from bus.log import streams
from bus.log.log_store import LogStore
from bus.log.pull import BulkSubscription, records_of

COMPARED = (streams.CONVERSATIONS, streams.CHARACTERS, streams.PEOPLE)
"""Streams that keep their messages for ever, so that copies differ by nothing but damage."""
_WINDOW, _BYTES = 256, 4 << 20
_PART = 100
"""Sequences in a part of a copy, which has a digest."""
_SILENCE = 8.0
"""Seconds after which a copy that tells no more is taken for damaged."""
_PATIENCE = 2.0
"""Seconds that the newest messages may be on their way to a copy."""
_MOST_CONSUMERS = 40
"""That are made until each node has had one: NATS chooses the node."""


class Copy(Struct, frozen=True):
    """What one node has of a stream."""

    node: str
    messages: int
    digests: Mapping[int, bytes]
    """By number of the part; a part without messages has none."""
    problem: str = ""
    """Why it could not be read to its end, in one line."""


class Difference(Struct, frozen=True):
    """A copy that is another one than most are, or that cannot be read."""

    stream: str
    node: str
    why: str


async def compare_copies(log_store: LogStore, *, newest: int | None = None) -> tuple[int, list[Difference]]:
    """Read the copies of the streams that are kept for ever, and compare them.

    Args:
        newest: how many of the newest messages of each stream are compared; None: all.
    Returns:
        The number of nodes that have copies, and what is wrong.
    Raises:
        BusError: NATS does not answer.
    """
    found: list[Difference] = []
    count = 0
    for stream in COMPARED:
        try:
            info = await log_store.js.stream_info(stream)
            nodes, away = _nodes(info)
            count = max(count, len(nodes) + len(away))
            found += [Difference(stream, node, why) for node, why in away.items()]
            if len(nodes) > 1:
                copies = await _copies(log_store, stream, info.state, set(nodes), newest)
                found += [Difference(stream, node, why) for node, why in differing(copies).items()]
        except (NatsError, TimeoutError) as error:
            raise BusError(f"the copies of {stream} cannot be read: {str(error) or type(error).__name__}") from error
    return count, found


def _nodes(info: api.StreamInfo) -> tuple[list[str], dict[str, str]]:
    """The nodes that have copies, and those of them that are not there, with the reason."""
    cluster = info.cluster
    replicas = {str(one.name): one for one in (cluster.replicas or [])} if cluster is not None else {}
    away = {name: "it is not there" for name, one in replicas.items() if one.offline}
    behind = {name: one.lag or 0 for name, one in replicas.items() if not one.offline and not one.current}
    away |= {name: f"it is {lag} messages behind" for name, lag in behind.items()}
    names = [cluster.leader] if cluster is not None and cluster.leader else []
    return [*names, *(name for name in replicas if name not in away)], away


async def _copies(
    log_store: LogStore, stream: str, state: api.StreamState, nodes: set[str], newest: int | None
) -> list[Copy]:
    begin = state.first_seq if newest is None else max(state.first_seq, state.last_seq - newest + 1)
    consumers: dict[str, str] = {}
    copies: list[Copy] = []
    try:
        for _ in range(_MOST_CONSUMERS):
            made = await log_store.js.add_consumer(
                stream,
                api.ConsumerConfig(
                    name=new_id("copy"),
                    deliver_policy=api.DeliverPolicy.BY_START_SEQUENCE,
                    opt_start_seq=max(1, begin),
                    ack_policy=api.AckPolicy.NONE,
                    mem_storage=True,
                    num_replicas=1,
                    inactive_threshold=60.0,
                ),
            )
            node = str(made.cluster.leader) if made.cluster is not None else ""
            if node in nodes and node not in consumers:
                consumers[node] = made.name
            else:
                await log_store.js.delete_consumer(stream, made.name)
            if len(consumers) == len(nodes):
                break
        reading = (_read(log_store, node, stream, name, state.last_seq) for node, name in consumers.items())
        copies = list(await asyncio.gather(*reading))
    finally:
        for name in consumers.values():
            await log_store.nc.publish(f"$JS.API.CONSUMER.DELETE.{stream}.{name}", b"")
    unread = [Copy(node, 0, {}, "NATS puts no reader on it") for node in nodes - set(consumers)]
    return [*copies, *unread]


async def _read(log_store: LogStore, node: str, stream: str, consumer: str, end: int) -> Copy:
    """What the node of a consumer has, up to a sequence."""
    parts: dict[int, hashlib._Hash] = {}
    messages, last, expected, pending, problem = 0, 0, 1, 1, ""
    try:
        async with BulkSubscription(log_store.nc, stream, consumer, window=_WINDOW, max_bytes=_BYTES) as pull:
            while last < end:
                async with asyncio.timeout(_SILENCE if pending else _PATIENCE):
                    batch, expected, pending = records_of(await pull.next_batch(), expected)
                for one in batch:
                    last = one.sequence
                    if last <= end:
                        messages += 1
                        told = f"{last} {one.subject} {one.time} {len(one.data)} ".encode() + one.data
                        parts.setdefault(last // _PART, hashlib.sha256()).update(told)
    except (NatsError, TimeoutError, BusError):
        # Else the rest may have been erased.
        problem = f"behind message {last} nothing can be read" if pending else ""
    return Copy(node, messages, {number: part.digest() for number, part in parts.items()}, problem)


def differing(copies: Sequence[Copy]) -> dict[str, str]:
    """The nodes whose copies differ from what most have, each with the reason in one line."""
    wrong = {copy.node: copy.problem for copy in copies if copy.problem}
    most = max((copy.messages for copy in copies), default=0)
    for number in sorted({number for copy in copies for number in copy.digests}):
        digests = {copy.node: copy.digests.get(number) for copy in copies}
        common, count = Counter(digests.values()).most_common(1)[0]
        for copy in copies:
            # Without a majority nobody is right, but for who has messages where the others have none.
            digest = digests[copy.node]
            if digest != common if count > 1 else None in digests.values() and digest is None:
                why = f"differs from message {number * _PART} on, with {copy.messages} messages in place of {most}"
                wrong.setdefault(copy.node, why)
            elif count == 1 and len(copies) > 1 and None not in digests.values():
                wrong.setdefault(copy.node, f"no two copies are alike from message {number * _PART} on")
    return wrong
