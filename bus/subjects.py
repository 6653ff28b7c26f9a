"""The NATS subjects; no other module builds one. Architecture, section "Streams and subjects"."""

from __future__ import annotations

import re

from bus.access_events import AccessEvent
from bus.channel_events import DeliveryEvent, LinkEvent
from bus.errors import InvalidInput
from bus.events import (
    AudioIn,
    AudioOut,
    Body,
    CharacterEvent,
    Event,
    FrameBatch,
    IdleBatch,
    LiveBody,
    LiveEvent,
    Media,
    StepRepeated,
    tag_of,
)

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


def token(value: str, name: str) -> str:
    """Check that a value can be one token of a subject, and return it.

    Args:
        name: of the value, for the error message.

    Raises:
        InvalidInput: it is empty, too long or has a character that a token must not have.
    """
    if not _TOKEN.fullmatch(value):
        raise InvalidInput(f"{name} must be 1 to 64 characters of A-Z a-z 0-9 _ -, got {value[:80]!r}")
    return value


def fact(event: Event) -> str:
    body = event.body
    if isinstance(body, StepRepeated):
        return claim("conv", event.conversation, body.service, body.event)
    return fact_in(event.conversation, type(body))


def facts_of(conversation: str) -> str:
    """All facts of one conversation."""
    return f"conv.{token(conversation, 'conversation')}.>"


def facts_of_kind(body: type[Body]) -> str:
    """One kind of fact, in all conversations."""
    return f"conv.*.{tag_of(body)}"


def fact_in(conversation: str, body: type[Body]) -> str:
    """One kind of fact in one conversation."""
    return f"conv.{token(conversation, 'conversation')}.{tag_of(body)}"


def claim(stream_prefix: str, conversation: str, service: str, event: str) -> str:
    """The subject on which a worker claims a work item, and to which the fences of its outputs refer.

    Args:
        root: first token of the fenced subjects: a fence holds within one stream, so each stream has a claim.
        event: id of the event that the service handles.
    """
    kind = tag_of(StepRepeated) if stream_prefix == "conv" else "claim"
    return f"{stream_prefix}.{token(conversation, 'conversation')}.{kind}.{service}.{token(event, 'event')}"


def worker_messages(service: str) -> str:
    """Core NATS subject on which the workers of a service announce to each other what they hold."""
    return f"work.{token(service, 'service')}"


def requeue(service: str) -> str:
    """Dead letters that a service has to handle again."""
    return f"requeue.{token(service, 'service')}"


ALL_FACTS = "conv.>"
ALL_FACE_FACTS = "conv.*.face.*"
ALL_CHARACTERS = "character.>"
ALL_AUDIO = "audio.>"
ALL_FRAMES = "frames.>"
ALL_DEAD = "dead.>"
ALL_REQUEUED = "requeue.>"
ALL_IDLE = "idle.>"
ALL_IDLE_FRAMES = "idle.*"
ALL_FACE_CLIPS = "idle.*.*"
"""The clips of characters beyond their idle loops."""
EARLIER_IDLE_FRAMES = "frames.idle.*"
"""Where idle loops were until 2026-11-28, on `FRAMES`."""
ALL_LINKS = "link.*"
ALL_ACCESS = "access.*"
ALL_INBOX = "inbox.>"
ALL_DELIVERIES = "delivery.>"


def link(event: LinkEvent) -> str:
    return f"link.{token(event.link, 'link')}"


def access(event: AccessEvent) -> str:
    return access_of(event.holder)


def access_of(holder: str) -> str:
    """All events of one key, or of one person's cookies."""
    return f"access.{token(holder, 'holder')}"


def inbox(channel: str, account: str, event: str) -> str:
    """What a channel sent us, as received.

    Args:
        account: our own account there.
        event: the channel's id of it, as one token.
    """
    return f"inbox.{token(channel, 'channel')}.{token(account, 'account')}.{token(event, 'event')}"


def inbox_of(channel: str, account: str) -> str:
    """All that one account of ours on a channel received."""
    return f"inbox.{token(channel, 'channel')}.{token(account, 'account')}.>"


def delivery(channel: str, delivery_id: str) -> str:
    """All events of one message that is sent through a channel."""
    return f"delivery.{token(channel, 'channel')}.{token(delivery_id, 'delivery')}"


