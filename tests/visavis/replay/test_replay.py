"""`visavis replay` shows a conversation on a real log."""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path

import pytest
from msgspec.structs import replace

from bus.errors import InvalidInput, NotFound
from bus.events import ConversationOpened, DeadLetter, Event, Fact, MessageReceived, StepFailed
from bus.log import streams
from bus.log.event_log import EventLog
from bus.process.operator_key import operator_key
from bus.settings import Settings
from projections.__main__ import gateway_file
from projections.read_model import ReadModel
from tests.projections.replay.conversations import BEGAN, facts, opening, written_turn
from tests.services.gateway.replaying.recorded import record
from visavis.__main__ import command_line
from visavis.replay import command
from visavis.replay.texts import Style

CONVERSATION = "c4f0aa11"
EVIL = "\x1b[2Jboo\x9b31m\u202e ha"
STYLE = Style(width=110, zone=UTC)


@pytest.fixture
async def recorded(event_log: EventLog) -> EventLog:
    """A log with a spoken, a written and a failed turn, and another conversation."""
    for _, one in opening():
        await event_log.append(replace(one, conversation=CONVERSATION))
    await record(event_log, CONVERSATION)
    for _, one in facts("t2", written_turn(), first=200):
        await event_log.append(replace(one, conversation=CONVERSATION, at=one.at + 20_000_000))
    failed = StepFailed(service="dialogue", code="llm", retryable=False, detail=EVIL)
    words = MessageReceived(message="m", text=EVIL)
    for _, one in facts("t3", [(0, None, words), (5, "message.received", failed)], first=300):
        await event_log.append(replace(one, conversation=CONVERSATION, at=one.at + 30_000_000))
    newest = await event_log.last_sequence(streams.CONVERSATIONS)
    letter = DeadLetter(
        at=BEGAN + 30_100_000, stream="CONVERSATIONS", sequence=newest - 1,
        subject=f"conv.{CONVERSATION}.message.received", service="dialogue", code="llm", detail=EVIL, deliveries=5,
        data=b"",
    )  # fmt: skip
    await event_log.publish_dead_letter(letter)
    other = ConversationOpened(person="p", character="ada")
    await event_log.append(Event(id="other", at=BEGAN, conversation="c4f0bb22", body=other))
    return event_log


TURN = """\
  1  0:00.020  spoken, web  t1
      0:00.020  you         Who are you?
      0:02.190  ada         I am Ada.
      0:03.320  ada         I like rain.
"""


async def test_a_conversation_its_events_and_each_of_them_are_shown(
    recorded: EventLog, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    async def shown(*arguments: str) -> tuple[str, str]:
        parsed = command_line().parse_args(["replay", *arguments])
        assert await command.replay(settings, parsed, STYLE) == 0
        printed = capsys.readouterr()
        assert printed.out.replace("\n", "").isprintable()
        return printed.out, printed.err

    whole, address = await shown("c4f0a")
    assert whole.startswith(f"Who are you? — {CONVERSATION}\n2023-11-14 22:13:19, 0:30.025, 3 turns, up to event 31\n")
    assert TURN in whole
    bars = [line.split() for line in whole.splitlines() if "█" in line]
    assert bars[0] == ["speaking", "█" * 26, "1,800", "ms"]
    assert bars[2][-3:] == ["60", "ms", "moonshine"]
    assert "    answer after 370 ms = endpoint 200 + transcript 60 + first sentence 20 + first audio 70 +" in whole
    assert "      0:04.330  ✗ interrupted by speech\n" in whole
    assert "      0:20.050  ✗ another worker took over dialogue\n" in whole
    assert "      0:30.020  you         \ufffd[2Jboo\ufffd31m\ufffd ha\n" in whole
    assert "✗ dead letter 1: dialogue gave up event 30 after 5 tries: llm: \ufffd[2Jboo" in whole
    key = operator_key(settings)
    assert address == f"in the page: http://localhost:8080/operator?key={key}#replay={CONVERSATION}\n"

    second, address = await shown(CONVERSATION, "--turn", "2")
    assert [line[:3] for line in second.splitlines()[3:] if line[:3].strip()] == ["  2"]
    assert address.endswith(f"#replay={CONVERSATION}&t=20020\n")
    assert await shown(CONVERSATION, "--turn", "t2") == (second, address)

    rows = (await shown(CONVERSATION, "--events", "--turn", "2"))[0].splitlines()
    expected = ["23", "0:20.050", "+30", "ms", "service.step_repeated", "et2-201", "dialogue", "takes", "over"]
    assert rows[1].split() == expected
    assert len(rows) == 8
    detail = (await shown(CONVERSATION, "--event", "et3-300"))[0]
    assert "dialogue was given it 5 times" in detail
    assert "what led to it: nothing\nwhat it caused\n     31" in detail

    view = json.loads((await shown(CONVERSATION, "--json"))[0])
    assert [turn["id"] for turn in view["turns"]] == ["t1", "t2", "t3"]
    assert (view["sounds"], view["pictures"]) == ("some", "all")
    assert len(json.loads((await shown(CONVERSATION, "--events", "--json"))[0])) == 31
    assert json.loads((await shown(CONVERSATION, "--json", "--turn", "2"))[0]) == view["turns"][1]
    event = json.loads((await shown(CONVERSATION, "--event", "et3-300", "--json"))[0])["event"]
    assert event["body"]["text"] == EVIL
    told = (await shown(CONVERSATION, "--speed", "1000"))[0].splitlines()
    assert [line.split()[0] for line in told if line.split()[0] != "answer"] == [
        "0:00.020", "0:02.190", "0:03.320", "0:04.330", "0:20.020", "0:20.050", "0:20.110", "0:30.020", "0:30.025",
        "0:30.120",
    ]  # fmt: skip

    for arguments, error, words in [
        (["c4f0"], InvalidInput, "c4f0 is the beginning of c4f0aa11, c4f0bb22"),
        (["c4f0aa12"], NotFound, "there is no conversation c4f0aa12; the nearest: c4f0aa11, c4f0bb22"),
        (["c4*.>\x1b"], NotFound, "there is no conversation c4"),
        ([CONVERSATION, "--turn", "4"], NotFound, "there is no turn 4; the conversation has 3"),
        ([CONVERSATION, "--turn", "x"], NotFound, "there is no turn x; the nearest: t"),
        ([CONVERSATION, "--event", "et1"], InvalidInput, "and 16 more"),
        ([CONVERSATION, "--event", "zz"], NotFound, "there is no event zz; the nearest"),
    ]:
        with pytest.raises(error) as raised:
            await shown(*arguments)
        assert words in raised.value.detail
        assert raised.value.detail.isprintable()


def test_without_a_conversation_the_newest_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(data=str(tmp_path))
    arguments = command_line().parse_args(["replay"])
    with pytest.raises(NotFound, match="no read model"):
        command.run(arguments, settings, color=False)
    model = ReadModel(gateway_file(settings))
    opened = ConversationOpened(person="p", character="ada")
    said = MessageReceived(message="m", text=EVIL)
    bodies: list[tuple[int, str, Fact]] = [(1, "old", opened), (2, "new", opened), (2, "new", said)]
    model.apply_events(
        [
            (seq, Event(id=f"e{seq}", at=BEGAN * at, conversation=name, turn=f"t{seq}", body=body))
            for seq, (at, name, body) in enumerate(bodies, 1)
        ]
    )
    model.close()
    assert command.run(arguments, settings, color=False) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["new", "old"]
    assert lines[0].endswith("ada         \ufffd[2Jboo\ufffd31m\ufffd ha")
