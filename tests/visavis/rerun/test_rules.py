"""Rules of regression tests."""

from __future__ import annotations

import pytest

from bus.errors import InvalidInput
from visavis.rerun.rules import judge, parse_rule

NUMBERS = {"wer": (0.10, 0.13), "failures": (0.0, 1.0), "answer.p50": (500.0, 540.0), "answer.p95": (1000.0, 1200.0)}


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ("wer>+0.02", False),
        ("wer>+0.04", True),
        ("wer > +2%", False),  # two points, not two hundredths of the rate
        ("wer>0.15", True),
        ("wer>=13%", False),
        ("wer<+0", True),
        ("failures>0", False),
        ("failures>+1", True),
        ("answer>+10%", True),
        ("answer.p50>+7%", False),
        ("answer.p95>+150ms", False),
        ("answer.p95>1.5s", True),
        ("answer.p95>=1200ms", False),
        ("answer.p95<-10%", True),
        ("first_audio>300ms", False),  # nothing to tell it by: a rule that cannot be judged is not kept
    ],
)
def test_a_rule_is_broken_where_it_holds(rule: str, kept: bool) -> None:
    assert judge(parse_rule(rule), NUMBERS).kept is kept


def test_a_change_from_nothing_is_broken_by_any_change() -> None:
    rule = parse_rule("answer>+10%")
    assert [judge(rule, {"answer.p50": (0.0, now)}).kept for now in (0.0, 1.0)] == [True, False]


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("wer", "takes a rule such as"),
        ("wer>", "takes a rule such as"),
        ("speed>3", "there are wer, failures, answer"),
        ("answer>800", "in ms or s"),
        ("answer>10%", "in ms or s"),
        ("wer.p95>0.1", "only latencies have percentiles"),
        ("wer>3ms", "only latencies are given in ms"),
        ("failures>+10%", "only latencies are given in %"),
    ],
)
def test_what_is_no_rule_is_told_in_one_sentence(rule: str, why: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        parse_rule(rule)
    assert why in raised.value.detail
