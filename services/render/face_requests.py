"""Makes a character from a photo that a person uploaded: portrait, idle loop, facts; or refuses the photo."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor

from bus.errors import InvalidInput, NotFound
from bus.events import CharacterCreated, Event, FaceMade, FaceRefused, FaceRequested
from bus.work.service import AssetOutput, CharacterOutput, Output, Reader
from services.render.photo.portrait import Portrait
from services.render.photo.portrait_maker import PortraitMaker


class FaceRequestHandler:
    """Handles `face.requested`. Portraits are made in a separate thread, so that drawing continues.

    Args:
        idle_batches: draws the idle loop of a character, by its id.
    """

    def __init__(
        self,
        portrait_maker: PortraitMaker,
        idle_batches: Callable[[str, CharacterCreated, Reader], AsyncIterator[Output]],
    ) -> None:
        self._portrait_maker = portrait_maker
        self._idle_batches = idle_batches
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="portrait-maker")

    async def handle(self, event: Event, reader: Reader) -> AsyncGenerator[Output, None]:
        """The outputs for one photo. The photo is removed at the end, but kept after a failure, to be tried again.

        The character is recorded after its idle loop, so that every character that can be chosen can be seen.
        """
        request = event.body
        assert isinstance(request, FaceRequested)
        outcome = await _recorded_outcome(event, reader)
        if isinstance(outcome, FaceMade):
            yield AssetOutput(request.photo, None)
            return
        try:
            portrait, is_new = await self._portrait(request, reader)
        except NotFound:
            if outcome is None:
                raise  # the photo is lost
            return
        except InvalidInput as refusal:
            yield FaceRefused(character=request.character, code=refusal.code, detail=refusal.detail)
            yield AssetOutput(request.photo, None)
            return
        created = character_from(request)
        if is_new:
            yield AssetOutput(request.look, portrait.to_bytes())
        async for batch in self._idle_batches(request.character, created, reader):
            yield batch
        yield CharacterOutput(request.character, created)
        yield FaceMade(character=request.character, warning=portrait.warning)
        yield AssetOutput(request.photo, None)

    async def _portrait(self, request: FaceRequested, reader: Reader) -> tuple[Portrait, bool]:
        """The portrait of the photo, and whether it is new, that is not stored yet.

        Raises:
            NotFound: neither the portrait nor the photo is stored.
            InvalidInput: no portrait can be made of the photo.
        """
        try:
            return Portrait.from_bytes(request.look, await reader.asset(request.look)), False
        except NotFound:
            photo = await reader.asset(request.photo)
        made = await asyncio.get_running_loop().run_in_executor(self._thread, self._portrait_maker.make, photo)
        return made, True


def character_from(request: FaceRequested) -> CharacterCreated:
    """The fact that creates the requested character."""
    return CharacterCreated(
        name=request.name,
        tagline=request.tagline,
        personality=request.personality,
        greeting=request.greeting,
        look=request.look,
        voice=request.voice,
        language=request.language,
        owner=request.owner,
    )


async def _recorded_outcome(event: Event, reader: Reader) -> FaceMade | FaceRefused | None:
    """The newest outcome of this request on record, left by an earlier attempt that did not remove the photo."""
    outcomes = (fact.body for _, fact in reversed(await reader.facts(event.conversation)) if fact.cause == event.id)
    return next((body for body in outcomes if isinstance(body, FaceMade | FaceRefused)), None)
