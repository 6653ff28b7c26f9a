"""Optimised computations equal those in the papers, and half precision is close to them."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from services.render.liveportrait.generator import GeneratorSizes, SpadeGenerator
from services.render.liveportrait.layers import SpectralConv2d, UpsampledConv2d, fold, set_channels_last
from services.render.liveportrait.warping import WarpingModule, WarpingSizes, grid_axis, heatmaps
from tests.golden import recipe
from tests.services.render.liveportrait.golden import HALF_LIMITS, inputs, network, output
from tests.services.render.liveportrait.small import noise, randomized

HALVES = (torch.float16, torch.bfloat16)


def narrow_generator() -> SpadeGenerator:
    made = SpadeGenerator(GeneratorSizes(label=32, width=64, hidden=16, outputs=16))
    assert isinstance(randomized(made), SpadeGenerator)
    for part in made.modules():
        if isinstance(part, SpectralConv2d) and part.weight_orig is not None:
            part.weight_orig.div_(part.sigma())  # sigma becomes 1: signals keep their size
    return made


def narrow_warping() -> WarpingModule:
    made = WarpingModule(
        WarpingSizes(keypoints=5, channels=8, depth=4, compressed=2, narrow=8, widest=16, downsamplings=2, outputs=16)
    )
    assert isinstance(randomized(made), WarpingModule)
    return made


@pytest.mark.parametrize("times", [1, 2, 3, 4])
def test_a_convolution_of_an_upsampled_image_is_computed_on_its_cells(times: int) -> None:
    x, weight, bias = noise(2, 3, 5, 4), noise(6, 3, 3, 3, seed=2), noise(6, seed=3)
    expected = F.conv2d(F.interpolate(x, scale_factor=times), weight, bias, padding=1)
    conv = UpsampledConv2d(3, 6, times)
    conv.load_state_dict({"weight": weight, "bias": bias})
    for layout in (torch.contiguous_format, torch.channels_last):
        with torch.inference_mode():
            torch.testing.assert_close(conv(x.contiguous(memory_format=layout)), expected, atol=1e-5, rtol=0)
    fold(conv)
    with torch.inference_mode():
        torch.testing.assert_close(conv(x), expected, atol=1e-5, rtol=0)


def test_resampling_a_volume_by_matrices_equals_grid_sampling() -> None:
    motion = WarpingModule().dense_motion_network
    volume, shifts = noise(1, 4, 6, 10, 8), 0.4 * noise(2, 22, 3, seed=2)
    z, y, x = torch.meshgrid(grid_axis(6, volume), grid_axis(10, volume), grid_axis(8, volume), indexing="ij")
    places = torch.stack((x, y, z), dim=-1) + shifts[:, :, None, None, None]
    sampled = F.grid_sample(
        volume.expand(44, -1, -1, -1, -1), places.flatten(0, 1), mode="bilinear", padding_mode="zeros",
        align_corners=False,
    )
    torch.testing.assert_close(motion.deformed(volume, shifts).flatten(0, 1), sampled, atol=2e-5, rtol=0)


def test_heatmaps_are_gaussians_in_space() -> None:
    driving, source = noise(1, 2, 3) / 2, noise(1, 2, 3, seed=2) / 2
    maps = heatmaps(driving, source, (3, 5, 4))
    z, y, x = torch.meshgrid(grid_axis(3, driving), grid_axis(5, driving), grid_axis(4, driving), indexing="ij")
    grid = torch.stack((x, y, z), dim=-1)
    for point in range(2):
        near, before = (((grid - points[0, point]) ** 2).sum(-1) for points in (driving, source))
        expected = torch.exp(-0.5 * near / 0.01) - torch.exp(-0.5 * before / 0.01)
        torch.testing.assert_close(maps[0, point + 1], expected, atol=1e-6, rtol=0)
    assert not maps[0, 0].any()


def test_a_folded_warping_module_warps_as_the_loaded_one() -> None:
    golden = recipe.read("W")
    source, driving = (torch.from_numpy(golden[f"kp_{name}"]) for name in ("source", "driving"))
    features = 1.5 * inputs("feature_3d", 1, 32, 16, 64, 64)[..., 16:48, 16:48]
    made = network("warping_module")
    with torch.inference_mode():
        loaded = made(features, driving, source)
        fold(made)
        folded = made(features, driving, source)
        cached = made(features, driving, source, made.dense_motion_network.compressed(features))
    assert not any(isinstance(part, nn.BatchNorm2d | nn.BatchNorm3d) for part in made.modules())
    torch.testing.assert_close(folded, loaded, atol=2e-4, rtol=0)
    torch.testing.assert_close(cached, folded, atol=0, rtol=0)


def test_a_folded_generator_and_extractor_compute_as_the_loaded_ones() -> None:
    generator, label = narrow_generator(), noise(1, 32, 8, 8)
    extractor, portrait = network("appearance_feature_extractor"), noise(1, 3, 32, 32).abs() / 3
    with torch.inference_mode():
        painted, volume = generator(label), extractor(portrait)
        fold(generator)
        fold(extractor)
        torch.testing.assert_close(generator(label), painted, atol=1e-5, rtol=0)
        torch.testing.assert_close(extractor(portrait), volume, atol=1e-4, rtol=0)


def test_frames_of_a_batch_equal_frames_rendered_one_by_one() -> None:
    warping, generator = narrow_warping(), SpadeGenerator(GeneratorSizes(label=16, width=32, hidden=8, outputs=8))
    randomized(generator)
    features = noise(1, 8, 4, 8, 8)
    source = noise(1, 5, 3, seed=2) / 3
    driving = source + 0.1 * noise(3, 5, 3, seed=3)
    with torch.inference_mode():
        together = generator(warping(features, driving, source.expand(3, -1, -1)))
        for index in range(3):
            alone = generator(warping(features, driving[index : index + 1], source))
            torch.testing.assert_close(together[index : index + 1], alone, atol=1e-3, rtol=0)


def test_no_convolution_has_to_change_the_layout_or_an_odd_count_of_its_channels() -> None:
    """Every kernel of a frame reads channels by eights that lie side by side; the picture stays the same."""
    sizes = WarpingSizes(keypoints=5, channels=8, depth=4, compressed=2, narrow=16, widest=16, downsamplings=2,
                         outputs=16)  # fmt: skip
    warping, generator = WarpingModule(sizes), SpadeGenerator(GeneratorSizes(16, 32, 8, 2, 8))
    randomized(warping)
    randomized(generator)
    features, source = noise(2, 8, 4, 16, 16), noise(2, 5, 3, seed=2) / 3
    driving = source + 0.1 * noise(2, 5, 3, seed=3)
    wrong: list[str] = []

    def look(name: str, conv: nn.Module, arguments: tuple[Tensor, ...], output: Tensor) -> None:
        for x in (*arguments, output):
            layout = torch.channels_last if x.dim() == 4 else torch.channels_last_3d
            if not x.is_contiguous(memory_format=layout) or (x.shape[1] % 8 and x.shape[1] > 1):
                wrong.append(f"{name}: {tuple(x.shape)} {x.stride()}")

    with torch.inference_mode():
        expected = generator(warping(features, driving, source))
        compressed = warping.dense_motion_network.compressed(features)
        for network in (warping, generator):
            fold(network)
            set_channels_last(network)
            for name, part in network.named_modules():
                if isinstance(part, nn.Conv2d | nn.Conv3d | SpectralConv2d) and not name.endswith("compress"):
                    part.register_forward_hook(partial(look, name))
        found = generator(warping(features, driving, source, compressed))
    assert wrong == []
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=0)


@pytest.mark.parametrize("dtype", HALVES)
def test_half_precision_gives_nearly_the_same_frame(dtype: torch.dtype) -> None:
    """On average within half a grey level of 255 (float16) or two (bfloat16)."""
    features, source = noise(1, 8, 4, 8, 8), noise(1, 5, 3, seed=2) / 3
    driving = source + 0.1 * noise(1, 5, 3, seed=3)
    label = noise(1, 32, 8, 8)
    limit = 0.5 / 255 if dtype == torch.float16 else 2 / 255
    outputs = []
    for kind in (torch.float32, dtype):
        warping, generator = narrow_warping(), narrow_generator()
        fold(warping)
        fold(generator)
        warping.to(kind)
        generator.to(kind)
        with torch.inference_mode():
            warped = warping(features.to(kind), driving, source)
            frame = generator(label.to(kind))
            assert warped.dtype == kind
            assert frame.dtype == torch.float32
            outputs.append((warped.float(), frame))
    (warped, frame), (warped_half, frame_half) = outputs
    assert warped.abs().mean() > 0.05
    assert frame.std() > 0.02
    assert (frame_half - frame).abs().mean() < limit
    assert (warped_half - warped).abs().mean() < 4 * limit * warped.abs().mean() + limit


@pytest.mark.parametrize(("name", "side"), [("warping_module", 32), ("spade_generator", 16)])
def test_bfloat16_keeps_to_its_tolerance_on_the_golden_input(name: str, side: int) -> None:
    """float16 takes a processor minutes; `bench.gpu_checks` holds it to its tolerance on a card."""
    cpu = torch.device("cpu")
    exact, half = (output(name, cpu, kind, side)[1].float() for kind in (torch.float32, torch.bfloat16))
    off = (half - exact).abs().mean()
    assert 0 < off < HALF_LIMITS[torch.bfloat16][name]
