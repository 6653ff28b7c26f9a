"""Portraits animated by small networks with random weights: this tests the use of the networks, not their quality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from torch import Tensor

from bus.errors import ConfigurationError, EngineError
from bus.ids import PHOTO_LOOK
from services.gpu_faults import GpuFault
from services.render.liveportrait.batching import BatchedDrawing
from services.render.liveportrait.controls import controls_for_pose
from services.render.liveportrait.drawing import resized, to_yuv420
from services.render.liveportrait.renderer import (
    MAX_BATCH,
    LivePortraitAnimator,
    LivePortraitFace,
    interpolated,
)
from services.render.liveportrait.source import SourceStore, compute_source, network_input
from services.render.liveportrait.weights import Networks
from services.render.photo.portrait import Portrait
from services.render.pose import Pose
from tests.services.render.liveportrait.small import SIZE, small_networks
from tests.services.render.test_lip_sync import MAX_LAG, lag_and_correlation, poses, voice


@pytest.fixture(scope="module")
def face(portrait: Portrait, networks: Networks) -> LivePortraitFace:
    return LivePortraitFace(portrait, compute_source(portrait, networks), BatchedDrawing(networks, SIZE))

pytestmark = pytest.mark.usefixtures("one_thread")


def stored_sources(folder: Path, networks: Networks) -> SourceStore:
    return SourceStore(folder, partial(compute_source, networks=networks))


def driving_keypoints(face: LivePortraitFace, poses: Sequence[Pose]) -> Tensor:
    with torch.inference_mode():
        return face.driving_keypoints([controls_for_pose(pose) for pose in poses])


def test_the_pose_at_rest_gives_the_keypoints_of_the_portrait(
    face: LivePortraitFace, portrait: Portrait, networks: Networks
) -> None:
    source = compute_source(portrait, networks).keypoints()
    torch.testing.assert_close(driving_keypoints(face, [Pose()]), source, atol=1e-5, rtol=0)
    assert (driving_keypoints(face, [Pose(jaw=0.5)]) - source).abs().max() > 1e-3


def test_louder_opens_wider_and_closing_consonants_close(face: LivePortraitFace) -> None:
    asked = [controls_for_pose(Pose(jaw=jaw)).lips for jaw in (0.0, 0.2, 0.5, 0.9)]
    assert all(b > a for a, b in pairwise(asked))
    pressed = controls_for_pose(Pose(jaw=0.05, press=1.0))
    assert pressed.lips < 0.02
    assert pressed.press == 1.0
    rest, *opened = driving_keypoints(face, [Pose(), *(Pose(jaw=jaw) for jaw in (0.1, 0.4, 0.7))])
    moved = [float((one - rest).norm()) for one in opened]
    assert moved == sorted(moved)


def test_lips_move_with_the_voice_within_40_ms(face: LivePortraitFace) -> None:
    """Correlates the distance of keypoints from their positions at rest with the loudness of a recorded sentence."""
    moved = driving_keypoints(face, poses()) - driving_keypoints(face, [Pose()])
    opening = moved.flatten(1).norm(dim=1).double().numpy()
    lag, correlation = lag_and_correlation(opening, voice())
    assert abs(lag) <= MAX_LAG, f"the mouth is {1000 * lag:.0f} ms late"
    assert correlation > 0.75


def test_lids_gaze_brows_and_smile_move_their_own_keypoints() -> None:
    def moved(pose: Pose) -> set[int]:
        return set(np.flatnonzero(np.abs(controls_for_pose(pose).expression).max(axis=1)))

    assert moved(Pose(gaze_x=1.0)) == {11, 15}
    assert moved(Pose(brow_left=1.0, brow_right=1.0)) == {1, 2}
    assert moved(Pose(pucker=1.0)) == {3, 7, 14, 17}
    assert {14, 17, 20} < moved(Pose(smile=1.0))
    assert controls_for_pose(Pose(lid_left=0.0, lid_right=0.0)).lids == 0.0
    right, left = (controls_for_pose(Pose(gaze_x=gaze)).expression[11, 0] for gaze in (1.0, -1.0))
    assert right > 0.0 > left
    up, down = (controls_for_pose(Pose(gaze_y=gaze)).expression[11, 1] for gaze in (-1.0, 1.0))
    assert up < 0.0 < down


def test_the_head_turns_as_the_layered_one_does(face: LivePortraitFace, networks: Networks, portrait: Portrait) -> None:
    """To the viewer's right, down, and clockwise: seen at a keypoint at the tip of the nose."""
    source = compute_source(portrait, networks)
    nose = torch.zeros(1, 21, 3)
    nose[0, 0], nose[0, 1] = torch.tensor((0.0, 0.0, -0.5)), torch.tensor((0.0, -0.5, 0.0))
    straight = replace(source, canonical_keypoints=nose, angles=torch.zeros(1, 3))
    still = LivePortraitFace(portrait, straight, BatchedDrawing(networks, SIZE))
    rest, yaw, pitch, roll = driving_keypoints(still, [Pose(), Pose(yaw=9), Pose(pitch=9), Pose(roll=9)])
    assert yaw[0, 0] > rest[0, 0] + 0.02
    assert pitch[0, 1] > rest[0, 1] + 0.02
    assert roll[1, 0] > rest[1, 0] + 0.02


