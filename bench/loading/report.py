"""The figures of a load test, and their Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from bench.loading.lines import OWN as UNDERSTOOD
from bench.loading.lines import Line, others_than, share_of, whose
from bench.loading.notes import NoteSender
from bench.loading.people import Turn
from bench.loading.watch import Looks
from bench.machine import percentiles, table

_EXAMPLES = 5


class Latency(msgspec.Struct, frozen=True):
    """Milliseconds."""

    p50: float
    p95: float
    p99: float
    most: float
    count: int


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a load test with so many people."""

    people: int
    seconds: float
    turns: int
    turns_a_minute: float
    """Of all together."""
    said_seconds: float
    """Of one turn, on average: the person's words."""
    spoken_seconds: float
    """The answer."""
    first_sound: Latency | None
    """From the end of speech to the first audible packet; None: there was none."""
    first_picture: Latency | None
    """To the first picture that moves."""
    steps: dict[str, Latency]
    """The measures of `projections.replay.measures`, from the log."""
    pictures_a_second: float
    late_pictures: float
    """Share of the pictures of answers that had not come when the next one was due."""
    unsent_pictures: float
    """Share that the gateway had not in time."""
    longest_gap: float
    """Milliseconds between two pictures of an answer."""
    failures: dict[str, int]
    """Turns and calls that went wrong, by kind."""
    leaks: dict[str, int]
    """Words and sounds of another person, by kind; empty: none."""
    examples: list[str]
    """What was said, heard and answered in some of the turns that went wrong."""
    misheard: int
    """Turns in which less than half of the words were recognised; not a failure of the system under load."""
    split: int
    """Turns whose line was taken for two phrases; not a failure under load either."""
    checked_sounds: int
    """Packets of sound that were compared with those on the log of their own conversation."""
    kilobits: float
    """That one call received a second, on average, without what the network adds."""
    notes: Latency | None = None
    """From a voice note in the folder to its answer there; None: none was answered."""
    looks: Looks | None = None

    @property
    def is_quick(self) -> bool:
        """Whether 19 of 20 answers began within a second, and nothing failed."""
        return not self.failures and not self.leaks and self.first_sound is not None and self.first_sound.p95 < 1000


@dataclass
class Checked:
    """What the log says of the calls, looked up when they were over."""

    steps: dict[str, list[float]] = field(default_factory=dict)
    """Milliseconds by measure."""
    foreign_sounds: int = 0
    """Audible packets that are in another conversation of this test, and not in their own."""
    unknown_sounds: int = 0
    """Audible packets that are in none."""
    sounds: int = 0
    missing: int = 0
    """Conversations that could not be looked up."""


def latency(milliseconds: Sequence[float]) -> Latency | None:
    if not milliseconds:
        return None
    p50, p95, p99 = percentiles(milliseconds, 50, 95, 99)
    return Latency(round(p50, 1), round(p95, 1), round(p99, 1), round(max(milliseconds), 1), len(milliseconds))


def leaks_in(turns: Sequence[Turn], dealt: Mapping[int, Sequence[Line]]) -> Counter[str]:
    """Words of another person in what was heard and answered."""
    found: Counter[str] = Counter()
    for turn in turns:
        own, others = [line.text for line in dealt[turn.person]], others_than(turn.person, dealt)
        if whose(turn.heard, own, others) == "another's":
            found["another's words heard"] += 1
        if whose(turn.reply, own, others) == "another's":
            found["another's words answered"] += 1
    return found


def result(
    dealt: Mapping[int, Sequence[Line]], turns: Sequence[Turn], seconds: float, checked: Checked, *,
    looks: Looks | None = None, received: int = 0, notes: NoteSender | None = None, broken: Sequence[str] = (),
) -> Result:  # fmt: skip
    """The figures of the turns of some persons.

    Args:
        dealt: the lines of each person by number; none: they only listened.
        seconds: in which the turns were.
        received: bytes of sound and pictures that all of them received meanwhile.
        notes: the voice notes that were sent beside; they are of nobody of the persons.
        broken: why calls ended by themselves.
    """
    leaks = leaks_in(turns, dealt)
    failures = Counter(turn.failure for turn in turns if turn.failure)
    if notes is not None:
        own, others = [line.text for line in notes.lines], others_than(-1, dealt)
        leaks["another's words in the answer to a note"] += sum(
            whose(note.reply, own, others) == "another's" for note in notes.notes
        )
        failures["note without an answer"] += sum(note.seconds is None for note in notes.notes)
    if checked.foreign_sounds:
        leaks["packets of another's sound"] = checked.foreign_sounds
    failures.update(f"call: {why}" for why in broken)
    if checked.unknown_sounds:
        failures["packets of sound that are on no log"] = checked.unknown_sounds
    if checked.missing:
        failures["conversation could not be looked up"] = checked.missing
    expected = sum(turn.expected_pictures for turn in turns)
    shown = expected - sum(turn.unsent_pictures for turn in turns)
    count = max(1, len(turns))
    return Result(
        people=len(dealt),
        seconds=round(seconds, 1),
        turns=len(turns),
        turns_a_minute=round(60 * len(turns) / seconds, 1) if seconds else 0.0,
        said_seconds=round(sum(turn.said_seconds for turn in turns) / count, 2),
        spoken_seconds=round(sum(turn.spoken_seconds for turn in turns) / count, 2),
        first_sound=latency([1000 * turn.audible for turn in turns if turn.audible is not None]),
        first_picture=latency([1000 * turn.moving for turn in turns if turn.moving is not None]),
        steps={name: found for name, values in checked.steps.items() if (found := latency(values))},
        pictures_a_second=round(25 * shown / expected, 2) if expected else 0.0,
        late_pictures=round(sum(turn.late_pictures for turn in turns) / expected, 4) if expected else 0.0,
        unsent_pictures=round(sum(turn.unsent_pictures for turn in turns) / expected, 4) if expected else 0.0,
        longest_gap=round(1000 * max((turn.longest_gap for turn in turns), default=0.0)),
        failures=dict(+failures),
        leaks=dict(+leaks),
        examples=[_words_of(turn) for turn in turns if turn.failure][:_EXAMPLES],
        misheard=sum(bool(turn.heard) and share_of(turn.said, turn.heard) < UNDERSTOOD for turn in turns),
        split=sum(turn.phrases > 1 for turn in turns),
        checked_sounds=checked.sounds,
        kilobits=round(received * 8 / 1000 / seconds / max(1, len(dealt)), 1) if seconds else 0.0,
        notes=latency([1000 * note.seconds for note in notes.notes if note.seconds is not None]) if notes else None,
        looks=looks,
    )


