"""Logging: a line is a static message with data in fields. What people say is never logged."""

from __future__ import annotations

import logging
import sys

from bus.process.repeated_lines import RepeatedLines
from bus.settings import Settings

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class FieldFormatter(logging.Formatter):
    """`INFO work done conversation=c1 ms=12`; fields come from `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{key}={value}" for key, value in vars(record).items() if key not in _STANDARD)
        line = f"{record.levelname} {record.getMessage()}" + (f" {fields}" if fields else "")
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def set_up_logging(level: str, lines_per_minute: int = Settings().log_lines_per_minute) -> None:
    """Send log lines to standard error.

    Args:
        level: debug, info, warning or error.
        lines_per_minute: of one kind.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(RepeatedLines(lines_per_minute))
    handler.setFormatter(FieldFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("nats", "aioice", "aiortc", "libav", "httpx2", "httpcore2", "uvicorn"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
