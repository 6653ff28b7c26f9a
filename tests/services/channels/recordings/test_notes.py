"""From a recording in a channel to an utterance, or to words for the person why there is none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping

import numpy as np
import pytest

from bus.errors import VisavisError
from bus.events import (
    MICROPHONE_RATE,
    AudioIn,
    ConversationOpened,
    Event,
    Origin,
    ReplyStarted,
    UtteranceDiscarded,
    UtteranceEnded,
    UtteranceStarted,
    VoiceNoteReceived,
)
from bus.work.service import Output
from services.audio import samples_from_pcm
from services.channels.recordings.decoding import RecordingDecoder
from services.channels.recordings.notes import CHUNK, NoteHandler, service
from tests.fakes import FakeReader, event
from tests.services.channels.recordings.recordings import Format, encode, opus_silence, speech

SPEECH = speech()
NOTE = encode(SPEECH, Format("ogg", "libopus", 48_000, bitrate=24_000))
WAV = Format("wav", "pcm_s16le", MICROPHONE_RATE)


class FakeChannel:
    """A channel of which only recordings can be fetched; `fetched` has their names."""

    name = "telegram"

    def __init__(self, files: Mapping[str, bytes], account: str = "bot", *, hangs: bool = False) -> None:
        self.account = account
        self.fetched: list[str] = []
        self.bytes_read = 0
        self._files = files
        self._hangs = hangs

    async def fetch(self, media: str) -> AsyncIterator[bytes]:
        self.fetched.append(media)
        if self._hangs:
            await asyncio.Event().wait()
        if media not in self._files:
            raise VisavisError("it is gone", code="gone", retryable=False)
        data = self._files[media]
        for start in range(0, len(data), 10_000):
            self.bytes_read += len(data[start : start + 10_000])
            yield data[start : start + 10_000]


@pytest.fixture(scope="module")
def decoder() -> Iterator[RecordingDecoder]:
    made = RecordingDecoder(30)
    yield made
    made.close()


def note(media: str = "note", *, size: int = 0, forwarded: bool = False, account: str = "bot") -> Event:
    origin = Origin(channel="telegram", account=account, chat="1", sender="1", message="7")
    body = VoiceNoteReceived(utterance="u", origin=origin, media=media, bytes=size, forwarded=forwarded)
    return event(body, at=9, turn="t")


async def outputs(handler: NoteHandler, received: Event, reader: FakeReader | None = None) -> list[Output]:
    return [output async for output in handler(received, reader or FakeReader())]


def handler(decoder: RecordingDecoder, *channels: FakeChannel, **limits: float) -> NoteHandler:
    return NoteHandler(channels, decoder, **limits)  # type: ignore[arg-type]  # they have what it uses


async def test_a_recording_becomes_an_utterance_with_all_its_sound(decoder: RecordingDecoder) -> None:
    channel = FakeChannel({"note": NOTE})
    started, *audio, ended = await outputs(handler(decoder, channel), note())
    assert started == UtteranceStarted(utterance="u", session=None, language="und")
    assert ended == UtteranceEnded(
        utterance="u", samples=len(SPEECH), speech_ended=len(SPEECH), reason="recording"
    )  # fmt: skip
    pcm = b""
    for index, chunk in enumerate(audio):
        assert isinstance(chunk, AudioIn)
        assert (chunk.conversation, chunk.utterance, chunk.index) == ("c", "u", index)
        assert chunk.sample == len(pcm) // 2
        assert chunk.final == (index == len(audio) - 1)
        assert len(chunk.pcm) // 2 == CHUNK or chunk.final
        pcm += chunk.pcm
    heard = samples_from_pcm(pcm)
    assert np.corrcoef(heard, SPEECH)[0, 1] > 0.95
    assert channel.fetched == ["note"]


async def test_a_repeat_after_a_crash_has_the_same_outputs(decoder: RecordingDecoder) -> None:
    once = await outputs(handler(decoder, FakeChannel({"note": NOTE})), note())
    again = await outputs(handler(decoder, FakeChannel({"note": NOTE})), note())
    assert once == again


async def test_words_that_are_passed_on_stay_marked_as_such(decoder: RecordingDecoder) -> None:
    started, *_ = await outputs(handler(decoder, FakeChannel({"note": NOTE})), note(forwarded=True))
    assert started == UtteranceStarted(utterance="u", language="und", forwarded=True)


async def test_a_language_that_is_set_is_not_looked_for(decoder: RecordingDecoder) -> None:
    for setting, expected in (("", "und"), ("auto", "und"), ("de", "de")):
        handle = service([FakeChannel({"note": NOTE})], decoder, setting).handle  # type: ignore[list-item]
        started = await anext(aiter(handle(note(), FakeReader())))
        assert started == UtteranceStarted(utterance="u", language=expected)


async def test_each_account_fetches_what_was_sent_to_it(decoder: RecordingDecoder) -> None:
    first, second = FakeChannel({}, "other"), FakeChannel({"note": NOTE})
    await outputs(handler(decoder, first, second), note())
    assert (first.fetched, second.fetched) == ([], ["note"])


GERMAN = FakeReader([(1, event(ConversationOpened(person="p", character="luna", language="de"), at=1))])
SWITCHED = FakeReader(
    [
        (1, event(ConversationOpened(person="p", character="luna", language="de"), at=1)),
        (2, event(ReplyStarted(reply="r", character="luna", engine="x", language="en"), at=2, turn="t0")),
    ]
)
REFUSED = [
    (b"no recording", "unreadable", "I can't open this recording; please record it once more."),
    (b"", "unreadable", "I can't open this recording; please record it once more."),
    (encode(SPEECH[:3_000], WAV), "too_short",
     "That was too short for me to hear anything; please hold the button while you speak."),
    (opus_silence(0.05), "too_long",
     "That is longer than I can listen to in one go, which is 30 seconds; please send it in shorter parts."),
]  # fmt: skip


@pytest.mark.parametrize(("data", "reason", "detail"), REFUSED)
async def test_what_cannot_be_heard_is_discarded_with_words_for_the_person(
    decoder: RecordingDecoder, data: bytes, reason: str, detail: str
) -> None:
    found = await outputs(handler(decoder, FakeChannel({"note": data})), note())
    assert found == [UtteranceDiscarded(utterance="u", reason=reason, detail=detail)]  # type: ignore[arg-type]


@pytest.mark.parametrize(("reader", "words"), [(GERMAN, "Ich kann diese Aufnahme"), (SWITCHED, "I can't open this")])
async def test_the_words_are_in_the_language_that_the_person_last_used(
    decoder: RecordingDecoder, reader: FakeReader, words: str
) -> None:
    (discarded,) = await outputs(handler(decoder, FakeChannel({"note": b"x"})), note(), reader)
    assert isinstance(discarded, UtteranceDiscarded)
    assert discarded.detail.startswith(words)


async def test_a_file_that_is_said_to_be_too_large_is_not_fetched(decoder: RecordingDecoder) -> None:
    channel = FakeChannel({"note": NOTE})
    (discarded,) = await outputs(handler(decoder, channel), note(size=20_000_001))
    assert isinstance(discarded, UtteranceDiscarded)
    assert discarded.reason == "too_long"
    assert discarded.detail.startswith("That file is too large for me, I take up to 20 MB")
    assert channel.fetched == []


async def test_a_file_that_turns_out_too_large_is_fetched_no_further(decoder: RecordingDecoder) -> None:
    channel = FakeChannel({"note": bytes(10_000_000)})
    (discarded,) = await outputs(handler(decoder, channel, largest=50_000), note(size=10))
    assert isinstance(discarded, UtteranceDiscarded)
    assert discarded.reason == "too_long"
    assert channel.bytes_read == 60_000


async def test_a_channel_that_does_not_deliver_is_tried_again_later(decoder: RecordingDecoder) -> None:
    with pytest.raises(VisavisError, match="telegram did not deliver") as failed:
        await outputs(handler(decoder, FakeChannel({}, hangs=True), fetch_seconds=0.05), note())
    assert (failed.value.code, failed.value.retryable) == ("fetch_timeout", True)


async def test_the_recording_of_an_account_that_is_not_set_up_waits_for_it(decoder: RecordingDecoder) -> None:
    with pytest.raises(VisavisError, match="account old of telegram") as failed:
        await outputs(handler(decoder, FakeChannel({"note": NOTE})), note(account="old"))
    assert failed.value.retryable


async def test_what_the_channel_says_about_a_recording_that_is_gone_is_passed_on(decoder: RecordingDecoder) -> None:
    with pytest.raises(VisavisError, match="it is gone") as failed:
        await outputs(handler(decoder, FakeChannel({})), note())
    assert not failed.value.retryable


@pytest.mark.parametrize(
    ("reader", "words"),
    [
        (GERMAN, "Ich konnte deine Aufnahme nicht abholen; bitte schick sie noch einmal."),
        (SWITCHED, "I couldn't get your recording; please send it once more."),
    ],
)
async def test_a_recording_that_could_not_be_had_is_lost_and_the_person_is_told_so(
    decoder: RecordingDecoder, reader: FakeReader, words: str
) -> None:
    handle = handler(decoder, FakeChannel({}))
    with pytest.raises(VisavisError) as failed:
        await outputs(handle, note(), reader)
    discarded = UtteranceDiscarded(utterance="u", reason="lost", detail=words)
    assert list(handle.failure_facts(note(), failed.value)) == [discarded]
