"""The STT service with Whisper: several conversations on a real log, one network."""

from __future__ import annotations

import asyncio
from pathlib import Path

from msgspec.structs import replace

from bus import subjects
from bus.events import (
    AudioIn,
    Event,
    LiveEvent,
    TranscriptFinal,
    TranscriptPartial,
    UtteranceDiscarded,
    UtteranceStarted,
)
from bus.log.event_log import EventLog
from bus.settings import Settings
from services.stt.__main__ import build
from tests import voices
from tests.services.stt.whisper.tiny_whisper import NUMBERS
from tests.services.test_speech_on_the_log import running

STORY = voices.spoken("please_tell_me_a_story_about_the_sea_slt") + voices.spoken("thank_you_very_much_slt")
SPOKEN = {"c1": STORY, "c2": bytes(48_000), "c3": voices.spoken("what_can_you_do_for_me_rms")}


async def speak(event_log: EventLog, conversation: str, pcm: bytes) -> None:
    """Publish an utterance at twice the pace of a microphone."""
    started = UtteranceStarted(utterance=f"u{conversation}", session="s", language="und")
    await event_log.append(Event(id=f"e{conversation}", at=1, conversation=conversation, turn="t", body=started))
    for index, start in enumerate(range(0, len(pcm), 3_200)):
        chunk = AudioIn(
            conversation=conversation, utterance=started.utterance, index=index, sample=start // 2,
            pcm=pcm[start : start + 3_200], final=start + 3_200 >= len(pcm),
        )  # fmt: skip
        await event_log.publish_media(chunk, f"{started.utterance}-{index}")
        await asyncio.sleep(0.05)


async def outcome(event_log: EventLog, conversation: str) -> TranscriptFinal | UtteranceDiscarded:
    for _ in range(600):
        for _, event in await event_log.facts(conversation):
            if isinstance(event.body, TranscriptFinal | UtteranceDiscarded):
                return event.body
        await asyncio.sleep(0.05)
    raise AssertionError(f"no transcript in {conversation}")


async def test_conversations_are_transcribed_concurrently_with_partial_transcripts(
    event_log: EventLog, settings: Settings, counting_folder: Path
) -> None:
    whisper = build(replace(settings, stt_engine="whisper", stt_model=str(counting_folder)))
    async with running(event_log, whisper):
        await asyncio.gather(*(speak(event_log, name, pcm) for name, pcm in SPOKEN.items()))
        first, silent, third = [await outcome(event_log, name) for name in SPOKEN]
    assert silent == UtteranceDiscarded(utterance="uc2", reason="no_words")
    assert isinstance(first, TranscriptFinal)
    assert isinstance(third, TranscriptFinal)
    assert (first.engine, first.language) == ("whisper", "en")
    words, fewer = first.text.split(), third.text.split()
    assert words == list(NUMBERS[: len(words)])
    assert fewer == list(NUMBERS[: len(fewer)])
    assert 0 < len(fewer) < len(words) == len(first.words)
    partial = await event_log.last_live(subjects.live(LiveEvent(at=0, conversation="c1", body=_PARTIAL)))
    assert partial is not None
    assert isinstance(partial.body, TranscriptPartial)
    assert first.text.startswith(partial.body.text)


_PARTIAL = TranscriptPartial(utterance="u", text="")
