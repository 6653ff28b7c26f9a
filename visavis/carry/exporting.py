"""`visavis export`: writes a conversation as a file that another system imports, or in a form for people and tools."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

from bus.errors import InvalidInput
from bus.log.event_log import connect
from bus.settings import Settings
from projections.finding import find_conversation
from services.gateway.playing.idle_loops import IdleLoop
from visavis.carry.archive import Archive, load, read_archive, save
from visavis.carry.archive_file import is_file_name
from visavis.carry.from_log import read_faces
from visavis.carry.hiding import redacted, without_persons
from visavis.carry.importing import missing_line
from visavis.terminal import size

Form: TypeAlias = Literal["visavis", "mp4", "vtt", "md", "jsonl"]
FORMS: tuple[Form, ...] = get_args(Form)
WAIT = 5.0
"""Seconds to wait for NATS."""


def form_of(output: Path, asked: Form | None) -> Form:
    """The form that was asked for, or that the file's suffix tells.

    Raises:
        InvalidInput: neither does.
    """
    if asked is not None:
        return asked
    for form in FORMS:
        if output.suffix.lower() == f".{form}":
            return form
    forms = ", ".join(f".{form}" for form in FORMS)
    raise InvalidInput(f"{output} does not tell the form: name a file that ends in one of {forms}, or use --format")


async def export(
    settings: Settings, conversation: str, output: Path, *, form: Form, redact: bool, skip_silences: bool
) -> int:
    """Export a conversation and say what was written; returns the exit status.

    Args:
        conversation: its id, or a file of one: that is then read in place of the log.
        redact: make its words unreadable, and its voices silent.
        skip_silences: shorten the waits of a video.
    Raises:
        NotFound: there is no such conversation.
        ConfigurationError: the file cannot be written.
        BusError: Visavis does not run.
    """
    read, faces = await _read(settings, conversation, with_faces=form == "mp4")
    archive = without_persons(read)
    if redact:
        archive = await asyncio.to_thread(redacted, archive)
    with read, archive:
        written = await asyncio.to_thread(write_form, archive, output, form, skip_silences=skip_silences, faces=faces)
        print(f"{output}: {len(archive.facts)} facts of conversation {archive.conversation}, {size(written)}")
        if archive.missing and form in ("visavis", "mp4"):
            print(f"not there any more: {missing_line(archive)}", file=sys.stderr)
    return 0


async def _read(
    settings: Settings, conversation: str, *, with_faces: bool
) -> tuple[Archive, Mapping[str, IdleLoop]]:
    if is_file_name(conversation):
        return await asyncio.to_thread(load, Path(conversation)), {}
    async with connect(settings, name="export", wait=WAIT, update_streams=False) as event_log:
        archive = await read_archive(event_log, await find_conversation(event_log, conversation))
        try:
            return archive, await read_faces(event_log, archive.characters) if with_faces else {}
        except BaseException:
            archive.close()
            raise


def write_form(
    archive: Archive, output: Path, form: Form, *, skip_silences: bool = False,
    faces: Mapping[str, IdleLoop] = MappingProxyType({}),
) -> int:  # fmt: skip
    """Write an archive in a form; returns the bytes of the file.

    Args:
        faces: of a film, see `visavis.carry.film_pictures.Pictures`.
    Raises:
        ConfigurationError: the file cannot be written.
    """
    match form:
        case "visavis":
            save(archive, output)
        case "mp4":
            from visavis.carry.film import write_film

            write_film(archive, output, skip_silences=skip_silences, faces=faces)
        case "vtt" | "md" | "jsonl":
            from visavis.carry.texts import write_text

            write_text(archive, output, form)
    return output.stat().st_size
