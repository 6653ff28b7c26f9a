"""One connection to NATS: as which user, with which TLS, and what NATS refuses to that user."""

from __future__ import annotations

import asyncio
import logging
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from nats.aio.client import DEFAULT_INBOX_PREFIX, Client, Srv
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from bus.errors import BusError, ConfigurationError, Forbidden
from bus.log.passwords import OPERATOR, read_passwords
from bus.settings import Settings

log = logging.getLogger(__name__)

_REFUSAL = re.compile(r'permissions violation for (publish|subscription) to "([^"]*)"')
_USER_IN_INBOX = re.compile(r"^[A-Za-z0-9_-]{1,64}$")


class Connection(Client):
    """A NATS connection that tells who uses it when it was away and when NATS refuses something.

    nats-py itself lets a request that is refused wait until its time is up, as if NATS were slow.
    """

    def __init__(self, user: str = "") -> None:
        super().__init__()
        self.user = user
        self._reconnect_callbacks: set[Callable[[], None]] = set()
        self.in_use = False
        """Between having connected and closing it ourselves: what goes wrong then is worth a word."""
        self._told_of_refusals: dict[str, list[Callable[[Forbidden], None]]] = {}

    async def leave(self) -> None:
        self.in_use = False
        with suppress(OSError):  # it was lost already
            await self.close()

    def came_back(self) -> None:
        """Tell everyone who asked that the connection was away and is back."""
        for callback in list(self._reconnect_callbacks):
            callback()

    @contextmanager
    def on_reconnect(self, callback: Callable[[], None]) -> Iterator[None]:
        """Call `callback` after each reconnection, for as long as this lasts."""
        self._reconnect_callbacks.add(callback)
        try:
            yield
        finally:
            self._reconnect_callbacks.discard(callback)

    async def request(
        self,
        subject: str,
        payload: bytes = b"",
        timeout: float = 0.5,
        old_style: bool = False,
        headers: dict[str, Any] | None = None,
    ) -> Msg:
        """See `nats.aio.client.Client.request`.

        Raises:
            Forbidden: this user may not publish there.
        """
        refusal: Forbidden | None = None

        def refuse(error: Forbidden) -> None:
            nonlocal refusal
            refusal = error
            limit.reschedule(asyncio.get_running_loop().time())

        try:
            # Without an end of its own: nats-py keeps the time, this is for stopping it.
            async with asyncio.timeout(None) as limit:
                with self.on_permission_denied(subject, refuse):
                    return await super().request(subject, payload, timeout, old_style, headers)
        except TimeoutError:
            if refusal is None:
                raise
            raise refusal from None

    @contextmanager
    def on_permission_denied(self, subject: str, tell: Callable[[Forbidden], None]) -> Iterator[None]:
        """Call `tell` when NATS refuses to publish on a subject or to subscribe to it, for as long as this lasts."""
        # nats-py gives errors in lower case.
        waiting = self._told_of_refusals.setdefault(subject.lower(), [])
        waiting.append(tell)
        try:
            yield
        finally:
            waiting.remove(tell)
            if not waiting:
                del self._told_of_refusals[subject.lower()]

    def refused(self, error: Exception) -> bool:
        """Pass a refusal on to those whom it concerns; False for an error that is none."""
        found = _REFUSAL.search(str(error).lower())
        if found is None:
            return False
        act, subject = found.groups()
        who = f"user {self.user}" if self.user else "this connection"
        what = "publish on" if act == "publish" else "subscribe to"
        forbidden = Forbidden(f"{who} may not {what} {subject}: NATS does not permit it")
        log.error("refused by nats", extra={"user": self.user, "act": act, "subject": subject})
        # Who may not read an inbox gets no answer to anything.
        everybody = subject.startswith(self._inbox_prefix.decode().lower())
        for key, waiting in list(self._told_of_refusals.items()):
            if everybody or key == subject:
                for tell in list(waiting):
                    tell(forbidden)
        return True

    async def _connect_to_server(self, s: Srv) -> None:
        # nats-py forgets the socket of an attempt that failed after connecting, some a second for as long as it fails.
        if self._transport is not None:
            self._transport.close()  # type: ignore[no-untyped-call]
        await super()._connect_to_server(s)

    def _connect_command(self) -> bytes:
        # nats-py goes on in the clear, password and all, where TLS is wanted and the server offers none.
        if self.options.get("tls") and not self._server_info.get("tls_required"):
            raise NatsError("nats: TLS is asked for and the server offers none")
        return super()._connect_command()


