"""A short digest of what had been said before an answer, by which a replay proves that it sees the same. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from projections.conversation import Message

_encode = msgspec.json.Encoder().encode


def history_digest(messages: Sequence[Message]) -> str:
    """Sixteen hexadecimal digits of BLAKE2b over the messages as JSON, the same on every machine; empty for none."""
    return "" if not messages else hashlib.blake2b(_encode(messages), digest_size=8).hexdigest()
