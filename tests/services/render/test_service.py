"""The render service as the runner sees it."""

from __future__ import annotations

from pathlib import Path

from bus.errors import EngineError
from bus.events import FaceRequested, FramesFailed, SpeechStarted
from services.render.photo.portrait_maker import PortraitMaker
from services.render.service import failure_facts, service
from tests.services.render.fakes import NO_PORTRAITS, FakeRenderer, speech_started


def test_the_service_consumes_speeches_and_face_requests_and_draws_idle_loops_in_the_background() -> None:
    made = service(FakeRenderer(), NO_PORTRAITS, PortraitMaker(lambda: Path("/nowhere")), bitrate=1_000_000)
    assert (made.name, made.consumes, made.engine) == ("render", (SpeechStarted, FaceRequested), "fake")
    assert made.background is not None


def test_a_failed_speech_is_recorded_as_frames_failed() -> None:
    facts = list(failure_facts(speech_started(), EngineError("broken")))
    assert facts == [FramesFailed(speech="s1", code="engine_failed", detail="broken")]
