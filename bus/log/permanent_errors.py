"""Errors of JetStream for which repeating the call cannot help."""

from __future__ import annotations

from nats.js.errors import APIError

from bus.errors import BusError, Conflict

_WRONG_LAST_SEQUENCE = 10071
_NO_SPACE = (10023, 10077, 10122)


def raise_permanent(error: APIError, what: str) -> None:
    """Raise a BusError if repeating the call cannot help."""
    if error.err_code == _WRONG_LAST_SEQUENCE:
        raise Conflict(f"{what}: {error.description}") from error
    if error.err_code in _NO_SPACE:
        raise BusError(f"{what}: the log is full ({error.description})", retryable=False, code="log_full") from error
    if error.code is not None and 400 <= error.code < 500 and error.code not in (408, 409, 429):
        raise BusError(f"{what}: {error.description}", retryable=False) from error
