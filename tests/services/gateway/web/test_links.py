"""Channels and links over the HTTP API, held to docs/api.md; the channels' side of a link is written by the tests."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from bus import clock, subjects
from bus.channel_events import (
    LinkConversationChosen,
    Linked,
    LinkOffered,
    LinkPreferencesChosen,
    SenderReachable,
    Unlinked,
)
from bus.log import streams
from bus.process.discovery import announce
from bus.stamping import new_link_event
from services.gateway.web.configured_channels import ConfiguredChannel
from services.gateway.web.links import MOST_LINKS, OFFER_HOLDS
from services.link_secrets import link_id, new_pairing_code
from tests.services.gateway.conftest import Running
from tests.services.gateway.web.linking import (
    ANN,
    FOLDER,
    append,
    ask_for_code,
    bodies,
    channels,
    linked,
    links,
    offer,
)
from tests.services.gateway.web.test_api import error_of


async def test_the_channels_that_are_set_up_are_listed(linking: Running) -> None:
    assert (await linking.client.get("/api/channels")).json() == {
        "channels": [
            {"name": "folder", "account": "here", "label": "", "has_address": False},
            {"name": "telegram", "account": "visavis_bot", "label": "@visavis_bot", "has_address": True},
        ],
        "links": [],
    }
    assert (await linking.client.get("/api/status")).json()["channels"] == ["folder", "telegram"]


async def test_without_channels_there_is_nothing_to_link(gateway: Running) -> None:
    assert (await gateway.client.get("/api/channels")).json() == {"channels": [], "links": []}
    assert (await gateway.client.get("/api/status")).json()["channels"] == []
    answer = await gateway.client.post("/api/links", json={"channel": "telegram"})
    assert error_of(answer) == (404, "not_found")


async def test_a_list_of_channels_that_cannot_be_read_hides_no_other(gateway: Running) -> None:
    async with (
        announce(gateway.event_log, "channels", metadata=lambda: {"channels": "[{"}),
        channels(gateway, FOLDER),
        announce(gateway.event_log, "channels", metadata=lambda: {"channels": '[{"name": 7}]'}),
    ):
        found = (await gateway.client.get("/api/channels")).json()["channels"]
    assert [one["name"] for one in found] == ["folder"]


def test_an_address_has_the_token_in_its_place() -> None:
    assert ConfiguredChannel("t", "a", link="https://t.me/b?start=l_{token}").address("T") == "https://t.me/b?start=l_T"
    assert ConfiguredChannel("t", "a").address("T") == ""


# linking by a token


async def test_a_link_is_offered_claimed_and_confirmed(linking: Running) -> None:
    conversation = await linking.open()
    offered = await offer(linking, conversation=conversation)
    assert len(offered["token"]) == 22
    assert offered["id"] == link_id(offered["token"])
    assert offered["address"] == f"https://t.me/visavis_bot?start=l_{offered['token']}"
    assert offered["text"] == f"link {offered['token']}"
    assert [one["state"] for one in await links(linking)] == ["offered"]

    await append(linking, offered["id"], ANN)
    (claimed,) = await links(linking)
    assert (claimed["state"], claimed["name"], claimed["sender"]) == ("claimed", "Ann", "1234")

    answer = await linking.client.post(f"/api/links/{offered['id']}/confirm")
    assert answer.json() == {
        "id": offered["id"],
        "channel": "telegram",
        "state": "linked",
        "name": "Ann",
        "sender": "1234",
        "conversation": conversation,
        "form": "same",
        "echo": False,
        "mirror": True,
        "reachable": True,
    }
    assert await links(linking) == [answer.json()]
    first, _, third = await bodies(linking, offered["id"])
    assert first == LinkOffered(
        person=third.person, channel="telegram", conversation=conversation, expires_at=offered["expires_at"]
    )
    assert third == Linked(person=first.person, conversation=conversation)


async def test_the_token_is_not_on_the_log(linking: Running) -> None:
    token = (await offer(linking))["token"]
    records = linking.event_log.read(streams.PEOPLE, subjects.ALL_LINKS)
    stored = [f"{record.subject} {record.data.decode()}" async for record in records]
    assert len(stored) == 1
    assert token not in stored[0]


async def test_a_second_confirmation_writes_nothing(linking: Running) -> None:
    link = await linked(linking)
    written = len(await bodies(linking, link))
    assert (await linking.client.post(f"/api/links/{link}/confirm")).json()["state"] == "linked"
    assert len(await bodies(linking, link)) == written


async def test_what_nobody_claimed_cannot_be_confirmed(linking: Running) -> None:
    link = (await offer(linking))["id"]
    assert error_of(await linking.client.post(f"/api/links/{link}/confirm")) == (409, "not_claimed")
    assert error_of(await linking.client.patch(f"/api/links/{link}", json={"echo": True})) == (409, "not_linked")


async def test_a_claim_can_be_refused(linking: Running) -> None:
    link = (await offer(linking))["id"]
    await append(linking, link, ANN)
    for _ in range(2):
        assert (await linking.client.post(f"/api/links/{link}/refuse")).status_code == 204
    assert await links(linking) == []
    assert (await bodies(linking, link))[2:] == [Unlinked(by="refused")]
    assert error_of(await linking.client.post(f"/api/links/{link}/confirm")) == (410, "over")


async def test_a_confirmed_link_is_ended_not_refused(linking: Running) -> None:
    link = await linked(linking)
    assert error_of(await linking.client.post(f"/api/links/{link}/refuse")) == (409, "already_linked")
    for _ in range(2):
        assert (await linking.client.delete(f"/api/links/{link}")).status_code == 204
    assert await links(linking) == []
    assert (await bodies(linking, link))[3:] == [Unlinked(by="page")]


async def test_an_offer_that_has_expired_is_not_shown_and_cannot_be_confirmed(
    linking: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = (await offer(linking))["id"]
    await append(linking, link, ANN)
    later = clock.now() + OFFER_HOLDS
    monkeypatch.setattr(clock, "now", lambda: later)
    assert await links(linking) == []
    assert error_of(await linking.client.post(f"/api/links/{link}/confirm")) == (410, "over")


async def test_a_new_offer_ends_the_earlier_one_of_the_same_channel(linking: Running) -> None:
    first, folder = (await offer(linking))["id"], (await offer(linking, "folder"))["id"]
    second = (await offer(linking))["id"]
    assert [one["id"] for one in await links(linking)] == [folder, second]
    assert (await bodies(linking, first))[1:] == [Unlinked(by="expired")]
    assert (await linking.client.get("/api/channels")).json()["links"][0]["state"] == "offered"


async def test_nobody_has_more_links_than_can_be_seen(linking: Running) -> None:
    for _ in range(MOST_LINKS):
        await append(linking, (await offer(linking))["id"], ANN)
    answer = await linking.client.post("/api/links", json={"channel": "telegram"})
    assert error_of(answer) == (409, "too_many")


async def test_a_link_that_another_process_changes_at_the_same_moment_is_a_conflict(
    linking: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = (await offer(linking))["id"]
    await append(linking, link, ANN)
    appended = linking.event_log.append_link

    async def too_late(event: Any, *, after: int) -> int:
        await appended(new_link_event(Unlinked(by="channel"), link=link), after=after)
        return await appended(event, after=after)

    monkeypatch.setattr(linking.event_log, "append_link", too_late)
    assert error_of(await linking.client.post(f"/api/links/{link}/confirm")) == (409, "conflict")
    assert await links(linking) == []


# who sees what


async def test_a_link_is_there_for_its_own_person_only(linking: Running) -> None:
    link = await linked(linking)
    written = len(await bodies(linking, link))
    async with linking.stranger() as stranger:
        assert await links(linking, stranger) == []
        for answer in (
            await stranger.post(f"/api/links/{link}/confirm"),
            await stranger.post(f"/api/links/{link}/refuse"),
            await stranger.patch(f"/api/links/{link}", json={"form": "text"}),
            await stranger.delete(f"/api/links/{link}"),
            await stranger.delete("/api/links/l0"),
        ):
            assert error_of(answer) == (404, "not_found")
    assert len(await bodies(linking, link)) == written


async def test_a_link_leads_to_no_conversation_of_another_person(linking: Running) -> None:
    conversation, code = await linking.open(), new_pairing_code()
    await ask_for_code(linking, code)
    async with linking.stranger() as stranger:
        for path, body in (("links", {"channel": "telegram"}), ("pairings", {"code": code})):
            answer = await stranger.post(f"/api/{path}", json=body | {"conversation": conversation})
            assert error_of(answer) == (404, "not_found")
    link = await linked(linking)
    answer = await linking.client.patch(f"/api/links/{link}", json={"conversation": "c-nobody", "form": "text"})
    assert error_of(answer) == (404, "not_found")
    assert len(await bodies(linking, link)) == 3


# preferences and conversations


async def test_preferences_are_chosen_one_by_one(linking: Running) -> None:
    link = await linked(linking)
    for change in ({"form": "video"}, {"echo": True}, {"mirror": False}):
        assert (await linking.client.patch(f"/api/links/{link}", json=change)).status_code == 200
    (shown,) = await links(linking)
    assert (shown["form"], shown["echo"], shown["mirror"]) == ("video", True, False)
    assert (await bodies(linking, link))[3:] == [
        LinkPreferencesChosen(form="video"),
        LinkPreferencesChosen(echo=True),
        LinkPreferencesChosen(mirror=False),
    ]
    for wrong in ({"form": "smoke"}, {"echo": 1}, {"name": "x"}):
        answer = await linking.client.patch(f"/api/links/{link}", json=wrong)
        assert error_of(answer) == (400, "invalid_input")


async def test_a_link_goes_on_in_the_conversation_that_is_chosen(linking: Running) -> None:
    first, second = await linking.open(), await linking.open()
    link = await linked(linking, conversation=first)
    for _ in range(2):
        answer = await linking.client.patch(f"/api/links/{link}", json={"conversation": second})
        assert answer.json()["conversation"] == second
    assert (await bodies(linking, link))[3:] == [LinkConversationChosen(conversation=second)]


async def test_confirmed_links_follow_a_new_conversation_and_others_do_not(linking: Running) -> None:
    followed = await linked(linking)
    offered = (await offer(linking))["id"]
    ended = (await offer(linking, "folder"))["id"]
    await append(linking, ended, replace(ANN, sender="other"))
    await linking.client.post(f"/api/links/{ended}/confirm")
    await linking.client.delete(f"/api/links/{ended}")
    conversation = await linking.open()
    assert (await bodies(linking, followed))[3:] == [LinkConversationChosen(conversation=conversation)]
    assert len(await bodies(linking, offered)) == 1
    assert isinstance((await bodies(linking, ended))[-1], Unlinked)


async def test_a_link_follows_although_another_process_changes_it(
    linking: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = await linked(linking)
    appended, calls = linking.event_log.append_link, 0

    async def late_once(event: Any, *, after: int) -> int:
        nonlocal calls
        calls += 1
        if calls == 1:
            await appended(new_link_event(SenderReachable(reachable=False), link=link), after=after)
        return await appended(event, after=after)

    monkeypatch.setattr(linking.event_log, "append_link", late_once)
    conversation = await linking.open()
    (shown,) = await links(linking)
    assert (shown["conversation"], shown["reachable"], calls) == (conversation, False, 2)


# pairing codes
