"""Fixtures of all services."""

from __future__ import annotations

import pytest

from services.gpu_faults import GPU_USE


@pytest.fixture(autouse=True)
def graphics_card_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test finds out about the graphics card is forgotten after it."""
    monkeypatch.setattr(GPU_USE, "cause", GPU_USE.cause)
