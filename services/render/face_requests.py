"""A photo that a person gave becomes a character: portrait, idle loop, the fact that it is there. Or a refusal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor

from bus.errors import InvalidInput, NotFound
from bus.events import CharacterCreated, Event, FaceMade, FaceRefused, FaceRequested
from bus.work.service import AssetOutput, CharacterOutput, Output, Reader
from services.render.photo.studio import Studio


class NewFaces:
    """Makes faces, in a thread of its own: others go on being drawn.

    Args:
        draw: the idle loop of a character by id.
    """

    def __init__(self, studio: Studio, draw: Callable[[str, CharacterCreated, Reader], AsyncIterator[Output]]) -> None:
        self._studio = studio
        self._draw = draw
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="studio")

    async def make(self, event: Event, reader: Reader) -> AsyncGenerator[Output, None]:
        """What comes of one photo. The photo is removed at the end; of a failure it stays, to be tried again.

        The character is on record only when it can be seen, so nobody chooses a face that is not there yet.
        """
        asked = event.body
        assert isinstance(asked, FaceRequested)
        told = await _told(event, reader)
        if isinstance(told, FaceMade):
            yield AssetOutput(asked.photo, None)
            return
        try:
            portrait = await self._portrait(asked, reader)
        except NotFound:
            if told is None:
                raise  # the photo is lost
            return
        except InvalidInput as refusal:
            yield FaceRefused(character=asked.character, code=refusal.code, detail=refusal.detail)
            yield AssetOutput(asked.photo, None)
            return
        created = character_of(asked)
        if portrait is not None:
            yield AssetOutput(asked.look, portrait)
        async for batch in self._draw(asked.character, created, reader):
            yield batch
        yield CharacterOutput(asked.character, created)
        yield FaceMade(character=asked.character)
        yield AssetOutput(asked.photo, None)

    async def _portrait(self, asked: FaceRequested, reader: Reader) -> bytes | None:
        """The portrait as an asset; None where it is one already.

        Raises:
            NotFound: neither the portrait nor the photo is there.
            InvalidInput: no portrait can be made of the photo.
        """
        try:
            await reader.asset(asked.look)
        except NotFound:
            photo = await reader.asset(asked.photo)
        else:
            return None
        portrait = await asyncio.get_running_loop().run_in_executor(self._thread, self._studio.portrait, photo)
        return portrait.bytes()


def character_of(asked: FaceRequested) -> CharacterCreated:
    """The character that was asked for."""
    return CharacterCreated(
        name=asked.name,
        tagline=asked.tagline,
        personality=asked.personality,
        greeting=asked.greeting,
        look=asked.look,
        voice=asked.voice,
        language=asked.language,
        owner=asked.owner,
    )


async def _told(event: Event, reader: Reader) -> FaceMade | FaceRefused | None:
    """The newest outcome on record, of a worker that died before it had removed the photo, or that failed."""
    told = (fact.body for _, fact in reversed(await reader.facts(event.conversation)) if fact.cause == event.id)
    return next((body for body in told if isinstance(body, FaceMade | FaceRefused)), None)
