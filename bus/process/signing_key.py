"""What cookies and tokens are signed with, and the ids of persons are made with: of the settings, else of the data
folder."""

from __future__ import annotations

from bus.errors import ConfigurationError
from bus.private_files import SHORTEST, secret_in
from bus.settings import Settings

SIGNING_KEY = "signing.key"


def signing_key(settings: Settings) -> str:
    """The secret, made in the data folder at the first call.

    Raises:
        ConfigurationError: the setting is too short, or the file cannot be read or written.
    """
    if not settings.secret:
        return secret_in(settings.data_folder / SIGNING_KEY, "what cookies are signed with")
    if len(settings.secret) < SHORTEST:
        raise ConfigurationError(f"VISAVIS_SECRET has {len(settings.secret)} characters, and needs {SHORTEST} or more")
    return settings.secret
