"""Voice notes and videos from a real log, also where their speeches are no longer on it."""

from __future__ import annotations

import pytest

from bus.errors import StreamStalled
from bus.log.event_log import EventLog
from bus.work.fenced_output import media_message_id
from services.muxing.video import video_note
from services.muxing.voice import voice_note
from tests.fakes import FakeReader
from tests.services.channels.recordings.recordings import speech
from tests.services.channels.sending.speeches import log_of, packets_of

PACKETS = packets_of(speech())
MEDIA = log_of(("s1", PACKETS, range(20, 95)), ("s2", PACKETS[:40], ()))


async def test_they_are_the_same_as_from_the_speeches_themselves(event_log: EventLog) -> None:
    for messages in MEDIA.values():
        for message in messages:
            await event_log.publish_media(message, media_message_id(message))
    fake = FakeReader(media=MEDIA)
    assert await voice_note(event_log, "c", ["s1", "s2"]) == await voice_note(fake, "c", ["s1", "s2"])
    video = await video_note(event_log, "c", ["s1", "s2"])
    assert video.seconds == (await video_note(fake, "c", ["s1", "s2"])).seconds


async def test_audio_that_was_removed_is_missed_soon(event_log: EventLog) -> None:
    with pytest.raises(StreamStalled):
        await voice_note(event_log, "c", ["gone"], timeout=0.1)
