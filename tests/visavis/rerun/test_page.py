"""The page and the text of a report."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import structs

from projections.replay.word_error_rate import AlignedWord, align
from visavis.rerun import page as page_module
from visavis.rerun.comparison import compare, compare_errors
from visavis.rerun.page import page, write_page
from visavis.rerun.report import ConversationReport, Report, Side, Turn, Utterance
from visavis.rerun.rules import RuleResult
from visavis.rerun.texts import report_text

SAID, HEARD = ["<b>five</b>", "pins"], ["<b>nine</b>", "pins", "&", "more"]
EVIL = "<script>alert(1)</script> & \"'"


def side(reply: str) -> Side:
    return Side(
        reply=reply, interrupted=True, heard=EVIL, engines={"tts": EVIL}, latency={"answer": 512.4}, failures=(EVIL,)
    )  # fmt: skip


def report() -> Report:
    utterance = Utterance(
        id="u1", before=EVIL, after=EVIL, reference=EVIL, against="truth", words=2, errors_before=1, errors_after=3,
        aligned_before=tuple(align(SAID, SAID[1:])), aligned_after=tuple(align(SAID, HEARD)),
    )  # fmt: skip
    turn = Turn(id="t1", said=EVIL, utterance=utterance, before=side(EVIL), after=side("fine"), notes=(EVIL,))
    latency = compare([500.0] * 7, [400.0] * 7)
    assert latency is not None
    return Report(
        engines={"stt": EVIL}, kept=("dialogue",), real_time=False, seconds=2.0, recorded_seconds=60.0,
        conversations=(ConversationReport(conversation="c1", copy="c2", turns=(turn,), error=EVIL),),
        errors=compare_errors([2], [1], [3]), against="truth", latency={"answer": latency},
        not_compared={"transcript": EVIL}, failures_before=0, failures_after=1, deaths={"stt": 1}, complete=False,
        rules=(RuleResult(rule="wer>+0.02", kept=False, why=EVIL),),
    )  # fmt: skip


class Tags(HTMLParser):
    """The tags of a page, and the text of those that highlight."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.marked: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("del", "ins", "mark"):
            self.marked.append((self.open[-1], data))


def test_words_of_people_do_not_steer_the_terminal() -> None:
    steering = "\x1b[2J\x9b31m"
    text = report_text(msgspec.convert(_replaced(msgspec.to_builtins(report()), EVIL, steering), Report), color=False)
    assert "[2J" in text
    assert text.replace("\n", "").isprintable()


def _replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(inner, old, new) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(inner, old, new) for inner in value]
    return new if value == old else value


def test_words_of_people_are_shown_and_never_run() -> None:
    tags = Tags(page(report(), {("t1", "said"): "said.ogg", ("t1", "after"): 'x" onerror="alert(1)'}))
    assert not tags.open
    assert "script" not in tags.seen
    assert tags.seen.count("audio") == 2
    text = page(report(), {("t1", "after"): 'x" onerror="alert(1)'})
    assert 'onerror="' not in text
    assert EVIL not in text


def test_words_of_people_steer_no_terminal() -> None:
    esc = "\x1b[2J"
    reply = Turn(
        id="t", said=esc, utterance=None, before=side(esc), after=structs.replace(side("x" + esc), failures=(esc,)),
        notes=(esc,),
    )  # fmt: skip
    (conversation,) = report().conversations
    (turn,) = conversation.turns
    assert turn.utterance is not None
    aligned = (AlignedWord("inserted", "", esc), AlignedWord("deleted", esc, ""), AlignedWord("same", esc, esc))
    utterance = structs.replace(
        turn.utterance, before=esc, after=esc, reference=esc, aligned_before=aligned, aligned_after=aligned
    )
    turns = (reply, structs.replace(turn, utterance=utterance))
    told = structs.replace(report(), conversations=(structs.replace(conversation, turns=turns),))
    text = report_text(told, color=False)
    assert text.count("[2J") > 8
    assert "\x1b" not in text


def test_what_was_misheard_is_marked() -> None:
    tags = Tags(page(report(), {}))
    assert tags.marked == [
        ("del", "<b>five</b>"),
        ("del", "<b>five</b>"), ("mark", "<b>nine</b>"), ("ins", "&"), ("ins", "more"),
    ]  # fmt: skip
    text = report_text(report(), color=False)
    assert "before: [-<b>five</b>] pins" in text
    assert "now:    [<b>five</b>→<b>nine</b>] pins [+&] [+more]" in text
    assert "BROKEN wer>+0.02" in text
    assert "p50 500 ms → 400 ms, p95 500 ms → 400 ms over 7 turns: -100 ms (-100 to -100), faster" in text
    assert "stt died 1 time during the re-run" in text


def test_of_many_turns_the_text_shows_those_that_went_another_way(monkeypatch: pytest.MonkeyPatch) -> None:
    same = Turn(id="t2", said="Hello there", utterance=None, before=side("fine"), after=structs.replace(
        side("fine"), failures=()))  # fmt: skip
    (conversation,) = report().conversations
    both = structs.replace(report(), conversations=(structs.replace(conversation, turns=(same, *conversation.turns)),))
    assert "Hello there" in report_text(both, color=False)
    monkeypatch.setattr("visavis.rerun.texts.MOST_TURNS", 1)
    text = report_text(both, color=False)
    assert "Hello there" not in text
    assert "  2. truth:" in text
    assert "  1 other turn as recorded" in text


def test_many_sounds_lie_beside_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "EMBEDDED", 4)
    sounds = {("t1", "said"): b"abc", ("t1", "after"): b"de"}
    write_page(report(), sounds, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    for turn, name in sounds:
        assert f'src="report-sounds/{turn}-{name}.ogg"' in text
        assert (tmp_path / "report-sounds" / f"{turn}-{name}.ogg").read_bytes() == sounds[turn, name]
    write_page(report(), {("t1", "said"): b"abcd"}, tmp_path / "small.html")
    assert 'src="data:audio/ogg;base64,YWJjZA=="' in (tmp_path / "small.html").read_text()
