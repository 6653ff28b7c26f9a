"""The load test finds words and sounds that reached another person, and computes what it reports."""

from __future__ import annotations

import pytest

from bench.load import find
from bench.loading.checking import compare, packets_of
from bench.loading.costs import Cost, costs
from bench.loading.lines import Line, Lines, whose
from bench.loading.notes import recording
from bench.loading.people import IdlePictures, Pictures, Turn, is_over
from bench.loading.report import Checked, Result, latency, leaks_in, result, summary_row
from bench.loading.watch import Looks, name_of
from bus.events import (
    Body,
    Event,
    PlaybackFinished,
    ReplyEnded,
    ReplyFailed,
    ReplyInterrupted,
    ReplyStarted,
    TranscriptFinal,
    UtteranceDiscarded,
    UtteranceStarted,
)
from tests import voices

ANN, BEN = "weasels have eaten our phone system", "your passwords have been changed"
SOUND = voices.samples("okay_rms")


def line(text: str) -> Line:
    return Line(text, text, SOUND)


DEALT = {0: [line(ANN)], 1: [line(BEN)]}


def turn(person: int, heard: str, reply: str, **more: float) -> Turn:
    return Turn(person, 10.0, 2, heard, 2.0, heard=heard, reply=reply, **more)  # type: ignore[arg-type]


def test_nothing_leaks_where_each_hears_their_own() -> None:
    turns = [turn(0, "Weasels have eaten a phone system.", f"You said: {ANN}"), turn(1, BEN, f"You said: {BEN}")]
    assert leaks_in(turns, DEALT) == {}


def test_a_pair_that_is_mixed_up_is_found_by_words_and_by_sound() -> None:
    turns = [turn(0, ANN, f"You said: {BEN}"), turn(1, ANN, f"You said: {ANN}")]
    assert leaks_in(turns, DEALT) == {"another's words heard": 1, "another's words answered": 2}
    ann, ben = packets_of(recording(voices.samples("hello_rms"))), packets_of(recording(voices.samples("okay_rms")))
    assert ann - ben
    checked = Checked()
    compare({0: ann, 1: ann}, {0: ann, 1: ben}, checked)
    assert (checked.foreign_sounds, checked.unknown_sounds) == (len(ann - ben), 0)
    found = result(DEALT, turns, 60.0, checked)
    assert not found.is_quick


def test_a_sound_that_is_on_no_log_is_a_failure_and_no_leak() -> None:
    checked = Checked()
    compare({0: {b"a", b"x"}, 1: {b"b"}}, {0: {b"a"}, 1: {b"b"}}, checked)
    found = result(DEALT, [], 60.0, checked)
    assert (found.failures, found.leaks) == ({"packets of sound that are on no log": 1}, {})
    assert found.checked_sounds == 3


@pytest.mark.parametrize(
    ("text", "verdict"),
    [(ANN, "own"), ("weasels have a phone", "own"), (BEN, "another's"), ("I am fine", "neither"), ("", "neither"),
     (f"{ANN} and {BEN}", "own")],
)  # fmt: skip
def test_whose_words_a_text_has(text: str, verdict: str) -> None:
    assert whose(text, [ANN], [BEN]) == verdict


def test_no_line_is_dealt_to_two_and_too_many_people_are_refused() -> None:
    lines = Lines(tuple(line(str(number)) for number in range(7)), "test")
    dealt = lines.deal(3)
    assert [len(one) for one in dealt] == [3, 2, 2]
    assert len({one.text for of_person in dealt for one in of_person}) == 7
    with pytest.raises(ValueError, match="words for 7 people, and 8"):
        lines.deal(8)


def test_percentiles_of_the_turns_and_the_bound_of_a_second() -> None:
    assert latency([]) is None
    found = latency([float(number) for number in range(1, 101)])
    assert found is not None
    assert (found.p50, found.p95, found.p99, found.most, found.count) == (50.5, 95.0, 99.0, 100.0, 100)

    def quick(*seconds: float) -> bool:
        return result(DEALT, [turn(0, ANN, ANN, audible=one) for one in seconds], 60, Checked()).is_quick

    assert quick(*[0.4] * 20, 1.5)
    assert not quick(*[0.4] * 19, 1.5, 1.5)
    assert not quick()


