"""The frames of speeches: follows a speech's audio and publishes its frames, while a session watches."""

from __future__ import annotations

import asyncio
import logging
import time
from bisect import bisect_right
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from itertools import chain, repeat
from typing import Literal

from cachetools import FIFOCache

from bus import clock, subjects
from bus.errors import NotFound
from bus.events import (
    FRAMES_PER_SECOND,
    OPUS_FRAME,
    SPEECH_RATE,
    AudioOut,
    Event,
    FrameBatch,
    FramesEnded,
    FramesStarted,
    PlaybackStarted,
    ReplyStarted,
    SessionClosed,
    SessionOpened,
    SpeechEnded,
    SpeechStarted,
)
from bus.ids import PHOTO_LOOK
from bus.work.service import Output, Reader
from services.characters import known_characters
from services.face_clips import KEY_FRAME_INTERVAL, MAIN
from services.gpu_faults import GpuFault
from services.render.encoder import H264Encoder
from services.render.engine import ExpressionNetwork, Expressions
from services.render.expression_track import ExpressionTrack
from services.render.frame_dropping import FrameDropper
from services.render.motion import SpeechMotion, idle_phase, movement_version, phase_after
from services.render.pose import Pose
from services.render.render_threads import MAX_BATCH, PlacedFace, RenderThreads
from services.render.takeover import shown_clip

log = logging.getLogger(__name__)

WATCHING_EXPIRES = 10.0
"""Seconds for which a session counts as watching after it last reported so."""
_LATE = 20.0
"""Seconds after its last report up to which a session may only be late with the next one, as where NATS stood still."""
_MAY_RETURN = 60.0
"""Seconds for which the rest of an answer is drawn for somebody who has left."""
_CALLS_AGAIN_LOOKS, _CALLS_AGAIN_LOOK = 30, 0.5
"""How often it is looked whether a session that was lost is back, and the seconds between."""
_MOST_WAITING = 8
"""Speeches that may wait for that at a time: each takes one of the places of those that are drawn."""
_LOOKS, _LOOK_AGAIN = 12, 0.25
"""How often it is looked whether such a session reports, and the seconds between: one reports every 2 s."""
FIRST_BATCHES = (2, 3, 5)
"""Frames in the first batches, small so that the face starts with the voice; all later ones have KEY_FRAME_INTERVAL."""

_CRF = 22
_PLAYBACK_DELAY = 240_000
"""Microseconds from a speech's start to its first frame on a screen, about: where the idle loop will be then."""
_MAX_PHASES = 1024


