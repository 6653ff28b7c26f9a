"""Who a person is: a signed cookie, a hash on the log, and neither where others can read them."""

from __future__ import annotations

import hashlib
import json
import re

import httpx2
import pytest
from itsdangerous import URLSafeTimedSerializer
from msgspec.structs import replace

from bus import clock, codec
from bus.access_events import SessionsEnded
from bus.errors import ConfigurationError
from bus.events import ConversationOpened
from bus.ids import new_id, person_hash, shown_person
from bus.log import streams
from bus.log.event_log import EventLog
from bus.process.signing_key import signing_key
from bus.settings import Settings
from bus.stamping import new_access_event, new_event
from services.gateway.web import identity
from services.gateway.web.identity import COOKIE
from tests.services.gateway.conftest import Running, serving
from tests.services.gateway.web.test_api import error_of


async def listed(gateway: Running, cookie: str) -> tuple[list[str], str]:
    """The conversations that a cookie shows, and the cookie that the answer sets, "" for none."""
    async with gateway.stranger() as client:
        client.cookies.set(COOKIE, cookie)
        answer = await client.get("/api/conversations")
        return [one["id"] for one in answer.json()], answer.cookies.get(COOKIE) or ""


async def end_sessions(gateway: Running, person: str) -> None:
    access = gateway.server._access
    event = new_access_event(SessionsEnded(), holder=person)
    await access.wait_until(await gateway.event_log.append_access(event, after=access.access.newest.get(person, 0)))


async def shown_opening(client: httpx2.AsyncClient, conversation: str) -> dict[str, str]:
    """The first fact of a conversation as its page gets it."""
    async with client.stream("GET", f"/api/conversations/{conversation}/events") as stream:
        lines = stream.aiter_lines()
        while not (line := await anext(lines)).startswith("data:"):
            pass
        body: dict[str, str] = json.loads(line[5:])["event"]["body"]
        return body


async def network(gateway: Running, address: str) -> str:
    """What the log has, and the page has not, of the network of somebody new, whose address a trusted proxy tells."""
    async with gateway.stranger() as client:
        client.headers["X-Forwarded-For"] = address
        conversation = (await client.post("/api/conversations", json={"character": "ada"})).json()["id"]
        assert (await shown_opening(client, conversation))["network"] == ""
        fact = await gateway.event_log.last_fact(conversation, ConversationOpened)
        assert fact is not None
        assert isinstance(fact.body, ConversationOpened)
        return fact.body.network


async def test_the_log_tells_networks_apart_and_has_no_address(event_log: EventLog, settings: Settings) -> None:
    async with serving(event_log, replace(settings, access="open")) as gateway:
        first = await network(gateway, "192.0.2.1")
        assert re.fullmatch("[0-9a-f]{2}", first)
        assert await network(gateway, "192.0.2.1") == first
        assert {await network(gateway, f"192.0.2.{number}") for number in range(2, 8)} != {first}
        assert await network(gateway, "2001:db8:1:2::5") == await network(gateway, "2001:db8:1:2::6")
        # A proxy that does not say for whom it asks is no network.
        assert await network(gateway, "") == ""


async def test_the_log_has_a_hash_that_is_no_cookie_and_the_page_not_even_that(gateway: Running) -> None:
    conversation = await gateway.open()
    person, cookie = await gateway.owner(conversation), gateway.client.cookies[COOKIE]
    assert person not in cookie
    assert (await listed(gateway, cookie)) == ([conversation], "")
    payload, _, signature = cookie.rpartition(".")
    turned = "A" if signature[0] != "A" else "B"  # not the last character, of which some bits mean nothing
    for forged in (person, f"{payload}.{turned}{signature[1:]}", payload, "nobody", "p1", ""):
        own, fresh = await listed(gateway, forged)
        assert (own, fresh in ("", cookie)) == ([], False)
    assert await shown_opening(gateway.client, conversation) == {
        "type": "conversation.opened", "person": "", "character": "ada", "language": "en", "network": ""
    }  # fmt: skip
    rows = (await gateway.client.get(f"/api/replay/{conversation}/events")).json()
    detail = await gateway.client.get(f"/api/replay/{conversation}/events/{rows[0]['id']}")
    assert detail.status_code == 200
    assert person not in detail.text


