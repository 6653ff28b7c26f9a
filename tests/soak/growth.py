"""Judges whether something that was measured again and again grows. Pure: no clock, no files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

_MOST_POINTS = 200
"""Points between which slopes are computed: with more of them it takes long and says the same."""
_SPREAD = 3 * 1.4826
"""Three standard deviations of what is spread normally, in median absolute deviations."""
_FEWEST_POINTS = 8
_CHEAP = 1024
"""Bytes for each turn that are no matter."""


@dataclass(frozen=True)
class Bound:
    """By how much a level may rise within an hour: a share of it, or an amount where that is more."""

    quantity: str
    unit: str
    amount: float
    share: float = 0.0
    scale: float = 1.0
    """What one unit is, for display."""

    def allowed(self, level: float) -> float:
        return max(self.amount, self.share * level)


@dataclass
class Series:
    """One quantity of one thing over time."""

    thing: str
    quantity: str
    points: list[tuple[float, float]] = field(default_factory=list)
    """Seconds since the beginning, and the value."""


@dataclass(frozen=True)
class Trend:
    """How a series went after the warm-up."""

    seconds: float
    level: float
    """The median."""
    rise: float
    """By which the fitted line rises within an hour."""
    noise: float
    """How far single values are from that line, up and down."""

    @property
    def risen(self) -> float:
        """By which the line rises within the measured time."""
        return self.rise * self.seconds / 3600


def trend(points: Sequence[tuple[float, float]], after: float) -> Trend | None:
    """The trend of what was measured later than `after` seconds; None where that is too little to say.

    The line is that of Theil and Sen: the median of the slopes between all pairs of points, which single outliers
    do not turn.
    """
    late = np.array([point for point in points if point[0] >= after], dtype=float)
    if len(late) < _FEWEST_POINTS:
        return None
    chosen = late[np.linspace(0, len(late) - 1, min(len(late), _MOST_POINTS)).astype(int)]
    at, value = chosen[:, 0], chosen[:, 1]
    first, second = np.triu_indices(len(chosen), 1)
    slope = float(np.median((value[second] - value[first]) / (at[second] - at[first])))
    rest = value - slope * at
    noise = _SPREAD * float(np.median(np.abs(rest - np.median(rest))))
    return Trend(float(at[-1] - at[0]), float(np.median(value)), 3600 * slope, noise)


def findings(series: Iterable[Series], bounds: Sequence[Bound], *, after: float, span: float) -> Iterator[str]:
    """Each series that grows, one line each.

    Args:
        after: seconds of warm-up, which are not judged.
        span: seconds for which a series must have been measured afterwards to be judged.
    """
    by_quantity = {bound.quantity: bound for bound in bounds}
    for one in series:
        bound = by_quantity.get(one.quantity)
        found = trend(one.points, _begin(one, after)) if bound else None
        if bound is None or found is None or found.seconds < span:
            continue
        allowed = bound.allowed(found.level)
        if found.rise > allowed and found.risen > found.noise:
            yield (
                f"growth: {one.quantity} of {one.thing} rises by {found.rise / bound.scale:.1f} {bound.unit} an hour "
                f"from a level of {found.level / bound.scale:.1f}; {allowed / bound.scale:.1f} are allowed "
                f"(measured over {found.seconds:.0f} s, noise {found.noise / bound.scale:.1f})"
            )


def _begin(series: Series, after: float) -> float:
    """When the warm-up of what is measured is over: it may have been started late."""
    return series.points[0][0] + after if series.points else after


def crowded(series: Iterable[Series], quantity: str, most: float) -> Iterator[str]:
    """Each series of a quantity that is over a number even at its lowest in the last third, one line each.

    A queue, or a number of consumers, goes up and down; one that never comes down any more is not emptied.
    """
    for one in series:
        values = [value for _, value in one.points[-(-2 * len(one.points) // 3) :]]
        if one.quantity == quantity and values and min(values) > most:
            yield (
                f"crowded: {quantity} of {one.thing} never came below {min(values):.0f} in the last third; "
                f"{most:.0f} may stay"
            )


def left_over(series: Iterable[Series], quantity: str, most: float) -> Iterator[str]:
    """Each series of a quantity that ends higher than it began, by more than `most`, one line each."""
    for one in series:
        if one.quantity == quantity and one.points and one.points[-1][1] - one.points[0][1] > most:
            begin, end = one.points[0][1], one.points[-1][1]
            yield f"left over: {quantity} of {one.thing}: {begin:.0f} before anybody came, {end:.0f} after all had gone"


def dearer(series: Iterable[Series], counter: str, quantities: Sequence[str], factor: float) -> Iterator[str]:
    """Each series that grows more for each of what a counter counts in the second half than in the first, by a factor.

    Args:
        counter: the quantity of one series that counts, such as the turns that were taken.
    """
    every = list(series)
    counted = next((one.points for one in every if one.quantity == counter), [])
    if len(counted) < _FEWEST_POINTS:
        return
    middle = counted[-1][1] / 2
    half = next(at for at, value in counted if value >= middle)
    for one in every:
        if one.quantity in quantities and one.points and middle:
            at_half = next((value for at, value in one.points if at >= half), one.points[-1][1])
            first, second = at_half - one.points[0][1], one.points[-1][1] - at_half
            if second > factor * first and second - first > _CHEAP * middle:
                yield (
                    f"dearer: {one.quantity} of {one.thing}: {first / middle:.0f} bytes for each of the first "
                    f"{middle:.0f} {counter}, {second / middle:.0f} for each of the others"
                )
