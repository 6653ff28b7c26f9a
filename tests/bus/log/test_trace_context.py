"""W3C Trace Context in the headers of facts and media."""

from __future__ import annotations

import pytest

from bus import subjects
from bus.events import AudioOut, ConversationOpened, Event, MessageReceived, ReplySentence
from bus.ids import derive_id, new_id
from bus.log import streams
from bus.log.event_log import EventLog
from bus.log.headers import DELIVERIES, INCOMING_TRACE, TRACE_PARENT
from bus.log.records import Record
from bus.log.trace_context import is_trace_parent, span_id, trace_id, trace_parent, turn_span_id
from bus.work.fenced_output import FencedOutput

ASKED = Event(id="e1", at=1, conversation="c1", turn="t1", body=MessageReceived(message="m1", text="hello"))
OPENED = Event(id="e0", at=0, conversation="c1", body=ConversationOpened(person="p", character="ada"))
FROM_OUTSIDE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def stored(event_log: EventLog, stream: str, subject: str) -> list[Record]:
    return [record async for record in event_log.read(stream, subject)]


def test_events_of_a_turn_share_its_trace_and_have_spans_of_their_own() -> None:
    other = Event(id="e2", at=1, conversation="c1", turn="t1", body=ASKED.body)
    assert trace_parent(ASKED).split("-")[:2] == trace_parent(other).split("-")[:2]
    assert trace_parent(ASKED) != trace_parent(other)
    assert trace_id("c1", None) == trace_parent(OPENED).split("-")[1] != trace_id("c1", "t1")
    assert is_trace_parent(trace_parent(ASKED))


def test_the_digits_of_an_id_are_taken_as_they_are() -> None:
    asked = Event(id=derive_id("c", "message"), at=1, conversation="c1", turn=new_id("t"), body=ASKED.body)
    assert trace_parent(asked) == f"00-{(asked.turn or '')[1:]}-{asked.id[16:]}-01"
    assert turn_span_id(str(asked.turn)) not in (span_id(str(asked.turn)), span_id(asked.id))


@pytest.mark.parametrize(
    "text",
    [
        "", "00", FROM_OUTSIDE.upper(), FROM_OUTSIDE + "-x", FROM_OUTSIDE + "\n", "ff" + FROM_OUTSIDE[2:],
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01",
    ],
)  # fmt: skip
def test_what_is_no_trace_parent_is_not_passed_on(text: str) -> None:
    assert not is_trace_parent(text)


async def test_facts_and_media_carry_the_trace_of_their_turn(event_log: EventLog) -> None:
    await event_log.append(OPENED)
    sequence = await event_log.append(ASKED, incoming_trace=FROM_OUTSIDE)
    other = Event(id="e3", at=2, conversation="c1", turn="t2", body=ASKED.body)
    await event_log.append(other, incoming_trace="no trace")
    sentence = ReplySentence(reply="r1", index=0, text="Hi.", character="ada")
    once = FencedOutput(event_log, "dialogue", ASKED, sequence)
    await once.publish(sentence)
    again = FencedOutput(event_log, "tts", ASKED, sequence, deliveries=3)
    await again.take_over()
    await again.publish(AudioOut(conversation="c1", speech="s1", index=0, sample=0, packets=(b"x",), final=True))
    await again.publish(sentence)
    facts = await stored(event_log, streams.CONVERSATIONS, subjects.facts_of("c1"))
    of_turn = f"00-{trace_id('c1', 't1')}-"
    assert all(record.headers[TRACE_PARENT].startswith(of_turn) for record in facts if record.sequence not in (1, 3))
    assert facts[0].headers[TRACE_PARENT] == trace_parent(OPENED)
    assert facts[1].headers[TRACE_PARENT] == of_turn + span_id("e1") + "-01"
    assert [record.headers.get(INCOMING_TRACE) for record in facts[:3]] == [None, FROM_OUTSIDE, None]
    # opened, asked, asked, dialogue's sentence, the claim of tts, its sentence
    assert [record.deliveries for record in facts] == [1, 1, 1, 1, 1, 3]
    assert [DELIVERIES in record.headers for record in facts].count(True) == 1
    [sound] = await stored(event_log, streams.AUDIO, subjects.audio_out("c1", "s1"))
    assert (sound.headers[TRACE_PARENT], sound.deliveries) == (trace_parent(ASKED), 3)


async def test_a_copy_is_in_no_trace(event_log: EventLog) -> None:
    await event_log.append_copy(ASKED, stored=7)
    [record] = await stored(event_log, streams.CONVERSATIONS, subjects.facts_of("c1"))
    assert record.is_copy
    assert TRACE_PARENT not in record.headers
