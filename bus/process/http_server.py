"""An HTTP server inside a process that has other work, and the socket that it listens on."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from starlette.types import ASGIApp

from bus.errors import ConfigurationError


def bind(host: str, port: int, setting: str) -> socket.socket:
    """Open a listening socket; a process does so first, so that a taken port stops it at once.

    Args:
        setting: the environment variable with the port, for the error message.
    Raises:
        ConfigurationError: the port is taken, or the address is not this machine's.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # asyncio sets TCP_NODELAY only where the protocol is named: without it, each response waits 40 ms for the
        # receipt of its own headers.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            # Without listen(), another process could still bind the port (SO_REUSEADDR).
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
    """Leaves signals to the process, which ends its other work before the server, and stops at once."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stopped = asyncio.Event()

    async def main_loop(self) -> None:
        """What uvicorn does ten times a second; it would notice the end of its work only then."""
        counter = 0
        while not self.stopped.is_set() and not await self.on_tick(counter):
            counter = (counter + 1) % 864_000
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    await self.stopped.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serve(
    app: ASGIApp,
    listener: socket.socket,
    *,
    protocol: type[asyncio.Protocol] | None = None,
    trusted_proxies: str | None = None,
) -> AsyncIterator[asyncio.Task[None]]:
    """Serve an application while the context lasts; gives the server's task. Closes the listener.

    Args:
        protocol: of its connections; None: uvicorn's.
        trusted_proxies: addresses whose `X-Forwarded-For` is believed, comma separated; None: uvicorn's own default.
    """
    config = uvicorn.Config(
        app, http=protocol or "h11", log_config=None, access_log=False, ws="none", lifespan="off",
        timeout_graceful_shutdown=1, forwarded_allow_ips=trusted_proxies,
    )  # fmt: skip
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield serving
    finally:
        server.should_exit = True
        server.stopped.set()
        await serving
