"""Who has signed in: by a key, by the cookie that it was exchanged for, or by a token that a program made of its key.

A key is the operator's, of the data folder, or one of `visavis keys`. What is made of it is signed, holds for some
hours, and ends with the key. All comparisons take the same time whatever was sent.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

from itsdangerous import BadData, URLSafeTimedSerializer

from bus import clock
from bus.access_events import KeyUsed, Scope
from bus.cancellation import raise_if_cancelled
from bus.errors import BusError, VisavisError
from bus.log.event_log import EventLog
from bus.stamping import new_access_event
from projections.access import Key
from projections.access_reader import AccessReader
from services.gateway.playing.session import Session
from services.key_secrets import parse_key, secret_hash

SESSION_HOURS = 12
"""For which a browser stays signed in after it was last used."""
RENEWED_AFTER = 3600
"""Seconds after which its cookie is signed anew."""
LONGEST_TOKEN = 3600
"""Seconds for which a token may hold."""
_HOUR = 3600 * 1_000_000
OPERATOR = "operator"
"""In place of a key's id: the operator's own."""
_TOKEN = "vt_"
_LOOK = 15.0
"""Seconds between two looks for keys that hold no longer."""
_NO_HASH = "0" * 64


@dataclass(frozen=True)
class SignedIn:
    """Somebody with a key, or with what was made of one."""

    key: str
    """Its id; "operator": the operator's."""
    name: str
    scopes: tuple[Scope, ...]
    user: str = ""
    """Of a token: the user for whom the program asked; each is a person of their own."""
    is_key: bool = False
    """The key itself was sent."""
    since: int = 0
    """When the cookie or token was signed, microseconds since 1970."""
    is_old: bool = False
    """The cookie is to be signed anew."""

    @property
    def is_operator(self) -> bool:
        return "operator" in self.scopes


