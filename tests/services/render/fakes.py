"""Test doubles of the render service: a log in memory, a renderer that draws one grey level, events of a speech."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bus import subjects
from bus.channel_events import DeliveryQueued
from bus.errors import NotFound
from bus.events import (
    OPUS_FRAME,
    AudioOut,
    Body,
    CharacterCreated,
    CharacterEvent,
    Event,
    LiveBody,
    LiveEvent,
    Media,
    MediaT,
    SpeechStarted,
    VisemeMark,
    Watching,
)
from services.render.builtin_characters import BUILTIN_CHARACTERS
from services.render.engine import Expressions, Frame, Renderer
from services.render.photo.portrait import PortraitStore
from services.render.pose import Pose
from services.render.render_threads import RenderThreads
from services.render.speech_frames import SpeechRenderer
from services.tts.chunker import FIRST_CHUNK

NO_PORTRAITS = PortraitStore(Path("/nowhere"))
AT = 1_790_000_000_123_456
"""Time of the events, microseconds since 1970."""


@dataclass
class FakeReader:
    """A log in memory, filled by the test."""

    media: list[Media] = field(default_factory=list)
    facts_on_record: list[Event] = field(default_factory=list)
    newest: dict[str, LiveEvent] = field(default_factory=dict)
    characters: dict[str, CharacterCreated] = field(default_factory=lambda: dict(BUILTIN_CHARACTERS))
    assets: dict[str, bytes] = field(default_factory=dict)
    followed: int = 0
    counted: int = 0

    async def follow(self, kind: type[MediaT], subject: str, *, timeout: float = 10.0) -> AsyncIterator[MediaT]:
        for message in self.media:
            if isinstance(message, kind) and subjects.media(message) == subject:
                self.followed += 1
                yield message

    async def facts(self, conversation: str, *, after: int = 0) -> list[tuple[int, Event]]:
        return [(seq, event) for seq, event in enumerate(self.facts_on_record, 1) if seq > after]

    async def follow_facts(self, event: Event) -> AsyncIterator[tuple[int, Event]]:
        for seq, one in enumerate(self.facts_on_record, 1):
            yield seq, one

    async def last_fact(self, conversation: str, kind: type[Body]) -> Event | None:
        return next((one for one in reversed(self.facts_on_record) if isinstance(one.body, kind)), None)

    async def queued_delivery(self, channel: str, delivery: str) -> DeliveryQueued | None:
        raise AssertionError("no message of a channel is read")

    async def last_live(self, subject: str) -> LiveEvent | None:
        return self.newest.get(subject)

    async def live_age(self, subject: str) -> float | None:
        newest = self.newest.get(subject)
        return None if newest is None else (AT - newest.at) / 1_000_000

    async def live(self, kind: type[LiveBody]) -> AsyncIterator[LiveEvent]:
        for one in self.newest.values():
            if isinstance(one.body, kind):
                yield one

    async def last_media(self, kind: type[MediaT], subject: str) -> MediaT | None:
        on_subject = [message for message in self.media if subjects.media(message) == subject]
        last = on_subject[-1] if on_subject else None
        return last if isinstance(last, kind) else None

    async def counts(self, stream: str, subject: str) -> Mapping[str, int]:
        self.counted += 1
        return Counter(map(subjects.media, self.media))

    async def character_facts(self, *, fresh: bool = True) -> list[CharacterEvent]:
        numbered = enumerate(self.characters.items(), start=1)
        return [CharacterEvent(id=f"k{at}", at=at, character=name, body=created) for at, (name, created) in numbered]

    async def asset(self, name: str) -> bytes:
        if name not in self.assets:
            raise NotFound(f"there is no asset {name}")
        return self.assets[name]


class FakeFace:
    """Draws one grey level, lighter the wider the mouth is open."""

    version = "1"

    def __init__(self) -> None:
        self.poses: list[Pose] = []

    def render(self, poses: Sequence[Pose], expressions: Expressions | None = None) -> list[Frame]:
        self.poses.extend(poses)
        frames = []
        for pose in poses:
            frame = np.full((96, 64), 128, np.uint8)
            frame[:64] = int(16 + 200 * min(pose.jaw, 1.0))
            frames.append(frame)
        return frames


class FakeRenderer:
    name = "fake"
    width = height = 64

    def __init__(self) -> None:
        self.faces: list[FakeFace] = []

    def face(self, look: str) -> FakeFace:
        self.faces.append(FakeFace())
        return self.faces[-1]


def speech_renderer(renderer: Renderer, *, clock: Callable[[], float] = lambda: 0.0) -> SpeechRenderer:
    return SpeechRenderer(RenderThreads(renderer, NO_PORTRAITS, clock=clock), bitrate=1_000_000, clock=clock)


def speech_started(speech: str = "s1", index: int = 0, at: int = AT, character: str = "ada") -> Event:
    body = SpeechStarted(speech=speech, reply="r", index=index, character=character, voice="v", engine="e")
    return Event(id=f"e{speech}", at=at, conversation="c", turn="t", body=body)


def audio_chunks(packets: int, *, per_chunk: int = FIRST_CHUNK, speech: str = "s1") -> list[AudioOut]:
    chunks = []
    for index, start in enumerate(range(0, packets, per_chunk)):
        count = min(per_chunk, packets - start)
        marks = (VisemeMark(start * OPUS_FRAME, "aa" if index % 2 else "PP"),)
        chunks.append(AudioOut(
            conversation="c", speech=speech, index=index, sample=start * OPUS_FRAME, packets=(b"x",) * count,
            visemes=marks, loudness=(0.1,) * count, final=start + count == packets,
        ))
    return chunks


def watching(at: int = AT) -> dict[str, LiveEvent]:
    return {subjects.watching("c"): LiveEvent(at=at, conversation="c", body=Watching(session="x"))}
