"""The thread that draws and encodes the frames of one worker, and the faces that it keeps ready."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from cachetools import LRUCache

from bus.events import FRAMES_PER_SECOND
from bus.work.service import Reader
from services.render.encoder import H264Encoder
from services.render.engine import AnimatedFace, Renderer
from services.render.photo.portrait import PortraitStore
from services.render.pose import Pose

MAX_BATCH = 5
"""Maximum frames drawn in one call; a cancelled speech delays other conversations by no more."""
MAX_FACES = 16
"""Faces kept ready; the least recently used one is evicted."""

R = TypeVar("R")


class RenderThread:
    """Draws and encodes frames, a few for each call, so that conversations take turns.

    Args:
        portraits: the store that the renderer reads portraits from.
    """

    def __init__(self, renderer: Renderer, portraits: PortraitStore) -> None:
        self.renderer = renderer
        self._portraits = portraits
        self._faces: LRUCache[tuple[str, str], AnimatedFace] = LRUCache(MAX_FACES)
        """By engine and look."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="render")

    async def face(self, look: str, reader: Reader) -> AnimatedFace:
        """The face of a look; its portrait is read from the log where the store misses it.

        Raises:
            NotFound: there is no such look, or no portrait of it.
        """
        portrait = await reader.asset(look) if self._portraits.is_missing(look) else None
        return await self._run(partial(self._load_face, look, portrait))

    async def keep_only(self, looks: Collection[str]) -> None:
        """Drop the faces and portraits of all other looks."""
        await self._run(partial(self._drop_others, looks))

    def encoder(self, bitrate: int, *, crf: int) -> H264Encoder:
        """An encoder for one stream of the renderer's frames, see `H264Encoder`."""
        renderer = self.renderer
        return H264Encoder(renderer.width, renderer.height, FRAMES_PER_SECOND, bitrate=bitrate, crf=crf)

    async def encode(
        self, face: AnimatedFace, encoder: H264Encoder, poses: Sequence[Pose], order: Sequence[int], *, key: bool
    ) -> tuple[bytes, ...]:
        """Draw the poses, at most MAX_BATCH, and encode them as access units.

        Args:
            order: indices of poses as they are shown; a pose may come more than once.
            key: start with a key frame.
        """
        return await self._run(partial(_encode, face, encoder, poses, order, key=key))

    def _load_face(self, look: str, portrait: bytes | None) -> AnimatedFace:
        if portrait is not None:
            self._portraits.put(look, portrait)
        found = self._faces.get((self.renderer.name, look))
        if found is None:
            found = self.renderer.face(look)
            # The name of the engine that has made it: the graphics card may have failed just now.
            self._faces[self.renderer.name, look] = found
        return found

    def _drop_others(self, looks: Collection[str]) -> None:
        self._portraits.keep_only(looks)
        for key in [one for one in self._faces if one[1] not in looks]:
            del self._faces[key]

    async def _run(self, work: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _encode(
    face: AnimatedFace, encoder: H264Encoder, poses: Sequence[Pose], order: Sequence[int], *, key: bool
) -> tuple[bytes, ...]:
    frames = face.render(poses)
    return encoder.encode((frames[index] for index in order), key=key)
