"""The vocabulary of access: keys of programs and people, and when a browser's cookie ended.

Like `bus.events`, it imports msgspec only, and old logs must stay readable. It is on the stream `ACCESS`, one subject
for each key and each person, so that a step can be written under the condition that no other process has written one
since.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from bus.events import EventId, Id, Microseconds

Scope: TypeAlias = Literal["talk", "operator"]
"""talk: to have conversations of one's own. operator: also to see those of all persons, without a right to write in
them."""


class AccessBody(Struct, frozen=True, kw_only=True, tag_field="type"):
    """The content of an event of access."""


class CookieExchanged(AccessBody, frozen=True, kw_only=True, tag="access.cookie_exchanged"):
    """An unsigned cookie of an earlier version was exchanged for a signed one. It is not taken again."""


class SessionsEnded(AccessBody, frozen=True, kw_only=True, tag="access.sessions_ended"):
    """All cookies and tokens that the person got before this are over."""


class KeyCreated(AccessBody, frozen=True, kw_only=True, tag="access.key_created"):
    """The operator made a key, with which a program or a person signs in."""

    name: str
    scopes: tuple[Scope, ...]
    hash: str
    """SHA-256 of its secret, hexadecimal: 256 random bits, which no hash has to be slow for."""
    expires_at: Microseconds | None = None


class KeyUsed(AccessBody, frozen=True, kw_only=True, tag="access.key_used"):
    """The key was used; told once an hour at the most."""


class KeyRevoked(AccessBody, frozen=True, kw_only=True, tag="access.key_revoked"):
    """The operator revoked the key, and with it every session that began with it."""


AccessFact: TypeAlias = CookieExchanged | SessionsEnded | KeyCreated | KeyUsed | KeyRevoked


class AccessEvent(Struct, frozen=True, kw_only=True):
    """An event of a key, or of a person's cookies."""

    id: EventId
    at: Microseconds
    """Microseconds since 1970, UTC."""
    holder: Id
    """The key, or the person."""
    body: AccessFact
