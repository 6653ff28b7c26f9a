"""Which engine draws, and why."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from bus.errors import ConfigurationError, EngineError
from bus.process.engines import choose_engine
from bus.settings import Settings
from services.gpu import Gpu
from services.render import __main__ as render
from services.render.liveportrait import loading, weights
from services.render.liveportrait.loading import dtype_of, why_not

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def chosen(settings: Settings) -> tuple[str, str]:
    choice = choose_engine(render.ENGINES, settings.render_engine, settings, setting="VISAVIS_RENDER_ENGINE")
    return choice.option.name, choice.reason


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with a GPU that torch can use."""
    monkeypatch.setattr(render, "gpus", lambda: [Gpu("H", None, None, None, None)])
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)


def test_without_a_gpu_faces_are_drawn_in_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "gpus", list)
    name, why = chosen(Settings(video_size=128))
    assert name == "layered"
    assert "not liveportrait: there is no NVIDIA GPU" in why
    assert render.build(Settings(video_size=128)).engine == "layered"
    with pytest.raises(ConfigurationError, match="VISAVIS_RENDER_ENGINE=liveportrait cannot be used: there is no"):
        chosen(Settings(render_engine="liveportrait"))


def test_without_torch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    _, why = chosen(Settings())
    assert "pip install visavis[liveportrait]" in why


def test_the_service_and_the_command_start_without_torch() -> None:
    """It takes a second to import, and is not there unless the extra is installed."""
    code = "import sys, services.render.__main__, visavis.characters; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_gpu_that_torch_cannot_use_is_said_so(gpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    _, why = chosen(Settings())
    assert "cannot use the GPU" in why


def test_auto_never_downloads_weights_and_says_where_they_belong(gpu: None, tmp_path: Path) -> None:
    name, why = chosen(Settings(data=str(tmp_path)))
    assert name == "layered"
    assert f"its weights are not in {tmp_path / 'models'}" in why
    assert "522 MB" in why
    assert chosen(Settings(data=str(tmp_path), render_engine="liveportrait"))[0] == "liveportrait"


def test_auto_takes_liveportrait_where_everything_is_there(
    gpu: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "FILES", ())
    assert chosen(Settings(models=str(tmp_path)))[0] == "liveportrait"
    assert why_not(tmp_path, wanted=False) is None


def test_the_engine_cannot_be_made_without_weights_or_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "ADDRESS", "http://127.0.0.1:9")
    with pytest.raises(EngineError, match="appearance_feature_extractor"):
        loading.load(tmp_path, tmp_path, 128, precision="auto", compiling="off", memory=1 << 32)


def test_half_precision_is_for_gpus_unless_it_is_asked_for() -> None:
    assert dtype_of("auto", CPU) == torch.float32
    assert dtype_of("auto", CUDA) == torch.float16
    assert dtype_of("float32", CUDA) == torch.float32
    assert dtype_of("bfloat16", CPU) == torch.bfloat16
