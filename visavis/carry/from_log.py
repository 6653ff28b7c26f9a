"""Reads a conversation from the log, with its media, characters, deliveries and dead letters."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import aclosing, suppress

import msgspec

from bus import codec, subjects
from bus.channel_events import DeliveryQueued
from bus.errors import NotFound, UndecodableEvent
from bus.events import (
    AudioIn,
    AudioOut,
    CharacterChosen,
    ConversationCopied,
    ConversationOpened,
    Event,
    FaceRequested,
    FrameBatch,
    FramesEnded,
    FramesStarted,
    IdleBatch,
    ReplySentence,
    ReplyStarted,
    SpeechEnded,
    SpeechStarted,
    UtteranceStarted,
)
from bus.ids import PHOTO_LOOK
from bus.log import dead_letters, streams
from bus.log.event_log import LARGEST_SKEW, EventLog
from services.face_clips import CLIPS
from services.gateway.playing.idle_loops import IdleLoop, IdleLoops
from visavis.carry.contents import Archive, ArchivedFact, Missing, MissingKind, StoredDelivery, idle_name


async def read_archive(event_log: EventLog, conversation: str) -> Archive:
    """A conversation with all that the log still has of it. What is stored meanwhile is left out.

    Raises:
        NotFound: the log has no fact of it.
        InvalidInput: it is no id.
        BusError: NATS is away.
    """
    archive = Archive(conversation)
    try:
        await _read_facts(event_log, archive)
        if not archive.facts:
            raise NotFound(f"there is no conversation {conversation}")
        events = [event for _, _, event in archive.events()]
        archive.redacted = any(isinstance(event.body, ConversationCopied) and event.body.redacted for event in events)
        await _read_media(event_log, archive)
        archive.missing = _missing(archive, events)
        await _read_characters(event_log, archive, _characters_in(events))
        await _read_deliveries(event_log, archive)
        archive.dead_letters = [
            one.data async for one in dead_letters.read_all(event_log) if one.conversation == conversation
        ]
    except BaseException:
        archive.close()
        raise
    return archive


async def _read_facts(event_log: EventLog, archive: Archive) -> None:
    newest = await event_log.last_sequence(streams.CONVERSATIONS)
    reading = event_log.read(streams.CONVERSATIONS, subjects.facts_of(archive.conversation))
    async with aclosing(reading) as records:
        async for record in records:
            if record.sequence > newest:
                return
            archive.facts.append(
                ArchivedFact(
                    seq=record.sequence, stored=record.stored, subject=record.subject, data=bytes(record.data)
                )
            )


async def _read_media(event_log: EventLog, archive: Archive) -> None:
    # Not the claims of workers, which lie among them.
    name = subjects.token(archive.conversation, "conversation")
    for subject in (f"audio.{name}.in.*", f"audio.{name}.out.*", f"frames.{name}.*"):
        await _spool(event_log, archive, subject)


async def _spool(event_log: EventLog, archive: Archive, subject: str) -> None:
    async with aclosing(event_log.read(streams.stream_of(subject), subject)) as records:
        async for record in records:
            try:
                codec.decode_media(record.data)
            except UndecodableEvent:
                continue  # no program could play it
            archive.media.add(record.subject, record.data)


def _characters_in(events: list[Event]) -> set[str]:
    """Ids of the characters that take part."""
    found: set[str] = set()
    for event in events:
        match event.body:
            case (
                ConversationOpened(character=name) | CharacterChosen(character=name) | ReplyStarted(character=name)
                | ReplySentence(character=name) | SpeechStarted(character=name) | FramesStarted(character=name)
                | FaceRequested(character=name)
            ):  # fmt: skip
                found.add(name)
    return found


async def _read_characters(event_log: EventLog, archive: Archive, names: set[str]) -> None:
    facts = await event_log.character_facts()
    archive.character_facts = [fact for fact in facts if fact.character in names]
    for name, created in archive.characters.items():
        await _read_newest_loop(event_log, archive, name)
        if created.look.startswith(PHOTO_LOOK) and created.look not in archive.assets:
            try:
                archive.assets[created.look] = await event_log.assets.get(created.look)
            except NotFound:
                continue


async def _read_newest_loop(event_log: EventLog, archive: Archive, character: str) -> None:
    """The newest idle loop of a character, as far as it is there; older ones are left out."""
    subject = subjects.idle_frames(character)
    last = await event_log.last_media(IdleBatch, subject)
    if last is None:
        return
    batches: list[bytes] = []
    async with aclosing(event_log.read(streams.IDLE, subject)) as records:
        async for record in records:
            try:
                batch = codec.decode_media(record.data)
            except UndecodableEvent:
                continue
            if isinstance(batch, IdleBatch) and batch.version == last.version:
                batches = [] if batch.index == 0 else batches
                batches.append(record.data)
    for data in batches:
        archive.media.add(idle_name(character), data)


async def read_faces(event_log: EventLog, characters: Iterable[str]) -> dict[str, IdleLoop]:
    """The idle loops of characters with the clips in which they listen and think, as far as they are there."""
    loops = IdleLoops()
    for character in characters:
        for clip in CLIPS:
            async with aclosing(event_log.read(streams.IDLE, subjects.face_clip(character, clip))) as records:
                async for record in records:
                    with suppress(UndecodableEvent):
                        batch = codec.decode_media(record.data)
                        if isinstance(batch, IdleBatch):
                            loops.add(batch)
    return {character: loop for character in characters if (loop := loops.get(character)) is not None}


async def _read_deliveries(event_log: EventLog, archive: Archive) -> None:
    since = max(archive.facts[0].stored - LARGEST_SKEW, 1)
    ours: set[str] = set()
    async with aclosing(event_log.read(streams.DELIVERIES, subjects.ALL_DELIVERIES, since=since)) as records:
        async for record in records:
            try:
                body = codec.decode_delivery_event(record.data).body
            except UndecodableEvent:
                body = None
            if isinstance(body, DeliveryQueued) and body.conversation == archive.conversation:
                ours.add(record.subject)
            if record.subject in ours:
                archive.deliveries.append(
                    StoredDelivery(
                        seq=record.sequence, stored=record.time, subject=record.subject, data=bytes(record.data)
                    )
                )


def _missing(archive: Archive, events: list[Event]) -> list[Missing]:
    """What the facts tell of and the log no longer has, from its beginning to its end."""
    found: list[Missing] = []
    name = archive.conversation
    ended = {("speech", event.body.speech) for event in events if isinstance(event.body, SpeechEnded)}
    ended |= {("pictures", event.body.speech) for event in events if isinstance(event.body, FramesEnded)}
    for event in events:
        match event.body:
            case UtteranceStarted(utterance=id_):
                one = _missing_one(archive, "utterance", id_, subjects.audio_in(name, id_))
            case SpeechStarted(speech=id_):
                one = _missing_one(archive, "speech", id_, subjects.audio_out(name, id_))
            case FramesStarted(speech=id_):
                one = _missing_one(archive, "pictures", id_, subjects.frames(name, id_))
            case _:
                continue
        if one is not None and one.kind != "utterance" and (one.kind, one.id) not in ended:
            one = msgspec.structs.replace(one, why="incomplete")  # a worker died, and the person did not wait
        if one is not None and one not in found:
            found.append(one)
    return found


def _missing_one(archive: Archive, kind: MissingKind, id_: str, subject: str) -> Missing | None:
    """None: the media of the subject are all there."""
    if not archive.media.count(subject):
        return Missing(kind=kind, id=id_)
    indices: set[int] = set()
    final = False
    for data in archive.media.read(subject):
        message = codec.decode_media(data)
        if isinstance(message, AudioIn | AudioOut | FrameBatch):
            indices.add(message.index)
            final = final or message.final
    is_whole = final and indices == set(range(len(indices)))
    return None if is_whole else Missing(kind=kind, id=id_, why="incomplete")
