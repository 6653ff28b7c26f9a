"""Maps a pose of the control track to LivePortrait's controls: openings of lips and eyes, and offsets of keypoints.

The keypoints that each control moves are those of the authors' own portrait editor (MIT). The amounts for a pose are
ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.render.easing import clamp
from services.render.liveportrait.retargeting import KEYPOINTS
from services.render.pose import Pose

LARGEST_RATIO = 0.8
"""Largest opening of lips or eyes, height over width, that the authors use the retargeting networks for."""
_X, _Y, _Z = 0, 1, 2

_UNITS: Mapping[str, tuple[tuple[int, int, float], ...]] = {
    "open": ((19, _Y, 1e-3), (19, _Z, 1e-4), (17, _Y, -1e-4)),
    "round": ((14, _Y, 1e-3), (3, _Y, -5e-4), (7, _Y, -5e-4), (17, _Z, -5e-4)),
    "spread": ((20, _Z, -1e-3), (20, _Y, -1e-3), (14, _Y, -1e-3)),
    "smile": (
        (20, _Y, -1e-2), (14, _Y, -2e-2), (17, _Y, 6.5e-3), (17, _Z, 3e-3), (13, _Y, -2.75e-3), (16, _Y, -2.75e-3),
        (3, _Y, -3.5e-3), (7, _Y, -3.5e-3),
    ),
    "eyes": ((11, _Y, -1e-3), (15, _Y, -1e-3), (13, _Y, 3e-4), (16, _Y, 3e-4)),
    "brows_up": ((1, _Y, 1e-3), (2, _Y, -1e-3)),
    "brows_down": ((1, _X, 1e-3), (2, _X, -1e-3), (1, _Y, -3e-4), (2, _Y, 3e-4)),
    "gaze_x": ((11, _X, 8.5e-4), (15, _X, 8.5e-4)),
    "gaze_y": ((11, _Y, 1e-3), (15, _Y, 1e-3)),
}
"""Offsets for one unit of each control: keypoint, axis, amount."""
_NAMES = tuple(_UNITS)


def _unit_offsets() -> NDArray[np.float32]:
    """Offsets for one unit of each control, [controls, 21, 3]."""
    offsets = np.zeros((len(_NAMES), KEYPOINTS, 3), np.float32)
    for control, name in enumerate(_NAMES):
        for keypoint, axis, amount in _UNITS[name]:
            offsets[control, keypoint, axis] = amount
    return offsets


_UNIT_OFFSETS = _unit_offsets()
_EYES = (11, 13, 15, 16, 18)
"""Keypoints of the eyes."""


@dataclass(frozen=True)
class Controls:
    """LivePortrait's controls of one frame. All zero, with lids of 1, is the unchanged portrait."""

    lips: float
    """Opening of the lips, height over width of the mouth, added to that in the portrait."""
    press: float
    """0 leaves the lips as open as they are in the portrait, 1 closes them."""
    lids: float
    """Opening of the eyes as a factor of that in the portrait."""
    expression: NDArray[np.float32]
    """Offsets added to the expression, [21, 3]."""
    pitch: float
    """Degrees added, with LivePortrait's sign, like yaw and roll."""
    yaw: float
    roll: float
    lift: float
    """Upward movement of the head, in keypoint units."""


def controls_for_pose(pose: Pose) -> Controls:
    """The controls that produce a pose."""
    closed = clamp(max(pose.press, 0.8 * pose.tuck))
    amounts = {
        "open": -15.0 * pose.press - 8.0 * pose.tuck,
        "round": 11.0 * pose.pucker,
        "spread": 7.0 * max(pose.width, 0.0) + 3.0 * pose.tuck,
        "smile": clamp(pose.smile, -0.5, 1.3),
        "eyes": -4.0 * pose.squint - 5.0 * pose.gaze_y,
        "brows_up": max(0.0, 10.0 * (pose.brow_left + pose.brow_right) + 12.0 * pose.sorrow),
        "brows_down": max(0.0, 18.0 * pose.furrow - 6.0 * (pose.brow_left + pose.brow_right)),
        "gaze_x": 20.0 * pose.gaze_x,
        "gaze_y": 16.0 * pose.gaze_y,
    }
    weights = np.array([amounts[name] for name in _NAMES], np.float32)
    return Controls(
        lips=0.5 * max(pose.jaw, 0.0) * (1.0 - 0.9 * closed) + 0.04 * pose.upper,
        press=closed,
        lids=max(0.5 * (pose.lid_left + pose.lid_right), 0.0),
        expression=np.tensordot(weights, _UNIT_OFFSETS, axes=1).astype(np.float32),
        pitch=pose.pitch,
        yaw=-pose.yaw,
        roll=pose.roll,
        lift=0.008 * pose.breath + 0.012 * pose.shoulders,
    )


def with_expression(controls: Controls, expression: NDArray[np.float32]) -> Controls:
    """Controls with the expression of a network, [21, 3]. Eyes and head stay: they go on from the idle loop."""
    merged = np.array(expression, np.float32)
    merged[_EYES, :] = controls.expression[_EYES, :]
    return replace(controls, lips=0.0, press=0.0, expression=merged)
