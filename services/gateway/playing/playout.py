"""What leaves for the browser and when: one clock of 20 ms ticks for sound and picture.

Pure: no clock, no sockets. Sound is counted in Opus packets, pictures in frames, both from the start of a speech, so
lips and voice cannot drift apart. Everything is passed through as the services encoded it.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from bus.events import OPUS_FRAME, AudioOut, FrameBatch, SpeechStarted
from services.gateway.playing.idle_loops import IdleLoop

TICKS_PER_FRAME = 2
"""25 pictures and 50 packets a second."""
_PATIENCE = 15
"""Ticks that the voice waits for the first picture (300 ms); a renderer that was too late is not waited for again
until its pictures come."""
_BREATH = 6
"""Ticks between two sentences (120 ms)."""
_HEAD_START = 3
"""Packets that must be here before a speech starts, so that a late message does not break its first syllable."""
_LOST = 750
"""Ticks without the next packet after which a speech is given up (15 s): a cluster that has lost a node needs some 7 s
to choose new leaders, and another worker takes over from a dead one after its lease of 5 s."""
_PROGRESS = 50
_LONGEST_HOLD = 400
"""Ticks (8 s) after which a held voice goes on by itself: whoever was to decide is not there."""


@dataclass(frozen=True)
class Started:
    """The first packet of a speech leaves with this tick."""

    speech: SpeechStarted
    video: bool


@dataclass(frozen=True)
class Progress:
    speech: SpeechStarted
    samples: int


@dataclass(frozen=True)
class Finished:
    """Nothing more of a speech will leave."""

    speech: SpeechStarted
    samples: int
    frames: int
    complete: bool


@dataclass(frozen=True)
class Tick:
    """What leaves now. `audio` is None for silence; `video` is None where the picture stays."""

    audio: bytes | None
    video: bytes | None
    moments: tuple[Started | Progress | Finished, ...] = ()


@dataclass
class _Speech:
    """What has arrived of a speech."""

    about: SpeechStarted | None = None
    packets: list[bytes] = field(default_factory=list)
    audio_complete: bool = False
    units: dict[int, bytes] = field(default_factory=dict)
    keys: set[int] = field(default_factory=set)
    phase: int = 0
    frames_hopeless: bool = False

    @property
    def ready(self) -> bool:
        return self.about is not None and (len(self.packets) >= _HEAD_START or self.audio_complete)


class Playout:
    """The queue of speeches of one session, and the idle loop between them.

    Args:
        phase: frame of the idle loop to begin with.
    """

    def __init__(self, phase: int = 0) -> None:
        self._queue: OrderedDict[str, _Speech] = OrderedDict()
        self._dropped: OrderedDict[str, None] = OrderedDict()
        self._stopped_replies: OrderedDict[str, None] = OrderedDict()
        self._playing: _Speech | None = None
        self._tail: _Speech | None = None
        self._position = 0
        self._frame = 0
        self._frames_sent = 0
        self._waited = 0
        self._breath = 0
        self._stalled = 0
        self._idle: IdleLoop | None = None
        self._phase = phase
        self._speech_chained = False
        """Whether the picture that the next one of the speech builds on has left."""
        self._idle_chained = False
        self._picture_due = True
        self._renderer_trusted = True
        self._held = 0
        """Ticks for which it will be held at the most."""

    # what arrives

    def set_idle(self, loop: IdleLoop) -> None:
        """Show this loop between speeches from the next picture on."""
        self._idle = loop
        self._idle_chained = False

    def started(self, speech: SpeechStarted) -> None:
        if speech.reply in self._stopped_replies:
            self._drop(speech.speech)
        elif speech.speech not in self._dropped:
            self._entry(speech.speech).about = speech

    def audio(self, chunk: AudioOut) -> None:
        """Take packets of a speech; one whose beginning was missed is left out."""
        if chunk.speech in self._dropped or (chunk.speech not in self._queue and chunk.index > 0):
            return
        speech = self._entry(chunk.speech)
        if chunk.sample != len(speech.packets) * OPUS_FRAME:
            return
        speech.packets.extend(chunk.packets)
        speech.audio_complete = chunk.final

    def frames(self, batch: FrameBatch) -> None:
        """Take pictures of a speech."""
        tail = self._tail
        if tail is not None and tail.about is not None and tail.about.speech == batch.speech:
            speech = tail
        elif batch.speech in self._dropped:
            return
        else:
            speech = self._entry(batch.speech)
        speech.keys.add(batch.frame)
        speech.units.update({batch.frame + offset: unit for offset, unit in enumerate(batch.units)})
        speech.phase = batch.phase
        self._renderer_trusted = True

    def no_frames(self, speech: str) -> None:
        """There will be no more pictures of this speech."""
        if speech in self._queue:
            self._queue[speech].frames_hopeless = True

    def skip(self, speech: str) -> None:
        """There will be no voice for this sentence."""
        self._drop(speech)

    def interrupt(self, reply: str) -> tuple[Finished, ...]:
        """Stop a reply at once; the face goes back to idling with the next picture."""
        self._stopped_replies[reply] = None
        while len(self._stopped_replies) > 64:
            self._stopped_replies.popitem(last=False)
        moments: list[Finished] = []
        self._held = 0
        playing = self._playing
        if playing is not None and playing.about is not None and playing.about.reply == reply:
            moments.append(self._finish(playing, complete=False))
            self._tail = None
        for identity, speech in list(self._queue.items()):
            if speech.about is not None and speech.about.reply == reply:
                self._drop(identity)
        return tuple(moments)

    def hold(self) -> None:
        """Fall silent with the next tick; the face listens meanwhile."""
        self._held = _LONGEST_HOLD

    def release(self) -> None:
        """Go on where the voice was held; the picture joins in with its next key frame."""
        if self._held:
            self._held = 0
            self._speech_chained = False
            self._frame = self._position // TICKS_PER_FRAME + self._position % TICKS_PER_FRAME
            self._picture_due = self._position % TICKS_PER_FRAME == 0

    @property
    def held(self) -> bool:
        """Whether it is silent until somebody has decided."""
        return self._held > 0

    @property
    def speaking(self) -> SpeechStarted | None:
        """The speech under way."""
        return self._playing.about if self._playing else None

    @property
    def played(self) -> tuple[int, int]:
        """Samples of the speech under way that have left, and samples of it that are here."""
        return self._position * OPUS_FRAME, len(self._playing.packets) * OPUS_FRAME if self._playing else 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being said and nothing waits to be said."""
        return self._playing is None and not self._queue

    def _entry(self, speech: str) -> _Speech:
        return self._queue.setdefault(speech, _Speech())

    def _drop(self, speech: str) -> None:
        self._queue.pop(speech, None)
        self._dropped[speech] = None
        while len(self._dropped) > 1024:
            self._dropped.popitem(last=False)

    # what leaves

    def tick(self) -> Tick:
        """Advance by 20 ms."""
        if self._held:
            return self._listen()
        moments: list[Started | Progress | Finished] = []
        if self._playing is None:
            started = self._start_next()
            if started is not None:
                moments.append(started)
        audio = self._next_packet(moments)
        video = self._next_unit() if self._picture_due else None
        self._picture_due = not self._picture_due
        return Tick(audio, video, tuple(moments))

    def _listen(self) -> Tick:
        self._held -= 1
        if not self._held:
            self._held = 1
            self.release()
        self._tail = None
        video = self._idle_unit() if self._picture_due else None
        self._picture_due = not self._picture_due
        return Tick(None, video)

    def _start_next(self) -> Started | None:
        self._breath = max(0, self._breath - 1)
        if self._breath or not self._queue:
            return None
        identity, speech = next(iter(self._queue.items()))
        if not speech.ready:
            return None
        if speech.audio_complete and not speech.packets:
            self._drop(identity)
            return None
        with_video = 0 in speech.units
        if not with_video and self._renderer_trusted and not speech.frames_hopeless and self._idle is not None:
            self._waited += 1
            if self._waited <= _PATIENCE:
                return None
            self._renderer_trusted = False
        self._waited = 0
        self._playing, self._tail = speech, None
        self._position = self._frame = self._frames_sent = self._stalled = 0
        self._speech_chained = False
        # The first picture leaves with the first packet: lips and voice share their origin.
        self._picture_due = True
        assert speech.about is not None
        return Started(speech.about, with_video)

    def _next_packet(self, moments: list[Started | Progress | Finished]) -> bytes | None:
        speech = self._playing
        if speech is None:
            return None
        if self._position < len(speech.packets):
            packet = speech.packets[self._position]
            self._position += 1
            self._stalled = 0
            assert speech.about is not None
            if self._position == len(speech.packets) and speech.audio_complete:
                moments.append(self._finish(speech, complete=True))
            elif self._position % _PROGRESS == 0:
                moments.append(Progress(speech.about, self._position * OPUS_FRAME))
            return packet
        self._stalled += 1
        if self._stalled > _LOST:
            moments.append(self._finish(speech, complete=False))
        return None

    def _finish(self, speech: _Speech, *, complete: bool) -> Finished:
        assert speech.about is not None
        self._playing, self._tail = None, speech
        self._breath = _BREATH
        self._drop(speech.about.speech)
        return Finished(speech.about, self._position * OPUS_FRAME, self._frames_sent, complete)

    def _next_unit(self) -> bytes | None:
        if self._playing is not None:
            return None if self._stalled else self._speech_unit(self._playing)
        if self._tail is not None:
            unit = self._speech_unit(self._tail)
            if unit is not None:
                return unit
            # The tail ends where the idle loop can be entered.
            self._phase = self._tail.phase + self._frame - 1
            self._tail = None
        return self._idle_unit()

    def _speech_unit(self, speech: _Speech) -> bytes | None:
        """The picture of a speech that is due; pictures that came too late are left out up to the next key frame."""
        frame = self._frame
        self._frame += 1
        if frame in speech.keys:
            self._speech_chained = True
        if not self._speech_chained or frame not in speech.units:
            self._speech_chained = False
            return None
        self._frames_sent += 1
        self._idle_chained = False
        return speech.units[frame]

    def _idle_unit(self) -> bytes | None:
        if self._idle is None:
            return None
        if not self._idle_chained:
            self._phase = self._idle.nearest_key(self._phase)
            self._idle_chained = True
        unit = self._idle.units[self._phase % len(self._idle.units)]
        self._phase = (self._phase + 1) % len(self._idle.units)
        return unit
