"""Who is let in: by a pairing code or a token that is confirmed in the page, and by nothing else."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from bus import clock, codec, subjects
from bus.channel_events import LinkClaimed, Linked, LinkEvent, PairingRequested, Unlinked
from bus.errors import BusError
from bus.log import streams
from bus.log.event_log import EventLog
from services.channels.channel import (
    AliasLearned,
    Capabilities,
    Content,
    Edited,
    Reachable,
    Recording,
    Text,
    Unsupported,
)
from services.channels.incoming.notices import MOST_TO_STRANGERS
from services.channels.phrases import phrase
from services.link_secrets import CODE_ALPHABET, link_id, new_pairing_code, new_token, pairing_code
from tests.services.channels.incoming.receiving import HOUR, TOKEN, Receiving, incoming, receiving_on

START = Text(text=f"/start l_{TOKEN}")
SECRET = "the words of a stranger"


@pytest.fixture
async def receiving(event_log: EventLog) -> AsyncIterator[Receiving]:
    async with receiving_on(event_log) as receiving:
        yield receiving


def code_of(text: str) -> str:
    return text.rsplit("\n", 1)[-1]


# pairing codes


@pytest.mark.parametrize(
    "content", [Text(text=SECRET), Recording(media=SECRET, kind="voice"), Unsupported(kind="picture")]
)
async def test_a_stranger_gets_a_code_and_nothing_of_theirs_is_kept(receiving: Receiving, content: Content) -> None:
    await receiving.receive(incoming(content, language="de"))
    (text,) = await receiving.texts()
    code = code_of(text)
    assert text == phrase("pairing", "de", page="https://page.test", code=code)
    assert len(code) == 8
    assert set(code) <= set(CODE_ALPHABET)
    assert not set("0O1I") & set(CODE_ALPHABET)
    (asked,) = await receiving.link_events()
    assert asked.link == link_id(code)
    assert isinstance(asked.body, PairingRequested)
    assert replace(asked.body, expires_at=0) == PairingRequested(
        channel="telegram", account="bot", sender="7", chat="chat-7", name="Ann", language="de", expires_at=0
    )
    assert abs(asked.body.expires_at - asked.at - HOUR) < 10_000_000
    assert await receiving.facts() == []
    for stream, everything in ((streams.PEOPLE, subjects.ALL_LINKS), (streams.DELIVERIES, "delivery.>")):
        async for record in receiving.event_log.read(stream, everything):
            assert SECRET.encode() not in record.data


async def test_a_code_is_told_once_and_three_times_at_the_most_to_one_who_asks(receiving: Receiving) -> None:
    for _ in range(3):
        await receiving.receive(incoming(Text(text="hello")))
    assert len(await receiving.texts()) == 1
    for _ in range(5):
        await receiving.receive(incoming(Text(text="/start")))
    assert len(await receiving.texts()) == len(await receiving.link_events(PairingRequested)) == 3
    assert len(set(map(code_of, await receiving.texts()))) == 3
    await receiving.receive(incoming(Text(text="hello"), sender="8"))
    assert len(await receiving.texts("chat-8")) == 1  # another stranger


async def test_who_was_unlinked_is_told_a_code_again_however_many_still_hold(receiving: Receiving) -> None:
    await receiving.receive(incoming(Text(text="hello")))
    link = await receiving.link()
    await receiving.receive(incoming(Text(text="/link")))
    await receiving.append(link.id, Unlinked(by="channel"))
    before = len(await receiving.texts())
    for _ in range(3):
        await receiving.receive(incoming(Text(text="hello")))
    (text,) = (await receiving.texts())[before:]
    assert text == phrase("pairing", "en", page="https://page.test", code=code_of(text))


async def test_a_code_that_has_expired_is_replaced(receiving: Receiving) -> None:
    old = PairingRequested(
        channel="telegram", account="bot", sender="7", chat="chat-7", name="", expires_at=clock.now() - 1
    )
    await receiving.append_link("old", old, 0)
    await receiving.receive(incoming(Text(text="hello")))
    assert len(await receiving.texts()) == 1


async def test_a_code_that_was_told_just_before_the_process_died_is_good_after_the_repeat(
    receiving: Receiving, monkeypatch: pytest.MonkeyPatch
) -> None:
    append_link = receiving.event_log.append_link

    async def dies(event: LinkEvent, *, after: int) -> int:
        raise BusError("NATS is away")

    monkeypatch.setattr(receiving.event_log, "append_link", dies)
    with pytest.raises(BusError):
        await receiving.receive(incoming(Text(text="hello")), key="k")
    (text,) = await receiving.texts()
    monkeypatch.setattr(receiving.event_log, "append_link", append_link)
    for redelivered in (True, False):  # the first time it may have died before it was told
        await receiving.restarted().receive(incoming(Text(text="hello")), key="k", redelivered=redelivered)
    assert await receiving.texts() == [text]
    (asked,) = await receiving.link_events(PairingRequested)
    assert asked.link == link_id(code_of(text))


@pytest.mark.parametrize("content", [Edited(), Reachable(reachable=False), AliasLearned(sender="9")])
async def test_what_calls_for_no_answer_gets_none(receiving: Receiving, content: Content) -> None:
    await receiving.receive(incoming(content))
    assert await receiving.texts() == []
    assert await receiving.link_events() == []


async def test_the_same_name_or_number_links_nobody(receiving: Receiving) -> None:
    await receiving.link("7")
    await receiving.receive(incoming(Text(text=SECRET), sender="8"))  # of the same name
    await receiving.receive(incoming(Text(text=SECRET), account="another-bot"))
    assert await receiving.facts() == []


async def test_after_unlinking_the_sender_is_a_stranger_again(receiving: Receiving) -> None:
    link = await receiving.link()
    await receiving.append(link.id, Unlinked(by="page"))
    await receiving.receive(incoming(Text(text=SECRET)))
    assert await receiving.facts() == []
    assert len(await receiving.texts()) == 1


# tokens


@pytest.mark.parametrize(
    "text", [f"/start l_{TOKEN}", f"link {TOKEN}", f"/start@visavis_bot l_{TOKEN}", f"Link  {TOKEN}"]
)
async def test_a_token_claims_its_link_which_is_then_confirmed_in_the_page(receiving: Receiving, text: str) -> None:
    link = await receiving.offer()
    await receiving.receive(incoming(Text(text=text), language="de"))
    (claimed,) = await receiving.link_events(LinkClaimed)
    assert claimed.link == link
    assert claimed.body == LinkClaimed(account="bot", sender="7", chat="chat-7", name="Ann", language="de")
    assert await receiving.texts() == [phrase("link_claimed", "de")]
    for _ in range(2):
        await receiving.receive(incoming(Text(text=SECRET), sender="8"))
    await receiving.receive(incoming(Text(text=SECRET), language="de"))
    assert await receiving.facts() == []  # not confirmed yet
    assert await receiving.texts("chat-7") == [phrase("link_claimed", "de")] * 2  # and no code beside it
    assert len(await receiving.link_events(PairingRequested)) == 1  # of another stranger
    async for record in receiving.event_log.read(streams.PEOPLE, subjects.ALL_LINKS):
        assert TOKEN.encode() not in record.data


@pytest.mark.parametrize("why", ["unknown", "expired", "used", "torn", "of another channel", "ended"])
async def test_a_token_that_does_not_hold_gets_one_answer_whatever_the_reason(receiving: Receiving, why: str) -> None:
    text = START.text
    if why == "expired":
        await receiving.offer(holds=-1)
    elif why == "used":
        await receiving.offer()
        await receiving.receive(incoming(START, sender="8"))
    elif why == "torn":
        await receiving.offer()
        text = text[:-3]
    elif why == "of another channel":
        await receiving.offer(channel="whatsapp")
    elif why == "ended":
        await receiving.append(await receiving.offer(), Unlinked(by="page"))
    before = len(await receiving.link_events())
    await receiving.receive(incoming(Text(text=text)))
    assert await receiving.texts() == [phrase("link_invalid", "en")]
    assert len(await receiving.link_events()) == before


async def test_strangers_who_guess_are_told_once_a_minute_and_persons_each_time(receiving: Receiving) -> None:
    await receiving.link("8")
    for place in range(3):
        for sender in ("7", "8"):
            await receiving.receive(incoming(Text(text=f"link {TOKEN[:-1]}{place}"), sender=sender))
    assert await receiving.texts("chat-7") == [phrase("link_invalid", "en")]
    assert await receiving.texts("chat-8") == [phrase("link_invalid", "en")] * 3


async def test_who_was_made_to_claim_a_link_refuses_it_and_it_cannot_be_confirmed(receiving: Receiving) -> None:
    link = await receiving.offer(person="mallory")
    await receiving.receive(incoming(START))
    (told,) = await receiving.texts()
    assert "/unlink" in told
    await receiving.receive(incoming(Text(text="/unlink")))
    assert receiving.people.people.links[link].state == "ended"
    await receiving.append(link, Linked(person="mallory"))
    assert receiving.people.people.link_of("telegram", "bot", "7") is None
    assert await receiving.texts() == [told, phrase("not_linked", "en")]


async def test_a_linked_person_refuses_a_claim_by_unlinking_also_where_there_are_no_commands(
    receiving: Receiving,
) -> None:
    receiving.channel.capabilities = Capabilities(commands=False)
    own = await receiving.link()
    link = await receiving.offer(person="mallory")
    await receiving.receive(incoming(START))
    await receiving.receive(incoming(Text(text="/unlink"), forwarded=True))
    assert receiving.people.people.links[link].state == "claimed"
    await receiving.receive(incoming(Text(text="/unlink")))
    assert [receiving.people.people.links[one].state for one in (link, own.id)] == ["ended", "ended"]


async def test_what_all_strangers_together_make_us_write_has_a_limit(receiving: Receiving) -> None:
    await receiving.link("7")
    for sender in range(100, 100 + MOST_TO_STRANGERS + 5):
        await receiving.receive(incoming(START, sender=str(sender)))
        await receiving.receive(incoming(Text(text="/unlink"), sender=str(sender + 1000)))
    told = [await receiving.texts(f"chat-{sender}") for sender in (*range(100, 140), *range(1100, 1140))]
    assert sum(len(texts) for texts in told) == MOST_TO_STRANGERS
    await receiving.receive(incoming(Unsupported(kind="sticker")))  # of a person that is linked
    assert await receiving.texts() == [phrase("sticker", "en")]


async def test_a_name_is_shown_in_one_line_without_what_turns_it_round(receiving: Receiving) -> None:
    name = "\u202eAnn\n\t \x07\u200bof\0 Berlin" + "n" * 10_000
    await receiving.receive(dataclasses.replace(incoming(Text(text="hello")), sender_name=name))
    (asked,) = await receiving.link_events(PairingRequested)
    assert isinstance(asked.body, PairingRequested)
    assert asked.body.name == ("Ann of Berlin" + "n" * 100)[:64]
    link = await receiving.offer()
    await receiving.receive(dataclasses.replace(incoming(START, sender="8"), sender_name=name))
    assert receiving.people.people.links[link].name == asked.body.name


async def test_a_token_that_waited_in_the_inbox_counts_by_when_it_was_sent(receiving: Receiving) -> None:
    await receiving.offer(holds=-HOUR)
    await receiving.receive(incoming(START), stored_at=clock.now() - 2 * HOUR)
    assert len(await receiving.link_events(LinkClaimed)) == 1


async def test_a_claim_that_is_repeated_is_one_claim_with_one_answer(receiving: Receiving) -> None:
    await receiving.offer()
    key = await receiving.receive(incoming(START))
    for again in (receiving, receiving.restarted()):
        await again.receive(incoming(START), key=key, redelivered=True)
    assert len(await receiving.link_events(LinkClaimed)) == 1
    assert await receiving.texts() == [phrase("link_claimed", "en")]


async def test_of_two_who_come_with_one_token_one_claims_it(receiving: Receiving) -> None:
    await receiving.offer()
    await asyncio.gather(*(receiving.receive(incoming(START, sender=one), key=f"k{one}") for one in ("7", "8")))
    assert len(await receiving.link_events(LinkClaimed)) == 1
    texts = await receiving.texts("chat-7") + await receiving.texts("chat-8")
    assert sorted(texts) == sorted([phrase("link_claimed", "en"), phrase("link_invalid", "en")])


async def test_a_forwarded_token_claims_nothing(receiving: Receiving) -> None:
    await receiving.offer()
    await receiving.receive(incoming(START, forwarded=True))
    assert await receiving.link_events(LinkClaimed) == []


async def confirm(receiving: Receiving, link: str, person: str = "ann") -> LinkEvent:
    await receiving.append(link, Linked(person=person))
    return (await receiving.link_events(Linked))[-1]


async def test_a_confirmed_link_is_welcomed_once(receiving: Receiving) -> None:
    link = await receiving.offer()
    await receiving.receive(incoming(START, language="de"))
    linked = await confirm(receiving, link)
    for again in (receiving, receiving, receiving.restarted()):
        for event in await receiving.link_events():
            await again.inbox.linking.welcome(event)
    assert await receiving.texts() == [phrase("link_claimed", "de"), phrase("linked", "de")]
    assert linked.link == link


async def test_no_link_of_long_ago_or_that_is_over_is_welcomed(receiving: Receiving) -> None:
    link = await receiving.offer()
    await receiving.receive(incoming(START))
    linked = await confirm(receiving, link)
    await receiving.inbox.linking.welcome(replace(linked, at=linked.at - 2 * HOUR))
    await receiving.append(link, Unlinked(by="page"))
    await receiving.inbox.linking.welcome(linked)
    assert await receiving.texts() == [phrase("link_claimed", "en")]


async def test_who_links_with_another_person_has_left_the_first(receiving: Receiving) -> None:
    first = await receiving.link("7", "ann")
    link = await receiving.offer(person="bob")
    await receiving.receive(incoming(START))
    await confirm(receiving, link, "bob")
    await receiving.receive(incoming(Text(text="hello")))
    assert receiving.people.people.links[first.id].state == "ended"
    now = receiving.people.people.link_of("telegram", "bot", "7")
    assert now is not None
    assert now.person == "bob"


def test_codes_and_tokens_are_all_different_and_read_as_people_type_them() -> None:
    assert len({new_token() for _ in range(100)} | {new_pairing_code() for _ in range(100)}) == 200
    assert {len(new_token()) for _ in range(100)} == {22}
    code = new_pairing_code()
    assert pairing_code(f" {code[:4].lower()}-{code[4:]} ") == code
    assert pairing_code(code[1:]) == pairing_code(f"{code[1:]}0") == ""


def test_the_id_of_a_link_can_be_a_token_of_a_subject_and_does_not_show_the_secret() -> None:
    token = new_token()
    event = LinkEvent(id="e", at=1, link=link_id(token), body=Unlinked(by="page"))
    assert codec.decode_link_event(codec.encode(event)) == event
    assert subjects.link(event) == f"link.{link_id(token)}"
    assert token not in link_id(token)
