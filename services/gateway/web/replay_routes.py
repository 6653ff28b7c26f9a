"""The routes below /api/replay: past conversations in time, with their sounds, pictures and events."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bus.errors import InvalidInput, NotFound
from bus.events import CharacterChosen, ConversationOpened, Event
from projections.conversation import Conversation
from projections.recording_reader import media_of
from projections.replay.recording import Recording
from projections.replay.timeline import Clip
from projections.replay.view import ReplayEvent, replay_view
from services.face_replay import FRAME
from services.gateway.replaying.silent_face import piece_frames, silent_pictures
from services.gateway.web.context import GatewayContext
from services.gateway.web.identity import current_person
from services.gateway.web.ranges import file_answer
from services.gateway.web.sign_in import is_operator

MOST_EVENTS = 2000
"""In one answer."""
_EVENTS = 200
_SEQUENCE = re.compile(r"[0-9]{1,18}")
_MILLISECONDS = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,9})?")


class ReplayRoutes:
    """One method for each route."""

    def __init__(self, context: GatewayContext) -> None:
        self._context = context
        self._recordings = context.recordings
        self._files = context.media_files

    @property
    def routes(self) -> list[BaseRoute]:
        one = "/replay/{conversation}"
        return [
            Route(one, self.conversation),
            Route(f"{one}/events", self.events),
            Route(f"{one}/events/{{event}}", self.event),
            Route(f"{one}/sound/{{clip}}", self.sound),
            Route(f"{one}/video/{{clip}}.mp4", self.video),
            Route(f"{one}/face/{{piece}}.mp4", self.face),
        ]

    async def conversation(self, request: Request) -> Response:
        conversation = await self._readable(request)
        media = await media_of(self._context.event_log, conversation.id)
        characters = self._context.conversations.characters
        async with self._recordings.opened(conversation.id) as recording:

            def encode() -> bytes:
                view = replay_view(
                    conversation, recording.timeline(), words=recording.words, characters=characters, media=media
                )
                return msgspec.json.encode(view)

            # In a thread, as the others: it is long, and sound goes on meanwhile.
            return _json(await asyncio.to_thread(encode))

    async def events(self, request: Request) -> Response:
        conversation = await self._readable(request)
        select = _selection(request)
        async with self._recordings.opened(conversation.id) as recording:

            def rows() -> list[ReplayEvent]:
                return recording.rows(select(recording))

            return _json(msgspec.json.encode(await asyncio.to_thread(rows)))

    async def event(self, request: Request) -> Response:
        conversation = await self._readable(request)
        async with self._recordings.opened(conversation.id) as recording:
            detail = await asyncio.to_thread(recording.detail, request.path_params["event"])
        return _json(msgspec.json.encode(detail))

    async def sound(self, request: Request) -> Response:
        conversation = (await self._readable(request)).id
        name, _, form = request.path_params["clip"].partition(".")
        if form not in ("", "wav", "ogg"):
            raise InvalidInput(f"a sound is there as .wav or .ogg, not as .{form[:20]}")
        clip, samples = await self._clip(conversation, name)
        if clip.kind == "person":
            if form == "ogg":
                raise InvalidInput("the sound of a person is there as .wav only")
            data = await self._files.person_sound(conversation, clip.id)
        else:
            data = await self._files.character_sound(conversation, clip.id, samples, ogg=form == "ogg")
        return file_answer(request, data, "audio/ogg" if form == "ogg" else "audio/wav")

    async def video(self, request: Request) -> Response:
        conversation = (await self._readable(request)).id
        clip, samples = await self._clip(conversation, request.path_params["clip"])
        if clip.kind == "person":
            raise NotFound("a person has no pictures")
        return file_answer(request, await self._files.video(conversation, clip.id, samples), "video/mp4")

    async def face(self, request: Request) -> Response:
        conversation = (await self._readable(request)).id
        number = _number(request.path_params["piece"], "piece")
        async with self._recordings.opened(conversation) as recording:
            timeline = await asyncio.to_thread(recording.timeline)
            frames = piece_frames(timeline.start, number)
            if frames.start * FRAME > timeline.end:
                raise NotFound("the conversation is not that long")
            events = await asyncio.to_thread(lambda: [event for _, event in recording.events()])
            last = timeline.events[-1].seq
        idle = self._context.idle
        loops = [loop for one in _characters_of(events) if (loop := idle.get(one)) is not None]
        drawn = " ".join(f"{loop.version} {len(loop.clips)}" for loop in loops)
        data = await self._files.silent_face(
            (conversation, number, last, drawn), lambda: silent_pictures(events, conversation, frames, idle.get)
        )
        return file_answer(request, data, "video/mp4")

    async def _readable(self, request: Request) -> Conversation:
        """The conversation of a request: the person's own one; for the operator any.

        Raises:
            NotFound: there is no such conversation, or it is another person's.
        """
        conversation = request.path_params["conversation"]
        if is_operator(request):
            return await self._context.conversations.existing(conversation)
        return await self._context.conversations.conversation_of(current_person(request), conversation)

    async def _clip(self, conversation: str, name: str) -> tuple[Clip, int]:
        """A clip, and its samples that were heard in all.

        Raises:
            NotFound: it is not in this conversation.
        """
        async with self._recordings.opened(conversation) as recording:
            timeline = await asyncio.to_thread(recording.timeline)
        found = [clip for clip in timeline.clips if clip.id == name]
        if not found:
            raise NotFound("no such clip in this conversation")
        return found[0], max(clip.samples for clip in found)


def _characters_of(events: Sequence[Event]) -> list[str]:
    return [one.body.character for one in events if isinstance(one.body, ConversationOpened | CharacterChosen)]


def _json(data: bytes) -> Response:
    return Response(data, headers={"Cache-Control": "no-store"}, media_type="application/json")


def _selection(request: Request) -> Callable[[Recording], Sequence[int]]:
    """Which events a request asks for.

    Raises:
        InvalidInput: its parameters do not say that, or not in one way.
    """
    given = request.query_params
    unknown = set(given) - {"turn", "from", "to", "around", "limit"}
    if unknown or ("from" in given or "to" in given) + ("turn" in given) + ("around" in given) > 1:
        raise InvalidInput("expected ?turn=ID, ?from=MS&to=MS or ?around=SEQ, each with &limit=N where wanted")
    limit = _number(given.get("limit", str(_EVENTS)), "limit")
    if not 1 <= limit <= MOST_EVENTS:
        raise InvalidInput(f"limit must be 1 to {MOST_EVENTS}, got {limit}")
    if "turn" in given:
        return lambda recording: recording.of_turn(given["turn"], limit)
    if "around" in given:
        sequence = _number(given["around"], "around")
        return lambda recording: recording.around(sequence, limit)
    start, end = _time(given.get("from"), "from", -math.inf), _time(given.get("to"), "to", math.inf)
    return lambda recording: recording.between(start, end, limit)


def _number(text: str, name: str) -> int:
    if not _SEQUENCE.fullmatch(text):
        raise InvalidInput(f"{name} must be a number of 1 to 18 digits, got {text[:30]!r}")
    return int(text)


def _time(text: str | None, name: str, otherwise: float) -> float:
    if text is None:
        return otherwise
    if not _MILLISECONDS.fullmatch(text):
        raise InvalidInput(f"{name} must be milliseconds from the start of the conversation, got {text[:30]!r}")
    return float(text)
