"""Facial expressions of emotions, after Ekman's action units, as offsets on a Pose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bus.events import Emotion
from services.render.easing import lerp
from services.render.pose import EMOTIONS

_OFFSETS: Mapping[Emotion, Mapping[str, float]] = {
    "neutral": {},
    "happy": {
        "smile": 0.7, "width": 0.35, "teeth": 1.0, "upper": 0.5, "jaw": 0.2, "squint": 0.6,
        "brow_left": 0.22, "brow_right": 0.15, "nose": 0.12, "roll": 1.5, "pitch": -1.5,
    },
    "sad": {
        "smile": -1.15, "width": -0.15, "sorrow": 1.0, "brow_left": -0.15, "brow_right": -0.15, "lid_left": -0.28,
        "lid_right": -0.28, "gaze_y": 0.3, "pitch": 5.0, "roll": -3.0, "shoulders": -0.8,
    },
    "surprised": {
        "brow_left": 1.0, "brow_right": 1.0, "lid_left": 0.4, "lid_right": 0.4, "jaw": 0.46, "pucker": 0.35,
        "width": -0.3, "pitch": -2.5, "shoulders": 0.35,
    },
    "angry": {
        "furrow": 1.0, "brow_left": -0.7, "brow_right": -0.7, "lid_left": -0.12, "lid_right": -0.12, "squint": 0.45,
        "smile": -0.9, "press": 0.35, "width": 0.05, "nose": 0.35, "pitch": 3.5, "shoulders": 0.2,
    },
    "disgusted": {
        "nose": 1.0, "upper": 0.75, "teeth": 0.35, "smile": -0.95, "squint": 0.6, "furrow": 0.45, "brow_left": -0.45,
        "brow_right": -0.15, "lid_left": -0.32, "lid_right": -0.18, "yaw": -5.0, "roll": 3.0, "pitch": -1.5,
    },
    "fearful": {
        "sorrow": 0.8, "brow_left": 0.6, "brow_right": 0.6, "furrow": 0.25, "lid_left": 0.34, "lid_right": 0.34,
        "width": 0.6, "jaw": 0.24, "teeth": 0.9, "upper": 0.3, "smile": -0.75,
        "pitch": -1.0, "yaw": 3.0, "shoulders": 1.0,
    },
}

_SPEAKING_SHARE = {"jaw": 0.15, "press": 0.0, "pucker": 0.2, "upper": 0.5, "teeth": 0.6, "width": 0.6}
"""Share of an emotion's offset that remains while the mouth forms words; 1 for all other fields."""


@dataclass(frozen=True)
class EmotionBlend:
    """A blend of two emotions."""

    start: Emotion
    end: Emotion
    share: float
    """0 all `start`, 1 all `end`."""

    def weights(self) -> tuple[float, ...]:
        """Weight of each of EMOTIONS; the sum is 1."""
        return tuple(
            (1.0 - self.share) * (emotion == self.start) + self.share * (emotion == self.end) for emotion in EMOTIONS
        )

    def offsets(self, speaking: float) -> dict[str, float]:
        """Offsets to add to a pose, by field.

        Args:
            speaking: 0 with the mouth at rest to 1 while it forms words.
        """
        start, end = _OFFSETS[self.start], _OFFSETS[self.end]
        return {
            name: lerp(start.get(name, 0.0), end.get(name, 0.0), self.share)
            * lerp(1.0, _SPEAKING_SHARE.get(name, 1.0), speaking)
            for name in start.keys() | end.keys()
        }
