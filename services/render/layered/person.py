"""A drawn person: the parts in their order, from the back to the front."""

from __future__ import annotations

from services.render.layered import backdrop
from services.render.layered.beard import Beard
from services.render.layered.clothes import Clothes
from services.render.layered.eyes import Brows, Eyes, glasses
from services.render.layered.features import Nose, Wrinkles
from services.render.layered.hair import hair
from services.render.layered.head import NECK_Y, Head, jaw_drop
from services.render.layered.looks import Look
from services.render.layered.mouth import Mouth
from services.render.layered.picture import HeadTurn, Nodes, group, moved, turned
from services.render.layered.solids import Solids
from services.render.pose import Pose

_PLACE = (1.1, 0.0, 0.0, 1.1, 256.0, 232.0)
"""From the centre of the head to the drawing."""


class Person:
    """A drawing of one look."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._solids = Solids()
        self._head = Head(look, self._solids)
        self._hair = hair(look, self._solids)
        self._beard = Beard(look, self._solids)
        self._eyes, self._brows = Eyes(look), Brows(look)
        self._nose, self._wrinkles, self._mouth = Nose(look), Wrinkles(look), Mouth(look)
        self._clothes = Clothes(look)

    def backdrop(self) -> Nodes:
        return backdrop.backdrop(self._look)

    def draw(self, pose: Pose) -> Nodes:
        turn, flat = HeadTurn(pose), self._look.flat
        # What hangs lags behind a turn, and hangs straight from a tilted head.
        self._solids.project(turn, swing=(2.8 * pose.roll - 1.3 * pose.yaw, -0.35 * abs(pose.roll)), jaw=jaw_drop(pose))
        dy = -1.8 * pose.breath - 5.0 * pose.shoulders + 0.5 * pose.pitch
        lifted = turned(pose.roll, 0.0, NECK_Y, dx=0.7 * pose.yaw, dy=0.6 * dy)
        front = [
            *self._head.skin(pose, turn),
            *group(self._hair.shade, clip=self._head.face),
            *group(self._beard.stubble, clip=self._head.face),
            *self._beard.full,
            *self._mouth.draw(pose, turn),
            *self._nose.draw(pose, turn),
            *self._beard.moustache(pose, turn),
            *self._wrinkles.draw(pose, turn),
            *self._eyes.draw(pose, turn),
            *(() if flat else self._brows.draw(pose, turn)),
            *self._hair.in_front,
            *(self._brows.draw(pose, turn) if flat else ()),
            *glasses(self._look, turn),
        ]
        return group([
            *group(self._hair.behind, matrix=lifted),
            *group(self._head.neck(pose, turn), matrix=moved(0.3 * pose.yaw, 0.5 * dy)),
            *self._clothes.draw(pose),
            *group(front, matrix=lifted),
        ], matrix=_PLACE)
