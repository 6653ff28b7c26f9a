"""The short way through the parser delivers what nats-py's own delivers, however the socket cuts it."""

from __future__ import annotations

import asyncio
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.errors import ProtocolError

from bus.log.bulk_parser import BulkParser, Delivery
from bus.log.event_log import EventLog
from bus.log.pull import SubscriptionLost, records_of


class FakeClient:
    """Keeps what the parser tells its client."""

    def __init__(self) -> None:
        self.told: list[object] = []

    async def _process_msg(self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes) -> None:
        self.told.append(("message", sid, subject, reply, bytes(data), bytes(headers or b"")))

    async def _process_ping(self) -> None:
        self.told.append("ping")

    async def _process_pong(self) -> None:
        self.told.append("pong")


def frame(sid: int, subject: str, reply: str, headers: bytes, data: bytes) -> bytes:
    words = [subject, str(sid), *([reply] if reply else [])]
    if headers:
        line = f"HMSG {' '.join(words)} {len(headers)} {len(headers) + len(data)}"
    else:
        line = f"MSG {' '.join(words)} {len(data)}"
    return f"{line}\r\n".encode() + headers + data + b"\r\n"


MESSAGES = st.tuples(
    st.integers(1, 3),
    st.sampled_from(["conv.c1.x", "a"]),
    st.sampled_from(["$JS.ACK.S.C.1.2.3.4.5", ""]),
    st.sampled_from([b"", b"NATS/1.0\r\nNats-Msg-Id: e1\r\n\r\n"]),
    st.sampled_from([b"", b"{}", b"MSG a 1 2\r\n{}\r\n", b"x" * 300, b"\r\n"]),
)


async def parsed(parts: list[bytes], direct: set[int]) -> list[object]:
    client = FakeClient()
    parser = BulkParser(client)

    def deliver(sid: int, one: Delivery) -> None:
        client.told.append(("message", sid, one.subject, one.reply, one.data, one.headers))

    for sid in direct:
        parser.direct[str(sid).encode()] = partial(deliver, sid)
    for part in parts:
        await parser.parse(part)
    return client.told


@given(
    st.lists(st.one_of(MESSAGES, st.sampled_from([b"PING\r\n", b"PONG\r\n", b"+OK\r\n"])), max_size=8),
    st.lists(st.integers(0, 3000), max_size=8),
    st.sets(st.integers(1, 2)),
)
def test_frames_are_delivered_in_order_however_they_are_cut(
    frames: list[tuple[int, str, str, bytes, bytes] | bytes], cuts: list[int], direct: set[int]
) -> None:
    whole = b"".join(one if isinstance(one, bytes) else frame(*one) for one in frames)
    places = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    parts = [whole[a:b] for a, b in pairwise(places)]
    plain = asyncio.run(parsed([whole], set()))
    assert asyncio.run(parsed(parts, direct)) == plain


async def test_a_frame_without_its_length_is_an_error() -> None:
    with pytest.raises(ProtocolError):
        await parsed([b"MSG a 1 $JS.ACK x\r\n"], {1})


async def test_what_is_left_of_a_connection_that_is_lost_is_not_parsed_with_the_next_one() -> None:
    parser = BulkParser(FakeClient())
    delivered: list[Delivery] = []
    parser.direct[b"1"] = delivered.append
    whole = frame(1, "a", "r", b"", b"data")
    await parser.parse(whole[:12])
    parser.reset()
    await parser.parse(whole)
    assert [one.data for one in delivered] == [b"data"]


def test_a_missing_message_is_noticed_with_and_without_a_domain() -> None:
    deliveries = [
        Delivery(b"a", b"$JS.ACK.S.C.1.10.1.1700000000123456789.2", b"", b"x"),
        Delivery(b"a", b"$JS.ACK.hub.hash.S.C.1.11.2.1700000000123456789.1.token", b"NATS/1.0\r\nA: b\r\n\r\n", b"y"),
    ]
    records, expected, pending = records_of(deliveries, 1)
    assert [(one.sequence, one.time, dict(one.headers)) for one in records] == [
        (10, 1_700_000_000_123_456, {}),
        (11, 1_700_000_000_123_456, {"A": "b"}),
    ]
    assert (expected, pending) == (3, 1)
    with pytest.raises(SubscriptionLost, match="expected message 2, got 1"):
        records_of(deliveries, 2)


async def test_batches_hold_every_message_once_in_order(event_log: EventLog) -> None:
    for number in range(700):
        await event_log.nc.publish("conv.c1.x", str(number).encode(), headers={"Visavis-Copy": str(number)})
    # The server answers a flush before it has stored what came without an acknowledgement.
    while (await event_log.js.stream_info("CONVERSATIONS")).state.messages < 700:
        await asyncio.sleep(0.01)
    found = [one async for batch in event_log.read_batches("CONVERSATIONS", "conv.>") for one in batch]
    assert [int(one.data) for one in found] == list(range(700))
    assert [one.headers.get("Visavis-Copy") for one in found] == [str(number) for number in range(700)]
    assert found[0].is_copy
