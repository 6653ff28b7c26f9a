"""A conversation on a real log: two spoken turns, one interrupted, a message through a channel whose work was taken
over, a fact of an unknown kind, pictures that have expired, a face made from a photo."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from bus import codec, subjects
from bus.channel_events import DeliveryQueued, VoiceContent
from bus.events import (
    MICROPHONE_RATE,
    OPUS_FRAME,
    SPEECH_RATE,
    AudioIn,
    AudioOut,
    CharacterCreated,
    CharacterEvent,
    ConversationOpened,
    ConversationTitled,
    DeadLetter,
    EndpointingTrace,
    Event,
    FaceRequested,
    Fact,
    FrameBatch,
    IdleBatch,
    Media,
    MessageReceived,
    Origin,
    PartialTold,
    SessionOpened,
    TranscriptCorrected,
    UtteranceEnded,
)
from bus.log.event_log import EventLog
from bus.stamping import new_delivery_event
from services.audio import OpusEncoder, Samples
from services.render.encoder import H264Encoder
from tests.projections.replay.conversations import BEGAN, interruption, spoken_turn, written_turn
from visavis.carry.contents import Archive, ArchivedFact, Missing, StoredDelivery, media_name

CONVERSATION, PERSON, GRANDMA = "c1", "p-secret-cookie", "grandma-erika"
PHOTO = "photo-" + "0123456789abcdef" * 2
UNKNOWN = b'{"id":"x1","at":1,"conversation":"c1","body":{"type":"weather.changed","text":"It is Zanzibar rain"}}'
TONES = {"u1": 440.0, "u2": 660.0, "s1a": 880.0, "s1b": 1100.0, "s2a": 1320.0, "s2b": 1540.0}
"""Frequency of each sound, in Hz."""
ADA = CharacterCreated(
    name="Ada", tagline="t", personality="You are Ada.", greeting="Hello.", look="ada", voice="female"
)
ERIKA = CharacterCreated(
    name="Zanzibar Erika", tagline="Zanzibar", personality="You are Zanzibar.", greeting="Zanzibar!", look=PHOTO,
    voice="female", owner=PERSON,
)  # fmt: skip


QUEUED = DeliveryQueued(
    account="bot-zanzibar", chat="chat-zanzibar", conversation=CONVERSATION, turn="t3",
    content=VoiceContent(speeches=("s9",), text="Zanzibar is an island."),
)  # fmt: skip
LETTER = DeadLetter(
    at=BEGAN, stream="CONVERSATIONS", sequence=5, subject=f"conv.{CONVERSATION}.reply.sentence", service="tts",
    code="x", detail="Zanzibar cannot be spoken", deliveries=5, data=b'{"body":{"text":"Zanzibar"}}',
)  # fmt: skip


_MESH = np.ones((468, 3))


def portrait(mesh: npt.ArrayLike = _MESH, more: npt.ArrayLike = 0) -> bytes:
    """A grey portrait."""
    file = io.BytesIO()
    np.savez_compressed(file, pixels=np.full((512, 512, 3), 99, np.uint8), mesh=mesh, more=more)
    return file.getvalue()


def tone(name: str, seconds: float, rate: int) -> Samples:
    """int16 samples of the sound of an utterance or a speech."""
    time = np.arange(int(seconds * rate)) / rate
    return (np.sin(2 * np.pi * TONES[name] * time) * 8000).astype(np.int16)


def facts() -> list[Event]:
    """The facts in the order of the log; the event of the unknown kind comes after them."""
    bodies: list[tuple[int, str | None, Fact]] = [
        (-900, None, ConversationOpened(person=PERSON, character="ada", network="a1")),
        (-890, None, SessionOpened(session="w")),
        (-880, None, FaceRequested(
            character=GRANDMA, photo="asset-photo", look=PHOTO, owner=PERSON, name="Zanzibar Erika", tagline="Zanzibar",
            personality="Zanzibar", greeting="Zanzibar", voice="female", language="en")),
        (-870, None, ConversationTitled(title="About Zanzibar")),
    ]  # fmt: skip
    found = [
        Event(id=f"o{number}", at=BEGAN + ms * 1000, conversation=CONVERSATION, cause=cause, body=body)
        for number, (ms, cause, body) in enumerate(bodies)
    ]
    origin = Origin(channel="telegram", account="bot-zanzibar", chat="chat-zanzibar", sender="zanzibar7", message="m-z")
    message = MessageReceived(message="m2", text="Tell me of Zanzibar, please", channel="telegram", origin=origin)
    turns: dict[str, list[tuple[int, str | None, Fact]]] = {
        "t1": [*spoken_turn("1"), *interruption("1")],
        "t2": spoken_turn("2", 6000),
        "t3": [(12_000, None, message)] + [(ms + 12_000, cause, body) for ms, cause, body in written_turn()[1:]],
        "t4": [(14_000, None, TranscriptCorrected(utterance="u1", text="Who was Zanzibar?"))],
    }
    for turn, parts in turns.items():
        newest: dict[str, str] = {}
        for number, (ms, cause, body) in enumerate(parts):
            tag = str(body.__struct_config__.tag)
            event = Event(
                id=f"e{turn}-{number}", at=BEGAN + ms * 1000, conversation=CONVERSATION, turn=turn,
                cause=None if cause is None else newest[cause], body=body,
            )  # fmt: skip
            newest[tag] = event.id
            found.append(_traced(event) if turn == "t1" else event)
    return found


def _traced(event: Event) -> Event:
    """With what endpointing was told, where it is the end of an utterance."""
    if not isinstance(event.body, UtteranceEnded):
        return event
    trace = EndpointingTrace(
        onset_rule="sure", language="en", window=512, silence_ms=500, speech="AAAA", loudness="////", onset=1, lead=0,
        free_from=0, last_speech=None,
        partials=(PartialTold(1, 0, "Zanzibar"),),
    )  # fmt: skip
    return replace(event, body=replace(event.body, trace=trace))


def sounds() -> list[Media]:
    """The sound of both sides; the pictures of the first speech only: those of the third have expired."""
    found: list[Media] = []
    for name in ("u1", "u2"):
        pcm = tone(name, 2.0, MICROPHONE_RATE).tobytes()
        for index, start in enumerate(range(0, len(pcm), 16_000)):
            part = pcm[start : start + 16_000]
            final = start + 16_000 >= len(pcm)
            found.append(
                AudioIn(
                    conversation=CONVERSATION, utterance=name, index=index, sample=start // 2, pcm=part, final=final
                )
            )
    for name, seconds in (("s1a", 1.0), ("s1b", 2.0), ("s2a", 1.0), ("s2b", 2.0)):
        encoder = OpusEncoder()
        packets = tuple(encoder.push(tone(name, seconds, SPEECH_RATE)) + encoder.flush())
        for index, start in enumerate(range(0, len(packets), 25)):
            some = packets[start : start + 25]
            found.append(
                AudioOut(
                    conversation=CONVERSATION, speech=name, index=index, sample=start * OPUS_FRAME, packets=some,
                    loudness=(0.1,) * len(some), final=start + 25 >= len(packets),
                )
            )  # fmt: skip
    units = picture_units(25, 64, 180)
    for index in range(5):
        found.append(
            FrameBatch(
                conversation=CONVERSATION, speech="s1a", index=index, frame=index * 5, fps=25, phase=0,
                units=units[index * 5 : index * 5 + 5], final=index == 4,
            )
        )  # fmt: skip
    return found


@cache
def picture_units(count: int, side: int, first: int) -> tuple[bytes, ...]:
    """H.264 pictures that grow brighter, a key frame every five."""
    encoder = H264Encoder(side, side, 25, bitrate=400_000)
    units: tuple[bytes, ...] = ()
    for start in range(0, count, 5):
        frames = []
        for number in range(start, start + 5):
            frame = np.full((side * 3 // 2, side), 128, np.uint8)
            frame[:side] = min(first + number, 235)
            frames.append(frame)
        units += encoder.encode(frames)
    return units


def idle_loop(character: str) -> list[IdleBatch]:
    """A loop of ten dark pictures."""
    units = picture_units(10, 64, 40)
    return [
        IdleBatch(
            character=character, version="v1", index=index, frame=index * 5, fps=25, loop=10,
            units=units[index * 5 : index * 5 + 5], final=index == 1,
        )
        for index in range(2)
    ]  # fmt: skip


async def write_made_log(event_log: EventLog) -> None:
    """Put the conversation on a log."""
    await event_log.assets.put(PHOTO, portrait())
    for name, created in (("ada", ADA), (GRANDMA, ERIKA)):
        await event_log.append_character(CharacterEvent(id=f"c-{name}", at=BEGAN, character=name, body=created))
        for batch in idle_loop(name):
            await event_log.publish_media(batch, f"idle-{name}-{batch.index}")
    for number, media in enumerate(sounds()):
        await event_log.publish_media(media, f"media-{number}")
    for event in facts():
        await event_log.append(event)
    await event_log.publish(event_log.js, f"conv.{CONVERSATION}.weather.changed", UNKNOWN, "x1")
    await event_log.publish(event_log.js, f"conv.{CONVERSATION}.broken", b"\xff\x00 Zanzibar", "x2")
    await event_log.queue_delivery("telegram", "d1", QUEUED)
    await event_log.publish_dead_letter(LETTER)


def made_archive() -> Archive:
    """What `read_archive` finds of it, made without a log."""
    archive = Archive(CONVERSATION)
    for number, event in enumerate(facts(), 1):
        archive.facts.append(ArchivedFact.of(event, seq=number, stored=event.at + 500))
    count = len(archive.facts)
    for number, (kind, data) in enumerate([("weather.changed", UNKNOWN), ("broken", b"\xff\x00 Zanzibar")], count + 1):
        subject = f"conv.{CONVERSATION}.{kind}"
        archive.facts.append(ArchivedFact(seq=number, stored=BEGAN, subject=subject, data=data))
    archive.character_facts = [
        CharacterEvent(id=f"c-{name}", at=BEGAN, character=name, body=created)
        for name, created in (("ada", ADA), (GRANDMA, ERIKA))
    ]
    archive.assets = {PHOTO: portrait()}
    for media in [*sounds(), *idle_loop("ada"), *idle_loop(GRANDMA)]:
        archive.media.add(media_name(media), codec.encode(media))
    archive.missing = [Missing(kind="pictures", id="s2a")]
    queued = new_delivery_event(QUEUED, channel="telegram", delivery="d1")
    archive.deliveries = [
        StoredDelivery(seq=1, stored=BEGAN, subject=subjects.delivery_event(queued), data=codec.encode(queued))
    ]
    archive.dead_letters = [codec.encode(LETTER)]
    return archive
