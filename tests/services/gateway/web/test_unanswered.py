"""Written messages count from when they are sent until their answer is spoken, for the person and the address."""

from __future__ import annotations

import pytest

from bus import codec, subjects
from bus.errors import TooMany
from bus.events import (
    Body,
    CommandRecognised,
    ConversationErasureRequested,
    MessageReceived,
    ReplyEnded,
    ReplyFailed,
    ReplyInterrupted,
    ReplyMerged,
    ReplySentence,
    ReplyStarted,
    SpeechEnded,
    SpeechFailed,
    SpeechStarted,
)
from bus.log.records import Record
from bus.stamping import new_event
from services.gateway.web.limits import Client, Share, Shares
from services.gateway.web.unanswered import UnansweredMessages
from tests.services.gateway.web.test_limits import Clock

ANN, BOB, EVE = (Client(name, "192.0.2.1") for name in ("ann", "bob", "eve"))
MESSAGE = MessageReceived(message="m", text="hello")
REPLY_ENDED = ReplyEnded(reply="r1", sentences=3)
SPEECH = SpeechStarted(speech="s1", reply="r1", index=0, character="ada", voice="v", engine="e")


def sentence(index: int, spoken_text: str | None = None) -> ReplySentence:
    return ReplySentence(reply="r1", index=index, text="Hello.", character="ada", spoken_text=spoken_text)


def ended(index: int) -> SpeechEnded:
    return SpeechEnded(speech=f"s{index}", reply="r1", index=index, samples=960)


def failed(index: int) -> SpeechFailed:
    return SpeechFailed(speech=f"s{index}", reply="r1", index=index, code="c", detail="d")


def record(conversation: str, turn: str, body: Body) -> Record:
    event = new_event(body, conversation=conversation, turn=turn)
    return Record(1, subjects.fact(event), codec.encode(event), 1)


def begin(unanswered: UnansweredMessages, client: Client, conversation: str, turn: str = "t1") -> None:
    with unanswered.sending(client, conversation):
        unanswered.see(record(conversation, turn, MESSAGE))


def is_refused(unanswered: UnansweredMessages) -> bool:
    """Whether Ann may not write in another conversation."""
    try:
        with unanswered.sending(ANN, "another"):
            return False
    except TooMany:
        return True


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def unanswered(clock: Clock) -> UnansweredMessages:
    shares = Shares({"answers": Share(2, 100, "unanswered messages")}, per_address=2)
    return UnansweredMessages(shares, clock=clock)


@pytest.mark.parametrize(
    "ending",
    [
        ReplyEnded(reply="r1", sentences=0),
        ReplyFailed(reply="r1", code="c", detail="d"),
        ReplyInterrupted(reply="r1", heard="", by="button"),
        ReplyMerged(reply="r1", into="t2"),
        CommandRecognised(name="stop"),
    ],
    ids=lambda body: type(body).__name__,
)
def test_a_conversation_counts_until_its_newest_message_is_answered(
    unanswered: UnansweredMessages, ending: Body
) -> None:
    for conversation in ("c1", "c2", "c1"):
        begin(unanswered, ANN, conversation)
    begin(unanswered, ANN, "c1", "t2")
    for turn, body in (("t1", ending), ("t2", ReplyStarted(reply="r1", character="ada", engine="e")),
                       ("t2", SPEECH)):  # fmt: skip
        unanswered.see(record("c1", turn, body))
        with pytest.raises(TooMany, match="unanswered messages of yours"), unanswered.sending(ANN, "c3"):
            pass
    unanswered.see(record("c1", "t2", ending))
    begin(unanswered, ANN, "c3")


@pytest.mark.parametrize("last", [ended(1), failed(1), REPLY_ENDED], ids=lambda body: type(body).__name__)
def test_an_answer_counts_until_all_of_it_is_spoken(unanswered: UnansweredMessages, last: Body) -> None:
    begin(unanswered, ANN, "c1")
    begin(unanswered, ANN, "c2")
    before = [sentence(0), SPEECH, sentence(1), sentence(2, spoken_text=""), ended(0)]
    for body in (*before, ended(1) if last is REPLY_ENDED else REPLY_ENDED):
        unanswered.see(record("c1", "t1", body))
        assert is_refused(unanswered)
    unanswered.see(record("c1", "t1", last))
    assert not is_refused(unanswered)


def test_a_message_that_interrupts_the_answer_to_the_one_before_counts(unanswered: UnansweredMessages) -> None:
    begin(unanswered, ANN, "c1")
    begin(unanswered, ANN, "c2")
    with unanswered.sending(ANN, "c1"):
        unanswered.see(record("c1", "t1", ReplyInterrupted(reply="r1", heard="", by="message")))
        unanswered.see(record("c1", "t2", MESSAGE))
    assert is_refused(unanswered)
    with unanswered.sending(ANN, "c1"):  # sent again, since the answer to it was lost
        pass
    assert is_refused(unanswered)
    unanswered.see(record("c1", "t2", ReplyEnded(reply="r2", sentences=0)))
    assert not is_refused(unanswered)


def test_persons_of_one_address_share_what_it_may_have_waiting(unanswered: UnansweredMessages, clock: Clock) -> None:
    for client, conversation in ((ANN, "c1"), (ANN, "c2"), (BOB, "c3"), (BOB, "c4")):
        begin(unanswered, client, conversation)
    with pytest.raises(TooMany, match="network"), unanswered.sending(EVE, "c5"):
        pass
    begin(unanswered, Client("eve", "192.0.2.2"), "c5")
    clock.now += 100
    unanswered.see(record("c1", "t1", sentence(0)))
    clock.now += 100  # nobody answers any more, but in the first
    begin(unanswered, EVE, "c6")
    for conversation in ("c7", "c8"):
        begin(unanswered, BOB, conversation)
    with pytest.raises(TooMany, match="network"), unanswered.sending(EVE, "c9"):
        pass


def test_what_is_erased_does_not_count(unanswered: UnansweredMessages) -> None:
    begin(unanswered, ANN, "c1")
    begin(unanswered, ANN, "c2")
    assert is_refused(unanswered)
    request = new_event(ConversationErasureRequested(by="person"), conversation="c1")
    unanswered.see(Record(2, subjects.fact(request), codec.encode(request), 1))
    assert not is_refused(unanswered)


def test_what_could_not_be_sent_does_not_count(unanswered: UnansweredMessages) -> None:
    for _ in range(3):
        with pytest.raises(OSError, match="away"), unanswered.sending(ANN, "c1"):
            raise OSError("away")
    begin(unanswered, ANN, "c2")
    begin(unanswered, ANN, "c3")
