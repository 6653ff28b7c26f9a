"""Times an engine once on this machine, so that `auto` takes none that cannot keep up with speech.

The result is kept in a small file for each engine, with the machine and the model that it is about: on another machine,
or with another version of the model, the engine is timed again.
"""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from bus.errors import EngineError
from bus.settings import Settings
from services.models.files import Model

log = logging.getLogger(__name__)

LIMIT = 0.8
"""Seconds of work for a second of speech; the rest is for what else the machine does in a conversation."""
TRIES = 3
PATIENCE = 20.0
"""Seconds after which no further try begins."""
BUSY = 1.5
"""Time by the clock over processor time from which on other processes held the engine up, and slowed its core too."""
BUSY_HOLDS = 600.0
"""Seconds for which such a result holds nevertheless: a voice that comes back after a fault is not mute meanwhile."""
TOO_SLOW = "too_slow"
"""The code of the error."""

ServiceName: TypeAlias = Literal["stt", "tts"]
Workload: TypeAlias = Callable[[], float]
"""Recognises or speaks a sentence; returns the seconds of its sound."""


class Speed(msgspec.Struct, frozen=True):
    """How fast an engine was on a machine."""

    service: ServiceName
    engine: str
    model: str
    """The model and its version."""
    machine: str
    factor: float
    """Real-time factor: seconds of work for a second of speech, the best of the tries."""
    date: str
    """ISO 8601."""
    busy: bool = False
    """Whether the machine was busy with other things: an engine that was too slow then is timed again, later."""

    @property
    def keeps_up(self) -> bool:
        return self.factor <= LIMIT

    @property
    def sentence(self) -> str:
        """The result for people, as one sentence without a full stop."""
        verb = "keeps up" if self.keeps_up else "does not keep up"
        limit = "" if self.keeps_up else f", at most {LIMIT:g} is accepted"
        busy = " while the machine was busy, so it is timed again at a start after ten minutes" if self.busy else ""
        return (
            f"{self.engine} {verb} with speech on this machine: it takes {self.factor:.2g} s for a second of speech"
            f"{limit} (timed on {self.date}{busy})"
        )


class EngineSpeeds:
    """The speeds of engines on this machine, kept in a folder.

    Args:
        folder: of one file for each engine; made when the first is written.
        machine: what tells this machine from others.
        wall: a clock, in seconds.
        processor: the processor time of this process, in seconds.
    """

    def __init__(
        self,
        folder: Path,
        machine: str | None = None,
        wall: Callable[[], float] = time.perf_counter,
        processor: Callable[[], float] = time.process_time,
    ) -> None:
        self.folder = folder
        self._machine = machine or this_processor()
        self._wall = wall
        self._processor = processor

    @classmethod
    def of(cls, settings: Settings) -> EngineSpeeds:
        return cls(settings.data_folder / "speed")

    def all(self) -> list[Speed]:
        """Those of this machine, by engine."""
        found = (_read(path) for path in sorted(self.folder.glob("*.json")))
        return [one for one in found if one is not None and one.machine == self._machine]

    def path(self, engine: str) -> Path:
        """The file about an engine."""
        return self.folder / f"{engine}.json"

    def why_too_slow(self, engine: str, model: str) -> str | None:
        """That the engine was too slow with this model, as one sentence; None if it was not, or was never timed."""
        speed = self._known(engine, model)
        return None if speed is None or speed.keeps_up else speed.sentence

    def note(self, service: ServiceName) -> str:
        """The engines of a service that do not keep up, in one line; "" for none."""
        return "; ".join(one.sentence for one in self.all() if one.service == service and not one.keeps_up)

    def check(
        self, service: ServiceName, engine: str, model: str, workload: Workload, *, on_processor: bool = True
    ) -> None:
        """Time an engine that was never timed here with this model, and remember the result.

        The time of a try is what passed by the clock, or the processor time of this process where that is less: another
        process that keeps the machine busy for a moment condemns no engine.

        Args:
            on_processor: False for an engine on a graphics card, which is timed by the clock alone.
        Raises:
            EngineError: it does not keep up.
        """
        speed = self._known(engine, model)
        if speed is None:
            factor, busy = self._time(workload, on_processor)
            date = f"{datetime.now(UTC):%Y-%m-%d}"
            speed = Speed(service, engine, model, self._machine, round(factor, 4), date, busy and factor > LIMIT)
            log.info("engine timed", extra={"engine": engine, "real_time_factor": speed.factor, "limit": LIMIT})
            self._write(speed)
        if not speed.keeps_up:
            raise EngineError(speed.sentence, code=TOO_SLOW)

    def _time(self, workload: Workload, on_processor: bool) -> tuple[float, bool]:
        """The real-time factor of the best try, and whether the machine was busy then.

        No try follows one that is good enough.
        """
        best, busy = float("inf"), False
        first = self._wall()
        for _ in range(TRIES):
            wall, processor = self._wall(), self._processor()
            seconds = max(workload(), 1e-3)
            by_clock, by_processor = self._wall() - wall, self._processor() - processor
            took = min(by_clock, by_processor) if on_processor else by_clock
            if took / seconds < best:
                best, busy = took / seconds, on_processor and by_clock > BUSY * by_processor
            if best <= LIMIT or self._wall() - first > PATIENCE:
                break
        return best, busy

    def _known(self, engine: str, model: str) -> Speed | None:
        path = self.path(engine)
        speed = _read(path)
        if speed is None or (speed.machine, speed.model) != (self._machine, model):
            return None
        with suppress(FileNotFoundError):
            if speed.busy and time.time() - path.stat().st_mtime > BUSY_HOLDS:
                return None
        return speed

    def _write(self, speed: Speed) -> None:
        path = self.path(speed.engine)
        part = path.with_suffix(f".{os.getpid()}")  # several workers may time the same engine
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            part.write_bytes(msgspec.json.encode(speed))
            part.replace(path)
        except OSError as error:
            log.warning("an engine's speed is not remembered", extra={"file": str(path), "why": error.strerror})


def _read(path: Path) -> Speed | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Speed)
    except (OSError, msgspec.DecodeError):
        return None  # never timed, or written by another version


def version_of(model: Model) -> str:
    """A model's name and a hash of its files."""
    return f"{model.name} {hashlib.sha256(' '.join(file.sha256 for file in model.files).encode()).hexdigest()[:12]}"


def this_processor() -> str:
    """The processor and the number of its cores that this process may use."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
        cores = len(os.sched_getaffinity(0))
    except (OSError, AttributeError):  # no Linux
        name, cores = "", os.cpu_count() or 1
    return f"{cores} × {name or platform.processor() or platform.machine()}"
