"""The appearance extractor: computes a feature volume of a portrait, once for each character.

LivePortrait (arXiv 2407.03168), section 3.1; the volume is that of face-vid2vid (arXiv 2011.15126), figure 2.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from services.render.liveportrait.layers import ConvNorm, fold_batch_norm


@dataclass(frozen=True)
class AppearanceSizes:
    width: int = 64
    """Channels after the first convolution; each downsampling of the image doubles them."""
    downsamplings: int = 2
    channels: int = 32
    """Channels of the volume."""
    depth: int = 16
    """Depth of the volume, in cells."""
    blocks: int = 6


class DownBlock2d(ConvNorm):
    """Twice the channels, half the height and width."""

    def __init__(self, inputs: int) -> None:
        super().__init__(inputs, 2 * inputs, dimensions=2)

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(super().forward(x), 2)


class ResidualBlock3d(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1: nn.Module = nn.Conv3d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv3d(channels, channels, 3, padding=1)
        self.norm1 = nn.BatchNorm3d(channels)
        self.norm2: nn.Module = nn.BatchNorm3d(channels)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(F.relu(self.norm1(x)))
        return x + self.conv2(F.relu(self.norm2(y)))

    def fold_(self) -> None:
        self.conv1, self.norm2 = fold_batch_norm(self.conv1, self.norm2), nn.Identity()


class AppearanceExtractor(nn.Module):
    def __init__(self, sizes: AppearanceSizes = AppearanceSizes()) -> None:
        super().__init__()
        self.sizes = sizes
        width = sizes.width
        self.first = ConvNorm(3, width, dimensions=2)
        self.down_blocks = nn.ModuleList(DownBlock2d(width << level) for level in range(sizes.downsamplings))
        self.second = nn.Conv2d(width << sizes.downsamplings, sizes.channels * sizes.depth, 1)
        self.resblocks_3d = nn.Sequential()
        for index in range(sizes.blocks):
            self.resblocks_3d.add_module(f"3dr{index}", ResidualBlock3d(sizes.channels))

    def forward(self, portrait: Tensor) -> Tensor:
        """The feature volume of a portrait.

        Args:
            portrait: [B, 3, 256, 256], red green blue, 0 to 1.
        Returns:
            [B, 32, 16, 64, 64].
        """
        x = self.first(portrait)  # [B, 64, 256, 256]
        for block in self.down_blocks:
            x = block(x)  # [B, 128, 128, 128], then [B, 256, 64, 64]
        x = self.second(x)  # [B, 512, 64, 64]
        x = x.unflatten(1, (self.sizes.channels, self.sizes.depth))  # [B, 32, 16, 64, 64]
        volume: Tensor = self.resblocks_3d(x)
        return volume
