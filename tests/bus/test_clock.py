"""A clock that is off is corrected by the server's, as far as its answers tell."""

from __future__ import annotations

import pytest

from bus import clock

S = 1_000_000
ASKED = 1_790_000_000 * S


@pytest.fixture(autouse=True)
def uncorrected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_correction", 0)


@pytest.mark.parametrize(
    ("server", "took", "ahead"),
    [
        (15.0, 0.01, -15.0),
        (-90.0, 0.01, 90.0),
        (0.6, 0.01, 0.0),  # so much is nothing
        (1.5, 3.0, 0.0),  # a slow answer of a server with the same time
        (0.0, 3.0, 0.0),
        (3.0, 3.0, 0.0),
        (16.5, 3.0, -13.5),  # slow, and yet the clock is off for certain, by so much at the least
        (-13.5, 3.0, 13.5),
        (7.5, 9.0, 0.0),  # held up after the answer
        (-1.5, 9.0, 1.5),  # or before it was asked
        (15.0, -0.5, 0.0),  # the clock was set meanwhile
        (15.0, 11.0, 0.0),
    ],
)
def test_a_clock_is_corrected_where_the_answer_is_certain(server: float, took: float, ahead: float) -> None:
    changed = clock.learn(ASKED + int(server * S), ASKED, ASKED + int(took * S))
    assert clock.ahead() == pytest.approx(ahead, abs=0.01)
    assert changed is (ahead != 0.0)


def test_what_a_slow_answer_told_is_refined_by_a_fast_one_and_not_by_another_slow_one() -> None:
    assert clock.learn(ASKED + 17 * S, ASKED, ASKED + 3 * S)  # the clock is 15 s behind
    assert clock.ahead() == -14.0
    for late in (0, 1, 3):
        assert not clock.learn(ASKED + 15 * S + late * S, ASKED, ASKED + 3 * S)
    assert clock.learn(ASKED + 15 * S, ASKED, ASKED)
    assert clock.ahead() == -15.0
    assert clock.learn(ASKED, ASKED, ASKED)  # it was set right
    assert clock.ahead() == 0.0
