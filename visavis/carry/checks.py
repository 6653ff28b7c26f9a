"""Whether a file says only what a log can hold: subjects of its own conversation, and media that belong to them."""

from __future__ import annotations

import io
import re
import tokenize
import zipfile
import zlib

import numpy as np

from bus import codec, subjects
from bus.errors import InvalidInput, UndecodableEvent
from bus.events import CharacterCreated, CharacterEvent, IdleBatch
from bus.ids import PHOTO_LOOK
from visavis.carry.contents import Archive, ArchivedFact, media_name

_REST = re.compile(r"[!-)+-=?-~]{1,200}")
"""Of a subject, after the conversation: printable, and none of the signs that stand for others."""
_LATEST = 1 << 53
"""As of `bus.events.Microseconds`."""
_LOOK = re.compile(PHOTO_LOOK + "[0-9a-f]{32}")
_COLOUR = re.compile(r"[#A-Za-z0-9(),.% -]{0,60}")
"""As in CSS."""
_PIXELS, _MESHES = (512, 512, 3), ((468, 3), (478, 3))
"""Shapes in a portrait, `services.render.photo.portrait`; written out, because that takes OpenCV."""
_LARGEST_PORTRAIT = 8 << 20
"""Bytes, unpacked; one of ours has under one MiB."""
_DAMAGED = (
    OSError, ValueError, KeyError, EOFError, NotImplementedError, RuntimeError, MemoryError, zlib.error,
    zipfile.BadZipFile, tokenize.TokenError,
)  # fmt: skip


def check_fact(fact: ArchivedFact, conversation: str) -> None:
    """Check that a fact belongs to the conversation.

    Raises:
        InvalidInput: it does not.
    """
    prefix = f"conv.{conversation}."
    rest = fact.subject.removeprefix(prefix)
    if not fact.subject.startswith(prefix) or not _REST.fullmatch(rest) or "" in rest.split("."):
        raise InvalidInput(f"{fact.subject[:100]!r} is no subject of the conversation")
    if not 0 < fact.stored < _LATEST or not 0 < fact.seq < _LATEST:
        raise InvalidInput(f"fact {fact.seq} has no place in time")


def check_subject(subject: str, archive: Archive) -> None:
    """Check that a subject holds media of the conversation, or of one of its characters.

    Raises:
        InvalidInput: it does not.
    """
    match subject.split("."):
        case ["audio", conversation, "in" | "out", name] if conversation == archive.conversation:
            subjects.token(name, "id of a sound")
        case ["frames", "idle", name] if name in {fact.character for fact in archive.character_facts}:
            return
        case ["frames", conversation, name] if conversation == archive.conversation:
            subjects.token(name, "id of pictures")
        case _:
            raise InvalidInput(f"{subject[:100]!r} holds no media of the conversation")


def check_media_message(data: bytes, subject: str) -> None:
    """Check that a message of sound or pictures belongs on a subject.

    Raises:
        InvalidInput: it does not, or does not decode.
    """
    try:
        message = codec.decode_media(data)
        if isinstance(message, IdleBatch) and not subject.startswith("frames.idle."):
            raise InvalidInput(f"an idle loop is among the media of {subject[:100]!r}")
        if media_name(message) != subject:
            raise InvalidInput(f"a message does not belong on {subject[:100]!r}")
    except UndecodableEvent as error:
        raise InvalidInput(f"the media of {subject[:100]!r} do not decode: {error.detail}") from error


def check_character(event: CharacterEvent) -> None:
    """Check that the traits of a character are values, and no paths or code.

    Raises:
        InvalidInput: one is not.
    """
    body = event.body
    if not isinstance(body, CharacterCreated):
        return
    if "/" in body.voice_sample or "\\" in body.voice_sample or body.voice_sample.startswith("."):
        raise InvalidInput(f"the voice of {event.character} is no name of a recording: {body.voice_sample[:100]!r}")
    if not _COLOUR.fullmatch(body.accent):
        raise InvalidInput(f"the colour of {event.character} is none: {body.accent[:100]!r}")


def check_portrait(name: str, data: bytes, archive: Archive) -> None:
    """Check that an asset is the portrait of one of the characters, as render stores it.

    Raises:
        InvalidInput: it is not.
    """
    if name not in {created.look for created in archive.characters.values()} or not _LOOK.fullmatch(name):
        raise InvalidInput(f"{name[:100]!r} is the look of none of its characters")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            if sum(member.file_size for member in file.infolist()) > _LARGEST_PORTRAIT:
                raise InvalidInput(f"the portrait {name} is larger than {_LARGEST_PORTRAIT} bytes")
        with np.load(io.BytesIO(data)) as stored:
            pixels, mesh = stored["pixels"], stored["mesh"]
    except _DAMAGED as error:
        raise InvalidInput(f"the portrait {name} is damaged") from error
    if not isinstance(pixels, np.ndarray) or not isinstance(mesh, np.ndarray):  # numpy gives bytes that are no array
        raise InvalidInput(f"the portrait {name} holds no arrays")
    is_one = pixels.dtype == np.uint8 and pixels.shape == _PIXELS and mesh.dtype.kind == "f" and mesh.shape in _MESHES
    if not is_one or not np.isfinite(mesh).all():
        raise InvalidInput(f"the portrait {name} is not as portraits are")