async def test_a_cookie_is_renewed_and_ends_when_it_is_revoked_or_was_made_with_another_key(
    gateway: Running, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = await gateway.open()
    person, cookie = await gateway.owner(conversation), gateway.client.cookies[COOKIE]
    async with gateway.stranger() as client:
        answer = await client.get("/api/characters")
        attributes = answer.headers["set-cookie"].split("; ")[1:]
        assert set(attributes) == {"Path=/", "Max-Age=31536000", "HttpOnly", "SameSite=Lax"}
    monkeypatch.setattr(identity, "RENEWED_AFTER", -1)
    own, renewed = await listed(gateway, cookie)
    assert (own, bool(renewed)) == ([conversation], True)
    assert (await listed(gateway, renewed))[0] == [conversation]
    other = URLSafeTimedSerializer(
        "k" * 32, salt="visavis.person", signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256}
    )
    assert (await listed(gateway, str(other.dumps(gateway.server._persons._serializer.loads(cookie)))))[0] == []
    await end_sessions(gateway, person)
    assert (await listed(gateway, cookie))[0] == (await listed(gateway, renewed))[0] == []


async def test_a_cookie_holds_with_a_gateway_whose_clock_is_behind_and_for_a_year(
    gateway: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, signer = clock.now(), "itsdangerous.timed.TimestampSigner.get_timestamp"
    monkeypatch.setattr(signer, lambda _: now // 1_000_000 + 20)  # what wrote the cookie goes by its own machine
    conversation = await gateway.open()
    cookie = gateway.client.cookies[COOKIE]
    monkeypatch.setattr(signer, lambda _: now // 1_000_000)
    assert await listed(gateway, cookie) == ([conversation], "")
    monkeypatch.setattr("bus.clock.now", lambda: now + 364 * 86_400_000_000)
    assert (await listed(gateway, cookie))[0] == [conversation]
    monkeypatch.setattr("bus.clock.now", lambda: now + 366 * 86_400_000_000)
    assert (await listed(gateway, cookie))[0] == []


async def test_a_cookie_of_an_earlier_version_is_exchanged_once_and_keeps_its_conversations(
    gateway: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = new_id("p")
    event = new_event(ConversationOpened(person=old, character="ada", language="en"), conversation="before")
    await gateway.server._feed.wait_until_applied(await gateway.event_log.append(event))
    own, signed = await listed(gateway, old)
    assert (own, bool(signed), old in signed) == (["before"], True, False)
    again, _ = await listed(gateway, old)  # the answer was lost, or another tab asks
    assert again == ["before"]
    stored = [codec.decode_access_event(one.data) async for one in gateway.event_log.read(streams.ACCESS, "access.*")]
    assert [(one.holder, type(one.body).__name__) for one in stored] == [(old, "CookieExchanged")]
    monkeypatch.setattr(identity, "EXCHANGE_HOLDS", -1)
    own, fresh = await listed(gateway, old)
    assert (own, bool(fresh)) == ([], True)
    assert await listed(gateway, signed) == (["before"], "")
    assert shown_person(old) == person_hash(old)
    new = await gateway.owner(await gateway.open())
    assert shown_person(new) == new
    await end_sessions(gateway, old)
    assert (await listed(gateway, signed))[0] == []


async def test_names_that_are_not_ours_and_pages_of_other_sites_are_refused(gateway: Running) -> None:
    port = gateway.url.rpartition(":")[2]

    async def get(host: str, path: str = "/api/conversations") -> int:
        return (await gateway.client.get(path, headers={"Host": host})).status_code

    assert [await get(one) for one in (f"localhost:{port}", "192.0.2.7", f"[::1]:{port}", "LOCALHOST", "a.localhost")] \
        == [200] * 5  # fmt: skip
    for foreign in ("evil.example", "localhost.evil.example", f"evil.example:{port}", "[", "@localhost@evil.example"):
        assert (await get(foreign), await get(foreign, "/healthz")) == (421, 200)
    refused = await gateway.client.get("/", headers={"Host": "evil.example"})
    assert (error_of(refused), "set-cookie" in refused.headers) == ((421, "unknown_host"), False)

    async def post(**headers: str) -> int:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return (await gateway.client.post("/api/conversations", json={}, headers=sent)).status_code

    assert await post(origin=gateway.url) == await post() == await post(sec_fetch_site="same-origin") == 201
    assert await post(origin=gateway.url.replace("http:", "https:")) == 201  # a proxy ends TLS
    for foreign in ("null", "http://evil.example", "http://localhost:1", f"ftp://127.0.0.1:{port}", "http://["):
        assert await post(origin=foreign) == 403
    assert await post(sec_fetch_site="cross-site") == await post(sec_fetch_site="same-site") == 403


def test_the_signing_key_is_kept_and_private_or_given(settings: Settings) -> None:
    key = signing_key(settings)
    path = settings.data_folder / "signing.key"
    assert signing_key(settings) == key == path.read_text().strip()
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert signing_key(Settings(data=settings.data, secret="s" * 32)) == "s" * 32
    with pytest.raises(ConfigurationError, match="VISAVIS_SECRET has 5 characters"):
        signing_key(Settings(data=settings.data, secret="short"))
