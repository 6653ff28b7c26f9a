"""A TURN server, as Debian's package coturn has it, on loopback ports."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import free_port

PROGRAM = shutil.which("turnserver")
needs_coturn = pytest.mark.skipif(PROGRAM is None, reason="there is no TURN server here; on Debian: apt install coturn")
SECRET = "a+secret/shared="


@dataclass(frozen=True)
class Coturn:
    port: int
    log: Path

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"


@asynccontextmanager
async def coturn(folder: Path) -> AsyncIterator[Coturn]:
    """A server that takes time-limited credentials made with `SECRET`."""
    assert PROGRAM is not None
    server = Coturn(free_port(), folder / "coturn.log")
    options = f"""
        -n --log-file=stdout --simple-log --verbose --no-cli --no-tls --no-dtls --no-multicast-peers --fingerprint
        --allow-loopback-peers --realm=example.org --listening-ip=127.0.0.1 --relay-ip=127.0.0.1
        --listening-port={server.port} --use-auth-secret --static-auth-secret={SECRET}
    """.split()
    files = [f"--pidfile={folder / 'coturn.pid'}", f"--userdb={folder / 'coturn.db'}"]
    with server.log.open("w") as output:
        command = [PROGRAM, *options, *files]
        process = await asyncio.create_subprocess_exec(*command, cwd=folder, stdout=output, stderr=output)
    try:
        async with asyncio.timeout(20):
            while not _listens(server.port):
                assert process.returncode is None, server.log.read_text()
                await asyncio.sleep(0.02)
        yield server
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
