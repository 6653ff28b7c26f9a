"""Where the analytics are."""

from __future__ import annotations

from pathlib import Path

from bus.settings import Settings


def analytics_folder(settings: Settings) -> Path:
    """The folder of the tables."""
    return settings.data_folder / "analytics"
