"""What a film of a conversation shows and sounds like at each of its moments. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from bus.errors import InvalidInput
from bus.events import (
    FRAMES_PER_SECOND,
    SPEECH_RATE,
    CharacterChosen,
    ConversationOpened,
    Event,
    ReplyStarted,
    SpeechEnded,
)
from projections.replay.timeline import Clip
from services.face_replay import FRAME
from visavis.carry.captions import Cue, length_of

_SECOND = 1_000_000
LEAD = 500_000
"""Microseconds before the first sound and after the last."""
LONGEST_WAIT = 60 * _SECOND
"""A longer wait is cut to this: a conversation that went on the next day makes no film of a day."""
SKIPPED_WAIT = _SECOND
"""The longest wait where silences are skipped."""


LONGEST_SOUND = 2 * 3600 * _SECOND
"""Of one utterance or sentence; a recording that is sent has an hour at the most."""


class FilmTime:
    """Where each moment of a conversation lies in its film: long waits are cut, everything else keeps its pace.

    Args:
        busy: start and end of everything that is heard or shown, microseconds.
        longest: the longest wait.
    """

    def __init__(self, busy: Iterable[tuple[int, int]], longest: int) -> None:
        self._from: list[int] = []
        """Moments from which on more is cut."""
        self._cut: list[int] = []
        """Microseconds that are cut before each."""
        cut, end = 0, None
        for start, stop in sorted(busy):
            if end is None:
                cut = start - LEAD
                self._add(start - LEAD, cut)
            elif start - end > longest:
                cut += start - end - longest
                self._add(start - longest // 2, cut)
            end = stop if end is None else max(end, stop)
        self.length = 0 if end is None else end - cut + LEAD
        """Of the film, microseconds."""

    def _add(self, at: int, cut: int) -> None:
        self._from.append(at)
        self._cut.append(cut)

    def __call__(self, at: int) -> int:
        """The place in the film, microseconds; of a moment that is cut, the end of the cut."""
        number = bisect_right(self._from, at) - 1
        if number < 0:
            return 0
        place = at - self._cut[number]
        if number + 1 < len(self._from):
            place = min(place, self._from[number + 1] - self._cut[number + 1])
        return max(0, place)

    def stretches(self) -> Iterator[tuple[int, int]]:
        """The stretches without a cut in them: the place in the film and the moment at which each begins."""
        for moment, cut in zip(self._from, self._cut, strict=True):
            yield moment - cut, moment


@dataclass(frozen=True)
class Sound:
    """A clip in the film."""

    clip: Clip
    start: int
    """At 48 kHz."""


@dataclass(frozen=True)
class Shot:
    """The pictures of a speech in the film; before, between and after shots the idle face is shown."""

    speech: str
    start: int
    """Frame of the film."""
    most: int | None
    """Frames at most; None: all that there are."""


@dataclass(frozen=True)
class Plan:
    """A whole film."""

    length: int
    """Frames of 40 ms."""
    sounds: tuple[Sound, ...]
    """By start."""
    shots: tuple[Shot, ...]
    """By start; each ends where the next one begins."""
    cues: tuple[Cue, ...]
    """In the time of the film, none over another."""
    characters: tuple[tuple[int, str], ...]
    """From which frame on whose idle face is shown."""
    stretches: tuple[tuple[int, int], ...] = ((0, 0),)
    """From which frame on nothing is cut up to the next one, and which frame since 1970 that is."""


def plan_film(clips: Sequence[Clip], cues: Sequence[Cue], events: Sequence[Event], *, skip_silences: bool) -> Plan:
    """Plan the film of a conversation.

    Args:
        clips: its sounds, times in microseconds since 1970.
        cues: its captions, times likewise.
    Raises:
        InvalidInput: one sound is longer than `LONGEST_SOUND`; a file that was brought here may tell any length.
    """
    longest = max(map(length_of, clips), default=0)
    if longest > LONGEST_SOUND:
        raise InvalidInput(
            f"one of its sounds is said to last {longest // _SECOND} s; in a film it may {LONGEST_SOUND // _SECOND} s"
        )
    busy = [(clip.start, clip.start + length_of(clip)) for clip in clips] + [(cue.start, cue.end) for cue in cues]
    time = FilmTime(busy, SKIPPED_WAIT if skip_silences else LONGEST_WAIT)
    whole = {event.body.speech: event.body.samples for event in events if isinstance(event.body, SpeechEnded)}
    sounds = tuple(Sound(clip, time(clip.start) * SPEECH_RATE // _SECOND) for clip in clips)
    shots = [_shot(clip, time, whole) for clip in clips if clip.kind == "character"]
    return Plan(
        length=_frame(time.length),
        sounds=tuple(sorted(sounds, key=lambda sound: sound.start)),
        shots=tuple(sorted(shots, key=lambda shot: shot.start)),
        cues=tuple(joined_cues([cue._replace(start=time(cue.start), end=time(cue.end)) for cue in cues])),
        characters=tuple(_characters(events, time)),
        stretches=tuple((_frame(place), moment // FRAME) for place, moment in time.stretches()) or ((0, 0),),
    )


def _frame(microseconds: int) -> int:
    return round(microseconds * FRAMES_PER_SECOND / _SECOND)


def _shot(clip: Clip, time: FilmTime, whole: dict[str, int]) -> Shot:
    # A speech has pictures beyond its sound, in which the face comes to rest; one that was cut short has none of them.
    is_whole = clip.samples >= whole.get(clip.id, clip.samples)
    return Shot(clip.id, _frame(time(clip.start)), None if is_whole else _frame(length_of(clip)))


def _characters(events: Sequence[Event], time: FilmTime) -> Iterable[tuple[int, str]]:
    yield from (
        (_frame(time(event.at)), event.body.character)
        for event in events
        if isinstance(event.body, ConversationOpened | CharacterChosen | ReplyStarted)
    )


def joined_cues(cues: Sequence[Cue]) -> list[Cue]:
    """The same captions so that none lies over another: where two do, both stand in one, line by line."""
    moments = sorted({moment for cue in cues for moment in (cue.start, cue.end)})
    found: list[Cue] = []
    coming = deque(sorted(enumerate(cues), key=lambda numbered: numbered[1].start))
    active: dict[int, Cue] = {}
    for start, end in pairwise(moments):
        while coming and coming[0][1].start <= start:
            number, cue = coming.popleft()
            active[number] = cue
        active = {number: cue for number, cue in active.items() if cue.end >= end}
        shown = [active[number] for number in sorted(active)]
        text = "\n".join(f"{cue.who}: {cue.text}" for cue in shown)
        if found and found[-1].text == text and found[-1].end == start:
            found[-1] = found[-1]._replace(end=end)
        elif shown:
            found.append(Cue(start, end, "", text))
    return found
