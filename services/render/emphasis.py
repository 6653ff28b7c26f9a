"""Emphasis: nods and raised brows on the stressed syllables of a speech, found by its loudness and pitch."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from bus.events import FRAMES_PER_SECOND, OPUS_FRAME, SPEECH_RATE
from services.render.easing import clamp, smoothstep

RADIUS = 3
"""Packets on either side that a stressed one exceeds."""
_FRAME_SAMPLES = SPEECH_RATE // FRAMES_PER_SECOND
_RISE, _FALL = 6, 11
"""Frames in which a movement reaches its end, and returns from it."""
_NOD_GAP, _BROW_GAP = 60, 40
"""Minimum number of packets between two nods, and between two movements of the brows: 1.2 and 0.8 s."""
_STRESSED = 0.74
"""Prominence, 0 to 1, from which the head nods."""
_RAISED, _LEAST_RAISED = 1.4, 0.8
"""How far above its usual pitch the voice must be for the brows to rise: in mean deviations of this voice, since some
are flat and some sing, and in semitones at the least."""
_USUAL_DEVIATION = 1.5
"""Semitones, of a voice that is not known yet."""
_OCTAVE_ERROR = 9.0
"""Semitones between two packets that no voice moves by: the pitch was not measured well."""
_PITCH_MEMORY = 0.03
"""Weight of a packet in the usual pitch."""
AUDIBLE = 0.2
"""Energy of the softest voice."""


@dataclass(frozen=True)
class _Beat:
    """A movement that comes and goes."""

    frame: int
    """The last one at rest."""
    pitch: float = 0.0
    yaw: float = 0.0
    roll: float = 0.0
    brow_left: float = 0.0
    brow_right: float = 0.0

    def share(self, frame: int) -> float:
        rise = smoothstep(frame, self.frame, self.frame + _RISE)
        return rise * (1.0 - smoothstep(frame, self.frame + _RISE, self.frame + _RISE + _FALL))


def first_frame_after(packets: int, look_ahead: int) -> int:
    """The first frame that is drawn only when so many packets are there, however they come."""
    return -((look_ahead - packets * OPUS_FRAME) // _FRAME_SAMPLES)


class Emphasis:
    """The emphasis of one speech, found packet by packet.

    Args:
        rng: draws the details.
        look_ahead: samples after the start of a frame that it may depend on.
    """

    def __init__(self, rng: random.Random, look_ahead: int) -> None:
        self._random = rng
        self._look_ahead = look_ahead
        self._energy: list[float] = []
        self._tone: list[float] = []
        """Semitones above the voice's usual pitch of each packet; 0 where there is no voice."""
        self._usual: float | None = None
        """Semitones above 1 Hz."""
        self._deviation = _USUAL_DEVIATION
        self._last = 0.0
        self._max_energy = 0.0
        self._next_nod = self._next_brow = RADIUS
        self._beats: list[_Beat] = []
        self._favoured = rng.uniform(0.55, 1.0), rng.uniform(0.55, 1.0)
        """Share of left and right brow in a movement: hardly anyone's brows rise alike."""

    def add_packet(self, energy: float, pitch: float) -> None:
        """Append the next packet.

        Args:
            energy: 1 is a clear voice.
            pitch: Hz; 0 without a voice, or where it is not known.
        """
        self._energy.append(energy)
        self._tone.append(self._semitones(pitch))
        self._max_energy = max(self._max_energy, energy)
        index = len(self._energy) - 1 - RADIUS
        if index >= RADIUS:
            self._look_at(index)

    def offsets(self, frame: int) -> dict[str, float]:
        """Offsets to a pose, by field; zero at the start and the end of each movement."""
        total = dict.fromkeys(("pitch", "yaw", "roll", "brow_left", "brow_right"), 0.0)
        for beat in reversed(self._beats):
            if frame > beat.frame + _RISE + _FALL + _NOD_GAP:
                break
            if (share := beat.share(frame)) > 0.0:
                for name in total:
                    total[name] += share * float(getattr(beat, name))
        return total

    def _semitones(self, pitch: float) -> float:
        if pitch <= 0.0:
            return 0.0
        height = 12.0 * math.log2(pitch)
        if self._usual is None:
            self._usual = height
        above = height - self._usual
        if abs(above - self._last) > _OCTAVE_ERROR:
            self._last = clamp(above, -6.0, 6.0)
            return 0.0
        self._usual += _PITCH_MEMORY * above
        self._deviation += _PITCH_MEMORY * (abs(above) - self._deviation)
        self._last = above
        return above

    def _look_at(self, index: int) -> None:
        """Add movements if this packet is stressed: louder, or higher, than those around it."""
        around = slice(index - RADIUS, index + RADIUS + 1)
        energy, tone = self._energy[index], self._tone[index]
        if energy < AUDIBLE:
            return
        loud = energy >= max(self._energy[around]) and energy >= 0.75 * self._max_energy
        high = tone >= max(*self._tone[around], _LEAST_RAISED, _RAISED * self._deviation)
        lift = clamp(tone / (4.0 * self._deviation))
        prominence = 0.7 * clamp(energy / self._max_energy) + 0.3 * (0.5 if self._usual is None else lift)
        frame = first_frame_after(index + RADIUS + 1, self._look_ahead) - 1
        if loud and index >= self._next_nod and prominence >= _STRESSED:
            self._next_nod = index + _NOD_GAP
            depth = self._random.uniform(0.6, 1.0) * prominence
            self._beats.append(_Beat(
                frame, pitch=3.4 * depth, yaw=self._random.uniform(-2.4, 2.4), roll=self._random.uniform(-1.0, 1.0),
            ))
        if index >= self._next_brow and (high or (loud and self._usual is None and self._random.random() < 0.4)):
            self._next_brow = index + _BROW_GAP
            height = 0.25 + 0.5 * (lift if high else 0.3)
            left, right = self._favoured
            self._beats.append(_Beat(frame, brow_left=height * left, brow_right=height * right, pitch=-1.2 * height))
