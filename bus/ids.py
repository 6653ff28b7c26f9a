"""Ids: random for the acts of persons, derived from the cause for all that follows."""

from __future__ import annotations

import hashlib
import re
import unicodedata
import uuid

PHOTO_LOOK = "photo-"
"""Prefix of the look of a character made from a photo."""
NOBODY = "nobody"
"""In place of a person, the owner of what the operator alone may see: no cookie with it is taken."""
_NAMESPACE = uuid.UUID("6f1d2f0e-5c63-5f0e-9a7b-2f8d6b1c4e10")


def new_id(prefix: str) -> str:
    """A new random id such as "c4f0…"; only for what no event caused."""
    return f"{prefix}{uuid.uuid4().hex}"


def derive_id(cause: str, *position: str | int) -> str:
    """The id of the output that `cause` has at this position: a UUIDv5, the same on every repeat."""
    # Equal to uuid.uuid5, in a third of the time, because every fact needs one.
    digest = bytearray(hashlib.sha1(_NAMESPACE.bytes + "/".join([cause, *map(str, position)]).encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return digest.hex()


def reply_id(words: str) -> str:
    """The id of the reply to a person's words.

    Args:
        words: id of the event that has them, `transcript.final` or `message.received`.
    """
    return derive_id(words, "reply")


def slug(name: str) -> str:
    """A name as an id of at most 64 characters of a-z 0-9 -; empty if it has no such character."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:64]


_UNSIGNED_COOKIE = re.compile(r"p[0-9a-f]{32}")


def is_unsigned_cookie(person: str) -> bool:
    """Whether a person's id is the value of a cookie of an earlier version, which holds until it is exchanged.

    No id that is made today looks like it.
    """
    return _UNSIGNED_COOKIE.fullmatch(person) is not None


def shown_person(person: str) -> str:
    """A person's id as it may be shown and printed within their system: it opens nothing."""
    return person_hash(person) if is_unsigned_cookie(person) else person


def person_hash(person: str) -> str:
    """What stands for a person outside of their system. An id is random, so that its hash tells nothing."""
    return f"person-{hashlib.sha256(b'visavis person ' + person.encode()).hexdigest()[:32]}"


def look_of(photo: bytes) -> str:
    """The look of a photo: name of its face and of its portrait asset, derived from the photo's hash."""
    return f"{PHOTO_LOOK}{hashlib.blake2b(photo, digest_size=16).hexdigest()}"


def seed_of(value: str) -> int:
    """A 32 bit random seed derived from an id."""
    return uuid.uuid5(_NAMESPACE, value).int >> 96


def key_pictures_of(look: str) -> str:
    """Name of the asset that has the pictures of the key poses of a photo, and goes with its portrait."""
    return f"{look}-keys"


def look_of_asset(name: str) -> str:
    """The look of a photo that an asset belongs to, whether it is the portrait or the pictures of its key poses."""
    return "-".join(name.split("-")[:2])
