"""The clips of all characters that do not speak, stored on the log and drawn again whenever they would look different.

Idle loops come first, so that everybody can be seen; then the other clips, in the background.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import TypeAlias

from bus import subjects
from bus.errors import NotFound
from bus.events import FRAMES_PER_SECOND, CharacterCreated, IdleBatch
from bus.ids import PHOTO_LOOK
from bus.log import streams
from bus.work.service import AssetOutput, Output, Reader
from services.characters import known_characters
from services.face_clips import CLIPS, KEY_FRAME_INTERVAL, LOOP_FRAMES, MAIN
from services.gpu_faults import GPU_USE, Cause, GpuFault, GpuUse
from services.h264_levels import IDLE_LOOP_BITRATE
from services.render.engine import AnimatedFace, Renderer
from services.render.face_motion import face_motion
from services.render.key_pose_maker import KeyPoseMaker
from services.render.render_threads import MAX_BATCH, PlacedFace, RenderThreads

_State: TypeAlias = tuple[str, str, Cause | None]
"""Look, engine and state of the graphics card."""
LOOP_BATCHES = LOOP_FRAMES // KEY_FRAME_INTERVAL
CHECK_INTERVAL = 5.0
"""Seconds between two checks for characters whose idle loop is missing or outdated."""
CLIPS_AFTER = 45.0
"""Seconds after its start from which a worker draws the further clips of characters that nobody talks to, too."""

_PAUSE, _PAUSE_TALKED_TO, _LONGEST_PAUSE = 2.0, 1.0, 0.5
"""Length of a pause after some frames of a further clip, as a multiple of the time that they took, and in seconds:
nobody waits for it, and voices and other faces want the processor."""

# About 400 kbit/s on average; a limit as tight as that would starve the later key frames visibly.
_CRF = 25


class IdleLoopRenderer:
    """Draws idle loops, and the other clips of faces that do not speak.

    Args:
        key_poses: has key poses of photos drawn; None: nobody does.
        check_interval: seconds.
        clips_after: seconds after its start from which it draws further clips of all characters that belong to nobody.
        use: whether the graphics card is used.
    """

    def __init__(
        self, thread: RenderThreads, *, key_poses: KeyPoseMaker | None = None, check_interval: float = CHECK_INTERVAL,
        clips_after: float = CLIPS_AFTER, use: GpuUse = GPU_USE, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._thread = thread
        self._key_poses = key_poses
        self._use = use
        self._check_interval = check_interval
        self._shown: dict[str, str] = {}
        """By character, the version of this worker that was on the log."""
        self._settled: dict[tuple[str, str], _State] = {}
        """By character and clip, for which state it was found to be right."""
        self._versions: dict[str, str] = {}
        """By character, the version of its idle loop on the log, where that is this worker's."""
        self._clips_from = clock() + clips_after
        self._clock = clock
        self._talked_to: set[str] = set()
        """Characters whose speeches this worker has drawn, or which it has made."""
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
            stored = await reader.counts(streams.IDLE, subjects.ALL_IDLE)
            for id_, character in characters.items():
                is_whole = stored.get(subjects.idle_frames(id_), 0) >= LOOP_BATCHES
                # A face is built only where its loop may be another one: there may be thousands.
                if is_whole and self._settled.get((id_, MAIN)) == self._state(character):
                    continue
                async for batch in self._replaced(id_, character, reader, is_whole=is_whole):
                    yield batch
                self._settled[id_, MAIN] = self._state(character)
            if (clip := self._next_clip(characters, stored)) is None:
                await asyncio.sleep(self._check_interval)
                continue
            # One at a time, and only as long as no face is new: the idle loop that is missing then comes first.
            is_new = False
            async with aclosing(self._replaced_clip(*clip, characters[clip[0]], reader, stored)) as batches:
                async for batch in batches:
                    yield batch
                    if is_new := bool((await known_characters(reader)).keys() - characters.keys()):
                        break
            if is_new:
                continue
            self._settled[clip] = self._state(characters[clip[0]])
            if clip[0] not in self._talked_to:
                await asyncio.sleep(self._check_interval)  # nobody waits for it, and others want the processor

    def expect(self, character: str) -> None:
        """Somebody talks with this character, or is about to: its further clips are wanted."""
        self._talked_to.add(character)

    def _state(self, character: CharacterCreated) -> _State:
        return character.look, self._thread.renderer.name, self._use.cause

    def _next_clip(
        self, characters: Mapping[str, CharacterCreated], stored: Mapping[str, int]
    ) -> tuple[str, str] | None:
        """A character and one of its further clips that may have to be drawn; None: there is none."""
        all_wanted = self._clock() >= self._clips_from
        own = os.getpid() % len(CLIPS)  # workers that start together begin with different ones
        for id_, character in characters.items():
            if id_ not in self._versions or not (id_ in self._talked_to or (all_wanted and not character.owner)):
                continue
            for clip in (*CLIPS[own:], *CLIPS[:own]):
                is_whole = stored.get(subjects.face_clip(id_, clip), 0) >= LOOP_BATCHES
                if clip != MAIN and not (is_whole and self._settled.get((id_, clip)) == self._state(character)):
                    return id_, clip
        return None

    async def _replaced_clip(
        self, id_: str, clip: str, character: CharacterCreated, reader: Reader, stored: Mapping[str, int]
    ) -> AsyncGenerator[IdleBatch, None]:
        """A further clip of a character, where the one on the log does not go with the idle loop there."""
        subject = subjects.face_clip(id_, clip)
        last = await reader.last_media(IdleBatch, subject)
        is_whole = last is not None and last.final and stored.get(subject, 0) >= LOOP_BATCHES
        if is_whole and last is not None and last.version == self._versions[id_]:
            return
        try:
            async for batch in self.batches(id_, character, reader, clip):
                yield batch
        except NotFound:
            del self._versions[id_]  # drawn by a worker that knows this look

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
        self._versions.pop(id_, None)
        if last is not None and last.final and is_whole:
            if last.version == version:
                self._shown[id_] = self._versions[id_] = version
            if self._shown.get(id_) == version or self._is_passing(character):
                return
        async for batch in self.batches(id_, character, reader):
            yield batch
        self._shown[id_] = self._versions[id_] = version

    def forget(self) -> None:
        """The log is another one: look at all loops again."""
        self._settled.clear()

    async def batches(
        self, character: str, created: CharacterCreated, reader: Reader, clip: str = MAIN
    ) -> AsyncGenerator[IdleBatch, None]:
        """A whole clip of one character, in batches that each start with a key frame.

        It begins anew, in another version, where the graphics card fails.
        """
        try:
            async for batch in self._batches(character, created, reader, clip):
                yield batch
        except GpuFault:
            async for batch in self._batches(character, created, reader, clip):
                yield batch

    def _is_passing(self, character: CharacterCreated) -> bool:
        """Whether another engine draws this character for now only: then the graphics card's loop is not replaced."""
        return self._use.cause in ("full", "lost") and character.look.startswith(PHOTO_LOOK)

    async def _batches(
        self, character: str, created: CharacterCreated, reader: Reader, clip: str
    ) -> AsyncGenerator[IdleBatch, None]:
        face = await self._thread.face(created.look, reader)
        motion = face_motion(character)
        encoder = self._thread.encoder(IDLE_LOOP_BITRATE, crf=_CRF)
        for start in range(0, LOOP_FRAMES, KEY_FRAME_INTERVAL):
            units: tuple[bytes, ...] = ()
            for first in range(start, start + KEY_FRAME_INTERVAL, MAX_BATCH):
                stop = min(first + MAX_BATCH, start + KEY_FRAME_INTERVAL)
                began = self._clock()
                poses = [motion.pose(clip, frame) for frame in range(first, stop)]
                units += await self._thread.encode(face, encoder, poses, range(len(poses)), key=first == start)
                if clip != MAIN:
                    share = _PAUSE_TALKED_TO if character in self._talked_to else _PAUSE
                    await asyncio.sleep(min(share * (self._clock() - began), _LONGEST_PAUSE))
            yield IdleBatch(
                character=character,
                clip=clip,
                version=idle_version(character, face, self._thread.renderer),
                index=start // KEY_FRAME_INTERVAL,
                frame=start,
                fps=FRAMES_PER_SECOND,
                loop=LOOP_FRAMES,
                units=units,
                rests=motion.is_at_rest(clip, start),
                final=start + KEY_FRAME_INTERVAL == LOOP_FRAMES,
            )


def idle_version(character: str, face: AnimatedFace | PlacedFace, renderer: Renderer) -> str:
    """Version of a character's idle loop; changes whenever the loop would look different."""
    parts = (character, renderer.name, face.version, renderer.width, renderer.height, _movement_version())
    return blake2b("/".join(map(str, parts)).encode(), digest_size=8).hexdigest()


@cache
def _movement_version() -> str:
    """Hash of the code that moves and encodes an idle face: a stored loop must not outlive a change of it."""
    names = ("easing.py", "encoder.py", "face_motion.py", "idle_motion.py", "../face_clips.py")
    sources = ((Path(__file__).parent / name).read_bytes() for name in names)
    return blake2b(b"".join(sources), digest_size=8).hexdigest()
