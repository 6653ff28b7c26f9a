"""The rows that a conversation's facts give."""

from __future__ import annotations

from bus.events import (
    DeadLetter,
    Event,
    Fact,
    PlaybackFinished,
    ReplyEnded,
    StepFailed,
    TranscriptCorrected,
)
from bus.ids import person_hash
from projections.analytics.conversation_rows import HELD_TURNS, ConversationFold
from projections.analytics.delivery_rows import dead_letter_row
from projections.analytics.tables import (
    TABLE_OF,
    ConversationRow,
    EngineRow,
    FailureRow,
    Row,
    SentenceRow,
    TakeoverRow,
    TokenRow,
    TurnRow,
    UtteranceRow,
)
from projections.analytics.turn_rows import model_of
from tests.projections.replay.conversations import (
    BEGAN,
    CONVERSATION,
    facts,
    interruption,
    opening,
    spoken_turn,
    written_turn,
)


def fact(body: Fact, seq: int, turn: str | None = "t1", ms: int = 9_000) -> tuple[int, Event]:
    return seq, Event(id=f"x{seq}", at=BEGAN + ms * 1000, conversation=CONVERSATION, turn=turn, body=body)


def rows_of(fold: ConversationFold) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for _, row in fold.take_rows():
        found.setdefault(TABLE_OF[type(row)], []).append(row)
    return found


def folded(*parts: list[tuple[int, Event]]) -> ConversationFold:
    fold = ConversationFold(CONVERSATION)
    for part in parts:
        for seq, event in part:
            fold.add(seq, event, copied=False)
    return fold


def test_a_spoken_turn_that_is_interrupted() -> None:
    found = rows_of(folded(opening(), list(facts("t1", spoken_turn(), interruption(), first=3))))
    assert found["turns"] == [
        TurnRow(
            conversation=CONVERSATION, turn="t1", began=BEGAN, ended=BEGAN + 4_320_000, channel="web", spoken=True,
            character="ada", language="en", engine="companion", sentences=2, answer_ms=370.0, endpoint_ms=200.0,
            transcript_ms=60.0, first_sentence_ms=20.0, first_audio_ms=70.0, playback_wait_ms=20.0, first_frame_ms=40.0,
            interrupted="speech", seq=21,
        )
    ]  # fmt: skip
    (heard,) = found["utterances"]
    assert isinstance(heard, UtteranceRow)
    assert (heard.engine, heard.confidence, heard.words, heard.samples, heard.speech_ms) == (
        "moonshine", 0.9, 3, 32_000, 1800.0
    )  # fmt: skip
    told = [row for row in found["sentences"] if isinstance(row, SentenceRow)]
    assert [(row.engine, row.samples, row.pictures, row.played, row.complete) for row in told] == [
        ("hibari", 48_000, 25, 48_000, True), ("hibari", 96_000, None, 48_960, False)
    ]  # fmt: skip
    engines = [row for row in found["engines"] if isinstance(row, EngineRow)]
    assert {(row.service, row.engine, row.pieces, row.first_ms, row.media_ms) for row in engines} == {
        ("stt", "moonshine", 1, 60.0, 2000.0), ("dialogue", "companion", 1, 20.0, None),
        ("tts", "hibari", 2, 70.0, 3000.0), ("render", "layered", 1, 40.0, 1000.0),
    }  # fmt: skip
    (opened,) = found["conversations"]
    assert isinstance(opened, ConversationRow)
    assert (opened.turns, opened.character, opened.person, opened.copied) == (1, "ada", person_hash("p"), False)


