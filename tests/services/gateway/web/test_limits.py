"""What strangers may ask of a gateway: rates and shares for each person and address, connections, space on the log."""

from __future__ import annotations

import asyncio
import base64
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx2
import pytest
from msgspec.structs import replace
from starlette.routing import Mount, Route

from bus.errors import Exhausted, TooMany
from bus.events import MessageReceived
from bus.log.event_log import connect
from bus.settings import Settings
from services.gateway.web.limits import (
    RULES,
    Client,
    Limits,
    Rate,
    Rates,
    Room,
    Share,
    Shares,
    is_in,
    network_of,
    rule_of,
    trusted_networks,
)
from tests.pictures import encoded, painted
from tests.services.gateway.conftest import Running, serving
from tests.services.gateway.web.test_face_requests import send as send_photo

SMALL = {
    "messages_per_minute": 5,
    "conversations_per_minute": 4,
    "conversations_per_person": 3,
    "people_per_address": 2,
    "event_streams_per_person": 2,
    "requests_per_second": 20,
    "connections_per_address": 8,
    "header_seconds": 1,
    "log_bytes": 1 << 20,
    "faces_per_person": 10,
    "uploads_at_once": 40,
    "access": "open",
}


class Clock:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_person_is_bounded_in_all_conversations_and_an_address_in_all_its_people() -> None:
    clock = Clock()
    rates = Rates({"messages": Rate(3, 0.5, "messages")}, per_address=2, clock=clock)
    ann, bob, eve = (Client(name, "192.0.2.1") for name in ("ann", "bob", "eve"))
    for _ in range(3):
        rates.take("messages", ann)
    with pytest.raises(TooMany) as refused:
        rates.take("messages", ann)
    assert refused.value.wait == 2.0
    for _ in range(3):
        rates.take("messages", bob)
    with pytest.raises(TooMany, match="network"):
        rates.take("messages", eve)
    rates.take("messages", Client("eve", "192.0.2.2"))
    clock.now += 2
    rates.take("messages", ann)
    with pytest.raises(TooMany):
        rates.take("messages", ann)
    # Nobody is charged for what is refused, and a proxy that names nobody is no crowd.
    for person in range(20):
        rates.take("messages", Client(f"p{person}", ""))


def test_a_share_is_given_back_once() -> None:
    shares = Shares({"calls": Share(2, 5, "calls")}, per_address=2)
    ann, bob, eve = Client("ann", "a"), Client("bob", "a"), Client("eve", "b")
    first, _ = shares.take("calls", ann), shares.take("calls", ann)
    with pytest.raises(TooMany, match="of yours"):
        shares.take("calls", ann)
    for _ in range(2):
        shares.take("calls", bob)
    with pytest.raises(TooMany, match="network"):
        shares.take("calls", Client("zoe", "a"))
    shares.take("calls", eve)
    with pytest.raises(Exhausted):
        shares.take("calls", eve)
    first()
    first()
    assert shares.taken("calls") == 4
    shares.take("calls", eve)


def test_addresses_are_what_one_household_has() -> None:
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2:ffff::1") != network_of("2001:db8:1:3::4")
    assert network_of("::ffff:192.0.2.7") == network_of("192.0.2.7") == "192.0.2.7"
    proxies = trusted_networks("127.0.0.1, 10.0.0.0/8,::1,unix:")
    assert [is_in(one, proxies) for one in ("127.0.0.1", "10.9.8.7", "::1", "192.0.2.1")] == [True] * 3 + [False]
    assert all(is_in(one, trusted_networks("*")) for one in ("192.0.2.1", "2001:db8::1"))


def test_limits_fit_into_the_files_that_a_process_may_open() -> None:
    assert Room.of(Settings(), 65_536) == Room(Settings().connections, Settings().sessions)
    small = Room.of(Settings(), 1024)
    assert small.connections + 4 * small.sessions < 1024 - 50
    limits = Limits(Settings(), sessions=small.sessions)
    for number in range(small.sessions):
        limits.shares.take("sessions", Client(f"p{number}", ""))
    with pytest.raises(Exhausted):
        limits.shares.take("sessions", Client("one more", ""))


async def test_every_rule_is_of_a_route_that_there_is(gateway: Running) -> None:
    app = gateway.server.app()
    (api,) = (route for route in app.routes if isinstance(route, Mount) and route.path == "/api")
    routes = [one for one in api.routes if isinstance(one, Route)]
    paths = [(method, f"/api{one.path}") for one in routes for method in one.methods or ()]
    used = {rule_of(method, path.replace("{", "").replace("}", "")) for method, path in paths}
    assert used >= set(RULES)
    assert rule_of("GET", "/readyz") is None


@pytest.fixture
async def small(settings: Settings) -> AsyncIterator[Running]:
    """A gateway with small limits."""
    limited = replace(settings, **SMALL)
    async with connect(limited, name="test") as event_log, serving(event_log, limited) as running:
        yield running


def visitor(gateway: Running, address: str) -> httpx2.AsyncClient:
    """A client behind the trusted proxy that this machine is."""
    return httpx2.AsyncClient(base_url=gateway.url, timeout=20, headers={"X-Forwarded-For": address})


