"""Lines of one kind do not fill a disk."""

from __future__ import annotations

import io
import logging

from bus.process.logging_setup import FieldFormatter
from bus.process.repeated_lines import RepeatedLines


def test_of_many_lines_of_one_kind_some_are_printed_and_then_their_number() -> None:
    now = [0.0]
    printed = io.StringIO()
    handler = logging.StreamHandler(printed)
    handler.setFormatter(FieldFormatter())
    handler.addFilter(RepeatedLines(60, clock=lambda: now[0]))
    log = logging.Logger("attacked")
    log.addHandler(handler)
    for number in range(1000):
        log.warning("request failed", extra={"path": f"/{number}"})
    log.warning("another kind")
    assert printed.getvalue().count("request failed") == 60
    assert printed.getvalue().count("another kind") == 1
    now[0] = 61.0
    log.warning("request failed", extra={"path": "/last"})
    assert printed.getvalue().splitlines()[-1] == "WARNING request failed path=/last left_out=940"
    for _ in range(50):
        try:
            raise OSError("too many open files")
        except OSError:
            log.exception("cannot accept")
    assert printed.getvalue().count("Traceback") == 3
