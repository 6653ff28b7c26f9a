"""Rules that a re-run has to keep, for use as a regression test: `--fail-if 'wer>+0.02'`. Pure.

`NAME[.p50|.p95]>VALUE` fails where the re-run is above the value; with a sign, where it differs from the recording by
more: `wer>+0.02`, `answer.p95>+10%`, `first_audio>+50ms`, `answer.p50>900ms`, `failures>0`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from msgspec import Struct

from bus.errors import InvalidInput
from projections.replay.measures import MEASURES

_RULE = re.compile(r"\s*([a-z_]+)(?:\.(p50|p95))?\s*(>=|<=|>|<)\s*([+-]?)(\d+(?:\.\d+)?|\.\d+)\s*(%|ms|s|)\s*")
_Unit: TypeAlias = Literal["%", "ms", "s", ""]

Numbers: TypeAlias = Mapping[str, tuple[float, float]]
"""Before and after, by name: wer, failures, answer.p50 (milliseconds) …"""


@dataclass(frozen=True)
class Rule:
    """One condition that must not hold."""

    text: str
    name: str
    """As in `Numbers`."""
    operator: str
    relative: bool
    """Whether the value is a difference from the recording."""
    value: float
    """Milliseconds of latencies; a share where `percent`."""
    percent: bool


class RuleResult(Struct, frozen=True, kw_only=True):
    """Whether a rule is kept."""

    rule: str
    kept: bool
    why: str


def parse_rule(text: str) -> Rule:
    """Raises InvalidInput if it is no rule."""
    match = _RULE.fullmatch(text)
    if match is None:
        raise InvalidInput(f"--fail-if takes a rule such as wer>+0.02 or answer.p95>+10%, got {text!r}")
    name, point, operator, sign, number, unit = match.groups()
    is_latency = name in MEASURES
    if not is_latency and name not in ("wer", "failures"):
        raise InvalidInput(f"--fail-if {text}: there are wer, failures, {', '.join(MEASURES)}, got {name!r}")
    _check_unit(text, cast("_Unit", unit), bool(sign), is_latency=is_latency, point=point)
    value = float(number) * {"%": 0.01, "s": 1000.0}.get(unit, 1.0) * (-1 if sign == "-" else 1)
    full = f"{name}.{point or 'p50'}" if is_latency else name
    # A word error rate is a share itself: +2 % are two points more, as +0.02.
    return Rule(text.strip(), full, operator, bool(sign), value, unit == "%" and is_latency)


def _check_unit(text: str, unit: _Unit, relative: bool, *, is_latency: bool, point: str | None) -> None:
    if point and not is_latency:
        raise InvalidInput(f"--fail-if {text}: only latencies have percentiles")
    if is_latency and (unit == "" or (unit == "%" and not relative)):
        raise InvalidInput(f"--fail-if {text}: a latency is given in ms or s, or its change in %, e.g. >+10%")
    if (not is_latency and unit in ("ms", "s")) or (unit == "%" and text.strip().startswith("failures")):
        raise InvalidInput(f"--fail-if {text}: only latencies are given in {unit}")


def judge(rule: Rule, numbers: Numbers) -> RuleResult:
    """Whether a rule is kept; one that cannot be judged is not."""
    found = numbers.get(rule.name)
    if found is None:
        return RuleResult(rule=rule.text, kept=False, why=f"there is nothing to tell {rule.name} by")
    before, after = found
    measured = after - before if rule.relative else after
    if rule.percent:
        if not before:
            same = after == before
            return RuleResult(rule=rule.text, kept=same, why=f"{_show(rule, before)} before, {_show(rule, after)} now")
        measured /= abs(before)
    broken = {
        ">": measured > rule.value, ">=": measured >= rule.value, "<": measured < rule.value,
        "<=": measured <= rule.value,
    }[rule.operator]  # fmt: skip
    return RuleResult(rule=rule.text, kept=not broken, why=f"{_show(rule, before)} before, {_show(rule, after)} now")


def _show(rule: Rule, value: float) -> str:
    if rule.name == "wer":
        return f"{100 * value:.1f} %"
    return f"{value:.0f}" if rule.name == "failures" else f"{value:.0f} ms"
