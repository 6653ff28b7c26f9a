"""`visavis verify`, on the example that is shipped and on a running log."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from bus.errors import NotFound
from bus.events import (
    CharacterChosen,
    Event,
    ReplyInterrupted,
    SpeechStarted,
    StepRepeated,
    UtteranceEnded,
    VoiceNoteReceived,
)
from bus.log.event_log import EventLog
from bus.settings import Settings
from projections.__main__ import gateway_file
from projections.moment import Moment
from projections.rebuilding import build
from services.gateway.playing import playout
from tests.conftest import NatsServer
from tests.visavis.verify.conversations import spoken_call
from visavis.__main__ import main
from visavis.carry.archive import load, save
from visavis.carry.hiding import redacted
from visavis.verify.command import Options, run
from visavis.verify.decisions import DECISION_KINDS

EXAMPLE = Path(__file__).parents[3] / "examples" / "first-conversation.visavis"
MOST_BYTES = 1_500_000


def example() -> list[Event]:
    with load(EXAMPLE) as archive:
        return [event for _, _, event in archive.events()]


def test_the_example_is_small_and_holds_what_its_page_says() -> None:
    assert EXAMPLE.stat().st_size < MOST_BYTES
    facts = example()
    kinds = {type(event.body) for event in facts}
    assert {CharacterChosen, ReplyInterrupted, StepRepeated, UtteranceEnded, VoiceNoteReceived} <= kinds
    by = [event.body.by for event in facts if isinstance(event.body, ReplyInterrupted)]
    assert by == ["speech"]
    repeated = [event.body.service for event in facts if isinstance(event.body, StepRepeated)]
    assert "tts" in repeated
    characters = {event.body.character for event in facts if isinstance(event.body, SpeechStarted)}
    assert characters == {"ada", "milo"}


def test_every_decision_of_the_example_is_made_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(EXAMPLE), "--json"]) == 0
    decisions = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {one["outcome"] for one in decisions} == {"equal"}
    assert {one["kind"] for one in decisions} == set(DECISION_KINDS)
    counts = Counter(one["kind"] for one in decisions)
    facts = example()
    assert counts["end"] == sum(isinstance(one.body, UtteranceEnded) and one.body.trace is not None for one in facts)
    assert counts["playback"] == sum(type(one.body).__name__.startswith("Playback") for one in facts)


def test_a_difference_is_printed_with_both_and_is_the_exit_status(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playout, "_SENTENCE_GAP", 10)
    assert main(["verify", str(EXAMPLE), "--brief"]) == 1
    *lines, last = capsys.readouterr().out.splitlines()[1:]
    assert lines
    assert all(" ≠ playback" in line and "was: tick" in line and "now: " in line for line in lines)
    assert re.fullmatch(r"\d+ equal, [1-9]\d* differ, 0 not recorded", last)


def test_of_a_redacted_conversation_nothing_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with load(EXAMPLE) as archive, redacted(archive) as hidden:
        save(hidden, tmp_path / "hidden.visavis")
    assert main(["verify", str(tmp_path / "hidden.visavis"), "--json"]) == 0
    decisions = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {one["outcome"] for one in decisions if one["kind"] != "fold"} == {"not_recorded"}


def test_a_file_that_is_none_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = tmp_path / "notes.visavis"
    wrong.write_text("no conversation")
    for path in (wrong, tmp_path / "missing.visavis"):
        assert main(["verify", str(path)]) == 1
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith("error: ")
        assert captured.err.count("\n") == 1


async def test_conversations_on_a_log_are_compared_with_the_read_model(
    event_log: EventLog, nats_server: NatsServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(nats_url=nats_server.url, data=str(tmp_path / "data"))
    for _, event in await spoken_call():
        await event_log.append(event)
    assert await run(settings, Options("c1", brief=True)) == 0
    await build(event_log, gateway_file(settings))
    assert await run(settings, Options(since=Moment(sequence=1), as_json=True)) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert "the read model's conversation" in {one["recorded"] for one in lines}
    with pytest.raises(NotFound):
        await run(settings, Options("missing"))