def _words_of(turn: Turn) -> str:
    return f"{turn.failure}: person {turn.person} said “{turn.said}”, heard “{turn.heard}”, answered “{turn.reply}”"


def _cells(one: Latency | None) -> list[str]:
    return ["–"] * 3 if one is None else [f"{one.p50:.0f}", f"{one.p95:.0f}", f"{one.p99:.0f}"]


def _named(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} × {name}" for name, count in counts.items()) or "0"


SUMMARY_HEAD = (
    "people", "turns", "turns a minute", "first sound, ms: p50", "p95", "p99", "first picture that moves: p50", "p95",
    "p99", "pictures a second", "late pictures", "failures", "leaks",
)  # fmt: skip


def summary_row(one: Result) -> list[str]:
    """One line of the table that compares numbers of people."""
    return [
        str(one.people), str(one.turns), f"{one.turns_a_minute:.0f}", *_cells(one.first_sound),
        *_cells(one.first_picture), f"{one.pictures_a_second:.1f}", f"{100 * one.late_pictures:.1f} %",
        _named(one.failures), _named(one.leaks),
    ]  # fmt: skip


def details(one: Result) -> str:
    """The steps of the turns, what each process took, and the queues."""
    parts = [
        f"{one.people} people for {one.seconds:.0f} s; a person spoke {one.said_seconds:.1f} s in a turn, and the "
        f"avatar {one.spoken_seconds:.1f} s; of {one.turns} turns {one.misheard} misheard and {one.split} taken for "
        f"two; {one.checked_sounds} packets of sound compared with the log; longest gap between two pictures "
        f"{one.longest_gap:.0f} ms; a call received {one.kilobits:.0f} kbit/s."
    ]
    parts += one.examples
    if one.steps:
        rows = [[name, *_cells(found), f"{found.most:.0f}"] for name, found in one.steps.items()]
        parts.append(table(["ms, from the log", "p50", "p95", "p99", "max"], rows))
    if one.notes is not None:
        p50, p95, p99 = _cells(one.notes)
        parts.append(f"{one.notes.count} voice notes were answered, after {p50} ms (p50), {p95} (p95), {p99} (p99).")
    if one.looks is not None:
        parts += _of_looks(one, one.looks)
    return "\n\n".join(parts)


def _of_looks(one: Result, looks: Looks) -> list[str]:
    rows = [
        [name, f"{100 * seconds / looks.seconds:.1f}", f"{1000 * seconds / max(1, one.turns):.0f}",
         f"{looks.memory.get(name, 0) / (1 << 20):.0f}"]
        for name, seconds in sorted(looks.cpu_seconds.items())
    ]  # fmt: skip
    parts = [table(["process", "% of a core", "ms of a core a turn", "MiB at the end"], rows)]
    names = sorted({name for _, waiting in looks.queues for name in waiting})
    if names:
        step = -(-len(looks.queues) // 6)
        shown = looks.queues[::step]
        rows = [[name, *(str(waiting.get(name, 0)) for _, waiting in shown),
                 str(max(waiting.get(name, 0) for _, waiting in looks.queues))] for name in names]  # fmt: skip
        parts.append(table(["waiting work after", *(f"{at:.0f} s" for at, _ in shown), "at the most"], rows))
    grown = {name: size for name, size in looks.stream_bytes.items() if size > 0}
    if grown:
        rows = [
            [name, f"{size / 1e6:.2f}", f"{size / 1000 / max(1, one.turns):.1f}",
             f"{looks.stream_messages[name] / max(1, one.turns):.1f}", str(looks.stream_consumers.get(name, 0))]
            for name, size in grown.items()
        ]  # fmt: skip
        parts.append(table(["stream", "MB more", "KB a turn", "messages a turn", "readers at the most"], rows))
    return [*parts, f"Load of the machine at the end: {looks.load:.1f}."]
