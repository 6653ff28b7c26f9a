"""A small HTTP server inside a process that has other work, and the port that it listens on."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.types import ASGIApp

from bus.errors import ConfigurationError


def bind(host: str, port: int, setting: str) -> socket.socket:
    """A listening socket, before anything else is begun.

    Args:
        setting: the variable that the port comes from; an error names it.
    Raises:
        ConfigurationError: the port is taken, or the address is not this machine's.
    """
    try:
        listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            # Only who listens keeps others off the port.
            listener.listen()
        except OSError:
            listener.close()
            raise
    except OSError as error:
        raise ConfigurationError(
            f"cannot listen on {host}:{port}: {error.strerror}; end the program that has it, or set {setting}"
        ) from error
    return listener


class _Server(uvicorn.Server):
    """Leaves signals to the process, which has things to end before the server does."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serve(app: ASGIApp, listener: socket.socket) -> AsyncIterator[asyncio.Task[None]]:
    """Answer HTTP for as long as the context lasts; gives the task that does. Closes the listener."""
    config = uvicorn.Config(
        app, log_config=None, access_log=False, ws="none", lifespan="off", timeout_graceful_shutdown=1
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield serving
    finally:
        server.should_exit = True
        await serving
