"""Layers that several networks share, and folding: precomputing whatever does not depend on the input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeAlias, runtime_checkable

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


@runtime_checkable
class Paddable(Protocol):
    """A module that has channels added once all are folded."""

    def pad_(self) -> None:
        """Add them, in place."""
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
    modules = list(network.modules())
    for module in modules:
        if isinstance(module, Foldable):
            module.fold_()
    for module in modules:
        if isinstance(module, Paddable):
            module.pad_()


class UpsampledConv2d(nn.Conv2d):
    """A 3 x 3 convolution, padded by one, of an image that is upsampled by repeating each cell `factor` x `factor`.

    Computed on the original cells, as a polyphase filter: along an axis the first copy of a cell sees the cell before,
    the last one the cell behind, and those between only their own cell, so their kernels are sums of the 3 x 3 one.
    Needs 4/9 of the multiplications at `factor` 2, and 25/144 at 4.
    """

    def __init__(self, inputs: int, outputs: int, factor: int) -> None:
        super().__init__(inputs, outputs, 3, padding=1)
        self.factor = factor
        self.is_folded = False

    def forward(self, x: Tensor) -> Tensor:
        """[B, inputs, H, W] to [B, outputs, H * factor, W * factor]."""
        if self.factor == 1:
            return super().forward(x)
        batch, _, height, width = x.shape
        factor, outputs = self.factor, self.out_channels
        if is_channels_last(x):
            result = x.new_empty(batch, height, factor, width, factor, outputs).permute(0, 5, 1, 2, 3, 4)
        else:
            result = x.new_empty(batch, outputs, height, factor, width, factor)
        for (rows, (top, bottom), columns, (left, right)), kernel in zip(_places(factor), self._kernels(), strict=True):
            part = F.conv2d(F.pad(x, (left, right, top, bottom)), kernel, self.bias)  # [B, outputs, H, W]
            result[:, :, :, rows, :, columns] = part[:, :, :, None, :, None]
        return result.flatten(4, 5).flatten(2, 3)

    def fold_(self) -> None:
        if self.factor == 1:
            return
        for index, kernel in enumerate(self._kernels()):
            self.register_buffer(f"kernel_{index}", kernel.detach(), persistent=False)
        self.weight = None
        self.is_folded = True

    def _kernels(self) -> list[Tensor]:
        """One for each of the phases, in the order of `_places`."""
        if self.is_folded:
            return [self.get_buffer(f"kernel_{index}") for index in range(len(_places(self.factor)))]
        return [both for rows in _phase_kernels(self.weight, 2, self.factor)
                for both in _phase_kernels(rows, 3, self.factor)]  # fmt: skip


_Place: TypeAlias = tuple[slice, tuple[int, int]]
"""Copies of a cell along one axis, and the padding before and after it."""


def _places(factor: int) -> list[tuple[slice, tuple[int, int], slice, tuple[int, int]]]:
    """The phases of both axes: copies of a cell and padding, for rows and columns."""
    one: list[_Place] = [(slice(0, 1), (1, 0)), (slice(factor - 1, factor), (0, 1))]
    if factor > 2:
        one.append((slice(1, factor - 1), (0, 0)))
    return [(*rows, *columns) for rows in one for columns in one]


def _phase_kernels(weight: Tensor, axis: int, factor: int) -> list[Tensor]:
    """The kernels of the phases along one axis, in the order of `_places`."""
    before, own, behind = weight.split(1, dim=axis)
    kernels = [torch.cat((before, own + behind), dim=axis), torch.cat((before + own, behind), dim=axis)]
    return [*kernels, before + own + behind] if factor > 2 else kernels


def instance_norm(x: Tensor) -> Tensor:
    """Each channel of each sample with mean 0 and deviation 1, [B, C, H, W], in the same layout."""
    if not is_channels_last(x):
        return F.instance_norm(x)  # epsilon 1e-5
    variance, mean = torch.var_mean(x.float(), dim=(2, 3), correction=0, keepdim=True)
    return ((x - mean) * torch.rsqrt(variance + 1e-5)).to(x.dtype)


def is_channels_last(x: Tensor) -> bool:
    """Whether the channels of an image or volume lie side by side in memory."""
    return x.is_contiguous(memory_format=_last(x)) and not x.is_contiguous()


def in_layout_of(x: Tensor, conv: nn.Module) -> Tensor:
    """An image or volume in the memory layout that a convolution's kernel has."""
    weight = conv.weight
    assert isinstance(weight, Tensor)
    return x.contiguous(memory_format=_last(x) if is_channels_last(weight) else torch.contiguous_format)


def by_slice(function: Callable[[Tensor], Tensor], volume: Tensor) -> Tensor:
    """A function of images applied to each slice of volumes, [B, C, D, H, W], without moving them in memory."""
    if is_channels_last(volume):
        slices = function(volume.transpose(1, 2).flatten(0, 1))  # [B * D, C, H, W]
        return slices.unflatten(0, (volume.shape[0], volume.shape[2])).transpose(1, 2)
    return function(volume.flatten(1, 2)).unflatten(1, volume.shape[1:3])


def set_channels_last(network: nn.Module) -> None:
    """Give the kernels of a network the layout that tensor cores read, whether they are for images or for volumes."""
    for value in (*network.parameters(), *network.buffers()):
        if value.dim() in (4, 5):
            value.data = value.data.contiguous(memory_format=_last(value))


def pad_channels(conv: nn.Module, *, inputs: int, outputs: int) -> None:
    """Add channels to a convolution, in place: those it does not read, and those that are always 0.

    Tensor cores take channels by eights; any other count costs a copy, or falls back to slower kernels.
    """
    assert isinstance(conv, nn.Conv2d | nn.Conv3d)
    weight, bias = conv.weight, conv.bias
    assert bias is not None
    more = outputs - conv.out_channels
    spatial = (0, 0) * (weight.dim() - 2)
    padded = F.pad(weight, (*spatial, 0, inputs - conv.in_channels, 0, more))
    conv.weight = nn.Parameter(padded, requires_grad=False)
    conv.bias = nn.Parameter(F.pad(bias, (0, more)), requires_grad=False)
    conv.in_channels, conv.out_channels = inputs, outputs


def padded_count(channels: int) -> int:
    """The next multiple of eight."""
    return -(-channels // 8) * 8


def _last(x: Tensor) -> torch.memory_format:
    return torch.channels_last if x.dim() == 4 else torch.channels_last_3d