def delivery_event(event: DeliveryEvent) -> str:
    return delivery(event.channel, event.delivery)


def delivery_on_any_channel(delivery_id: str) -> str:
    """All events of one message, whichever channel it is sent through."""
    return f"delivery.*.{token(delivery_id, 'delivery')}"


def deliveries_of(channel: str) -> str:
    return f"delivery.{token(channel, 'channel')}.*"


def character(event: CharacterEvent) -> str:
    return f"character.{token(event.character, 'character')}.{tag_of(event.body).removeprefix('character.')}"


def facts_of_character(character_id: str) -> str:
    """All facts about one character."""
    return f"character.{token(character_id, 'character')}.>"


def is_removal(subject: str) -> bool:
    """Whether a fact says only that a character is no more."""
    return subject.startswith("character.") and subject.endswith(".removed")


def live(event: LiveEvent) -> str:
    return f"live.{token(event.conversation, 'conversation')}.{event.body.__struct_config__.tag}"


def live_of_kind(body: type[LiveBody]) -> str:
    """One kind of live event, in all conversations."""
    return f"live.*.{body.__struct_config__.tag}"


def live_of(conversation: str) -> str:
    """All live events of one conversation."""
    return f"live.{token(conversation, 'conversation')}.>"


def conversation_of(subject: str) -> str:
    """The conversation in the subject of a fact, a live event or a media message."""
    return subject.split(".", 2)[1]


def watching(conversation: str) -> str:
    """Live events of sessions that show video."""
    return f"live.{token(conversation, 'conversation')}.watching"


def lease(name: str) -> str:
    """The lease of a work that one process at a time does; on `LIVE`, beside the live events of conversations."""
    return f"live.lease.{token(name, 'lease')}"


def audio_in(conversation: str, utterance: str) -> str:
    return f"audio.{token(conversation, 'conversation')}.in.{token(utterance, 'utterance')}"


def audio_of(conversation: str) -> str:
    """All audio of one conversation, recorded and spoken."""
    return f"audio.{token(conversation, 'conversation')}.>"


def audio_out(conversation: str, speech: str) -> str:
    return f"audio.{token(conversation, 'conversation')}.out.{token(speech, 'speech')}"


def audio_out_of(conversation: str) -> str:
    """All spoken replies of one conversation."""
    return f"audio.{token(conversation, 'conversation')}.out.*"


def frames(conversation: str, speech: str) -> str:
    return f"frames.{token(conversation, 'conversation')}.{token(speech, 'speech')}"


def frames_of(conversation: str) -> str:
    return f"frames.{token(conversation, 'conversation')}.*"


def all_frames_of(conversation: str) -> str:
    """All frames of one conversation, and the claims of those who draw them."""
    return f"frames.{token(conversation, 'conversation')}.>"


def idle_frames(character_id: str) -> str:
    return f"idle.{token(character_id, 'character')}"


def face_clip(character_id: str, clip: str) -> str:
    """A clip of a character that does not speak; that of the idle loop is the character's own subject."""
    whole = idle_frames(character_id)
    return whole if clip == "idle" else f"{whole}.{token(clip, 'clip')}"


def face_clips_of(character_id: str) -> str:
    """The clips of a character beyond its idle loop."""
    return f"{idle_frames(character_id)}.*"


def earlier_idle_frames(character_id: str) -> str:
    """Where the idle loop of a character was until 2026-11-28, on `FRAMES`."""
    return f"frames.{idle_frames(character_id)}"


def idle_claims_of(conversation: str) -> str:
    """The claims of those who draw the idle loops of characters that were asked for in one conversation."""
    return f"idle.{token(conversation, 'conversation')}.>"


def dead(stream: str, service: str) -> str:
    return f"dead.{token(stream, 'stream')}.{token(service, 'service')}"


def dead_of(service: str) -> str:
    """All dead letters of one service."""
    return f"dead.*.{token(service, 'service')}"


def media(message: Media) -> str:
    match message:
        case AudioIn():
            return audio_in(message.conversation, message.utterance)
        case AudioOut():
            return audio_out(message.conversation, message.speech)
        case FrameBatch():
            return frames(message.conversation, message.speech)
        case IdleBatch():
            return face_clip(message.character, message.clip)
