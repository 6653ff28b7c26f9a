"""The control track of a speech: the pose of the face in each frame, computed from the speech's audio.

No clock is read: frame k shows the time k / 25 s of the audio, counted in samples. The same chunks give the same poses.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from bus.events import FRAMES_PER_SECOND, OPUS_FRAME, SPEECH_RATE, AudioOut, Emotion, VisemeMark
from bus.ids import seed_of
from services.face_clips import KEY_FRAME_INTERVAL, LOOP_FRAMES, MAIN
from services.render import coarticulation
from services.render.easing import clamp, hann, lerp, smoothstep
from services.render.emotions import EmotionBlend
from services.render.face_motion import UnderlyingMotion
from services.render.pose import EMOTIONS, Pose

FRAME_SAMPLES = SPEECH_RATE // FRAMES_PER_SECOND
LIP_LEAD = 25 * SPEECH_RATE // 1000
"""Samples by which the lips precede the sound, as human lips do."""
LOOK_AHEAD = LIP_LEAD + coarticulation.LOOK_AHEAD
"""Samples after the start of a frame that its pose depends on: 55 ms."""
PAUSE_FRAMES = 3
"""Frames between two sentences of a reply, during which the face keeps its emotion."""
TAIL_FRAMES = PAUSE_FRAMES + 7
"""Minimum number of frames after the audio; the emotion fades in them."""

_EMOTION_FRAMES = 12
"""Frames in which one emotion changes to the next."""
_CLEAR_RMS = 0.12
"""Root mean square of a clear voice."""
_NOD_FRAMES = 14
_MIN_NOD_GAP = 35
"""Minimum number of packets between two nods: 0.7 s."""
_PEAK_RADIUS = 3
"""Packets on either side that a peak of loudness is louder than."""


@dataclass(frozen=True)
class _Nod:
    frame: int
    pitch: float
    yaw: float
    brow: float


def idle_phase(at: int) -> int:
    """Frame of the idle loop that every page shows at a time.

    Args:
        at: microseconds since 1970.
    """
    return at * FRAMES_PER_SECOND // 1_000_000 % LOOP_FRAMES


def phase_after(phase: int, samples: int) -> int:
    """Phase at which the next sentence takes over from one that began at `phase` and has `samples` samples."""
    return (phase + audio_frames(samples) + PAUSE_FRAMES) % LOOP_FRAMES


def audio_frames(samples: int) -> int:
    """Duration of a speech in frames, rounded up."""
    return -(-samples // FRAME_SAMPLES)


def frames_with_tail(phase: int, samples: int) -> int:
    """Frames to draw for a speech: up to the first key frame of the idle loop at which the face is at rest again."""
    least = audio_frames(samples) + TAIL_FRAMES
    return least + -(phase + least) % KEY_FRAME_INTERVAL


class SpeechMotion:
    """The poses of one speech, computed while its audio arrives.

    Args:
        character: id; the idle motion of this character continues underneath.
        speech: id; seeds the random details of this speech.
        phase: frame of the idle loop that the first frame takes over from.
        shown: the clip that it takes over from.
        previous_emotion: emotion that the face starts with.
    """

    def __init__(
        self,
        character: str,
        speech: str,
        *,
        phase: int,
        shown: str = MAIN,
        emotion: Emotion = "neutral",
        previous_emotion: Emotion = "neutral",
    ) -> None:
        self._idle = UnderlyingMotion(character, shown, phase)
        self._random = random.Random(seed_of(speech))
        self._phase = phase
        self._emotion = emotion
        self._previous_emotion = previous_emotion
        self._marks: list[VisemeMark] = []
        self._energy: list[float] = []
        """Loudness of each packet, with slow decay; 1 is a clear voice."""
        self._max_energy = 0.0
        self._nods: list[_Nod] = []
        self._last_peak = -_MIN_NOD_GAP
        self._samples = 0
        self._final = False

    def add_audio(self, chunk: AudioOut) -> None:
        """Append the next chunk of the audio; chunks must come in order."""
        self._marks.extend(chunk.visemes)
        self._samples = chunk.sample + len(chunk.packets) * OPUS_FRAME
        for packet in range(len(chunk.packets)):
            self._add_packet(chunk.loudness[packet] if packet < len(chunk.loudness) else 0.0)
        if chunk.final:
            self._final = True
            self._marks.append(VisemeMark(sample=self._samples, viseme="sil"))

    @property
    def frames_ready(self) -> int:
        """Number of frames, from the first one on, whose pose can be computed now."""
        if self._final:
            return frames_with_tail(self._phase, self._samples)
        return max(0, (self._samples - LOOK_AHEAD) // FRAME_SAMPLES + 1)

    @property
    def complete(self) -> bool:
        """Whether all audio has been added, so that `frames_ready` is final."""
        return self._final

    def pose(self, frame: int) -> Pose:
        """The pose of a frame; requires frame < frames_ready."""
        if not 0 <= frame < self.frames_ready:
            raise IndexError(f"frame {frame} is not ready, {self.frames_ready} are")
        sample = frame * FRAME_SAMPLES + LIP_LEAD
        fade = self._emotion_fade(frame)
        speaking = self._speaking(sample)
        share = 1.0 if self._previous_emotion == self._emotion else smoothstep(frame, -1, _EMOTION_FRAMES)
        emotions = EmotionBlend(self._previous_emotion, self._emotion, share)
        offsets = {name: value * (1.0 - fade) for name, value in emotions.offsets(speaking).items()}
        for name, value in self._mouth(sample).items():
            offsets[name] = offsets.get(name, 0.0) + value
        for name, value in self._emphasis(frame).items():
            offsets[name] = offsets.get(name, 0.0) + value * (1.0 - fade)
        idle = self._idle.pose(self._phase + frame)
        # A blink closes the lid in any emotion, so the offsets of lids are factors.
        lids = {name: getattr(idle, name) * (1.0 + offsets.pop(name, 0.0)) for name in ("lid_left", "lid_right")}
        weights = tuple(lerp(weight, emotion == "neutral", fade) for weight, emotion in
                        zip(emotions.weights(), EMOTIONS, strict=True))
        return replace(idle.plus(**offsets), **lids, emotion=weights)

    def _emotion_fade(self, frame: int) -> float:
        """0 while the emotion is shown in full to 1 when it has faded."""
        if not self._final:
            return 0.0
        end = audio_frames(self._samples)
        return smoothstep(frame, end + PAUSE_FRAMES - 1, self.frames_ready - 1)

    def _mouth(self, sample: int) -> dict[str, float]:
        energy = self._energy_at(sample)
        if not self._marks or (self._final and len(self._marks) == 1):
            # The voice has no visemes: the jaw follows the loudness alone.
            return {"jaw": 0.8 * energy, "teeth": 0.4 * energy, "upper": 0.2 * energy}
        shape = coarticulation.mouth_shape(self._marks, sample)
        shape["jaw"] *= 0.5 + 0.6 * energy
        return shape

    def _speaking(self, sample: int) -> float:
        """How much the mouth has formed words in the last quarter of a second, 0 to 1."""
        recent = [coarticulation.speaking_weight(self._marks, sample - back * FRAME_SAMPLES) for back in range(6)]
        return clamp(1.5 * sum(recent) / len(recent))

    def _energy_at(self, sample: int) -> float:
        """Energy at a sample, interpolated between the centres of the packets around it."""
        position = sample / OPUS_FRAME - 0.5
        index = int(position)
        return lerp(self._packet_energy(index), self._packet_energy(index + 1), position - index)

    def _packet_energy(self, index: int) -> float:
        return self._energy[index] if 0 <= index < len(self._energy) else 0.0

    def _add_packet(self, loudness: float) -> None:
        energy = clamp((max(loudness, 0.0) / _CLEAR_RMS) ** 0.5, 0.0, 1.3)
        # Fast attack, slow decay: the jaw does not close between two syllables.
        decayed = 0.72 * self._energy[-1] if self._energy else 0.0
        self._energy.append(max(energy, decayed))
        self._max_energy = max(self._max_energy, energy)
        self._nod_at_peak(len(self._energy) - 1 - _PEAK_RADIUS)

    def _nod_at_peak(self, index: int) -> None:
        """Add a nod if the voice has a peak in this packet."""
        if index - self._last_peak < _MIN_NOD_GAP or index < _PEAK_RADIUS:
            return
        energy = self._energy[index]
        around = self._energy[index - _PEAK_RADIUS : index + _PEAK_RADIUS + 1]
        if energy < max(around) or energy < 0.75 * self._max_energy or energy < 0.2:
            return
        self._last_peak = index
        frame = (index + _PEAK_RADIUS + 2) * OPUS_FRAME // FRAME_SAMPLES
        strength = self._random.uniform(0.4, 1.0)
        brow = strength * self._random.choice((0.0, 0.3, 0.5))
        self._nods.append(_Nod(frame, pitch=2.6 * strength, yaw=self._random.uniform(-2.4, 2.4), brow=brow))

    def _emphasis(self, frame: int) -> dict[str, float]:
        """Offsets of the nods and raised brows on stressed words; zero at the start and the end of each nod."""
        total = {"pitch": 0.0, "yaw": 0.0, "brow_left": 0.0, "brow_right": 0.0}
        for nod in self._nods:
            share = hann(frame, nod.frame, nod.frame + _NOD_FRAMES)
            total["pitch"] += share * nod.pitch
            total["yaw"] += share * nod.yaw
            total["brow_left"] += share * nod.brow
            total["brow_right"] += share * nod.brow
        return total
