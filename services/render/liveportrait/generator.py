"""The generator: decodes warped features into a frame.

A SPADE generator (arXiv 1903.07291): the features are both its input and the label map that modulates every block;
LivePortrait, section 3.1. The last convolution produces four pixels for each of its cells (pixel shuffle).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from services.render.liveportrait.layers import (
    SpectralConv2d,
    UpsampledConv2d,
    in_layout_of,
    instance_norm,
    pad_channels,
    padded_count,
)

_SLOPE = 0.2


@dataclass(frozen=True)
class GeneratorSizes:
    label: int = 256
    """Channels of the features, which are also the label map."""
    width: int = 512
    hidden: int = 128
    """Channels between the label map and its scale and shift."""
    blocks: int = 6
    outputs: int = 64
    upscale: int = 2


class Spade(nn.Module):
    """Spatially adaptive normalization: scale and shift of each cell, computed from the label map.

    Args:
        factor: how many times larger than the label map the normalized images are.
    """

    def __init__(self, channels: int, sizes: GeneratorSizes, factor: int) -> None:
        super().__init__()
        self.mlp_shared = nn.Sequential(UpsampledConv2d(sizes.label, sizes.hidden, factor), nn.ReLU())
        self.mlp_gamma: nn.Conv2d | None = nn.Conv2d(sizes.hidden, channels, 3, padding=1)
        self.mlp_beta: nn.Conv2d | None = nn.Conv2d(sizes.hidden, channels, 3, padding=1)
        self.gamma_beta: nn.Conv2d | None = None
        """Both convolutions as one; replaces them when folded."""

    def forward(self, normed: Tensor, label: Tensor) -> Tensor:
        """Args: normed [B, C, n H, n W], after instance norm; label [B, 256, H, W]."""
        x = self.mlp_shared(label)
        if self.gamma_beta is not None:
            gamma, beta = self.gamma_beta(x).chunk(2, dim=1)
        else:
            assert self.mlp_gamma is not None
            assert self.mlp_beta is not None
            gamma, beta = self.mlp_gamma(x), self.mlp_beta(x)
        return torch.addcmul(normed + beta, normed, gamma)

    def fold_(self) -> None:
        gamma, beta = self.mlp_gamma, self.mlp_beta
        assert gamma is not None
        assert beta is not None
        assert gamma.bias is not None
        assert beta.bias is not None
        both = nn.Conv2d(gamma.in_channels, 2 * gamma.out_channels, 3, padding=1)
        both.weight = nn.Parameter(torch.cat((gamma.weight, beta.weight)), requires_grad=False)
        both.bias = nn.Parameter(torch.cat((gamma.bias, beta.bias)), requires_grad=False)
        self.gamma_beta, self.mlp_gamma, self.mlp_beta = both, None, None


class SpadeBlock(nn.Module):
    def __init__(self, inputs: int, outputs: int, sizes: GeneratorSizes, factor: int = 1) -> None:
        super().__init__()
        middle = min(inputs, outputs)
        self.norm_0 = Spade(inputs, sizes, factor)
        self.conv_0 = SpectralConv2d(inputs, middle, 3, bias=True)
        self.norm_1 = Spade(middle, sizes, factor)
        self.conv_1 = SpectralConv2d(middle, outputs, 3, bias=True)
        self.norm_s = Spade(inputs, sizes, factor) if inputs != outputs else None
        self.conv_s = SpectralConv2d(inputs, outputs, 1, bias=False) if inputs != outputs else None

    def forward(self, x: Tensor, label: Tensor) -> Tensor:
        """Args: x [B, inputs, n H, n W]; label [B, 256, H, W]."""
        normed = instance_norm(x)
        y = self.conv_0(F.leaky_relu(self.norm_0(normed, label), _SLOPE))
        y = self.conv_1(F.leaky_relu(self.norm_1(instance_norm(y), label), _SLOPE))
        if self.norm_s is not None and self.conv_s is not None:
            x = self.conv_s(self.norm_s(normed, label))
        return x + y


class ColourShuffle(nn.PixelShuffle):
    """Channels become pixels, [B, 3 n n, H, W] to [B, 3, n H, n W]; further channels are left out."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x[:, : 3 * self.upscale_factor**2])


class SpadeGenerator(nn.Module):
    def __init__(self, sizes: GeneratorSizes = GeneratorSizes()) -> None:
        super().__init__()
        width, outputs = sizes.width, sizes.outputs
        self.blocks = sizes.blocks
        self.fc = nn.Conv2d(sizes.label, width, 3, padding=1)
        for index in range(sizes.blocks):
            self.add_module(f"G_middle_{index}", SpadeBlock(width, width, sizes))
        self.up_0 = SpadeBlock(width, sizes.label, sizes, 2)
        self.up_1 = SpadeBlock(sizes.label, outputs, sizes, 4)
        self.conv_img = nn.Sequential(
            nn.Conv2d(outputs, 3 * sizes.upscale**2, 3, padding=1), ColourShuffle(sizes.upscale)
        )

    def forward(self, features: Tensor) -> Tensor:
        """Decode features.

        Args:
            features: [B, 256, 64, 64], from the warping module.
        Returns:
            [B, 3, 512, 512], red green blue, 0 to 1.
        """
        features = in_layout_of(features, self.fc)
        x = self.fc(features)  # [B, 512, 64, 64]
        for index in range(self.blocks):
            x = self.get_submodule(f"G_middle_{index}")(x, features)
        x = self.up_0(F.interpolate(x, scale_factor=2), features)  # [B, 256, 128, 128]
        x = self.up_1(F.interpolate(x, scale_factor=2), features)  # [B, 64, 256, 256]
        return torch.sigmoid(self.conv_img(F.leaky_relu(x, _SLOPE)).float())

    def pad_(self) -> None:
        conv = self.conv_img[0]
        pad_channels(conv, inputs=conv.in_channels, outputs=padded_count(conv.out_channels))