class SpeechRenderer:
    """Handles `speech.started`.

    Args:
        bitrate: bits a second that a talking face may take.
        clock: seconds, the thread's. It only decides what is drawn first, and how much of it: where drawing cannot keep
            up, frames are repeated.
        network: moves the lips of the photos that LivePortrait draws; None: visemes do.
    """

    def __init__(
        self, thread: RenderThreads, *, bitrate: int, clock: Callable[[], float] = time.monotonic,
        network: ExpressionNetwork | None = None,
    ) -> None:  # fmt: skip
        self._network = network
        self._thread = thread
        self._bitrate = bitrate
        self._clock = clock
        self._waiting = 0
        """Speeches that wait for a session to come back."""
        self._next: FIFOCache[tuple[str, int], tuple[int, float]] = FIFOCache(_MAX_PHASES)
        """Phase and time at which a sentence takes over from the one before, which was drawn here; by reply and index.
        Saves reading the log for it."""

    async def frames(self, event: Event, reader: Reader) -> AsyncGenerator[Output, None]:
        """The frames of one speech; none where no session watches."""
        body = event.body
        assert isinstance(body, SpeechStarted)
        if not await self._is_wanted(event, body, reader):
            return
        characters = await known_characters(reader, needed=body.character)
        if body.character not in characters:
            raise NotFound(f"character {body.character} of speech {body.speech} is not on record")
        shown = self._clock() + _PLAYBACK_DELAY / 1e6
        if (follows := self._next.pop((body.reply, body.index), None)) is not None:
            phase, after = follows
            shown = max(shown, after)
            clip = MAIN
        else:
            phase = await start_phase(event, body, reader)
            clip = MAIN if body.index else await shown_clip(event, body.character, event.at + _PLAYBACK_DELAY, reader)
        look = characters[body.character].look
        face = _SpeechFace(self._thread, look, reader, await self._thread.face(look, reader))
        motion = SpeechMotion(
            body.character, body.speech, phase=phase, shown=clip, emotion=body.emotion,
            previous_emotion=body.emotion_before,
        )  # fmt: skip
        renderer = self._thread.renderer
        track = self._track(look, body.speech)
        started = FramesStarted(
            speech=body.speech,
            character=body.character,
            engine=renderer.name,
            width=renderer.width,
            height=renderer.height,
            fps=FRAMES_PER_SECOND,
            phase=phase,
            movement=movement_version() if track is None else f"{movement_version()}-{track.version}",
        )
        yield started
        if (last := await _other_pictures(event, started, reader)) is not None:
            async with aclosing(_end_of(last)) as ending:
                async for output in ending:
                    yield output
            return
        encoder = self._thread.encoder(self._bitrate, crf=_CRF)
        dropper = FrameDropper(FRAMES_PER_SECOND)
        done = samples = 0
        batches = enumerate(_batch_sizes())
        index, size = next(batches)
        chunks = reader.follow(AudioOut, subjects.audio_out(event.conversation, body.speech))
        async with aclosing(chunks):  # type: ignore[type-var]
            async for chunk in chunks:
                motion.add_audio(chunk)
                samples = chunk.sample + len(chunk.packets) * OPUS_FRAME
                if track is not None and not await track.add(chunk):
                    continue  # the network needs the whole sound
                while motion.frames_ready >= done + size or (motion.complete and motion.frames_ready > done):
                    end = min(done + size, motion.frames_ready)
                    units = await self._encode(face, encoder, dropper, motion, track, range(done, end), shown)
                    yield FrameBatch(
                        conversation=event.conversation,
                        speech=body.speech,
                        index=index,
                        frame=done,
                        fps=FRAMES_PER_SECOND,
                        phase=phase,
                        units=units,
                        final=motion.complete and end == motion.frames_ready,
                    )
                    done = end
                    index, size = next(batches)
        self._next[body.reply, body.index + 1] = phase_after(phase, samples), shown + samples / SPEECH_RATE
        yield FramesEnded(speech=body.speech, frames=done)

    async def _is_wanted(self, event: Event, body: SpeechStarted, reader: Reader) -> bool:
        """Whether a session shows this speech, has played it without pictures, or may do so soon, since it was lost or
        left a moment ago; or a dead worker has begun it."""
        if await is_watched(event.conversation, reader) or await _has_begun(event, body.speech, reader):
            return True
        if await _was_played(event, body, reader):
            return True
        if (gone := await _gone(event, body, reader)) != "lost" or self._waiting >= _MOST_WAITING:
            return gone == "left"
        self._waiting += 1
        try:
            for _ in range(_CALLS_AGAIN_LOOKS):
                await asyncio.sleep(_CALLS_AGAIN_LOOK)
                if await is_watched(event.conversation, reader):
                    return True
            return False
        finally:
            self._waiting -= 1

    async def _encode(
        self, face: _SpeechFace, encoder: H264Encoder, dropper: FrameDropper, motion: SpeechMotion,
        track: ExpressionTrack | None, frames: range, shown: float,
    ) -> tuple[bytes, ...]:  # fmt: skip
        """One access unit for each frame, of as many drawn frames as there is time for.

        Args:
            shown: when the speech's first frame is.
        """
        units: tuple[bytes, ...] = ()
        for start in range(frames.start, frames.stop, MAX_BATCH):
            count = min(MAX_BATCH, frames.stop - start)
            began, due = self._clock(), shown + start / FRAMES_PER_SECOND
            drawn = dropper.frames_to_draw(start, count, until_shown=due - began)
            poses = [motion.pose(frame) for frame in drawn]
            order = [bisect_right(drawn, frame) - 1 for frame in range(start, start + count)]
            expressions = None if track is None else track.at(drawn)
            units += await face.encode(encoder, poses, order, expressions, key=start == frames.start, due=due)
            dropper.record_time(len(drawn), self._clock() - began, until_shown=due - began)
        return units

    def _track(self, look: str, speech: str) -> ExpressionTrack | None:
        draws = look.startswith(PHOTO_LOOK) and self._thread.renderer.name == "liveportrait"
        return ExpressionTrack(self._network, speech) if draws and self._network is not None else None


class _SpeechFace:
    """The face of one speech. Where the graphics card fails it, another engine goes on with the same frame."""

    def __init__(self, thread: RenderThreads, look: str, reader: Reader, face: PlacedFace) -> None:
        self._thread = thread
        self._look = look
        self._reader = reader
        self._face = face

    async def encode(
        self, encoder: H264Encoder, poses: Sequence[Pose], order: Sequence[int], expressions: Expressions | None, *,
        key: bool, due: float,
    ) -> tuple[bytes, ...]:  # fmt: skip
        """See `RenderThreads.encode`."""
        try:
            return await self._thread.encode(
                self._face, encoder, poses, order, key=key, due=due, expressions=expressions
            )
        except GpuFault:
            self._face = await self._thread.face(self._look, self._reader)
            return await self._thread.encode(
                self._face, encoder, poses, order, key=key, due=due, expressions=expressions
            )


