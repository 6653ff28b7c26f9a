"""Which keys hold and which cookies are over, folded from the stream `ACCESS`. No input or output."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bus.access_events import (
    AccessEvent,
    CookieExchanged,
    KeyCreated,
    KeyRevoked,
    KeyUsed,
    Scope,
    SessionsEnded,
)


@dataclass(frozen=True)
class Key:
    """A key with which a program or a person signs in."""

    id: str
    seq: int
    """Of its newest event."""
    name: str
    scopes: tuple[Scope, ...]
    hash: str
    """SHA-256 of its secret, hexadecimal."""
    created_at: int
    """Microseconds since 1970, like all times here."""
    expires_at: int | None = None
    used_at: int | None = None
    revoked_at: int | None = None

    def holds(self, now: int) -> bool:
        """Whether it opens now."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


class Access:
    """All keys, and the persons whose cookies were exchanged or ended."""

    def __init__(self) -> None:
        self.keys: dict[str, Key] = {}
        self.exchanged: dict[str, int] = {}
        """When a person's unsigned cookie was exchanged for a signed one."""
        self.ended: dict[str, int] = {}
        """The time before which a person's cookies were signed that are over."""
        self.newest: dict[str, int] = {}
        """Sequence of the newest event of each holder."""

    def apply(self, seq: int, event: AccessEvent) -> None:
        """Fold the next event in."""
        holder, body = event.holder, event.body
        self.newest[holder] = seq
        match body:
            case CookieExchanged():
                self.exchanged.setdefault(holder, event.at)
            case SessionsEnded():
                self.ended[holder] = max(event.at, self.ended.get(holder, 0))
            case KeyCreated():
                self.keys[holder] = Key(
                    holder, seq, body.name, body.scopes, body.hash, event.at, expires_at=body.expires_at
                )
            case KeyUsed() | KeyRevoked():
                key = self.keys.get(holder)
                if key is not None:
                    used = event.at if isinstance(body, KeyUsed) else key.used_at
                    revoked = event.at if isinstance(body, KeyRevoked) else key.revoked_at
                    self.keys[holder] = replace(key, seq=seq, used_at=used, revoked_at=revoked)
