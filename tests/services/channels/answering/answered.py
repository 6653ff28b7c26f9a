"""What the channels service makes of the facts of a turn, in a form that tests compare."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from bus.channel_events import ReplyForm, TextContent, VideoContent, VoiceContent
from bus.events import (
    CharacterCreated,
    Event,
    Media,
)
from bus.work.service import DeliveryOutput, Output
from services.channels.answering.answers import Answers
from services.channels.answering.turn_answers import Patience
from tests.fakes import FakeReader
from tests.services.channels.answering.turns import Facts, FakeLinks, QuietChannel

SHORT = Patience(answer=0.2, at_least=0.2, speech=0.2, frames=0.2)
ADA = CharacterCreated(name="Ada", tagline="", personality="", greeting="", look="", voice="")


async def outputs_of(
    facts: Facts,
    event: Event,
    *,
    links: FakeLinks | None = None,
    channels: Sequence[QuietChannel] = (),
    patience: Patience = SHORT,
    now: int = 0,
    media: Mapping[str, Sequence[Media]] | None = None,
    queued: Sequence[DeliveryOutput] = (),
) -> list[Output]:
    answers = Answers(
        channels or [QuietChannel()], links or FakeLinks().link(), public_url="https://home.example/",
        patience=patience, now=lambda: now or event.at,
    )  # fmt: skip
    reader = FakeReader(facts.events, characters={"ada": ADA}, media=media, deliveries=queued)
    async with asyncio.timeout(10):
        return [output async for output in answers(event, reader)]


async def messages(facts: Facts, event: Event, form: ReplyForm = "same", **options: object) -> list[DeliveryOutput]:
    links = options.pop("links", None) or FakeLinks().link(form=form)
    found = await outputs_of(facts, event, links=links, **options)  # type: ignore[arg-type]
    return [one for one in found if isinstance(one, DeliveryOutput)]


def contents(found: Sequence[DeliveryOutput]) -> list[tuple[str, str]]:
    """The kind and the text of each message."""
    kinds = {TextContent: "text", VoiceContent: "voice", VideoContent: "video"}
    return [(kinds[type(one.body.content)], one.body.content.text) for one in found]


def recorded() -> tuple[Facts, Event]:
    """A voice note with a reply of two sentences, spoken."""
    facts = Facts()
    note = facts.record()
    facts.transcribe()
    facts.reply("Hello, Ann.", "How are you?")
    return facts, note
