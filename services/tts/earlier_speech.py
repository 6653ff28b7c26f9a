"""What an earlier worker has made of a sentence, so that no sentence has two voices.

Whoever takes a sentence over makes it anew and goes on behind what is on the log only where that is the same sound.
Where it is not (another voice, a fallback, a graphics card that computes differently), the sentence ends there.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

from bus import subjects
from bus.events import OPUS_FRAME, AudioOut, SpeechStarted, VisemeMark
from bus.work.service import Reader

_SAME_LOUDNESS = 1e-3
"""Largest difference of a packet's loudness, 0 to 1, in one sound that two machines have rounded differently."""


@dataclass(frozen=True)
class EarlierSpeech:
    """Audio of a sentence that is on the log: at least one chunk."""

    chunks: Sequence[AudioOut]
    in_this_voice: bool
    """Whether its worker had the voice that this one has."""

    @property
    def samples(self) -> int:
        """At 48 kHz."""
        return self.chunks[-1].sample + len(self.chunks[-1].packets) * OPUS_FRAME

    @property
    def visemes(self) -> tuple[VisemeMark, ...]:
        return tuple(mark for chunk in self.chunks for mark in chunk.visemes)

    @property
    def is_over(self) -> bool:
        """Whether nothing follows it."""
        return self.chunks[-1].final

    @property
    def is_whole(self) -> bool:
        """Whether all words are in it: a last chunk behind others has no packets only where it cuts a sentence off."""
        return self.is_over and (len(self.chunks) == 1 or bool(self.chunks[-1].packets))

    def end(self) -> AudioOut:
        """The chunk that closes it as it is."""
        last = self.chunks[-1]
        return AudioOut(
            conversation=last.conversation, speech=last.speech, index=last.index + 1, sample=self.samples, packets=(),
            final=True,
        )  # fmt: skip


async def earlier_speech(conversation: str, speech: str, voice: str, reader: Reader) -> EarlierSpeech | None:
    """The audio of a sentence that is on the log; None where there is none.

    Args:
        voice: of this worker.
    """
    subject = subjects.audio_out(conversation, speech)
    last = await reader.last_media(AudioOut, subject)
    if last is None:
        return None
    chunks: list[AudioOut] = []
    # A follower is an async generator, though its type says iterator only.
    async with aclosing(cast("Any", reader.follow(AudioOut, subject))) as following:
        async for chunk in following:
            if not chunks or chunk.index > chunks[-1].index:
                chunks.append(chunk)
            if chunk.index >= last.index:
                break
    facts = [fact.body for _, fact in await reader.facts(conversation)]
    voices = (one.voice for one in facts if isinstance(one, SpeechStarted) and one.speech == speech)
    return EarlierSpeech(chunks, voice in voices)


async def recorded_voice(conversation: str, speech: str, reader: Reader) -> str:
    """The voice that `speech.started` names; empty where that is not the newest of its conversation."""
    started = await reader.last_fact(conversation, SpeechStarted)
    body = started.body if started is not None else None
    return body.voice if isinstance(body, SpeechStarted) and body.speech == speech else ""


def is_same_sound(one: AudioOut, other: AudioOut) -> bool:
    """Whether two chunks are one sound, to the bit or but for rounding."""
    if (one.sample, one.final, len(one.packets)) != (other.sample, other.final, len(other.packets)):
        return False
    if one.packets == other.packets:
        return True
    pairs = list(zip(one.loudness, other.loudness, strict=False))
    return len(pairs) == len(one.packets) and all(abs(a - b) <= _SAME_LOUDNESS for a, b in pairs)
