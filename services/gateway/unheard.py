"""What a session that begins has to play first: a reply that nobody has heard, or that a lost session broke off."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bus import clock, streams, subjects
from bus.events import Event, SpeechStarted
from bus.log import Bus
from projections.conversation import Conversation, fold_all
from services.gateway.opening import UNHEARD, unheard_reply


@dataclass(frozen=True)
class Unheard:
    """Where a session begins to read."""

    speeches: tuple[Event, ...]
    """The `speech.started` of each sentence that is to be played; empty where the session only plays what comes."""
    sound: int
    """Sequence on `AUDIO` after which the sound stands that is to be played."""
    pictures: int
    """The same for the pictures, on `FRAMES`."""


async def look_for_unheard(
    bus: Bus, conversation: str, known: Conversation | None, *, alone: Callable[[], bool]
) -> Unheard:
    """Find out where to begin.

    Args:
        known: the conversation as far as it is folded already.
        alone: whether no other session plays it.
    Raises:
        BusError: NATS is away, or refuses.
    """
    # First the positions, then the facts: a speech begun before them is on record, one begun after them is read.
    sound = await bus.last_sequence(streams.AUDIO)
    pictures = await bus.last_sequence(streams.FRAMES)
    state = known or Conversation(id=conversation)
    state = fold_all(state, await bus.facts(conversation, after=state.seq))
    reply = unheard_reply(state, clock.now())
    if reply is None or not alone():
        return Unheard((), sound, pictures)
    waiting = {one.speech for one in reply.sentences if one.state in UNHEARD and one.speech}
    facts = await bus.facts(conversation) if waiting else []
    speeches = tuple(
        event for _, event in facts if isinstance(event.body, SpeechStarted) and event.body.speech in waiting
    )
    for event in speeches:
        assert isinstance(event.body, SpeechStarted)
        first_sound = await bus.first_sequence(subjects.audio_out(conversation, event.body.speech))
        first_picture = await bus.first_sequence(subjects.frames(conversation, event.body.speech))
        sound = min(sound, (first_sound or sound + 1) - 1)
        pictures = min(pictures, (first_picture or pictures + 1) - 1)
    return Unheard(speeches, sound, pictures)
