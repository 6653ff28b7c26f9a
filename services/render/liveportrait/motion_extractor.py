"""The motion extractor: canonical keypoints, head pose and expression of a portrait.

A ConvNeXt V2 tiny (arXiv 2301.00808) with one linear head for each quantity; LivePortrait, section 3.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_EPSILON = 1e-6


@dataclass(frozen=True)
class MotionSizes:
    depths: tuple[int, ...] = (3, 3, 9, 3)
    widths: tuple[int, ...] = (96, 192, 384, 768)
    keypoints: int = 21
    bins: int = 66
    """Bins of an angle's distribution, each three degrees wide."""


@dataclass(frozen=True)
class Motion:
    """The network's output for B portraits; angles as logits, see `geometry.angles_from_logits`."""

    canonical_keypoints: Tensor
    """[B, 21, 3], x y z."""
    scale: Tensor
    """[B, 1]"""
    pitch: Tensor
    """[B, 66], as are yaw and roll."""
    yaw: Tensor
    roll: Tensor
    translation: Tensor
    """[B, 3]"""
    expression: Tensor
    """Offsets of the keypoints, [B, 21, 3]."""


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of each pixel, for [B, C, H, W]."""

    def __init__(self, channels: int) -> None:
        super().__init__(channels, eps=_EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class GlobalResponseNorm(nn.Module):
    """Scales each channel by its share in the energy of all channels, which makes them compete.

    ConvNeXt V2, section 3.2.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1, 1, 1, channels))
        self.beta = nn.Parameter(torch.zeros(1, 1, 1, channels))

    def forward(self, x: Tensor) -> Tensor:  # [B, H, W, C]
        energy = torch.linalg.vector_norm(x, dim=(1, 2), keepdim=True)
        share = energy / (energy.mean(dim=-1, keepdim=True) + _EPSILON)
        return self.gamma * (x * share) + self.beta + x


class Block(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=_EPSILON)
        self.pwconv1 = nn.Linear(channels, 4 * channels)
        self.grn = GlobalResponseNorm(4 * channels)
        self.pwconv2 = nn.Linear(4 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:  # [B, C, H, W]
        y = self.norm(self.dwconv(x).permute(0, 2, 3, 1))  # [B, H, W, C]
        y = self.pwconv2(self.grn(F.gelu(self.pwconv1(y))))
        return x + y.permute(0, 3, 1, 2)


class Detector(nn.Module):
    def __init__(self, sizes: MotionSizes) -> None:
        super().__init__()
        widths = sizes.widths
        stem = nn.Sequential(nn.Conv2d(3, widths[0], 4, stride=4), ChannelNorm(widths[0]))
        self.downsample_layers = nn.ModuleList([stem])
        for narrow, wide in pairwise(widths):
            self.downsample_layers.append(nn.Sequential(ChannelNorm(narrow), nn.Conv2d(narrow, wide, 2, stride=2)))
        self.stages = nn.ModuleList(
            nn.Sequential(*(Block(width) for _ in range(depth)))
            for depth, width in zip(sizes.depths, widths, strict=True)
        )
        last = widths[-1]
        self.norm = nn.LayerNorm(last, eps=_EPSILON)
        self.fc_kp = nn.Linear(last, 3 * sizes.keypoints)
        self.fc_scale = nn.Linear(last, 1)
        self.fc_pitch = nn.Linear(last, sizes.bins)
        self.fc_yaw = nn.Linear(last, sizes.bins)
        self.fc_roll = nn.Linear(last, sizes.bins)
        self.fc_t = nn.Linear(last, 3)
        self.fc_exp = nn.Linear(last, 3 * sizes.keypoints)

    def forward(self, x: Tensor) -> Motion:
        for shrink, stage in zip(self.downsample_layers, self.stages, strict=True):
            x = stage(shrink(x))  # [B, 96, 64, 64], [B, 192, 32, 32], [B, 384, 16, 16], [B, 768, 8, 8]
        x = self.norm(x.mean(dim=(2, 3)))  # [B, 768]
        return Motion(
            canonical_keypoints=self.fc_kp(x).unflatten(1, (-1, 3)),
            scale=self.fc_scale(x),
            pitch=self.fc_pitch(x),
            yaw=self.fc_yaw(x),
            roll=self.fc_roll(x),
            translation=self.fc_t(x),
            expression=self.fc_exp(x).unflatten(1, (-1, 3)),
        )


class MotionExtractor(nn.Module):
    def __init__(self, sizes: MotionSizes = MotionSizes()) -> None:
        super().__init__()
        self.detector = Detector(sizes)

    def forward(self, portrait: Tensor) -> Motion:
        """Keypoints and pose of portraits, [B, 3, 256, 256], red green blue, 0 to 1."""
        motion: Motion = self.detector(portrait)
        return motion
