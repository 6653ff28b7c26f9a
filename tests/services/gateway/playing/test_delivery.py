"""A playback fact is told once what it says has arrived, and as far as it has."""

from __future__ import annotations

import msgspec

from bus.events import Event, PlaybackFinished, PlaybackProgress, PlaybackStarted, PlayoutTrace
from services.gateway.playing.delivery import LOST, RECENT, Delivery


def started(speech: str) -> Event:
    body = PlaybackStarted(session="s", speech=speech, reply="r", index=0, video=True)
    return Event(id=f"b-{speech}", at=1, conversation="c", body=body)


def progress(speech: str, samples: int) -> Event:
    body = PlaybackProgress(session="s", speech=speech, reply="r", index=0, samples=samples)
    return Event(id=f"p-{speech}-{samples}", at=1, conversation="c", body=body)


def finished(speech: str, samples: int, *, complete: bool = True, id_: str = "") -> Event:
    body = PlaybackFinished(session="s", speech=speech, reply="r", index=0, samples=samples, complete=complete)
    return Event(id=id_ or f"e-{speech}", at=1, conversation="c", body=body)


def play(delivery: Delivery, first: int, count: int, speech: str = "", position: int = 0) -> list[Event]:
    told: list[Event] = []
    for n in range(count):
        told += delivery.tick(first + n, speech, position + n if speech else 0)
    return told


def test_a_beginning_is_told_at_once_and_an_end_once_it_has_arrived() -> None:
    delivery = Delivery()
    assert play(delivery, 0, 1, "a", 1) == []
    assert delivery.put(started("a")) == [started("a")]
    play(delivery, 1, 50, "a", 2)
    assert delivery.put(progress("a", 50)) == []
    play(delivery, 51, 10, "a", 51)
    assert delivery.put(finished("a", 61)) == []
    play(delivery, 61, 5)
    assert delivery.put(started("b")) == []  # in order
    assert delivery.confirm(50) == [progress("a", 50)]
    assert delivery.is_waiting
    assert delivery.confirm(65) == [finished("a", 61), started("b")]
    assert not delivery.is_waiting
    assert delivery.settle() == []


def test_what_was_sent_to_a_browser_that_is_gone_was_not_heard() -> None:
    delivery = Delivery()
    play(delivery, 0, 10, "a")
    delivery.put(started("a"))
    delivery.confirm(7)
    play(delivery, 10, 30, "a", 10)
    assert delivery.put(finished("a", 40)) == []
    play(delivery, 40, 30, "b")
    assert delivery.put(started("b")) == []
    assert not delivery.is_lost
    play(delivery, 70, RECENT, "b", 30)
    assert delivery.put(finished("b", 130, complete=False)) == []
    assert delivery.settle() == [finished("a", 7, complete=False)]
    assert delivery.settle() == []


def test_a_fact_that_tells_less_than_the_play_out_decided_has_none_of_its_notes() -> None:
    delivery = Delivery()
    play(delivery, 0, 10, "a")
    delivery.put(started("a"))
    delivery.confirm(7)
    play(delivery, 10, 30, "a", 10)
    end = finished("a", 40)
    assert isinstance(end.body, PlaybackFinished)
    notes = PlayoutTrace(number=1, tick=40)
    delivery.put(msgspec.structs.replace(end, body=msgspec.structs.replace(end.body, trace=notes)))
    play(delivery, 40, RECENT + 1)
    (told,) = delivery.settle()
    assert told == finished("a", 7, complete=False)
    assert isinstance(told.body, PlaybackFinished)
    assert told.body.trace is None


def test_a_sentence_that_had_begun_and_of_which_nothing_arrived_is_ended() -> None:
    delivery = Delivery()
    play(delivery, 0, 5)
    delivery.confirm(4)
    play(delivery, 5, RECENT, "a")
    assert delivery.put(started("a")) == [started("a")]
    play(delivery, 5 + RECENT, 1, "a", RECENT)
    delivery.put(finished("a", RECENT + 1, complete=False))
    assert delivery.settle() == [finished("a", 0, complete=False)]


def test_a_browser_that_was_there_a_moment_ago_heard_what_was_sent() -> None:
    delivery = Delivery()
    play(delivery, 0, 10, "a")
    delivery.put(started("a"))
    delivery.confirm(7)
    play(delivery, 10, RECENT, "a", 10)
    delivery.put(finished("a", 110))
    assert delivery.settle() == [finished("a", 110)]


def test_a_browser_that_falls_silent_is_lost_and_one_that_never_confirms_is_believed() -> None:
    delivery = Delivery()
    delivery.tick(0, "", 0)
    delivery.confirm(0)
    play(delivery, 1, LOST)
    assert not delivery.is_lost
    play(delivery, 1000, 1)  # the connection's ticks jump where this process was held up
    assert delivery.is_lost
    silent = Delivery()
    play(silent, 0, 1, "a")
    silent.put(started("a"))
    silent.put(finished("a", 1))
    assert play(silent, 1, LOST) == [finished("a", 1)]
    assert silent.put(started("b")) == [started("b")]
    assert silent.put(finished("b", 1)) == [finished("b", 1)]
    assert not silent.is_lost
