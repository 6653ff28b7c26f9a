"""Faults of a graphics card: what an error says about it, and whether this process may go on using it.

A card is full (no memory for this piece of work), lost (its context in this process is broken, which never heals) or
absent (no driver, no card, or no library that can use it). The errors of torch, CTranslate2 and NVML are told apart by
their texts, which is all that they share.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, TypeAlias, get_args

from bus.errors import EngineError
from bus.process.metrics import GaugeReading

log = logging.getLogger(__name__)

Cause: TypeAlias = Literal["full", "lost", "absent"]
CAUSES: tuple[Cause, ...] = get_args(Cause)

PAUSES = (15.0, 60.0, 300.0)
"""Seconds for which a card that was full is left alone, the first time and each further time; the last one repeats."""
EARLIEST_RESTART = 300.0
"""Seconds from the start of a process to the restart that a lost card brings about: a card that stays broken must not
make its service start again and again."""

_OF_A_CARD = (
    "cuda error", "cuda failed", "cuda out of memory", "cuda driver", "cuda unknown error", "cuda call failed",
    "not compiled with cuda", "no cuda gpus", "cublas", "cudnn", "cufft", "nvidia driver", "nvml_success",
)  # fmt: skip
_FULL = (
    "out of memory", "alloc_failed", "allocation_failed",
    # What these libraries say where there is no memory for their handles.
    "cublas_status_not_initialized", "cudnn_status_not_initialized",
    # torch asks NVML how full the card is while it reports that it is, and where that fails reports this instead.
    "nvml_success ==",
)  # fmt: skip
_ABSENT = (
    "no cuda gpus", "no cuda-capable device", "driver version is insufficient", "no nvidia driver",
    "not compiled with cuda", "is not found or cannot be loaded", "no kernel image is available",
    "invalid device ordinal",
)  # fmt: skip


class GpuFault(EngineError):
    """The graphics card failed this piece of work. Where it was full, a later try can help."""

    def __init__(self, detail: str, *, cause: Cause) -> None:
        super().__init__(detail, code=f"gpu_{cause}", retryable=cause == "full")
        self.cause = cause


def cause_of(error: BaseException) -> Cause | None:
    """What an error of any library says about the graphics card; None: it is about something else.

    Of CUDA's errors only the lack of memory leaves the context usable for certain, so all others count as its loss.
    """
    if isinstance(error, GpuFault):
        return error.cause
    text = str(error).lower()
    if type(error).__name__ == "OutOfMemoryError":  # torch's, which is raised for devices only
        return "full"
    if not any(part in text for part in _OF_A_CARD):
        return None
    if any(part in text for part in _FULL):
        return "full"
    return "absent" if any(part in text for part in _ABSENT) else "lost"


@contextmanager
def gpu_faults(action: str) -> Iterator[None]:
    """Raise errors of a graphics card as GpuFault, and leave all others alone.

    Args:
        action: what is being done, as in "cannot speak".
    """
    try:
        yield
    except GpuFault:
        raise
    except Exception as error:
        cause = cause_of(error)
        if cause is None:
            raise
        raise GpuFault(f"the graphics card cannot {action}: {first_line(error)}", cause=cause) from error


def first_line(error: BaseException) -> str:
    """The first line of an error's text, without the advice that torch adds below it."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


class GpuUse:
    """Whether this process may use its graphics card. May be used by several threads.

    After a lack of memory the card is left alone for a while; after its loss for good, until the process starts again.

    Args:
        pauses: seconds after a lack of memory; see `PAUSES`.
        clock: seconds.
    """

    def __init__(self, pauses: Sequence[float] = PAUSES, clock: Callable[[], float] = time.monotonic) -> None:
        self._pauses = pauses
        self._clock = clock
        self._lock = threading.Lock()
        self._began = clock()
        self._counts: dict[Cause, int] = dict.fromkeys(CAUSES, 0)
        self._fault: GpuFault | None = None
        self._in_a_row = 0
        """Lacks of memory since the card last did its work."""
        self._retry_at = 0.0
        self._has_worked = False
        self.cause: Cause | None = None
        """Why another engine serves in place of the card's; None: the card does its work, or none is wanted."""

    @property
    def usable(self) -> bool:
        """Whether the next piece of work may go to the card: also to find out whether it has memory again."""
        return self.cause is None or (self.cause == "full" and self._clock() >= self._retry_at)

    def record(self, fault: GpuFault) -> None:
        """Count a piece of work that the card failed, and leave the card alone from now on."""
        with self._lock:
            cause = fault.cause
            if cause == "absent" and self._has_worked:
                cause = "lost"
            self._counts[cause] += 1
            if cause == "full" and not self.usable:
                return  # work that had begun before
            if cause == "full":
                self._retry_at = self._clock() + self._pauses[min(self._in_a_row, len(self._pauses) - 1)]
                self._in_a_row += 1
            self.cause, self._fault = cause, fault
        log.error("the graphics card is not used", extra={"cause": cause, "why": fault.detail})

    def worked(self) -> None:
        """The card has done a piece of work."""
        with self._lock:
            self._has_worked = True
            if self.cause in ("lost", "absent") or self.cause is None:
                return
            self.cause, self._fault, self._in_a_row = None, None, 0
        log.info("the graphics card is used again")

    @contextmanager
    def watched(self, action: str) -> Iterator[None]:
        """Raise errors of the card as GpuFault and record them; see `gpu_faults`."""
        try:
            with gpu_faults(action):
                yield
        except GpuFault as fault:
            self.record(fault)
            raise

    def note(self) -> str:
        """What a person should know of it, in one line; "" where the card does its work."""
        with self._lock:
            detail = "" if self._fault is None else self._fault.detail
            left = max(0.0, self._retry_at - self._clock())
        match self.cause:
            case "full":
                when = f"is full, and is tried again in {left:.0f} s" if left else "was full, and is tried again next"
                return f"the graphics card {when}"
            case "lost":
                return f"the graphics card failed, and is used again after a restart, in a pause: {detail}"
            case "absent":
                return f"the graphics card cannot be used: {detail}"
        return ""

    def metadata(self) -> dict[str, str]:
        """What discovery tells of it."""
        return {} if self.cause is None else {"gpu_fault": self.cause}

    def why_restart(self) -> str | None:
        """Why this process should end as soon as nobody is served, to be started again; None: it should not."""
        if self.cause == "lost" and self._clock() >= self._began + EARLIEST_RESTART:
            return "the graphics card failed, and a process that has met that cannot use it again"
        return None

    def readings(self) -> Iterator[GaugeReading]:
        """Metrics: how often the card failed, and whether another engine serves in its place."""
        for cause, count in self._counts.items():
            labels = {"cause": cause}
            about = "Pieces of work that the graphics card failed and the processor's engine took over."
            yield GaugeReading("gpu_fallbacks_total", about, count, labels)
            about = "Whether the processor's engine serves because the graphics card is full, lost or absent."
            yield GaugeReading("gpu_fallback", about, float(self.cause == cause and not self.usable), labels)


GPU_USE = GpuUse()
"""Of this process."""
