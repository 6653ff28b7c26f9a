"""Whole streams as bytes, by the snapshots of JetStream, and the positions of the durable consumers on them.

A snapshot keeps sequences, times and headers. It is taken without the consumers. The server adds those last, so their
positions may be past work whose outputs the snapshot lacks, or past its end. Positions that were read before it never
are: work that was done since then is delivered again, and found to be done.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct
from nats.aio.client import Client
from nats.errors import Error as NatsError

from bus.errors import BusError

Json: TypeAlias = dict[str, Any]

CHUNK = 128 << 10
"""Bytes in a message of a snapshot, the most that the server makes."""
_QUIET = 60.0
"""Seconds for which the server may send nothing while it makes a snapshot: it reads a block of a busy disk."""
_REQUEST = 10.0
_END = 900.0
"""Seconds in which the server unpacks a restored stream, and its replicas take it over."""
_OF_THE_SERVER = "_nats."
"""Prefix of the metadata that the server sets itself."""
OLDEST_SERVER_TO_RESTORE = (2, 14)
"""The first one that sets the position of a consumer."""


class ConsumerPosition(Struct, frozen=True, kw_only=True):
    """A durable consumer, and up to where all its work is done."""

    stream: str
    name: str
    config: Json
    """As the server tells it."""
    done: int
    """Stream sequence of the last message up to which all are acknowledged."""
    waiting: int = 0
    """Messages after it that match its filters."""


class StreamContent(Struct, frozen=True, kw_only=True):
    """What the server tells of a stream when its snapshot begins."""

    config: Json
    state: Json

    @property
    def name(self) -> str:
        return str(self.config["name"])

    @property
    def messages(self) -> int:
        return int(self.state["messages"])

    @property
    def bytes(self) -> int:
        return int(self.state["bytes"])

    @property
    def last(self) -> int:
        """Sequence of the newest message."""
        return int(self.state["last_seq"])

    @property
    def drops(self) -> bool:
        """Whether the stream drops its oldest messages at a limit."""
        return bool(self.config.get("max_age")) or self.config.get("discard") == "old"


async def contents(nc: Client) -> dict[str, StreamContent]:
    """All streams of the account, by name, without the state of the memory in which their messages may be."""
    found: dict[str, StreamContent] = {}
    while True:
        answer = await _request(nc, "STREAM.LIST", {"offset": len(found)})
        page = answer.get("streams") or []
        for one in page:
            content = StreamContent(config=one["config"], state=one["state"])
            found[content.name] = content
        if not page or len(found) >= answer["total"]:
            return found


async def positions(nc: Client, stream: str) -> list[ConsumerPosition]:
    """The durable consumers on a stream with their positions now."""
    found: list[ConsumerPosition] = []
    offset = 0
    while True:
        answer = await _request(nc, f"CONSUMER.LIST.{stream}", {"offset": offset})
        page = answer.get("consumers") or []
        for one in page:
            if one["config"].get("durable_name"):  # others belong to readers at work
                done = int(one["ack_floor"]["stream_seq"])
                waiting = int(one.get("num_pending", 0)) + int(one.get("num_ack_pending", 0))
                found.append(
                    ConsumerPosition(stream=stream, name=one["name"], config=one["config"], done=done, waiting=waiting)
                )
        offset += len(page)
        if not page or offset >= answer["total"]:
            return found


async def snapshot(nc: Client, stream: str, begun: Callable[[StreamContent], None]) -> AsyncGenerator[bytes, None]:
    """The bytes of a stream, while others write to it. The server sends no more than 8 MB ahead of the caller.

    Args:
        begun: called before the first bytes; the snapshot has what the stream held then, and may have newer messages.
    Raises:
        BusError: the server broke it off, or sends nothing any more.
    """
    inbox = nc.new_inbox()
    chunks = await nc.subscribe(inbox)
    number, connection = 0, nc.stats["reconnects"]
    try:
        request = {"deliver_subject": inbox, "no_consumers": True, "chunk_size": CHUNK}
        answer = await _request(nc, f"STREAM.SNAPSHOT.{stream}", request)
        begun(StreamContent(config=answer["config"], state=answer["state"]))
        while True:
            try:
                chunk = await chunks.next_msg(timeout=_QUIET)
            except (NatsError, TimeoutError, OSError) as error:
                raise BusError(f"stream {stream}: nothing came for {_QUIET:g} s of its snapshot") from error
            number += 1
            place = chunk.reply.rpartition(".")[2]  # the server wants no reply to the last one
            if nc.stats["reconnects"] != connection or (place and int(place) != number):
                raise BusError(f"stream {stream}: the connection was lost while its snapshot was taken; try again")
            if not chunk.data:
                headers = chunk.headers or {}
                status = headers.get("Status", "204")
                if not status.startswith("2"):
                    why = headers.get("Description", status)
                    raise BusError(f"stream {stream}: the server broke its snapshot off: {why}")
                return
            yield chunk.data
            if chunk.reply:
                await nc.publish(chunk.reply)
    finally:
        if nc.is_connected:
            await chunks.unsubscribe()


async def restore(nc: Client, content: StreamContent, chunks: AsyncIterator[bytes], *, replicas: int) -> StreamContent:
    """Make a stream from its snapshot; there must be none of its name. Returns what the server has then.

    Args:
        replicas: number of servers that are to store it.
    Raises:
        BusError: the server refuses; there is no such stream then.
    """
    config = _settable(content.config) | {"num_replicas": replicas}
    what = f"stream {content.name}"
    answer = await _request(nc, f"STREAM.RESTORE.{content.name}", {"config": config, "state": content.state})
    subject = answer["deliver_subject"]
    async for chunk in chunks:
        _raise_on_error(await _ask(nc, subject, chunk, _REQUEST * 6, what), what)
    end = await _ask(nc, subject, b"", _END, what)
    _raise_on_error(end, what)
    made = msgspec.json.decode(end)
    return StreamContent(config=made["config"], state=made["state"])


async def put_back(nc: Client, position: ConsumerPosition) -> None:
    """Make a durable consumer that delivers what comes after its position.

    Raises:
        BusError: the server refuses.
    """
    where = f"{position.stream}.{position.name}"
    # The number of replicas is that of its stream.
    config = _settable(position.config) | {"num_replicas": 0}
    await _request(
        nc, f"CONSUMER.DURABLE.CREATE.{where}", {"stream_name": position.stream, "config": config}, persistent=True
    )
    await _request(nc, f"CONSUMER.RESET.{where}", {"seq": position.done + 1}, persistent=True)


async def create(nc: Client, config: Json) -> None:
    """Make a stream."""
    await _request(nc, f"STREAM.CREATE.{config['name']}", config, persistent=True)


async def remove(nc: Client, stream: str) -> None:
    """Delete a stream with all that is in it."""
    await _request(nc, f"STREAM.DELETE.{stream}", {}, persistent=True)


def _settable(config: Json) -> Json:
    metadata: Mapping[str, str] = config.get("metadata") or {}
    return config | {"metadata": {key: value for key, value in metadata.items() if not key.startswith(_OF_THE_SERVER)}}


async def _request(nc: Client, name: str, body: Json, *, persistent: bool = False) -> Json:
    """The answer of JetStream's API.

    Args:
        persistent: try again for some seconds: the parts of a cluster have no leader yet right after they are made.
    """
    tries = 20 if persistent else 1
    while True:
        tries -= 1
        try:
            answer = await _ask(nc, f"$JS.API.{name}", msgspec.json.encode(body), _REQUEST, name)
            _raise_on_error(answer, name)
            found: Json = msgspec.json.decode(answer)
            return found
        except BusError as error:
            if not tries or not error.retryable:
                raise
        await asyncio.sleep(0.5)


async def _ask(nc: Client, subject: str, data: bytes, timeout: float, what: str) -> bytes:
    try:
        return (await nc.request(subject, data, timeout=timeout)).data
    except (NatsError, TimeoutError, OSError) as error:
        raise BusError(f"{what}: NATS does not answer ({str(error) or type(error).__name__})") from error


def _raise_on_error(answer: bytes, what: str) -> None:
    if b'"error"' not in answer[:4096]:
        return
    error = msgspec.json.decode(answer).get("error")
    if error:
        code = int(error.get("code", 500))
        raise BusError(f"{what}: {error.get('description', code)}", retryable=code in (408, 500, 503))
