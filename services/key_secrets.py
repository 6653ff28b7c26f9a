"""Keys with which programs and people sign in. The log has only the hash of a key's secret."""

from __future__ import annotations

import hashlib
import re
import secrets

_KEY = re.compile(r"vk_(?P<id>k[0-9a-f]{12})_(?P<secret>[A-Za-z0-9_-]{43})")


def new_key() -> tuple[str, str, str]:
    """A new key: its id, the key itself, of which the secret has 256 random bits, and the secret's hash."""
    id_, secret = f"k{secrets.token_hex(6)}", secrets.token_urlsafe(32)
    return id_, f"vk_{id_}_{secret}", secret_hash(secret)


def parse_key(key: str) -> tuple[str, str] | None:
    """The id and the secret in a key; None where it is none."""
    match = _KEY.fullmatch(key)
    return (match["id"], match["secret"]) if match else None


def secret_hash(secret: str) -> str:
    """SHA-256, hexadecimal: so many random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()
