"""Loading checkpoints in the published format, with the recipe's numbers; the real ones are half a gigabyte."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from bus.errors import ConfigurationError
from services.models.catalogue import LIVEPORTRAIT
from services.models.files import ModelFile
from services.render.liveportrait.weights import PUBLISHED, Checkpoints, assemble, load
from tests.golden import recipe
from tests.services.render.liveportrait.golden import weights

CPU = torch.device("cpu")


def small_networks() -> dict[str, Any]:
    """The checkpoint of the small networks, with the prefixes of data-parallel training."""
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
def checkpoints(tmp_path: Path) -> Checkpoints:
    """All files, saved in `tmp_path`, with the checksums of their contents."""
    contents: dict[str, Mapping[str, object]] = {
        "appearance": weights("appearance_feature_extractor"), "motion": weights("motion_extractor"),
        "warping": weights("warping_module"), "generator": weights("spade_generator"),
        "retargeting": small_networks(),
    }
    return Checkpoints(**{
        name: saved(dict(content), f"{name}.pth", tmp_path) for name, content in contents.items()
    })


def test_all_networks_are_loaded_folded_and_in_their_precision(tmp_path: Path, checkpoints: Checkpoints) -> None:
    networks = load(tmp_path, device=CPU, dtype=torch.bfloat16, checkpoints=checkpoints)
    golden = recipe.read("S")
    with torch.inference_mode():
        offsets = networks.lip(torch.from_numpy(golden["lip|in"]))
    torch.testing.assert_close(offsets, torch.from_numpy(golden["lip|full"]), atol=1e-6, rtol=0)
    assert next(networks.warping.parameters()).dtype == torch.bfloat16
    assert next(networks.generator.parameters()).dtype == torch.bfloat16
    assert next(networks.motion.parameters()).dtype == torch.float32
    assert not any(parameter.requires_grad for parameter in networks.generator.parameters())
    assert not any("norm" in key for key in networks.warping.state_dict())


def test_a_file_that_was_changed_is_not_loaded(tmp_path: Path) -> None:
    file = saved(small_networks(), "small.pth", tmp_path)
    data = bytearray((tmp_path / "small.pth").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "small.pth").write_bytes(data)
    with pytest.raises(ConfigurationError, match=r"small\.pth is not the published file"):
        load(tmp_path, device=CPU, dtype=torch.float32, checkpoints=replace(PUBLISHED, retargeting=file))


def test_a_file_that_would_run_code_is_not_loaded(tmp_path: Path) -> None:
    file = saved({"first": Path}, "code.pth", tmp_path)
    with pytest.raises(ConfigurationError, match="is no checkpoint"):
        load(tmp_path, device=CPU, dtype=torch.float32, checkpoints=replace(PUBLISHED, retargeting=file))


def test_weights_of_another_network_are_refused_and_named() -> None:
    with pytest.raises(ConfigurationError, match=r"(?s)weights of lip do not fit.*mlp\.0\.weight"):
        assemble({"lip": weights("eye")}, device=CPU, dtype=torch.float32)


def test_the_published_files_are_half_a_gigabyte_and_each_has_its_network() -> None:
    assert LIVEPORTRAIT.bytes == 522_320_239
    files = [getattr(PUBLISHED, field.name) for field in fields(Checkpoints)]
    assert sorted(file.path for file in files) == sorted(file.path for file in LIVEPORTRAIT.files)