def test_frames_are_the_same_in_any_batches_and_again(face: LivePortraitFace) -> None:
    poses = [Pose(jaw=0.1 * k, yaw=k, lid_left=0.5) for k in range(MAX_BATCH + 2)]
    together = face.render(poses)
    assert len(together) == len(poses)
    for index in (0, MAX_BATCH, MAX_BATCH + 1):
        assert together[index].shape == (SIZE * 3 // 2, SIZE)
        assert np.abs(together[index].astype(int) - face.render([poses[index]])[0]).max() <= 1
    assert all(np.array_equal(a, b) for a, b in zip(together, face.render(poses), strict=True))
    assert not np.array_equal(together[0], together[-1])


def test_no_batch_is_larger_than_the_limit(face: LivePortraitFace, networks: Networks) -> None:
    sizes: list[int] = []
    hook = networks.generator.register_forward_hook(lambda module, inputs, images: sizes.append(len(images)))
    face.render([Pose()] * (2 * MAX_BATCH + 1))
    hook.remove()
    assert sizes == [MAX_BATCH, MAX_BATCH, 1]


def test_frames_that_are_not_finite_are_an_error_that_names_the_remedy(portrait: Portrait) -> None:
    broken = small_networks()
    broken.generator.fc.weight[:] = float("nan")
    face = LivePortraitFace(portrait, compute_source(portrait, broken), BatchedDrawing(broken, SIZE))
    with pytest.raises(EngineError, match="VISAVIS_RENDER_PRECISION=float32"):
        face.render([Pose()])


def test_a_full_gpu_is_a_retryable_error(face: LivePortraitFace, networks: Networks) -> None:
    def full(module: object, inputs: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    hook = networks.generator.register_forward_pre_hook(full)
    with pytest.raises(GpuFault, match="cannot draw a face: CUDA out of memory") as raised:
        face.render([Pose()])
    hook.remove()
    assert raised.value.retryable


def test_a_source_is_computed_once_and_then_loaded(tmp_path: Path, portrait: Portrait) -> None:
    networks = small_networks()
    first = stored_sources(tmp_path, networks).get(portrait)
    networks.motion.detector.fc_t.bias.add_(1.0)  # would give another source, if it ran again
    again = stored_sources(tmp_path, networks).get(portrait)
    for name in ("features", "canonical_keypoints", "angles", "expression", "scale", "translation"):
        assert torch.equal(getattr(again, name), getattr(first, name)), name
    (stored,) = tmp_path.iterdir()
    stored.write_bytes(stored.read_bytes()[:500])
    assert not torch.equal(stored_sources(tmp_path, networks).get(portrait).translation, first.translation)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, portrait: Portrait, networks: Networks) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        stored_sources(tmp_path / "file", networks).get(portrait)


def test_faces_change_their_version_with_portrait_size_and_precision(
    tmp_path: Path, portrait: Portrait, networks: Networks
) -> None:
    def version(portrait: Portrait, networks: Networks, size: int) -> str:
        return LivePortraitAnimator(BatchedDrawing(networks, size), tmp_path).face(portrait).version

    other = replace(portrait, look=PHOTO_LOOK + "1" * 32)
    half = replace(small_networks(), dtype=torch.bfloat16)
    half.warping.to(torch.bfloat16)
    made = [version(portrait, networks, 128), version(other, networks, 128), version(portrait, networks, 64),
            version(portrait, half, 128)]
    assert len(set(made)) == 4
    assert version(portrait, networks, 128) == made[0]


def test_the_input_of_the_networks_is_the_portrait_reduced_by_the_mean_of_four_pixels() -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (512, 512, 3), np.uint8)
    wide = pixels.astype(np.int32)
    mean = (wide[::2, ::2] + wide[1::2, ::2] + wide[::2, 1::2] + wide[1::2, 1::2] + 2) >> 2
    seen = (network_input(pixels)[0].permute(1, 2, 0) * 255.0).round().numpy()
    assert np.abs(seen - mean).max() <= 1.0


@given(st.integers(0, 2**31 - 1))
@hypothesis_settings(max_examples=12)
def test_colours_are_converted_to_planes_as_opencv_does(seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), np.uint8)
    squares = pixels.repeat(2, axis=0).repeat(2, axis=1)  # OpenCV takes the colour of one of four pixels, we their mean
    planes = to_yuv420(torch.from_numpy(squares).permute(2, 0, 1)[None].float() / 255.0)[0].numpy()
    expected = cv2.cvtColor(squares, cv2.COLOR_RGB2YUV_I420)
    assert planes.shape == expected.shape
    assert np.abs(planes.astype(int) - expected).max() <= 1


def test_images_are_resized() -> None:
    image = torch.full((1, 3, 64, 64), 0.25)
    for size in (32, 64, 96):
        made = resized(image, size)
        assert made.shape == (1, 3, size, size)
        torch.testing.assert_close(made, torch.full_like(made, 0.25))


def test_tables_are_interpolated_and_constant_beyond_their_ends() -> None:
    table = torch.arange(33.0)[:, None, None].expand(33, 21, 3)
    read = interpolated(table, torch.tensor((-1.0, 0.0, 0.0125, 0.8, 2.0)))
    torch.testing.assert_close(read[:, 0, 0], torch.tensor((0.0, 0.0, 0.5, 32.0, 32.0)))
