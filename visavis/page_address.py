"""The address of the page on this machine, also with the operator's key."""

from __future__ import annotations

from bus.process.operator_key import operator_key
from bus.settings import Settings


def page_address(settings: Settings) -> str:
    """Where a browser on this machine finds the page."""
    # Without a certificate, browsers allow the microphone on localhost, but not on 0.0.0.0.
    host = "localhost" if settings.host in ("0.0.0.0", "::", "127.0.0.1") else settings.host
    return f"http://{host}:{settings.port}"


def operator_address(settings: Settings, fragment: str) -> str:
    """The address that makes a browser the operator's and shows a part of the page.

    Args:
        fragment: of the page's address, such as `replay=…`.
    Raises:
        ConfigurationError: the key in the data folder cannot be read.
    """
    return f"{page_address(settings)}/operator?key={operator_key(settings)}#{fragment}"