async def start_phase(event: Event, body: SpeechStarted, reader: Reader) -> int:
    """Phase of the idle loop at which a speech begins: where the sentence before it ended, else by the time of day."""
    if body.index > 0:
        facts = [fact.body for _, fact in await reader.facts(event.conversation)]
        ended = {fact.index: fact for fact in facts if isinstance(fact, SpeechEnded) and fact.reply == body.reply}
        phases = {fact.speech: fact.phase for fact in facts if isinstance(fact, FramesStarted)}
        previous = ended.get(body.index - 1)
        if previous is not None and previous.speech in phases:
            return phase_after(phases[previous.speech], previous.samples)
    return idle_phase(event.at + _PLAYBACK_DELAY)


async def is_watched(conversation: str, reader: Reader) -> bool:
    """Whether a session shows the pictures of a conversation."""
    for _ in range(_LOOKS):
        # By one clock, that of the log: those of the gateway and of the voice may differ.
        age = await reader.live_age(subjects.watching(conversation))
        if age is None or age > _LATE:
            return False
        if age <= WATCHING_EXPIRES:
            return True
        await asyncio.sleep(_LOOK_AGAIN)
    return False


async def _gone(event: Event, body: SpeechStarted, reader: Reader) -> Literal["left", "lost", "no"]:
    """Whether those who heard this conversation are gone, and may return: `left` in the middle of this answer, of which
    who loads the page again hears the rest; or `lost`, whose page calls again; `no`: nobody is expected."""
    opened = await reader.last_fact(event.conversation, SessionOpened)
    if opened is None:
        return "no"
    closed = await reader.last_fact(event.conversation, SessionClosed)
    if closed is None:
        return "lost"
    since = clock.now() - closed.at
    if opened.at <= closed.at and since < 1e6 * _MAY_RETURN:
        started = await reader.last_fact(event.conversation, ReplyStarted)
        answer = None if started is None or started.at >= closed.at else started.body
        if isinstance(answer, ReplyStarted) and answer.reply == body.reply:
            return "left"
    if closed.cause != opened.id:
        return "lost"
    assert isinstance(closed.body, SessionClosed)
    return "lost" if closed.body.reason in ("lost", "shutdown") and since < 1e6 * _LATE else "no"


async def _was_played(event: Event, body: SpeechStarted, reader: Reader) -> bool:
    """Whether a session has played this speech, while nobody could draw it: a replay of it has pictures then."""
    newest = await reader.last_fact(event.conversation, PlaybackStarted)
    if newest is None:
        return False
    assert isinstance(newest.body, PlaybackStarted)
    if newest.body.reply == body.reply:
        return newest.body.index >= body.index
    if clock.now() - event.at < 1e6 * _LATE:
        return False
    facts = [fact.body for _, fact in await reader.facts(event.conversation)]
    return any(isinstance(one, PlaybackStarted) and one.speech == body.speech for one in facts)


async def _has_begun(event: Event, speech: str, reader: Reader) -> bool:
    """Whether a worker that died has begun this speech: then it is drawn to its end, even if no session watches."""
    newest = await reader.last_fact(event.conversation, FramesStarted)
    return newest is not None and isinstance(newest.body, FramesStarted) and newest.body.speech == speech


async def _other_pictures(event: Event, started: FramesStarted, reader: Reader) -> FrameBatch | None:
    """The last pictures of a speech that another renderer has begun, or drew otherwise; None: there are none."""
    last = await reader.last_media(FrameBatch, subjects.frames(event.conversation, started.speech))
    if last is None:
        return None
    facts = [fact.body for _, fact in await reader.facts(event.conversation)]
    begun = next((one for one in facts if isinstance(one, FramesStarted) and one.speech == started.speech), started)
    return None if begun == started else last


async def _end_of(last: FrameBatch) -> AsyncGenerator[Output, None]:
    """The outputs that close pictures where they are: the idle face follows, and no sentence has two faces."""
    log.warning("pictures end where another renderer left them", extra={"speech": last.speech})
    frames = last.frame + len(last.units)
    if not last.final:
        yield FrameBatch(
            conversation=last.conversation, speech=last.speech, index=last.index + 1, frame=frames, fps=last.fps,
            phase=last.phase, units=(), final=True,
        )  # fmt: skip
    yield FramesEnded(speech=last.speech, frames=frames)


def _batch_sizes() -> Iterator[int]:
    return chain(FIRST_BATCHES, repeat(KEY_FRAME_INTERVAL))
