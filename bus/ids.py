"""Ids: random where a person acts, derived where something led here."""

from __future__ import annotations

import hashlib
import re
import unicodedata
import uuid

PHOTO_LOOK = "photo-"
"""What the look of a character from a photo begins with."""
_NAMESPACE = uuid.UUID("6f1d2f0e-5c63-5f0e-9a7b-2f8d6b1c4e10")


def new_id(prefix: str) -> str:
    """A fresh, unguessable id such as "c4f0…"; only for what nothing in the log led to."""
    return f"{prefix}{uuid.uuid4().hex}"


def derive_id(cause: str, *position: str | int) -> str:
    """The id of what follows from `cause` at this position: the same again on every repeat (UUIDv5)."""
    # As uuid.uuid5 makes it, in a third of the time: every fact has one.
    digest = bytearray(hashlib.sha1(_NAMESPACE.bytes + "/".join([cause, *map(str, position)]).encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return digest.hex()


def slug(name: str) -> str:
    """A name in what an id may have, at most 64 of a-z 0-9 -; empty where nothing of it can stay."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:64]


def look_of(photo: bytes) -> str:
    """What the face of a photo is called, and the asset that is made of it: the same photo, the same look."""
    return f"{PHOTO_LOOK}{hashlib.blake2b(photo, digest_size=16).hexdigest()}"


def seed_of(value: str) -> int:
    """A 32 bit seed for sampling, from an id."""
    return uuid.uuid5(_NAMESPACE, value).int >> 96
