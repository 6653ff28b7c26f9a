"""Assets: photos and portraits that are too large for an event, stored by name in the NATS object store.

The asset under a name never changes, so storing it twice stores it once. What is removed is overwritten on the disk:
purging, as NATS's own clients do it, leaves the bytes in their block, which may be for ever.
"""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection
from contextlib import aclosing, suppress
from datetime import UTC, datetime
from hashlib import sha256
from typing import NamedTuple

from nats.js import api
from nats.js.errors import NotFoundError

from bus import clock
from bus.errors import BusError, NotFound
from bus.log import streams
from bus.log.log_reader import RETRY_FOR
from bus.log.log_store import LogStore

_CHUNK = 128 << 10
"""Bytes in a message, as in NATS's own clients."""
_CHUNKS = f"$O.{streams.BUCKET}.C"
_NAMES = f"$O.{streams.BUCKET}.M"


class StoredAsset(NamedTuple):
    name: str
    nuid: str
    """What the subject of its chunks ends in."""
    at: float
    """When it was stored, by the server's clock, seconds since 1970."""
    sequence: int
    """Of the message with its name."""
    deleted: bool
    """Whether it is only the note that an earlier version left of an asset that is gone."""


class Assets:
    """The object store, on one connection to the log."""

    def __init__(self, log: LogStore) -> None:
        self._log = log

    async def put(self, name: str, data: bytes, *, retry_for: float = RETRY_FOR) -> None:
        """Store an asset; does nothing if there is one of that name.

        Args:
            retry_for: seconds to keep trying while NATS is away.
        Raises:
            BusError: NATS was away for that long, or the store is full.
        """

        async def put() -> None:
            try:
                await self._find(name)
            except NotFoundError:
                await self._put(name, data)

        await self._log.with_retries(put, f"store {name}", retry_for)

    async def get(self, name: str) -> bytes:
        """The bytes of an asset.

        Raises:
            NotFound: there is none of that name.
            BusError: NATS was away for 30 s, or the stored asset is damaged.
        """
        try:
            info, _ = await self._log.with_retries(lambda: self._find(name), f"look for {name}")
        except NotFoundError as error:
            raise NotFound(f"there is no asset {name}") from error
        # Not with nats-py's own reader of object stores: it waits for ever for a chunk that got lost.
        data = bytearray()
        async with aclosing(self._log.read(streams.ASSETS, f"{_CHUNKS}.{info.nuid}")) as chunks:
            async for chunk in chunks:
                data += chunk.data
        if sha256(data).digest() != urlsafe_b64decode((info.digest or "").partition("=")[2]):
            raise BusError(f"the asset {name} is damaged: {len(data)} of {info.size} bytes", code="damaged")
        return bytes(data)

    async def remove(self, name: str) -> None:
        """Remove an asset for good; does nothing if there is none.

        Raises:
            BusError: NATS was away for 30 s.
        """
        try:
            info, sequence = await self._log.with_retries(lambda: self._find(name), f"remove {name}")
        except NotFoundError:
            return
        # The name first: whoever looks for the asset then finds it whole or not at all. Should this process die in
        # between, the chunks belong to no name, and are collected.
        await self._log.delete_message(streams.ASSETS, sequence)
        await self.erase_chunks(str(info.nuid))

    async def stored(self) -> list[StoredAsset]:
        """All assets, in the order in which they were stored."""

        async def stored() -> list[StoredAsset]:
            found = []
            for message in await self._newest(f"{_NAMES}.>"):
                info = api.ObjectInfo.from_response(json.loads(message.data or b"{}"))
                found.append(
                    StoredAsset(info.name, info.nuid, _stored_at(message), message.seq or 0, bool(info.deleted))
                )
            return sorted(found, key=lambda one: one.sequence)

        return await self._log.with_retries(stored, "list assets")

    async def forget_deleted(self, asset: StoredAsset) -> None:
        """Remove the note that an asset is gone."""
        await self._log.delete_message(streams.ASSETS, asset.sequence)

    async def nameless(self) -> dict[str, float]:
        """The `nuid` of each asset of which there are chunks and no name, because storing or removing it was broken
        off; with the time of its newest chunk, by the server's clock, seconds since 1970. What is just being stored is
        among them."""
        named = {one.nuid for one in await self.stored() if not one.deleted}

        async def nameless() -> dict[str, float]:
            chunks = await self._newest(f"{_CHUNKS}.>", but_not={f"{_CHUNKS}.{nuid}" for nuid in named})
            return {str(one.subject).rpartition(".")[2]: _stored_at(one) for one in chunks}

        return await self._log.with_retries(nameless, "look for parts of assets")

    async def erase_chunks(self, nuid: str) -> None:
        """Overwrite and remove all chunks of an asset.

        Raises:
            BusError: NATS was away for 30 s.
        """
        subject = f"{_CHUNKS}.{nuid}"
        with suppress(NotFoundError):  # once there is none left
            while True:
                # Not by a consumer: the gateway is allowed none on photos.
                chunk = await self._log.with_retries(
                    lambda: self._log.media_js.get_msg(streams.ASSETS, seq=1, subject=subject, next=True),
                    "look for a part of an asset",
                )
                await self._log.delete_message(streams.ASSETS, chunk.seq or 0)

    async def _newest(self, subjects: str, but_not: Collection[str] = ()) -> list[api.RawStreamMsg]:
        """The newest message on each subject."""
        js, found = self._log.media_js, []
        info = await js.stream_info(streams.ASSETS, subjects_filter=subjects)
        for subject in info.state.subjects or {}:
            if subject not in but_not:
                with suppress(NotFoundError):  # gone meanwhile
                    found.append(await js.get_last_msg(streams.ASSETS, subject))
        return found

    async def _find(self, name: str) -> tuple[api.ObjectInfo, int]:
        """What is on record of an asset, and the sequence of that record.

        Raises:
            NotFoundError: there is none of that name.
        """
        message = await self._log.media_js.get_last_msg(streams.ASSETS, _name_subject(name))
        info = api.ObjectInfo.from_response(json.loads(message.data or b"{}"))
        if info.deleted:
            raise NotFoundError
        return info, message.seq or 0

    async def _put(self, name: str, data: bytes) -> None:
        js, nuid = self._log.media_js, secrets.token_hex(11)
        starts = range(0, len(data), _CHUNK)
        try:
            for start in starts:
                await js.publish(f"{_CHUNKS}.{nuid}", data[start : start + _CHUNK])
            info = api.ObjectInfo(
                name=name,
                bucket=streams.BUCKET,
                nuid=nuid,
                size=len(data),
                chunks=len(starts),
                mtime=datetime.fromtimestamp(clock.now() / 1e6, UTC).isoformat(),
                digest=f"SHA-256={urlsafe_b64encode(sha256(data).digest()).decode()}",
                options=api.ObjectMetaOptions(max_chunk_size=_CHUNK),
            )
            headers = {api.Header.ROLLUP.value: "sub"}
            await js.publish(_name_subject(name), json.dumps(info.as_dict()).encode(), headers=headers)
        except Exception:
            await self.erase_chunks(nuid)
            raise


def _name_subject(name: str) -> str:
    return f"{_NAMES}.{urlsafe_b64encode(name.encode()).decode()}"


def _stored_at(message: api.RawStreamMsg) -> float:
    return message.time.timestamp() if message.time else 0.0
