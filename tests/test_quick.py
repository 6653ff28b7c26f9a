"""The quick tests are chosen by what they need, and are enough to be worth running."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.quick import ROOT, imported, is_quick, slow_modules

HERE = Path(__file__)


class _Item:
    """As much of a collected test as the rule looks at."""

    def __init__(self, path: Path, *fixtures: str) -> None:
        self.path = path
        self.fixturenames = fixtures


def quick(path: Path, *fixtures: str) -> bool:
    return is_quick(_Item(path, *fixtures))  # type: ignore[arg-type]


def test_a_test_with_a_server_is_not_quick(tmp_path: Path) -> None:
    assert quick(HERE)
    assert not quick(HERE, "tmp_path", "nats_server")
    starts_one = tmp_path / "test_server.py"
    starts_one.write_text("from visavis.nats.server import NatsProcess\n")
    assert not quick(starts_one)


@pytest.mark.parametrize(
    "line",
    [
        "import subprocess",
        "import torch",
        "import services.tts.engines.xtts as x",
        "from services.tts.engines import flite",
    ],
)
def test_a_test_of_an_engine_or_a_process_is_not_quick_even_where_it_imports_it_late(line: str, tmp_path: Path) -> None:
    module = tmp_path / "test_engine.py"
    module.write_text(f"def test_it() -> None:\n    {line}\n")
    assert not quick(module)


def test_a_name_that_only_begins_like_an_engine_is_none(tmp_path: Path) -> None:
    module = tmp_path / "test_audio.py"
    module.write_text("from services.torch_audio import load\nfrom services.tts.engine import Voice\n")
    assert imported(module) == {"services.torch_audio.load", "services.tts.engine.Voice"}
    assert quick(module)


def test_every_engine_in_the_rule_is_there() -> None:
    ours = [name for name in slow_modules() if name.startswith(("services.", "tests.", "visavis."))]
    assert len(ours) >= 5
    for name in ours:
        path = ROOT.joinpath(*name.split("."))
        assert path.is_dir() or path.with_suffix(".py").is_file(), name


@pytest.mark.parametrize(
    "room",
    [
        "bus/work",
        "projections",
        "services/channels",
        "services/dialogue",
        "services/gateway",
        "services/render",
        "services/stt",
        "services/tts",
    ],
)
def test_every_room_has_quick_tests(room: str) -> None:
    assert any(quick(path) for path in (ROOT / "tests" / room).rglob("test_*.py"))
