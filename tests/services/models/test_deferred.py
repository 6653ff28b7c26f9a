"""What has to be fetched first is loaded in the background, and the fallback serves until then."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from bus.errors import ConfigurationError, EngineError
from bus.settings import Settings
from services.gpu_faults import GpuFault
from services.models.deferred import Deferred
from services.models.loading import fetch_and_verify, load_now_or_later, load_or_defer
from tests.services.models.sources import DATA, model, publisher

PATIENCE = 10.0


def test_the_fallback_serves_until_it_is_loaded() -> None:
    may_load = threading.Event()

    def load() -> str:
        assert may_load.wait(PATIENCE)
        return "best"

    deferred = Deferred(load, "fallback", "m", fallback_name="simple")
    assert (deferred.current, deferred.serving) == ("fallback", "simple")
    may_load.set()
    assert deferred.resolved.wait(PATIENCE)
    assert (deferred.current, deferred.serving) == ("best", "")


def test_an_attempt_that_can_succeed_later_is_repeated() -> None:
    failures = [EngineError("away", retryable=True), EngineError("away", retryable=True)]

    def load() -> str:
        if failures:
            raise failures.pop()
        return "best"

    deferred = Deferred(load, "fallback", "m", pauses=(0.01,))
    assert deferred.resolved.wait(PATIENCE)
    assert deferred.current == "best"


def test_an_attempt_that_cannot_succeed_is_not_repeated() -> None:
    attempts = []

    def load() -> str:
        attempts.append(1)
        raise EngineError("switched off")

    deferred = Deferred(load, "fallback", "m", pauses=(0.01,), fallback_name="simple")
    assert deferred.resolved.wait(PATIENCE)
    assert (deferred.current, deferred.serving, len(attempts)) == ("fallback", "simple", 1)


def test_what_is_here_is_loaded_at_once_and_needs_no_fallback(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "model.bin").write_bytes(DATA)

    def no_fallback() -> bytes:
        raise AssertionError("not needed")

    deferred = load_or_defer(
        model(), Settings(models=str(tmp_path)), lambda folder: (folder / "model.bin").read_bytes(), no_fallback
    )
    assert deferred.resolved.is_set()
    assert deferred.current == DATA


def test_what_is_missing_is_fetched_and_loaded(tmp_path: Path) -> None:
    with publisher() as (address, _):
        deferred = load_or_defer(
            model(f"{address}/model.bin"),
            Settings(models=str(tmp_path)),
            lambda folder: (folder / "model.bin").read_bytes(),
            lambda: b"",
        )
        assert deferred.resolved.wait(PATIENCE)
    assert deferred.current == DATA


def test_a_file_that_is_not_the_published_one_is_never_loaded(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "model.bin").write_bytes(DATA[:-1] + b"x")
    with pytest.raises(EngineError, match="could not be fetched"):
        fetch_and_verify(model(), Settings(models=str(tmp_path)))
    assert [path.name for path in (tmp_path / "m").glob("model*")] == ["model.bin.damaged"]


def test_a_damaged_file_is_fetched_anew_while_the_fallback_serves(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "model.bin").write_bytes(DATA[:-1] + b"x")
    with publisher() as (address, _):
        deferred = load_or_defer(
            model(f"{address}/model.bin"),
            Settings(models=str(tmp_path)),
            lambda folder: (folder / "model.bin").read_bytes(),
            lambda: b"",
        )
        assert deferred.resolved.wait(PATIENCE)
    assert deferred.current == DATA


def test_with_downloads_off_a_damaged_file_stays_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "model.bin").write_bytes(DATA[:-1] + b"x")
    with pytest.raises(ConfigurationError, match="not the published file"):
        fetch_and_verify(model(), Settings(models=str(tmp_path), model_downloads="off"))
    assert (tmp_path / "m" / "model.bin").exists()


def test_whoever_resolves_it_ends_the_attempts() -> None:
    attempts: list[str] = []

    def load() -> str:
        attempts.append("one")
        raise EngineError("no network", retryable=True)

    deferred = Deferred(load, "fallback", "m", pauses=(0.0, 3600.0))
    (thread,) = [one for one in threading.enumerate() if one.name == "load m"]
    while len(attempts) < 2:
        time.sleep(0.001)
    deferred.resolved.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    assert (len(attempts), deferred.current) == (2, "fallback")


def test_what_finds_the_graphics_card_full_is_loaded_later_and_what_lost_it_never() -> None:
    faults = [GpuFault("full", cause="full"), GpuFault("full", cause="full")]

    def load() -> str:
        if faults:
            raise faults.pop()
        return "best"

    deferred = load_now_or_later(load, lambda: "fallback", "m", fallback_name="simple", pauses=(0.01,))
    assert deferred.resolved.wait(PATIENCE)
    assert (deferred.current, deferred.serving) == ("best", "")
    faults[:] = [GpuFault("lost", cause="lost")]
    deferred = load_now_or_later(load, lambda: "fallback", "m", fallback_name="simple", pauses=(0.01,))
    assert (deferred.resolved.is_set(), deferred.current, deferred.serving) == (True, "fallback", "simple")
