"""Connections to the gateway that nobody can use up: a limit for each address and for all, and time for a header.

Beyond a limit a connection that waits without a request is closed for the new one, as web servers do: the oldest one of
the address that has most of them. Where each has a request, the new one is told 503.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from services.gateway.web.limits import IpNetwork, is_in, network_of

log = logging.getLogger(__name__)

_REFUSAL = b'{"error":{"code":"unavailable","message":"too many connections; try again in a moment"}}'
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(_REFUSAL), _REFUSAL)
)
_LATE = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_FAREWELL = 1.0
"""Seconds that the last bytes of a refused connection may take."""


@dataclass
class _Address:
    """The connections of one address."""

    count: int = 0
    idle: dict[_LimitedProtocol, None] = field(default_factory=dict)
    """Those without a request, the longest one first."""


class Connections:
    """The open connections of one server.

    Args:
        most: of all addresses together.
        per_address: of one, but for trusted proxies.
        header_seconds: until the header of a request is complete.
        request_seconds: after that until its body is.
        proxies: addresses that are no person's.
    """

    def __init__(
        self,
        *,
        most: int,
        per_address: int,
        header_seconds: float,
        request_seconds: float,
        proxies: tuple[IpNetwork, ...] = (),
    ) -> None:
        self._most, self._per_address, self._proxies = most, per_address, proxies
        self.header_seconds, self.request_seconds = header_seconds, request_seconds
        self.count = 0
        self._by_address: dict[str, _Address] = {}

    def protocol(self) -> type[asyncio.Protocol]:
        """The protocol of a uvicorn server with these limits."""

        class Limited(_LimitedProtocol):
            open_connections = self

        return Limited

    def admit(self, connection: _LimitedProtocol, host: str) -> bool:
        """Count a new connection, for which another one may be closed; False: there is no room."""
        address = self._by_address.get(network_of(host), _Address())
        is_full = address.count >= self._per_address and not is_in(host, self._proxies)
        if is_full or self.count >= self._most:
            # Of the address that holds the most of them: who has just come is not the one to go.
            crowded = address if is_full else max(self._by_address.values(), key=lambda one: len(one.idle))
            oldest = next(iter(crowded.idle), None)
            if oldest is None:
                return False
            oldest.give_way()
        address = self._by_address.setdefault(network_of(host), address)
        address.count += 1
        self.count += 1
        connection.address = network_of(host)
        self.mark(connection, idle=True)
        return True

    def mark(self, connection: _LimitedProtocol, *, idle: bool) -> None:
        """Note whether a connection waits for a request."""
        mine = self._by_address[connection.address].idle
        if idle:
            mine.setdefault(connection)
        else:
            mine.pop(connection, None)

    def release(self, connection: _LimitedProtocol) -> None:
        """Forget a connection that is over."""
        self.mark(connection, idle=False)
        address = self._by_address[connection.address]
        address.count -= 1
        self.count -= 1
        if not address.count:
            del self._by_address[connection.address]


class _LimitedProtocol(H11Protocol):
    open_connections: Connections
    address = ""
    _admitted = False
    _deadline: asyncio.TimerHandle | None = None
    _waits_for = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._admitted = self.open_connections.admit(self, self.client[0] if self.client else "")
        if self._admitted:
            self._watch()
        else:
            log.info("connection refused", extra={"open": self.open_connections.count})
            self._part(_FULL)

    def data_received(self, data: bytes) -> None:
        if not self._admitted:
            return
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect("")
        if self._admitted:
            self._admitted = False
            self.open_connections.release(self)
        super().connection_lost(exc)

    def give_way(self) -> None:
        """Close for another connection, at once."""
        self._admitted = False
        self._expect("")
        self.open_connections.release(self)
        self.transport.abort()

    def _watch(self) -> None:
        """See what is to come next, and for how long to wait for it."""
        if not self._admitted or self.transport.is_closing():
            return
        in_progress = self.cycle is not None and not self.cycle.response_complete
        self.open_connections.mark(self, idle=not in_progress)
        if self.conn.their_state is h11.SEND_BODY:
            self._expect("body")
        elif in_progress or (self.timeout_keep_alive_task is not None):
            self._expect("")  # the answer, which is ours to give, or nothing for as long as uvicorn keeps it open
        else:
            self._expect("header")

    def _expect(self, what: str) -> None:
        if what == self._waits_for:
            return
        if self._deadline is not None:
            self._deadline.cancel()
        self._waits_for, self._deadline = what, None
        if what:
            limits = self.open_connections
            seconds = limits.header_seconds if what == "header" else limits.request_seconds
            self._deadline = self.loop.call_later(seconds, self._late)

    def _late(self) -> None:
        answered: Any = self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete
        log.info("request too slow", extra={"part": self._waits_for})
        self._part(b"" if answered else _LATE)

    def send_400_response(self, msg: str) -> None:
        self._hang_up()
        super().send_400_response(msg)

    def _hang_up(self) -> None:
        """Tell whoever answers a request that nobody listens: h11 takes no answer after ours."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    def _part(self, last_words: bytes) -> None:
        """Close, with some time for the last bytes to leave."""
        self._hang_up()
        if last_words:
            self.transport.write(last_words)
        self.transport.close()
        self.loop.call_later(_FAREWELL, self.transport.abort)
