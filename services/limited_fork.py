"""Does something with what a stranger sent in a fork of this process, which has limits of its own.

What kills the fork, or takes it over, meets nobody else. The process that forks should be freshly started and hold
nothing but what the work needs.
"""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_STANDARD_INPUT, _STANDARD_OUTPUT = 0, 1


@dataclass(frozen=True)
class Limits:
    memory: int
    """Bytes of address space beside what this process has now."""
    processor_seconds: int
    seconds: int
    """By the clock, also if it only waits."""
    files: int = 16
    """Files and sockets that may be open at once, beside those that are; it can write to none but the one for its
    result. 0: it can open none."""


@dataclass(frozen=True)
class Died:
    """The fork gave no result."""

    status: int
    """Its exit status; negative: the signal that ended it, SIGXCPU after its processor seconds."""


def run_in_fork(work: Callable[[], bytes], limits: Limits) -> bytes | Died:
    """The result of the work, done in a fork under those limits; or how the fork died."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            for end in (read_end, _STANDARD_INPUT, _STANDARD_OUTPUT):  # other work, and what becomes of it
                os.close(end)
            _limit(limits)
            with os.fdopen(write_end, "wb") as pipe:
                pipe.write(work())
            status = 0
        finally:
            os._exit(status)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        result = pipe.read()
    _, status = os.waitpid(child, 0)
    return result if status == 0 else Died(os.waitstatus_to_exitcode(status))


def _limit(limits: Limits) -> None:
    """Set the limits of this process. It cannot raise them again."""
    memory = _address_space() + limits.memory
    kinds: Sequence[tuple[int, int, int]] = (
        (resource.RLIMIT_AS, memory, memory),
        # One second more until SIGKILL, so that SIGXCPU tells why.
        (resource.RLIMIT_CPU, limits.processor_seconds, limits.processor_seconds + 1),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_NOFILE, limits.files, limits.files),
    )
    for kind, soft, hard in kinds:
        resource.setrlimit(kind, (soft, hard))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(limits.seconds)


def _address_space() -> int:
    """Bytes of address space of this process."""
    with open("/proc/self/statm") as statm:  # noqa: PTH123 - nothing that has to be imported after the fork
        return int(statm.read().split()[0]) * resource.getpagesize()
