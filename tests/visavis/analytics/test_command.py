"""`visavis analytics`, the example of a consumer, and the documents of both."""

from __future__ import annotations

import asyncio
import csv
import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

from bus.errors import InvalidInput, NotFound
from bus.events import Event, MessageReceived
from bus.log import streams
from bus.log.event_log import EventLog
from bus.settings import Settings
from projections.analytics.answering import answer_apart
from projections.analytics.database import Answer
from projections.analytics.names import QUESTION_NAMES
from projections.analytics.places import analytics_folder
from projections.analytics.questions import QUESTIONS
from projections.analytics.store import lock
from tests.projections.replay.conversations import BEGAN, facts, interruption, opening, spoken_turn
from visavis.__main__ import command_line
from visavis.analytics.charts import print_table, sparkline
from visavis.analytics.command import run
from visavis.generate.analytics_page import TARGET, render_page

ROOT = Path(__file__).parents[3]


def analytics(settings: Settings, *arguments: str) -> int:
    return run(command_line().parse_args(["analytics", *arguments]), settings, color=False)


def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("consumer", ROOT / "examples" / "consumer.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_the_command_from_the_log_to_answers(
    event_log: EventLog, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(NotFound, match="visavis analytics rebuild"):
        analytics(settings)
    for _, event in (*opening(), *facts("t1", spoken_turn(), interruption(), first=3)):
        await event_log.append(event)
    await event_log.append_copy(
        Event(id="k", at=BEGAN, conversation="k", turn="k", body=MessageReceived(message="k", text="x")), stored=BEGAN
    )
    assert await asyncio.to_thread(analytics, settings, "rebuild") == 0
    capsys.readouterr()
    assert await asyncio.to_thread(analytics, settings, "status", "--json") == 0
    status = json.loads(capsys.readouterr().out)
    assert (status["running"], [one["lag"] for one in status["streams"]]) == (False, [0, 0, 0])
    assert await asyncio.to_thread(analytics, settings, "status") == 0
    assert "CONVERSATIONS" in capsys.readouterr().out

    since = ("--since", "2020-01-01")
    analytics(settings, "turns", "--json", *since)
    assert json.loads(capsys.readouterr().out)["rows"] == [
        {"day": "2023-11-14", "channel": "web", "turns": 1, "spoken": 1, "conversations": 1}
    ]
    analytics(settings, "latency", "--csv", *since)
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert {row["step"]: float(row["p95"]) for row in rows} == {
        "answer": 370.0, "endpoint": 200.0, "transcript": 60.0, "first_sentence": 20.0, "first_audio": 70.0,
        "playback_wait": 20.0, "first_frame": 40.0,
    }  # fmt: skip
    analytics(settings, "all", "--no-color", *since)
    shown = capsys.readouterr().out
    assert [one.title for one in QUESTIONS.values() if one.title not in shown] == []
    assert "█" in shown
    assert "\x1b" not in shown
    analytics(settings, "sql", "SELECT turn, interrupted FROM turns WHERE NOT copied", "--json")
    assert json.loads(capsys.readouterr().out) == [{"turn": "t1", "interrupted": "speech"}]
    with pytest.raises(InvalidInput, match="one SELECT"):
        analytics(settings, "sql", "DROP VIEW turns")

    apart = json.loads(await answer_apart(settings, "all", "2020-01-01"))
    assert [one["question"] for one in apart] == list(QUESTIONS)
    with pytest.raises(NotFound, match="expected one of the questions"):
        await answer_apart(settings, "nonsense", "7d")
    with pytest.raises(InvalidInput, match="expected a time"):
        await answer_apart(settings, "turns", "--sql")

    # The example counts each turn once, however often it is started; copies do not count.
    consumer, file = example(), tmp_path / "turns.json"
    assert dict(await consumer.count(settings.url, file, consumer.saved_in(file), once=True)) == {"2023-11-14": 1}
    await event_log.append(facts_of_message("new"))
    again = await consumer.count(settings.url, file, consumer.saved_in(file), once=True)
    assert again == {"2023-11-14": 2}
    info = await event_log.consumer_info(streams.CONVERSATIONS, "turns-a-day")
    assert (info.num_pending, info.num_ack_pending) == (0, 0)
    with lock(analytics_folder(settings), patience=0):
        pass


def facts_of_message(name: str) -> Event:
    body = MessageReceived(message=name, text="Hello", channel="telegram")
    return Event(id=name, at=BEGAN, conversation="c1", turn=name, body=body)


def test_the_documents_are_current_and_name_every_question_and_subject() -> None:
    assert TARGET.read_text() == render_page()
    text = (ROOT / "docs" / "analytics.md").read_text()
    assert list(QUESTION_NAMES) == list(QUESTIONS)
    assert [name for name in QUESTIONS if f"`{name}`" not in text] == []
    module = example()
    assert [subject for subject in module.SUBJECTS if f'--filter "{subject}"' not in text] == []
    assert len(re.findall(r"^(?!\s*(?:#|$|\"\"\"))", (ROOT / "examples/consumer.py").read_text(), re.MULTILINE)) < 50


def test_a_line_of_blocks() -> None:
    assert sparkline([0, 5, None, 10]) == "▁▅ █"
    assert sparkline([0.0, None]) == "▁ "


def test_what_stands_in_a_table_is_no_markup_and_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(Answer(("[/a]\x1b[2J", "b"), [("[/red] :smile:\x1b[2J", None)]), color=False)
    heading, row = capsys.readouterr().out.splitlines()
    assert heading.split() == ["[/a]\ufffd[2J", "b"]
    assert row.split() == ["[/red]", ":smile:\ufffd[2J", "–"]
