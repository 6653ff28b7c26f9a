"""Small networks that move keypoints: stitching keeps the shoulders still, retargeting opens eyes and lips.

LivePortrait, section 3.2.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

KEYPOINTS = 21
STITCHING = (6 * KEYPOINTS, 128, 128, 64, 3 * KEYPOINTS + 2)
LIP = (3 * KEYPOINTS + 2, 128, 128, 64, 3 * KEYPOINTS)
EYE = (3 * KEYPOINTS + 3, 256, 256, 128, 128, 64, 3 * KEYPOINTS)


class Mlp(nn.Module):
    """A multilayer perceptron with ReLUs."""

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(widths):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        self.mlp = nn.Sequential(*layers[:-1])

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.mlp(x)
        return y


def stitch(network: Mlp, source: Tensor, driving: Tensor) -> Tensor:
    """The driving keypoints, corrected so that everything outside the face stays where it is in the source.

    Args:
        source: [B or 1, 21, 3].
        driving: [B, 21, 3].
    """
    both = torch.cat((source.flatten(1).expand(driving.shape[0], -1), driving.flatten(1)), dim=1)
    points, shift = network(both).split((3 * KEYPOINTS, 2), dim=1)
    return driving + points.view_as(driving) + nn.functional.pad(shift, (0, 1))[:, None]


def retarget_lips(network: Mlp, source: Tensor, source_ratio: float, ratios: Tensor) -> Tensor:
    """Offsets of transformed keypoints that open the lips to each of the ratios, [N, 21, 3].

    Args:
        source: [1, 21, 3].
        source_ratio: opening of the lips in the portrait, height over width of the mouth.
        ratios: openings to retarget to, [N].
    """
    return _offsets(network, source, [source_ratio], ratios)


def retarget_eyes(network: Mlp, source: Tensor, source_ratios: tuple[float, float], ratios: Tensor) -> Tensor:
    """Offsets that open both eyes likewise; their openings in the portrait are left and right in the image."""
    return _offsets(network, source, list(source_ratios), ratios)


def _offsets(network: Mlp, source: Tensor, known: list[float], ratios: Tensor) -> Tensor:
    count = ratios.shape[0]
    fixed = torch.cat((source.flatten(), source.new_tensor(known))).expand(count, -1)
    y: Tensor = network(torch.cat((fixed, ratios[:, None]), dim=1))
    return y.view(count, KEYPOINTS, 3)
