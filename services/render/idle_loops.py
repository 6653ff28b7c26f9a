"""The idle loops of all characters, stored on the log and drawn again whenever they would look different."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import cache
from hashlib import blake2b
from pathlib import Path

from bus import subjects
from bus.errors import NotFound
from bus.events import FRAMES_PER_SECOND, CharacterCreated, IdleBatch
from bus.ids import PHOTO_LOOK, seed_of
from bus.log import streams
from bus.work.service import AssetOutput, Output, Reader
from services.characters import known_characters
from services.gpu_faults import GPU_USE, Cause, GpuFault, GpuUse
from services.h264_levels import IDLE_LOOP_BITRATE
from services.render.engine import AnimatedFace, Renderer
from services.render.idle_motion import KEY_FRAME_INTERVAL, LOOP_FRAMES, IdleMotion
from services.render.key_pose_maker import KeyPoseMaker
from services.render.render_threads import MAX_BATCH, PlacedFace, RenderThreads

LOOP_BATCHES = LOOP_FRAMES // KEY_FRAME_INTERVAL
CHECK_INTERVAL = 5.0
"""Seconds between two checks for characters whose idle loop is missing or outdated."""

# About 400 kbit/s on average; a limit as tight as that would starve the later key frames visibly.
_CRF = 25


class IdleLoopRenderer:
    """Draws idle loops.

    Args:
        key_poses: has key poses of photos drawn; None: nobody does.
        check_interval: seconds.
        use: whether the graphics card is used.
    """

    def __init__(
        self, thread: RenderThreads, *, key_poses: KeyPoseMaker | None = None,
        check_interval: float = CHECK_INTERVAL, use: GpuUse = GPU_USE,
    ) -> None:  # fmt: skip
        self._thread = thread
        self._key_poses = key_poses
        self._use = use
        self._check_interval = check_interval
        self._shown: dict[str, str] = {}
        """By character, the version of this worker that was on the log."""
        self._settled: dict[str, tuple[str, str, Cause | None]] = {}
        """By character, for which look, engine and state of the graphics card its loop was found to be right."""
        self._looks: set[str] | None = None
        """Of which everything else has been dropped."""

    async def keep_current(self, reader: Reader) -> AsyncGenerator[Output, None]:
        """Runs forever: see `_keep_current`; and has key poses drawn meanwhile."""
        try:
            async with aclosing(self._keep_current(reader)) as outputs:
                async for output in outputs:
                    yield output
        finally:
            if self._key_poses is not None:
                await self._key_poses.close()

    async def _keep_current(self, reader: Reader) -> AsyncGenerator[Output, None]:
        """Yields the idle loop of each character whose loop on the log is missing or outdated.

        A loop that another worker put in the place of this one's stays: during an upgrade, or where workers have other
        engines, each would otherwise draw it anew for ever.
        """
        while True:
            characters = await known_characters(reader)
            await self._drop_others({one.look for one in characters.values()})
            async for asset in self._key_pose_step({one.look for one in characters.values()}, reader):
                yield asset
            stored = await reader.counts(streams.IDLE, subjects.ALL_IDLE_FRAMES)
            for id_, character in characters.items():
                is_whole = stored.get(subjects.idle_frames(id_), 0) >= LOOP_BATCHES
                state = (character.look, self._thread.renderer.name, self._use.cause)
                # A face is built only where its loop may be another one: there may be thousands.
                if is_whole and self._settled.get(id_) == state:
                    continue
                async for batch in self._replaced(id_, character, reader, is_whole=is_whole):
                    yield batch
                self._settled[id_] = state
            await asyncio.sleep(self._check_interval)

    async def _key_pose_step(self, looks: set[str], reader: Reader) -> AsyncGenerator[AssetOutput, None]:
        """The key poses that have been drawn: the faces of their looks, and their loops, are other ones from now on."""
        if self._key_poses is None:
            return
        async for found in self._key_poses.step({one for one in looks if one.startswith(PHOTO_LOOK)}, reader):
            if isinstance(found, AssetOutput):
                yield found
            else:
                await self._thread.forget(found)
                self._settled = {id_: state for id_, state in self._settled.items() if state[0] != found}

    async def _drop_others(self, looks: set[str]) -> None:
        if looks != self._looks:
            await self._thread.keep_only(looks)
            self._looks = looks

    async def _replaced(
        self, id_: str, character: CharacterCreated, reader: Reader, *, is_whole: bool
    ) -> AsyncGenerator[IdleBatch, None]:
        """The loop of a character, where the one on the log has to be replaced by it."""
        try:
            face = await self._thread.face(character.look, reader)
        except NotFound:
            return  # drawn by a worker that knows this look
        version = idle_version(id_, face, self._thread.renderer)
        last = await reader.last_media(IdleBatch, subjects.idle_frames(id_))
        if last is not None and last.final and is_whole:
            if last.version == version:
                self._shown[id_] = version
            if self._shown.get(id_) == version or self._is_passing(character):
                return
        async for batch in self.batches(id_, character, reader):
            yield batch
        self._shown[id_] = version

    def forget(self) -> None:
        """The log is another one: look at all loops again."""
        self._settled.clear()

    async def batches(
        self, character: str, created: CharacterCreated, reader: Reader
    ) -> AsyncGenerator[IdleBatch, None]:
        """One character's whole loop, in batches that each start with a key frame.

        It begins anew, in another version, where the graphics card fails.
        """
        try:
            async for batch in self._batches(character, created, reader):
                yield batch
        except GpuFault:
            async for batch in self._batches(character, created, reader):
                yield batch

    def _is_passing(self, character: CharacterCreated) -> bool:
        """Whether another engine draws this character for now only: then the graphics card's loop is not replaced."""
        return self._use.cause in ("full", "lost") and character.look.startswith(PHOTO_LOOK)

    async def _batches(
        self, character: str, created: CharacterCreated, reader: Reader
    ) -> AsyncGenerator[IdleBatch, None]:
        face = await self._thread.face(created.look, reader)
        motion = IdleMotion(seed_of(character))
        encoder = self._thread.encoder(IDLE_LOOP_BITRATE, crf=_CRF)
        for start in range(0, LOOP_FRAMES, KEY_FRAME_INTERVAL):
            units: tuple[bytes, ...] = ()
            for first in range(start, start + KEY_FRAME_INTERVAL, MAX_BATCH):
                stop = min(first + MAX_BATCH, start + KEY_FRAME_INTERVAL)
                poses = [motion.pose(frame) for frame in range(first, stop)]
                units += await self._thread.encode(face, encoder, poses, range(len(poses)), key=first == start)
            yield IdleBatch(
                character=character,
                version=idle_version(character, face, self._thread.renderer),
                index=start // KEY_FRAME_INTERVAL,
                frame=start,
                fps=FRAMES_PER_SECOND,
                loop=LOOP_FRAMES,
                units=units,
                final=start + KEY_FRAME_INTERVAL == LOOP_FRAMES,
            )


def idle_version(character: str, face: AnimatedFace | PlacedFace, renderer: Renderer) -> str:
    """Version of a character's idle loop; changes whenever the loop would look different."""
    parts = (character, renderer.name, face.version, renderer.width, renderer.height, _movement_version())
    return blake2b("/".join(map(str, parts)).encode(), digest_size=8).hexdigest()


@cache
def _movement_version() -> str:
    """Hash of the code that moves and encodes an idle face: a stored loop must not outlive a change of it."""
    sources = (Path(__file__).with_name(name).read_bytes() for name in ("easing.py", "encoder.py", "idle_motion.py"))
    return blake2b(b"".join(sources), digest_size=8).hexdigest()
