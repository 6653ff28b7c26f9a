"""Captions of a conversation: who says what, and when. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from bus.events import MICROPHONE_RATE, SPEECH_RATE, Event, MessageReceived
from projections.replay.timeline import Clip, Timeline

PERSON = "You"
"""How the person is called."""
LONGEST_CUE = 84
"""Characters of one caption: two lines of 42, as broadcasters have it."""
_READING = 3_000_000
"""Microseconds for which a written message is shown."""


class Cue(NamedTuple):
    """A caption."""

    start: int
    """Microseconds since 1970, or from the beginning."""
    end: int
    who: str
    text: str


def length_of(clip: Clip) -> int:
    """Microseconds."""
    rate = MICROPHONE_RATE if clip.kind == "person" else SPEECH_RATE
    return clip.samples * 1_000_000 // rate


def heard_clips(timeline: Timeline) -> list[Clip]:
    """The sounds that were heard: all that were played; and those of replies of which nothing was played, such as voice
    notes, unless the person cut them short before that."""
    played = {clip.turn for clip in timeline.clips if clip.kind == "character" and clip.played}
    cut = {turn.id for turn in timeline.turns if any(mark.kind == "interrupted" for mark in turn.marks)}
    return [clip for clip in timeline.clips if clip.played or clip.turn not in played | cut]


def cues(clips: Sequence[Clip], events: Sequence[Event], names: Mapping[str, str]) -> list[Cue]:
    """Captions of all sounds, long ones in parts that share its time by their length; and of what the person wrote.

    Args:
        names: of the characters, by id.
    """
    found: list[Cue] = []
    for clip in clips:
        who = PERSON if clip.kind == "person" else names.get(clip.character or "", clip.character or "")
        found += _parts(clip.start, length_of(clip), who, clip.text)
    for event in events:
        if isinstance(event.body, MessageReceived):
            found += _parts(event.at, _READING, PERSON, event.body.text)
    return sorted(found, key=lambda cue: (cue.start, cue.end))


def _parts(start: int, length: int, who: str, text: str) -> Iterator[Cue]:
    parts = _split(text)
    total, done = sum(map(len, parts)), 0
    for part in parts:
        end = done + len(part)
        yield Cue(start + length * done // total, start + length * end // total, who, part)
        done = end


def _split(text: str) -> list[str]:
    """A text in parts of at most `LONGEST_CUE` characters, whole words where that is possible."""
    parts: list[str] = []
    for word in _short_words(text):
        if parts and len(parts[-1]) + 1 + len(word) <= LONGEST_CUE:
            parts[-1] += f" {word}"
        else:
            parts.append(word)
    return parts


def _short_words(text: str) -> Iterator[str]:
    """The words of a text; one that no caption has room for in parts."""
    for word in text.split():
        yield from (word[start : start + LONGEST_CUE] for start in range(0, len(word), LONGEST_CUE))


def webvtt(captions: list[Cue]) -> str:
    """A WebVTT file (W3C), with the speaker of each cue as its voice."""
    lines = ["WEBVTT", ""]
    for cue in captions:
        if cue.end // 1000 > cue.start // 1000:
            lines += [f"{_clock(cue.start)} --> {_clock(cue.end)}", f"<v {_escaped(cue.who)}>{_escaped(cue.text)}</v>"]
            lines.append("")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(microseconds: int) -> str:
    milliseconds = max(0, microseconds) // 1000
    seconds, milliseconds = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{milliseconds:03}"
