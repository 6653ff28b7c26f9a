"""The built-in looks: colours and proportions of each drawn face."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Hair = Literal["waves", "quiff", "puff", "silver", "bob"]
Clothes = Literal["knit", "hoodie", "blouse", "cardigan", "jacket"]
Backdrop = Literal["leaves", "shapes", "sun", "books", "rays"]


@dataclass(frozen=True, kw_only=True)
class Look:
    """One face. Colours are `#rrggbb`; proportions are factors, 1 is average."""

    hair: Hair
    clothes: Clothes
    backdrop: Backdrop
    skin: str
    skin_light: str
    skin_shade: str
    skin_line: str
    """Creases, nostrils, the rim of the ear."""
    blush: str
    lip: str
    lip_light: str
    lip_dark: str
    hair_colour: str
    hair_light: str
    hair_dark: str
    brow_colour: str
    iris: str
    iris_light: str
    iris_dark: str
    cloth: str
    cloth_light: str
    cloth_dark: str
    under: str
    """Colour of the garment visible at the collar."""
    trim: str
    """Colour of what is worn: a headband, a bow tie, buttons, stripes."""
    sky: str
    sky_deep: str
    glow: str
    """Light in the background."""
    rim: str
    """Light from behind, along the edge of the face and the hair."""
    face_width: float = 1.0
    jaw_width: float = 1.0
    chin: float = 1.0
    eye_size: float = 1.0
    eye_tilt: float = 3.0
    """How much higher the outer corners are than the inner ones."""
    lashes: float = 1.0
    brow_thickness: float = 1.0
    brow_arch: float = 1.0
    nose_width: float = 1.0
    lip_fullness: float = 1.0
    lip_line: float = 1.0
    """How clearly the lips stand out from the skin, 0 to 1."""
    mouth_width: float = 1.0
    neck: float = 1.0
    shoulders: float = 1.0
    beard: bool = False
    stubble: bool = False
    glasses: str = ""
    """Colour of the frame."""
    earrings: str = ""
    freckles: bool = False
    lines: float = 0.0
    """Wrinkles of age, 0 to 1."""
    flat: bool = False
    """Two tones with an edge between them in place of soft shading, as on a poster."""


@dataclass(frozen=True, kw_only=True)
class RobotLook:
    """A robot, whose face is a screen. Colours are `#rrggbb`."""

    shell: str
    shell_light: str
    shell_dark: str
    joint: str
    screen: str
    screen_light: str
    light: str
    """Of the eyes and the mouth."""
    warm: str
    """Of the cheeks, the tongue and the lamp."""
    sky: str
    sky_deep: str
    glow: str


LOOKS: Mapping[str, Look | RobotLook] = {
    "ada": Look(
        hair="waves", clothes="knit", backdrop="leaves",
        skin="#f6c6a4", skin_light="#ffe3ca", skin_shade="#dd8f72", skin_line="#a9563f", blush="#f4776a",
        lip="#dd6a69", lip_light="#f29a90", lip_dark="#a8404a",
        hair_colour="#9c4a26", hair_light="#dd8a45", hair_dark="#57200f", brow_colour="#7a3a20",
        iris="#3fa184", iris_light="#8fe0b8", iris_dark="#123f38",
        cloth="#2f9c95", cloth_light="#5fcbbd", cloth_dark="#176a6c", under="#fbf1e2", trim="#f4c667",
        sky="#f3ecff", sky_deep="#a99ae6", glow="#fff3dc", rim="#fff1d8",
        earrings="#f4c667", freckles=True, lip_fullness=1.05, lashes=1.0,
    ),
    "milo": Look(
        hair="quiff", clothes="hoodie", backdrop="shapes",
        skin="#efbb8e", skin_light="#ffdcb2", skin_shade="#cb8156", skin_line="#8f4f30", blush="#ea7f62",
        lip="#cc655f", lip_light="#e58f80", lip_dark="#8c3c40",
        hair_colour="#2e2b3d", hair_light="#6c6a92", hair_dark="#14121e", brow_colour="#26222f",
        iris="#7a4a22", iris_light="#d79a4e", iris_dark="#2c1708",
        cloth="#3b5bdb", cloth_light="#7d9bff", cloth_dark="#2338a0", under="#f4f6fb", trim="#ffd45c",
        sky="#e3f3ff", sky_deep="#7fb2f2", glow="#ffffff", rim="#dff1ff",
        jaw_width=1.1, chin=1.02, eye_size=0.94, eye_tilt=2.0, lashes=0.35, brow_thickness=1.5,
        brow_arch=0.7, nose_width=1.14, lip_fullness=0.9, mouth_width=1.06, neck=1.22, shoulders=1.14,
        stubble=True,
    ),
    "noor": Look(
        hair="puff", clothes="blouse", backdrop="sun",
        skin="#a5663f", skin_light="#cf8f5c", skin_shade="#6d3724", skin_line="#431d12", blush="#d2553f",
        lip="#b9474c", lip_light="#dc7a70", lip_dark="#6f2230",
        hair_colour="#2f1d1e", hair_light="#6b4437", hair_dark="#150b0d", brow_colour="#1f100e",
        iris="#6b3a17", iris_light="#c98a3e", iris_dark="#210e05",
        cloth="#f28c5b", cloth_light="#ffbb8d", cloth_dark="#c15a3a", under="#fff3e4", trim="#1f9a92",
        sky="#fff2d8", sky_deep="#f2a55e", glow="#fffbe6", rim="#ffd79a",
        face_width=0.98, jaw_width=0.97, eye_size=1.02, eye_tilt=4.5, lashes=1.2, nose_width=1.2, lip_fullness=1.3,
        mouth_width=1.04, earrings="#f6c95a",
    ),
    "otto": Look(
        hair="silver", clothes="cardigan", backdrop="books",
        skin="#f0c0a2", skin_light="#ffe0c9", skin_shade="#cf8a70", skin_line="#96543f", blush="#ec7a68",
        lip="#cc7870", lip_light="#e39c8e", lip_dark="#94494a",
        hair_colour="#d3d6e2", hair_light="#ffffff", hair_dark="#8f93ad", brow_colour="#c0c3d2",
        iris="#4a86be", iris_light="#a5d8f2", iris_dark="#173a5e",
        cloth="#5f8258", cloth_light="#8db182", cloth_dark="#3b5639", under="#fdf8ec", trim="#b5433f",
        sky="#f1efdc", sky_deep="#9cc0a0", glow="#fffbe8", rim="#fffbe6",
        face_width=1.02, jaw_width=1.1, eye_size=0.9, eye_tilt=-1.0, lashes=0.2, brow_thickness=1.75, brow_arch=0.9,
        nose_width=1.32, lip_fullness=0.72, lip_line=0.6, mouth_width=0.94, neck=1.2, shoulders=1.12, beard=True,
        glasses="#6b4a35", lines=1.0,
    ),
    "suki": Look(
        hair="bob", clothes="jacket", backdrop="rays", flat=True,
        skin="#ffd9c4", skin_light="#ffe9da", skin_shade="#f2a39a", skin_line="#b0506a", blush="#ff7f8e",
        lip="#e8536e", lip_light="#ff9aa6", lip_dark="#a02c52",
        hair_colour="#f0599a", hair_light="#ffa3c4", hair_dark="#9c2a76", brow_colour="#8d2a6c",
        iris="#4b5fd8", iris_light="#9fe3ff", iris_dark="#241a6b",
        cloth="#ffc93c", cloth_light="#ffe48a", cloth_dark="#e08a1e", under="#2b2350", trim="#2b2350",
        sky="#8df0e2", sky_deep="#46c9d8", glow="#b9fff2", rim="#fff6c9",
        face_width=1.0, jaw_width=0.92, chin=0.96, eye_size=1.2, eye_tilt=5.0, lashes=1.3, brow_thickness=0.7,
        brow_arch=1.1, nose_width=0.72, lip_fullness=0.8, mouth_width=0.86, neck=0.86, shoulders=0.94,
        earrings="#ffe48a",
    ),
    "pixel": RobotLook(
        shell="#f3efe9", shell_light="#ffffff", shell_dark="#a79fbb", joint="#4a4468",
        screen="#191433", screen_light="#3a2f73", light="#6df5e3", warm="#ff7aa2",
        sky="#cfc4ff", sky_deep="#5b4fd6", glow="#fbe6ff",
    ),
}
