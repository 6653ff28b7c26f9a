"""Eyes, brows, nose and cheeks."""

from __future__ import annotations

from services.render.easing import clamp, mix
from services.render.layered.looks import Look
from services.render.layered.svg import (
    Turn,
    blend,
    clip,
    closed_curve,
    ellipse,
    group,
    open_curve,
    path,
    stroke,
)
from services.render.pose import Pose

EYE_X, EYE_Y = 45.0, -4.0
_EYE_HALF = 26.0
_IRIS = 14.2
_LID_TOP = -15.5


def eyes(look: Look, pose: Pose, turn: Turn) -> str:
    return "".join(_eye(look, pose, turn, side) for side in (-1, 1))


def _eye(look: Look, pose: Pose, turn: Turn, side: int) -> str:
    lid = clamp(pose.lid_left if side < 0 else pose.lid_right, 0.0, 1.45)
    size = look.eye_size
    half, squint = _EYE_HALF, clamp(pose.squint)
    top = mix(7.5, _LID_TOP, lid) if lid < 1.0 else _LID_TOP - 10.0 * (lid - 1.0)
    bottom = mix(8.5, 12.5, clamp(lid)) - 6.5 * squint * clamp(lid * 1.5)
    top = min(top, bottom - 0.4)
    inner, outer = (-side * half, 3.0), (side * half, -look.eye_tilt * 0.55)
    upper = [inner, (-side * half * 0.55, mix(inner[1], top, 0.78)), (-side * 1.0, top),
             (side * half * 0.6, mix(outer[1], top, 0.82)), outer]
    lower = [outer, (side * half * 0.55, mix(outer[1], bottom, 0.86)), (-side * 2.0, bottom),
             (-side * half * 0.62, mix(inner[1], bottom, 0.72)), inner]
    almond = open_curve(upper) + open_curve(lower, start="L") + "Z"
    name = "el" if side < 0 else "er"
    gaze_x = clamp(pose.gaze_x, -1.0, 1.0) * 9.0
    gaze_y = clamp(pose.gaze_y, -1.0, 1.0) * 6.0 - 1.2
    ball = (
        path(almond, "url(#white)")
        + _iris(look, gaze_x, gaze_y)
        + stroke(open_curve([(x, y + 2.2) for x, y in upper]), "#3a2a33", 5.5, opacity=0.22)
    )
    crease_lift = 6.0 + 1.5 * clamp(lid - 1.0, 0.0, 0.4) - 1.5 * clamp(1.0 - lid)
    rest_top = mix(top, _LID_TOP, 0.55) - crease_lift
    crease = [(inner[0] * 0.86, -2.5), (-side * half * 0.45, rest_top + 2.6), (side * 1.0, rest_top),
              (side * half * 0.68, rest_top + 3.8), (side * half * 1.02, outer[1] - 3.5)]
    lid_skin = path(
        open_curve(crease) + open_curve(upper[::-1], start="L") + "Z", look.skin_shade, opacity=0.38 + 0.2 * (lid < 0.6)
    )
    below = [(x * 1.02, y + 4.5 + 2.0 * squint) for x, y in lower[1:]]
    content = (
        ellipse(side * 1.5, -1.0, half * 1.5, 29.0, "url(#socket)", opacity=0.55)
        + lid_skin
        + clip(name, almond)
        + group(ball, clip=name)
        + stroke(open_curve(lower[:4]), look.skin_line, 1.2, opacity=0.55)
        + _lashes(look, upper, side, lid)
        + stroke(open_curve(crease), look.skin_line, 1.5, opacity=0.55)
        + stroke(open_curve(below), look.skin_line, 1.3, opacity=clamp(0.16 + 0.3 * squint + 0.25 * look.lines))
    )
    scale = f" scale({size:.3f})" if size != 1.0 else ""
    return group(content, transform=turn.patch(side * EYE_X * look.face_width, EYE_Y) + scale)


