"""The speeches that are still to be played, with the audio and the frames of each that have arrived. Pure."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TypeAlias

from cachetools import FIFOCache

from bus.events import OPUS_FRAME, AudioOut, FrameBatch, SpeechStarted

_PREBUFFER_PACKETS = 3
"""Packets that must have arrived before a speech starts, so that a late message does not break its first syllable."""
_REMEMBERED_SPEECHES = 1024
_REMEMBERED_REPLIES = 64
_UNANNOUNCED = 16
_KEPT_VOICES = 4

Voice: TypeAlias = tuple[list[bytes], list[float | None]]
"""Opus packets of 20 ms from the start of a speech, as far as they have arrived, and the loudness of each."""


@dataclass
class BufferedSpeech:
    """The part of a speech that has arrived."""

    started: SpeechStarted | None = None
    packets: list[bytes] = field(default_factory=list)
    """Opus packets of 20 ms, from the start of the speech."""
    loudness: list[float | None] = field(default_factory=list)
    """Of each packet; None where it is not on record."""
    audio_complete: bool = False
    units: dict[int, bytes] = field(default_factory=dict)
    """H.264 access units by frame number, from the start of the speech."""
    key_frames: set[int] = field(default_factory=set)
    phase: int = 0
    """Frame of the idle loop after which the first frame follows."""
    frames_end: int | None = None
    """Number of its frames, once the last one has arrived."""
    frames_failed: bool = False

    @property
    def is_ready(self) -> bool:
        """Whether it can start to play."""
        return self.started is not None and (len(self.packets) >= _PREBUFFER_PACKETS or self.audio_complete)

    def add_audio(self, chunk: AudioOut) -> None:
        """Append the packets of a chunk, unless they are a duplicate or follow a gap."""
        if chunk.sample == len(self.packets) * OPUS_FRAME:
            self.packets.extend(chunk.packets)
            self.loudness.extend(
                chunk.loudness if len(chunk.loudness) == len(chunk.packets) else [None] * len(chunk.packets)
            )
            self.audio_complete = chunk.final

    def add_frames(self, batch: FrameBatch) -> None:
        if batch.final:
            self.frames_end = batch.frame + len(batch.units)
        if batch.units:
            self.key_frames.add(batch.frame)
        self.units.update({batch.frame + offset: unit for offset, unit in enumerate(batch.units)})
        self.phase = batch.phase


class SpeechQueue:
    """The speeches of one session in the order of their facts, in which they are played, the one under way included."""

    def __init__(self) -> None:
        self._speeches: OrderedDict[str, BufferedSpeech] = OrderedDict()
        """Those that have started, in the order of their facts."""
        self._unannounced: FIFOCache[str, BufferedSpeech] = FIFOCache(_UNANNOUNCED)
        """Media that came before the fact of their speech. Of one that was under way when the session began, or whose
        reply was interrupted, that fact never comes."""
        self._removed: FIFOCache[str, None] = FIFOCache(_REMEMBERED_SPEECHES)
        self._voices: FIFOCache[str, Voice] = FIFOCache(_KEPT_VOICES)
        """Of the speeches that were removed last, without their pictures."""
        self._removed_replies: FIFOCache[str, None] = FIFOCache(_REMEMBERED_REPLIES)

    def __len__(self) -> int:
        return len(self._speeches)

    @property
    def first(self) -> BufferedSpeech | None:
        return next(iter(self._speeches.values()), None)

    def has_reply(self, reply: str) -> bool:
        """Whether a speech of this reply is here."""
        return any(one.started is not None and one.started.reply == reply for one in self._speeches.values())

    def voice_of(self, speech: str) -> Voice | None:
        """The sound of a speech that is here, or was until a moment ago."""
        here = self._speeches.get(speech) or self._unannounced.get(speech)
        return self._voices.get(speech) if here is None else (here.packets, here.loudness)

    def add_speech(self, started: SpeechStarted) -> None:
        """Add a speech, unless its reply has been removed."""
        if started.reply in self._removed_replies:
            self.remove(started.speech)
        elif started.speech not in self._removed:
            arrived = self._unannounced.pop(started.speech, None) or BufferedSpeech()
            self._speeches.setdefault(started.speech, arrived).started = started

    def add_audio(self, chunk: AudioOut) -> None:
        """Add packets of a speech; a speech whose first chunk was missed is left out."""
        if chunk.speech in self._removed:
            return
        entry = self._entry(chunk.speech)
        if chunk.sample > 0 and not entry.packets:
            self.remove(chunk.speech)
        else:
            entry.add_audio(chunk)

    def add_frames(self, batch: FrameBatch) -> bool:
        """Add frames of a speech; returns whether the speech is still to be played."""
        if batch.speech in self._removed:
            return False
        self._entry(batch.speech).add_frames(batch)
        return True

    def fail_frames(self, speech: str) -> None:
        """No more frames of this speech will arrive."""
        if speech not in self._removed:
            self._entry(speech).frames_failed = True

    def remove(self, speech: str) -> None:
        """Remove a speech, and ignore whatever still arrives of it."""
        removed = self._speeches.pop(speech, None) or self._unannounced.pop(speech, None)
        if removed is not None and removed.packets:
            self._voices[speech] = removed.packets, removed.loudness
        self._removed[speech] = None

    def remove_reply(self, reply: str) -> None:
        """Remove the speeches of a reply, and ignore those that still arrive."""
        self._removed_replies[reply] = None
        for name, speech in list(self._speeches.items()):
            if speech.started is not None and speech.started.reply == reply:
                self.remove(name)

    def _entry(self, speech: str) -> BufferedSpeech:
        return self._speeches.get(speech) or self._unannounced.setdefault(speech, BufferedSpeech())
