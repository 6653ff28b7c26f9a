"""The choice of the engine that draws faces, and its reason."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from msgspec import structs

from bus.errors import ConfigurationError
from bus.process.engines import choose_engine
from bus.settings import Settings
from services.gpu import Gpu
from services.models.catalogue import LIVEPORTRAIT
from services.models.loading import load_now_or_later
from services.render.__main__ import build, engines
from services.render.liveportrait import loading, weights
from services.render.liveportrait.loading import dtype_for, load, why_unavailable
from services.render.photo.portrait_maker import PortraitMaker

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def one_gpu() -> list[Gpu]:
    return [Gpu("H", None, None, None, None)]


def no_gpus() -> list[Gpu]:
    return []


def chosen(settings: Settings, find_gpus: Callable[[], list[Gpu]]) -> tuple[str, str]:
    choice = choose_engine(engines(find_gpus), settings.render_engine, settings, setting="VISAVIS_RENDER_ENGINE")
    return choice.option.name, choice.reason


@pytest.fixture(autouse=True)
def no_fetching(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that is built begins to fetch what finds faces."""
    monkeypatch.setattr(PortraitMaker, "prepared", lambda settings: PortraitMaker(lambda: Path("/nowhere")))


@pytest.fixture
def usable_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)


def test_without_a_gpu_faces_are_drawn_in_layers() -> None:
    name, why = chosen(Settings(video_size=128), no_gpus)
    assert name == "layered"
    assert "not liveportrait: there is no NVIDIA GPU" in why
    assert build(Settings(video_size=128), no_gpus).engine == "layered"


def test_liveportrait_by_name_without_a_gpu_warps_photos_and_says_why() -> None:
    """A card that is gone after a restart must not take the service down."""
    settings = Settings(render_engine="liveportrait", video_size=128)
    reason = "there is no NVIDIA GPU, and without one a frame takes seconds"
    assert chosen(settings, no_gpus) == ("liveportrait", f"VISAVIS_RENDER_ENGINE=liveportrait, although {reason}")
    built = build(settings, no_gpus)
    assert (built.engine, built.serving()) == ("liveportrait", "layered")
    assert built.note() == f"the graphics card cannot be used: {reason}"
    assert built.metadata() == {"gpu_fault": "absent"}


