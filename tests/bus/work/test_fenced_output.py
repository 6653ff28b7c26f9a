"""Fences, takeovers and duplicates of one work item's outputs, on a real server."""

from __future__ import annotations

import msgspec
import pytest

from bus import clock, subjects
from bus.events import AudioOut, Body, Event, Fact, MessageReceived, ReplyEnded, ReplySentence, StepRepeated, tag_of
from bus.log.event_log import EventLog
from bus.work.fenced_output import DuplicateOutput, FencedOutput, Superseded
from bus.work.service import Output

ASKED = Event(id="e1", at=1, conversation="c1", turn="t1", body=MessageReceived(message="m1", text="hello"))


def sentence(index: int, text: str) -> ReplySentence:
    return ReplySentence(reply="r1", index=index, text=text, character="ada")


def sound(index: int, fill: bytes = b"x", *, final: bool = False) -> AudioOut:
    return AudioOut(conversation="c1", speech="s1", index=index, sample=index * 960, packets=(fill * 10,), final=final)


async def worker(event_log: EventLog) -> FencedOutput:
    return FencedOutput(event_log, "dialogue", ASKED, await event_log.append(ASKED))


async def publish(fenced: FencedOutput, *outputs: Output) -> None:
    fenced.restart()
    for output in outputs:
        await fenced.publish(output)


async def facts(event_log: EventLog) -> list[Fact]:
    return [event.body for _, event in await event_log.facts("c1")]


async def texts(event_log: EventLog) -> list[str]:
    return [body.text for body in await facts(event_log) if isinstance(body, ReplySentence)]


async def sounds(event_log: EventLog) -> list[AudioOut]:
    return [one async for one in event_log.follow(AudioOut, subjects.audio_out("c1", "s1"))]


async def test_a_worker_that_wakes_after_a_takeover_is_refused(event_log: EventLog) -> None:
    first, second = await worker(event_log), await worker(event_log)
    await publish(first, sentence(0, "one"))
    await second.take_over()
    with pytest.raises(Superseded):
        await first.publish(sentence(1, "two, of the late one"))
    with pytest.raises(Superseded):
        await first.publish_failure([ReplyEnded(reply="r1", sentences=9)])
    await publish(second, sentence(0, "one again"), sentence(1, "two"), ReplyEnded(reply="r1", sentences=2))
    assert await texts(event_log) == ["one", "two"]


async def test_no_output_is_stamped_before_its_cause(event_log: EventLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: 1_000_000_000)
    for number, (ahead, stamped) in enumerate([(700_000, 700_000), (3_600_000_000, clock.TOLERANCE), (-9, 0)]):
        # As the clock of the machine that wrote the cause had it.
        asked = msgspec.structs.replace(ASKED, id=f"e{number}", conversation=f"c{number}", at=1_000_000_000 + ahead)
        fenced = FencedOutput(event_log, "dialogue", asked, await event_log.append(asked))
        await publish(fenced, sentence(0, "one"))
        *_, (_, output) = await event_log.facts(asked.conversation)
        assert output.at == 1_000_000_000 + stamped


async def test_the_later_of_two_takeovers_wins(event_log: EventLog) -> None:
    first, second = await worker(event_log), await worker(event_log)
    await first.take_over()
    await second.take_over()
    with pytest.raises(Superseded):
        await publish(first, sentence(0, "first"))
    await publish(second, sentence(0, "second"))
    assert await texts(event_log) == ["second"]


async def test_a_takeover_continues_the_audio_where_it_ended(event_log: EventLog) -> None:
    first, second = await worker(event_log), await worker(event_log)
    await publish(first, sound(0), sound(1))
    await second.take_over()
    await publish(second, sound(0, b"y"), sound(1, b"y"), sound(2, b"y"))
    with pytest.raises(Superseded):
        await first.publish(sound(2))
    await second.publish(sound(3, b"y", final=True))
    assert [(one.index, one.packets[0][:1]) for one in await sounds(event_log)] == [
        (0, b"x"),
        (1, b"x"),
        (2, b"y"),
        (3, b"y"),
    ]


async def test_nothing_is_added_to_media_once_whoever_takes_over_may_read_them(event_log: EventLog) -> None:
    first = await worker(event_log)
    await publish(first, sound(0))
    second = FencedOutput(event_log, "dialogue", ASKED, 1, media=("audio",))
    await second.take_over()
    with pytest.raises(Superseded):
        await first.publish(sound(1))
    last = await event_log.last_media(AudioOut, subjects.audio_out("c1", "s1"))
    assert last == sound(0)
    await second.publish(sound(1, b"y", final=True))
    assert [one.index for one in await sounds(event_log)] == [0, 1]


async def test_a_second_try_publishes_only_what_is_missing(event_log: EventLog) -> None:
    output = await worker(event_log)
    await publish(output, sentence(0, "one"), sound(0))
    await publish(output, sentence(0, "other words"), sound(0, b"y"), sound(1, final=True), sentence(1, "two"))
    assert await texts(event_log) == ["one", "two"]
    assert [one.index for one in await sounds(event_log)] == [0, 1]


async def test_unknown_prior_work_is_noticed_at_the_first_duplicate(event_log: EventLog) -> None:
    # A server that is killed forgets the last acknowledgements: the item is delivered again as if it were new.
    await publish(await worker(event_log), sentence(0, "one"), sentence(1, "two"))
    second = await worker(event_log)
    with pytest.raises(DuplicateOutput):
        await publish(second, sentence(0, "other words"))
    await second.take_over()
    await publish(second, sentence(0, "other words"), sentence(1, "two"), sentence(2, "three"))
    assert await texts(event_log) == ["one", "two", "three"]


async def test_old_work_is_taken_over_only_if_it_has_output(event_log: EventLog) -> None:
    new = await worker(event_log)
    await new.check_prior_output()
    await publish(new, sentence(0, "one"))
    late = await worker(event_log)
    await late.check_prior_output()
    await publish(late, sentence(0, "other words"), sentence(1, "two"))
    kinds: list[type[Body]] = [type(body) for body in await facts(event_log)]
    assert kinds == [MessageReceived, ReplySentence, StepRepeated, ReplySentence]


async def test_the_next_worker_knows_a_published_failure(event_log: EventLog) -> None:
    first = await worker(event_log)
    await first.publish_failure([ReplyEnded(reply="r1", sentences=0)])
    second = await worker(event_log)
    assert not second.failure_published
    await second.take_over()
    assert second.failure_published
    again = FencedOutput(event_log, "dialogue", ASKED, 1, requeue_sequence=7)
    await again.take_over()
    assert not again.failure_published
    await again.publish_failure([ReplyEnded(reply="r1", sentences=0)])
    kinds = [tag_of(body) for body in await facts(event_log)]
    assert kinds.count("reply.ended") == 2
