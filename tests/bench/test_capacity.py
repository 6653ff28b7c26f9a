"""The model of what so many people need: its table is in the documents, and its arithmetic is what is written there."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from bench.capacity import MEASURED, SERVICES, Assumptions, at_once, figures_of, limits_of_a_cell, markdown, need
from bench.loading.report import Checked, Result, result
from bench.loading.watch import Looks

PAGE = Path(__file__).parents[2] / "docs" / "capacity.md"
AS_SAID = Assumptions()


def test_the_document_has_the_tables_that_the_script_prints() -> None:
    found = re.search(r"<!-- python -m bench.capacity -->\n(.*?)\n<!-- end -->", PAGE.read_text(), re.DOTALL)
    assert found is not None
    assert found[1].strip() == markdown(MEASURED, AS_SAID).strip()


def test_every_assumption_is_in_the_document() -> None:
    text = PAGE.read_text()
    assert [name for name in msgspec.structs.asdict(AS_SAID) if f"`--{name.replace('_', '-')}" not in text] == []


def test_twice_the_people_need_twice_as_much() -> None:
    one, two = need(500, MEASURED, AS_SAID), need(1000, MEASURED, AS_SAID)
    assert two.cores == pytest.approx({name: 2 * cores for name, cores in one.cores.items()})
    assert (two.facts, two.media, two.network) == pytest.approx((2 * one.facts, 2 * one.media, 2 * one.network))
    assert two.nodes == 3 * two.cells
    assert two.cells >= 1000 / min(limits_of_a_cell(MEASURED, AS_SAID).values())


def test_one_person_needs_one_process_of_each_and_one_cell() -> None:
    one = need(1, MEASURED, AS_SAID)
    assert (one.gateways, one.cells, set(one.workers.values())) == (1, 1, {1})


def test_who_is_registered_and_who_is_there_at_once_are_converted_both_ways() -> None:
    assert at_once(144, Assumptions(daily=0.5, minutes=10, peak=4)) == pytest.approx(2)
    assert need(at_once(5000, AS_SAID), MEASURED, AS_SAID).registered == pytest.approx(5000)


def test_longer_answers_cost_the_voice_and_the_face_and_not_the_recogniser() -> None:
    short, long = need(100, MEASURED, Assumptions(spoken=2)), need(100, MEASURED, Assumptions(spoken=4))
    assert long.cores["stt"] == short.cores["stt"]
    assert long.cores["render"] > 1.9 * short.cores["render"]
    assert long.gpus == pytest.approx(2 * short.gpus, abs=1)


def run(people: int, cpu: float, turns: int) -> Result:
    looks = Looks(seconds=10.0, cpu_seconds=dict.fromkeys(SERVICES, cpu), stream_bytes={"CONVERSATIONS": 4000})
    found = result({}, [], 10.0, Checked(), looks=looks)
    return msgspec.structs.replace(found, people=people, turns=turns, said_seconds=3.0, spoken_seconds=2.0)


def test_figures_of_another_machine_take_the_place_of_ours(tmp_path: Path) -> None:
    file = tmp_path / "load.json"
    file.write_bytes(msgspec.json.encode({"machine": "m", "runs": [run(0, 0.0, 0), run(1, 1.0, 0), run(1, 3.0, 4)]}))
    found = figures_of(file, MEASURED)
    assert {(one.call, one.turn) for one in found.costs.values()} == {(0.1, 0.5)}
    assert (found.kilobytes, found.said, found.fold) == ({"CONVERSATIONS": 1.0}, 3.0, MEASURED.fold)
    assert need(10, found, AS_SAID).cores["stt"] == pytest.approx(10 * (0.1 + 5 / 60 * 0.5 * 4 / 3))


@pytest.mark.parametrize("content", ["", "{}", '{"runs": []}'])
def test_a_file_without_figures_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "load.json"
    file.write_text(content)
    with pytest.raises(ValueError, match=r"has no figures of `python -m bench\.load --costs --json`"):
        figures_of(file, MEASURED)
