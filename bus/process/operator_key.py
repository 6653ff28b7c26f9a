"""The operator's key: a secret of the data folder.

Who has it is the owner of this system, and may see the conversations of all persons.
"""

from __future__ import annotations

from bus.private_files import secret_in
from bus.settings import Settings


def operator_key(settings: Settings) -> str:
    """The key of this data folder, made at the first call; only the owner of its file can read it.

    Raises:
        ConfigurationError: the file cannot be read or written, or holds no key.
    """
    return secret_in(settings.data_folder / "operator.key", "the operator's key")
