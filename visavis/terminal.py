"""What goes to a terminal: colours, lengths, sizes. Pure."""

from __future__ import annotations


def painted(text: str, code: str, *, color: bool = True) -> str:
    """Text in a colour.

    Args:
        code: of the colour, such as 31 for red; "": the colour is left as it is.
    """
    return f"\x1b[{code}m{text}\x1b[0m" if color and code and text else text


def duration(microseconds: float) -> str:
    """A length of time with three or four digits, in milliseconds, seconds or minutes."""
    length = abs(microseconds)
    if length < 10_000:
        return f"{microseconds / 1e3:.1f} ms"
    if length < 1_000_000:
        return f"{microseconds / 1e3:.0f} ms"
    if length < 120_000_000:
        return f"{microseconds / 1e6:.{2 if length < 10_000_000 else 1}f} s"
    return f"{microseconds / 60e6:.0f} min"


def size(count: int) -> str:
    """Bytes in the largest unit that gives a number of 1 or more."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"