def test_a_card_that_is_full_at_the_start_does_not_keep_the_service_from_starting(
    usable_cuda: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def load(*arguments: object, **more: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 220.00 MiB.")

    monkeypatch.setattr(weights, "load", load)
    monkeypatch.setattr(loading, "limit_memory", lambda device, memory: None)
    monkeypatch.setattr("services.render.__main__.load_or_defer", lambda model, settings, load, fallback, **names: (
        load_now_or_later(lambda: load(tmp_path), fallback, model.name, **names)
    ))  # fmt: skip
    built = build(Settings(data=str(tmp_path), render_engine="liveportrait", video_size=128), one_gpu)
    assert (built.serving(), built.metadata()) == ("layered", {"gpu_fault": "full"})
    assert built.note().startswith("the graphics card is full, and is tried again in ")


def test_without_torch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    _, why = chosen(Settings(), one_gpu)
    assert "pip install visavis[liveportrait]" in why


def test_the_service_and_the_command_start_without_torch_and_without_threads_of_blas() -> None:
    """torch takes a second to import, and is only installed with the extra; BLAS has no small matrices wait for one
    another."""
    code = (
        "import os, sys, services.render.__main__, visavis.characters, services.render.photo.warp\n"
        "print('torch' in sys.modules, len(os.listdir('/proc/self/task')))"
    )
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)
    assert ran.stdout.split() == ["False", "1"]


def test_a_gpu_that_torch_cannot_use_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    _, why = chosen(Settings(), one_gpu)
    assert "cannot use the GPU" in why


def test_auto_never_downloads_weights_and_names_their_folder(usable_cuda: None, tmp_path: Path) -> None:
    name, why = chosen(Settings(data=str(tmp_path)), one_gpu)
    assert name == "layered"
    assert f"its weights are not in {tmp_path / 'models'}" in why
    assert "522 MB" in why
    assert chosen(Settings(data=str(tmp_path), render_engine="liveportrait"), one_gpu)[0] == "liveportrait"


@pytest.fixture
def sparse_weights(tmp_path: Path) -> Path:
    """A folder of files of the right sizes: their contents are verified only when they are loaded."""
    for file in LIVEPORTRAIT.files:
        path = tmp_path / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as opened:
            opened.truncate(file.bytes)
    return tmp_path


def test_auto_chooses_liveportrait_where_its_weights_are_present(usable_cuda: None, sparse_weights: Path) -> None:
    assert chosen(Settings(models=str(sparse_weights)), one_gpu)[0] == "liveportrait"
    assert why_unavailable(Settings(models=str(sparse_weights), model_downloads="off")) is None


@pytest.mark.parametrize(
    ("more", "find_gpus", "are_drawn"),
    [({}, no_gpus, True), ({"render_engine": "layered"}, no_gpus, True), ({"render_key_poses": "off"}, no_gpus, False),
     ({"render_engine": "layered"}, one_gpu, False), ({"models": "/nowhere"}, no_gpus, False)],
)  # fmt: skip
def test_key_poses_are_drawn_where_the_weights_are_and_no_card(
    usable_cuda: None, sparse_weights: Path, monkeypatch: pytest.MonkeyPatch, more: dict[str, str],
    find_gpus: Callable[[], list[Gpu]], are_drawn: bool,
) -> None:  # fmt: skip
    made: list[tuple[object, Path]] = []
    monkeypatch.setattr("services.render.__main__.KeyPoseMaker", lambda *folders: made.append(folders))
    build(structs.replace(Settings(data=str(sparse_weights), models=str(sparse_weights)), **more), find_gpus)
    assert [folder for _, folder in made] == [sparse_weights] * are_drawn


def test_with_downloads_off_liveportrait_by_name_needs_its_weights(usable_cuda: None, tmp_path: Path) -> None:
    settings = Settings(models=str(tmp_path), render_engine="liveportrait", model_downloads="off")
    with pytest.raises(ConfigurationError, match=r"liveportrait is not in .* VISAVIS_MODEL_DOWNLOADS is off"):
        chosen(settings, one_gpu)


def test_the_engine_cannot_be_loaded_without_weights(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"stitching_retargeting_module\.pth cannot be read"):
        load(tmp_path, tmp_path, Settings(video_size=128))


def test_the_service_warps_photos_until_the_weights_are_fetched(usable_cuda: None, tmp_path: Path) -> None:
    """The hub is out of reach, so that LivePortrait is still to come; the service has started nevertheless."""
    settings = Settings(
        data=str(tmp_path), render_engine="liveportrait", model_hub="http://127.0.0.1:9", video_size=128
    )
    assert build(settings, one_gpu).engine == "liveportrait"
    renderer = choose_engine(engines(one_gpu), "liveportrait", settings, setting="").option.load(settings)
    assert renderer.name == "layered"


@pytest.mark.parametrize(
    ("capabilities", "dtype"),
    [({"avx512_f": True, "avx512_bf16": False}, torch.float32), ({"avx512_bf16": True}, torch.bfloat16),
     ({"amx_bf16": True}, torch.bfloat16), ({"bf16": True, "neon": True}, torch.bfloat16), ({}, torch.float32)],
)  # fmt: skip
def test_the_precision_is_the_fastest_one_unless_one_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capabilities: dict[str, bool], dtype: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    assert dtype_for("auto", CPU) == dtype
    assert dtype_for("auto", CUDA) == torch.float16
    assert dtype_for("float32", CUDA) == dtype_for("float32", CPU) == torch.float32
    assert dtype_for("bfloat16", CPU) == torch.bfloat16
