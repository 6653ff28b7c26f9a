"""The warping module: warps a character's feature volume from the source to the driving keypoints.

LivePortrait, section 3.1; the dense motion is face-vid2vid's (arXiv 2011.15126, section 3.2): a network is given the
volume deformed by each keypoint alone, and predicts for each cell a mask over these candidates.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from services.render.liveportrait.layers import (
    ConvNorm,
    by_slice,
    fold_batch_norm,
    in_layout_of,
    pad_channels,
    padded_count,
)

_VARIANCE = 0.01
"""Variance of the Gaussian around a keypoint in the heatmaps."""


@dataclass(frozen=True)
class WarpingSizes:
    keypoints: int = 21
    channels: int = 32
    depth: int = 16
    compressed: int = 4
    """Channels of the compressed features that the dense motion is predicted from."""
    narrow: int = 64
    """Channels after the first downsampling of the hourglass; each further one doubles them."""
    widest: int = 1024
    downsamplings: int = 5
    outputs: int = 256


def grid_axis(cells: int, like: Tensor) -> Tensor:
    """Coordinates of the cells along an axis, -1 to 1, float32."""
    return torch.linspace(-1.0, 1.0, cells, device=like.device, dtype=torch.float32)


def interpolation_matrices(shifts: Tensor, cells: int) -> Tensor:
    """Matrices that resample an axis, with linear interpolation, at its cells moved by a shift.

    The sampler takes -1 and 1 for the outer edges of the first and the last cell, while `grid_axis` takes them for
    their centres. The network was trained with that, so even a shift of 0 moves the cells near the border.

    Args:
        shifts: [...].
    Returns:
        [..., cells to, cells from]; zero padding.
    """
    position = ((grid_axis(cells, shifts) + shifts[..., None] + 1.0) * cells - 1.0) / 2.0
    numbers = torch.arange(cells, device=shifts.device)
    return (1.0 - (position[..., None] - numbers).abs()).clamp(min=0.0)


def heatmaps(driving: Tensor, source: Tensor, cells: tuple[int, int, int]) -> Tensor:
    """Gaussians around the driving keypoints minus those around the source ones, [B, K, D, H, W]; the first is empty.

    Args:
        driving, source: [B, K - 1, 3], x y z.
        cells: D, H, W.
    """
    maps = _gaussians(driving, cells) - _gaussians(source, cells)
    return F.pad(maps, (0, 0, 0, 0, 0, 0, 1, 0))


def _gaussians(keypoints: Tensor, cells: tuple[int, int, int]) -> Tensor:
    depth, height, width = cells

    def along(coordinate: int, count: int) -> Tensor:  # [B, K - 1, count]
        return torch.exp(-0.5 * (grid_axis(count, keypoints) - keypoints[..., coordinate, None]) ** 2 / _VARIANCE)

    return torch.einsum("bkd,bkh,bkw->bkdhw", along(2, depth), along(1, height), along(0, width))


class DownBlock3d(ConvNorm):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, dimensions=3)

    def forward(self, x: Tensor) -> Tensor:
        # Half the height and width, not the depth.
        return by_slice(lambda images: F.avg_pool2d(images, 2), super().forward(x))


class UpBlock3d(ConvNorm):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, dimensions=3)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(by_slice(lambda images: F.interpolate(images, scale_factor=2), x))


class HourglassEncoder(nn.Module):
    def __init__(self, widths: list[int]) -> None:
        super().__init__()
        self.down_blocks = nn.ModuleList(DownBlock3d(a, b) for a, b in pairwise(widths))

    def forward(self, x: Tensor) -> list[Tensor]:
        """The input and the output of each downsampling."""
        levels = [x]
        for block in self.down_blocks:
            levels.append(block(levels[-1]))
        return levels


class HourglassDecoder(nn.Module):
    """Upsamples height and width step by step, with a skip connection from the encoder at each size."""

    def __init__(self, widths: list[int], narrow: int) -> None:
        super().__init__()
        outputs = [narrow // 2, *widths[1:-1]]  # of the blocks, the last block first
        inputs = [2 * width for width in widths[1:-1]] + [widths[-1]]
        self.up_blocks = nn.ModuleList(UpBlock3d(a, b) for a, b in zip(inputs[::-1], outputs[::-1], strict=True))
        self.outputs = outputs[0] + widths[0]
        self.conv: nn.Module = nn.Conv3d(self.outputs, self.outputs, 3, padding=1)
        self.norm: nn.Module = nn.BatchNorm3d(self.outputs)

    def forward(self, levels: list[Tensor]) -> Tensor:
        x = levels[-1]
        for block, level in zip(self.up_blocks, levels[-2::-1], strict=True):
            x = torch.cat((block(x), level), dim=1)
        return F.relu(self.norm(self.conv(x)))

    def fold_(self) -> None:
        self.conv, self.norm = fold_batch_norm(self.conv, self.norm), nn.Identity()


class Hourglass(nn.Module):
    def __init__(self, inputs: int, sizes: WarpingSizes) -> None:
        super().__init__()
        widths = [inputs] + [min(sizes.narrow << level, sizes.widest) for level in range(sizes.downsamplings)]
        self.encoder = HourglassEncoder(widths)
        self.decoder = HourglassDecoder(widths, sizes.narrow)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.decoder(self.encoder(x))
        return y


class DenseMotionNetwork(nn.Module):
    def __init__(self, sizes: WarpingSizes) -> None:
        super().__init__()
        self.candidates = candidates = sizes.keypoints + 1
        self.depth = sizes.depth
        self.unused = 0
        """Channels of the hourglass's input that are there for their count alone."""
        self.compress: nn.Module = nn.Conv3d(sizes.channels, sizes.compressed, 1)
        self.norm: nn.Module = nn.BatchNorm3d(sizes.compressed)
        self.hourglass = Hourglass(candidates * (sizes.compressed + 1), sizes)
        outputs = self.hourglass.decoder.outputs
        self.mask = nn.Conv3d(outputs, candidates, 7, padding=3)
        self.occlusion = nn.Conv2d(outputs * sizes.depth, 1, 7, padding=3)

    def compressed(self, features: Tensor) -> Tensor:
        """The compressed features, [B, 4, D, H, W]; the same for all frames of a character."""
        return F.relu(self.norm(self.compress(features)))

    def deformed(self, compressed: Tensor, shifts: Tensor) -> Tensor:
        """The features deformed by each candidate, [B, K, 4, D, H, W].

        A candidate moves all cells alike, so that resampling is one small matrix for each axis.

        Args:
            compressed: [B or 1, 4, D, H, W].
            shifts: [B, K, 3].
        """
        depth, height, width = compressed.shape[2:]
        x, y, z = (
            interpolation_matrices(shifts[..., i], cells).to(compressed.dtype)
            for i, cells in enumerate((width, height, depth))
        )
        volume = compressed.expand(shifts.shape[0], -1, -1, -1, -1)
        volume = torch.einsum("bczyx,bkXx->bkczyX", volume, x)
        volume = torch.einsum("bkczyx,bkYy->bkczYx", volume, y)
        return torch.einsum("bkczyx,bkZz->bkcZyx", volume, z)

    def forward(self, compressed: Tensor, driving: Tensor, source: Tensor) -> tuple[Tensor, Tensor]:
        """The dense motion field and the occlusion map.

        Args:
            compressed: [B or 1, 4, D, H, W].
            driving, source: keypoints [B, 21, 3], float32.
        Returns:
            sampling grid, [B, D, H, W, 3], x y z, float32; occlusion, [B, 1, H, W], 0 hidden to 1 visible.
        """
        depth, height, width = compressed.shape[2:]
        shifts = F.pad(source - driving, (0, 0, 1, 0))  # [B, 22, 3]; the first candidate is the static background
        heat = heatmaps(driving, source, (depth, height, width)).to(compressed.dtype)
        deformed = self.deformed(compressed, shifts)
        x = torch.cat((heat[:, :, None], deformed), dim=2).flatten(1, 2)  # [B, 22 * 5, D, H, W]
        x = F.pad(x, (0, 0, 0, 0, 0, 0, 0, self.unused))
        x = self.hourglass(in_layout_of(x, self.mask))  # [B, 142, D, H, W]
        mask = self.mask(x)[:, : self.candidates].float().softmax(dim=1)  # [B, 22, D, H, W]
        # Every candidate is the identity grid plus a shift, and the mask adds up to 1: only the shifts are weighted.
        axes = (grid_axis(cells, driving) for cells in (depth, height, width))
        z, y, x_axis = torch.meshgrid(*axes, indexing="ij")
        grid = torch.stack((x_axis, y, z), dim=-1) + torch.einsum("bkzyx,bkc->bzyxc", mask, shifts)
        occlusion = torch.sigmoid(self.occlusion(in_layout_of(x.flatten(1, 2), self.occlusion)).float())
        return grid, occlusion

    def fold_(self) -> None:
        self.compress, self.norm = fold_batch_norm(self.compress, self.norm), nn.Identity()

    def pad_(self) -> None:
        """Zeros behind the hourglass's input, which its last concatenation passes on, and behind what comes out."""
        first, last = self.hourglass.encoder.down_blocks[0].conv, self.hourglass.decoder.conv
        assert isinstance(last, nn.Conv3d)
        self.unused = padded_count(first.in_channels) - first.in_channels
        wide = last.in_channels + self.unused
        outputs = padded_count(last.out_channels)
        pad_channels(first, inputs=first.in_channels + self.unused, outputs=first.out_channels)
        pad_channels(last, inputs=wide, outputs=outputs)
        pad_channels(self.mask, inputs=outputs, outputs=padded_count(self.candidates))
        pad_channels(self.occlusion, inputs=outputs * self.depth, outputs=1)


