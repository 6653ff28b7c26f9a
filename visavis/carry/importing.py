"""`visavis import`: brings a conversation from a file into this system, where it plays."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bus import subjects
from bus.errors import BusError, ConfigurationError, InvalidInput
from bus.events import ConversationCopied
from bus.ids import NOBODY, derive_id
from bus.log.event_log import EventLog, connect
from bus.settings import PREFIX, Settings
from projections.printable import printable
from visavis.carry.archive import Archive, Written, is_copy_of, load, write_archive

WAIT = 5.0
"""Seconds to wait for NATS."""


async def import_file(settings: Settings, path: Path, *, as_id: str | None, person: str | None) -> int:
    """Import a file and say what was done; returns the exit status.

    Args:
        as_id: id of the conversation here; None: its own, or one derived from its content where that is taken.
        person: its owner; None: nobody, only the operator sees it.
    Raises:
        InvalidInput: the file is damaged, or the id is taken by another conversation. Nothing has changed.
        ConfigurationError: it cannot be read, or its media do not fit into the streams.
        BusError: Visavis does not run.
    """
    owner = NOBODY if person is None else subjects.token(person, "person")
    with await asyncio.to_thread(load, path) as archive:
        async with connect(settings, name="import", wait=WAIT, update_streams=False) as event_log:
            check_room(event_log, archive)
            conversation = await choose_id(event_log, archive, as_id)
            copied = ConversationCopied(source=archive.conversation, how="imported", redacted=archive.redacted)
            try:
                written = await write_archive(
                    event_log, archive, conversation=conversation, person=owner, copied=copied
                )
            except BusError as error:
                raise BusError(
                    f"{error.detail}; a part of it may be there, the same command completes it"
                ) from error
        for line in summary(archive, written):
            print(line)
    return 0


async def choose_id(event_log: EventLog, archive: Archive, as_id: str | None) -> str:
    """The id of the conversation here: the one asked for, its own, or one derived from its content.

    Raises:
        InvalidInput: the one asked for is taken by another conversation.
    """
    wanted = archive.conversation if as_id is None else subjects.token(as_id, "conversation")
    if await _is_free(event_log, wanted) or await is_copy_of(event_log, wanted, archive):
        return wanted
    if as_id is not None:
        raise InvalidInput(f"there is another conversation {as_id} here; take another id")
    return derive_id(archive.content_id(), "copy")


async def _is_free(event_log: EventLog, conversation: str) -> bool:
    return await event_log.last_message(subjects.facts_of(conversation)) is None


def check_room(event_log: EventLog, archive: Archive) -> None:
    """Check that the media can be stored.

    Raises:
        ConfigurationError: the streams are too small for them.
        InvalidInput: a message is larger than the server takes.
    """
    settings = event_log.settings
    sizes = {"audio": 0, "frames": 0}
    for subject in archive.media.names():
        sizes[subject.split(".", 1)[0]] += archive.media.size_of(subject)
    for root, limit, name in (
        ("audio", settings.audio_bytes, "AUDIO_BYTES"), ("frames", settings.frames_bytes, "FRAMES_BYTES"),
    ):  # fmt: skip
        if limit > 0 and sizes[root] > limit:
            raise ConfigurationError(
                f"its {root} has {sizes[root]} bytes, and {PREFIX}{name} is {limit}: raise that, and start again"
            )
    largest = max([archive.media.largest(), *(len(fact.data) for fact in archive.facts)])
    if largest + 256 > event_log.nc.max_payload:
        raise InvalidInput(
            f"it has a message of {largest} bytes, and this NATS server takes {event_log.nc.max_payload}"
        )


def summary(archive: Archive, written: Written) -> list[str]:
    """What was added, and what the file does not have."""
    if not written.anything:
        return [f"conversation {written.conversation} is here already, nothing was added"]
    lines = [
        f"imported conversation {written.conversation}: {written.facts} facts, {written.media} messages of sound and "
        "pictures",
        f"it is shown by: visavis replay {written.conversation}",
    ]
    if written.characters:
        lines.append(f"characters made for it: {', '.join(written.characters)}")
    if archive.missing:
        lines.append(f"not in the file: {missing_line(archive)}")
    return lines


def missing_line(archive: Archive) -> str:
    """What was no longer there when the conversation was exported, counted by kind and reason."""
    counts: dict[tuple[str, str], int] = {}
    for one in archive.missing:
        counts[one.kind, one.why] = counts.get((one.kind, one.why), 0) + 1
    names = {"utterance": "sound of the person", "speech": "sound of speeches", "pictures": "pictures of speeches"}
    return ", ".join(f"{names[kind]} ({count} {printable(why)})" for (kind, why), count in counts.items())
