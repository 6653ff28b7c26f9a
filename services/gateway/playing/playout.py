"""Decides which audio packet and which video frame are sent to the browser with each tick of 20 ms. Pure: no clock, no
sockets.

Audio is counted in Opus packets and video in frames, both from the start of a speech, so lips and voice cannot drift
apart. Both are passed through as the services encoded them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from bus.events import OPUS_FRAME, AudioOut, FrameBatch, SpeechStarted
from services.face_clips import FaceState
from services.gateway.playing.idle_loops import IdleLoop
from services.gateway.playing.speech_queue import BufferedSpeech, SpeechQueue, Voice
from services.gateway.playing.video_sequencer import VideoSequencer

_MAX_FRAME_WAIT = 15
"""Ticks that a speech waits for its first frame (300 ms). Once that was in vain, no speech waits until frames arrive
again."""
_SENTENCE_GAP = 6
"""Ticks between two sentences (120 ms)."""
_MAX_STALL = 750
"""Ticks without the next packet after which a speech is given up (15 s): a cluster that has lost a node needs some 7 s
to choose new leaders, and another worker takes over from a dead one after its lease of 5 s."""
_PROGRESS_INTERVAL = 50
"""Packets between two reports of progress (1 s)."""
_MAX_PAUSE = 400
"""Ticks (8 s) after which a paused voice resumes by itself: the transcript that should decide is missing."""


@dataclass(frozen=True)
class PlayoutStarted:
    """The first packet of a speech is sent with this tick."""

    speech: SpeechStarted
    video: bool
    """Whether its first frame is sent too."""


@dataclass(frozen=True)
class PlayoutProgress:
    """So many samples of a speech have been sent."""

    speech: SpeechStarted
    samples: int


@dataclass(frozen=True)
class PlayoutFinished:
    """Nothing more of a speech will be sent."""

    speech: SpeechStarted
    samples: int
    frames: int
    complete: bool


PlayoutEvent: TypeAlias = PlayoutStarted | PlayoutProgress | PlayoutFinished


@dataclass(frozen=True)
class Tick:
    """The media that are sent now. `audio` is None for silence; `video` is None where the browser keeps its frame."""

    audio: bytes | None
    video: bytes | None
    events: tuple[PlayoutEvent, ...] = ()
    loudness: float | None = None
    """Of the audio, root mean square, 0 to 1; None: it is not on record."""


class Playout:
    """Plays the speeches of one session one after another, with the idle loop between them.

    Args:
        phase: frame of the idle loop to begin with, counted since 1970.
        seed: by which idle clips are chosen.
    """

    def __init__(self, phase: int = 0, seed: int = 0) -> None:
        self._queue = SpeechQueue()
        self._video = VideoSequencer(phase, seed)
        self._playing: BufferedSpeech | None = None
        self._position = 0
        """Packets of the speech under way that have been sent."""
        self._frame_wait = 0
        """Ticks for which the next speech has waited for its first frame."""
        self._gap = 0
        """Ticks until the next sentence may start."""
        self._stall = 0
        """Ticks for which the speech under way has waited for its next packet."""
        self._pause = 0
        """Ticks until a paused voice resumes by itself."""
        self._renderer_responsive = True
        self._held = False
        """Whether no further speech begins for now."""

    # input

    def set_idle_loop(self, loop: IdleLoop) -> None:
        """Show this loop between speeches from the next frame on."""
        self._video.set_idle_loop(loop)

    def show_state(self, state: FaceState, *, nods: bool = False) -> None:
        """The state that a face that does not speak goes to, from its next key frames on."""
        self._video.show_state(state, nods=nods)

    def add_speech(self, started: SpeechStarted) -> None:
        """Queue a speech, unless its reply has been interrupted."""
        self._queue.add_speech(started)

    def add_audio(self, chunk: AudioOut) -> None:
        """Add packets of a speech; a speech whose first chunk was missed is left out."""
        self._queue.add_audio(chunk)

    def add_frames(self, batch: FrameBatch) -> None:
        """Add frames of a speech that is queued, under way, or ending."""
        tail = self._video.tail
        if tail is not None and tail.started is not None and tail.started.speech == batch.speech:
            tail.add_frames(batch)
        elif not self._queue.add_frames(batch):
            return
        self._renderer_responsive = True

    def fail_frames(self, speech: str) -> None:
        """No more frames of this speech will arrive."""
        self._queue.fail_frames(speech)

    def fail_audio(self, speech: str) -> None:
        """No audio of this speech will arrive: leave it out."""
        self._queue.remove(speech)

    def interrupt(self, reply: str) -> PlayoutFinished | None:
        """Stop a reply at once, and return to the idle loop; reports how far its speech under way had come."""
        finished = None
        self._pause = 0
        playing = self._playing
        if playing is not None and playing.started is not None and playing.started.reply == reply:
            finished = self._finish(playing, complete=False)
            self._video.cut_tail()
        self._queue.remove_reply(reply)
        return finished

    def stop(self) -> PlayoutFinished | None:
        """Stop for good: nothing more will be sent; reports how far the speech under way had come."""
        return None if self._playing is None else self._finish(self._playing, complete=False)

    def pause(self) -> None:
        """Fall silent with the next tick, and show the idle loop meanwhile."""
        self._pause = _MAX_PAUSE

    def resume(self) -> None:
        """Go on where the voice was paused."""
        if self._pause and self._playing is not None:
            self._video.seek(self._position)
        self._pause = 0

    def hold(self, held: bool) -> None:
        """Begin no further speech, until told otherwise."""
        self._held = held

    def has_reply(self, reply: str) -> bool:
        """Whether a speech of this reply is under way or queued."""
        return self._queue.has_reply(reply)

    def voice_of(self, speech: str) -> Voice | None:
        """The sound of a speech that is here, or was until a moment ago."""
        return self._queue.voice_of(speech)

    @property
    def is_idle(self) -> bool:
        """Whether no speech is under way or queued."""
        return self._playing is None and not self._queue

    @property
    def is_playing(self) -> bool:
        """Whether a speech is under way."""
        return self._playing is not None

    @property
    def position(self) -> tuple[str, int]:
        """The speech under way, and its samples that have been sent; empty: none is under way."""
        if self._playing is None or self._playing.started is None:
            return "", 0
        return self._playing.started.speech, self._position * OPUS_FRAME

    # output

    def tick(self) -> Tick:
        """Advance by 20 ms."""
        if self._pause:
            return self._paused_tick()
        events: list[PlayoutEvent] = []
        if self._playing is None:
            started = self._start_next()
            if started is not None:
                events.append(started)
        audio, loudness = self._next_packet(events)
        video = self._video.next_unit(stalled=self._stall > 0)
        return Tick(audio, video, tuple(events), loudness)

    def _paused_tick(self) -> Tick:
        self._video.cut_tail()
        video = self._video.next_unit(paused=True)
        if self._pause == 1:
            self.resume()
        else:
            self._pause -= 1
        return Tick(None, video)

    def _start_next(self) -> PlayoutStarted | None:
        self._gap = max(0, self._gap - 1)
        speech = self._queue.first
        if self._gap or self._held or speech is None or not speech.is_ready:
            return None
        assert speech.started is not None
        if speech.audio_complete and not speech.packets:
            self._queue.remove(speech.started.speech)
            return None
        has_frame = 0 in speech.units
        may_have_frame = self._video.has_idle_loop and self._renderer_responsive and not speech.frames_failed
        if not has_frame and may_have_frame:
            self._frame_wait += 1
            if self._frame_wait <= _MAX_FRAME_WAIT:
                return None
            self._renderer_responsive = False
        self._playing = speech
        self._frame_wait = self._position = self._stall = 0
        self._video.start_speech(speech)
        return PlayoutStarted(speech.started, has_frame)

    def _next_packet(self, events: list[PlayoutEvent]) -> tuple[bytes | None, float | None]:
        """The packet that is sent now, and how loud it is."""
        speech = self._playing
        if speech is None:
            return None, None
        if self._position < len(speech.packets):
            packet, loudness = speech.packets[self._position], speech.loudness[self._position]
            self._position += 1
            self._stall = 0
            assert speech.started is not None
            if self._position == len(speech.packets) and speech.audio_complete:
                events.append(self._finish(speech, complete=True))
            elif self._position % _PROGRESS_INTERVAL == 0:
                events.append(PlayoutProgress(speech.started, self._position * OPUS_FRAME))
            return packet, loudness
        self._stall += 1
        if self._stall > _MAX_STALL:
            events.append(self._finish(speech, complete=False))
        return None, None

    def _finish(self, speech: BufferedSpeech, *, complete: bool) -> PlayoutFinished:
        assert speech.started is not None
        self._playing = None
        self._gap = _SENTENCE_GAP
        self._video.end_speech()
        self._queue.remove(speech.started.speech)
        return PlayoutFinished(speech.started, self._position * OPUS_FRAME, self._video.frames_sent, complete)
