"""What WhatsApp's webhooks say: split into single messages and statuses, and read. Pure.

A webhook holds arrays of entries, changes, messages and statuses. Each message and each status becomes one item of the
inbox: a webhook of the same form that holds nothing else, so that one unreadable item stops no other. Reading is
lenient: WhatsApp adds fields and kinds at any time, and a person with a user name has no phone number.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct

from bus.errors import UndecodableEvent
from bus.events import Origin
from services.channels.channel import (
    UNREADABLE,
    AliasLearned,
    Content,
    Edited,
    Ignored,
    Incoming,
    Progress,
    Recording,
    Text,
    Unsupported,
)
from services.channels.whatsapp.errors import GraphError, status_failure

NAME = "whatsapp"
_STATUSES = frozenset({"sent", "delivered", "read", "played", "failed"})
_MOST_PARKED = 512 << 10
"""Bytes of what cannot be read that are kept; the log takes no messages of three megabytes."""
_DELIVERY = re.compile(r"[A-Za-z0-9_-]{1,64}")
_KINDS = {
    "image": "picture", "video": "video", "sticker": "sticker", "document": "document", "location": "location",
    "contacts": "contact",
}  # fmt: skip
"""Types of messages that are no talk, by the words of `Unsupported`."""
_IGNORED = {"reaction": "a reaction", "revoke": "a deletion"}
_NEW_IDS = frozenset({"user_changed_number", "customer_changed_number", "user_changed_user_id"})

T = TypeVar("T")


class _Metadata(Struct, frozen=True):
    phone_number_id: str = ""


class _Value(Struct, frozen=True):
    messaging_product: str = NAME
    metadata: Raw = Raw(b"{}")
    contacts: list[Raw] | None = None
    messages: list[Raw] | None = None
    statuses: list[Raw] | None = None


class _Change(Struct, frozen=True):
    field: str = ""
    value: Raw = Raw(b"{}")


class _Entry(Struct, frozen=True):
    id: str = ""
    changes: list[_Change] = []


class _Envelope(Struct, frozen=True):
    object: str = "whatsapp_business_account"
    entry: list[_Entry] = []


class _Profile(Struct, frozen=True):
    name: str | None = None
    username: str | None = None


class _Contact(Struct, frozen=True):
    profile: _Profile | None = None
    wa_id: str | None = None
    user_id: str | None = None


class _Context(Struct, frozen=True):
    forwarded: bool | None = None
    frequently_forwarded: bool | None = None


class _Text(Struct, frozen=True):
    body: str = ""


class _Audio(Struct, frozen=True):
    id: str
    voice: bool | None = None


class _Button(Struct, frozen=True):
    text: str = ""


class _Choice(Struct, frozen=True):
    title: str = ""


class _Interactive(Struct, frozen=True):
    button_reply: _Choice | None = None
    list_reply: _Choice | None = None


class _Edit(Struct, frozen=True):
    original_message_id: str | None = None


class _Unsupported(Struct, frozen=True):
    type: str | None = None


class _System(Struct, frozen=True):
    type: str = ""
    wa_id: str | None = None
    new_wa_id: str | None = None
    customer: str | None = None
    user_id: str | None = None
    previous_user_id: str | None = None


class _Message(Struct, frozen=True):
    id: str
    type: str = ""
    number: str | None = msgspec.field(name="from", default=None)
    from_user_id: str | None = None
    timestamp: int = 0
    group_id: str | None = None
    context: _Context | None = None
    text: _Text | None = None
    audio: _Audio | None = None
    button: _Button | None = None
    interactive: _Interactive | None = None
    edit: _Edit | None = None
    unsupported: _Unsupported | None = None
    system: _System | None = None


class _Identified(Struct, frozen=True):
    """As much of a message or status as is needed to store it."""

    id: str
    status: str = ""
    number: str | None = msgspec.field(name="from", default=None)
    from_user_id: str | None = None


class _Status(Struct, frozen=True):
    id: str
    status: str
    timestamp: int = 0
    biz_opaque_callback_data: str | None = None
    errors: list[GraphError] | None = None


def _decode(raw: bytes | Raw, kind: type[T]) -> T:
    # Not strict: numbers come as text, such as times.
    return msgspec.json.decode(raw, type=kind, strict=False)


@dataclass
class Split:
    """A webhook, taken apart."""

    items: list[tuple[str, bytes]] = field(default_factory=list)
    """Ids that are unique for good, and the bytes to store."""
    others: list[str] = field(default_factory=list)
    """Fields that say nothing about messages, such as alerts about the account."""
    strange_numbers: int = 0
    """Changes that are about another phone number than ours."""


def split(body: bytes, number: str) -> Split:
    """Take a webhook apart. What cannot be read is an item of its own, so that nothing is lost.

    Args:
        number: id of our phone number.
    """
    found = Split()
    try:
        envelope = _decode(body, _Envelope)
    except UNREADABLE:
        found.items.append(_parked(body))
        return found
    for entry in envelope.entry:
        for change in entry.changes:
            if change.field != "messages":
                found.others.append(change.field)
                continue
            try:
                value = _decode(change.value, _Value)
                ours = _decode(value.metadata, _Metadata).phone_number_id == number
            except UNREADABLE:
                found.items.append(_parked(bytes(change.value)))
                continue
            if not ours:
                found.strange_numbers += 1
            elif value.messages or value.statuses:
                _add_items(found, entry.id, value)
            else:
                found.others.append("errors")  # about the account, in the place of messages
    return found


def _add_items(found: Split, entry: str, value: _Value) -> None:
    for raw in value.messages or ():
        try:
            message = _decode(raw, _Identified)
        except UNREADABLE:
            found.items.append(_parked(bytes(raw)))
            continue
        contacts = _contacts_of(message, value.contacts or [])
        found.items.append((f"msg-{_hashed(message.id)}", _alone(entry, value, contacts=contacts, messages=[raw])))
    for raw in value.statuses or ():
        try:
            status = _decode(raw, _Identified)
        except UNREADABLE:
            found.items.append(_parked(bytes(raw)))
            continue
        if status.status in _STATUSES:
            found.items.append((f"st-{_hashed(status.id)}-{status.status}", _alone(entry, value, statuses=[raw])))
        else:
            found.others.append(f"status_{status.status}")


def _contacts_of(message: _Identified, contacts: list[Raw]) -> list[Raw]:
    """The contacts of the message's sender; nobody else's names are stored with it."""
    if len(contacts) == 1:
        return contacts
    found = []
    for raw in contacts:
        try:
            contact = _decode(raw, _Contact)
        except UNREADABLE:
            continue
        pairs = ((contact.wa_id, message.number), (contact.user_id, message.from_user_id))
        if any(one and one == other for one, other in pairs):
            found.append(raw)
    return found


def _alone(entry: str, value: _Value, **arrays: list[Raw]) -> bytes:
    # Written by hand, because empty arrays are left out.
    inside: dict[str, Any] = {"messaging_product": value.messaging_product, "metadata": value.metadata, **arrays}
    change = {"field": "messages", "value": {name: one for name, one in inside.items() if one}}
    return msgspec.json.encode({"object": _Envelope().object, "entry": [{"id": entry, "changes": [change]}]})


def _parked(raw: bytes) -> tuple[str, bytes]:
    return f"raw-{hashlib.blake2b(raw, digest_size=12).hexdigest()}", raw[:_MOST_PARKED]


def _hashed(message: str) -> str:
    return hashlib.blake2b(message.encode(), digest_size=12).hexdigest()


def parse(raw: bytes, number: str) -> Sequence[Incoming]:
    """What a stored webhook says.

    Args:
        number: id of our phone number.
    Raises:
        UndecodableEvent: it is no webhook about messages, or it names no sender.
    """
    try:
        found = list(_parsed(raw, number))
    except UNREADABLE as error:
        raise UndecodableEvent(f"a webhook of WhatsApp that cannot be read: {error}") from error
    if not found:
        raise UndecodableEvent("a webhook of WhatsApp without a message or status of our number")
    return found


def _parsed(raw: bytes, number: str) -> Iterator[Incoming]:
    for entry in _decode(raw, _Envelope).entry:
        for change in entry.changes:
            value = _decode(change.value, _Value)
            if _decode(value.metadata, _Metadata).phone_number_id != number:
                continue
            contacts = [_decode(one, _Contact) for one in value.contacts or ()]
            for one in value.messages or ():
                yield from _message(_decode(one, _Message), contacts, number)
            for one in value.statuses or ():
                yield _progress(_decode(one, _Status))


def _message(message: _Message, contacts: list[_Contact], account: str) -> Iterator[Incoming]:
    at = message.timestamp * 1_000_000
    if message.system is not None:
        yield from _system(message, message.system, account, at)
        return
    contact = contacts[0] if contacts else _Contact()
    phone = message.number or contact.wa_id
    user = message.from_user_id or contact.user_id
    if not (phone or user):
        raise UndecodableEvent("a message on WhatsApp without a sender: neither a number nor a user id")
    # The user id is the account's for good; a number may be hidden, or change. Answers go to the number where it is
    # known, because every version of the API takes it.
    sender, chat = user or phone or "", phone or user or ""
    answered = (message.edit and message.edit.original_message_id) or message.id
    origin = Origin(channel=NAME, account=account, chat=chat, sender=sender, message=answered)
    name = (contact.profile and (contact.profile.name or contact.profile.username)) or ""
    if phone and user:
        # Who was linked by one of the two ids is known by the other one too from here on.
        yield _alias(origin, phone, user, at)
        yield _alias(origin, user, phone, at)
    context = message.context or _Context()
    forwarded = bool(context.forwarded or context.frequently_forwarded)
    yield Incoming(content=_content(message), origin=origin, at=at, sender_name=name, forwarded=forwarded)


def _content(message: _Message) -> Content:
    if message.group_id:
        return Ignored(why="in a group")
    if message.type in _IGNORED:
        return Ignored(why=_IGNORED[message.type])
    chosen = message.interactive and (message.interactive.button_reply or message.interactive.list_reply)
    match message:
        case _Message(type="text", text=_Text(body=body)):
            return Text(text=body)
        case _Message(type="button", button=_Button(text=text)):
            return Text(text=text)
        case _Message(type="interactive") if chosen:
            return Text(text=chosen.title)
        case _Message(type="audio", audio=_Audio(id=media, voice=voice)):
            return Recording(media=media, kind="voice" if voice else "audio")
        case _Message(type="edit"):
            return Edited()
        case _Message(unsupported=_Unsupported(type="poll")):
            return Unsupported(kind="poll")
        case _Message(type="audio" | "text"):
            raise UndecodableEvent(f"a message on WhatsApp of type {message.type} without its content")
    return Unsupported(kind=_KINDS.get(message.type, "other"))


def _system(message: _Message, system: _System, account: str, at: int) -> Iterator[Incoming]:
    """A person has a new number or user id: each new id is another name of each old one."""
    old = [one for one in (system.previous_user_id, system.customer or message.number) if one]
    new = [one for one in (system.user_id, system.wa_id or system.new_wa_id) if one]
    if system.type not in _NEW_IDS or not old or not new:
        chat = message.number or message.from_user_id or system.user_id or ""
        origin = Origin(channel=NAME, account=account, chat=chat, sender=chat, message=message.id)
        yield Incoming(content=Ignored(why="a notice of WhatsApp"), origin=origin, at=at)
        return
    chat = system.wa_id or system.new_wa_id or new[0]
    for before in old:
        origin = Origin(channel=NAME, account=account, chat=chat, sender=before, message=message.id)
        for after in new:
            if after != before:
                yield _alias(origin, before, after, at)


def _alias(origin: Origin, before: str, after: str, at: int) -> Incoming:
    known = msgspec.structs.replace(origin, sender=before)
    return Incoming(content=AliasLearned(sender=after), origin=known, at=at)


def _progress(status: _Status) -> Incoming:
    if status.status not in _STATUSES:
        raise UndecodableEvent(f"a status of WhatsApp of kind {status.status[:40]!r}")
    code, detail = status_failure(status.errors) if status.status == "failed" else ("", "")
    data = status.biz_opaque_callback_data or ""
    progress = Progress(
        # Programs that send from the same number put their own data there.
        delivery=data if _DELIVERY.fullmatch(data) else "",
        message=status.id,
        status=status.status,  # type: ignore[arg-type]  # one of _STATUSES
        code=code,
        detail=detail,
    )
    return Incoming(content=progress, origin=None, at=status.timestamp * 1_000_000)
