"""What so many people need, from what a call and a turn cost: `python -m bench.capacity [--figures FILE] [--turns N]`.

Prints the tables of docs/capacity.md. `--figures` takes what `python -m bench.load --costs --json FILE` has measured on
another machine; every assumption is an option. The arithmetic is in `need` and `limits_of_a_cell`.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from bench.loading.costs import Cost, costs
from bench.loading.report import Result
from bench.machine import table

SERVICES = ("gateway", "stt", "dialogue", "tts", "render", "nats")
UTTERANCES, SENTENCES = 8, 4
"""What a worker of stt (with Moonshine) and of tts takes at once; the rest waits."""
READERS = 1000
"""That NATS 2.15 allows on one stream, unless `jetstream.limits.default_max_consumers` says more."""
FACE_FRAME = 0.014
"""Seconds of an RTX 4090 for a picture by LivePortrait, the network alone (its assets/docs/speed.md); not by us."""
PICTURES = 25


class Figures(Struct, frozen=True, kw_only=True):
    """What was measured. Cores are those of the machine on which it was."""

    costs: dict[str, Cost]
    """By service; of a call in silence, and of a turn in which people spoke as long as below."""
    said: float
    spoken: float
    """Seconds of the person's words and of the answer in one turn."""
    kilobytes: dict[str, float]
    """On each stream, of one turn."""
    received: float
    """Kilobits a second that a call receives while people talk."""
    fold: float
    """Seconds of a core of each gateway for a turn of somebody whose call is with another gateway."""
    replicas: float
    """What three nodes together take of the processor, compared with one."""


MEASURED = Figures(
    costs={
        "gateway": Cost(0.0047, 0.0466, 0.170, 120, 1.3),
        "stt": Cost(0.0032, 0.0, 0.319, 149, 0.0),
        "dialogue": Cost(0.0025, 0.0001, 0.012, 44, 0.0),
        "tts": Cost(0.0035, 0.0, 0.062, 416, 0.0),
        "render": Cost(0.004, 0.0, 0.445, 71, 0.0),
        "nats": Cost(0.0162, 0.0008, 0.042, 24, 1.1),
    },
    said=2.93, spoken=2.34,
    kilobytes={"CONVERSATIONS": 13.4, "AUDIO": 143.1, "FRAMES": 343.6},
    received=517, fold=0.008, replicas=5.8,
)  # fmt: skip
"""docs/benchmarks.md, "Load"."""


class Assumptions(Struct, frozen=True, kw_only=True):
    """How people behave, and how full machines may be. Nothing of this is measured."""

    daily: float = 0.2
    """Share of the registered people who talk on a day."""
    minutes: float = 10
    """That each of them is in a call on that day."""
    peak: float = 3
    """How much more calls there are at the busiest time than on average."""
    turns: float = 5
    """A minute of a call."""
    said: float = 4
    """Seconds that a person speaks in a turn."""
    spoken: float = 5
    """Seconds that the avatar does."""
    full: float = 0.6
    """Share of a core that may be in use at the busiest time, so that answers do not wait."""
    cores: float = 32
    """Of one machine."""
    node_cores: float = 8
    """Of one NATS node, half of them in use."""
    tokens: float = 40
    """That the language model writes in a turn."""
    audio_days: float = 30
    """VISAVIS_AUDIO_DAYS."""


class Need(Struct, frozen=True, kw_only=True):
    """What a number of people needs at the busiest time."""

    registered: float
    daily: float
    at_once: float
    turns_a_second: float
    cores: dict[str, float]
    """In use, by service."""
    calls: float
    """That one gateway carries: it is one process, and computes on one core."""
    gateways: int
    workers: dict[str, int]
    machines: int
    memory: float
    """GiB of all processes."""
    cells: int
    nodes: int
    """Of NATS, in all cells."""
    facts: float
    """GB on the log a day, kept for ever."""
    media: float
    """GB that are kept of sound and pictures, for their time."""
    network: float
    """Gbit/s to the people."""
    gpus: int
    """Of the class of an RTX 4090, if all faces are photos moved by LivePortrait."""
    tokens: float
    """A second that the language model writes."""


def at_once(registered: float, of: Assumptions) -> float:
    """People who are in a call at the busiest time."""
    return registered * of.daily * of.minutes / (24 * 60) * of.peak


def stretched(figures: Figures, of: Assumptions) -> dict[str, float]:
    """Seconds of a core of one turn, by service.

    Recognising grows with the words, speaking and drawing with the answer, carrying with both.
    """
    said, spoken = of.said / figures.said, of.spoken / figures.spoken
    both = (of.said + of.spoken) / (figures.said + figures.spoken)
    factor = {"stt": said, "tts": spoken, "render": spoken, "dialogue": 1.0, "gateway": both, "nats": both}
    return {name: figures.costs[name].turn * factor[name] for name in SERVICES}


def limits_of_a_cell(figures: Figures, of: Assumptions) -> dict[str, float]:
    """People at once in one account of NATS, by what ends there."""
    turn = of.turns / 60  # a second, of one person
    # While somebody speaks, the recogniser reads; while the avatar does, the gateway and the renderer.
    readers = turn * (of.said + 2 * of.spoken)
    nats = figures.replicas * (figures.costs["nats"].call + turn * stretched(figures, of)["nats"])
    return {
        f"{READERS} readers of a stream, filled to 70 %": 0.7 * READERS / readers,
        "each gateway folds all turns, in a tenth of its core": 0.1 / (turn * figures.fold),
        f"three NATS nodes of {of.node_cores:.0f} cores, half of them in use": 3 * of.node_cores * 0.5 / nats,
    }


