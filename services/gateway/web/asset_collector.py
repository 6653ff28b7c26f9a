"""Removes photos and portraits that no fact refers to: what is left where storing or using them was broken off."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import aclosing

from bus import clock, codec, subjects
from bus.cancellation import raise_if_cancelled
from bus.errors import BusError, UndecodableEvent
from bus.events import CharacterCreated, FaceMade, FaceRequested
from bus.ids import PHOTO_LOOK, look_of_asset
from bus.log import streams
from bus.log.assets import StoredAsset
from bus.log.event_log import EventLog
from services.characters import current_characters

log = logging.getLogger(__name__)

INTERVAL = 600.0
"""Seconds between two looks."""
GRACE = 3600.0
"""Seconds for which what has just been stored is left alone: its fact may still come."""
_DAY = 86_400.0
_UNKNOWN_PORTRAIT = _DAY
"""Seconds for which a portrait is kept that no character has ever had: should the stream of characters be lost, there
is time to put it back."""
_REPAIR = 30 * _DAY
"""Seconds for which the photo of a request is kept that failed: so long it can be requeued."""


class AssetCollector:
    """Looks through the asset store. Several gateways may do so side by side."""

    def __init__(self, event_log: EventLog) -> None:
        self._event_log = event_log
        self._unused: set[str] = set()
        """Assets that no fact referred to at the look before."""

    async def run(self) -> None:
        """Look again and again until cancelled."""
        while True:
            raise_if_cancelled()  # a request may have swallowed it
            await asyncio.sleep(INTERVAL)
            try:
                if removed := await self.collect(clock.now() / 1e6):
                    log.info("assets without a fact removed", extra={"count": removed})
            except BusError as error:
                log.warning("assets not looked through", extra={"why": error.detail})

    async def collect(self, now: float) -> int:
        """Remove what no fact referred to at this look and the one before; returns how many assets that were.

        Args:
            now: seconds since 1970.
        Raises:
            BusError: NATS was away for 30 s.
        """
        if await self._event_log.is_being_restored():
            self._unused.clear()
            return 0
        assets = self._event_log.assets
        removed = 0
        for nuid, at in (await assets.nameless()).items():
            if at < now - GRACE:
                await assets.erase_chunks(nuid)
                removed += 1
        stored = await assets.stored()
        for note in (one for one in stored if one.deleted):
            await assets.forget_deleted(note)
        unused = await self._without_facts([one for one in stored if not one.deleted and one.at < now - GRACE], now)
        for name in unused & self._unused:
            await assets.remove(name)
            removed += 1
        self._unused = unused
        return removed

    async def _without_facts(self, stored: Sequence[StoredAsset], now: float) -> set[str]:
        """Names of those that no fact refers to."""
        if not stored:
            return set()
        requests = await self._open_requests()
        photos = {request.photo for request in requests}
        looks = {request.look for request in requests if request.photo in {one.name for one in stored}}
        shown = {one.look for one in (await current_characters(self._event_log)).values()} | looks
        ever = {
            event.body.look
            for event in await self._event_log.character_facts()
            if isinstance(event.body, CharacterCreated)
        }
        return {
            one.name
            for one in stored
            if (one.name.startswith("upload-") and (one.name not in photos or one.at < now - _REPAIR))
            or (
                one.name.startswith(PHOTO_LOOK)
                and look_of_asset(one.name) not in shown
                and (look_of_asset(one.name) in ever or one.at < now - _UNKNOWN_PORTRAIT)
            )
        }

    async def _open_requests(self) -> list[FaceRequested]:
        """The requests of which no face has been made."""
        requests: dict[str, FaceRequested] = {}
        reading = self._event_log.read(streams.CONVERSATIONS, subjects.ALL_FACE_FACTS)
        async with aclosing(reading) as records:
            async for record in records:
                try:
                    event = codec.decode_event(record.data)
                except UndecodableEvent:
                    continue
                if isinstance(event.body, FaceRequested):
                    requests[event.id] = event.body
                elif isinstance(event.body, FaceMade) and event.cause:
                    requests.pop(event.cause, None)
        return list(requests.values())
