"""Bars of a waterfall stand where their steps took place."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from projections.read_model_queries import ConversationSummary
from projections.replay.view import ReplayStep, ReplayTurn
from visavis.replay.pace import LONGEST_PAUSE, print_at_pace
from visavis.replay.texts import moment, summary_line
from visavis.replay.waterfall import latency, waterfall


def step(start: float, end: float | None, **rest: object) -> ReplayStep:
    fields: dict[str, object] = {"name": "transcript", "index": None, "state": "done", "engine": ""} | rest
    return ReplayStep(start=start, end=end, session=None, event="e", **fields)  # type: ignore[arg-type]


def turn(*steps: ReplayStep, start: float = 1000, end: float = 2000, **measures: float) -> ReplayTurn:
    return ReplayTurn(
        id="t", start=start, end=end, channel="web", spoken=True, person=None, reply=None, steps=steps, marks=(),
        measures=measures,
    )  # fmt: skip


def test_a_bar_is_as_long_as_its_step_and_a_short_one_is_seen() -> None:
    cut, open_ = step(1500, 2000, state="interrupted"), step(1750, None, state="open")
    steps = (step(1000, 1500), cut, step(1999.9, 2000), open_)
    columns = 40
    lines = waterfall(turn(*steps), width=columns + 47)
    bars = [line[22 : 22 + columns] for line in lines]
    assert [bar.rstrip() for bar in bars] == ["█" * 20, " " * 20 + "▓" * 20, " " * 39 + "█", " " * 30 + "░" * 10]
    assert [line[22 + columns :].split() for line in lines] == [
        ["500", "ms"], ["500", "ms", "interrupted"], ["0.1", "ms"], ["open"]
    ]  # fmt: skip


@pytest.mark.parametrize("width", [0, 20, 300])
def test_a_turn_without_length_and_steps_outside_of_it_are_drawn(width: int) -> None:
    steps = (step(1000, 1000), step(-5, 99_999), step(99_999, 99_999), step(5, 5))
    lines = waterfall(turn(*steps, end=1000), width=width)
    assert all("█" in line for line in lines)
    assert len({len(line) for line in lines}) == 1


def test_colours_change_nothing_but_the_colour() -> None:
    plain, painted = (waterfall(turn(step(1000, 1500)), width=90, color=color) for color in (False, True))
    assert [line.replace("\x1b[32m", "").replace("\x1b[0m", "") for line in painted] == plain
    assert painted != plain


def test_the_latency_is_the_sum_of_its_parts() -> None:
    assert latency(turn(answer=370, endpoint=300, transcript=70, first_frame=9)) == (
        "answer after 370 ms = endpoint 300 + transcript 70"
    )
    assert latency(turn(endpoint=300)) == ""


def test_a_time_that_no_calendar_has_is_shown_as_the_number_that_it_is() -> None:
    one = ConversationSummary(id="c", title="t", character="a", updated_at=2**62)
    assert summary_line(one) == f"c  at {2**62} µs  a           t"
    copy = replace(one, copied="rerun")
    assert summary_line(copy) == f"{summary_line(one)} (a re-run)"


def test_times_are_read_like_those_of_a_player() -> None:
    assert [moment(ms) for ms in (0, 59_999.6, 62_345, 3_600_000, -1500)] == [
        "0:00.000", "1:00.000", "1:02.345", "1:00:00.000", "-0:01.500"
    ]  # fmt: skip


async def test_lines_come_in_their_order_and_no_silence_is_waited_out() -> None:
    shown: list[str] = []
    year = 365 * 86_400_000
    lines = [(5.0, "a"), (4.0, "b"), (6.0, "c"), (float(year), "d")]
    await print_at_pace(lines, LONGEST_PAUSE, shown.append)
    assert shown == ["a", "b", "c", "d"]
