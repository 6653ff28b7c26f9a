"""Requests to make a character of a photo: checked here and published as events; the render service makes the face."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from hashlib import blake2b
from weakref import WeakValueDictionary

import msgspec
from cachetools import LRUCache
from msgspec import Struct
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.types import Message

from bus.errors import InvalidInput, NotFound, TooLarge
from bus.events import LARGEST_PHOTO, CharacterCreated, FaceRequested
from bus.ids import derive_id, look_of
from bus.log.event_log import EventLog
from bus.stamping import new_event
from projections.characters import default_greeting, default_personality
from projections.conversation import Conversation
from services.characters import remove_character
from services.gateway.feed import Feed
from services.gateway.web.conversations import Conversations
from services.pictures.decoding import decode_picture

_MAX_LENGTHS: Mapping[str, int] = {"name": 40, "tagline": 100, "personality": 2000, "greeting": 300, "language": 35}
"""Longest texts of a form, in characters."""
_VOICES = ("female", "male")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_REQUESTING = ""
"""In place of a conversation: the request is not on the log yet."""
_LOOKED_AT = 50
"""Newest conversations of a person that are searched for requests of an earlier run of the gateway."""
_REMEMBERED = 10_000
_DECODED_AT_ONCE = 2
"""Photos, each in a process of its own and of another person; further ones wait."""
_FORM = 64 << 10
"""Bytes that a form may have beside its photo."""


class CharacterTraits(Struct, frozen=True, kw_only=True):
    """The description of a character in a person's form."""

    name: str
    tagline: str = ""
    personality: str = ""
    greeting: str = ""
    voice: str = "female"
    language: str = ""


class FaceRequests:
    """The characters that persons make of photos, and remove.

    Args:
        max_faces: faces that one person may have; 0: none.
        language: of characters whose form names none.
    """

    def __init__(
        self, event_log: EventLog, feed: Feed, conversations: Conversations, *, max_faces: int, language: str
    ) -> None:
        self._event_log = event_log
        self._feed = feed
        self._conversations = conversations
        self.max_faces = max_faces
        self._being_made: LRUCache[str, dict[str, str]] = LRUCache(_REMEMBERED)
        """By person: the characters that are being made, and the conversation of each."""
        self._language = language
        self._decoding = ThreadPoolExecutor(_DECODED_AT_ONCE, thread_name_prefix="photo")
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """By person: whose photos are decoded one after the other, so that nobody holds up everybody else's."""

    async def request(self, conversation: Conversation, traits: CharacterTraits, photo: bytes) -> str:
        """Request a character from a photo; returns its id. The outcome is an event in the conversation.

        The same photo under the same name is the same character, and is made once. Of the photo only a clean copy is
        stored: upright, no larger than needed, without metadata.

        Raises:
            InvalidInput: uploads are switched off, the person has too many faces, the name is taken, or the bytes are
                no photo that is taken.
            Exhausted: the machine was too busy to decode the photo.
            BusError: NATS is away, or the log is full.
        """
        if not self.max_faces:
            raise InvalidInput("faces of photos are switched off here", code="switched_off")
        owner = conversation.person
        look = look_of(photo)
        character = character_id(traits.name, owner, look)
        known = self._conversations.visible_characters(owner)
        earlier = [one for one in conversation.faces if one.character == character]
        if character in known or any(one.state == "making" for one in earlier):
            return character
        if any(one.name.casefold() == traits.name.casefold() for one in known.values()):
            raise InvalidInput(f"there is a character called {traits.name} already; take another name", code="taken")
        self._conversations.check_room()
        making = self._making(owner, known)
        if sum(one.owner == owner for one in known.values()) + len(making.keys() - {character}) >= self.max_faces:
            raise InvalidInput(f"you have {self.max_faces} characters of your own; remove one first", code="too_many")
        # Before anything is awaited: forms that arrive together count each other.
        making[character] = _REQUESTING
        try:
            await self._request(conversation, character, look, traits, photo, requested_before=bool(earlier))
        except BaseException:
            making.pop(character, None)
            raise
        making[character] = conversation.id
        return character

    def _making(self, owner: str, known: Mapping[str, CharacterCreated]) -> dict[str, str]:
        """The characters of a person that are requested without an outcome yet, and the conversation of each."""
        mine = self._being_made.get(owner)
        if mine is None:
            newest = self._feed.model.conversations_of(owner)[:_LOOKED_AT]
            found = [(one.id, self._feed.state_of(one.id).faces) for one in newest]
            mine = {face.character: id_ for id_, faces in found for face in faces if face.state == "making"}
            self._being_made[owner] = mine
        for character, conversation in list(mine.items()):
            if character in known or not self._is_under_way(character, conversation):
                del mine[character]
        return mine

    def _is_under_way(self, character: str, conversation: str) -> bool:
        faces = self._feed.state_of(conversation).faces if conversation != _REQUESTING else ()
        return conversation == _REQUESTING or any(
            one.character == character and one.state == "making" for one in faces
        )

    async def _request(
        self,
        conversation: Conversation,
        character: str,
        look: str,
        traits: CharacterTraits,
        photo: bytes,
        *,
        requested_before: bool,
    ) -> None:
        owner = conversation.person
        # A derived id: a form that is sent twice at once counts once. After a refusal or removal it counts again.
        event_id = derive_id(conversation.id, "face", character, conversation.seq if requested_before else 0)
        body = FaceRequested(
            character=character,
            photo=f"upload-{event_id}",
            look=look,
            owner=owner,
            name=traits.name,
            tagline=traits.tagline,
            personality=traits.personality or default_personality(traits.name),
            greeting=traits.greeting or default_greeting(traits.name),
            voice=traits.voice,
            language=traits.language or self._language,
        )
        clean = await self._clean(photo, owner)
        await self._event_log.assets.put(body.photo, clean, retry_for=self._conversations.retry_for)
        event = new_event(body, conversation=conversation.id, event_id=event_id)
        sequence = await self._event_log.append(event, retry_for=self._conversations.retry_for)
        await self._feed.wait_until_applied(sequence)

    async def _clean(self, photo: bytes, person: str) -> bytes:
        """A PNG of nothing but the picture."""
        loop = asyncio.get_running_loop()
        async with self._turns.setdefault(person, asyncio.Lock()):
            return (await loop.run_in_executor(self._decoding, decode_picture, photo, "png")).data

    async def remove(self, person: str, character: str) -> None:
        """Remove a character for good; live conversations with it go on with another one.

        Raises:
            NotFound: this person has no such character.
        """
        removed = self._conversations.characters.get(character)
        if removed is None or not person or removed.owner != person:
            raise NotFound("no such character of yours")
        await remove_character(self._event_log, character)
        self._conversations.forget(character)
        for conversation in self._conversations.sessions.conversations():
            state = self._feed.model.conversation(conversation)
            if state is not None and state.character == character:
                await self._conversations.with_available_character(state)


