"""Starts a NATS server for a benchmark."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from visavis.nats.server import ALWAYS, EmbeddedServer


@contextmanager
def server(folder: Path, sync: str = ALWAYS) -> Iterator[str]:
    """The address of a server that runs as long as the context lasts and stores its data in `folder`.

    Args:
        sync: when it writes them to the disk, see `EmbeddedServer`.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    with (folder / "nats.log").open("wb") as log:
        process = subprocess.Popen(EmbeddedServer(folder, port, sync=sync).command(), stderr=log)
        try:
            yield f"nats://127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait()
