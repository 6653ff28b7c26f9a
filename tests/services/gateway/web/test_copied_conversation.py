"""A conversation that was copied to this log: whose it is, and that it is shown, found and continued as any other."""

from __future__ import annotations

import asyncio

from bus.events import ConversationCopied, ConversationOpened, Event, Fact, MessageReceived, ReplySentence, ReplyStarted
from bus.ids import NOBODY
from services.gateway.web.identity import COOKIE
from tests.services.gateway.conftest import Running
from tests.services.gateway.web.test_api import error_of


async def copy(gateway: Running, name: str, person: str) -> None:
    bodies: tuple[Fact, ...] = (
        ConversationCopied(source="elsewhere", how="imported"),
        ConversationOpened(person=person, character="ada"),
        MessageReceived(message="m1", text="Where is the lighthouse?"),
        ReplyStarted(reply="r1", character="ada", engine="e"),
        ReplySentence(reply="r1", index=0, text="At the end of the mole.", character="ada"),
    )
    for number, body in enumerate(bodies):
        turn = "t1" if number > 1 else None
        event = Event(id=f"e{number}", at=1000 + number, conversation=name, turn=turn, body=body)
        sequence = await gateway.event_log.append_copy(event, stored=2000)
    async with asyncio.timeout(10):
        while gateway.model.position < sequence:
            await asyncio.sleep(0.01)


async def test_its_owner_sees_finds_and_continues_it_and_nobody_is_no_person(gateway: Running) -> None:
    person = await gateway.owner(await gateway.open())
    await copy(gateway, "mine", person)
    await copy(gateway, "nobodys", NOBODY)
    listed = (await gateway.client.get("/api/conversations")).json()
    assert [(one["id"], one["title"]) for one in listed][-1:] == [("mine", "Where is the lighthouse?")]
    shown = (await gateway.client.get("/api/conversations/mine")).json()
    assert shown["turns"][0]["reply"]["sentences"][0]["text"] == "At the end of the mole."
    found = (await gateway.client.get("/api/search", params={"text": "lighthouse"})).json()
    assert [hit["conversation"] for hit in found] == ["mine"]
    answer = await gateway.client.post("/api/conversations/mine/messages", json={"text": "And the harbour?"})
    assert answer.status_code == 202
    records = [one async for one in gateway.event_log.read("CONVERSATIONS", "conv.mine.>")]
    assert all(one.is_copy for one in records[:5])
    assert [one.is_copy for one in records[5:] if one.subject.endswith(".message.received")] == [False]
    async with gateway.stranger() as stranger:
        stranger.cookies.set(COOKIE, NOBODY)
        assert (await stranger.get("/api/conversations")).json() == []
        assert error_of(await stranger.get("/api/conversations/nobodys"))[0] == 404
