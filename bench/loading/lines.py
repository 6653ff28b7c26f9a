"""What each person of a load test says, and whose words a text has: a leak between conversations shows as another's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bench.recordings import Recording, people, synthetic
from bus.events import MICROPHONE_RATE, SPEECH_RATE
from projections.replay.word_error_rate import normalised_words
from services.audio import Samples, resample

_WHOLE_SENTENCES = (
    "conf-full", "conf-invalidpin", "conf-kicked", "conf-leaderhasleft", "conf-now-recording", "conf-unlockednow",
    "confbridge-begin-glorious-c", "dir-nomatch", "dir-nomore", "please-try-call-later", "tt-weasels", "vm-dialout",
    "vm-mailboxfull", "vm-nobodyavail", "vm-nobox", "vm-nonumber", "vm-passchanged", "vm-reachoper",
    "vm-review-nonurgent", "vm-toforward", "vm-tocancelmsg", "conf-getpin", "dir-multi9", "vm-calldiffnum", "vm-repeat",
    "vm-torerecord",
    "sense_and_sensibility_01_austen_64kb-0880", "sense_and_sensibility_01_austen_64kb-0930", "goforward",
)  # fmt: skip
"""Of the recordings of people, those that are one whole sentence of four words or more, without a marked pause. After
half a sentence the endpointer waits for the rest, and in a pause it may take the phrase for two, whatever the load."""
_SHORTEST = 4
"""Words of a synthetic recording: a shorter one would be found in many a reply."""
OWN, OTHERS = 0.5, 0.75
"""Shares of a line's words from which a text counts as having the line: of the person's own, and of another's."""

Verdict: TypeAlias = Literal["own", "another's", "neither"]


@dataclass(frozen=True)
class Line:
    """A sentence that a person says."""

    name: str
    text: str
    samples: Samples
    """[n], 48 kHz, without silence around it."""

    @property
    def seconds(self) -> float:
        return len(self.samples) / SPEECH_RATE


@dataclass(frozen=True)
class Lines:
    """All that can be said."""

    lines: tuple[Line, ...]
    voices: str
    """Whose voices, for the report."""

    def deal(self, persons: int) -> list[tuple[Line, ...]]:
        """The lines of each person, no line to two of them.

        Raises:
            ValueError: there are more persons than lines.
        """
        if persons > len(self.lines):
            raise ValueError(f"there are words for {len(self.lines)} people, and {persons} shall talk")
        return [self.lines[number::persons] for number in range(persons)]


def recorded_lines() -> Lines:
    """The lines of people where the packages with recordings are installed, else of synthetic voices."""
    try:
        found = {one.name: one for one in people()}
        return Lines(tuple(_line(found[name]) for name in _WHOLE_SENTENCES), "people's recordings")
    except FileNotFoundError:
        return synthetic_lines()


def synthetic_lines() -> Lines:
    """The lines of synthetic voices, which are in the checkout."""
    made = [one for one in synthetic() if len(normalised_words(one.text)) >= _SHORTEST]
    by_text = {one.text: one for one in made}  # two voices may say the same
    return Lines(tuple(map(_line, by_text.values())), "synthetic voices")


def _line(recording: Recording) -> Line:
    return Line(recording.name, recording.text, resample(recording.samples, MICROPHONE_RATE, SPEECH_RATE))


def share_of(line: str, text: str) -> float:
    """Share of the line's words that the text has in the same order, 0 to 1."""
    wanted, got = normalised_words(line, "en"), normalised_words(text, "en")
    lengths = [0] * (len(got) + 1)  # of the longest common subsequence, by word of the text
    for word in wanted:
        before = 0
        for place, other in enumerate(got, 1):
            before, lengths[place] = (
                lengths[place], before + 1 if word == other else max(lengths[place], lengths[place - 1])
            )  # fmt: skip
    return lengths[-1] / len(wanted) if wanted else 0.0


def whose(text: str, own: Sequence[str], others: Sequence[str]) -> Verdict:
    """Whether a text has the words of the person whom it reached, or of another one."""
    mine = max((share_of(line, text) for line in own), default=0.0)
    foreign = max((share_of(line, text) for line in others), default=0.0)
    if foreign >= OTHERS and foreign > mine:
        return "another's"
    return "own" if mine >= OWN else "neither"


def others_than(person: int, dealt: Mapping[int, Sequence[Line]]) -> list[str]:
    """The words of everybody but one person."""
    return [line.text for number, lines in dealt.items() if number != person for line in lines]
