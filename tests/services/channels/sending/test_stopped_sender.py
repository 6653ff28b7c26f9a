"""A sender whose process is stopped for a while just before the call does not send what another one sends meanwhile."""

from __future__ import annotations

import pytest

from bus import clock
from bus.channel_events import DeliveryEvent, DeliveryRetried, DeliverySending
from bus.log.event_log import EventLog
from tests.services.channels.sending.sending import PROVING, QUICK, FakeChannel, queue, sending, steps_of, wait_for


@pytest.mark.parametrize("capabilities", [QUICK, PROVING])
async def test_who_was_stopped_before_the_call_does_not_make_it(
    event_log: EventLog, capabilities: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = event_log.append_delivery
    stopped_for = 0
    calls: list[int] = []

    async def append_and_stop(event: DeliveryEvent, *, after: int) -> int:
        nonlocal stopped_for
        sequence = await append(event, after=after)
        if isinstance(event.body, DeliverySending) and event.body.attempt == 1:
            stopped_for = 60_000_000
        elif isinstance(event.body, DeliveryRetried):
            calls.append(len(channel.reached))
            stopped_for = 0
        return sequence

    monkeypatch.setattr(event_log, "append_delivery", append_and_stop)
    channel = FakeChannel(capabilities)  # type: ignore[arg-type]
    await queue(event_log, "d1")
    async with sending(event_log, channel, now=lambda: clock.now() + stopped_for):
        await wait_for(event_log, "d1", "sent", "given_up")
    assert calls == [0]
    assert channel.count("d1") == 1
    assert await steps_of(event_log, "d1") == ["Queued", "Sending", "Retried", "Sending", "Sent"]
