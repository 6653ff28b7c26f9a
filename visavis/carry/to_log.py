"""Writes a carried conversation to the log as a copy: media first, then the facts, each once however often repeated."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass

from msgspec.structs import replace

from bus import codec, subjects
from bus.errors import InvalidInput, UndecodableEvent
from bus.events import CharacterCreated, CharacterEvent, ConversationCopied, Event, IdleBatch, Media
from bus.ids import derive_id
from bus.log import streams
from bus.log.event_log import EventLog
from bus.stamping import new_event
from services.characters import current_characters
from visavis.carry.contents import Archive, ArchivedFact, idle_name


@dataclass
class Written:
    """What a call added to the log."""

    conversation: str
    facts: int = 0
    media: int = 0
    characters: tuple[str, ...] = ()

    @property
    def anything(self) -> bool:
        return bool(self.facts or self.media or self.characters)


async def write_archive(
    event_log: EventLog, archive: Archive, *, conversation: str, person: str, copied: ConversationCopied
) -> Written:
    """Write the copy under this conversation id. What an earlier call has written is not written again.

    Args:
        person: its owner; `NOBODY`: only the operator sees it.
    Raises:
        InvalidInput: the id is taken by a conversation that is no copy of this archive.
        BusError: NATS is away, or a stream is full; call it again to complete the copy.
    """
    first = _first_fact(archive, conversation, copied)
    there = await _copies_there(event_log, conversation)
    if there is None or (there and _event_id(there[0]) != first.id):
        raise InvalidInput(f"there is another conversation {conversation} on this log")
    written = Written(conversation)
    facts = _facts_to_copy(archive)
    renamed = await _write_characters(event_log, archive, person, written)
    await _write_media(event_log, archive, conversation, written, is_complete=len(there) > len(facts))
    if not there:
        await event_log.append_copy(first, stored=min(fact.stored for fact in archive.facts))
        written.facts += 1
    for number, fact in enumerate(facts):
        if number < len(there) - 1:
            continue
        moved = fact.moved(conversation, person, renamed)
        # By its place: a log may hold an event twice, and all that is counted here must be stored.
        id_ = f"{conversation}-{number}-{_event_id(moved.data)}"
        await event_log.append_copied_bytes(moved.subject, moved.data, id_, stored=moved.stored)
        written.facts += 1
    return written


async def is_copy_of(event_log: EventLog, conversation: str, archive: Archive) -> bool:
    """Whether the facts of a conversation on this log are a copy of the archive, be it not complete."""
    there = await _copies_there(event_log, conversation)
    return there is not None and there != [] and _event_id(there[0]) == _first_id(archive, conversation)


def _first_id(archive: Archive, conversation: str) -> str:
    return derive_id(archive.content_id(), conversation, "copied")


def _first_fact(archive: Archive, conversation: str, copied: ConversationCopied) -> Event:
    """The fact that says what the others are: of a copy of a copy, that of the first copy."""
    event = archive.facts[0].event if archive.facts else None
    if event is not None and isinstance(event.body, ConversationCopied):
        redacted = copied.redacted or event.body.redacted
        copied = replace(event.body, redacted=redacted) if copied.how == "imported" else copied
    fact = new_event(copied, conversation=conversation, event_id=_first_id(archive, conversation))
    # As old as what it stands before: the log has the time of the copy, and this must not count as part of the talk.
    return replace(fact, at=min((event.at for _, _, event in archive.events()), default=fact.at))


def _facts_to_copy(archive: Archive) -> list[ArchivedFact]:
    """All but the one that says of a copy that it is one."""
    return [fact for fact in archive.facts if not fact.subject.endswith(".conversation.copied")]


async def _copies_there(event_log: EventLog, conversation: str) -> list[bytes] | None:
    """The copied facts of a conversation, in order; None where its first fact is no copy."""
    found: list[bytes] = []
    async with aclosing(event_log.read(streams.CONVERSATIONS, subjects.facts_of(conversation))) as records:
        async for record in records:
            if not found and not record.is_copy:
                return None
            if record.is_copy:
                found.append(record.data)
    return found


def _event_id(data: bytes) -> str:
    """Empty where it does not decode."""
    try:
        return codec.decode_event(data).id
    except UndecodableEvent:
        return ""


# Characters


async def _write_characters(event_log: EventLog, archive: Archive, person: str, written: Written) -> dict[str, str]:
    """Make the characters that are not here, for their new owner alone; returns the new ids of those whose id is taken
    by another character."""
    here = await current_characters(event_log)
    renamed: dict[str, str] = {}
    for name, created in archive.characters.items():
        place = place_of(name, created, here, person)
        if place != name:
            renamed[name] = place
        if place in here:
            continue
        if created.look in archive.assets:
            await event_log.assets.put(created.look, archive.assets[created.look])
        fact = CharacterEvent(
            id=derive_id(archive.content_id(), place, person),
            at=max(fact.at for fact in archive.character_facts if fact.character == name),
            character=place,
            body=replace(created, owner=person),
        )
        await event_log.append_character(fact)
        written.characters += (place,)
    for name in archive.characters:
        await _write_idle_loop(event_log, archive, name, renamed.get(name, name))
    return renamed


def place_of(name: str, created: CharacterCreated, here: dict[str, CharacterCreated], person: str) -> str:
    """The id under which a character is here, or is to be made: its own, unless another one has that, or one that the
    person may not see."""
    place, number = name, 1
    while place in here and not _is_same(here[place], created, person):
        suffix = "-imported" if number == 1 else f"-imported-{number}"
        place, number = name[: 64 - len(suffix)] + suffix, number + 1
    return place


def _is_same(one: CharacterCreated, other: CharacterCreated, person: str) -> bool:
    return one.owner in ("", person) and replace(one, owner="") == replace(other, owner="")


async def _write_idle_loop(event_log: EventLog, archive: Archive, name: str, place: str) -> None:
    if await event_log.last_media(IdleBatch, subjects.idle_frames(place)) is not None:
        return
    for number, data in enumerate(archive.media.read(idle_name(name))):
        batch = codec.decode_media(data)
        assert isinstance(batch, IdleBatch)
        message_id = f"{archive.content_id()}-{place}-{number}"
        await event_log.publish_media(replace(batch, character=place), message_id)


# Media


async def _write_media(
    event_log: EventLog, archive: Archive, conversation: str, written: Written, *, is_complete: bool
) -> None:
    """Write the media that are not there.

    Args:
        is_complete: the facts are there, and so were the media: what is left of a part of them is left as it is, and
            what has expired as a whole is written again.
    """
    counts = {
        **await event_log.counts(streams.AUDIO, subjects.audio_of(conversation)),
        **await event_log.counts(streams.FRAMES, subjects.frames_of(conversation)),
    }
    for subject in archive.media.names():
        if subject.startswith("frames.idle."):
            continue
        root, _, rest = subject.split(".", 2)
        there = counts.get(f"{root}.{conversation}.{rest}", 0)
        if is_complete and there:
            continue
        for number, data in enumerate(archive.media.read(subject)):
            if number < there:
                continue
            message = codec.decode_media(data)
            await event_log.publish_media(_moved(message, conversation), f"{conversation}-{rest}-{root}-{number}")
            written.media += 1


def _moved(message: Media, conversation: str) -> Media:
    assert not isinstance(message, IdleBatch)
    return replace(message, conversation=conversation)