async def statuses(*requests: Any) -> Counter[int]:
    return Counter(answer.status_code for answer in await asyncio.gather(*requests))


async def test_one_visitor_is_refused_in_words_and_another_one_notices_nothing(
    small: Running, caplog: pytest.LogCaptureFixture
) -> None:
    async with AsyncExitStack() as stack:
        mallory, ann = [await stack.enter_async_context(visitor(small, ip)) for ip in ("192.0.2.66", "192.0.2.1")]
        await mallory.get("/api/characters")
        opened = [await mallory.post("/api/conversations", json={"character": "ada"}) for _ in range(5)]
        assert [one.status_code for one in opened] == [201, 201, 201, 409, 429]
        at = [f"/api/conversations/{one.json()['id']}" for one in opened[:3]]
        flood = [await mallory.post(f"{at[i % 3]}/messages", json={"text": "x"}) for i in range(12)]
        assert Counter(one.status_code for one in flood) == {202: 5, 429: 7}
        refused = flood[-1]
        assert refused.json()["error"]["code"] == "too_many_requests"
        assert "too many messages" in refused.json()["error"]["message"]
        assert 1 <= int(refused.headers["retry-after"]) <= 60

        # With another cookie each time the address is what is counted.
        fresh = [await stack.enter_async_context(visitor(small, "192.0.2.66")) for _ in range(8)]
        answers = await statuses(*(one.post("/api/conversations", json={"character": "ada"}) for one in fresh))
        assert answers[201] <= 4
        assert answers[429] == 8 - answers[201]

        # Streams of events: two of a person, and room again when one ends.
        streams = [mallory.stream("GET", f"{at[0]}/events") for _ in range(3)]
        first, second = [await stack.enter_async_context(one) for one in streams[:2]]
        async with streams[2] as third:
            assert [first.status_code, second.status_code, third.status_code] == [200, 200, 429]

        conversation = (await ann.post("/api/conversations", json={"character": "ada"})).json()["id"]
        message = await ann.post(f"/api/conversations/{conversation}/messages", json={"text": "hello"})
        assert message.status_code == 202
    assert "Traceback" not in caplog.text


async def test_fourteen_photos_at_once_do_not_pass_a_limit_of_ten(small: Running) -> None:
    first, second = await small.open(), await small.open()
    photos = [encoded(painted(96 + n), "PNG") for n in range(14)]
    sent = [send_photo(small, (first, second)[n % 2], one, name=f"Face {n}") for n, one in enumerate(photos)]
    assert await statuses(*sent) == {202: 10, 409: 4}


async def read_all(at: tuple[str, int], request: bytes, *, source: str) -> bytes:
    """Send bytes from an address of this machine, and read until the other side closes."""
    reader, writer = await asyncio.open_connection(*at, local_addr=(source, 0))
    writer.write(request)
    try:
        return await reader.read()
    finally:
        writer.close()


async def test_slow_headers_and_idle_connections_make_room(small: Running) -> None:
    url = httpx2.URL(small.url)
    at = ("127.0.0.1", int(url.port or 0))
    late = await read_all(at, b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ", source="127.0.0.9")
    assert late.startswith(b"HTTP/1.1 408 ")
    # Idle ones, more than an address may have: the oldest are closed for the newer, and a request gets through.
    idle = [await asyncio.open_connection(*at, local_addr=("127.0.0.9", 0)) for _ in range(20)]
    request = b"GET /openz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    assert (await read_all(at, request, source="127.0.0.9")).startswith(b"HTTP/1.1 200 ")
    assert (await read_all(at, request, source="127.0.0.1")).startswith(b"HTTP/1.1 200 ")
    assert small.server.connection_count <= 8 + 1
    closed = await asyncio.gather(*(reader.read() for reader, _ in idle), return_exceptions=True)
    assert sum(isinstance(one, OSError) or not one for one in closed) == 20 - 7  # the others were late
    for _, writer in idle:
        writer.close()


async def test_a_full_log_takes_nothing_new_and_keeps_what_it_has(small: Running) -> None:
    conversation = await small.open()
    path = f"/api/conversations/{conversation}"
    kept = await small.client.post(f"{path}/messages", json={"text": "kept", "message": "m1"})
    for number in range(8):
        text = base64.b64encode(os.urandom(200_000)).decode()  # does not get smaller when it is compressed
        await small.record(conversation, f"t{number}", MessageReceived(message=f"x{number}", text=text))
    await small.event_log.watch.check()
    full = await small.client.post("/api/conversations", json={"character": "ada"})
    assert full.status_code == 503
    assert full.json()["error"]["code"] == "log_full"
    assert "takes nothing new" in full.json()["error"]["message"]
    assert int(full.headers["retry-after"]) >= 30
    refused = await small.client.post(f"{path}/messages", json={"text": "more"})
    assert refused.status_code == 503
    # A message that is on the log already is confirmed again, and what was said is all there.
    again = await small.client.post(f"{path}/messages", json={"text": "kept", "message": "m1"})
    assert again.json() == kept.json()
    turns = (await small.client.get(path)).json()["turns"]
    assert turns[0]["person"]["text"] == "kept"
