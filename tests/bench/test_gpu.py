"""The script for a card, with a double of NVML's readings and tiny stages: what it keeps, bounds and writes."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from bench import gpu
from bench.gpu import HEADING, Result, Stage, on_a_card, on_the_processor, results, run_stage, section, with_section
from bench.gpu_checks import golden, nvenc
from bus.settings import Settings
from services.gpu import Gpu

DOCUMENT = "# Benchmarks\n\nfirst\n\n## Frames\n\nrows\n"
PRINTS = Stage("prints", ("-c", "print('| a | b |')"), 60.0)
FAILS = Stage("fails", ("-c", "import sys; print('half', flush=True); sys.exit('no card')"), 60.0, 2 << 30)
# It and its child outlive their limit; the child would hold the output open.
HANGS = Stage(
    "hangs",
    ("-c", "import subprocess, time; print('begun', flush=True); subprocess.Popen(['sleep', '600']); time.sleep(600)"),
    60.0,
)


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A card whose memory in use is the next number each time that it is read, in GiB."""
    used = [1]

    def gpus() -> list[Gpu]:
        used[0] += 1
        return [Gpu("NVIDIA X", min(used[0], 9) << 30, 80 << 30, 0.5, 40)]

    monkeypatch.setattr(gpu, "gpus", gpus)
    monkeypatch.setattr(gpu, "_SAMPLING", 0.001)
    return used


def test_each_stage_is_bounded_and_what_it_printed_is_kept(card: list[int]) -> None:
    began = time.monotonic()
    found = [run_stage(PRINTS, 60.0), run_stage(FAILS, 60.0), run_stage(HANGS, 3.0)]
    assert time.monotonic() - began < 60.0  # a stage that hangs would take 600
    assert [(one.outcome, one.output) for one in found] == [
        ("done", "| a | b |"), ("failed: no card", "half"), ("ended after 3 s, its limit", "begun"),
    ]  # fmt: skip
    assert found[0].memory == "2.0, 9.0 at the most: 7.0 more"


def test_a_stage_for_which_no_time_is_left_is_said_to_be_left_out() -> None:
    assert [one.outcome for one in results([PRINTS], limit=0.0)] == ["left out: no time was left"]


def test_without_a_card_the_rows_are_marked_and_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gpu, "gpus", list)
    document = tmp_path / "benchmarks.md"
    document.write_text(DOCUMENT)
    monkeypatch.setattr(gpu, "on_the_processor", lambda settings: [PRINTS])
    assert gpu.main(["--file", str(document)]) == 0
    assert document.read_text() == DOCUMENT
    printed = capsys.readouterr().out
    assert printed.startswith("### No graphics card: small sizes on the processor")
    assert "Prints:\n\n| a | b |" in printed


def test_the_rows_of_a_card_are_written_after_each_stage_and_replace_its_older_ones(
    card: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    document = tmp_path / "benchmarks.md"
    document.write_text(DOCUMENT)
    monkeypatch.setattr(gpu, "random_whisper", lambda folder: folder)
    monkeypatch.setattr(gpu, "on_a_card", lambda settings, whisper: [PRINTS, FAILS])
    assert gpu.main(["--file", str(document)]) == 1
    written = document.read_text()
    assert written.startswith(DOCUMENT)
    assert f"\n{HEADING}\n" in written
    assert written.count("### NVIDIA X\n") == 1
    assert "| fails | failed: no card | " in written
    assert "half" in written
    assert gpu.main(["--file", str(document), "--only", "prints"]) == 0
    assert document.read_text().count("### NVIDIA X\n") == 1
    assert "no card" not in document.read_text()
    assert gpu.main(["--file", str(document), "--print"]) == 1
    assert "no card" not in document.read_text()


def test_without_the_recogniser_s_packages_the_other_stages_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "ctranslate2", None)
    assert gpu.random_whisper(tmp_path) is None


def test_the_section_of_another_card_and_what_follows_stay() -> None:
    def made(title: str, output: str) -> str:
        return section(title, [Result(PRINTS, "done", 1.0, output, "–")])

    document = with_section(with_section(DOCUMENT, made("A", "row 1")), made("B", "row 2"))
    document += "\n## After\n\nrest\n"
    again = made("A", "row 3")
    document = with_section(document, again)
    assert [text in document for text in ("row 1", "row 2", "row 3", "## Frames\n\nrows", "\n## After\n\nrest\n")] == [
        False, True, True, True, True,
    ]  # fmt: skip
    assert document.index("### A\n") < document.index("### B\n") < document.index("## After")
    assert with_section(document, again) == document


def test_all_stages_fit_into_ten_minutes_and_their_programs_exist() -> None:
    for stages in (on_a_card(Settings(), None), on_the_processor(Settings())):
        assert sum(stage.limit for stage in stages) <= gpu.LIMIT
        assert [stage.name for stage in stages] == [stage.name for stage in on_the_processor(Settings())]
        for stage in stages:
            module = Path(*stage.command[1].split(".")).with_suffix(".py")
            named = [one for one in stage.command if one.startswith("tests/")] or [str(module)]
            assert all((gpu.DOCUMENT.parents[1] / one).exists() for one in named)
    budgets = {stage.name: stage.budget >> 30 for stage in on_a_card(Settings(), None) if stage.budget}
    assert budgets == {"the face": 8, "the face, compiled": 8, "the voice": 4, "the recogniser": 2}


def test_the_golden_numbers_are_compared_network_by_network() -> None:
    rows = list(golden(("stitching", "eye")))
    assert [(row[0], row[-1]) for row in rows] == [("stitching", "as golden"), ("eye", "as golden")]
    assert nvenc().split(":")[0] in ("available", "not available")


def test_a_stage_that_does_not_exist_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        gpu.main(["--print", "--only", "the face", "--only", "the nose"])
    assert "there is no stage 'the nose'; there are 'the card'" in capsys.readouterr().err
