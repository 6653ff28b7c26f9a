"""Pairing codes that persons type into the page, held to docs/api.md."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from bus import clock
from bus.channel_events import (
    Linked,
    PairingRequested,
)
from services.gateway.web.links import WRONG_CODES
from services.link_secrets import new_pairing_code
from tests.services.gateway.conftest import Running
from tests.services.gateway.web.linking import ask_for_code, bodies, links
from tests.services.gateway.web.test_api import error_of


async def test_a_pairing_code_links_however_it_is_typed(linking: Running) -> None:
    conversation, code = await linking.open(), new_pairing_code()
    link = await ask_for_code(linking, code)
    assert await links(linking) == []
    typed = f" {code[:4].lower()}- {code[4:]}\n"
    for _ in range(2):
        answer = await linking.client.post("/api/pairings", json={"code": typed, "conversation": conversation})
        assert answer.status_code == 201
        assert (answer.json()["id"], answer.json()["name"]) == (link, "Ben")
    assert [type(body) for body in await bodies(linking, link)] == [PairingRequested, Linked]
    async with linking.stranger() as stranger:
        assert error_of(await stranger.post("/api/pairings", json={"code": code})) == (404, "not_found")


async def test_a_code_that_holds_no_longer_links_nobody(linking: Running) -> None:
    code = new_pairing_code()
    link = await ask_for_code(linking, code, holds=0)
    assert error_of(await linking.client.post("/api/pairings", json={"code": code})) == (404, "not_found")
    assert len(await bodies(linking, link)) == 1


async def test_wrong_codes_are_limited_per_person_and_in_all(linking: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    code = new_pairing_code()
    await ask_for_code(linking, code)

    async def typed(client: httpx2.AsyncClient, what: str) -> tuple[int, str]:
        return error_of(await client.post("/api/pairings", json={"code": what}))

    await linking.client.get("/api/characters")  # sets the cookie, so that all that follows is one person's
    for place in range(WRONG_CODES):
        assert await typed(linking.client, "no code" if place else new_pairing_code()) == (404, "not_found")
    answer = await linking.client.post("/api/pairings", json={"code": code})
    assert error_of(answer) == (429, "too_many_tries")
    assert answer.headers["retry-after"] == "60"
    async with linking.stranger() as stranger:
        assert (await stranger.post("/api/pairings", json={"code": code})).status_code == 201
        outcomes = set()
        for _ in range(100):
            stranger.cookies.clear()
            outcomes.add(await typed(stranger, "AAAA"))
        assert outcomes == {(404, "not_found"), (429, "too_many_tries")}
    later = clock.now() + 61_000_000
    monkeypatch.setattr(clock, "now", lambda: later)
    assert await typed(linking.client, "AAAA") == (404, "not_found")


async def test_two_persons_with_the_same_code_at_once_are_not_both_linked(linking: Running) -> None:
    code = new_pairing_code()
    link = await ask_for_code(linking, code)
    async with linking.stranger() as stranger:
        answers = await asyncio.gather(
            *(client.post("/api/pairings", json={"code": code}) for client in (linking.client, stranger))
        )
    assert sorted(answer.status_code for answer in answers)[0] == 201
    assert sum(answer.status_code == 201 for answer in answers) == 1
    assert len(await bodies(linking, link)) == 2
