"""The picture of a snapshot: what it shows, in what order, in how much room."""

from __future__ import annotations

import io
from datetime import UTC

import pytest
from msgspec.structs import replace
from rich.console import Console

from bus.log.stream_size import StreamSize
from visavis.watch.keys import split_keys
from visavis.watch.picture import ORDERS, Order, View, picture
from visavis.watch.snapshot import Failure, Gpu, Latency, Service, Snapshot, TurnInFlight, Worker

SECOND = 1_000_000
GPU = Gpu(name="H100", utilisation=0.5, memory_used=2 << 30, memory_total=80 << 30)


def worker(name: str, **more: object) -> Worker:
    common = {"id": name, "host": "vm", "pid": "7", "engine": "hibari", "note": "", "ready": True, "memory": 1_500_000}
    return Worker(**{**common, "cpu": 0.25, **more})  # type: ignore[arg-type]


SHOT = Snapshot(
    at=10 * SECOND,
    nats_away_since=None,
    services=(
        Service(name="tts", waiting=2, dead_letters=1, workers=(
            worker("a", done=12, failed=1, retries=3, redeliveries=4, mean_seconds=0.0234, gpus=(GPU,)),
            worker("b", ready=False, memory=9_000_000, gpus=(GPU,)),
        )),
        Service(name="stt", waiting=0, dead_letters=0, workers=()),
        Service(name="gateway", waiting=None, dead_letters=0, workers=(worker("c", cpu=3.0, memory=None),)),
    ),
    streams=(
        StreamSize("CONVERSATIONS", 41, 37_000, -1, refuses=True, consumers=10),
        StreamSize("INBOX", 5, 96, 100, refuses=True),
        StreamSize("AUDIO", 5, 96, 100, refuses=False),
    ),
    turns=tuple(
        TurnInFlight(
            conversation=f"c{number}0123456789", turn="t", character="ada", channel="web", step="first_audio",
            service="tts", index=number, since=-number * SECOND,
        )
        for number in range(30)
    ),
    latencies=(Latency(measure="answer", p50=812.4, p95=2345.6, turns=7),),
    sessions=1,
    dead_letters=1,
    failures=(Failure(at=9 * SECOND, conversation="c1", service="tts", what="engine_failed", detail="no voice"),),
)  # fmt: skip


def drawn(shot: Snapshot, view: View | None = None, *, width: int = 150, height: int | None = None) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system="standard", force_terminal=True, highlight=False)
    console.print(picture(shot, view or View(), width=width, height=height, zone=UTC))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def bare(shot: Snapshot, view: View | None = None, *, width: int = 150, height: int | None = None) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None, highlight=False)
    console.print(picture(shot, view or View(), width=width, height=height, zone=UTC))
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def row(lines: list[str], *first: str) -> str:
    """The only row with these cells first, each cell separated by one space."""
    [found] = [" ".join(line.split()) for line in lines if line.split()[: len(first)] == list(first)]
    return found


def test_everything_is_shown() -> None:
    lines = bare(SHOT)
    assert lines[0] == "Visavis  00:00:10  NATS up  1 session  30 in flight  1 dead letter"
    assert row(lines, "tts") == "tts hibari ready 1 dead 2 12 1 3 4 23 ms 1.5 MB 25 % 7@vm"
    assert row(lines, "hibari") == "hibari not ready 9.0 MB 25 % 7@vm"
    assert row(lines, "stt") == "stt not running"
    assert row(lines, "gateway") == "gateway hibari ready 300 % 7@vm"
    assert row(lines, "gpu") == "gpu H100 50 % busy 2.1 GB of 85.9 GB vm"  # once, although two workers see it
    assert row(lines, "answer") == "answer 812 ms 2.35 s 7 CONVERSATIONS 41 37.0 kB 10"
    assert row(lines, "INBOX") == "INBOX 5 96 B 100 B 96 %"
    assert row(lines, "c30123456789") == "c30123456789 ada web first_audio 4 tts 13.0 s"
    assert row(lines, "00:00:09") == "00:00:09 c1 tts engine_failed: no voice"


def test_only_a_stream_that_refuses_is_alarming_when_it_is_full() -> None:
    red = [line for line in drawn(SHOT) if "\x1b[1;31m96 %" in line]
    assert [line.split()[0] for line in red] == ["INBOX"] or (len(red) == 1 and "INBOX" in red[0])


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("name", ["gateway", "stt", "tts"]), ("memory", ["tts", "gateway", "stt"]),
        ("cpu", ["gateway", "tts", "stt"]), ("waiting", ["tts", "gateway", "stt"]),
        ("failed", ["tts", "gateway", "stt"]),
    ],
)  # fmt: skip
def test_services_are_in_the_order_that_is_asked_for(order: Order, expected: list[str]) -> None:
    assert order in ORDERS
    lines = bare(SHOT, View(order=order))
    names = [line.split()[0] for line in lines if line and line.split()[0] in expected]
    assert names == expected


def test_nats_that_is_away_is_said_first_and_the_rest_stays() -> None:
    lines = bare(replace(SHOT, nats_away_since=7 * SECOND))
    assert lines[0].startswith("Visavis  00:00:10  NATS is away since 00:00:07")
    assert lines[1:] == bare(SHOT)[1:]


@pytest.mark.parametrize(("width", "height"), [(80, 40), (130, 45), (200, 60)])
def test_it_keeps_to_the_size_of_the_terminal(width: int, height: int) -> None:
    lines = bare(SHOT, View(keys=True), width=width, height=height)
    assert max(map(len, lines)) <= width
    assert len(lines) <= height
    assert lines[-1].startswith("q quit")


def test_turns_that_have_no_room_are_counted_and_can_be_reached() -> None:
    lines = bare(SHOT, View(first_turn=20), height=40)
    [title] = [line for line in lines if line.startswith("turns in flight")]
    shown = [line.split()[0] for line in lines if line.startswith("c") and line.split()[0].endswith("0123456789")]
    assert shown[0] == "c200123456789"
    assert title == f"turns in flight, {30 - len(shown)} more"
    assert bare(SHOT, View(first_turn=500))[-5:] == bare(SHOT, View(first_turn=29))[-5:]


def test_an_empty_system_has_a_picture() -> None:
    assert bare(Snapshot(at=0, nats_away_since=None)) == [
        "Visavis  00:00:00  NATS up  0 in flight", "services",
        "service  engine  state  wait  held  done  fail  retry  again  mean  memory  cpu  process  note",
    ]  # fmt: skip


def test_what_comes_from_people_and_programs_controls_no_terminal() -> None:
    evil = "\x1b]0;owned\x07\x1b[2J[bold red]\u202etxt\r\n\x9b31m"
    shot = replace(
        SHOT,
        services=(Service(name="tts", waiting=0, dead_letters=0, workers=(worker("a", engine=evil, note=evil),)),),
        turns=(replace(SHOT.turns[0], conversation=evil, character=evil, channel=evil),),
        failures=(Failure(at=0, conversation=evil, service=evil, what=evil, detail=evil),),
    )
    text = "\n".join(bare(shot, width=400))
    assert not {"\x1b", "\x07", "\x9b", "\u202e", "\r"} & set(text)
    assert "[bold red]" in text  # neither is it read as a mark of ours


def test_keys_that_come_at_once_are_taken_apart() -> None:
    assert split_keys("q") == ["q"]
    assert split_keys("\x1b[Ap\x1b[B\x1b[C\x1b[D") == ["up", "p", "down", "right", "left"]
    assert split_keys("\x1b") == ["\x1b"]
