"""Writes all that is known of a person into one ZIP file: for themselves, and readable without Visavis."""

from __future__ import annotations

import asyncio
import zipfile
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import msgspec

from bus import clock, codec, subjects
from bus.errors import NotFound, UndecodableEvent
from bus.events import MICROPHONE_RATE, OPUS_FRAME, AudioIn, AudioOut, CharacterCreated, Event
from bus.ids import PHOTO_LOOK
from bus.log import streams
from bus.log.event_log import EventLog
from projections.conversation import Conversation, fold_all
from projections.people import Link
from services.muxing.ogg import write_ogg_opus
from services.muxing.wav import write_wav
from services.privacy.person import characters_of, deliveries_to, links_of, updates_from

README = """\
All that this Visavis knows of one person.

person.json           who you are here, your links with channels, the characters that you made
conversations/ID/     of each conversation:
  messages.txt        what was said, by whom
  facts.jsonl         everything that happened, as it is stored (docs/events.md of Visavis says what it means)
  sound/              your voice (.wav) and the character's (.ogg), as far as it is still kept
characters/           the portraits of your characters
channels/             what channels told us of you and what was sent to you there, as far as it is still kept
"""


class _Person(msgspec.Struct, frozen=True, kw_only=True):
    person: str
    exported_at: int
    """Microseconds since 1970, UTC."""
    conversations: list[str]
    links: list[Link]
    characters: dict[str, CharacterCreated]


async def export_person(event_log: EventLog, person: str, conversations: list[str], target: Path) -> None:
    """Write the file of a person.

    Args:
        conversations: the ids of all of theirs.
    Raises:
        BusError: NATS is away.
        OSError: the file cannot be written.
    """
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as file:
        links = await links_of(event_log, person)
        characters = await characters_of(event_log, person)
        about = _Person(
            person=person,
            exported_at=clock.now(),
            conversations=conversations,
            links=links,
            characters=characters,
        )
        file.writestr("README.txt", README)
        file.writestr("person.json", msgspec.json.format(msgspec.json.encode(about)))
        for conversation in conversations:
            async for name, data in _files_of(event_log, conversation):
                await asyncio.to_thread(file.writestr, f"conversations/{conversation}/{name}", data)
        for character, one in characters.items():
            if one.look.startswith(PHOTO_LOOK):
                try:
                    portrait = await event_log.assets.get(one.look)
                except NotFound:
                    continue
                await asyncio.to_thread(file.writestr, f"characters/{character}", portrait)
        for kind, found in (
            ("received", await updates_from(event_log, links)), ("sent", await deliveries_to(event_log, links))
        ):  # fmt: skip
            for record in found:
                file.writestr(f"channels/{kind}/{record.sequence}.json", record.data)


async def _files_of(event_log: EventLog, conversation: str) -> AsyncIterator[tuple[str, bytes]]:
    """Names and contents of the files of one conversation."""
    lines: list[bytes] = []
    facts: list[tuple[int, Event]] = []
    async with aclosing(event_log.read(streams.CONVERSATIONS, subjects.facts_of(conversation))) as records:
        async for record in records:
            lines.append(record.data)
            try:
                facts.append((record.sequence, codec.decode_event(record.data)))
            except UndecodableEvent:
                continue
    yield "facts.jsonl", b"\n".join(lines) + b"\n"
    state = await asyncio.to_thread(fold_all, Conversation(id=conversation), facts)
    yield "messages.txt", _messages(state).encode()
    for subject in sorted(await event_log.counts(streams.AUDIO, subjects.audio_of(conversation))):
        sound = await _sound(event_log, subject)
        if sound is not None:
            yield sound


def _messages(state: Conversation) -> str:
    lines = [state.title or state.id, ""]
    for turn in state.turns:
        if turn.person is not None and turn.person.text:
            lines.append(f"You: {turn.person.text}")
        if turn.reply is not None:
            text = "".join(f"{one.space_before}{one.text}" for one in turn.reply.sentences).strip()
            lines.append(f"{turn.reply.character}: {text}")
    return "\n".join(lines) + "\n"


async def _sound(event_log: EventLog, subject: str) -> tuple[str, bytes] | None:
    """Name and contents of the file of one utterance or speech; None: the subject has no sound."""
    pcm, packets = bytearray(), list[bytes]()
    async with aclosing(event_log.read(streams.AUDIO, subject)) as records:
        async for record in records:
            try:
                chunk = codec.decode_media(record.data)
            except UndecodableEvent:
                continue
            if isinstance(chunk, AudioIn):  # a chunk may be on the log twice
                pcm += chunk.pcm[2 * max(0, len(pcm) // 2 - chunk.sample) :]
            elif isinstance(chunk, AudioOut):
                packets += chunk.packets[max(0, len(packets) - chunk.sample // OPUS_FRAME) :]
    name = subject.rsplit(".", 1)[-1]
    if pcm:
        return f"sound/{name}.wav", await asyncio.to_thread(write_wav, bytes(pcm), MICROPHONE_RATE)
    return (f"sound/{name}.ogg", await asyncio.to_thread(write_ogg_opus, packets)) if packets else None
