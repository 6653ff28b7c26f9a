"""Decisions made again from the log are those that were made; with another constant they are not."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from bus import codec
from bus.events import (
    Event,
    PartialTold,
    PlaybackFinished,
    PlaybackStarted,
    PlayoutInput,
    ReplyInterrupted,
    ReplyStarted,
    UtteranceEnded,
)
from projections.conversation import Conversation, fold_all
from services.gateway.listening import end_of_turn, endpointing, onset, recorded_endpointer
from services.gateway.playing import barge_in, playout, speech_queue
from services.render.builtin_characters import BUILTIN_CHARACTERS
from tests.visavis.verify.conversations import Fact, heard, spoken_call
from visavis.verify import interruptions, words
from visavis.verify.decisions import Decision, DecisionKind
from visavis.verify.verify import verify


@pytest.fixture(scope="module")
def call() -> list[Fact]:
    facts = asyncio.run(spoken_call())
    return [(seq, codec.decode_event(codec.encode(event))) for seq, event in facts]


def made_again(facts: list[Fact], **given: Any) -> list[Decision]:
    return verify(facts, characters=BUILTIN_CHARACTERS, **given)


def kinds(decisions: list[Decision], outcome: str) -> set[DecisionKind]:
    return {one.kind for one in decisions if one.outcome == outcome}


def changed(facts: list[Fact], kind: type, **fields: Any) -> list[Fact]:
    """The facts with other fields in the bodies of a kind."""
    return [
        (seq, replace(event, body=replace(event.body, **fields)) if isinstance(event.body, kind) else event)
        for seq, event in facts
    ]


def test_every_decision_is_made_again_as_it_was(call: list[Fact]) -> None:
    stored = fold_all(Conversation(id="c1"), call)
    decisions = made_again(call, stored=stored)
    assert [one for one in decisions if one.outcome != "equal"] == []
    counts = Counter(one.kind for one in decisions)
    assert counts["end"] == counts["onset"] == sum(isinstance(event.body, UtteranceEnded) for _, event in call)
    assert counts["playback"] == sum("playback" in type(event.body).__name__.lower() for _, event in call)
    assert set(counts) == {
        "onset", "stable", "turn_end", "end", "voice", "playback", "interruption", "heard", "answer", "fold"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("module", "name", "value", "differs"),
    [
        (endpointing, "EAGER_SILENCE", 16 * 400, "stable"),
        (endpointing, "TURN_CHECK_SILENCE", 16 * 300, "turn_end"),
        (endpointing, "PRE_ROLL", 16 * 300, "onset"),
        (endpointing, "OFFSET_THRESHOLD", 0.99, "end"),
        (onset, "RULES", {"sure": (onset.Evidence(1, 1, 0.5),)}, "onset"),
        (end_of_turn, "LONGEST_MS", 500, "end"),
        (end_of_turn, "SOUND_WEIGHT", 1.5, "end"),
        (barge_in, "is_backchannel", lambda text: False, "voice"),
        (barge_in, "MAX_WORDLESS", 0, "voice"),
        (playout, "_SENTENCE_GAP", 7, "playback"),
        (playout, "_MAX_FRAME_WAIT", 3, "playback"),
        (playout, "_PROGRESS_INTERVAL", 25, "playback"),
        (speech_queue, "_PREBUFFER_PACKETS", 500, "playback"),
        (interruptions, "text_heard", lambda *_, listened: "other words", "heard"),
        (words, "is_backchannel", lambda text: True, "answer"),
        (words, "heard_messages", lambda *_, before_turn: [("user", "other")], "fold"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_another_constant_shows_in_the_decisions_that_it_makes(
    call: list[Fact], monkeypatch: pytest.MonkeyPatch, module: Any, name: str, value: Any, differs: DecisionKind
) -> None:
    monkeypatch.setattr(module, name, value)
    if name == "RULES":
        monkeypatch.setattr("visavis.verify.listening.RULES", value)
    assert differs in kinds(made_again(call), "differs")


def test_a_decision_whose_inputs_are_not_on_the_log_is_never_equal(call: list[Fact]) -> None:
    old = call
    for kind in (UtteranceEnded, PlaybackStarted, PlaybackFinished):
        old = changed(old, kind, trace=None)
    decisions = made_again(changed(old, ReplyStarted, history=""))
    assert kinds(decisions, "differs") == set()
    assert {"onset", "end", "playback", "interruption"} <= kinds(decisions, "not_recorded")
    assert kinds(decisions, "equal") <= {"answer", "fold", "heard"}


def test_after_a_missing_playback_fact_the_session_is_not_played_again(call: list[Fact]) -> None:
    first = next(place for place, (_, event) in enumerate(call) if isinstance(event.body, PlaybackStarted))
    decisions = made_again(call[:first] + call[first + 1 :])
    played = [one for one in decisions if one.kind == "playback"]
    assert {one.outcome for one in played} == {"not_recorded"}
    assert len(played) > 5


@pytest.mark.parametrize(
    "damage",
    [
        {"onset_rule": "unheard of"}, {"speech": "no base64!"}, {"speech": "AAAA" * 10_000}, {"loudness": "AA=="},
        {"onset": 0}, {"onset": 10**15}, {"window": 0}, {"ends": 0.0}, {"pauses": -1.0},
        {"partials": (PartialTold(1, 0, "a"),) * 3000},
    ],
    ids=str,
)  # fmt: skip
def test_a_damaged_trace_of_an_utterance_is_not_recorded(call: list[Fact], damage: dict[str, Any]) -> None:
    facts = [(seq, with_trace(event, **damage)) if is_ended(event) else (seq, event) for seq, event in call]
    decisions = [one for one in made_again(facts) if one.kind in ("onset", "stable", "turn_end", "end")]
    assert {one.outcome for one in decisions} == {"not_recorded"}


@pytest.mark.parametrize(
    "damage",
    [
        {"tick": 10**15}, {"number": 7}, {"names": ()}, {"inputs": (PlayoutInput(10**12, "resume", -1),)},
        {"inputs": (PlayoutInput(0, "audio", 99, 1),)}, {"inputs": (PlayoutInput(0, "audio", 0, 10**12),)},
        {"inputs": (PlayoutInput(0, "partial", 0, 9),)}, {"inputs": (PlayoutInput(-5, "stop", -1),)},
    ],
    ids=str,
)  # fmt: skip
def test_from_a_damaged_trace_on_a_session_is_not_played_again(call: list[Fact], damage: dict[str, Any]) -> None:
    first = next(place for place, (_, event) in enumerate(call) if isinstance(event.body, PlaybackStarted))
    seq, event = call[first]
    facts = [*call[:first], (seq, with_trace(event, **damage)), *call[first + 1 :]]
    played = [one for one in made_again(facts) if one.kind == "playback"]
    assert {one.outcome for one in played} == {"not_recorded"}


def is_ended(event: Event) -> bool:
    return isinstance(event.body, UtteranceEnded)


def with_trace(event: Event, **fields: Any) -> Event:
    body: Any = event.body
    return replace(event, body=replace(body, trace=replace(body.trace, **fields)))


def test_another_outcome_on_the_log_is_told_with_both(call: list[Fact]) -> None:
    decisions = made_again(changed(call, ReplyInterrupted, heard="Nothing of it."))
    different = [one for one in decisions if one.kind == "heard"]
    assert {one.outcome for one in different} == {"differs"}
    assert {one.recorded for one in different} == {"'Nothing of it.'"}
    assert all(one.replayed.startswith("'") for one in different)


def test_redacted_words_are_not_compared(call: list[Fact]) -> None:
    decisions = made_again(call, redacted=True)
    assert {one.outcome for one in decisions if one.kind in ("heard", "answer")} == {"not_recorded"}


def test_a_read_model_that_holds_something_else_differs(call: list[Fact]) -> None:
    stored = msgspec.structs.replace(fold_all(Conversation(id="c1"), call[:-3]), title="Another")
    different = [one for one in made_again(call, stored=stored) if one.outcome == "differs"]
    assert [(one.kind, one.seq) for one in different] == [("fold", call[-4][0])]
    assert "title differs" in different[0].replayed


@pytest.mark.parametrize("seed", range(4, 10))
async def test_endpointing_is_made_again_whatever_was_heard(seed: int) -> None:
    facts = list(enumerate(await heard(seed, phrases=5), start=1))
    decisions = [one for one in made_again(facts) if one.kind in ("onset", "stable", "turn_end", "end")]
    assert [one for one in decisions if one.outcome != "equal"] == []
    assert len(decisions) >= 12


@pytest.mark.parametrize("threshold", [0.35, 0.5, 0.8, 0.93])
def test_a_threshold_divides_probabilities_as_their_steps(threshold: float) -> None:
    for tiny in (-1e-9, 0.0, 1e-9):
        code = int((threshold + tiny) * recorded_endpointer.PROBABILITY_STEPS)
        assert (recorded_endpointer.heard(code)[0] >= threshold) == (threshold + tiny >= threshold)


def test_a_trace_of_an_utterance_is_small(call: list[Fact]) -> None:
    for _, event in call:
        if isinstance(event.body, UtteranceEnded):
            seconds = event.body.samples / 16_000
            assert trace_bytes(event) < 600 + 200 * seconds  # the sound itself has 32,000 a second


def trace_bytes(event: Event) -> int:
    assert isinstance(event.body, UtteranceEnded)
    return len(codec.encode(event)) - len(codec.encode(replace(event, body=replace(event.body, trace=None))))
