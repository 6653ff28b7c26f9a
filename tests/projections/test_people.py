"""Who is linked with whom: the same whatever was repeated, and each id of a sender belongs to one person."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from bus.channel_events import (
    LinkClaimed,
    LinkConversationChosen,
    Linked,
    LinkEvent,
    LinkFact,
    LinkOffered,
    LinkPreferencesChosen,
    PairingRequested,
    SenderAliasLearned,
    SenderReachable,
    Unlinked,
)
from projections.people import Link, People, fold_all, fold_link

SENDERS = st.sampled_from(["s1", "s2", "s3"])
PERSONS = st.sampled_from(["ann", "bob"])
BODIES: st.SearchStrategy[LinkFact] = st.one_of(
    st.builds(LinkOffered, person=PERSONS, channel=st.just("telegram"), expires_at=st.just(100)),
    st.builds(
        PairingRequested, channel=st.just("telegram"), account=st.just("bot"), sender=SENDERS, chat=SENDERS,
        name=st.just(""), expires_at=st.just(100),
    ),
    st.builds(LinkClaimed, account=st.just("bot"), sender=SENDERS, chat=SENDERS, name=st.just("")),
    st.builds(Linked, person=PERSONS, conversation=st.none() | st.just("c")),
    st.builds(Unlinked, by=st.sampled_from(["page", "channel"])),
    st.builds(LinkConversationChosen, conversation=st.sampled_from(["c1", "c2"])),
    st.builds(LinkPreferencesChosen, form=st.none() | st.just("text"), echo=st.none() | st.booleans()),
    st.builds(SenderAliasLearned, sender=SENDERS, chat=st.just("")),
    st.builds(SenderReachable, reachable=st.booleans()),
)  # fmt: skip
EVENTS = st.lists(st.tuples(st.sampled_from(["l1", "l2", "l3"]), BODIES), max_size=40)


def events(*bodies: tuple[str, LinkFact]) -> list[tuple[int, LinkEvent]]:
    return [
        (seq, LinkEvent(id=f"e{seq}", at=seq, link=link, body=body)) for seq, (link, body) in enumerate(bodies, start=1)
    ]


def claimed(link: str, person: str, sender: str) -> list[tuple[str, LinkFact]]:
    return [
        (link, LinkOffered(person=person, channel="telegram", expires_at=9)),
        (link, LinkClaimed(account="bot", sender=sender, chat=f"chat-{sender}", name="Ann", language="de")),
    ]


def linked(link: str, person: str, sender: str) -> list[tuple[str, LinkFact]]:
    return [*claimed(link, person, sender), (link, Linked(person=person))]


def state(people: People) -> tuple[dict[str, Link], dict[tuple[str, str, str], str]]:
    return people.links, people.by_sender


@given(EVENTS)
def test_every_id_of_a_sender_belongs_to_the_one_linked_account_that_has_it(
    bodies: Sequence[tuple[str, LinkFact]],
) -> None:
    people = People()
    for seq, event in events(*bodies):
        people.apply(seq, event)
        confirmed = [link for link in people.links.values() if link.state == "linked"]
        ids = [(key, link.id) for link in confirmed for key in link.senders]
        assert people.by_sender == dict(ids)
        assert len(ids) == len(people.by_sender)
        for person in ("ann", "bob"):
            mine = [one for one in people.links.values() if one.person == person and one.state != "ended"]
            assert people.links_of(person) == sorted(mine, key=lambda one: one.seq)
        for sender in ("s1", "s2", "s3"):
            asked = [one for one in people.links.values() if one.state == "requested" and one.sender == sender]
            assert people.pending_requests("telegram", "bot", sender, 99) == sorted(asked, key=lambda one: one.seq)


@given(EVENTS, st.data())
def test_events_that_are_read_again_change_nothing(bodies: Sequence[tuple[str, LinkFact]], data: st.DataObject) -> None:
    log = events(*bodies)
    once = fold_all(log)
    again = fold_all(log)
    for seq, event in data.draw(st.lists(st.sampled_from(log), max_size=20)) if log else []:
        again.apply(seq, event)
    assert state(again) == state(once)


@given(EVENTS, st.data())
def test_a_copy_of_an_event_at_a_later_place_changes_no_more_than_the_sequence(
    bodies: Sequence[tuple[str, LinkFact]], data: st.DataObject
) -> None:
    link = None
    for seq, event in events(*(("l1", body) for _, body in bodies)):
        link = fold_link(link, 2 * seq, event)
        if link is not None and data.draw(st.booleans()):
            before = link
            after = fold_link(link, 2 * seq + 1, event)
            assert after is not None
            assert after.seq == 2 * seq + 1
            assert (after.state, after.person, after.senders[0]) == (before.state, before.person, before.senders[0])
            link = after


@given(EVENTS)
def test_events_of_unlinked_accounts_may_come_in_any_order_among_those_of_others(
    bodies: Sequence[tuple[str, LinkFact]],
) -> None:
    """Links that share no sender do not depend on one another."""
    log = [(seq, one) for seq, one in events(*bodies) if not isinstance(one.body, Linked)]
    people = fold_all(log)
    for name in ("l1", "l2", "l3"):
        alone = fold_all([(seq, one) for seq, one in log if one.link == name])
        assert alone.links.get(name) == people.links.get(name)


def test_the_newest_sequence_of_a_link_is_known_also_of_an_event_that_was_not_possible() -> None:
    people = fold_all(events(*claimed("l1", "ann", "7"), ("l1", LinkConversationChosen(conversation="c"))))
    assert people.links["l1"].seq == 3
    assert people.links["l1"].state == "claimed"
    assert people.links["l1"].conversation is None


def test_only_a_confirmed_sender_is_found() -> None:
    people = fold_all(events(*claimed("l1", "ann", "7")))
    assert people.link_of("telegram", "bot", "7") is None
    people.apply(9, LinkEvent(id="x", at=1, link="l1", body=Linked(person="ann", conversation="c")))
    link = people.link_of("telegram", "bot", "7")
    assert link is not None
    assert (link.person, link.conversation, link.chat, link.language) == ("ann", "c", "chat-7", "de")
    assert people.link_of("telegram", "other", "7") is None
    assert people.link_of("whatsapp", "bot", "7") is None


def test_a_sender_that_links_anew_with_another_person_has_left_the_first() -> None:
    people = fold_all(events(*linked("l1", "ann", "7"), *linked("l2", "bob", "7")))
    link = people.link_of("telegram", "bot", "7")
    assert link is not None
    assert link.person == "bob"
    assert people.links["l1"].state == "ended"
    assert people.links_of("ann") == []
    people.apply(9, LinkEvent(id="x", at=1, link="l2", body=Unlinked(by="page")))
    assert people.link_of("telegram", "bot", "7") is None


def test_a_new_id_of_a_sender_and_the_old_one_lead_to_the_same_person() -> None:
    learned = SenderAliasLearned(sender="8", chat="chat-8")
    people = fold_all(events(*linked("l1", "ann", "7"), ("l1", learned), ("l1", learned)))
    link = people.links["l1"]
    assert (link.sender, link.aliases, link.chat) == ("8", ("7",), "chat-8")
    assert people.link_of("telegram", "bot", "7") == people.link_of("telegram", "bot", "8") == link


def test_an_old_id_that_another_person_has_now_leads_to_that_one() -> None:
    """Numbers are given to new owners."""
    learned = SenderAliasLearned(sender="8")
    people = fold_all(events(*linked("l1", "ann", "7"), ("l1", learned), *linked("l2", "bob", "7")))
    assert people.by_sender == {("telegram", "bot", "8"): "l1", ("telegram", "bot", "7"): "l2"}
    assert people.links["l1"].aliases == ()


def test_pairing_codes_that_hold_are_counted() -> None:
    def asked(sender: str, until: int) -> PairingRequested:
        return PairingRequested(channel="telegram", account="bot", sender=sender, chat="c", name="", expires_at=until)

    people = fold_all(events(("l1", asked("7", 50)), ("l2", asked("7", 100)), ("l3", asked("8", 100))))
    assert [one.id for one in people.pending_requests("telegram", "bot", "7", 60)] == ["l2"]
    assert people.count_requests("telegram", "bot", 60) == 2
    people.apply(9, LinkEvent(id="x", at=1, link="l2", body=Linked(person="ann")))
    assert people.pending_requests("telegram", "bot", "7", 0) == [people.links["l1"]]


def test_ten_thousand_links_are_folded_without_copying_them() -> None:
    bodies = [one for place in range(10_000) for one in linked(f"l{place}", f"p{place % 100}", f"s{place}")]
    people = People()
    links = people.links
    for seq, event in events(*bodies):
        people.apply(seq, event)
    assert people.links is links  # one dictionary, which is changed in place
    assert len(people.by_sender) == 10_000
    assert len(people.links_of("p7")) == 100
