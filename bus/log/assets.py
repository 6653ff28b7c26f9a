"""Assets: photos and portraits that are too large for an event, stored by name in the NATS object store.

The asset under a name never changes, so storing it twice stores it once.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from contextlib import aclosing
from hashlib import sha256

from nats.js.errors import NotFoundError
from nats.js.object_store import ObjectStore

from bus.errors import BusError, NotFound
from bus.log import streams
from bus.log.log_store import RETRY_FOR, LogStore


class Assets:
    """The object store, on one connection to the log."""

    def __init__(self, log: LogStore) -> None:
        self._log = log
        self._store = ObjectStore(streams.BUCKET, streams.ASSETS, log.media_js)

    async def put(self, name: str, data: bytes, *, retry_for: float = RETRY_FOR) -> None:
        """Store an asset; does nothing if there is one of that name.

        Args:
            retry_for: seconds to keep trying while NATS is away.
        Raises:
            BusError: NATS was away for that long, or the store is full.
        """

        async def put() -> None:
            try:
                await self._store.get_info(name)
            except NotFoundError:
                await self._store.put(name, data)

        await self._log.with_retries(put, f"store {name}", retry_for)

    async def get(self, name: str) -> bytes:
        """The bytes of an asset.

        Raises:
            NotFound: there is none of that name.
            BusError: NATS was away for 30 s, or the stored asset is damaged.
        """
        try:
            info = await self._log.with_retries(lambda: self._store.get_info(name), f"look for {name}")
        except NotFoundError as error:
            raise NotFound(f"there is no asset {name}") from error
        # Not with nats-py's own reader of object stores: it waits for ever for a chunk that got lost.
        data = bytearray()
        async with aclosing(self._log.read(streams.ASSETS, f"$O.{streams.BUCKET}.C.{info.nuid}")) as chunks:
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
            await self._log.with_retries(lambda: self._store.delete(name), f"remove {name}")
        except NotFoundError:
            return
