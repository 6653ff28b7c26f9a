"""Fixtures: a real NATS server with a store of its own, settings for it, a connection."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from bus.log.event_log import EventLog, connect
from bus.settings import Settings
from services.models.deferred import Deferred
from tests import real_models
from tests.nats_servers import NatsServer, ServerContainer, ServerProcess, free_port, start_container
from tests.quick import is_quick

__all__ = ["NatsServer", "free_port"]

# No test downloads a model; the variable is read when huggingface_hub is imported.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["VISAVIS_MODEL_DOWNLOADS"] = "off"
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # each core runs tests of its own already
# The duration of an example depends on the load of the machine.
hypothesis.settings.register_profile("visavis", deadline=None)
hypothesis.settings.load_profile("visavis")

TESTS = Path(__file__).parent
ALONE = ("e2e/", "services/gateway/playing/test_session.py", "services/stt/whisper/test_on_the_log.py")
"""Tests with real-time media, which need the machine for themselves: run one after the other."""
LONG = ("chaos/", "soak/", "cluster/", "visavis/rerun/test_rerun.py", "visavis/test_up.py")
"""Tests with many processes, which wait more than they compute: they begin first, so that none is left for the end."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out files whose tests `-m` leaves out: to import all of them takes half a minute."""
    alone = _path(collection_path).startswith(ALONE)
    wanted = {"alone": True, "not alone": False}.get(config.option.markexpr, alone)
    return True if collection_path.is_file() and alone != wanted else None


@pytest.hookimpl(tryfirst=True)  # before -m is looked at
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        path = _path(item.path)
        if path.startswith(ALONE):
            item.add_marker("alone")
        elif "quick" in config.option.markexpr and is_quick(item):  # asked for only then: it takes seconds
            item.add_marker("quick")
    items.sort(key=lambda item: not _path(item.path).startswith(LONG))


@cache
def _path(path: Path) -> str:
    return path.relative_to(TESTS).as_posix()


@pytest.fixture(autouse=True)
def no_model_is_loaded_after_the_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """End the attempts that a test has begun; later tests would find their warnings and downloads."""
    made: list[Deferred[object]] = []
    threads: list[threading.Thread] = []
    init, run = Deferred.__init__, Deferred._run

    def recorded_init(deferred: Deferred[object], *arguments: Any, **more: Any) -> None:
        made.append(deferred)
        init(deferred, *arguments, **more)

    def recorded_run(deferred: Deferred[object], *arguments: Any) -> None:
        threads.append(threading.current_thread())
        run(deferred, *arguments)

    monkeypatch.setattr(Deferred, "__init__", recorded_init)
    monkeypatch.setattr(Deferred, "_run", recorded_run)
    yield
    for deferred in made:
        if hasattr(deferred, "resolved"):
            deferred.resolved.set()
    for thread in threads:
        thread.join(10)


@pytest.fixture(scope="session")
def nats_container() -> Iterator[ServerContainer | None]:
    """A container with NATS for the whole session, None without Docker."""
    container = start_container()
    yield container
    if container is not None:
        container.remove()


@pytest.fixture
def nats_server(tmp_path: Path, nats_container: ServerContainer | None) -> Iterator[NatsServer]:
    """A server with an empty store."""
    server: NatsServer = nats_container or ServerProcess(tmp_path)
    server.start()
    yield server
    server.close()


@pytest.fixture
def settings(nats_server: NatsServer, tmp_path: Path) -> Settings:
    return Settings(
        nats_url=nats_server.url,
        data=str(tmp_path / "data"),
        audio_bytes=64 << 20,
        frames_bytes=64 << 20,
        stt_engine="pocketsphinx",
        models=real_models.SETTINGS.models,
        model_downloads="off",
    )


@pytest.fixture
async def event_log(settings: Settings) -> AsyncIterator[EventLog]:
    async with connect(settings, name="test") as connected:
        yield connected
