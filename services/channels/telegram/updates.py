"""What an update of the Bot API says. Pure.

Fields and kinds that this version does not know never fail: the Bot API gets new ones every few months.
https://core.telegram.org/bots/api#update
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Raw, Struct, field

from bus.errors import UndecodableEvent
from bus.events import Origin
from services.channels.channel import (
    UNREADABLE,
    Content,
    Edited,
    Ignored,
    Incoming,
    Reachable,
    Recording,
    Text,
    Unsupported,
)

ALLOWED_UPDATES = ("message", "edited_message", "my_chat_member")
"""The kinds that Telegram is asked for."""
UNSUPPORTED = {
    "animation": "video", "checklist": "other", "contact": "contact", "dice": "other", "document": "document",
    "game": "other", "invoice": "other", "location": "location", "paid_media": "other", "photo": "picture",
    "poll": "poll", "sticker": "sticker", "story": "other", "venue": "location", "video": "video",
}  # fmt: skip
"""Fields of a message with something that is no talk, and its word in `Unsupported`."""
_SHOWS_FIRST = ("venue", "animation", "photo", "video", "sticker")
"""A place has a location too, and a moving picture a document: what stands first here is named."""
_GONE = frozenset({"kicked", "left"})


class _User(Struct):
    id: int = 0
    is_bot: bool = False
    first_name: str | None = ""
    last_name: str | None = ""
    username: str | None = ""
    language_code: str | None = ""


class _Chat(Struct):
    id: int = 0
    type: str = ""


class _File(Struct):
    file_id: str = ""
    file_size: int | None = 0
    mime_type: str | None = ""


class _Message(Struct):
    sender: _User | None = field(name="from", default=None)
    chat: _Chat | None = None
    message_id: int = 0
    date: int = 0
    edit_date: int | None = None
    text: str | None = None
    caption: str | None = None
    voice: _File | None = None
    audio: _File | None = None
    video_note: _File | None = None
    document: _File | None = None
    location: Any = None
    forward_origin: Any = None
    forward_date: int | None = None


class _Member(Struct):
    status: str = ""


class _MemberChange(Struct):
    sender: _User | None = field(name="from", default=None)
    chat: _Chat | None = None
    date: int = 0
    new_chat_member: _Member | None = None


_ABSENT = Raw(b"null")


class _Update(Struct):
    update_id: int
    message: Raw = _ABSENT
    edited_message: _Message | None = None
    my_chat_member: _MemberChange | None = None


def parse_update(raw: bytes, account: str) -> Sequence[Incoming]:
    """What one update says: one thing, or two where a recording or a picture has a caption.

    Args:
        account: the id of the bot.
    Raises:
        UndecodableEvent: it is no JSON, or a field that is needed has another type than the Bot API says.
    """
    try:
        update = msgspec.json.decode(raw, type=_Update)
        if bytes(update.message) != bytes(_ABSENT):
            message = msgspec.json.decode(update.message, type=_Message)
            names = msgspec.json.decode(update.message, type=dict[str, Raw])
            return _message(message, frozenset(names), account)
    except UNREADABLE as error:
        # The words of the error are msgspec's own, and hold nothing of what a person wrote.
        raise UndecodableEvent(f"no update of the Bot API, of {len(raw)} bytes: {error}") from error
    if update.edited_message is not None:
        return [_edited(update.edited_message, account)]
    if update.my_chat_member is not None:
        return [_member_change(update.my_chat_member, account)]
    return [Incoming(content=Ignored(why="a kind of update that is not asked for"), origin=None)]


def _message(message: _Message, names: frozenset[str], account: str) -> Sequence[Incoming]:
    why = _why_ignored(message.sender, message.chat)
    contents = [Ignored(why=why)] if why else _contents(message, names)
    return [_incoming(content, message.sender, message.chat, message, account) for content in contents]


def _contents(message: _Message, names: frozenset[str]) -> list[Content]:
    caption: list[Content] = [Text(text=message.caption)] if message.caption else []
    if message.text is not None:
        return [Text(text=message.text)]
    recording = _recording(message)
    if recording is not None:
        return [recording, *caption]
    kinds = [name for name in (*_SHOWS_FIRST, *UNSUPPORTED) if name in names]
    if kinds:
        return [Unsupported(kind=UNSUPPORTED[kinds[0]]), *caption]
    return [Ignored(why="a message of the service, or of a kind that is not known")]


def _recording(message: _Message) -> Recording | None:
    if message.voice is not None:
        return Recording(media=message.voice.file_id, kind="voice", bytes=message.voice.file_size or 0)
    if message.video_note is not None:
        return Recording(media=message.video_note.file_id, kind="video_note", bytes=message.video_note.file_size or 0)
    audio = message.audio or message.document
    if audio is not None and (message.audio or (audio.mime_type or "").startswith("audio/")):
        return Recording(media=audio.file_id, kind="audio", bytes=audio.file_size or 0)
    return None


def _edited(message: _Message, account: str) -> Incoming:
    why = _why_ignored(message.sender, message.chat)
    if message.location is not None:
        why = why or "a place that moves"  # each few seconds
    content = Ignored(why=why) if why else Edited()
    return _incoming(content, message.sender, message.chat, message, account)


def _member_change(change: _MemberChange, account: str) -> Incoming:
    why = _why_ignored(change.sender, change.chat)
    status = change.new_chat_member.status if change.new_chat_member else ""
    content = Ignored(why=why) if why else Reachable(reachable=status not in _GONE)
    return _incoming(content, change.sender, change.chat, _Message(date=change.date), account)


def _why_ignored(sender: _User | None, chat: _Chat | None) -> str:
    """Why nothing of it is answered; "" where a person wrote to us alone."""
    if chat is None or chat.type != "private":
        return "not in a private chat"
    if sender is None or sender.is_bot:
        return "not from a person"
    return ""


def _incoming(content: Content, sender: _User | None, chat: _Chat | None, message: _Message, account: str) -> Incoming:
    user = sender or _User()
    name = " ".join(part for part in (user.first_name, user.last_name) if part)
    return Incoming(
        content=content,
        origin=Origin(
            channel="telegram",
            account=account,
            chat=str(chat.id) if chat else "",
            sender=str(user.id) if sender else "",
            message=str(message.message_id) if message.message_id else "",
        ),
        at=(message.edit_date or message.date) * 1_000_000,
        sender_name=name or user.username or "",
        forwarded=message.forward_origin is not None or message.forward_date is not None,
        language=user.language_code or "",
    )
