"""The replay routes of the scripted gateway: docs/api.md, "Replay", with sounds and pictures made up on the spot."""

from __future__ import annotations

import tempfile
import wave
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import av
import msgspec
import numpy as np
import numpy.typing as npt
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from bus import events as e
from projections import conversation as projection
from projections.replay.recording import Recording, StoredFact
from projections.replay.timeline import Clip
from projections.replay.view import MediaPresence, replay_view
from services.audio import OpusEncoder
from services.muxing.ogg import write_ogg_opus

Facts: TypeAlias = list[tuple[int, e.Event]]
Face: TypeAlias = Callable[[str, float, float], npt.NDArray[np.uint8]]
"""Draws a character with its mouth so far open, at a time in seconds."""

_FPS = 25
_MOST_EVENTS = 10_000


class ReplayRoutes:
    """Answers for the conversations that `facts` gives; those named in `expired` have no media any more.

    Args:
        characters: by id.
    """

    def __init__(
        self,
        facts: Callable[[str], Facts | None],
        face: Face,
        characters: dict[str, e.CharacterCreated],
        expired: frozenset[str] = frozenset(),
    ) -> None:
        self._facts = facts
        self._face = face
        self._characters = characters
        self._expired = expired
        self._recordings: dict[str, tuple[int, Recording]] = {}
        self._folder = tempfile.TemporaryDirectory()

    def routes(self) -> list[Route]:
        replay = "/api/replay/{id}"
        return [
            Route(replay, self.view),
            Route(f"{replay}/events", self.events),
            Route(f"{replay}/events/{{event}}", self.event),
            Route(f"{replay}/sound/{{clip}}", self.sound),
            Route(f"{replay}/video/{{clip}}.mp4", self.video),
            Route(f"{replay}/face/{{piece}}.mp4", self.face),
        ]

    def _recording(self, id: str) -> Recording | None:
        facts = self._facts(id)
        if facts is None:
            return None
        known = self._recordings.get(id)
        if known is not None and known[0] == len(facts):
            return known[1]
        recording = Recording(id)
        copied = any(isinstance(event.body, e.ConversationCopied) for _, event in facts)
        recording.add(
            StoredFact(seq, f"conv.{id}.facts", msgspec.json.encode(event), event.at + 900, copied)
            for seq, event in facts
        )
        self._recordings[id] = (len(facts), recording)
        return recording

    async def view(self, request: Request) -> Response:
        id = request.path_params["id"]
        recording = self._recording(id)
        if recording is None:
            return _missing("no such conversation")
        facts = list(recording.events())
        timeline = recording.timeline()
        speeches = {clip.id for clip in timeline.clips if clip.kind == "character"}
        drawn = {event.body.speech for _, event in facts if isinstance(event.body, e.FramesEnded)}
        has = id not in self._expired
        media = MediaPresence(
            utterances={clip.id for clip in timeline.clips if clip.kind == "person"} if has else (),
            speeches=speeches,
            drawn=drawn if has else (),
        )
        state = projection.fold_all(projection.Conversation(id=id), facts)
        found = replay_view(state, timeline, words=recording.words, characters=self._characters, media=media)
        return Response(msgspec.json.encode(found), media_type="application/json")

    async def events(self, request: Request) -> Response:
        recording = self._recording(request.path_params["id"])
        if recording is None:
            return _missing("no such conversation")
        rows = recording.rows(recording.of_turn(request.query_params["turn"], _MOST_EVENTS))
        return Response(msgspec.json.encode(rows), media_type="application/json")

    async def event(self, request: Request) -> Response:
        recording = self._recording(request.path_params["id"])
        if recording is None:
            return _missing("no such conversation")
        return Response(msgspec.json.encode(recording.detail(request.path_params["event"])), media_type="application/json")

    def _clip(self, request: Request) -> Clip | None:
        recording = self._recording(request.path_params["id"])
        clips = recording.timeline().clips if recording else ()
        return next((clip for clip in clips if clip.id == request.path_params["clip"]), None)

    async def sound(self, request: Request) -> Response:
        clip = self._clip(request)
        if clip is None or request.path_params["id"] in self._expired and clip.kind == "person":
            return _missing("its sound has expired")
        path = Path(self._folder.name) / f"{clip.id}.{'wav' if clip.kind == 'person' else 'ogg'}"
        if not path.exists():
            if clip.kind == "person":
                _write_wav(path, _voice(clip.samples, 16_000, 110))
            else:
                encoder = OpusEncoder()
                packets = [*encoder.push(_voice(clip.samples, 48_000, 190)), *encoder.flush()]
                path.write_bytes(write_ogg_opus(packets))
        return FileResponse(path)

    async def video(self, request: Request) -> Response:
        clip = self._clip(request)
        if clip is None or clip.kind == "person":
            return _missing("it was not drawn")
        path = Path(self._folder.name) / f"{clip.id}.mp4"
        frames = max(1, clip.samples * _FPS // 48_000)
        return self._film(path, clip.character or "ada", [abs(float(np.sin(0.36 * one))) for one in range(frames)])

    async def face(self, request: Request) -> Response:
        return self._film(Path(self._folder.name) / "silent.mp4", "ada", [0.0] * 20 * _FPS)

    def _film(self, path: Path, character: str, mouths: list[float]) -> Response:
        if not path.exists():
            with av.open(path, "w", format="mp4", options={"movflags": "faststart"}) as container:
                stream = container.add_stream("libx264", rate=_FPS)
                stream.width = stream.height = 384
                stream.pix_fmt = "yuv420p"
                for number, mouth in enumerate(mouths):
                    picture = self._drawn(character, round(mouth * 7) / 7, number == 50)
                    container.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
                container.mux(stream.encode(None))
        return FileResponse(path, media_type="video/mp4")

    @cache  # noqa: B019  there is one of these as long as the program runs
    def _drawn(self, character: str, mouth: float, blinks: bool) -> npt.NDArray[np.uint8]:
        return self._face(self._characters[character].accent, mouth, 4.0 if blinks else 1.0)


def _missing(reason: str) -> Response:
    return JSONResponse({"error": {"code": "not_found", "message": reason}}, status_code=404)


def _voice(samples: int, rate: int, pitch: float) -> npt.NDArray[np.int16]:
    """A hum in syllables."""
    at = np.arange(samples) / rate
    tone = sum(np.sin(2 * np.pi * pitch * part * at) / part for part in range(1, 6))
    return np.asarray(2600 * tone * np.abs(np.sin(9 * at)) ** 0.7, np.int16)


def _write_wav(path: Path, samples: npt.NDArray[np.int16]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples.tobytes())


def character(id: str, name: str, tagline: str, accent: str, greeting: str) -> e.CharacterCreated:
    """A character as the log has it."""
    values: dict[str, Any] = {"name": name, "tagline": tagline, "accent": accent, "greeting": greeting}
    return e.CharacterCreated(personality="", voice="female", look=id, language="en", **values)
