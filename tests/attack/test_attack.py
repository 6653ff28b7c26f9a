"""A short attack of each kind on a gateway alone: whoever asks for too much is refused, and the witness is served."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from bus.log.event_log import connect
from bus.settings import Settings
from tests.attack import attacks
from tests.attack.attacks import ATTACKS, Attack, Outcome
from tests.attack.witness import Witness
from tests.services.gateway.conftest import serving

# The same in small: each attack is larger than these.
LIMITS = {
    "messages_per_minute": 60,
    "conversations_per_minute": 12,
    "people_per_address": 3,
    "event_streams_per_person": 4,
    "sessions_per_person": 2,
    "offers_per_minute": 5,
    "connections_per_address": 24,
    "header_seconds": 1,
    "request_seconds": 5,
    "faces_per_person": 3,
    "requests_per_second": 40,
    "access": "open",
}


@pytest.fixture
async def url(settings: Settings) -> AsyncIterator[str]:
    limited = replace(settings, **LIMITS)
    async with connect(limited, name="test") as event_log, serving(event_log, limited) as running:
        yield running.url


async def test_a_stranger_is_refused_and_the_witness_notices_nothing(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    witness = Witness(url, first_word="message.received", pause=0.5, patience=30)
    talking = asyncio.create_task(witness.run())
    outcomes: dict[str, Outcome] = {}
    small: dict[Attack, float] = {attacks.idle_connections: 0.5, attacks.messages: 1.0, attacks.many_persons: 0.6}
    for attack in ATTACKS:
        if attack is not attacks.slow_bodies:  # seconds, by design
            outcomes[attack.__name__] = await attack(url, small.get(attack, 0.8))
    talking.cancel()
    await asyncio.gather(talking, return_exceptions=True)
    talk = witness.take()
    assert not talk.failures
    assert len(talk.waits) > 3
    assert await attacks.survives(url)
    assert not [name for name, one in outcomes.items() if one.broken]
    harmless = {"many_persons", "nonsense", "photos"}  # some of them may be taken, or refused for what they are
    assert {name: one.refused > 0 for name, one in outcomes.items() if name not in harmless} == dict.fromkeys(
        outcomes.keys() - harmless, True
    )
    assert "Traceback" not in caplog.text
