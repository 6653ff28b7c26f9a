"""The face of the conversation: takes `speech.started`, follows its audio, publishes pictures; and idle loops."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from functools import cache, partial
from hashlib import blake2b
from itertools import chain, repeat
from pathlib import Path
from typing import TypeVar

from bus import subjects
from bus.errors import NotFound, VisavisError
from bus.events import (
    FRAMES_PER_SECOND,
    OPUS_FRAME,
    AudioOut,
    Body,
    CharacterCreated,
    Event,
    FaceRefused,
    FaceRequested,
    FrameBatch,
    FramesEnded,
    FramesFailed,
    FramesStarted,
    IdleBatch,
    SpeechEnded,
    SpeechStarted,
)
from bus.ids import seed_of
from bus.work.service import Output, Reader, Service
from services.characters import current_characters
from services.gpu import gpu_readings
from services.render.encoder import Encoder
from services.render.engine import Face, Renderer
from services.render.face_requests import NewFaces
from services.render.frame_dropping import Pace
from services.render.idle_motion import BATCH, LOOP, Idle
from services.render.motion import Motion, idle_phase, phase_after
from services.render.photo.portrait import Portraits
from services.render.photo.studio import Studio
from services.render.pose import Pose

WATCHED = 10_000_000
"""Microseconds for which a session that said it is watching is believed."""
FIRST_BATCHES = (2, 3, 5)
"""Frames in the first batches, small so that the face starts with the voice; all further ones have BATCH."""
LOOK_AROUND = 5.0
"""Seconds between two looks for characters that have no idle loop."""

_SPEECH_CRF = 22
# About 400 kbit/s on average; a limit as tight as that would starve the later key frames, and show.
_IDLE_CRF, _IDLE_BITRATE = 25, 2_000_000
_PIECE = 5
"""Frames drawn in one go: what a cancelled speech can hold up the others."""

_ON_ITS_WAY = 240_000
"""Microseconds from a speech's start to its first picture on a screen, about: where the idle loop will be then."""
_REMEMBERED = 1024
FACES = 16
"""Faces kept ready; the one that has not been seen for longest makes room."""

R = TypeVar("R")


