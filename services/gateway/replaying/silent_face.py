"""The face between the speeches of a past conversation, as it was: in pieces, copied from the characters' clips."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from bus.errors import NotFound
from bus.events import FRAMES_PER_SECOND, CharacterChosen, ConversationOpened, Event
from bus.ids import seed_of
from services.face_clips import KEY_FRAME_INTERVAL
from services.face_replay import FRAME, shown_clips
from services.gateway.playing.idle_loops import IdleLoop
from services.muxing.video import Picture

PIECE = 20 * FRAMES_PER_SECOND
"""Frames."""


def piece_frames(start: int, number: int) -> range:
    """The frames since 1970 of a piece of a conversation that began at `start`, microseconds.

    The first piece begins with the key frame before, up to 0.4 s earlier; the others follow.
    """
    first = start // FRAME
    first += number * PIECE - first % KEY_FRAME_INTERVAL
    return range(first, first + PIECE)


def silent_pictures(
    events: Sequence[Event], conversation: str, frames: range, loop_of: Callable[[str], IdleLoop | None]
) -> list[Picture]:
    """The pictures of a piece, without those of speeches.

    Raises:
        NotFound: a character that was there has none.
    """
    pictures: list[Picture] = []
    for own, character in _characters(events, frames):
        loop = loop_of(character)
        if loop is None:
            raise NotFound(f"{character} has no pictures")
        clips = shown_clips(events, own, seed_of(conversation), loop.joins)
        length = len(loop.units)
        pictures += [
            (loop.unit(clip, frame), frame % length in loop.key_frames) for frame, clip in zip(own, clips, strict=True)
        ]
    return pictures


def _characters(events: Iterable[Event], frames: range) -> list[tuple[range, str]]:
    """Who is there in which frames; another one appears at a key frame."""
    found: list[tuple[int, str]] = []
    for event in events:
        if isinstance(event.body, ConversationOpened | CharacterChosen):
            frame = event.at // FRAME
            frame += -frame % KEY_FRAME_INTERVAL
            if frame <= frames.start or not found:
                found = [(frames.start, event.body.character)]
            elif frame < frames.stop:
                found.append((frame, event.body.character))
    ends = [*(start for start, _ in found[1:]), frames.stop]
    return [(range(start, end), character) for (start, character), end in zip(found, ends, strict=True) if start < end]