def _iris(look: Look, x: float, y: float) -> str:
    return (
        ellipse(x, y, _IRIS, _IRIS, look.iris_dark)
        + ellipse(x, y, _IRIS - 1.3, _IRIS - 1.3, "url(#iris)")
        + ellipse(x, y, 6.4, 6.4, "#120c10")
        + ellipse(x + 0.5, y + 7.0, 7.6, 4.2, "#ffffff", opacity=0.18)
        + ellipse(x - 4.6, y - 5.4, 4.2, 4.2, "#ffffff", opacity=0.95)
        + ellipse(x + 5.4, y + 4.6, 1.9, 1.9, "#ffffff", opacity=0.75)
    )


def _lashes(look: Look, upper: list[tuple[float, float]], side: int, lid: float) -> str:
    thick = 2.6 + 1.2 * look.lashes
    colour = blend(look.hair_dark, "#120a0c", 0.6)
    wing = (upper[-1][0] + side * (2.5 + 3.5 * look.lashes), upper[-1][1] - 1.0 - 3.0 * look.lashes * clamp(lid))
    over = [(x, y - thick * share) for (x, y), share in zip(upper, (0.15, 0.6, 0.95, 1.0, 0.7), strict=True)]
    line = open_curve([*upper, wing, wing]) + open_curve([wing, wing, *over[::-1]], start="L") + "Z"
    hairs = ""
    for at in (0.25, 0.6, 1.0) if look.lashes >= 0.8 else ():
        x, y = mix(upper[2][0], upper[4][0], at), mix(upper[2][1], upper[4][1], at * at)
        hairs += stroke(f"M{x:.1f} {y:.1f}l{side * (2.5 + 3.5 * at):.1f} {-5.0 + 1.5 * at:.1f}", colour, 1.7,
            opacity=0.9)
    return path(line, colour) + hairs


def brows(look: Look, pose: Pose, turn: Turn) -> str:
    return "".join(_brow(look, pose, turn, side) for side in (-1, 1))


def _brow(look: Look, pose: Pose, turn: Turn, side: int) -> str:
    lift = clamp(pose.brow_left if side < 0 else pose.brow_right, -1.0, 1.2)
    furrow, sorrow = clamp(pose.furrow), clamp(pose.sorrow)
    raised = -12.0 * lift if lift > 0 else -7.0 * lift
    inner = raised + 7.0 * furrow - 9.0 * sorrow
    middle = raised + 0.5 * furrow - 1.0 * sorrow - 2.5 * max(lift, 0.0)
    outer = raised * 0.8 - 2.0 * furrow + 4.0 * sorrow
    arch, thick = 6.5 * look.brow_arch, 3.6 * look.brow_thickness
    shift = -4.5 * furrow - 2.0 * sorrow
    spine = [
        (side * (shift - 25.0), inner - 4.0),
        (side * (0.6 * shift - 10.0), mix(inner, middle, 0.55) - 5.5),
        (side * 9.0, middle - arch - 0.5),
        (side * 29.0, outer + 2.5),
    ]
    widths = (0.5, 0.95, 0.82, 0.1)
    over = [(x, y - thick * w) for (x, y), w in zip(spine, widths, strict=True)]
    under = [(x, y + thick * w * 0.85) for (x, y), w in zip(spine, widths, strict=True)]
    data = closed_curve([*over, *under[::-1]])
    return group(
        path(data, "url(#brow)"), transform=turn.patch(side * (EYE_X + 1.0) * look.face_width, EYE_Y - 35.0, lift=3.0)
    )


