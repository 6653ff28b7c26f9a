"""Loading checkpoints of the published form; the real ones are half a gigabyte, these hold the recipe's numbers."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import torch

from bus.errors import ConfigurationError
from services.downloads import ModelFile, missing_files
from services.render.liveportrait import weights as published
from services.render.liveportrait.weights import FILES, assemble, load, main
from tests.golden import recipe
from tests.services.render.liveportrait.golden import weights

CPU = torch.device("cpu")


def small_networks() -> dict[str, Any]:
    """The part of the checkpoint that holds the small ones, as parallel training left it."""
    parts = {"stitching": "retarget_shoulder", "lip": "retarget_mouth", "eye": "retarget_eye"}
    return {
        **{part: {f"module.{key}": value for key, value in weights(name).items()} for name, part in parts.items()},
        "retarget_something_else": {},
    }


def saved(content: object, name: str, folder: Path) -> ModelFile:
    path = folder / name
    torch.save(content, path)
    data = path.read_bytes()
    return ModelFile(name, len(data), hashlib.sha256(data).hexdigest())


@pytest.fixture
def checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with all files, known by the checksums of what is in them."""
    contents: dict[str, object] = {
        "APPEARANCE": weights("appearance_feature_extractor"), "MOTION": weights("motion_extractor"),
        "WARPING": weights("warping_module"), "GENERATOR": weights("spade_generator"),
        "RETARGETING": small_networks(),
    }
    made = {name: saved(dict(content), f"{name}.pth", tmp_path) for name, content in contents.items()}  # type: ignore[call-overload]
    for name, file in made.items():
        monkeypatch.setattr(published, name, file)
    monkeypatch.setattr(published, "FILES", tuple(made.values()))
    return tmp_path


def test_all_networks_are_loaded_folded_and_in_their_precision(checkpoints: Path) -> None:
    networks = load(checkpoints, device=CPU, dtype=torch.bfloat16)
    golden = recipe.read("S")
    with torch.inference_mode():
        offsets = networks.lip(torch.from_numpy(golden["lip|in"]))
    torch.testing.assert_close(offsets, torch.from_numpy(golden["lip|full"]), atol=1e-6, rtol=0)
    assert next(networks.warping.parameters()).dtype == torch.bfloat16
    assert next(networks.generator.parameters()).dtype == torch.bfloat16
    assert next(networks.motion.parameters()).dtype == torch.float32
    assert not any(parameter.requires_grad for parameter in networks.generator.parameters())
    assert not any("norm" in key for key in networks.warping.state_dict())


def test_a_file_that_was_changed_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = saved(small_networks(), "small.pth", tmp_path)
    monkeypatch.setattr(published, "FILES", (file,))
    data = bytearray((tmp_path / "small.pth").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "small.pth").write_bytes(data)
    with pytest.raises(ConfigurationError, match=r"small\.pth is not the published file"):
        load(tmp_path, device=CPU, dtype=torch.float32)


def test_a_file_that_would_run_code_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "FILES", (saved({"first": Path}, "code.pth", tmp_path),))
    with pytest.raises(ConfigurationError, match="is no checkpoint"):
        load(tmp_path, device=CPU, dtype=torch.float32)


def test_weights_of_another_network_are_refused_and_named() -> None:
    with pytest.raises(ConfigurationError, match=r"(?s)weights of lip do not fit.*mlp\.0\.weight"):
        assemble({"lip": weights("eye")}, device=CPU, dtype=torch.float32)


def test_the_published_files_are_half_a_gigabyte_and_have_names_of_their_own() -> None:
    assert sum(file.bytes for file in FILES) == 522_320_239
    assert len({file.path for file in FILES}) == len({file.sha256 for file in FILES}) == 5


def test_the_command_says_where_files_can_be_put_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(published, "ADDRESS", "http://127.0.0.1:9")
    assert main([str(tmp_path)]) == 1
    assert str(tmp_path / FILES[0].path) in capsys.readouterr().err
    assert missing_files(FILES, tmp_path) == list(FILES)
