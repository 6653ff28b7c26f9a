"""A log in memory and a renderer that draws one grey level, for the tests of the render service."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from bus import subjects
from bus.errors import NotFound
from bus.events import Body, CharacterCreated, CharacterEvent, Event, LiveBody, LiveEvent, Media, MediaT
from services.render.builtin_characters import CAST
from services.render.engine import Picture
from services.render.photo.portrait import Portraits
from services.render.pose import Pose

NO_PORTRAITS = Portraits(Path("/nowhere"))


@dataclass
class FakeReader:
    """The part of the log that a test puts here."""

    media: list[Media] = field(default_factory=list)
    facts_on_record: list[Event] = field(default_factory=list)
    newest: dict[str, LiveEvent] = field(default_factory=dict)
    cast: dict[str, CharacterCreated] = field(default_factory=lambda: dict(CAST))
    assets: dict[str, bytes] = field(default_factory=dict)
    followed: int = 0

    async def follow(self, kind: type[MediaT], subject: str, *, timeout: float = 10.0) -> AsyncIterator[MediaT]:
        for message in self.media:
            if isinstance(message, kind) and subjects.media(message) == subject:
                self.followed += 1
                yield message

    async def facts(self, conversation: str, *, after: int = 0) -> list[tuple[int, Event]]:
        return [(seq, event) for seq, event in enumerate(self.facts_on_record, 1) if seq > after]

    async def last_fact(self, conversation: str, kind: type[Body]) -> Event | None:
        return next((one for one in reversed(self.facts_on_record) if isinstance(one.body, kind)), None)

    async def last_live(self, subject: str) -> LiveEvent | None:
        return self.newest.get(subject)

    async def live(self, kind: type[LiveBody]) -> AsyncIterator[LiveEvent]:
        for one in self.newest.values():
            if isinstance(one.body, kind):
                yield one

    async def last_media(self, kind: type[MediaT], subject: str) -> MediaT | None:
        on_subject = [message for message in self.media if subjects.media(message) == subject]
        last = on_subject[-1] if on_subject else None
        return last if isinstance(last, kind) else None

    async def character_facts(self) -> list[CharacterEvent]:
        cast = enumerate(self.cast.items(), start=1)
        return [CharacterEvent(id=f"k{at}", at=at, character=name, body=created) for at, (name, created) in cast]

    async def asset(self, name: str) -> bytes:
        if name not in self.assets:
            raise NotFound(f"there is no asset {name}")
        return self.assets[name]


class FakeFace:
    """As light as the mouth is open."""

    version = "1"

    def __init__(self) -> None:
        self.poses: list[Pose] = []

    def render(self, poses: Sequence[Pose]) -> list[Picture]:
        self.poses.extend(poses)
        pictures = []
        for pose in poses:
            picture = np.full((96, 64), 128, np.uint8)
            picture[:64] = int(16 + 200 * min(pose.jaw, 1.0))
            pictures.append(picture)
        return pictures


class FakeRenderer:
    name = "fake"
    width = height = 64

    def __init__(self) -> None:
        self.made: list[FakeFace] = []

    def face(self, look: str) -> FakeFace:
        self.made.append(FakeFace())
        return self.made[-1]


