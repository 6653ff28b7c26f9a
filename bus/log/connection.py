"""A connection to NATS: login, TLS, reconnection, and permissions that NATS denies."""

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
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from bus.cancellation import cancel_until_done
from bus.errors import BusError, ConfigurationError, Forbidden
from bus.log.bulk_parser import BulkParser, Deliver, Delivery
from bus.log.passwords import EMBEDDED, OPERATOR, embedded_password, read_passwords
from bus.settings import Settings

log = logging.getLogger(__name__)

_PERMISSIONS_VIOLATION = re.compile(r'permissions violation for (publish|subscription) to "([^"]*)"')
_REFUSED = "NATS refuses the user or password"
_REFUSED_FOR = 3.0
"""Seconds for which a server may refuse a login that it takes later, as where its users are being loaded again."""
_LOOK_AGAIN = 0.25
_USER_IN_INBOX = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Connection(Client):
    """A NATS connection that calls back after a reconnection and when NATS denies a permission.

    Plain nats-py lets a request that is denied run into its timeout, as if NATS were slow.
    """

    def __init__(self, user: str = "") -> None:
        super().__init__()
        self.user = user
        self._reconnect_callbacks: set[Callable[[], None]] = set()
        self.in_use = False
        """From connecting until `disconnect`; errors are logged only then."""
        self._denial_callbacks: dict[str, list[Callable[[Forbidden], None]]] = {}
        self._ps: BulkParser = BulkParser(self)

    async def answers(self, *, timeout: int = 1) -> bool:
        """Whether NATS answers now; the connection to a server that is frozen still looks like one."""
        if not self.is_connected:
            return False
        try:
            await self.flush(timeout=timeout)
        except (NatsError, TimeoutError, OSError):
            return False
        return self.is_connected

    async def disconnect(self) -> None:
        """Close the connection; errors of a connection that is lost already are ignored."""
        self.in_use = False
        with suppress(OSError):
            await self.close()

    def notify_reconnected(self) -> None:
        """Call the callbacks of `on_reconnect`."""
        for callback in list(self._reconnect_callbacks):
            callback()

    @contextmanager
    def on_reconnect(self, callback: Callable[[], None]) -> Iterator[None]:
        """Call `callback` after each reconnection while the context lasts."""
        self._reconnect_callbacks.add(callback)
        try:
            yield
        finally:
            self._reconnect_callbacks.discard(callback)

    @contextmanager
    def deliver_directly(self, subscription: Subscription, deliver: Deliver) -> Iterator[None]:
        """Call `deliver` at once for each message of a subscription that has a reply subject, while the context lasts.

        Others, such as the server's statuses, reach the subscription's own callback.
        """
        number = str(subscription._id).encode()
        self._ps.direct[number] = deliver
        try:
            yield
        finally:
            del self._ps.direct[number]

    async def _process_pong(self) -> None:
        # nats-py ends its reading, without a word to anybody, where whoever waited for this pong has given up.
        if self._pongs and self._pongs[0].done():
            self._pongs[0] = asyncio.get_running_loop().create_future()
        await super()._process_pong()

    async def _process_msg(self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
        deliver = self._ps.direct.get(str(sid).encode()) if self._ps.direct and reply else None
        if deliver is None:
            await super()._process_msg(sid, subject, reply, data, headers)
        else:
            deliver(Delivery(subject, reply, headers or b"", data))

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
        denial: Forbidden | None = None

        def deny(error: Forbidden) -> None:
            nonlocal denial
            denial = error
            limit.reschedule(asyncio.get_running_loop().time())

        try:
            # It never expires by itself: nats-py has the timeout, `deny` ends it early.
            async with asyncio.timeout(None) as limit:
                with self.on_permission_denied(subject, deny):
                    return await super().request(subject, payload, timeout, old_style, headers)
        except TimeoutError:
            if denial is None:
                raise
            raise denial from None

    @contextmanager
    def on_permission_denied(self, subject: str, callback: Callable[[Forbidden], None]) -> Iterator[None]:
        """Call `callback` when NATS denies publishing on a subject or subscribing to it, while the context lasts."""
        # nats-py gives error messages in lower case.
        callbacks = self._denial_callbacks.setdefault(subject.lower(), [])
        callbacks.append(callback)
        try:
            yield
        finally:
            callbacks.remove(callback)
            if not callbacks:
                del self._denial_callbacks[subject.lower()]

    def notify_denied(self, error: Exception) -> bool:
        """Call the callbacks of `on_permission_denied`; returns False if the error is no denied permission."""
        match = _PERMISSIONS_VIOLATION.search(str(error).lower())
        if match is None:
            return False
        act, subject = match.groups()
        user = f"user {self.user}" if self.user else "this connection"
        verb = "publish on" if act == "publish" else "subscribe to"
        forbidden = Forbidden(f"{user} may not {verb} {subject}: NATS does not permit it")
        log.error("refused by nats", extra={"user": self.user, "act": act, "subject": subject})
        # Without its inbox this connection gets no reply to any request.
        all_requests = subject.startswith(self._inbox_prefix.decode().lower())
        for key, callbacks in list(self._denial_callbacks.items()):
            if all_requests or key == subject:
                for callback in list(callbacks):
                    callback(forbidden)
        return True

    async def _connect_to_server(self, s: Srv) -> None:
        # nats-py leaks the socket of an attempt that fails after connecting: several a second, for as long as it fails.
        if self._transport is not None:
            self._transport.close()  # type: ignore[no-untyped-call]
        await super()._connect_to_server(s)

    def _connect_command(self) -> bytes:
        # nats-py would go on unencrypted, and send the password, if the server does not offer the TLS that is wanted.
        if self.options.get("tls") and not self._server_info.get("tls_required"):
            raise NatsError("nats: TLS is asked for and the server offers none")
        return super()._connect_command()


async def open_connection(settings: Settings, name: str, wait: float, *, user: str) -> Connection:
    """Connect, and reconnect for ever from then on.

    Args:
        name: shown in the server's list of connections.
        wait: seconds to wait for a server that is not up yet.
        user: the user whose password to take from the password file.
    Raises:
        BusError: there is no server within `wait`, or it rejects the login.
        ConfigurationError: a certificate or the password file cannot be read.
    """
    login_user, password = login(settings, user)
    shown_user = login_user or urlsplit(settings.url.split(",")[0]).username or ""
    client = Connection(shown_user)

    async def on_error(error: Exception) -> None:
        if not client.notify_denied(error) and client.in_use:
            log.warning("nats", extra={"why": str(error) or type(error).__name__})

    async def on_disconnect() -> None:
        if client.in_use:
            log.warning("nats connection lost")

    async def on_reconnect() -> None:
        log.info("nats connection back")
        client.notify_reconnected()

    connecting = asyncio.create_task(
        client.connect(
            settings.url.split(","),
            name=name,
            user=login_user or None,
            password=password or None,
            tls=tls_context(settings),
            inbox_prefix=f"_INBOX_{shown_user}" if _USER_IN_INBOX.fullmatch(shown_user) else DEFAULT_INBOX_PREFIX,
            connect_timeout=2,
            reconnect_time_wait=0.2,  # type: ignore[arg-type]
            max_reconnect_attempts=-1,
            ping_interval=5,
            pending_size=32 << 20,
            error_cb=on_error,
            disconnected_cb=on_disconnect,
            reconnected_cb=on_reconnect,
        )
    )
    try:
        try:
            wait = await _connected_or_refused(connecting, client, wait)
        finally:
            # With endless reconnects nats-py also tries its first connection for ever, and may swallow a cancellation.
            await cancel_until_done(connecting)
        if connecting.cancelled():
            raise TimeoutError
        connecting.result()
    except (NatsError, OSError, TimeoutError) as error:
        await client.close()
        reason = _reason(client.last_error or error, settings)
        code = "unauthorised" if reason.startswith(_REFUSED) else None
        raise BusError(f"{reason} at {settings.redacted_url} within {wait:g} s", code=code) from error
    client.in_use = True
    return client


async def _connected_or_refused(connecting: asyncio.Task[None], client: Connection, wait: float) -> float:
    """Wait until the first connection is there, or the server has refused the login for a while; returns the seconds
    that were allowed for it."""
    clock = asyncio.get_running_loop().time
    began, refused_at = clock(), None
    while clock() < began + wait:
        done, _ = await asyncio.wait((connecting,), timeout=min(_LOOK_AGAIN, began + wait - clock()))
        if done:
            break
        if client.last_error is None or not _is_refusal(client.last_error):
            refused_at = None
        elif refused_at is None:
            refused_at = clock()
        elif clock() > refused_at + _REFUSED_FOR:
            return float(round(clock() - began))
    return wait


def _is_refusal(error: Exception) -> bool:
    return "authorization" in str(error).lower()


def _reason(error: Exception, settings: Settings) -> str:
    text = str(error)
    if _is_refusal(error):
        hint = "" if settings.nats_url else "; the password is in the data folder that VISAVIS_DATA names"
        return _REFUSED + hint
    if isinstance(error, ssl.SSLError) or "TLS" in text:
        return f"no TLS with NATS ({text.removeprefix('nats: ')}; see VISAVIS_NATS_TLS_CA)"
    return "no NATS server"


def login(settings: Settings, user: str) -> tuple[str, str]:
    """User and password to log in with; empty if they are in the URL or not needed.

    Raises:
        ConfigurationError: there is a user without a password, or the password file cannot be read.
    """
    if settings.nats_user or settings.nats_password:
        if not (settings.nats_user and settings.nats_password):
            raise ConfigurationError("VISAVIS_NATS_USER and VISAVIS_NATS_PASSWORD go together; one of them is not set")
        return settings.nats_user, settings.nats_password
    if not settings.nats_passwords:
        password = "" if settings.nats_url else embedded_password(settings)
        return (EMBEDDED, password) if password else ("", "")
    passwords = read_passwords(Path(settings.nats_passwords))
    login_user = user if user in passwords else OPERATOR
    if login_user not in passwords:
        raise ConfigurationError(f"{settings.nats_passwords} has no password for {user} and none for {OPERATOR}")
    return login_user, passwords[login_user]


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """The TLS context of a connection; None if neither the settings nor the URL ask for TLS.

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
