"""A gateway beside channels."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.services.gateway.conftest import Running
from tests.services.gateway.web.linking import FOLDER, TELEGRAM, channels


@pytest.fixture
async def linking(gateway: Running) -> AsyncIterator[Running]:
    """A gateway where Telegram and a folder are set up."""
    async with channels(gateway, TELEGRAM, FOLDER):
        yield gateway
