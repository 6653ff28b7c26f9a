"""A queued message as it is handed to its channel, and the media that are made for it."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Protocol

from bus.channel_events import Content, DeliveryQueued, TextContent, VideoContent, VoiceContent
from bus.errors import VisavisError
from bus.log.event_log import EventLog
from services.channels.channel import Capabilities
from services.muxing.speech_media import Media


class MakeMedia(Protocol):
    """Makes the voice note or video of a message from the log.

    Raises:
        VisavisError: it cannot be made; `retryable` says whether later. Its text is sent instead.
    """

    def __call__(self, event_log: EventLog, queued: DeliveryQueued, /) -> Awaitable[Media]: ...


class NoMedia(Exception):
    """The voice note or video could not be made."""

    def __init__(self, problem: VisavisError) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def suited(content: Content, can: Capabilities) -> Content:
    """The content as a channel can take it: a voice note instead of a video, a text instead of either."""
    if isinstance(content, VideoContent) and not can.video:
        content = VoiceContent(speeches=content.speeches, text=content.text)
    if isinstance(content, VoiceContent) and not can.voice:
        content = TextContent(text=content.text)
    return content
