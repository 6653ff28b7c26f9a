"""Layers that several networks share, and folding: precomputing whatever does not depend on the input."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval


@runtime_checkable
class Foldable(Protocol):
    """A module with work that does not depend on the input."""

    def fold_(self) -> None:
        """Do that work once, in place."""
        ...


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
        self.conv, self.norm = fold_batch_norm(self.conv, self.norm), nn.Identity()


class SpectralConv2d(nn.Module):
    """A convolution with spectral normalization: its kernel is divided by its largest singular value.

    The checkpoint holds the kernel and the two vectors of the power iteration of its training, which is not continued
    here: sigma = u . (W v), with W the kernel as a matrix, [outputs, inputs * side * side].
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
        """The normalized kernel."""
        if self.folded_weight is not None:
            return self.folded_weight
        assert self.weight_orig is not None
        return self.weight_orig / self.sigma()

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight(), self.bias, padding=self.padding)

    def fold_(self) -> None:
        self.folded_weight = self.weight().detach()
        self.weight_orig = self.weight_u = self.weight_v = None


def fold_batch_norm(conv: nn.Module, norm: nn.Module) -> nn.Module:
    """One convolution equal to a convolution and the batch norm after it."""
    assert isinstance(conv, nn.Conv2d | nn.Conv3d)
    assert isinstance(norm, nn.BatchNorm2d | nn.BatchNorm3d)
    return fuse_conv_bn_eval(conv, norm)


def fold(network: nn.Module) -> None:
    """Fold all modules of a network, in place; it can no longer be saved or loaded afterwards.

    Exact except for rounding. Call it before any change of precision.
    """
    for module in list(network.modules()):
        if isinstance(module, Foldable):
            module.fold_()


def conv_on_upsampled(x: Tensor, weight: Tensor, bias: Tensor | None, factor: int) -> Tensor:
    """A 3 x 3 convolution, padded by one, of an image that was upsampled by repeating each cell `factor` x `factor`.

    Computed on the original cells, as a polyphase filter: along an axis the first copy of a cell sees the cell before,
    the last one the cell behind, and those between only their own cell, so their kernels are sums of the 3 x 3 one.
    Needs 4/9 of the multiplications at `factor` 2, and 25/144 at 4.

    Args:
        x: [B, inputs, H, W].
        weight: [outputs, inputs, 3, 3].
    Returns:
        [B, outputs, H * factor, W * factor].
    """
    if factor == 1:
        return F.conv2d(x, weight, bias, padding=1)
    batch, _, height, width = x.shape
    result = x.new_empty(batch, weight.shape[0], height, factor, width, factor)
    for rows, (top, bottom), row_weight in _phases(weight, 2, factor):
        for columns, (left, right), both_weight in _phases(row_weight, 3, factor):
            part = F.conv2d(F.pad(x, (left, right, top, bottom)), both_weight, bias)  # [B, outputs, H, W]
            result[:, :, :, rows, :, columns] = part[:, :, :, None, :, None]
    return result.view(batch, weight.shape[0], height * factor, width * factor)


def _phases(weight: Tensor, axis: int, factor: int) -> list[tuple[slice, tuple[int, int], Tensor]]:
    """The phases along one axis of the kernel: copies of a cell, padding before and after, and kernel."""
    before, own, behind = weight.split(1, dim=axis)
    phases = [
        (slice(0, 1), (1, 0), torch.cat((before, own + behind), dim=axis)),
        (slice(factor - 1, factor), (0, 1), torch.cat((before + own, behind), dim=axis)),
    ]
    if factor > 2:
        phases.append((slice(1, factor - 1), (0, 0), before + own + behind))
    return phases
