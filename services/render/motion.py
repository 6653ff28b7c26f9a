"""The control track of a speech: the pose of the face in each frame, computed from the speech's audio.

No clock is read: frame k shows the time k / 25 s of the audio, counted in samples. The same chunks give the same poses.
"""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from hashlib import blake2b
from pathlib import Path

from bus.events import FRAMES_PER_SECOND, OPUS_FRAME, SPEECH_RATE, AudioOut, Emotion, VisemeMark
from bus.ids import seed_of
from services.face_clips import KEY_FRAME_INTERVAL, LOOP_FRAMES, MAIN
from services.render import coarticulation
from services.render.coarticulation import VisemeTrack, limited, ramped, shut
from services.render.easing import clamp, lerp, smoothstep
from services.render.emotions import EmotionBlend
from services.render.emphasis import AUDIBLE, Emphasis, first_frame_after
from services.render.face_motion import UnderlyingMotion
from services.render.pose import EMOTIONS, Pose
from services.render.speech_gaze import TURN_FRAMES, SpeechGaze

FRAME_SAMPLES = SPEECH_RATE // FRAMES_PER_SECOND
LIP_LEAD = 25 * SPEECH_RATE // 1000
"""Samples by which the lips precede the sound, as human lips do."""
LOOK_AHEAD = LIP_LEAD + coarticulation.LOOK_AHEAD
"""Samples after the start of a frame that its pose depends on, 157 ms: the first chunk of a speech has two frames."""
PAUSE_FRAMES = 3
"""Frames between two sentences of a reply, during which the face keeps its emotion."""
TAIL_FRAMES = PAUSE_FRAMES + 7
"""Minimum number of frames after the audio; the emotion fades in them."""

_EMOTION_FRAMES = 12
"""Frames in which one emotion changes to the next."""
_CLEAR_RMS = 0.12
"""Root mean square of a clear voice."""
_LOUDNESS_RADIUS = 30 * SPEECH_RATE // 1000
"""Samples on either side of a frame whose loudness moves the jaw."""
_SPEAKING_FRAMES = 8
"""Frames over which the mouth passes from an emotion to words."""
_MEET_FRAMES = 3
"""Frames before the end of the sound in which the eyes return to the person."""
_MOVEMENT = ("motion", "coarticulation", "easing", "emotions", "emphasis", "face_motion", "idle_motion", "pose",
             "speech_gaze")
"""Modules."""


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


