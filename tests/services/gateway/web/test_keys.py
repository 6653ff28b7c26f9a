"""Who may come in: keys, sessions of browsers, tokens for the browsers of others, and nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx2
import msgspec
import pytest

from bus import clock
from bus.access_events import AccessFact, KeyCreated, KeyRevoked, SessionsEnded
from bus.errors import ConfigurationError
from bus.events import TranscriptPartial
from bus.log.event_log import EventLog
from bus.process.access import check_access
from bus.process.operator_key import operator_key
from bus.settings import Settings
from bus.stamping import new_access_event, new_live_event
from services.gateway.web import keys
from services.key_secrets import new_key
from tests.services.gateway.conftest import Running, serving
from tests.services.gateway.web.offers import CHROMIUM
from tests.services.gateway.web.test_api import error_of

SHOP = "https://shop.example.org"


@pytest.fixture
async def guarded(event_log: EventLog, settings: Settings) -> AsyncIterator[Running]:
    """A gateway at which everybody has to sign in."""
    guarded = msgspec.structs.replace(settings, access="keys", origins=SHOP)
    async with serving(event_log, guarded, key=operator_key(settings)) as running:
        yield running


async def tell(gateway: Running, holder: str, body: AccessFact) -> None:
    """Append an event of access, as the commands do, and wait until the gateway knows it."""
    access = gateway.server._access
    event = new_access_event(body, holder=holder)
    await access.wait_until(await gateway.event_log.append_access(event, after=access.access.newest.get(holder, 0)))


async def made_key(gateway: Running, *scopes: str, expires_at: int | None = None) -> tuple[str, str]:
    """The id of a new key, and the key."""
    id_, key, digest = new_key()
    body = KeyCreated(name="Ann", scopes=scopes or ("talk",), hash=digest, expires_at=expires_at)  # type: ignore[arg-type]
    await tell(gateway, id_, body)
    return id_, key


def bearer(value: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {value}"}


async def status(client: httpx2.AsyncClient, path: str = "/api/conversations", **headers: str) -> int:
    return (await client.get(path, headers=headers)).status_code


async def test_a_key_opens_until_it_is_revoked_and_nothing_else_does(guarded: Running, settings: Settings) -> None:
    id_, key = await made_key(guarded)
    _, expired = await made_key(guarded, expires_at=1)
    swapped = f"vk_{id_}_{new_key()[1][17:]}"
    async with guarded.stranger() as client:
        for path in ("/api/conversations", "/api/characters", "/api/status", "/api/channels", "/api/nothing"):
            assert error_of(await client.get(path)) == (401, "not_signed_in"), path
        assert error_of(await client.post("/api/conversations", json={})) == (401, "not_signed_in")
        assert [await status(client, path) for path in ("/healthz", "/metrics", "/api/session")] == [200] * 3
        assert await status(client, **bearer(key)) == 200
        cut = operator_key(settings)[1:]
        for wrong in (expired, swapped, key[:-1], f"{key}A", key.upper(), "vk_", "vt_", "x", cut):
            assert await status(client, **bearer(wrong)) == 401
        opened = await client.post("/api/conversations", json={}, headers=bearer(key))
        assert opened.status_code == 201
        assert "set-cookie" not in opened.headers
        listed = await client.get("/api/conversations", headers=bearer(key))
        assert [one["id"] for one in listed.json()] == [opened.json()["id"]]
        _, second = await made_key(guarded)
        assert (await client.get("/api/conversations", headers=bearer(second))).json() == []
        noted = guarded.server._access
        while noted.access.keys[id_].used_at is None:
            await noted.wait_for_change()
        await tell(guarded, id_, KeyRevoked())
        assert await status(client, **bearer(key)) == 401


async def test_a_browser_signs_in_with_a_key_and_out_and_everywhere(
    guarded: Running, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_, key = await made_key(guarded)
    async with guarded.stranger() as one, guarded.stranger() as two:
        assert (await one.get("/api/session")).json() == {
            "access": "keys", "signed_in": False, "is_needed": True, "name": "", "scopes": []
        }  # fmt: skip
        assert error_of(await one.post("/api/session", json={"key": "wrong"})) == (403, "forbidden")
        answer = await one.post("/api/session", json={"key": f" {key} "})
        cookie = next(each for each in answer.headers.get_list("set-cookie") if each.startswith("visavis_session="))
        assert cookie.partition("; ")[2] == "Path=/; Max-Age=43200; HttpOnly; SameSite=Strict"
        assert key[17:] not in cookie
        assert (await one.get("/api/session")).json()["name"] == "Ann"
        assert await status(one) == 200
        assert (await two.post("/api/session", json={"key": operator_key(settings)})).status_code == 204
        assert (await two.get("/api/session")).json()["scopes"] == ["talk", "operator"]
        monkeypatch.setattr(keys, "RENEWED_AFTER", -1)
        assert "visavis_session=" in (await one.get("/api/conversations")).headers["set-cookie"]
        assert (await one.request("DELETE", "/api/session")).status_code == 204
        assert await status(one) == 401
        await one.post("/api/session", json={"key": key})
        kept = one.cookies["visavis_session"]
        assert (await one.request("DELETE", "/api/session/everywhere")).status_code == 204
        one.cookies.set("visavis_session", kept)
        assert await status(one) == 401
        await one.post("/api/session", json={"key": key})  # the key itself still opens
        assert await status(one) == 200
        await tell(guarded, id_, KeyRevoked())
        await tell(guarded, keys.OPERATOR, SessionsEnded())
        assert [await status(one), await status(two)] == [401, 401]


async def test_what_is_open_ends_with_its_key(guarded: Running) -> None:
    id_, key = await made_key(guarded)
    async with guarded.stranger() as client:
        client.headers.update(bearer(key))
        conversation = (await client.post("/api/conversations", json={})).json()["id"]
        offered = await client.post(
            f"/api/conversations/{conversation}/rtc", content=CHROMIUM, headers={"Content-Type": "application/sdp"}
        )
        assert offered.status_code == 201
        sessions = guarded.server._sessions.here
        assert len(sessions) == 1
        async with client.stream("GET", f"/api/conversations/{conversation}/events") as stream:
            lines = stream.aiter_lines()
            await anext(lines)
            await tell(guarded, id_, KeyRevoked())
            # A live event wakes the stream, as the next word would.
            await guarded.event_log.publish_live(
                new_live_event(TranscriptPartial(utterance="u", text="a"), conversation=conversation)
            )
            async with asyncio.timeout(40):
                assert not [line async for line in lines if line.startswith("event: live")]
                while sessions:
                    await asyncio.sleep(0.01)


async def test_a_scope_opens_what_it_names_and_no_more(guarded: Running) -> None:
    _, talk = await made_key(guarded)
    _, watch = await made_key(guarded, "operator")
    async with guarded.stranger() as client:
        opened = await client.post("/api/conversations", json={}, headers=bearer(talk))
        path = f"/api/replay/{opened.json()['id']}"
        await guarded.server._feed.wait_until_applied(await guarded.event_log.last_sequence("CONVERSATIONS"))
        assert [await status(client, path, **bearer(one)) for one in (talk, watch)] == [200, 200]
        _, other = await made_key(guarded)
        assert await status(client, path, **bearer(other)) == 404
        refused = await client.post("/api/conversations", json={}, headers=bearer(watch))
        assert error_of(refused) == (403, "forbidden")
        assert error_of(await client.get("/api/analytics/turns", headers=bearer(talk))) == (403, "forbidden")
        assert error_of(await client.get("/operator", params={"key": talk})) == (403, "forbidden")


async def test_a_token_lets_a_page_of_another_site_in_for_its_user_and_ends_with_the_key(
    guarded: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_, key = await made_key(guarded)
    async with guarded.stranger() as client:

        async def token(user: str, seconds: int = 600) -> str:
            answer = await client.post("/api/tokens", json={"user": user, "seconds": seconds}, headers=bearer(key))
            assert answer.status_code == 201
            made: str = answer.json()["token"]
            return made

        ann, ben = await token("ann"), await token("ben")
        page = {"Origin": SHOP}
        opened = await client.post("/api/conversations", json={}, headers=bearer(ann) | page)
        assert (opened.status_code, opened.headers["access-control-allow-origin"]) == (201, SHOP)
        assert "access-control-allow-credentials" not in opened.headers
        assert [(await client.get("/api/conversations", headers=bearer(one))).json() != [] for one in (ann, ben)] == [
            True, False
        ]  # fmt: skip
        assert error_of(await client.post("/api/tokens", json={}, headers=bearer(ann))) == (403, "forbidden")
        preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
        assert (await client.options("/api/conversations", headers=page | preflight)).status_code == 200
        assert (await client.options("/api/conversations", headers={"Origin": "https://evil.example"} | preflight)
                ).status_code == 400  # fmt: skip
        await client.post("/api/session", json={"key": key})
        assert await status(client, **page) == 401  # a cookie is nothing that a page of another site may use
        assert await status(client) == 200
        async with guarded.stranger() as other:
            ahead = int(clock.now() / 1e6) + 20  # the clock of a gateway on another machine
            monkeypatch.setattr("itsdangerous.timed.TimestampSigner.get_timestamp", lambda _: ahead)
            last = await token("cleo", 600)
            await client.post("/api/session", json={"key": key})
            monkeypatch.undo()
            assert await status(other, **bearer(last)) == 200
            assert await status(client) == 200
            monkeypatch.setattr("bus.clock.now", lambda: 10**17)
            assert await status(other, **bearer(last)) == 401
            assert await status(client) == 401
            monkeypatch.undo()
            await tell(guarded, id_, KeyRevoked())
            assert [await status(other, **bearer(one)) for one in (ann, ben)] == [401, 401]


async def test_without_keys_a_request_through_a_proxy_is_refused(gateway: Running) -> None:
    for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
        refused = await gateway.client.get("/api/conversations", headers={header: "192.0.2.1"})
        assert error_of(refused) == (403, "forbidden")
        assert "VISAVIS_ACCESS" in refused.json()["error"]["message"]
    assert (await gateway.client.get("/api/session")).json()["access"] == "local"


@pytest.mark.parametrize(
    "wider",
    [{"host": "0.0.0.0"}, {"host": "192.0.2.7"}, {"host": "::"}, {"public_url": "https://avatar.example.org"}],
)
def test_a_gateway_that_others_reach_is_not_started_without_keys(wider: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="VISAVIS_ACCESS=keys") as refusal:
        check_access(Settings(**wider))  # type: ignore[arg-type]
    assert "visavis keys create" in refusal.value.detail
    for access in ("keys", "open"):
        check_access(Settings(**wider, access=access))  # type: ignore[arg-type]
    for host in ("127.0.0.1", "::1", "localhost"):
        check_access(Settings(host=host, public_url=f"http://localhost:{8080}"))
