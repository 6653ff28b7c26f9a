"""What several of the networks are made of, and how a loaded network is made ready to run: folded."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval


@runtime_checkable
class Foldable(Protocol):
    """A part of a network that can do some of its work once for all."""

    def fold_(self) -> None: ...


class ConvNorm(nn.Module):
    """A 3 x 3 (x 3) convolution, batch norm and ReLU.

    Args:
        dimensions: 2 for images, 3 for volumes.
    """

    def __init__(self, inputs: int, outputs: int, *, dimensions: int) -> None:
        super().__init__()
        self.conv: nn.Module
        self.norm: nn.Module
        if dimensions == 2:
            self.conv, self.norm = nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs)
        else:
            self.conv, self.norm = nn.Conv3d(inputs, outputs, 3, padding=1), nn.BatchNorm3d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(self.conv(x)))

    def fold_(self) -> None:
        self.conv, self.norm = folded(self.conv, self.norm), nn.Identity()


class SpectralConv2d(nn.Module):
    """A convolution whose kernel is divided by its largest singular value, as the checkpoint estimates it.

    The checkpoint holds the kernel and one pair of vectors from the power iteration of its training. Nothing is
    iterated here: sigma = u . (W v), with W the kernel as a matrix, [outputs, inputs * side * side].
    """

    def __init__(self, inputs: int, outputs: int, side: int, *, bias: bool) -> None:
        super().__init__()
        self.padding = side // 2
        self.weight_orig: nn.Parameter | None = nn.Parameter(torch.empty(outputs, inputs, side, side))
        self.bias = nn.Parameter(torch.empty(outputs)) if bias else None
        self.weight_u: Tensor | None
        self.weight_v: Tensor | None
        self.folded_weight: Tensor | None
        self.register_buffer("weight_u", torch.empty(outputs))
        self.register_buffer("weight_v", torch.empty(inputs * side * side))
        self.register_buffer("folded_weight", None, persistent=False)

    def sigma(self) -> Tensor:
        assert self.weight_orig is not None
        assert self.weight_u is not None
        assert self.weight_v is not None
        return self.weight_u @ (self.weight_orig.flatten(1) @ self.weight_v)

    def weight(self) -> Tensor:
        """The kernel that is convolved with."""
        if self.folded_weight is not None:
            return self.folded_weight
        assert self.weight_orig is not None
        return self.weight_orig / self.sigma()

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight(), self.bias, padding=self.padding)

    def fold_(self) -> None:
        self.folded_weight = self.weight().detach()
        self.weight_orig = self.weight_u = self.weight_v = None


def folded(conv: nn.Module, norm: nn.Module) -> nn.Module:
    """One convolution that does what a convolution and the batch norm after it do."""
    assert isinstance(conv, nn.Conv2d | nn.Conv3d)
    assert isinstance(norm, nn.BatchNorm2d | nn.BatchNorm3d)
    return fuse_conv_bn_eval(conv, norm)


def fold(network: nn.Module) -> None:
    """Compute in advance what does not depend on the input; the network can no longer be saved or loaded then.

    Exact but for rounding. Must come before any change of precision.
    """
    for module in list(network.modules()):
        if isinstance(module, Foldable):
            module.fold_()


def conv_on_upsampled(x: Tensor, weight: Tensor, bias: Tensor | None, times: int) -> Tensor:
    """A 3 x 3 convolution, padded by one, of an image whose every cell is repeated `times` x `times`.

    It is computed on the cells themselves. Along an axis the first of the copies sees the cell before, the last one
    the cell behind, and those between see their own cell three times, so their kernels are sums of the 3 x 3 one.
    Needs 4/9 of the multiplications at `times` 2, and 25/144 at 4.

    Args:
        x: [B, inputs, H, W].
        weight: [outputs, inputs, 3, 3].
    Returns:
        [B, outputs, H * times, W * times].
    """
    if times == 1:
        return F.conv2d(x, weight, bias, padding=1)
    batch, _, height, width = x.shape
    result = x.new_empty(batch, weight.shape[0], height, times, width, times)
    for rows, (top, bottom), row_weight in _phases(weight, 2, times):
        for columns, (left, right), both_weight in _phases(row_weight, 3, times):
            part = F.conv2d(F.pad(x, (left, right, top, bottom)), both_weight, bias)  # [B, outputs, H, W]
            result[:, :, :, rows, :, columns] = part[:, :, :, None, :, None]
    return result.view(batch, weight.shape[0], height * times, width * times)


def _phases(weight: Tensor, axis: int, times: int) -> list[tuple[slice, tuple[int, int], Tensor]]:
    """Which copies, what padding before and after, and which kernel, along one axis of the kernel."""
    before, own, behind = weight.split(1, dim=axis)
    phases = [
        (slice(0, 1), (1, 0), torch.cat((before, own + behind), dim=axis)),
        (slice(times - 1, times), (0, 1), torch.cat((before + own, behind), dim=axis)),
    ]
    if times > 2:
        phases.append((slice(1, times - 1), (0, 0), before + own + behind))
    return phases