@cache
def movement_version() -> str:
    """Hash of the code that moves a speaking face: pictures of one speech must not be drawn by two versions of it."""
    sources = (Path(__file__).with_name(f"{name}.py").read_bytes() for name in _MOVEMENT)
    return blake2b(b"".join(sources), digest_size=8).hexdigest()


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
        rng = random.Random(seed_of(speech))
        self._idle = UnderlyingMotion(character, shown, phase)
        self._gaze = SpeechGaze(random.Random(rng.random()))
        self._emphasis = Emphasis(random.Random(rng.random()), LOOK_AHEAD)
        self._phase = phase
        self._emotion = emotion
        self._previous_emotion = previous_emotion
        self._visemes = VisemeTrack()
        self._energy: list[float] = []
        """Loudness of each packet, with slow decay; 1 is a clear voice."""
        self._samples = 0
        self._final = False
        self._speaks_from: int | None = None
        """Frame before the first one that may be drawn once a voice is heard."""
        self._jaws: dict[int, float] = {}
        """By frame, how far the jaw is open before its speed is limited."""

    def add_audio(self, chunk: AudioOut) -> None:
        """Append the next chunk of the audio; chunks must come in order."""
        for mark in chunk.visemes:
            self._visemes.add(mark)
        self._samples = chunk.sample + len(chunk.packets) * OPUS_FRAME
        for packet in range(len(chunk.packets)):
            loudness = chunk.loudness[packet] if packet < len(chunk.loudness) else 0.0
            self._add_packet(loudness, chunk.pitch[packet] if packet < len(chunk.pitch) else 0)
        if chunk.final:
            self._final = True
            self._visemes.add(VisemeMark(sample=self._samples, viseme="sil"))

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
        fade = self._emotion_fade(frame)
        emotions = self._emotions(frame)
        offsets = {name: value * (1.0 - fade) for name, value in emotions.offsets(self._speaking(frame)).items()}
        idle = self._idle.pose(self._phase + frame)
        for name, value in self._mouth(frame).items():
            by_emotion = offsets.get(name, 0.0)
            # What an emotion shows already, a viseme cannot show more of.
            offsets[name] = by_emotion + value * (1.0 if name == "width" else 1.0 - clamp(by_emotion))
        closed = self._closures(frame)
        offsets["press"] = max(closed["press"], offsets.get("press", 0.0))
        for name in ("tuck", "tongue"):
            offsets[name] = max(closed[name], offsets.get(name, 0.0))
        offsets["jaw"] = self._jaw(frame)
        offsets["speaking"] = self._speaking(frame) * (1.0 - fade)
        for name, value in self._emphasis.offsets(frame).items():
            offsets[name] = offsets.get(name, 0.0) + value * (1.0 - fade)
        for name, value in self._looks(frame, idle, fade).items():
            offsets[name] = offsets.get(name, 0.0) + value
        # A blink closes the lid in any emotion, so the offsets of lids are factors.
        lids = {name: getattr(idle, name) * (1.0 + offsets.pop(name, 0.0)) for name in ("lid_left", "lid_right")}
        weights = tuple(lerp(weight, emotion == "neutral", fade) for weight, emotion in
                        zip(emotions.weights(), EMOTIONS, strict=True))
        return replace(idle.plus(**offsets), **lids, emotion=weights)

    def _emotions(self, frame: int) -> EmotionBlend:
        changes = self._previous_emotion != self._emotion
        share = smoothstep(frame, -1, _EMOTION_FRAMES) if changes else 1.0
        return EmotionBlend(self._previous_emotion, self._emotion, share)

    def _emotion_fade(self, frame: int) -> float:
        """0 while the emotion is shown in full to 1 when it has faded."""
        if not self._final:
            return 0.0
        end = audio_frames(self._samples)
        return smoothstep(frame, end + PAUSE_FRAMES - 1, frames_with_tail(self._phase, self._samples) - 1)

    @property
    def _has_visemes(self) -> bool:
        return len(self._visemes.marks) > (1 if self._final else 0)

    def _mouth(self, frame: int) -> dict[str, float]:
        """Lips, teeth and tongue without closures."""
        if not self._has_visemes:
            energy = self._energy_at(_sample(frame))
            return {"teeth": 0.4 * energy, "upper": 0.2 * energy}
        return self._visemes.lips(_sample(frame))

    def _closures(self, frame: int) -> dict[str, float]:
        """What shuts the mouth, in ramps of two frames."""
        before, now, after = (self._visemes.closures(_sample(frame + step)) for step in (-1, 0, 1))
        return {
            name: ramped(before.get(name, 0.0), now.get(name, 0.0), after.get(name, 0.0))
            for name in coarticulation.CLOSURES.values()
        }

    def _jaw(self, frame: int) -> float:
        """How far the jaw is open, so that neither it nor the opening that the closing lips leave moves too fast."""
        free = self._free(frame)
        if free <= 0.0:
            return self._slow_jaw(frame)
        before, now, after = (self._slow_jaw(one) * self._free(one) for one in (frame - 1, frame, frame + 1))
        return limited(before, now, after) / free

    def _free(self, frame: int) -> float:
        """Share of the jaw's opening that closing lips leave."""
        closed = self._closures(frame)
        return 1.0 - shut(closed["press"], closed["tuck"])

    def _slow_jaw(self, frame: int) -> float:
        return limited(*(self._raw_jaw(one) for one in (frame - 1, frame, frame + 1)))

    def _raw_jaw(self, frame: int) -> float:
        if frame < 0:
            return 0.0  # the idle loop's
        if frame not in self._jaws:
            energy = self._energy_at(_sample(frame))
            jaw = self._visemes.jaw(_sample(frame)) * (0.5 + 0.6 * energy) if self._has_visemes else 0.8 * energy
            by_emotion = self._emotions(frame).offsets(self._speaking(frame)).get("jaw", 0.0)
            whole = self._visemes.closures(_sample(frame))
            free = 1.0 - shut(whole.get("press", 0.0), whole.get("tuck", 0.0))
            self._jaws[frame] = free * clamp(jaw + by_emotion * (1.0 - self._emotion_fade(frame)))
        return self._jaws[frame]

    def _looks(self, frame: int, idle: Pose, fade: float) -> dict[str, float]:
        """Offsets to the gaze of the idle loop, with the head following it; zero before the speech and at its end."""
        if self._speaks_from is None:
            return {}
        start, met = self._speaks_from, 1.0
        share = smoothstep(frame, start, start + TURN_FRAMES) * (1.0 - fade)
        if self._final:
            end = audio_frames(self._samples)
            met = 1.0 - smoothstep(frame, end - _MEET_FRAMES, end)
        x, y = self._gaze.at(frame)
        head_x, head_y = self._gaze.at(frame, TURN_FRAMES)
        return {
            "gaze_x": share * (met * x - idle.gaze_x),
            "gaze_y": share * (met * y - idle.gaze_y),
            "yaw": 4.0 * share * met * head_x,
            "pitch": 3.0 * share * met * head_y,
        }

    def _speaking(self, frame: int) -> float:
        """How much the mouth has formed words in the last third of a second, 0 to 1."""
        samples = [_sample(frame - back) for back in range(_SPEAKING_FRAMES)]
        recent = [self._visemes.speaking(one) if self._has_visemes else self._energy_at(one) for one in samples]
        return clamp(1.4 * sum(recent) / len(recent))

    def _energy_at(self, sample: int) -> float:
        """Mean energy around a sample."""
        first, last = ((sample + side) / OPUS_FRAME - 0.5 for side in (-_LOUDNESS_RADIUS, _LOUDNESS_RADIUS))
        steps = [lerp(first, last, share) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
        return sum(self._interpolated(step) for step in steps) / len(steps)

    def _interpolated(self, position: float) -> float:
        index = int(position // 1)
        return lerp(self._packet_energy(index), self._packet_energy(index + 1), position - index)

    def _packet_energy(self, index: int) -> float:
        return self._energy[index] if 0 <= index < len(self._energy) else 0.0

    def _add_packet(self, loudness: float, pitch: int) -> None:
        energy = clamp((max(loudness, 0.0) / _CLEAR_RMS) ** 0.5, 0.0, 1.3)
        self._emphasis.add_packet(energy, pitch)
        if self._speaks_from is None and energy >= AUDIBLE:
            self._speaks_from = max(0, first_frame_after(len(self._energy) + 1, LOOK_AHEAD)) - 1
        # Fast attack, slow decay: the jaw does not close between two syllables.
        decayed = 0.72 * self._energy[-1] if self._energy else 0.0
        self._energy.append(max(energy, decayed))


def _sample(frame: int) -> int:
    """Where in the sound the mouth of a frame is."""
    return frame * FRAME_SAMPLES + LIP_LEAD
