"""What the service needs of an engine that draws faces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.render.pose import Pose

Picture: TypeAlias = NDArray[np.uint8]
"""One frame as planar YUV 4:2:0, [height * 3 / 2, width], BT.601 in video range."""


class Face(Protocol):
    """One character's face, ready to be drawn. Used by one thread at a time."""

    version: str
    """Changes whenever the same pose would give another picture."""

    def render(self, poses: Sequence[Pose]) -> Sequence[Picture]:
        """Draw a few frames in one go; the arrays belong to the caller."""
        ...


class Renderer(Protocol):
    """An engine. Loads what it needs when it is made; called from one thread, not from the event loop."""

    name: str
    width: int
    height: int

    def face(self, look: str) -> Face:
        """The face of that look.

        Raises:
            NotFound: there is no such look.
        """
        ...
