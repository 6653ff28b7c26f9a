"""The control track: what the face does in each frame of a speech, from the speech itself.

No clock: frame k shows the time k / 25 s of the audio, counted in samples. The same chunks give the same poses.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from bus.events import FRAMES_PER_SECOND, OPUS_FRAME, SPEECH_RATE, AudioOut, Emotion, VisemeMark
from bus.ids import seed_of
from services.render import coarticulation
from services.render.easing import bump, clamp, mix, ramp
from services.render.emotions import Expression
from services.render.idle_motion import BATCH, LOOP, Idle
from services.render.pose import EMOTIONS, Pose

FRAME_SAMPLES = SPEECH_RATE // FRAMES_PER_SECOND
LEAD = 25 * SPEECH_RATE // 1000
"""Samples by which the lips are ahead of the sound, as those of people are."""
LOOK_AHEAD = LEAD + coarticulation.LOOK_AHEAD
"""Samples after the start of a frame that must have been heard to make it: 55 ms."""
BREATH = 3
"""Frames between two sentences of a reply; the face keeps its emotion so long."""
TAIL = BREATH + 7
"""Least number of frames after the audio, in which the emotion fades."""

_EMOTION_FRAMES = 12
_LOUD = 0.12
"""Root mean square of a clear voice."""
_NOD_FRAMES = 14
_NOD_APART = 35
"""Packets between two nods at the least: 0.7 s."""
_PEAK_AROUND = 3
"""Packets on either side that a peak of loudness is louder than."""


@dataclass(frozen=True)
class _Nod:
    frame: int
    pitch: float
    yaw: float
    brow: float


def idle_phase(at: int) -> int:
    """Frame of the idle loop that is shown at a time, by anyone.

    Args:
        at: microseconds since 1970.
    """
    return at * FRAMES_PER_SECOND // 1_000_000 % LOOP


def phase_after(phase: int, samples: int) -> int:
    """Phase at which the next sentence takes over from one that began at `phase` and had that many samples."""
    return (phase + audio_frames(samples) + BREATH) % LOOP


def audio_frames(samples: int) -> int:
    """Frames that a speech of so many samples lasts."""
    return -(-samples // FRAME_SAMPLES)


def frames_with_tail(phase: int, samples: int) -> int:
    """Frames to make for a speech: to where the idle loop can be entered once the face is at rest again."""
    least = audio_frames(samples) + TAIL
    return least + -(phase + least) % BATCH


class Motion:
    """The poses of one speech. Feed it the audio as it comes; take the poses as they get ready.

    Args:
        character: whose idle movement goes on underneath.
        speech: id that the small accidents of this speech are drawn from.
        phase: frame of the idle loop that the first frame takes over from.
        before: emotion that the face comes from.
    """

    def __init__(
        self, character: str, speech: str, *, phase: int, emotion: Emotion = "neutral", before: Emotion = "neutral"
    ) -> None:
        self._idle = Idle(seed_of(character))
        self._chance = random.Random(seed_of(speech))
        self._phase = phase
        self._emotion = emotion
        self._before = before
        self._marks: list[VisemeMark] = []
        self._energy: list[float] = []
        self._loudest = 0.0
        self._nods: list[_Nod] = []
        self._last_peak = -_NOD_APART
        self._samples = 0
        self._final = False

    def hear(self, chunk: AudioOut) -> None:
        """The next chunk of the audio; chunks must come in order."""
        self._marks.extend(chunk.visemes)
        self._samples = chunk.sample + len(chunk.packets) * OPUS_FRAME
        for packet in range(len(chunk.packets)):
            self._hear_packet(chunk.loudness[packet] if packet < len(chunk.loudness) else 0.0)
        if chunk.final:
            self._final = True
            self._marks.append(VisemeMark(sample=self._samples, viseme="sil"))

    @property
    def ready(self) -> int:
        """Number of frames that can be had now, from the first one on."""
        if self._final:
            return frames_with_tail(self._phase, self._samples)
        return max(0, (self._samples - LOOK_AHEAD) // FRAME_SAMPLES + 1)

    @property
    def complete(self) -> bool:
        """Whether all audio is there, so that `ready` will not grow any more."""
        return self._final

    def pose(self, frame: int) -> Pose:
        """The pose of a frame; needs frame < ready."""
        if not 0 <= frame < self.ready:
            raise IndexError(f"frame {frame} is not ready, {self.ready} are")
        sample = frame * FRAME_SAMPLES + LEAD
        fade = self._faded(frame)
        speaking = self._speaking(sample)
        share = 1.0 if self._before == self._emotion else ramp(frame, -1, _EMOTION_FRAMES)
        expression = Expression(self._before, self._emotion, share)
        offsets = {name: value * (1.0 - fade) for name, value in expression.offsets(speaking).items()}
        for name, value in self._mouth(sample).items():
            offsets[name] = offsets.get(name, 0.0) + value
        for name, value in self._emphasis(frame).items():
            offsets[name] = offsets.get(name, 0.0) + value * (1.0 - fade)
        rest = self._idle.pose(self._phase + frame)
        # A lid is closed by a blink in any emotion, so its offsets multiply.
        lids = {name: getattr(rest, name) * (1.0 + offsets.pop(name, 0.0)) for name in ("lid_left", "lid_right")}
        weights = tuple(mix(weight, emotion == "neutral", fade) for weight, emotion in
                        zip(expression.weights(), EMOTIONS, strict=True))
        return replace(rest.plus(**offsets), **lids, emotion=weights)

    def _faded(self, frame: int) -> float:
        if not self._final:
            return 0.0
        end = audio_frames(self._samples)
        return ramp(frame, end + BREATH - 1, self.ready - 1)

    def _mouth(self, sample: int) -> dict[str, float]:
        energy = self._energy_at(sample)
        if not self._marks or (self._final and len(self._marks) == 1):
            # A voice without visemes: the jaw follows the loudness alone.
            return {"jaw": 0.8 * energy, "teeth": 0.4 * energy, "upper": 0.2 * energy}
        shape = coarticulation.mouth(self._marks, sample)
        shape["jaw"] *= 0.5 + 0.6 * energy
        return shape

    def _speaking(self, sample: int) -> float:
        """How much the mouth has been forming words in the last quarter of a second, 0 to 1."""
        near = [coarticulation.voiced(self._marks, sample - back * FRAME_SAMPLES) for back in range(6)]
        return clamp(1.5 * sum(near) / len(near))

    def _energy_at(self, sample: int) -> float:
        """Loudness at a sample, between the middles of the packets around it; 1 is a clear voice."""
        position = sample / OPUS_FRAME - 0.5
        before = int(position)
        return mix(self._packet_energy(before), self._packet_energy(before + 1), position - before)

    def _packet_energy(self, index: int) -> float:
        return self._energy[index] if 0 <= index < len(self._energy) else 0.0

    def _hear_packet(self, loudness: float) -> None:
        heard = clamp((max(loudness, 0.0) / _LOUD) ** 0.5, 0.0, 1.3)
        # The jaw does not fall shut between two syllables: quick to open, slower to close.
        held = 0.72 * self._energy[-1] if self._energy else 0.0
        self._energy.append(max(heard, held))
        self._loudest = max(self._loudest, heard)
        self._find_peak(len(self._energy) - 1 - _PEAK_AROUND)

    def _find_peak(self, index: int) -> None:
        """Begin a nod where the voice had a peak."""
        if index - self._last_peak < _NOD_APART or index < _PEAK_AROUND:
            return
        around = self._energy[index - _PEAK_AROUND : index + _PEAK_AROUND + 1]
        if self._energy[index] < max(around) or self._energy[index] < 0.75 * self._loudest or self._energy[index] < 0.2:
            return
        self._last_peak = index
        chance = self._chance
        frame = (index + _PEAK_AROUND + 2) * OPUS_FRAME // FRAME_SAMPLES
        strong = chance.uniform(0.4, 1.0)
        brow = strong * chance.choice((0.0, 0.3, 0.5))
        self._nods.append(_Nod(frame, pitch=2.6 * strong, yaw=chance.uniform(-2.4, 2.4), brow=brow))

    def _emphasis(self, frame: int) -> dict[str, float]:
        """Nods and raised brows with the stressed words; zero at the start and the end of each."""
        total = {"pitch": 0.0, "yaw": 0.0, "brow_left": 0.0, "brow_right": 0.0}
        for nod in self._nods:
            share = bump(frame, nod.frame, nod.frame + _NOD_FRAMES)
            total["pitch"] += share * nod.pitch
            total["yaw"] += share * nod.yaw
            total["brow_left"] += share * nod.brow
            total["brow_right"] += share * nod.brow
        return total