def need(people: float, figures: Figures, of: Assumptions) -> Need:
    """What is needed where so many are in a call at once."""
    turns = people * of.turns / 60
    turn = stretched(figures, of)
    cores = {name: people * figures.costs[name].call + turns * turn[name] for name in SERVICES}
    cell = min(limits_of_a_cell(figures, of).values())
    cells = math.ceil(people / cell)
    cores["nats"] *= figures.replicas
    gateways = max(cells, math.ceil(cores["gateway"] / of.full))  # each is one process, and so one core
    workers = {
        "stt": math.ceil(max(cores["stt"] / of.full, 1.5 * turns * of.said / UTTERANCES)),
        # An answer is spoken faster than it is heard, so that the cores are what counts.
        "tts": math.ceil(cores["tts"] / of.full),
        "render": math.ceil(cores["render"] / of.full),
        "dialogue": math.ceil(cores["dialogue"] / of.full),
    }
    workers = {name: max(cells, count) for name, count in workers.items()}
    memory = sum(figures.costs[name].memory * count for name, count in workers.items())
    memory += figures.costs["gateway"].memory * gateways
    memory += people * sum(figures.costs[name].memory_call for name in SERVICES)
    daily = people / of.peak * 24 * 60 / of.minutes
    turns_a_day = daily * of.minutes * of.turns
    longer = (of.said + of.spoken) / (figures.said + figures.spoken)
    kilobytes = {name: size * longer for name, size in figures.kilobytes.items()}
    kept = kilobytes.get("AUDIO", 0) * of.audio_days + kilobytes.get("FRAMES", 0)  # pictures for a day
    return Need(
        registered=daily / of.daily,
        daily=daily,
        at_once=people,
        turns_a_second=turns,
        cores=cores,
        calls=of.full * people / cores["gateway"],
        gateways=gateways,
        workers=workers,
        machines=math.ceil(sum(cores.values()) / of.full / of.cores),
        memory=memory / 1024,
        cells=cells,
        nodes=3 * cells,
        facts=turns_a_day * kilobytes.get("CONVERSATIONS", 0) / 1e6,
        media=turns_a_day * kept / 1e6,
        network=people * figures.received / 1e6,
        gpus=math.ceil(turns * of.spoken * PICTURES * FACE_FRAME / of.full),
        tokens=turns * of.tokens,
    )


def _number(value: float) -> str:
    if value < 10 and value != int(value):
        return f"{value:.1f}"
    if value >= 1000:  # no more digits than the assumptions deserve
        step = 10 ** (int(math.log10(value)) - 1)
        value = round(value / step) * step
    return f"{value:,.0f}"


def markdown(figures: Figures, of: Assumptions) -> str:
    """The tables of docs/capacity.md."""
    columns = [at_once(1_000, of), 1_000, at_once(1_000_000, of), 1_000_000]
    needs = [need(people, figures, of) for people in columns]

    def row(name: str, value: Sequence[float]) -> list[str]:
        return [name, *map(_number, value)]

    rows = [
        row("registered", [one.registered for one in needs]),
        row("who talk on a day", [one.daily for one in needs]),
        row("in a call at once", [one.at_once for one in needs]),
        row("turns a second", [one.turns_a_second for one in needs]),
        *(row(f"cores in use: {name}", [one.cores[name] for one in needs]) for name in SERVICES),
        row(f"machines of {of.cores:.0f} cores", [one.machines for one in needs]),
        row("calls that a gateway carries", [one.calls for one in needs]),
        row("gateways", [one.gateways for one in needs]),
        *(row(f"workers: {name}", [one.workers[name] for one in needs]) for name in needs[0].workers),
        row("memory of the processes, GiB", [one.memory for one in needs]),
        row("cells", [one.cells for one in needs]),
        row("NATS nodes, three a cell", [one.nodes for one in needs]),
        row("facts a day, GB, kept for ever", [one.facts for one in needs]),
        row("sound and pictures that are kept, GB, one copy", [one.media for one in needs]),
        row("network to the people, Gbit/s", [one.network for one in needs]),
        row("GPUs (RTX 4090), if all faces are photos by LivePortrait", [one.gpus for one in needs]),
        row("tokens a second of the language model", [one.tokens for one in needs]),
    ]
    head = ["at the busiest time", "1,000 registered", "1,000 at once", "1,000,000 registered", "1,000,000 at once"]
    limits = sorted(limits_of_a_cell(figures, of).items(), key=lambda item: item[1])
    return "\n".join([
        table(head, rows), "",
        table(["what ends first in one cell", "people at once"], [row(name, [value]) for name, value in limits]),
    ])  # fmt: skip


def figures_of(file: Path, base: Figures) -> Figures:
    """The figures of `bench.load --costs --json`; what it does not measure is that of `base`.

    Raises:
        ValueError: the file has no such figures.
    """

    class Runs(Struct):
        runs: list[Result]

    try:
        nobody, silent, talking = msgspec.json.decode(file.read_bytes(), type=Runs).runs
    except (msgspec.MsgspecError, ValueError, OSError) as error:
        raise ValueError(f"{file} has no figures of `python -m bench.load --costs --json`: {error}") from error
    found = costs(nobody, silent, talking)
    assert talking.looks is not None
    return msgspec.structs.replace(
        base,
        costs={name: found[name] for name in SERVICES},
        said=talking.said_seconds,
        spoken=talking.spoken_seconds,
        kilobytes={name: size / 1000 / talking.turns for name, size in talking.looks.stream_bytes.items() if size > 0},
        received=talking.kilobits,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--figures", type=Path, help="of a machine of one's own")
    for name, default in msgspec.structs.asdict(Assumptions()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, default=default)
    arguments = vars(parser.parse_args())
    file = arguments.pop("figures")
    try:
        figures = figures_of(file, MEASURED) if file else MEASURED
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(markdown(figures, Assumptions(**arguments)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
