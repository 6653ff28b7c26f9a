"""The exceptions of Visavis.

    VisavisError                    code, retryable
    ├── ConfigurationError          a setting, a file or a port is wrong; the process stops
    ├── InvalidInput                a request of a person or a client is invalid
    │   ├── NotFound                the object named does not exist
    │   └── TooLarge                larger than a stated limit
    ├── Exhausted                   all that there is of something is in use; it helps to wait
    ├── TooMany                     a person, or an address, asks for more than its share; it helps to wait
    ├── UndecodableEvent            bytes on the log that this version cannot decode
    ├── EngineError                 a model failed; `retryable` tells whether trying again can help
    │   └── EngineBusy              it asks to be left alone for a while
    └── BusError                    NATS refused, timed out or is away
        ├── Forbidden               NATS denies this user the permission
        ├── StreamMissing           a stream is not there; it may be made again
        ├── StreamStalled           media ended before their final chunk
        ├── LogReplaced             a stream is another one than before: made again, emptied, or put back from a copy
        └── Conflict                the fence no longer holds: another process published first

Adapters translate third-party errors into these with `raise … from error`.
"""

from __future__ import annotations


class VisavisError(Exception):
    """Base of all expected failures.

    Args:
        detail: one sentence with the expected and the actual value, units included.
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


class Exhausted(VisavisError):
    code = "unavailable"
    retryable = True


class TooMany(VisavisError):
    """More than one person, or one address, may have.

    Args:
        wait: seconds after which it may be tried again.
    """

    code = "too_many_requests"
    retryable = True

    def __init__(self, detail: str, *, wait: float) -> None:
        super().__init__(detail)
        self.wait = wait


class UndecodableEvent(VisavisError):
    code = "undecodable_event"


class EngineError(VisavisError):
    code = "engine_failed"


class EngineBusy(EngineError):
    """A model asks to be left alone for a while.

    Args:
        wait: seconds, counted from now.
    """

    code = "engine_busy"
    retryable = True

    def __init__(self, detail: str, *, wait: float, code: str | None = None) -> None:
        super().__init__(detail, code=code)
        self.wait = wait


class BusError(VisavisError):
    code = "bus"
    retryable = True


class Forbidden(BusError):
    code = "forbidden"
    retryable = False


class StreamMissing(BusError):
    """A stream is not there."""


class StreamStalled(BusError):
    code = "stream_stalled"


class LogReplaced(BusError):
    code = "log_replaced"


class Conflict(BusError):
    code = "conflict"
    retryable = False
