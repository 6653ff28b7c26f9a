"""The service `notes`: fetches the recordings that come through channels and makes utterances of them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from typing import Any, Literal, TypeAlias, cast

from cachetools import LRUCache

from bus.errors import VisavisError
from bus.events import (
    MICROPHONE_RATE,
    UNKNOWN_LANGUAGE,
    AudioIn,
    Body,
    Event,
    Origin,
    UtteranceDiscarded,
    UtteranceEnded,
    UtteranceStarted,
    VoiceNoteReceived,
)
from bus.settings import DETECT_LANGUAGE
from bus.work.service import Output, Reader, Service
from projections.conversation import Conversation, fold_all
from projections.language import language_in_use
from services.channels.channel import Channel
from services.channels.recordings.decoding import RecordingDecoder, Unusable
from services.channels.recordings.recording_refusals import Refusal, refusal_sentence

log = logging.getLogger(__name__)

DiscardReason: TypeAlias = Literal["too_short", "unreadable", "too_long"]

LARGEST = 20_000_000
"""Bytes of a recording; as much as Telegram lets bots fetch."""
FETCH_SECONDS = 60.0
"""In which a recording has to be here."""
SHORTEST = MICROPHONE_RATE * 300 // 1000
"""Samples below which nothing can have been said."""
CHUNK = MICROPHONE_RATE // 2
"""Samples in a chunk on the log, half a second. Larger than those of a microphone: the recording is over, nobody waits
for the next one, and each costs an acknowledgement."""
CONCURRENCY = 4
_MOST_FAILED = 1000
BACKOFF = (1.0, 5.0, 20.0, 60.0)
"""Seconds between tries: a channel may be away for a minute."""

_REASONS: dict[Refusal, DiscardReason] = {
    "unreadable": "unreadable",
    "no_sound": "unreadable",
    "too_long": "too_long",
    "too_large": "too_long",
    "too_short": "too_short",
}


class _Refused(Exception):
    def __init__(self, refusal: Refusal, why: str) -> None:
        super().__init__(why)
        self.refusal: Refusal = refusal


class NoteHandler:
    """Handles one recording: an utterance with all its audio, or `utterance.discarded` with words for the person.

    A recording that lasts longer than the limit is refused as a whole: half a question has no answer.

    Args:
        channels: one for each account.
        decoder: with the longest recording that is taken.
        language: that people speak, "und": it is detected in each recording.
        largest: bytes.
        fetch_seconds: in which a recording has to be here.
    """

    def __init__(
        self,
        channels: Sequence[Channel],
        decoder: RecordingDecoder,
        language: str = UNKNOWN_LANGUAGE,
        *,
        largest: int = LARGEST,
        fetch_seconds: float = FETCH_SECONDS,
    ) -> None:
        self._channels = channels
        self._decoder = decoder
        self._language = language
        self._largest = largest
        self._fetch_seconds = fetch_seconds
        self._languages: LRUCache[str, str] = LRUCache(_MOST_FAILED)
        """That persons use, by id of the utterance that could not be had yet."""

    async def __call__(self, event: Event, reader: Reader) -> AsyncIterator[Output]:
        body = event.body
        assert isinstance(body, VoiceNoteReceived)
        try:
            pcm = await self._sound(body)
        except _Refused as refused:
            log.info("recording refused", extra={"utterance": body.utterance, "why": str(refused)})
            detail = self._sentence(refused.refusal, await _language(event, reader))
            yield UtteranceDiscarded(utterance=body.utterance, reason=_REASONS[refused.refusal], detail=detail)
            return
        except Exception:
            self._languages[body.utterance] = await _language(event, reader)  # for `failure_facts`, which reads nothing
            raise
        yield UtteranceStarted(utterance=body.utterance, language=self._language, forwarded=body.forwarded)
        for chunk in chunks(event.conversation, body.utterance, pcm):
            yield chunk
        samples = len(pcm) // 2
        yield UtteranceEnded(utterance=body.utterance, samples=samples, speech_ended=samples, reason="recording")

    def failure_facts(self, event: Event, error: VisavisError) -> Iterable[Body]:
        """What the service publishes where a recording could not be had."""
        if isinstance(event.body, VoiceNoteReceived):
            utterance = event.body.utterance
            detail = self._sentence("lost", self._languages.pop(utterance, ""))
            yield UtteranceDiscarded(utterance=utterance, reason="lost", detail=detail)

    async def _sound(self, note: VoiceNoteReceived) -> bytes:
        """The recording as 16 kHz mono s16.

        Raises:
            VisavisError: it cannot be had.
        """
        if note.bytes > self._largest:
            raise _Refused("too_large", f"it has {note.bytes} bytes")
        data = await self._fetch(self._channel(note.origin), note.media)
        try:
            pcm = await self._decoder.decode(data)
        except Unusable as unusable:
            raise _Refused(unusable.problem, unusable.detail) from unusable
        if len(pcm) // 2 < SHORTEST:
            raise _Refused("too_short", f"it has {len(pcm) // 2} samples")
        return pcm

    def _channel(self, origin: Origin) -> Channel:
        for channel in self._channels:
            if (channel.name, channel.account) == (origin.channel, origin.account):
                return channel
        detail = f"the account {origin.account} of {origin.channel}, which took the recording, is not set up any more"
        raise VisavisError(detail, code="unknown_account", retryable=True)

    async def _fetch(self, channel: Channel, media: str) -> bytes:
        data = bytearray()
        try:
            async with asyncio.timeout(self._fetch_seconds), aclosing(cast("Any", channel.fetch(media))) as pieces:
                async for piece in pieces:
                    data += piece
                    if len(data) > self._largest:
                        raise _Refused("too_large", f"it has more than {self._largest} bytes")
        except TimeoutError as error:
            detail = f"{channel.name} did not deliver a recording within {self._fetch_seconds:g} s"
            raise VisavisError(detail, code="fetch_timeout", retryable=True) from error
        return bytes(data)

    def _sentence(self, refusal: Refusal, language: str) -> str:
        return refusal_sentence(
            refusal, language, seconds=self._decoder.seconds, megabytes=max(1, self._largest // 1_000_000)
        )


async def _language(event: Event, reader: Reader) -> str:
    """The language that the person uses in the conversation."""
    return language_in_use(fold_all(Conversation(id=event.conversation), await reader.facts(event.conversation)))


def chunks(conversation: str, utterance: str, pcm: bytes) -> Iterable[AudioIn]:
    """The audio of an utterance for the log; the last chunk is final."""
    size = 2 * CHUNK
    for index, start in enumerate(range(0, len(pcm), size)):
        yield AudioIn(
            conversation=conversation,
            utterance=utterance,
            index=index,
            sample=start // 2,
            pcm=pcm[start : start + size],
            final=start + size >= len(pcm),
        )


def service(channels: Sequence[Channel], decoder: RecordingDecoder, language: str = "") -> Service:
    """The service.

    Args:
        language: the setting: that of all people, or empty or "auto" where it is to be found in each recording.
    """
    spoken = UNKNOWN_LANGUAGE if language in ("", DETECT_LANGUAGE) else language
    handler = NoteHandler(channels, decoder, spoken)
    return Service(
        name="notes",
        consumes=(VoiceNoteReceived,),
        handle=handler,
        engine="ffmpeg",
        on_failure=handler.failure_facts,
        concurrency=CONCURRENCY,
        backoff=BACKOFF,
    )