def test_what_comes_late_gives_newer_rows_of_the_same_keys() -> None:
    fold = folded(opening(), list(facts("t1", spoken_turn(), first=3)))
    before = rows_of(fold)
    late = PlaybackFinished(session="w", speech="s1b", reply="r1", index=1, samples=96_000, complete=True)
    hours = 4 * 3_600_000
    for seq, event in (fact(late, 40, ms=hours), fact(TranscriptCorrected(utterance="u1", text="Who were you"), 41)):
        fold.add(seq, event, copied=False)
    after = rows_of(fold)
    (heard,) = after["utterances"]
    assert isinstance(heard, UtteranceRow)
    assert (heard.truth_words, heard.word_errors, heard.seq) == (3, 1, 41)
    newest = after["sentences"][1]
    assert isinstance(newest, SentenceRow)
    assert (newest.played, newest.complete) == (96_000, True)
    assert [len(rows) for rows in after.values()] == [len(rows) for rows in before.values()]
    assert rows_of(fold) == {"conversations": after["conversations"]}


def test_failures_take_overs_and_tokens() -> None:
    failed = StepFailed(service="stt", code="engine_failed", retryable=True, detail="out of memory")
    ended = ReplyEnded(
        reply="r9", sentences=2, engine="openai:gpt-5-mini@api.test:443", prompt_tokens=90, reply_tokens=10
    )
    written = [one for one in facts("t2", written_turn(), first=3) if not isinstance(one[1].body, ReplyEnded)]
    fold = folded(opening(), written, [fact(ended, 30, "t2"), fact(failed, 31, "t2"), fact(failed, 32, None)])
    found = rows_of(fold)
    (taken,) = found["takeovers"]
    assert isinstance(taken, TakeoverRow)
    assert (taken.service, taken.work, taken.turn) == ("dialogue", "e", "t2")
    troubles = [row for row in found["failures"] if isinstance(row, FailureRow)]
    assert sorted((row.turn or "", row.kind, row.code, row.retryable) for row in troubles) == [
        ("", "service.step_failed", "engine_failed", True), ("t2", "service.step_failed", "engine_failed", True)
    ]  # fmt: skip
    (tokens,) = found["tokens"]
    assert isinstance(tokens, TokenRow)
    assert (tokens.model, tokens.prompt_tokens, tokens.reply_tokens) == ("gpt-5-mini", 90, 10)
    (turn,) = found["turns"]
    assert isinstance(turn, TurnRow)
    assert (turn.channel, turn.spoken, turn.failures, turn.takeovers) == ("telegram", False, 1, 1)


def test_a_turn_that_is_not_held_is_asked_for() -> None:
    fold = folded(opening())
    for number in range(HELD_TURNS + 5):
        for seq, event in facts(f"t{number}", spoken_turn(str(number)), first=100 * (number + 1)):
            fold.add(seq, event, copied=False)
    assert len(rows_of(fold)["turns"]) == HELD_TURNS + 5
    _, late = fact(TranscriptCorrected(utterance="u0", text="Who are you"), 9000, "t0")
    assert fold.lacks(late) == 100
    fold.restore("t0", list(facts("t0", spoken_turn("0"), first=100)))
    fold.add(9000, late, copied=False)
    (heard,) = rows_of(fold)["utterances"]
    assert isinstance(heard, UtteranceRow)
    assert (heard.words, heard.word_errors, heard.seq) == (3, 0, 9000)


def test_a_dead_letter_is_a_failure_even_if_it_cannot_be_read() -> None:
    letter = DeadLetter(
        at=5, stream="CONVERSATIONS", sequence=7, subject="conv.c1.transcript.final", service="dialogue", code="x",
        detail="words", deliveries=5, data=b"{",
    )  # fmt: skip
    assert dead_letter_row(3, letter) == FailureRow(
        conversation="c1", event="dead-3", kind="dead_letter", began=5, service="dialogue", code="x", deliveries=5,
        seq=3,
    )  # fmt: skip


def test_the_model_in_an_engines_name() -> None:
    names = ("openai:gpt-5-mini@api.test:443", "openai:org/m:7b", "local:qwen", "companion")
    assert [model_of(name) for name in names] == ["gpt-5-mini", "org/m:7b", "qwen", "companion"]
