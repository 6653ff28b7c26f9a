"""From key points to the bytes of a frame: one function, which is compiled as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from services.render.liveportrait.generator import SpadeGenerator
from services.render.liveportrait.warping import WarpingModule

SIZES = (1, 2, 3, 5, 10)
"""Frames in one run: those of a speech's first batches, of its others, and of two conversations. Nothing else is run,
and so nothing else is compiled; a run of another count is filled up."""

Compiling = Literal["off", "compile", "graphs"]
_MODES = {"compile": "default", "graphs": "reduce-overhead"}


def next_size(frames: int) -> int:
    """The smallest of SIZES that holds so many frames."""
    return next(size for size in SIZES if size >= frames)


class Drawing(torch.nn.Module):
    """Warping, generator, size and colours.

    Args:
        size: width and height of the frames, pixels.
    """

    def __init__(self, warping: WarpingModule, generator: SpadeGenerator, size: int) -> None:
        super().__init__()
        self.warping = warping
        self.generator = generator
        self.size = size

    def forward(self, features: Tensor, compressed: Tensor, points: Tensor) -> Tensor:
        """Draw frames.

        Args:
            features: of each frame's portrait, [B, 32, 16, 64, 64], float32.
            compressed: of each frame's portrait, [B, 4, 16, 64, 64].
            points: driving and source key points of each frame, [B, 2, 21, 3], float32.
        Returns:
            Planar YUV 4:2:0 and a last byte that is 1 where the networks' output was finite, [B, size * size * 3 / 2 +
            1], uint8: all that leaves the device, so that one copy brings it and nothing else has to be waited for.
        """
        images = self.generator(self.warping(features, points[:, 0], points[:, 1], compressed))
        finite = torch.isfinite(images).flatten(1).all(dim=1, keepdim=True)
        planes = to_yuv420(resized(images, self.size))
        return torch.cat((planes.flatten(1), finite.to(torch.uint8)), dim=1)


def compiled(drawing: Drawing, compiling: Compiling, backend: str | Callable[..., Any] = "inductor") -> Any:
    """The function as torch compiles it, once for each of SIZES; unchanged where compiling is off.

    Two functions of CUDA graphs would overwrite each other's outputs: so it is one.
    """
    if compiling == "off":
        return drawing
    torch._dynamo.config.recompile_limit = max(torch._dynamo.config.recompile_limit, 8 * len(SIZES))
    if backend != "inductor":
        return torch.compile(drawing, backend=backend, dynamic=False, fullgraph=True)
    return torch.compile(drawing, mode=_MODES[compiling], dynamic=False, fullgraph=True)


def resized(images: Tensor, size: int) -> Tensor:
    """Images, [B, 3, H, H], resized to `size` pixels on a side."""
    if images.shape[-1] == size:
        return images
    return F.interpolate(images, size=(size, size), mode="bilinear", antialias=size < images.shape[-1])


def to_yuv420(images: Tensor) -> Tensor:
    """Images, [B, 3, H, W], 0 to 1, as planar YUV 4:2:0, [B, H * 3 / 2, W], BT.601 in video range, uint8."""
    red, green, blue = images.unbind(dim=1)
    luma = 16.0 + 65.481 * red + 128.553 * green + 24.966 * blue
    small = F.avg_pool2d(images, 2)
    red, green, blue = small.unbind(dim=1)
    chroma_blue = 128.0 - 37.797 * red - 74.203 * green + 112.0 * blue
    chroma_red = 128.0 + 112.0 * red - 93.786 * green - 18.214 * blue
    width = images.shape[-1]
    planes = [luma, chroma_blue.reshape(len(images), -1, width), chroma_red.reshape(len(images), -1, width)]
    return (torch.cat(planes, dim=1) + 0.5).to(torch.uint8)
