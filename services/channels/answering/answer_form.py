"""In what form a person is answered: by their wish, and by what the channel can do. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from bus.channel_events import Content, ReplyForm, VideoContent, VoiceContent
from services.channels.channel import Activity, Capabilities

Medium: TypeAlias = Literal["text", "voice", "video"]

ACTIVITIES: dict[Medium, Activity] = {"text": "typing", "voice": "recording", "video": "recording_video"}
"""What is shown while an answer is made."""


@dataclass(frozen=True)
class AnswerForm:
    """How an answer is sent, as far as there is sound and there are pictures."""

    medium: Medium
    with_text: bool = False
    """The whole text as well."""


def form_of(queued: Content, wanted: AnswerForm) -> AnswerForm:
    """The form of an answer whose first message is this one, however it is wanted."""
    medium: Medium = "voice" if isinstance(queued, VoiceContent) else "text"
    if isinstance(queued, VideoContent):
        medium = "video"
    return AnswerForm(medium, with_text=wanted.with_text and medium != "text")


def form_for(wish: ReplyForm, capabilities: Capabilities, *, recorded: bool) -> AnswerForm:
    """The form of an answer.

    Args:
        recorded: the person sent a recording.
    """
    medium: Medium = "text"
    if wish in ("voice", "both", "video") or (wish == "same" and recorded):
        medium = "voice" if capabilities.voice else "text"
    if wish == "video" and capabilities.video:
        medium = "video"
    return AnswerForm(medium, with_text=wish == "both" and medium != "text")