def character_id(name: str, owner: str, look: str) -> str:
    """The id of a person's character; another person's character of the same name has another one.

    Without the name, which people give to somebody they know: ids are in log lines.
    """
    return f"face-{blake2b(f'{name.casefold()}/{owner}/{look}'.encode(), digest_size=10).hexdigest()}"


async def read_face_form(request: Request) -> tuple[CharacterTraits, bytes]:
    """Parse a multipart/form-data request: the traits as fields, and a file named photo.

    Raises:
        TooLarge: the body is over 32 MB, or a field too long; the rest of the body is not read.
        InvalidInput: a field is missing or invalid; the message names it.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise InvalidInput("expected multipart/form-data", code="unsupported_media_type")
    try:
        async with aclosing(_limited(request).stream()) as stream:
            parser = MultiPartParser(
                request.headers, stream, max_files=1, max_fields=len(CharacterTraits.__struct_fields__)
            )
            parser.spool_max_size = LARGEST_PHOTO + _FORM  # a photo never gets into a file as it came
            form = await parser.parse()
    except MultiPartException as error:
        raise InvalidInput(f"the form cannot be read: {error.message}") from error
    try:
        photo = form.get("photo")
        if not isinstance(photo, UploadFile):
            raise InvalidInput("expected a file in the field photo")
        data = await photo.read()
    finally:
        await form.close()
    fields = {name: value.strip() for name, value in form.items() if isinstance(value, str)}
    if not data:
        raise InvalidInput("the photo is empty")
    return _traits(fields), data


def _traits(fields: Mapping[str, str]) -> CharacterTraits:
    fields = {name: value for name, value in fields.items() if value}
    for name, longest in _MAX_LENGTHS.items():
        if len(fields.get(name, "")) > longest:
            raise TooLarge(f"{name} may have {longest} characters, this one has {len(fields[name])}")
    try:
        traits = msgspec.convert(fields, CharacterTraits)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"a name is needed: {error}") from error
    if not traits.name.isprintable():
        raise InvalidInput("the name has characters that cannot be shown")
    if traits.voice not in _VOICES:
        raise InvalidInput(f"voice must be one of {', '.join(_VOICES)}, got {traits.voice[:40]!r}")
    if traits.language and not _LANGUAGE.fullmatch(traits.language):
        raise InvalidInput(f"language must be like en or pt-BR, got {traits.language!r}")
    return traits


def _limited(request: Request) -> Request:
    """The same request, which raises TooLarge once its body is too long."""
    received = 0

    async def receive() -> Message:
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        if received > LARGEST_PHOTO + _FORM:
            raise TooLarge(f"a photo may have {LARGEST_PHOTO >> 20} MB")
        return message

    return Request(request.scope, receive)
