"""The render service as the runner sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bus import clock
from bus.errors import EngineError
from bus.events import (
    Event,
    FaceRequested,
    FramesEnded,
    FramesFailed,
    FramesStarted,
    PlaybackStarted,
    SpeechStarted,
)
from services.render.photo.portrait_maker import PortraitMaker
from services.render.service import failure_facts, is_finished, service
from tests.services.render.fakes import AT, NO_PORTRAITS, FakeReader, FakeRenderer, speech_started, watching


def test_the_service_consumes_speeches_and_face_requests_and_draws_idle_loops_in_the_background() -> None:
    made = service(FakeRenderer(), NO_PORTRAITS, PortraitMaker(lambda: Path("/nowhere")), bitrate=1_000_000)
    assert (made.name, made.consumes, made.engine) == ("render", (SpeechStarted, FaceRequested), "fake")
    assert made.background is not None


def test_a_failed_speech_is_recorded_as_frames_failed() -> None:
    facts = list(failure_facts(speech_started(), EngineError("broken")))
    assert facts == [FramesFailed(speech="s1", code="engine_failed", detail="broken")]


async def test_pictures_that_a_power_cut_has_taken_are_missed_where_somebody_watches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(clock, "now", lambda: AT + 1_000_000)
    begun = FramesStarted(speech="s1", character="ada", engine="fake", width=64, height=64, fps=25, phase=0)
    ended, failed = FramesEnded(speech="s1", frames=9), FramesFailed(speech="s1", code="x", detail="x")
    other = FramesEnded(speech="s2", frames=9)
    played = PlaybackStarted(session="x", speech="s1", reply="r", index=0, video=False)

    async def finished(*bodies: Any, watched: bool) -> bool:
        later = [Event(id=f"f{number}", at=AT, conversation="c", body=body) for number, body in enumerate(bodies)]
        return await is_finished(speech_started(), later, FakeReader(newest=watching() if watched else {}))

    for watched in (True, False):
        assert not await finished(played, watched=watched)
        assert await finished(played, begun, ended, watched=watched)
        assert not await finished(begun, watched=watched)
        assert not await finished(begun, other, watched=watched)
        assert await finished(begun, ended, watched=watched)
        assert await finished(failed, watched=watched)
    assert await finished(watched=False)  # nothing was to be drawn
    assert not await finished(watched=True)
    monkeypatch.setattr(clock, "now", lambda: AT + 61_000_000)
    assert await finished(watched=True)  # nobody plays it any more
    assert not await finished(begun, watched=True)
