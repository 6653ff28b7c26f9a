"""What an earlier worker has made of a sentence, so that no sentence has two voices."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast

from bus import subjects
from bus.events import OPUS_FRAME, AudioOut, SpeechStarted, VisemeMark
from bus.work.service import Reader


@dataclass(frozen=True)
class EarlierSpeech:
    """Audio on the log that a sentence ends with."""

    samples: int
    """At 48 kHz."""
    visemes: tuple[VisemeMark, ...]
    final_chunk: AudioOut | None
    """What is missing after it; None: it is complete."""


async def earlier_speech(conversation: str, speech: str, voice: str, reader: Reader) -> EarlierSpeech | None:
    """The audio of an earlier worker that nothing can be added to: it is complete, or in another voice.

    The voice is another one where another engine serves by now. None: there is no audio, or it is gone on with.

    Args:
        voice: the one that would go on.
    """
    subject = subjects.audio_out(conversation, speech)
    last = await reader.last_media(AudioOut, subject)
    if last is None:
        return None
    if not last.final:
        facts = [fact.body for _, fact in await reader.facts(conversation)]
        if voice in (one.voice for one in facts if isinstance(one, SpeechStarted) and one.speech == speech):
            return None
    visemes: list[VisemeMark] = []
    # A follower is an async generator, though its type says iterator only.
    async with aclosing(cast("Any", reader.follow(AudioOut, subject))) as chunks:
        async for chunk in chunks:
            visemes += chunk.visemes
            if chunk.index == last.index:
                break
    samples = last.sample + len(last.packets) * OPUS_FRAME
    if last.final:
        return EarlierSpeech(samples, tuple(visemes), None)
    index = last.index + 1
    end = AudioOut(conversation=conversation, speech=speech, index=index, sample=samples, packets=(), final=True)
    return EarlierSpeech(samples, tuple(visemes), end)
