"""Engines are timed once, and `auto` takes none that cannot keep up with speech on this machine."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from bus.errors import ConfigurationError, EngineError
from bus.process.engines import EngineOption, load_engine
from bus.settings import Settings
from services.engine_speed import BUSY_HOLDS, LIMIT, TRIES, EngineSpeeds, version_of
from services.models.catalogue import KOKORO, MOONSHINE


class Machine:
    """A machine whose clocks advance by what a workload takes.

    Args:
        tries: seconds that each run takes, of which the share `mine` is processor time of this process.
        seconds: of speech in each run.
    """

    def __init__(self, *tries: float, mine: float = 1.0, seconds: float = 2.0) -> None:
        self.now = self.processor = 0.0
        self.runs = 0
        self._tries, self._mine, self._seconds = tries, mine, seconds

    def workload(self) -> float:
        took = self._tries[min(self.runs, len(self._tries) - 1)]
        self.now += took
        self.processor += took * self._mine
        self.runs += 1
        return self._seconds

    def speeds(self, folder: Path, name: str = "this machine") -> EngineSpeeds:
        return EngineSpeeds(folder, name, lambda: self.now, lambda: self.processor)


def test_an_engine_that_keeps_up_is_timed_once(tmp_path: Path) -> None:
    machine = Machine(1.0)
    for _ in range(3):
        machine.speeds(tmp_path).check("tts", "quick", "v1", machine.workload)
    assert machine.runs == 1
    (speed,) = machine.speeds(tmp_path).all()
    assert (speed.engine, speed.factor, speed.keeps_up) == ("quick", 0.5, True)
    assert machine.speeds(tmp_path).note("tts") == ""


def test_an_engine_that_does_not_keep_up_is_refused_each_time_and_timed_once(tmp_path: Path) -> None:
    machine = Machine(3.0)
    for _ in range(3):
        with pytest.raises(EngineError, match=r"slow does not keep up .* takes 1\.5 s .* at most 0\.8") as caught:
            machine.speeds(tmp_path).check("tts", "slow", "v1", machine.workload)
        assert (caught.value.code, caught.value.retryable) == ("too_slow", False)
    assert machine.runs == TRIES
    assert machine.speeds(tmp_path).why_too_slow("slow", "v1") == machine.speeds(tmp_path).note("tts") != ""
    assert machine.speeds(tmp_path).note("stt") == ""


def test_the_best_try_counts(tmp_path: Path) -> None:
    machine = Machine(9.0, 3.0, 1.0)
    machine.speeds(tmp_path).check("stt", "first run is slow", "v1", machine.workload)
    assert machine.speeds(tmp_path).all()[0].factor == 0.5


def test_no_further_try_of_a_very_slow_engine_begins(tmp_path: Path) -> None:
    machine = Machine(60.0)
    with pytest.raises(EngineError):
        machine.speeds(tmp_path).check("tts", "slow", "v1", machine.workload)
    assert machine.runs == 1


def test_a_busy_machine_condemns_no_engine(tmp_path: Path) -> None:
    """Of the time by the clock, another process had nine tenths."""
    machine = Machine(3.0, mine=0.1)
    machine.speeds(tmp_path).check("stt", "quick", "v1", machine.workload)
    assert machine.speeds(tmp_path).all()[0].factor == 0.15


def test_what_was_too_slow_on_a_busy_machine_is_timed_again_later(tmp_path: Path) -> None:
    """Other processes slow the core too, so the processor time is too long as well."""
    busy = Machine(8.0, mine=0.5)
    with pytest.raises(EngineError, match="the machine was busy, so it is timed again at a start after ten minutes"):
        busy.speeds(tmp_path).check("tts", "e", "v1", busy.workload)
    runs = busy.runs
    with pytest.raises(EngineError):  # the voice was killed, and comes back at once
        busy.speeds(tmp_path).check("tts", "e", "v1", busy.workload)
    assert busy.runs == runs
    path = busy.speeds(tmp_path).path("e")
    os.utime(path, (path.stat().st_mtime - BUSY_HOLDS - 1,) * 2)
    assert busy.speeds(tmp_path).why_too_slow("e", "v1") is None
    assert "timed again" in busy.speeds(tmp_path).note("tts")
    quiet = Machine(1.0)
    quiet.speeds(tmp_path).check("tts", "e", "v1", quiet.workload)
    assert (quiet.runs, quiet.speeds(tmp_path).note("tts")) == (1, "")


def test_threads_that_share_the_work_count_once(tmp_path: Path) -> None:
    machine = Machine(1.0, mine=4.0)
    machine.speeds(tmp_path).check("stt", "on four cores", "v1", machine.workload)
    assert machine.speeds(tmp_path).all()[0].factor == 0.5


def test_an_engine_on_a_graphics_card_is_judged_by_the_clock_alone(tmp_path: Path) -> None:
    machine = Machine(3.0, mine=0.1)
    with pytest.raises(EngineError):
        machine.speeds(tmp_path).check("tts", "slow", "v1", machine.workload, on_processor=False)


def test_another_machine_and_another_version_are_timed_anew(tmp_path: Path) -> None:
    machine = Machine(3.0)
    with pytest.raises(EngineError):
        machine.speeds(tmp_path).check("tts", "e", "v1", machine.workload)
    faster = Machine(0.1)
    assert faster.speeds(tmp_path, "a faster machine").all() == []
    assert faster.speeds(tmp_path).why_too_slow("e", "v2") is None
    faster.speeds(tmp_path).check("tts", "e", "v2", faster.workload)
    assert faster.runs == 1
    faster.speeds(tmp_path, "a faster machine").check("tts", "e", "v2", faster.workload)
    assert faster.runs == 2
    assert version_of(KOKORO) != version_of(MOONSHINE)


def test_what_cannot_be_read_or_written_is_timed_at_each_start(tmp_path: Path) -> None:
    machine = Machine(1.0)
    (tmp_path / "damaged.json").write_text("{")
    machine.speeds(tmp_path).check("tts", "damaged", "v1", machine.workload)
    (tmp_path / "file").write_text("no folder")
    for runs in (2, 3):
        machine.speeds(tmp_path / "file").check("tts", "e", "v1", machine.workload)
        assert machine.runs == runs


def test_auto_takes_the_next_engine_and_a_name_takes_the_slow_one(tmp_path: Path) -> None:
    machine = Machine(2 * LIMIT + 1)
    speeds = machine.speeds(tmp_path)

    def load(settings: Settings) -> str:
        if settings.tts_engine == "auto":
            speeds.check("tts", "natural", "v1", machine.workload)
        return "the natural one"

    def no_engine(settings: Settings) -> str:
        raise AssertionError("it is not loaded a second time")

    def table(load: Callable[[Settings], str]) -> tuple[EngineOption[str], ...]:
        return (
            EngineOption("natural", lambda settings: None, load, lambda settings: speeds.why_too_slow("natural", "v1")),
            EngineOption("simple", lambda settings: None, lambda settings: "the simple one"),
        )

    assert load_engine(table(load), "natural", Settings(tts_engine="natural"), setting="X")[1] == "the natural one"
    assert load_engine(table(load), "auto", Settings(), setting="X")[1] == "the simple one"
    choice, engine = load_engine(table(no_engine), "auto", Settings(), setting="X")
    assert (choice.option.name, engine) == ("simple", "the simple one")
    assert choice.reason.startswith("not natural: natural does not keep up with speech on this machine: it takes 1.3 s")
    assert load_engine(table(load), "natural", Settings(tts_engine="natural"), setting="X")[1] == "the natural one"


def test_the_last_engine_is_an_error_where_it_does_not_load(tmp_path: Path) -> None:
    machine = Machine(9.0)

    def load(settings: Settings) -> str:
        machine.speeds(tmp_path).check("stt", "only", "v1", machine.workload)
        return "never"

    with pytest.raises(ConfigurationError, match="only does not keep up"):
        load_engine((EngineOption("only", lambda settings: None, load),), "auto", Settings(), setting="X")
