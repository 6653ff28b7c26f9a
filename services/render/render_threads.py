"""The threads that draw and encode the frames of one worker, and the faces that they keep ready."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar
from weakref import WeakSet

from cachetools import LRUCache

from bus.events import FRAMES_PER_SECOND
from bus.work.service import Reader
from bus.work.slots import Slots
from services.render.encoder import Codec, H264Encoder
from services.render.engine import AnimatedFace, Expressions, Renderer
from services.render.photo.portrait import PortraitStore
from services.render.pose import Pose

MAX_BATCH = 5
"""Maximum frames drawn in one call; a cancelled speech delays other conversations by no more."""
MAX_FACES = 16
"""Faces kept ready by all threads; the least recently used one is evicted."""

_FEWEST_FACES = 4
"""Kept ready in each thread."""
LATER = 10.0
"""Seconds after which what nobody waits for is drawn before what was asked for later."""

R = TypeVar("R")


class PlacedFace:
    """A face of one of the threads, in which it is drawn."""

    def __init__(self, face: AnimatedFace, thread: _Thread) -> None:
        self.version = face.version
        self._face = face
        self._thread = thread
        thread.in_use.add(self)

    async def encode(
        self, encoder: H264Encoder, poses: Sequence[Pose], order: Sequence[int], *, key: bool, due: float,
        expressions: Expressions | None = None,
    ) -> tuple[bytes, ...]:  # fmt: skip
        """See `RenderThreads.encode`."""
        return await self._thread.run(partial(_encode, self._face, encoder, poses, order, expressions, key=key), due)


class _Thread:
    """One thread, with the faces that are ready in it: of all that waits, it does what is due first."""

    def __init__(self, name: str, faces: int) -> None:
        self.faces: LRUCache[tuple[str, str], AnimatedFace] = LRUCache(faces)
        """By engine and look."""
        self.in_use: WeakSet[PlacedFace] = WeakSet()
        """Those that somebody draws, or may draw."""
        self._place = Slots(1)
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)

    async def run(self, work: Callable[[], R], due: float) -> R:
        async with self._place.place(due):
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)


class RenderThreads:
    """Draws and encodes frames, a few for each call: of all that wait, those that are shown first.

    Args:
        portraits: the store that the renderer reads portraits from.
        threads: how many there are; a speech stays in one.
        codec: that encodes.
        clock: seconds, by which it is said when something is due.
    """

    def __init__(
        self, renderer: Renderer, portraits: PortraitStore, *, threads: int = 1, codec: Codec = "libx264",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.renderer = renderer
        self._portraits = portraits
        self._codec: Codec = codec
        self._storing = threading.Lock()
        """Held while portraits are stored, read or removed: those of a face that is being made belong to nobody yet."""
        self._clock = clock
        faces = max(MAX_FACES // threads, _FEWEST_FACES)
        self._threads = [_Thread(f"render-{number}", faces) for number in range(threads)]

    async def face(self, look: str, reader: Reader) -> PlacedFace:
        """The face of a look, in the thread with the fewest; its portrait is read from the log where the store misses
        it.

        Raises:
            NotFound: there is no such look, or no portrait of it.
        """
        portrait = await reader.asset(look) if self._portraits.is_missing(look) else None
        thread = min(self._threads, key=lambda one: len(one.in_use))
        face = await thread.run(partial(self._load_face, thread, look, portrait), self._clock())
        return PlacedFace(face, thread)

    async def keep_only(self, looks: Collection[str]) -> None:
        """Drop the faces and portraits of all other looks."""
        for thread in self._threads:
            await thread.run(partial(self._drop_others, thread, looks), self._clock() + LATER)

    async def forget(self, look: str) -> None:
        """Make the face of a look anew when it is asked for the next time."""
        for thread in self._threads:
            await thread.run(partial(self._drop, thread, look), self._clock() + LATER)

    def encoder(self, bitrate: int, *, crf: int) -> H264Encoder:
        """An encoder for one stream of the renderer's frames, see `H264Encoder`."""
        width, height = self.renderer.width, self.renderer.height
        return H264Encoder(width, height, FRAMES_PER_SECOND, bitrate=bitrate, crf=crf, codec=self._codec)

    async def encode(
        self, face: PlacedFace, encoder: H264Encoder, poses: Sequence[Pose], order: Sequence[int], *, key: bool,
        due: float | None = None, expressions: Expressions | None = None,
    ) -> tuple[bytes, ...]:  # fmt: skip
        """Draw the poses, at most MAX_BATCH, and encode them as access units.

        Args:
            order: indices of poses as they are shown; a pose may come more than once.
            key: start with a key frame.
            due: when they are shown, by the clock; None: nobody waits for them.
            expressions: see `AnimatedFace.render`.
        """
        if due is None:
            due = self._clock() + LATER
        return await face.encode(encoder, poses, order, key=key, due=due, expressions=expressions)

    def _load_face(self, thread: _Thread, look: str, portrait: bytes | None) -> AnimatedFace:
        with self._storing:
            if portrait is not None:
                self._portraits.put(look, portrait)
            found = thread.faces.get((self.renderer.name, look))
            if found is None:
                found = self.renderer.face(look)
                # The name of the engine that has made it: the graphics card may have failed just now.
                thread.faces[self.renderer.name, look] = found
        return found

    @staticmethod
    def _drop(thread: _Thread, look: str) -> None:
        for key in [one for one in thread.faces if one[1] == look]:
            del thread.faces[key]

    def _drop_others(self, thread: _Thread, looks: Collection[str]) -> None:
        with self._storing:
            self._portraits.keep_only(looks)
        for key in [one for one in thread.faces if one[1] not in looks]:
            del thread.faces[key]


def _encode(
    face: AnimatedFace, encoder: H264Encoder, poses: Sequence[Pose], order: Sequence[int],
    expressions: Expressions | None, *, key: bool,
) -> tuple[bytes, ...]:  # fmt: skip
    frames = face.render(poses, expressions)
    return encoder.encode((frames[index] for index in order), key=key)
