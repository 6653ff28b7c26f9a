"""The secrets by which an account of a channel is linked to a person. The log has only their hashes.

The page offers a link with a token, which the person brings to the channel; or the channel tells a sender a pairing
code, which the person types into the page. The id of the link is the hash of either.
"""

from __future__ import annotations

import hashlib
import re
import secrets

CODE_LENGTH = 8
CODE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without 0, O, 1 and I, which look alike."""
TOKEN_BYTES = 16
TOKEN_PATTERN = r"[A-Za-z0-9_-]{22}"
DEEP_LINK = "l_"
"""Stands before the token in an address that opens the channel with it."""


def new_token() -> str:
    """A one-time token of 128 bits: 22 characters of A-Z a-z 0-9 _ -."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def new_pairing_code() -> str:
    """A pairing code of 40 bits, as people can read and type it: 8 characters of `CODE_ALPHABET`."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


def pairing_code(typed: str) -> str:
    """The pairing code that a person typed, in whatever case and with whatever spaces; empty: it cannot be one."""
    code = re.sub(r"[\s-]", "", typed).upper()
    return code if re.fullmatch(rf"[{CODE_ALPHABET}]{{{CODE_LENGTH}}}", code) else ""


def link_id(secret: str) -> str:
    """The id of the link that a token or a pairing code is for: its hash, so that nobody can read it off the log."""
    return f"l{hashlib.sha256(f'visavis link {secret}'.encode()).hexdigest()[:40]}"