class Render:
    """Draws speeches and idle loops, one piece at a time in a thread of its own.

    Args:
        portraits: those that the renderer draws from.
        bitrate: bits a second that a talking face may take.
        clock: seconds. Only how long drawing takes is measured with it: where it cannot keep up, pictures are repeated.
    """

    def __init__(
        self,
        renderer: Renderer,
        portraits: Portraits,
        *,
        bitrate: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._renderer = renderer
        self._portraits = portraits
        self._bitrate = bitrate
        self._clock = clock
        self._faces: OrderedDict[str, Face] = OrderedDict()
        self._next_phase: OrderedDict[tuple[str, int], int] = OrderedDict()
        """Where the sentence after one drawn here takes over, by reply and index; saves reading the log for it."""
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="render")

    async def speech(self, event: Event, reader: Reader) -> AsyncGenerator[Output, None]:
        """The pictures of one speech, if anyone sees them."""
        body = event.body
        assert isinstance(body, SpeechStarted)
        if not await _watched(event, reader) and not await _begun(event, body.speech, reader):
            return
        characters = await current_characters(reader)
        if body.character not in characters:
            raise NotFound(f"character {body.character} of speech {body.speech} is not on record")
        phase = self._next_phase.pop((body.reply, body.index), None)
        if phase is None:
            phase = await start_phase(event, body, reader)
        face = await self._face(characters[body.character].look, reader)
        motion = Motion(
            body.character, body.speech, phase=phase, emotion=body.emotion, before=body.emotion_before
        )
        yield FramesStarted(
            speech=body.speech,
            character=body.character,
            engine=self._renderer.name,
            width=self._renderer.width,
            height=self._renderer.height,
            fps=FRAMES_PER_SECOND,
            phase=phase,
        )
        encoder = self._encoder(self._bitrate, crf=_SPEECH_CRF)
        pace = Pace(FRAMES_PER_SECOND)
        done = samples = 0
        batches = enumerate(_batch_sizes())
        index, size = next(batches)
        chunks = reader.follow(AudioOut, subjects.audio_out(event.conversation, body.speech))
        async with aclosing(chunks):  # type: ignore[type-var]
            async for chunk in chunks:
                motion.hear(chunk)
                samples = chunk.sample + len(chunk.packets) * OPUS_FRAME
                while motion.ready >= done + size or (motion.complete and motion.ready > done):
                    end = min(done + size, motion.ready)
                    units = await self._keep_up(face, encoder, pace, motion, range(done, end))
                    yield FrameBatch(
                        conversation=event.conversation,
                        speech=body.speech,
                        index=index,
                        frame=done,
                        fps=FRAMES_PER_SECOND,
                        phase=phase,
                        units=units,
                        final=motion.complete and end == motion.ready,
                    )
                    done = end
                    index, size = next(batches)
        self._next_phase[body.reply, body.index + 1] = phase_after(phase, samples)
        while len(self._next_phase) > _REMEMBERED:
            self._next_phase.popitem(last=False)
        yield FramesEnded(speech=body.speech, frames=done)

    async def idle_loops(self, reader: Reader) -> AsyncGenerator[Output, None]:
        """For ever: the idle loop of each character that has none on the log, or one that was drawn differently."""
        while True:
            characters = await current_characters(reader)
            await self._off_loop(partial(self._forget_others, {one.look for one in characters.values()}))
            for id_, character in characters.items():
                try:
                    face = await self._face(character.look, reader)
                except NotFound:
                    continue  # drawn by a worker that knows this look
                version = idle_version(id_, face, self._renderer)
                last = await reader.last_media(IdleBatch, subjects.idle_frames(id_))
                if last is None or last.version != version or not last.final:
                    async for batch in self.idle_batches(id_, character, reader):
                        yield batch
            await asyncio.sleep(LOOK_AROUND)

    async def idle_batches(
        self, character: str, created: CharacterCreated, reader: Reader
    ) -> AsyncGenerator[IdleBatch, None]:
        """One character's whole loop, in parts that each start on a key frame."""
        face = await self._face(created.look, reader)
        idle = Idle(seed_of(character))
        encoder = self._encoder(_IDLE_BITRATE, crf=_IDLE_CRF)
        for start in range(0, LOOP, BATCH):
            units = await self._encode(face, encoder, [idle.pose(frame) for frame in range(start, start + BATCH)])
            yield IdleBatch(
                character=character,
                version=idle_version(character, face, self._renderer),
                index=start // BATCH,
                frame=start,
                fps=FRAMES_PER_SECOND,
                loop=LOOP,
                units=units,
                final=start + BATCH == LOOP,
            )

    def _encoder(self, bitrate: int, *, crf: int) -> Encoder:
        renderer = self._renderer
        return Encoder(renderer.width, renderer.height, FRAMES_PER_SECOND, bitrate=bitrate, crf=crf)

    async def _face(self, look: str, reader: Reader) -> Face:
        """The face of a look.

        Raises:
            NotFound: there is no such look, or no portrait of it.
        """
        portrait = await reader.asset(look) if self._portraits.lacks(look) else None
        return await self._off_loop(partial(self._made, look, portrait))

    def _made(self, look: str, portrait: bytes | None) -> Face:
        if portrait is not None:
            self._portraits.keep(look, portrait)
        if look not in self._faces:
            self._faces[look] = self._renderer.face(look)
        self._faces.move_to_end(look)
        while len(self._faces) > FACES:
            self._faces.popitem(last=False)
        return self._faces[look]

    def _forget_others(self, looks: Collection[str]) -> None:
        self._portraits.forget_others(looks)
        for look in [one for one in self._faces if one not in looks]:
            del self._faces[look]

    async def _keep_up(
        self, face: Face, encoder: Encoder, pace: Pace, motion: Motion, frames: range
    ) -> tuple[bytes, ...]:
        """As many units as frames, with as many pictures as there is time for."""
        units: tuple[bytes, ...] = ()
        for start in range(frames.start, frames.stop, _PIECE):
            count = min(_PIECE, frames.stop - start)
            drawn = pace.drawn(start, count)
            poses = [motion.pose(frame) for frame in drawn]
            shown = [bisect_right(drawn, frame) - 1 for frame in range(start, start + count)]
            began = self._clock()
            units += await self._off_loop(partial(_draw, face, encoder, poses, shown, key=start == frames.start))
            pace.took(len(drawn), self._clock() - began)
        return units

    async def _encode(self, face: Face, encoder: Encoder, poses: list[Pose]) -> tuple[bytes, ...]:
        units: tuple[bytes, ...] = ()
        for start in range(0, len(poses), _PIECE):
            piece = poses[start : start + _PIECE]
            units += await self._off_loop(partial(_draw, face, encoder, piece, range(len(piece)), key=start == 0))
        return units

    async def _off_loop(self, work: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _draw(face: Face, encoder: Encoder, poses: list[Pose], shown: Sequence[int], *, key: bool) -> tuple[bytes, ...]:
    """Draw the poses and encode them in the order in which they are shown, some of them more than once."""
    pictures = face.render(poses)
    return encoder.encode((pictures[index] for index in shown), key=key)


def service(renderer: Renderer, portraits: Portraits, studio: Studio, *, bitrate: int) -> Service:
    """The render service with that engine."""
    render = Render(renderer, portraits, bitrate=bitrate)
    faces = NewFaces(studio, render.idle_batches)

    async def handle(event: Event, reader: Reader) -> AsyncGenerator[Output, None]:
        work = faces.make if isinstance(event.body, FaceRequested) else render.speech
        async with aclosing(work(event, reader)) as outputs:
            async for output in outputs:
                yield output

    return Service(
        name="render",
        consumes=(SpeechStarted, FaceRequested),
        handle=handle,
        engine=renderer.name,
        on_failure=failed,
        readings=gpu_readings,
        background=render.idle_loops,
    )


def failed(event: Event, error: VisavisError) -> Iterable[Body]:
    """The voice goes on without pictures, and the page is told; or there is no face, and the person is."""
    match event.body:
        case SpeechStarted(speech=speech):
            yield FramesFailed(speech=speech, code=error.code, detail=error.detail)
        case FaceRequested(character=character):
            yield FaceRefused(character=character, code=error.code, detail=error.detail)


async def start_phase(event: Event, body: SpeechStarted, reader: Reader) -> int:
    """Where in the idle loop a speech begins: where the sentence before it ended, else by the time of day."""
    if body.index > 0:
        facts = [fact.body for _, fact in await reader.facts(event.conversation)]
        ended = {fact.index: fact for fact in facts if isinstance(fact, SpeechEnded) and fact.reply == body.reply}
        phases = {fact.speech: fact.phase for fact in facts if isinstance(fact, FramesStarted)}
        before = ended.get(body.index - 1)
        if before is not None and before.speech in phases:
            return phase_after(phases[before.speech], before.samples)
    return idle_phase(event.at + _ON_ITS_WAY)


def idle_version(character: str, face: Face, renderer: Renderer) -> str:
    """Changes whenever the loop would look different."""
    parts = (character, renderer.name, face.version, renderer.width, renderer.height, _movement_version())
    return blake2b("/".join(map(str, parts)).encode(), digest_size=8).hexdigest()


@cache
def _movement_version() -> str:
    """Of the code that idles and encodes: a stored loop must not outlive a change of it."""
    sources = (Path(__file__).with_name(name).read_bytes() for name in ("easing.py", "encoder.py", "idle_motion.py"))
    return blake2b(b"".join(sources), digest_size=8).hexdigest()


async def _watched(event: Event, reader: Reader) -> bool:
    live = await reader.last_live(subjects.watching(event.conversation))
    return live is not None and live.at >= event.at - WATCHED


async def _begun(event: Event, speech: str, reader: Reader) -> bool:
    """Whether a worker that died had begun: then it is drawn to its end, though nobody may be there any more."""
    newest = await reader.last_fact(event.conversation, FramesStarted)
    return newest is not None and isinstance(newest.body, FramesStarted) and newest.body.speech == speech


def _batch_sizes() -> Iterator[int]:
    return chain(FIRST_BATCHES, repeat(BATCH))
