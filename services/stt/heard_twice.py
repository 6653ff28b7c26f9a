"""Decides from the log whether the microphone of another session heard the same voice, where that is answered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from cachetools import LRUCache

from bus import subjects
from bus.events import MICROPHONE_RATE, AudioIn, Event, UtteranceDiscarded, UtteranceEnded, UtteranceStarted
from bus.work.service import Reader

_MAX_CONVERSATIONS = 256
_MAX_UTTERANCES = 16
"""The newest of a conversation, which alone can overlap the one that is transcribed."""
_AUDIO_LATE = 1.0
"""Seconds by which the sound on the log may lag behind a voice that goes on."""
_SHARE = 0.5
"""Of an utterance that others have to cover. Where its voice goes on by as much again, it said something else."""


@dataclass(frozen=True)
class Heard:
    """An utterance as the log has it; times are microseconds since 1970."""

    utterance: str
    session: str | None
    sequence: int
    """Of its start, on the log."""
    began: int
    ended: int | None = None
    ended_sequence: int | None = None
    discarded: bool = False


@dataclass(frozen=True)
class Utterances:
    """The newest utterances of a conversation, and how far its facts have been read."""

    sequence: int = 0
    heard: tuple[Heard, ...] = ()

    def after(self, facts: Iterable[tuple[int, Event]]) -> Utterances:
        """Take further facts, in order."""
        heard, sequence = {one.utterance: one for one in self.heard}, self.sequence
        for sequence, event in facts:
            match event.body:
                case UtteranceStarted(utterance=name, session=session):
                    heard.setdefault(name, Heard(name, session, sequence, event.at))
                case UtteranceEnded(utterance=name, samples=samples) if name in heard and heard[name].ended is None:
                    # A gateway that starts again tells the ends of what the one before it had begun.
                    ended = min(event.at, _sound_end(heard[name], samples))
                    heard[name] = replace(heard[name], ended=ended, ended_sequence=sequence)
                case UtteranceDiscarded(utterance=name) if name in heard:
                    heard[name] = replace(heard[name], discarded=True)
                case _:
                    pass
        return Utterances(sequence, tuple(heard.values())[-_MAX_UTTERANCES:])

    def find(self, utterance: str) -> Heard | None:
        return next((one for one in self.heard if one.utterance == utterance), None)

    def holder(self, utterance: str) -> Heard | None:
        """The utterance of another session that was under way, in the order of the log, when this one began; None where
        there was none, or no word of it was understood."""
        mine = self.find(utterance)
        if mine is None or mine.session is None:
            return None
        for one in self.heard:
            under_way = one.ended_sequence is None or one.ended_sequence > mine.sequence
            others = one.session not in (None, mine.session)
            if others and one.sequence < mine.sequence and under_way and not one.discarded:
                return one
        return None

    def has_ended(self, utterance: str) -> bool:
        """Whether the log has the end of an utterance."""
        mine = self.find(utterance)
        return mine is not None and mine.ended is not None

    def is_covered(self, utterance: str, samples: int = 0) -> bool:
        """Whether the session that held the floor was heard for at least half of an utterance, too.

        Args:
            samples: of the utterance so far at 16 kHz, where the log does not have its end yet.
        """
        mine, holder = self.find(utterance), self.holder(utterance)
        if mine is None or holder is None:
            return False
        end = mine.began + samples * 1_000_000 // MICROPHONE_RATE if mine.ended is None else mine.ended
        # It may have found an end where this one heard a pause.
        theirs = [one for one in self.heard if one.session == holder.session and not one.discarded]
        covered = sum(
            max(0, min(end, end if one.ended is None else one.ended) - max(mine.began, one.began)) for one in theirs
        )
        return covered >= _SHARE * (end - mine.began)


def _sound_end(heard: Heard, samples: int) -> int:
    """When an utterance of so many samples was over at the latest."""
    return heard.began + int(1e6 * (samples / MICROPHONE_RATE + _AUDIO_LATE))


class HeardTwice:
    """Reads from the log what is needed for the rule; caches what it has read of each conversation."""

    def __init__(self) -> None:
        self._cache: LRUCache[str, Utterances] = LRUCache(_MAX_CONVERSATIONS)

    async def utterances(self, conversation: str, utterance: str, reader: Reader) -> Utterances:
        """The newest utterances of a conversation as they are on the log now.

        Args:
            utterance: that may be one of a voice which others heard, too.
        """
        known = self._cache.get(conversation) or Utterances()
        known = known.after(await reader.facts(conversation, after=known.sequence))
        self._cache[conversation] = known
        return await _as_far_as_heard(known, conversation, utterance, reader)


async def _as_far_as_heard(known: Utterances, conversation: str, utterance: str, reader: Reader) -> Utterances:
    """The same utterances, those of other sessions without an end ending where their sound does: their gateway may have
    died."""
    mine = known.find(utterance)
    if mine is None:
        return known
    heard = []
    for one in known.heard:
        if one.ended is None and one.session not in (None, mine.session) and not one.discarded:
            audio = await reader.last_media(AudioIn, subjects.audio_in(conversation, one.utterance))
            samples = 0 if audio is None else audio.sample + len(audio.pcm) // 2
            until = _sound_end(one, samples)
            over = one.sequence if until < mine.began else None
            one = replace(one, ended=until, ended_sequence=over)
        heard.append(one)
    return replace(known, heard=tuple(heard))