async def open_connection(settings: Settings, name: str, wait: float, *, user: str) -> Connection:
    """Connect, and from then on stay connected.

    Args:
        name: shown in the server's list of connections.
        wait: seconds to wait for a server that is not there yet.
        user: whose password to take out of the file of passwords.
    Raises:
        BusError: no server within `wait`, or it lets us in not at all.
        ConfigurationError: a certificate or a file of passwords cannot be read.
    """
    known, password = login(settings, user)
    who = known or urlsplit(settings.url.split(",")[0]).username or ""
    client = Connection(who)

    async def on_error(error: Exception) -> None:
        if not client.refused(error) and client.in_use:
            log.warning("nats", extra={"why": str(error) or type(error).__name__})

    async def on_disconnect() -> None:
        if client.in_use:
            log.warning("nats connection lost")

    async def on_reconnect() -> None:
        log.info("nats connection back")
        client.came_back()

    try:
        # With endless reconnects nats-py tries for ever to connect in the first place, too.
        async with asyncio.timeout(wait):
            await client.connect(
                settings.url.split(","),
                name=name,
                user=known or None,
                password=password or None,
                tls=tls_context(settings),
                inbox_prefix=f"_INBOX_{who}" if _USER_IN_INBOX.match(who) else DEFAULT_INBOX_PREFIX,
                connect_timeout=2,
                reconnect_time_wait=0.2,  # type: ignore[arg-type]
                max_reconnect_attempts=-1,
                ping_interval=5,
                pending_size=32 << 20,
                error_cb=on_error,
                disconnected_cb=on_disconnect,
                reconnected_cb=on_reconnect,
            )
    except (NatsError, OSError, TimeoutError) as error:
        await client.close()
        raise BusError(f"{_reason(client.last_error or error)} at {settings.redacted_url} within {wait:g} s") from error
    client.in_use = True
    return client


def _reason(error: Exception) -> str:
    said = str(error)
    if "authorization" in said.lower():
        return "NATS refuses the user or password"
    if isinstance(error, ssl.SSLError) or "TLS" in said:
        return f"no TLS with NATS ({said.removeprefix('nats: ')}; see VISAVIS_NATS_TLS_CA)"
    return "no NATS server"


def login(settings: Settings, user: str) -> tuple[str, str]:
    """User and password; empty where they stand in the URL or are not needed.

    Raises:
        ConfigurationError: there is a user and no password, or the passwords cannot be read.
    """
    if settings.nats_user or settings.nats_password:
        if not (settings.nats_user and settings.nats_password):
            raise ConfigurationError("VISAVIS_NATS_USER and VISAVIS_NATS_PASSWORD go together; one of them is not set")
        return settings.nats_user, settings.nats_password
    if not settings.nats_passwords:
        return "", ""
    passwords = read_passwords(Path(settings.nats_passwords))
    who = user if user in passwords else OPERATOR
    if who not in passwords:
        raise ConfigurationError(f"{settings.nats_passwords} has no password for {user} and none for {OPERATOR}")
    return who, passwords[who]


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """What to speak TLS with; None where neither the settings nor the URL ask for it.

    Raises:
        ConfigurationError: a certificate or key cannot be read.
    """
    ca, certificate, key = settings.nats_tls_ca, settings.nats_tls_cert, settings.nats_tls_key
    if not (ca or certificate or key or "tls://" in settings.url):
        return None
    try:
        context = ssl.create_default_context(cafile=ca or None)
        if certificate or key:
            context.load_cert_chain(certificate, key or None)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigurationError(
            f"the certificates in VISAVIS_NATS_TLS_CA, _CERT and _KEY cannot be read: {error.strerror or error}"
        ) from error
    return context