def nose(look: Look, pose: Pose, turn: Turn) -> str:
    wide, wrinkle = look.nose_width, clamp(pose.nose)
    up = -3.5 * wrinkle
    w = 14.5 * wide + 1.5 * wrinkle
    side_shade = closed_curve([(3.0, -42.0), (8.0, -16.0), (9.0 * wide, 2.0), (w + 1.0, 12.0 + up), (6.0, 14.0),
        (3.5, 2.0), (2.5, -16.0)])
    under = closed_curve([(-w * 0.95, 12.0 + up), (-w * 0.5, 16.0 + up), (0.0, 20.0 + up * 0.5),
        (w * 0.5, 16.0 + up), (w * 0.95, 12.0 + up),
                          (w * 0.5, 21.5 + up), (0.0, 24.5 + up * 0.5), (-w * 0.5, 21.5 + up)])
    nostrils = "".join(
        path(closed_curve([(s * 4.0, 17.2 + up), (s * 7.6 * wide, 15.4 + up), (s * 10.2 * wide, 17.0 + up),
            (s * 7.0 * wide, 19.0 + up)]),
             look.skin_line, opacity=0.8)
        for s in (-1, 1)
    )
    wings = "".join(
        stroke(open_curve([(s * w * 0.86, 5.5 + up), (s * w * 1.04, 11.5 + up), (s * w * 0.84, 17.5 + up)]),
            look.skin_line, 1.7,
               opacity=0.5 + 0.2 * wrinkle)
        for s in (-1, 1)
    )
    wrinkles = "".join(
        stroke(open_curve([(s * 3.0, -34.0 - i * 6), (s * 8.0, -38.0 - i * 5), (s * 11.0, -37.0 - i * 4)]),
            look.skin_line, 1.5,
               opacity=0.5 * wrinkle)
        for s in (-1, 1) for i in (0, 1)
    )
    content = (
        path(side_shade, "url(#noseside)", opacity=0.55)
        + path(under, look.skin_shade, opacity=0.5)
        + ellipse(0.0, 10.0 + up, 13.0 * wide, 10.0, "url(#tip)", opacity=0.8)
        + ellipse(-2.0, -18.0, 4.2, 24.0, "url(#shine)", opacity=0.5)
        + nostrils + wings + wrinkles
        + ellipse(-3.0, 6.5 + up, 4.2, 3.0, "#ffffff", opacity=0.3)
    )
    return group(content, transform=turn.patch(0.0, 32.0, lift=13.0))


def cheeks(look: Look, pose: Pose, turn: Turn) -> str:
    smile = clamp(pose.smile)
    parts: list[str] = []
    for side in (-1, 1):
        content = ellipse(0.0, -4.0 * smile, 30.0, 22.0, "url(#blush)", opacity=0.55 + 0.25 * smile)
        content += ellipse(-side * 2.0 - 3.0, -10.0 - 4.0 * smile, 17.0, 10.0, "url(#shine)",
            opacity=0.35 + 0.25 * smile)
        if look.freckles:
            for x, y in ((-17, -2), (-9, -5), (-11, 4), (-2, 1), (6, -4), (4, 6), (14, 1), (-4, -9)):
                content += ellipse(side * x, y - 8.0, 1.0, 1.0, look.skin_line, opacity=0.3)
        parts.append(group(content, transform=turn.patch(side * 55.0 * look.face_width, 44.0)))
        fold = clamp(0.5 * smile + 0.35 * look.lines + 0.6 * clamp(pose.nose) + 0.15 * clamp(pose.width))
        line = open_curve([(side * -7.0, -16.0), (side * 2.0, -2.0 - 2 * smile), (side * 5.0 + side * 3 * smile, 14.0)])
        parts.append(group(stroke(line, look.skin_line, 1.9, opacity=0.55 * fold),
                           transform=turn.patch(side * 33.0, 58.0, lift=2.0)))
    if look.lines:
        for height in (-84.0, -72.0):
            bent = 4.0 * clamp(max(pose.brow_left, pose.sorrow), 0.0)
            parts.append(group(stroke(open_curve([(-26.0, 2.0), (-8.0, -bent), (10.0, -bent), (28.0, 1.0)]),
                look.skin_line, 1.5,
                                      opacity=0.22 * look.lines + 0.2 * clamp(pose.brow_left)),
                                          transform=turn.patch(0.0, height)))
    furrow = clamp(pose.furrow)
    for side in (-1, 1):
        parts.append(group(stroke(open_curve([(side * 4.5, -9.0), (side * 3.6, 0.0), (side * 5.0, 8.0)]),
            look.skin_line, 1.7,
                                  opacity=0.55 * furrow), transform=turn.patch(0.0, EYE_Y - 22.0)))
    return "".join(parts)
