"""The errors of Visavis, as a tree.

    VisavisError                    code, retryable
    ├── ConfigurationError          a setting, a file or a port is wrong; the process stops
    ├── InvalidInput                what a person or a client sent cannot be taken
    │   ├── NotFound                the thing named does not exist
    │   └── TooLarge                over a stated limit
    ├── UndecodableEvent            bytes on the log that are not an event we know
    ├── EngineError                 a model failed; says whether trying again can help
    └── BusError                    NATS refused, timed out or is away
        ├── Forbidden               NATS does not let this user do that
        ├── StreamStalled           followed media stopped before its final chunk
        └── Conflict                the subject has moved on; somebody else was first

Adapters translate third-party errors into these with `raise … from error`.
"""

from __future__ import annotations


class VisavisError(Exception):
    """Anything that went wrong and has a name.

    Args:
        detail: one sentence with what was expected and what came, units included.
    """

    code = "error"
    retryable = False

    def __init__(self, detail: str, *, retryable: bool | None = None, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if retryable is not None:
            self.retryable = retryable
        if code is not None:
            self.code = code


class ConfigurationError(VisavisError):
    code = "configuration"


class InvalidInput(VisavisError):
    code = "invalid_input"


class NotFound(InvalidInput):
    code = "not_found"


class TooLarge(InvalidInput):
    code = "too_large"


class UndecodableEvent(VisavisError):
    code = "undecodable_event"


class EngineError(VisavisError):
    code = "engine_failed"


class BusError(VisavisError):
    code = "bus"
    retryable = True


class Forbidden(BusError):
    code = "forbidden"
    retryable = False


class StreamStalled(BusError):
    code = "stream_stalled"


class Conflict(BusError):
    code = "conflict"
    retryable = False
