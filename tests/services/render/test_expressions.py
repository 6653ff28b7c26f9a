"""Expressions of a network in place of visemes: JoyVASA's format with random weights, and their way to a face."""

from __future__ import annotations

import argparse
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bus.errors import ConfigurationError
from bus.events import AudioOut
from services.audio import OpusEncoder, Samples
from services.gpu_faults import GpuFault
from services.render.engine import Expressions
from services.render.expression_track import ExpressionTrack
from services.render.liveportrait.controls import controls_for_pose, with_expression
from services.render.pose import Pose

torch = pytest.importorskip("torch", reason="comes with visavis[liveportrait]")


def tone(milliseconds: int, hertz: float = 180.0) -> Samples:
    time = np.arange(16 * milliseconds) / 16_000
    return (6_000 * np.sin(2 * np.pi * hertz * time)).astype(np.int16)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The two files as published, but small and with random weights."""
    from services.render.joyvasa.loading import GENERATOR, TEMPLATE
    from services.render.joyvasa.network import MotionGenerator, Sizes

    folder = tmp_path_factory.mktemp("joyvasa")
    torch.manual_seed(5)
    sizes = Sizes(features=16, window=10, before=3, layers=1, steps=3, sound=48, sound_layers=1, sound_inner=32)
    weights = MotionGenerator(sizes).state_dict()
    weights |= {name: torch.randn_like(weights[name]) for name in weights if "start_" in name or "null_" in name}
    # The names of older versions of torch and transformers, and buffers that are made anew.
    positions = "audio_encoder.encoder.pos_conv_embed.conv"
    for place, name in enumerate(("weight_g", "weight_v")):
        weights[f"{positions}.{name}"] = weights.pop(f"{positions}.parametrizations.weight.original{place}")
    weights["audio_encoder.masked_spec_embed"] = torch.zeros(48)
    weights["denoising_net.TE.pe"] = torch.zeros(1, 4, 16)
    weights["denoising_net.PE.pe"] = torch.zeros(1, 600, 16)
    weights["denoising_net.alignment_mask"] = torch.zeros(13, 13, dtype=torch.bool)
    weights["diffusion_sched.betas"] = torch.zeros(4)
    options = argparse.Namespace(n_motions=10, n_prev_motions=3, n_diff_steps=3, fps=25, target="sample")
    (folder / "motion_generator").mkdir()
    torch.save({"args": options, "model": weights, "iter": 1}, folder / "motion_generator" / GENERATOR)
    rng = np.random.default_rng(2)
    template = {name: rng.uniform(0.1, 1.0, 63) for name in ("mean_exp", "std_exp")} | {"max_t": np.ones(3)}
    (folder / TEMPLATE).write_bytes(pickle.dumps(template))
    return folder


@pytest.fixture(scope="module")
def network(files: Path) -> Any:
    from services.render.joyvasa.loading import load

    return load(files, torch.device("cpu"))


def test_a_sound_becomes_an_expression_for_each_frame_begun_and_the_first_is_at_rest(network: Any) -> None:
    for milliseconds, frames in ((10, 1), (400, 10), (1_010, 26)):
        made = network.expressions(tone(milliseconds), 7)
        assert made.shape == (frames, 21, 3)
        assert made.dtype == np.float32
        assert not made[0].any()
    assert np.isfinite(made).all()
    assert np.abs(made[1:]).min(axis=(1, 2)).max() > 0.0


def test_the_same_sound_and_seed_give_the_same_expressions_and_others_do_not(network: Any) -> None:
    made = network.expressions(tone(500), 7)
    assert np.array_equal(network.expressions(tone(500), 7), made)
    assert not np.allclose(network.expressions(tone(500), 8), made)
    assert not np.allclose(network.expressions(tone(500, 400.0), 7), made)


def test_diffusion_ends_at_what_the_network_predicts() -> None:
    from services.render.joyvasa.network import step_rates

    rates = step_rates(50)
    keep, take, _ = rates[1]
    assert (keep, take) == pytest.approx((0.0, 1.0))
    motion = 3.0
    for keep, take, _ in reversed(rates[1:]):
        motion = keep * motion + take * 0.25
    assert motion == pytest.approx(0.25)


@pytest.mark.parametrize(("name", "damage"), [
    ("motion_generator_hubert_chinese.pt", b"not a checkpoint"),
    ("motion_template.pkl", pickle.dumps({"mean_exp": np.ones(63)})),
    ("motion_template.pkl", b"cos\nsystem\n(S'touch /tmp/stolen'\ntR."),
])  # fmt: skip
def test_a_damaged_file_is_one_clear_error(files: Path, tmp_path: Path, name: str, damage: bytes) -> None:
    from services.render.joyvasa.loading import load

    for file in files.rglob("*.p*"):
        (tmp_path / file.name).write_bytes(damage if file.name == name else file.read_bytes())
    with pytest.raises(ConfigurationError, match=f"{name} is not JoyVASA's"):
        load(tmp_path, torch.device("cpu"))
    (tmp_path / name).unlink()
    with pytest.raises(ConfigurationError, match=f"there is no {name} in"):
        load(tmp_path, torch.device("cpu"))


def test_an_expression_moves_the_mouth_and_leaves_eyes_and_head_to_the_pose() -> None:
    pose = Pose(jaw=0.7, press=0.4, squint=0.5, gaze_x=0.4, yaw=5.0, lid_left=0.5)
    posed, expression = controls_for_pose(pose), np.full((21, 3), 0.25, np.float32)
    moved = with_expression(posed, expression)
    eyes = [11, 13, 15, 16, 18]
    assert np.array_equal(moved.expression[eyes], posed.expression[eyes])
    assert (np.delete(moved.expression, eyes, axis=0) == 0.25).all()
    assert (moved.lips, moved.press) == (0.0, 0.0)
    assert replace(moved, expression=posed.expression, lips=posed.lips, press=posed.press) == posed


class _Network:
    version = "fake"

    def __init__(self, fault: GpuFault | None = None) -> None:
        self.heard: list[Samples] = []
        self._fault = fault

    def expressions(self, sound: Samples, seed: int) -> Expressions:
        self.heard.append(sound)
        if self._fault is not None:
            raise self._fault
        return np.ones((-(-len(sound) // 640), 21, 3), np.float32)


def chunks() -> list[AudioOut]:
    encoder = OpusEncoder(16_000)
    packets = [*encoder.push(tone(800)), *encoder.flush()]
    cuts = [packets[:10], packets[10:25], packets[25:]]
    return [
        AudioOut(conversation="c", speech="s", index=i, sample=0, packets=tuple(cut), final=i == 2)
        for i, cut in enumerate(cuts)
    ]


async def test_a_track_waits_for_the_whole_sound_and_comes_from_and_returns_to_the_face_at_rest() -> None:
    network = _Network()
    track = ExpressionTrack(network, "s")
    assert [await track.add(chunk) for chunk in chunks()] == [False, False, True]
    (sound,) = network.heard
    assert abs(len(sound) - 16 * 800) <= 640
    made = track.at(range(40))
    assert made is not None
    weights = made[:, 3, 1]
    assert weights[0] < 0.3 < weights[8] == 1.0
    assert weights[-1] == 0.0
    assert np.abs(np.diff(weights)).max() <= 0.21


async def test_where_the_network_fails_visemes_move_the_lips() -> None:
    track = ExpressionTrack(_Network(GpuFault("it is full", cause="full")), "s")
    assert [await track.add(chunk) for chunk in chunks()] == [False, False, True]
    assert track.at(range(3)) is None
