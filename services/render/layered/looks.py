"""The built-in looks: colours and proportions of each drawn face."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Hair = Literal["long", "quiff", "curls", "silver"]
Clothes = Literal["knit", "hoodie", "blouse", "shirt"]


@dataclass(frozen=True, kw_only=True)
class Look:
    """One face. Colours are `#rrggbb`; proportions are factors, 1 is average."""

    hair: Hair
    clothes: Clothes
    skin: str
    skin_light: str
    skin_shade: str
    skin_line: str
    """Creases, nostrils, the rim of the ear."""
    blush: str
    lip: str
    lip_dark: str
    hair_colour: str
    hair_light: str
    hair_dark: str
    brow_colour: str
    iris: str
    iris_dark: str
    cloth: str
    cloth_light: str
    cloth_dark: str
    under: str
    """Colour of the garment visible at the collar."""
    sky: str
    sky_deep: str
    glow: str
    """Light in the background."""
    face_width: float = 1.0
    jaw_width: float = 1.0
    chin: float = 1.0
    eye_size: float = 1.0
    eye_tilt: float = 3.0
    """How much higher the outer corners are than the inner ones, degrees."""
    lashes: float = 1.0
    brow_thickness: float = 1.0
    brow_arch: float = 1.0
    nose_width: float = 1.0
    lip_fullness: float = 1.0
    mouth_width: float = 1.0
    neck: float = 1.0
    shoulders: float = 1.0
    beard: bool = False
    glasses: bool = False
    earrings: str = ""
    freckles: bool = False
    lines: float = 0.0
    """Wrinkles of age, 0 to 1."""


LOOKS: Mapping[str, Look] = {
    "ada": Look(
        hair="long", clothes="knit",
        skin="#f2c3a2", skin_light="#ffdfc6", skin_shade="#d99a78", skin_line="#a9674b", blush="#f0806e",
        lip="#d6696b", lip_dark="#b04a52",
        hair_colour="#6b3a26", hair_light="#a9683f", hair_dark="#41200f", brow_colour="#5a3120",
        iris="#3f8f7a", iris_dark="#17463d",
        cloth="#2f9c95", cloth_light="#53c2b6", cloth_dark="#1c6d6b", under="#f6efe4",
        sky="#efe6fb", sky_deep="#b9a6ea", glow="#fff4e6",
        earrings="#f1c873", freckles=True,
    ),
    "milo": Look(
        hair="quiff", clothes="hoodie",
        skin="#eebd93", skin_light="#fcd9b4", skin_shade="#cf9163", skin_line="#9b6038", blush="#e8886a",
        lip="#c9776a", lip_dark="#a3564e",
        hair_colour="#2b2a33", hair_light="#5b5a6d", hair_dark="#15141a", brow_colour="#25232a",
        iris="#6b4423", iris_dark="#2f1b0c",
        cloth="#3b5bdb", cloth_light="#6c88f5", cloth_dark="#2540a4", under="#f4f6fb",
        sky="#e2f1ff", sky_deep="#8fbdf0", glow="#ffffff",
        jaw_width=1.1, chin=1.02, eye_size=0.9, eye_tilt=2.0, lashes=0.35, brow_thickness=1.5,
        brow_arch=0.6, nose_width=1.12, lip_fullness=0.8, mouth_width=1.06, neck=1.2, shoulders=1.14,
    ),
    "noor": Look(
        hair="curls", clothes="blouse",
        skin="#9a5f3f", skin_light="#bd7f58", skin_shade="#713f28", skin_line="#4b2616", blush="#c2513f",
        lip="#a8434a", lip_dark="#7a2b36",
        hair_colour="#2c1c1a", hair_light="#5d3d33", hair_dark="#170d0d", brow_colour="#20120f",
        iris="#5a3217", iris_dark="#241106",
        cloth="#f28c5b", cloth_light="#ffb387", cloth_dark="#c9653a", under="#fff3e4",
        sky="#fff0d6", sky_deep="#f5b971", glow="#fffbe9",
        face_width=0.98, jaw_width=0.96, eye_size=1.02, eye_tilt=4.0, lashes=1.15, nose_width=1.2, lip_fullness=1.32,
        mouth_width=1.04, earrings="#f6d27a",
    ),
    "otto": Look(
        hair="silver", clothes="shirt",
        skin="#edbfa3", skin_light="#fbdcc6", skin_shade="#cc9276", skin_line="#98614a", blush="#e57f6d",
        lip="#c67a70", lip_dark="#9c5650",
        hair_colour="#c9ccd4", hair_light="#f2f4f8", hair_dark="#989ca9", brow_colour="#a3a6b1",
        iris="#4d7fae", iris_dark="#1f4166",
        cloth="#5e7d5a", cloth_light="#83a57c", cloth_dark="#41593f", under="#fbf6ea",
        sky="#e6f4ea", sky_deep="#9ccbaa", glow="#fffdf0",
        jaw_width=1.1, chin=1.02, eye_size=0.84, eye_tilt=-1.0, lashes=0.2, brow_thickness=1.55, brow_arch=0.7,
        nose_width=1.22, lip_fullness=0.72, neck=1.2, shoulders=1.12, beard=True, glasses=True, lines=1.0,
    ),
}