class ConvNormLeaky(nn.Module):
    """A 3 x 3 convolution, batch norm and a leaky ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv: nn.Module = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.norm: nn.Module = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(self.norm(self.conv(x)), 0.01)

    def fold_(self) -> None:
        self.conv, self.norm = fold_batch_norm(self.conv, self.norm), nn.Identity()


class WarpingModule(nn.Module):
    def __init__(self, sizes: WarpingSizes = WarpingSizes()) -> None:
        super().__init__()
        self.dense_motion_network = DenseMotionNetwork(sizes)
        self.third = ConvNormLeaky(sizes.channels * sizes.depth, sizes.outputs)
        self.fourth = nn.Conv2d(sizes.outputs, sizes.outputs, 1)

    def forward(self, features: Tensor, driving: Tensor, source: Tensor, compressed: Tensor | None = None) -> Tensor:
        """Warp a character's features from the source to the driving keypoints.

        Args:
            features: [B or 1, 32, 16, 64, 64], from the appearance extractor; best in float32, as they are sampled.
            driving, source: keypoints [B, 21, 3], x y z in -1 to 1; float32 in any precision of the network.
            compressed: `dense_motion_network.compressed(features)`, if already computed.
        Returns:
            Input of the generator, [B, 256, 64, 64].
        """
        if compressed is None:
            compressed = self.dense_motion_network.compressed(features.to(self.fourth.weight.dtype))
        grid, occlusion = self.dense_motion_network(compressed, driving, source)
        warped = self.sample(features, grid).to(self.fourth.weight.dtype)
        x = in_layout_of(warped.flatten(1, 2), self.third.conv)  # [B, 512, 64, 64]
        x = self.fourth(self.third(x))  # [B, 256, 64, 64]
        return x * occlusion.to(x.dtype)

    @staticmethod
    def sample(features: Tensor, grid: Tensor) -> Tensor:
        """The features resampled at a grid, [B, 32, 16, 64, 64]; computed in float32, as the grid is."""
        volume = features.float().expand(grid.shape[0], -1, -1, -1, -1)
        return F.grid_sample(volume, grid, align_corners=False).to(features.dtype)
