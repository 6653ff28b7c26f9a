"""The pose of a face in one frame of the control track, in controls that every renderer supports."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bus.events import Emotion

EMOTIONS: tuple[Emotion, ...] = ("neutral", "happy", "sad", "surprised", "angry", "disgusted", "fearful")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """Positions of all movable parts of a face. The defaults are the face at rest.

    Unless stated otherwise 0 is absent and 1 is as far as is comfortable for a person. Left and right are the viewer's.
    """

    jaw: float = 0.0
    """How far the mouth is open."""
    width: float = 0.0
    """Mouth corners, -1 drawn together to 1 spread."""
    pucker: float = 0.0
    """Lips rounded and pushed forward."""
    press: float = 0.0
    """Lips closed and pressed on each other, whatever the jaw does."""
    upper: float = 0.0
    """Upper lip raised."""
    tuck: float = 0.0
    """Lower lip under the upper teeth."""
    teeth: float = 0.0
    """Upper teeth shown."""
    tongue: float = 0.0
    """Tip of the tongue raised to the teeth."""
    speaking: float = 0.0
    """The mouth forms words. One that is open in a portrait, as in a laugh, gives way to them; no other changes."""
    smile: float = 0.0
    """Mouth corners, -1 down to 1 up."""
    lid_left: float = 1.0
    """Opening of the eye, 0 closed, 1 relaxed, 1.4 wide."""
    lid_right: float = 1.0
    squint: float = 0.0
    """Lower lids raised, as in a true smile."""
    gaze_x: float = 0.0
    """-1 to the left, 1 to the right."""
    gaze_y: float = 0.0
    """-1 up, 1 down."""
    brow_left: float = 0.0
    """-1 lowered to 1 raised."""
    brow_right: float = 0.0
    furrow: float = 0.0
    """Brows drawn together and down at the inner ends."""
    sorrow: float = 0.0
    """Inner ends of the brows raised."""
    nose: float = 0.0
    """Nose wrinkled."""
    yaw: float = 0.0
    """Head turned to the right, degrees, -25 to 25."""
    pitch: float = 0.0
    """Head bent down, degrees, -20 to 20."""
    roll: float = 0.0
    """Head tilted clockwise, degrees, -15 to 15."""
    breath: float = 0.0
    """Chest, 0 empty to 1 full."""
    shoulders: float = 0.0
    """-1 hanging to 1 drawn up."""
    emotion: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    """Weight of each of EMOTIONS, for renderers with expressions of their own; the other fields include it already."""

    def plus(self, **offsets: float) -> Pose:
        """This pose with offsets added, by field."""
        return replace(self, **{name: getattr(self, name) + offset for name, offset in offsets.items()})
