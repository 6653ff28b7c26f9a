"""The render service: frames of speeches, idle loops of characters, and characters made from photos."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing

from bus import clock
from bus.errors import VisavisError
from bus.events import (
    Body,
    Event,
    FaceMade,
    FaceRefused,
    FaceRequested,
    FramesEnded,
    FramesFailed,
    FramesStarted,
    PlaybackStarted,
    ReplyInterrupted,
    SpeechStarted,
)
from bus.work.service import Output, Reader, Service
from services.gpu_faults import GPU_USE
from services.readings import engine_note, engine_readings
from services.render.encoder import Codec
from services.render.engine import ExpressionNetwork, Renderer
from services.render.face_requests import FaceRequestHandler
from services.render.idle_loops import CHECK_INTERVAL, IdleLoopRenderer
from services.render.key_pose_maker import KeyPoseMaker
from services.render.photo.portrait import PortraitStore
from services.render.photo.portrait_maker import PortraitMaker
from services.render.render_threads import RenderThreads
from services.render.speech_frames import SpeechRenderer, is_watched

CONCURRENCY = 24
"""Speeches that are drawn at once, what is shown first before the others; more would be too many for one core."""
_PLAYED_WITHIN = 60.0
"""Seconds after which a sentence that was not played is not played any more."""
_SENTENCE = 2.0
"""Seconds that a sentence is spoken, about."""


def service(
    renderer: Renderer,
    portraits: PortraitStore,
    portrait_maker: PortraitMaker,
    *,
    bitrate: int,
    threads: int = 1,
    codec: Codec = "libx264",
    key_poses: KeyPoseMaker | None = None,
    check_interval: float = CHECK_INTERVAL,
    network: ExpressionNetwork | None = None,
) -> Service:
    """The render service with that engine.

    Args:
        portraits: the store that the renderer reads portraits from.
        bitrate: bits a second that a talking face may take.
        threads: that draw and encode.
        codec: that encodes.
        key_poses: has key poses of photos drawn; None: nobody does.
        check_interval: seconds between two checks for outdated idle loops.
        network: moves the lips of photos in place of visemes, where the engine can.
    """
    thread = RenderThreads(renderer, portraits, threads=threads, codec=codec)
    speeches = SpeechRenderer(thread, bitrate=bitrate, network=network)
    idle_loops = IdleLoopRenderer(thread, key_poses=key_poses, check_interval=check_interval)
    face_requests = FaceRequestHandler(portrait_maker, idle_loops.batches)

    async def handle(event: Event, reader: Reader) -> AsyncGenerator[Output, None]:
        if isinstance(event.body, SpeechStarted):
            idle_loops.expect(event.body.character)
        handler = face_requests.handle if isinstance(event.body, FaceRequested) else speeches.frames
        async with aclosing(handler(event, reader)) as outputs:
            async for output in outputs:
                yield output
                if isinstance(output, FaceMade):
                    idle_loops.expect(output.character)  # who asked for a face is about to talk to it

    return Service(
        name="render",
        consumes=(SpeechStarted, FaceRequested),
        handle=handle,
        engine=renderer.name,
        on_failure=failure_facts,
        is_finished=is_finished,
        readings=engine_readings,
        note=engine_note if key_poses is None else lambda: engine_note(key_poses.note()),
        metadata=GPU_USE.metadata,
        why_restart=GPU_USE.why_restart,
        media=("frames",),
        background=idle_loops.keep_current,
        needed_after=needed_after,
        concurrency=CONCURRENCY,
        forget=idle_loops.forget,
    )


def needed_after(event: Event) -> float:
    """Seconds after which the outputs of an event are needed, about."""
    return _SENTENCE * event.body.index if isinstance(event.body, SpeechStarted) else 0.0


async def is_finished(event: Event, later: Sequence[Event], reader: Reader) -> bool:
    """Whether the pictures that were begun, or a face that was asked for, are there. See
    `bus.work.service.Service.is_finished`."""
    body, bodies = event.body, [one.body for one in later]
    if isinstance(body, FaceRequested):
        return any(isinstance(one, FaceMade | FaceRefused) and one.character == body.character for one in bodies)
    assert isinstance(body, SpeechStarted)
    if any(isinstance(one, ReplyInterrupted) and one.reply == body.reply for one in bodies):
        return True
    if any(isinstance(one, FramesEnded | FramesFailed) and one.speech == body.speech for one in bodies):
        return True
    if any(isinstance(one, FramesStarted) and one.speech == body.speech for one in bodies):
        return False
    if any(isinstance(one, PlaybackStarted) and one.speech == body.speech for one in bodies):
        return False
    too_late = clock.now() - event.at > 1e6 * _PLAYED_WITHIN
    return too_late or not await is_watched(event.conversation, reader)


def failure_facts(event: Event, error: VisavisError) -> Iterable[Body]:
    """The outcome of a work item that is given up: a voice without frames, or a refused face."""
    match event.body:
        case SpeechStarted(speech=speech):
            yield FramesFailed(speech=speech, code=error.code, detail=error.detail)
        case FaceRequested(character=character):
            yield FaceRefused(character=character, code=error.code, detail=error.detail)
