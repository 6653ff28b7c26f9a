"""The timeline says when each step of a turn took place, and its latencies add up."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from bus.events import ConversationCopied, Event, Fact, PlaybackStarted, TranscriptCorrected
from projections.replay.build import TimelineBuilder, build_timeline
from projections.replay.measures import measures
from projections.replay.timeline import Step, TurnTimeline
from tests.projections.replay.conversations import (
    BEGAN,
    CONVERSATION,
    facts,
    interruption,
    opening,
    spoken_turn,
    written_turn,
)


def _ms(steps: Sequence[Step], name: str, index: int | None = None) -> tuple[float, float | None]:
    found = [step for step in steps if step.name == name and step.index == index]
    assert len(found) == 1, f"{len(found)} steps {name} {index}"
    end = found[0].end
    return (found[0].start - BEGAN) / 1000, None if end is None else (end - BEGAN) / 1000


def _turn(events: list[tuple[int, Event]]) -> TurnTimeline:
    (turn,) = build_timeline(CONVERSATION, events).turns
    return turn


def test_the_steps_of_a_spoken_turn_follow_each_other() -> None:
    turn = _turn(list(facts("t", spoken_turn())))
    assert _ms(turn.steps, "speaking") == (0, 1800)
    assert _ms(turn.steps, "endpoint") == (1800, 2000)
    assert _ms(turn.steps, "transcript") == (2000, 2060)
    assert _ms(turn.steps, "first_sentence") == (2060, 2080)
    assert _ms(turn.steps, "writing") == (2080, 2100)
    assert _ms(turn.steps, "first_audio", 0) == (2080, 2150)
    assert _ms(turn.steps, "synthesis", 0) == (2150, 2400)
    assert _ms(turn.steps, "first_frame", 0) == (2150, 2190)
    assert _ms(turn.steps, "drawing", 0) == (2190, 2500)
    assert _ms(turn.steps, "playback_wait", 0) == (2150, 2170)
    assert _ms(turn.steps, "playback", 0) == (2170, 3170)
    assert _ms(turn.steps, "playback", 1) == (3300, None)
    assert [step.start for step in turn.steps] == sorted(step.start for step in turn.steps)
    engines = {step.name: step.engine for step in turn.steps if step.index is None}
    assert (engines["transcript"], engines["first_sentence"]) == ("moonshine", "companion")


def test_the_latencies_are_parts_of_the_answer() -> None:
    found = measures(_turn(list(facts("t", spoken_turn()))))
    assert {name: value // 1000 for name, value in found.items()} == {
        "endpoint": 200, "transcript": 60, "first_sentence": 20, "first_audio": 70, "playback_wait": 20,
        "first_frame": 40, "answer": 370,
    }  # fmt: skip


def test_a_transcript_may_be_there_before_the_end_of_its_utterance_is_stored() -> None:
    started, ended, transcript, *rest = spoken_turn()
    early = [started, (1990, None, transcript[2]), (2000, "utterance.started", ended[2]), *rest]
    for parts in (early, [early[0], early[2], early[1], *rest]):
        turn = _turn(list(facts("t", parts)))
        assert _ms(turn.steps, "endpoint") == (1800, 1990)
        assert _ms(turn.steps, "transcript") == (1990, 1990)
        assert measures(turn)["answer"] == 370_000


def test_a_sentence_that_is_only_shown_belongs_to_the_wait_for_the_first_spoken_one() -> None:
    found = measures(_turn(list(facts("t", written_turn()))))
    assert found == {"first_sentence": 70_000, "first_audio": 20_000}  # never played: there is no answer


def test_an_interruption_cuts_the_sound_and_what_is_under_way() -> None:
    timeline = build_timeline(CONVERSATION, list(facts("t", spoken_turn(), interruption())))
    (turn,) = timeline.turns
    assert [(mark.kind, mark.detail) for mark in turn.marks] == [("interrupted", "speech")]
    states = {(step.name, step.index): step.state for step in turn.steps}
    assert states["playback", 0] == "done"
    assert states["playback", 1] == "interrupted"
    person, first, second = timeline.clips
    assert (person.kind, person.samples, person.text) == ("person", 32_000, "Who are you?")
    assert (first.samples, second.samples) == (48_000, 48_960)
    assert (second.start - BEGAN) // 1000 == 3300


def test_a_playback_without_an_end_stops_where_the_reply_was_interrupted() -> None:
    events = list(facts("t", spoken_turn(), interruption()[1:2]))
    second = build_timeline(CONVERSATION, events).clips[-1]
    assert second.samples == (4310 - 3300) * 48


def test_sounds_that_nobody_played_follow_one_another() -> None:
    unplayed = [one for one in spoken_turn() if "playback" not in str(one[2].__struct_config__.tag)]
    clips = build_timeline(CONVERSATION, list(facts("t", unplayed))).clips
    first, second = clips[1:]
    assert not first.played
    assert not second.played
    assert second.start == first.start + 1_000_000  # its sound was there earlier, while the first one is to be heard


def test_two_sessions_that_play_at_once_are_heard_once() -> None:
    turn = spoken_turn()
    played = turn[8]
    again = (played[0] + 5, played[1], PlaybackStarted(session="v", speech="s1a", reply="r1", index=0, video=True))
    clips = build_timeline(CONVERSATION, list(facts("t", [*turn[:9], again, *turn[9:]]))).clips
    assert [clip.id for clip in clips] == ["u1", "s1a", "s1b"]


def test_a_takeover_is_marked_with_its_service() -> None:
    turn = _turn(list(facts("t", written_turn())))
    assert [(mark.kind, mark.service) for mark in turn.marks] == [("taken_over", "dialogue")]
    assert (turn.channel, turn.spoken) == ("telegram", False)


def test_facts_on_the_log_twice_count_once() -> None:
    once = list(facts("t", spoken_turn(), interruption()))
    twice = [*once, *((seq + 100, event) for seq, event in once)]
    assert build_timeline(CONVERSATION, twice).turns == build_timeline(CONVERSATION, once).turns
    assert build_timeline(CONVERSATION, twice).clips == build_timeline(CONVERSATION, once).clips


def test_events_know_their_delay_since_their_cause() -> None:
    timeline = build_timeline(CONVERSATION, [*opening(), *facts("t", spoken_turn(), first=3)])
    assert [event.tag for event in timeline.events[:3]] == [
        "conversation.opened", "session.opened", "utterance.started",
    ]  # fmt: skip
    (transcript,) = [event for event in timeline.events if event.tag == "transcript.final"]
    assert transcript.delay == 60_000
    assert timeline.events[0].delay is None
    assert (timeline.start, timeline.end) == (BEGAN - 20_000, BEGAN + 5_300_000)


def test_following_gives_what_reading_at_once_gives() -> None:
    events = [*opening(), *facts("t", spoken_turn(), interruption(), first=3)]
    builder = TimelineBuilder(CONVERSATION)
    for number, (seq, event) in enumerate(events, 1):
        builder.add(seq, event)
        builder.add(seq, event)  # read again after a reconnection
        assert builder.timeline() == build_timeline(CONVERSATION, events[:number])
    assert builder.turn("t") == builder.timeline().turns[0]
    assert builder.turn("other") is None


@pytest.mark.parametrize("length", range(1, 20))
def test_the_sum_holds_at_every_moment(length: int) -> None:
    turn = _turn(list(facts("t", spoken_turn(), interruption()))[:length])
    found = measures(turn)
    parts = sum(found.values()) - found.get("answer", 0) - found.get("first_frame", 0)
    assert found.get("answer", parts) == parts
    assert all(step.end is None or step.end >= step.start for step in turn.steps)


def test_what_was_noted_afterwards_is_listed_and_makes_nothing_longer() -> None:
    events = list(facts("t", spoken_turn()))
    before = build_timeline(CONVERSATION, events)
    later = BEGAN + 10**12
    notes: list[Fact] = [
        ConversationCopied(source="other", how="imported"),
        TranscriptCorrected(utterance="u", text="words"),
    ]
    noted = [
        (events[-1][0] + number, Event(id=f"n{number}", at=later, conversation=CONVERSATION, turn="t", body=body))
        for number, body in enumerate(notes, 1)
    ]
    after = build_timeline(CONVERSATION, [*events, *noted])
    assert (after.start, after.end, after.turns) == (before.start, before.end, before.turns)
    assert [event.tag for event in after.events[-2:]] == ["conversation.copied", "transcript.corrected"]
    assert build_timeline(CONVERSATION, noted).end == 0
