"""Keypoints from the outputs of the motion extractor: LivePortrait, equation 2."""

from __future__ import annotations

import torch
from torch import Tensor

_BIN_DEGREES, _FIRST_BIN = 3.0, -97.5


def angles_from_logits(logits: Tensor) -> Tensor:
    """Expected angles, degrees, of logits over bins of three degrees: [..., 66] to [...]."""
    bins = torch.arange(logits.shape[-1], device=logits.device, dtype=logits.dtype)
    return (logits.softmax(dim=-1) * bins).sum(dim=-1) * _BIN_DEGREES + _FIRST_BIN


def rotation_matrix(pitch: Tensor, yaw: Tensor, roll: Tensor) -> Tensor:
    """Rotation matrices of angles in degrees, [...] to [..., 3, 3]; row vectors are multiplied from the left.

    Pitch bends the head down, yaw turns the nose to the left of the image, roll tilts the head clockwise.
    """
    (sx, cx), (sy, cy), (sz, cz) = ((a.deg2rad().sin(), a.deg2rad().cos()) for a in (pitch, yaw, roll))
    zero, one = torch.zeros_like(sx), torch.ones_like(sx)

    def matrix(*cells: Tensor) -> Tensor:
        return torch.stack(cells, dim=-1).unflatten(-1, (3, 3))

    around_x = matrix(one, zero, zero, zero, cx, -sx, zero, sx, cx)
    around_y = matrix(cy, zero, sy, zero, one, zero, -sy, zero, cy)
    around_z = matrix(cz, -sz, zero, sz, cz, zero, zero, zero, one)
    return (around_z @ around_y @ around_x).transpose(-1, -2)


def transform_keypoints(
    canonical: Tensor, rotation: Tensor, expression: Tensor, scale: Tensor, translation: Tensor
) -> Tensor:
    """Canonical keypoints transformed by a head's pose: rotated, with an expression, scaled and translated.

    Args:
        canonical: keypoints, [B or 1, 21, 3].
        rotation: [B, 3, 3], see `rotation_matrix`.
        expression: [B or 1, 21, 3].
        scale: [B or 1, 1].
        translation: [B or 1, 3]; its depth is ignored.
    Returns:
        [B, 21, 3].
    """
    flat = translation * translation.new_tensor((1.0, 1.0, 0.0))
    return scale[..., None] * (canonical @ rotation + expression) + flat[..., None, :]