class Keys:
    """Checks keys, cookies and tokens, and makes the latter two.

    Args:
        access: a reader that runs.
        signing_key: `bus.process.signing_key`.
        operator_key: `bus.process.operator_key`.
    """

    def __init__(self, event_log: EventLog, access: AccessReader, signing_key: str, operator_key: str) -> None:
        self._event_log = event_log
        self._access = access
        self._operator_key = operator_key.encode()
        self._operator_digest = hmac.new(self._operator_key, b"session", hashlib.sha256).hexdigest()[:32]
        signer: dict[str, Any] = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
        self._cookies = URLSafeTimedSerializer(signing_key, salt="visavis.session", signer_kwargs=signer)
        self._tokens = URLSafeTimedSerializer(signing_key, salt="visavis.token", signer_kwargs=signer)
        self.sessions: WeakKeyDictionary[Session, SignedIn] = WeakKeyDictionary()
        """Calls, and who has signed in for each."""
        self._noted: dict[str, int] = {}
        self._noting: set[asyncio.Task[None]] = set()

    def by_key(self, key: str) -> SignedIn | None:
        """Who has this key; None where it is none that holds.

        Raises:
            BusError: it is not known yet which keys hold.
        """
        if hmac.compare_digest(key.encode("utf-8", "replace"), self._operator_key):
            return SignedIn(OPERATOR, "the operator", ("talk", "operator"), is_key=True)
        parsed = parse_key(key)
        if parsed is None:
            return None
        id_, secret = parsed
        found = self._key(id_)
        # Also where there is no such key, so that nobody learns which ids there are.
        is_right = hmac.compare_digest(secret_hash(secret), found.hash if found else _NO_HASH)
        if found is None or not is_right or not found.holds(clock.now()):
            return None
        self._note_use(id_)
        return SignedIn(id_, found.name, found.scopes, is_key=True)

    def by_bearer(self, value: str) -> SignedIn | None:
        """Who sends this after `Authorization: Bearer`: a key or a token; None where it is none that holds."""
        if not value.startswith(_TOKEN):
            return self.by_key(value)
        try:
            # What holds how long, `bus.clock` tells: the clock of the gateway that signed may be ahead of this one's.
            made = self._tokens.loads(value.removeprefix(_TOKEN))
            user, until = str(made["u"]), int(made["x"])
        except (BadData, KeyError, TypeError, ValueError):
            return None
        holder = self._holder(made) if clock.now() < until else None
        return replace(holder, scopes=("talk",), user=user) if holder else None

    def by_cookie(self, value: str) -> SignedIn | None:
        """Whom a session's cookie belongs to; None where it holds no longer."""
        try:
            made = self._cookies.loads(value)
            age = clock.now() - int(made["t"])
            holder = self._holder(made) if age <= SESSION_HOURS * _HOUR else None
        except (BadData, KeyError, TypeError, ValueError):
            return None
        return replace(holder, is_old=age > RENEWED_AFTER * 1_000_000) if holder else None

    def cookie(self, who: SignedIn) -> str:
        """A session's cookie for who has signed in."""
        return str(self._cookies.dumps(self._made_for(who)))

    def token(self, who: SignedIn, user: str, seconds: int) -> tuple[str, int]:
        """A token that a program gives to the browser of one of its users; and when it ends, in microseconds."""
        until = clock.now() + min(seconds, LONGEST_TOKEN) * 1_000_000
        return f"{_TOKEN}{self._tokens.dumps({**self._made_for(who), 'u': user, 'x': until})}", until

    def still_holds(self, who: SignedIn) -> bool:
        """Whether the key of somebody who has signed in holds on, and they were not signed out meanwhile."""
        if who.since and who.since <= self._access.access.ended.get(who.key, 0):
            return False
        found = self._access.access.keys.get(who.key)
        return who.key == OPERATOR or (found is not None and found.holds(clock.now()))

    async def end_sessions(self) -> None:
        """End the calls of those whose key holds no longer, until cancelled."""
        while True:
            raise_if_cancelled()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK):  # some keys hold until a time
                    await self._access.wait_for_change()
            if self._access.is_read:
                for session in [one for one, who in self.sessions.items() if not self.still_holds(who)]:
                    session.end("left")

    def _made_for(self, who: SignedIn) -> dict[str, object]:
        digest = self._operator_digest if who.key == OPERATOR else ""
        return {"k": who.key, "t": clock.now(), "d": digest}

    def _holder(self, made: Mapping[str, Any]) -> SignedIn | None:
        """Whose key that was made of, if it still holds."""
        key, since, digest = str(made["k"]), int(made["t"]), str(made["d"])
        found = None if key == OPERATOR else self._key(key)
        if since <= self._access.access.ended.get(key, 0):
            return None
        if key == OPERATOR:
            is_same = hmac.compare_digest(digest.encode(), self._operator_digest.encode())
            return SignedIn(OPERATOR, "the operator", ("talk", "operator"), since=since) if is_same else None
        if found is None or not found.holds(clock.now()):
            return None
        self._note_use(key)
        return SignedIn(key, found.name, found.scopes, since=since)

    def _key(self, id_: str) -> Key | None:
        if not self._access.is_read:
            raise BusError("the gateway is still reading which keys hold; try again in a moment", code="unavailable")
        return self._access.access.keys.get(id_)

    def _note_use(self, id_: str) -> None:
        """Note on the log that a key was used, once an hour; nobody waits for that."""
        now, key = clock.now(), self._access.access.keys[id_]
        if now - max(key.used_at or 0, self._noted.get(id_, 0)) < _HOUR:
            return
        self._noted[id_] = now
        task = asyncio.create_task(self._append_use(id_, key.seq))
        self._noting.add(task)
        task.add_done_callback(self._noting.discard)

    async def _append_use(self, id_: str, after: int) -> None:
        try:
            await self._event_log.append_access(new_access_event(KeyUsed(), holder=id_), after=after)
        except VisavisError:
            return  # another gateway has just noted it, the key was revoked, or NATS is away
