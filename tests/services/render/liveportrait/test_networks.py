"""The networks compute the golden numbers, which come from another implementation of the published ones."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
import torch
from torch import nn

from services.render.liveportrait import geometry
from services.render.liveportrait.motion_extractor import Motion
from services.render.liveportrait.warping import heatmaps
from tests.golden import recipe
from tests.services.render.liveportrait.golden import (
    NETWORKS,
    assert_golden,
    inputs,
    network,
    portrait,
    watched,
    weights,
)


@pytest.mark.parametrize("name", NETWORKS)
def test_keys_shapes_and_types_are_those_of_the_published_checkpoint(name: str) -> None:
    with torch.device("meta"):
        made = NETWORKS[name]()
    found = {key: (tuple(value.shape), str(value.dtype)) for key, value in made.state_dict().items()}
    assert found == {key: (shape, f"torch.{kind}") for key, shape, kind in recipe.keys()[name]}


@pytest.mark.parametrize("name", NETWORKS)
def test_the_recipe_makes_the_same_weights_everywhere(name: str) -> None:
    for key, value in weights(name).items():
        assert zlib.crc32(value.numpy().tobytes()) == recipe.checksums()[f"{name}/{key}"], key


def parts(golden: dict[str, np.ndarray], made: nn.Module) -> list[str]:
    """The golden names that are submodules of the network."""
    named = {name for name, _ in made.named_modules()}
    return [key.removesuffix("|shape") for key in golden if key.endswith("|shape") and key[:-6] in named]


def test_the_appearance_extractor_gives_the_golden_features() -> None:
    golden = recipe.read("F")
    made = network("appearance_feature_extractor")
    with torch.inference_mode(), watched(made, parts(golden, made)) as seen:
        features = made(portrait(golden))
    assert len(seen) == 10
    for name, value in seen.items():
        assert_golden(golden, name, value)
    assert_golden(golden, "out", features)


def test_the_motion_extractor_gives_the_golden_motion() -> None:
    golden = recipe.read("M")
    made = network("motion_extractor")
    with torch.inference_mode(), watched(made, parts(golden, made)) as seen:
        motion: Motion = made(portrait(golden))
    assert len(seen) == 11
    for name, value in seen.items():
        assert_golden(golden, name, value)
    heads = {
        "pitch": motion.pitch, "yaw": motion.yaw, "roll": motion.roll, "t": motion.translation, "scale": motion.scale,
        "exp": motion.expression.flatten(1), "kp": motion.canonical_keypoints.flatten(1),
    }
    for name, value in heads.items():
        assert_golden(golden, f"head.{name}", value)


def test_the_warping_module_gives_the_golden_deformation_and_features() -> None:
    golden = recipe.read("W")
    made = network("warping_module")
    features = 1.5 * inputs("feature_3d", 1, 32, 16, 64, 64)
    assert zlib.crc32(features.numpy().tobytes()) == golden["feature_3d_crc32"]
    source, driving = (torch.from_numpy(golden[f"kp_{name}"]) for name in ("source", "driving"))
    motion = made.dense_motion_network
    watched_parts = parts(golden, made)
    with torch.inference_mode(), watched(made, watched_parts) as seen:
        compressed = motion.compressed(features)
        grid, occlusion = motion(compressed, driving, source)
        warped = made.sample(features, grid)
        flat = made.fourth(made.third(warped.flatten(1, 2)))
        shifts = nn.functional.pad(source - driving, (0, 0, 1, 0))
        heat = heatmaps(driving, source, (16, 64, 64))[:, :, None]
        deformed = motion.deformed(compressed, shifts)
    assert len(watched_parts) == 17
    for name, value in seen.items():
        assert_golden(golden, name, value)
    assert_golden(golden, "compressed_feature", compressed)
    assert_golden(golden, "heatmap", heat)
    assert_golden(golden, "deformed_feature", deformed)
    assert_golden(golden, "hourglass_input", torch.cat((heat, deformed), dim=2).flatten(1, 2))
    assert_golden(golden, "mask_softmax", seen["dense_motion_network.mask"].softmax(dim=1))
    assert_golden(golden, "deformation", grid)
    assert_golden(golden, "occlusion_map", occlusion)
    np.testing.assert_allclose(occlusion[0, 0].numpy(), golden["occlusion_map_full"], atol=3e-5)
    assert_golden(golden, "warped_feature", warped)
    assert_golden(golden, "out", flat * occlusion)


def test_the_generator_gives_the_golden_frame() -> None:
    golden = recipe.read("G")
    made = network("spade_generator")
    features = inputs("generator_feature", 1, 256, 64, 64)
    assert zlib.crc32(features.numpy().tobytes()) == golden["generator_feature_crc32"]
    for name in ("G_middle_0.conv_0", "up_0.conv_s", "up_1.conv_1"):
        conv = made.get_submodule(name)
        np.testing.assert_allclose(conv.sigma().numpy(), golden[f"{name}|sigma"].item(), rtol=2e-6)
        np.testing.assert_allclose(conv.weight().numpy().ravel()[:16], golden[f"{name}|weff16"], rtol=3e-6)
    with torch.inference_mode(), watched(made, parts(golden, made)) as seen:
        frame = made(features)
    assert len(seen) == 19
    for name, value in seen.items():
        assert_golden(golden, name, value)
    assert_golden(golden, "out", frame)
    small = nn.functional.avg_pool2d(frame, 8)[0]
    np.testing.assert_allclose(small.numpy(), golden["out|avgpool8"].reshape(small.shape), atol=1e-5)


@pytest.mark.parametrize("name", ["stitching", "lip", "eye"])
def test_the_small_networks_give_the_golden_offsets(name: str) -> None:
    golden = recipe.read("S")
    with torch.inference_mode():
        assert_golden(golden, name, network(name)(torch.from_numpy(golden[f"{name}|in"])))


def test_angles_and_keypoints_follow_the_golden_formulas() -> None:
    golden = {key: torch.from_numpy(value) for key, value in recipe.read("formulas").items()}
    torch.testing.assert_close(
        geometry.angles_from_logits(golden["pose_logits"]), golden["pose_degrees"], atol=2e-5, rtol=0
    )
    pitch, yaw, roll = golden["angles_pitch_yaw_roll"].unbind(dim=1)
    torch.testing.assert_close(geometry.rotation_matrix(pitch, yaw, roll), golden["rotation"], atol=1e-6, rtol=0)
    turn = geometry.rotation_matrix(*(golden[f"tk_{name}"][:, 0] for name in ("pitch", "yaw", "roll")))
    points = geometry.transform_keypoints(
        golden["tk_kp"], turn, golden["tk_exp"], golden["tk_scale"], golden["tk_t"]
    )
    torch.testing.assert_close(points, golden["tk_out"], atol=1e-6, rtol=0)
