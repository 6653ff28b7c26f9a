"""Takes out of an archive what may not leave a system: persons always, words and voices where that is asked for.

Words: every letter becomes an x, every digit a 0; length, capitals, punctuation and white space stay, so that what was
heard is still the beginning of what was said. Equal words of one length cannot be told from others: nothing to guess.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import replace as copy

from msgspec.structs import replace

from bus import codec
from bus.errors import UndecodableEvent
from bus.events import (
    AudioIn,
    AudioOut,
    CharacterCreated,
    CharacterEvent,
    DeadLetter,
    FaceRequested,
    FramesStarted,
    IdleBatch,
)
from bus.ids import PHOTO_LOOK, derive_id, person_hash
from services.audio import SILENCE
from services.render.builtin_characters import BUILTIN_CHARACTERS
from visavis.carry.contents import Archive, Missing, Spool, person_of
from visavis.carry.shapes import Shapes, shape

_LONG = 12
"""Characters from which on a person's id is replaced wherever it stands, not only in the fields that hold it."""


def without_persons(archive: Archive) -> Archive:
    """The archive with a hash in place of each person. The media stay those of the archive."""
    persons = {person_of(archive.facts)}
    persons |= {event.body.owner for _, _, event in archive.events() if isinstance(event.body, FaceRequested)}
    persons |= {one.owner for one in archive.characters.values() if one.owner}
    hashes = {person: person_hash(person) for person in persons}
    owner = hashes[person_of(archive.facts)]

    def hidden(data: bytes) -> bytes:
        for person, hash_ in hashes.items():
            if len(person) >= _LONG:
                data = data.replace(person.encode(), hash_.encode())
        return data

    moved = [fact.moved(archive.conversation, owner, {}) for fact in archive.facts]
    return copy(
        archive,
        facts=[replace(fact, data=hidden(fact.data)) for fact in moved],
        character_facts=[_owned_by(event, hashes) for event in archive.character_facts],
        deliveries=[replace(one, data=hidden(one.data)) for one in archive.deliveries],
        dead_letters=[codec.encode(replace(one, data=hidden(one.data))) for one in _letters(archive)],
    )


def _owned_by(event: CharacterEvent, hashes: dict[str, str]) -> CharacterEvent:
    body = event.body
    if not isinstance(body, CharacterCreated) or not body.owner:
        return event
    return replace(event, body=replace(body, owner=hashes.get(body.owner) or person_hash(body.owner)))


def _letters(archive: Archive) -> Iterable[DeadLetter]:
    for data in archive.dead_letters:
        try:
            yield codec.decode_dead_letter(data)
        except UndecodableEvent:
            continue


def redacted(archive: Archive) -> Archive:
    """The archive with unreadable words, silence for both voices, and hashes for chats and senders.

    The pictures of speeches are left out, because lips can be read, and so are faces and names of characters that are
    not built in. The result has a file of media of its own.
    """
    key = secrets.token_bytes(16)
    # Not only of those that were made: one whose photo was refused has a name, too.
    shapes = Shapes(key, BUILTIN_CHARACTERS.keys())
    private = {
        name: shapes.character(name)
        for name in {event.character for event in archive.character_facts} - BUILTIN_CHARACTERS.keys()
    }
    hidden = copy(
        archive,
        facts=[
            replace(fact, data=shapes.fact(fact.data, is_known=fact.event is not None)) for fact in archive.facts
        ],
        media=Spool(),
        assets={},
        character_facts=[_unnamed(event, private) for event in archive.character_facts],
        deliveries=[replace(one, data=shapes.fact(one.data, is_known=True)) for one in archive.deliveries],
        dead_letters=[
            codec.encode(replace(one, detail=shape(one.detail), data=shapes.fact(one.data, is_known=False)))
            for one in _letters(archive)
        ],
        redacted=True,
    )
    for subject in archive.media.names():
        for data in archive.media.read(subject):
            message = _silent(data, private)
            if message is not None:
                hidden.media.add(subject, message)
    drawn = [event.body.speech for _, _, event in archive.events() if isinstance(event.body, FramesStarted)]
    hidden.missing = [one for one in archive.missing if one.kind != "pictures"]
    hidden.missing += [Missing(kind="pictures", id=speech, why="redacted") for speech in dict.fromkeys(drawn)]
    return hidden


def _unnamed(event: CharacterEvent, private: dict[str, str]) -> CharacterEvent:
    if event.character not in private:
        return event
    body = event.body
    if isinstance(body, CharacterCreated):
        look = next(iter(BUILTIN_CHARACTERS.values())).look if body.look.startswith(PHOTO_LOOK) else body.look
        body = replace(
            body, name=shape(body.name), tagline=shape(body.tagline), personality=shape(body.personality),
            greeting=shape(body.greeting), look=look, voice_sample="",
        )  # fmt: skip
    name = private[event.character]
    return replace(event, id=derive_id(event.id, name), character=name, body=body)


def _silent(data: bytes, private: dict[str, str]) -> bytes | None:
    """A message without its sound; None: it is left out."""
    message = codec.decode_media(data)
    match message:
        case AudioIn(pcm=pcm):
            return codec.encode(replace(message, pcm=bytes(len(pcm))))
        case AudioOut(packets=packets):
            level = (0.0,) * len(message.loudness)
            mute = replace(message, packets=(SILENCE,) * len(packets), loudness=level, pitch=(), visemes=())
            return codec.encode(mute)
        case IdleBatch(character=character) if character not in private:
            return data
    return None
