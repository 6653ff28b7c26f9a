"""Chooses the frame that is sent next: of the speech under way, of its tail, or of the idle loop. Pure.

Frames are passed through as the renderer encoded them, so a sequence can be entered at a key frame only.
"""

from __future__ import annotations

from services.face_clips import LOOP_FRAMES, FaceDirector, FaceState
from services.gateway.playing.idle_loops import IdleLoop
from services.gateway.playing.speech_queue import BufferedSpeech

TICKS_PER_FRAME = 2
"""25 frames and 50 audio packets a second."""
_MAX_FROZEN = 15
"""Frames for which the picture of a speech stands still where none is there, 0.6 s; then the idle loop is shown."""


class VideoSequencer:
    """The video of the play-out; `next_unit` is called once a tick.

    Args:
        phase: frame of the idle loop to begin with, counted since 1970.
        seed: by which idle clips are chosen.
    """

    def __init__(self, phase: int = 0, seed: int = 0) -> None:
        self.frames_sent = 0
        """Frames of the newest speech that have been sent."""
        self._speech: BufferedSpeech | None = None
        """The speech whose frames are shown."""
        self._in_tail = False
        self._frame = 0
        """The frame of the speech that is due next."""
        self._idle_loop: IdleLoop | None = None
        self._now = phase
        """The frame that is due next, counted since 1970 by the time of day."""
        self._phase = phase
        """The frame of the idle loop that is due next, counted in the same way, if a speech has moved it a little."""
        self._director = FaceDirector(seed)
        self._wanted: FaceState = "idle"
        self._nods = False
        self._speech_decodable = False
        """Whether the browser has the frame that the next one of the speech depends on."""
        self._idle_decodable = False
        self._frame_due = True
        self._frozen = 0
        """Frames for which no picture of the speech has been sent."""

    @property
    def has_idle_loop(self) -> bool:
        return self._idle_loop is not None

    @property
    def tail(self) -> BufferedSpeech | None:
        """The speech that has ended and whose last frames, in which the mouth closes, are shown."""
        return self._speech if self._in_tail else None

    def set_idle_loop(self, loop: IdleLoop) -> None:
        """Show this loop between speeches from the next frame on."""
        self._idle_loop = loop
        self._idle_decodable = False

    def show_state(self, state: FaceState, *, nods: bool = False) -> None:
        """The state that a face that does not speak goes to, from its next key frames on."""
        self._wanted, self._nods = state, nods

    def start_speech(self, speech: BufferedSpeech) -> None:
        """Show a speech from its first frame on, which is sent with its first audio packet."""
        self._speech, self._in_tail = speech, False
        self._frame = self.frames_sent = 0
        self._frozen = self._frozen_at_first()
        self._speech_decodable = False
        self._frame_due = True

    def end_speech(self) -> None:
        """The audio of the speech has ended: show its tail."""
        self._in_tail = True

    def cut_tail(self) -> None:
        """Return to the idle loop with the next frame, if a tail is shown."""
        if self._in_tail:
            self._speech, self._in_tail = None, False

    def seek(self, packets: int) -> None:
        """Continue the speech after so many of its audio packets; its frames are sent from the next key frame on."""
        self._speech_decodable = False
        self._frozen = self._frozen_at_first()
        self._frame = -(-packets // TICKS_PER_FRAME)
        self._frame_due = packets % TICKS_PER_FRAME == 0

    def next_unit(self, *, stalled: bool = False, paused: bool = False) -> bytes | None:
        """Advance by one tick; returns the access unit that is sent with it, if any.

        Args:
            stalled: the speech waits for its audio, so none of its frames is sent.
            paused: the speech is paused, so the idle loop is shown.
        """
        due, self._frame_due = self._frame_due, not self._frame_due
        if not due:
            return None
        self._now += 1
        if paused or self._speech is None:
            return self._idle_unit()
        if not self._in_tail:
            if stalled:
                return self._missing_unit()
            if self._speech.frames_end is not None and self._frame >= self._speech.frames_end:
                self._frame += 1
                return self._idle_unit()  # the pictures were cut off, and the voice goes on
        unit = self._speech_unit(self._speech)
        if unit is not None:
            return unit
        if not self._in_tail:
            return self._missing_unit()
        # The tail ends at this frame of the idle loop, which continues from there.
        if not self._idle_decodable:
            self._phase = self._near_now(self._speech.phase + self._frame - 1)
        self.cut_tail()
        return self._idle_unit()

    def _speech_unit(self, speech: BufferedSpeech) -> bytes | None:
        """The frame that is due; None from a frame that came too late until the next key frame."""
        frame = self._frame
        self._frame += 1
        if frame in speech.key_frames:
            self._speech_decodable = True
        if not self._speech_decodable or frame not in speech.units:
            self._speech_decodable = False
            return None
        self.frames_sent += 1
        self._frozen = 0
        self._idle_decodable = False
        self._phase = self._now  # where the idle loop goes on if the speech is broken off
        return speech.units[frame]

    def _frozen_at_first(self) -> int:
        """The count that a speech begins with: an idle loop that is shown goes on until the first frame is there."""
        return _MAX_FROZEN if self._idle_decodable else 0

    def _missing_unit(self) -> bytes | None:
        """What is sent where the speech has no frame: nothing at first, then the idle loop up to its next key frame."""
        self._frozen += 1
        if self._frozen <= _MAX_FROZEN:
            return None
        if not self._idle_decodable:
            self._phase = self._now
        unit = self._idle_unit()
        self._speech_decodable = self._speech_decodable and unit is None
        return unit

    def _idle_unit(self) -> bytes | None:
        if self._idle_loop is None:
            return None
        loop = self._idle_loop
        if not self._idle_decodable:
            self._phase = loop.nearest_key_frame(self._phase)
            self._idle_decodable = True
            self._director.restart()
        if self._phase % len(loop.units) in loop.key_frames:
            self._director.choose(self._phase, loop.joins, self._wanted, nods=self._nods)
        unit = loop.unit(self._director.clip, self._phase)
        self._phase += 1
        return unit

    def _near_now(self, phase: int) -> int:
        """The frame since 1970 with this phase that is closest to now."""
        length = len(self._idle_loop.units) if self._idle_loop is not None else LOOP_FRAMES
        return self._now + (phase - self._now + length // 2) % length - length // 2
