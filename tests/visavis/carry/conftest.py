"""A server for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.settings import Settings
from tests.nats_servers import NatsServer, ServerContainer, ServerProcess


@pytest.fixture(scope="module")
def module_server(
    tmp_path_factory: pytest.TempPathFactory, nats_container: ServerContainer | None
) -> Iterator[NatsServer]:
    server: NatsServer = nats_container or ServerProcess(tmp_path_factory.mktemp("nats"))
    server.start()
    yield server
    server.close()


@pytest.fixture(scope="module")
def other_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """Another system."""
    server = ServerProcess(tmp_path_factory.mktemp("other"))
    server.start()
    yield server
    server.close()


def settings_of(server: NatsServer, folder: Path) -> Settings:
    return Settings(
        nats_url=server.url, data=str(folder), audio_bytes=64 << 20, frames_bytes=64 << 20, model_downloads="off"
    )
