"""What is too large for an event and belongs to one: photos and portraits, in NATS' object store, each under its name.

An asset never changes under its name, so storing it twice stores it once.
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
    """The object store of one connection to the log."""

    def __init__(self, log: LogStore) -> None:
        self._log = log
        self._store = ObjectStore(streams.BUCKET, streams.ASSETS, log.media_js)

    async def put(self, name: str, data: bytes, *, retry_for: float = RETRY_FOR) -> None:
        """Store an asset; does nothing where there is one of that name.

        Args:
            retry_for: seconds to go on trying while NATS is away.
        Raises:
            BusError: NATS was away for so long, or the store is full.
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
            BusError: NATS was away for 30 s, or what is stored is damaged.
        """
        try:
            info = await self._log.with_retries(lambda: self._store.get_info(name), f"look for {name}")
        except NotFoundError as error:
            raise NotFound(f"there is no asset {name}") from error
        # Not with the store's own reader: it waits for ever for a part that got lost.
        data = bytearray()
        async with aclosing(self._log.read(streams.ASSETS, f"$O.{streams.BUCKET}.C.{info.nuid}")) as parts:
            async for part in parts:
                data += part.data
        if sha256(data).digest() != urlsafe_b64decode((info.digest or "").partition("=")[2]):
            raise BusError(f"the asset {name} is damaged: {len(data)} of {info.size} bytes", code="damaged")
        return bytes(data)

    async def remove(self, name: str) -> None:
        """Remove an asset for good; does nothing where there is none.

        Raises:
            BusError: NATS was away for 30 s.
        """
        try:
            await self._log.with_retries(lambda: self._store.delete(name), f"remove {name}")
        except NotFoundError:
            return
