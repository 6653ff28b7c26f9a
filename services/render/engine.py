"""The interface of an engine that draws faces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.audio import Samples
from services.render.pose import Pose

Frame: TypeAlias = NDArray[np.uint8]
"""One video frame as planar YUV 4:2:0, [height * 3 / 2, width], BT.601 in video range."""

Expressions: TypeAlias = NDArray[np.float32]
"""An expression for each frame as offsets of LivePortrait's keypoints from the face at rest, [frames, 21, 3]."""


class AnimatedFace(Protocol):
    """One character's face, ready to be drawn in any pose. Not thread-safe."""

    version: str
    """Changes whenever the same pose would give another frame."""

    def render(self, poses: Sequence[Pose], expressions: Expressions | None = None) -> Sequence[Frame]:
        """Draw one frame for each of a few poses; the arrays belong to the caller.

        Args:
            expressions: one for each pose, which then moves eyes and head only. An engine without such keypoints
                leaves them aside.
        """
        ...


class ExpressionNetwork(Protocol):
    """Makes expressions of a sound. Thread-safe."""

    version: str
    """Changes whenever the same sound would give others."""

    def expressions(self, sound: Samples, seed: int) -> Expressions:
        """The expressions of a whole speech, one for each 40 ms begun; the first one is the face at rest.

        Args:
            sound: [n], at 16 kHz.
        Raises:
            GpuFault: the graphics card failed.
        """
        ...


class Renderer(Protocol):
    """An engine. Its constructor loads what it needs; it is called from one thread, which is not the event loop's."""

    width: int
    height: int

    @property
    def name(self) -> str:
        """Of the engine that draws now; changes where a better one has been fetched meanwhile."""
        ...

    def face(self, look: str) -> AnimatedFace:
        """The face of a look.

        Raises:
            NotFound: there is no such look.
        """
        ...