def test_pictures_that_are_late_and_pictures_that_were_never_sent() -> None:
    pictures = Pictures()
    pictures.add(9.0, 0, moves=False)  # of the idle loop: before the answer
    for number, at in ((1, 10.00), (2, 10.04), (3, 10.16), (5, 10.20), (6, 10.24)):
        pictures.add(at, number * 3600, moves=True)
        pictures.add(at + 0.01, number * 3600, moves=True)  # another packet of the same picture
    pictures.add(11.0, 7 * 3600, moves=False)  # the idle loop again
    assert (pictures.first, pictures.expected, pictures.late, pictures.unsent) == (10.0, 7, 2, 1)
    assert pictures.longest_gap == pytest.approx(0.12)


def test_a_picture_moves_that_belongs_to_no_idle_loop() -> None:
    idle = IdlePictures()
    assert [idle.moves(packet) for packet in (b"a", b"b", b"a", b"b")] == [False] * 4
    assert idle.since_new == 2
    idle.learning = False
    assert [idle.moves(packet) for packet in (b"a", b"c", b"c")] == [False, True, True]


def told(*facts: tuple[str, Body]) -> list[Event]:
    return [
        Event(id=f"e{number}", at=number, conversation="c", turn=turn, body=body)  # type: ignore[arg-type]
        for number, (turn, body) in enumerate(facts)
    ]


def phrase(turn: str) -> list[tuple[str, Body]]:
    return [
        (turn, UtteranceStarted(utterance=turn)),
        (turn, TranscriptFinal(utterance=turn, text="x", language="en", confidence=1.0)),
    ]


def answer(turn: str) -> list[tuple[str, Body]]:
    return [
        (turn, ReplyStarted(reply=turn, character="ada", engine="e")),
        (turn, ReplyEnded(reply=turn, sentences=1)),
        (turn, PlaybackFinished(session="s", speech="p", reply=turn, index=0, samples=1, complete=True)),
    ]


CUT = ("a", ReplyInterrupted(reply="a", heard="", by="speech"))


@pytest.mark.parametrize(
    ("facts", "over"),
    [
        ([], False),
        ([*phrase("a")], False),
        ([*phrase("a"), *answer("a")[:2]], False),
        ([*phrase("a"), *answer("a")], True),
        ([*phrase("a"), *answer("a"), ("b", UtteranceStarted(utterance="b"))], False),  # something more is being said
        ([*phrase("a"), *answer("a")[:2], CUT, *phrase("b")], False),  # taken for two: the second is not answered yet
        ([*phrase("a"), *answer("a")[:2], CUT, *phrase("b"), *answer("b")], True),
        ([("a", UtteranceStarted(utterance="a")), ("a", UtteranceDiscarded(utterance="a", reason="lost"))], True),
        ([*phrase("a"), ("a", ReplyFailed(reply="a", code="c", detail=""))], True),
    ],
)
def test_a_turn_is_over_once_all_that_was_said_is_answered_and_played(
    facts: list[tuple[str, Body]], over: bool
) -> None:
    assert is_over(told(*facts)) is over


@pytest.mark.parametrize("limit", [0, 1, 5, 6, 20])
async def test_the_largest_number_of_people_is_found(limit: int) -> None:
    tried: list[int] = []

    async def run(people: int) -> bool:
        tried.append(people)
        return people <= limit

    assert await find(run, 20) == limit
    assert len(tried) == len(set(tried)) <= 9


def test_what_a_call_and_a_turn_cost_is_what_is_added_to_silence() -> None:
    def run(people: int, cpu: float, turns: int, memory: int) -> Result:
        looks = Looks(seconds=8.0, cpu_seconds={"gateway": cpu}, memory={"gateway": memory << 20})
        turned = [turn(0, ANN, ANN, audible=0.5)] * turns
        return result(dict.fromkeys(range(people), DEALT[0]), turned, 8.0, Checked(), looks=looks)

    found = costs(run(0, 1.0, 0, 100), run(4, 5.0, 0, 108), run(4, 8.0, 6, 120))
    assert found == {"gateway": Cost(base=0.125, call=0.125, turn=0.5, memory=100.0, memory_call=2.0)}


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("python\0-m\0services.tts\0", "tts"),
        ("python\0-m\0services.channels.recordings.decoder\0", "channels.recordings.decoder"),
        ("python\0-X\0named=gateway without calls\0-m\0services.gateway\0", "gateway without calls"),
        ("/opt/nats-server\0-c\0nats.conf\0", "nats"),
        ("python\0-m\0visavis\0up\0", "visavis up"),
        ("espeak-helper\0", "tts"),
    ],
)
def test_a_process_has_the_name_of_its_service_and_a_helper_that_of_its_parent(command: str, name: str) -> None:
    assert name_of(command, "tts") == name


def test_a_run_without_an_answer_is_a_row_like_any_other() -> None:
    assert summary_row(result({}, [], 0.0, Checked()))[3:9] == ["–"] * 6
