"""What is derived from the bot's token, and how the token stays out of words that people see. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re

from bus.errors import ConfigurationError

_TOKEN = re.compile(r"(\d{1,20}):[A-Za-z0-9_-]+")
_IN_URL = re.compile(r"bot\d+(:|%3A)[\w-]+", re.IGNORECASE)


def read_token(token: str) -> str:
    """The id of the bot that a token is for.

    Raises:
        ConfigurationError: it is no token; does not show it.
    """
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise ConfigurationError(
            "VISAVIS_TELEGRAM_TOKEN: expected a bot's token as BotFather gives it, digits:letters; "
            f"got {len(token)} characters of another form"
        )
    return match[1]


def derived(token: str, purpose: str) -> str:
    """64 characters that nobody can guess who does not know the token; the same in every process."""
    return hmac.new(token.encode(), purpose.encode(), hashlib.sha256).hexdigest()


def redacted(text: str, token: str) -> str:
    """A text without the token, or any other bot's in a URL."""
    return _IN_URL.sub("bot…", text).replace(token, "…").replace(token.partition(":")[2], "…")


def cause_without(error: BaseException, token: str) -> BaseException | None:
    """An exception to be named as the cause; None if it, or one that caused it, shows the token."""
    secret = token.partition(":")[2]
    current: BaseException | None = error
    while current is not None:
        if secret in f"{current} {current!r}":
            return None
        current = current.__cause__ or current.__context__
    return error
