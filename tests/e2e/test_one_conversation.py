"""One conversation in Telegram and in the page: linked in a browser, spoken in a voice note, gone on with in both."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from bus.events import Event, MessageReceived, PlaybackFinished, ReplyEnded, ReplyStarted, TranscriptFinal
from projections.replay.word_error_rate import normalised_words
from services.audio import Samples
from services.models.catalogue import MOONSHINE, SILERO
from services.models.loading import is_here
from services.stt.moonshine.engine import MoonshineEngine, load
from services.tts.text.spoken_form import to_spoken_form
from tests import real_models, voices
from tests.e2e.browser import browser, element, microphone_recording, recorded
from tests.e2e.measure import similarity, transcribe
from tests.e2e.stack import Stack, eventually
from tests.e2e.test_conversation import facts, open_page, spoken_text, talk
from tests.e2e.test_voice_notes import MIN_SIMILARITY, sound
from tests.services.channels.telegram_double import TOKEN, TelegramDouble, serving
from tests.services.channels.telegram_double.people import Sent

PATIENCE = 90.0
QUESTION = "what_time_is_it_rms"
MIN_SHARE = 0.7
"""Of the words of a reply that another recogniser hears in its voice note."""
DEEP_LINK = "https://t.me/visavis_double_bot?start="


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramDouble]:
    async with serving() as double:
        yield double


@pytest.fixture
async def with_telegram(telegram: TelegramDouble, tmp_path: Path) -> AsyncIterator[Stack]:
    stack = Stack(tmp_path, VISAVIS_TELEGRAM_TOKEN=TOKEN, VISAVIS_TELEGRAM_API=telegram.url, VISAVIS_NOTES_FOLDER="off")
    await asyncio.to_thread(stack.start)
    yield stack
    await asyncio.to_thread(stack.close)
    print(stack.output()[-4000:])  # shown where a test failed


async def link(page: Page, telegram: TelegramDouble) -> None:
    """Link Ann's Telegram with the open conversation, from the page."""
    await element(page, "channels-button").click()
    await page.click('[aria-label="Link Telegram"]')
    address = await page.locator("text=Open Telegram").get_attribute("href")
    assert address is not None
    assert address.startswith(DEEP_LINK)
    telegram.text(f"/start {address.removeprefix(DEEP_LINK)}")
    await expect(element(page, "link-claim")).to_contain_text("Ann …0111", timeout=30_000)
    await page.click("text=Yes, link it")
    await expect(element(page, "linked-account")).to_contain_text("Goes on in this conversation", timeout=30_000)
    await page.click('[aria-label="Close"]')


async def reached(telegram: TelegramDouble, count: int) -> list[Sent]:
    """What reached Ann, once it is so many messages."""
    return await telegram.reached(count, timeout=PATIENCE)


async def write(page: Page, text: str) -> None:
    await page.fill("#message", text)
    await page.keyboard.press("Enter")


@cache
def _moonshine() -> MoonshineEngine:
    return load(real_models.folder(MOONSHINE), lambda: real_models.silero().probability, threads=2)


def says(recording: Samples, reply: str) -> bool:
    """Whether another recogniser than that of the running system hears a reply in a recording; where its weights are
    not there, whether the same one hears something that sounds like it."""
    if not all(is_here(model, real_models.SETTINGS) for model in (MOONSHINE, SILERO)):
        return similarity(transcribe(recording), reply) > MIN_SIMILARITY
    transcription = _moonshine().open("en")
    pcm = recording.tobytes()
    for start in range(0, len(pcm), 2048):
        transcription.push(pcm[start : start + 2048])
    heard = transcription.finish().text
    print(f"said {reply!r}, heard {heard!r}")  # shown where a test failed
    # Recognisers write the time without its colon.
    one, other = (
        Counter(normalised_words(to_spoken_form(re.sub(r"\b(\d\d?)(\d\d)\b", r"\1:\2", text))))
        for text in (reply, heard)
    )
    return (one & other).total() >= MIN_SHARE * max(one.total(), other.total())


def reply_to(events: list[Event], words: type[MessageReceived | TranscriptFinal], text: str) -> str:
    """The only reply to what a person wrote or said."""
    (turn,) = [one.turn for one in events if isinstance(one.body, words) and one.body.text == text]
    mine = [one for one in events if one.turn == turn]
    assert sum(isinstance(one.body, ReplyStarted) for one in mine) == 1
    return spoken_text(mine)


async def is_played(stack: Stack, page: Page) -> bool:
    """Whether the newest reply was played in the page from its first sentence to its last."""
    events = await facts(stack, page)
    ended = next(one.body for one in reversed(events) if isinstance(one.body, ReplyEnded))
    played = [
        one.body.index for one in events if isinstance(one.body, PlaybackFinished) and one.body.reply == ended.reply
    ]
    return played == list(range(ended.sentences))


async def shown_reply(page: Page, number: int) -> Locator:
    """A reply in the page, once it is told to its end."""
    shown: Locator = element(page, "message-avatar").nth(number)
    await expect(shown).to_have_attribute("data-state", "ended", timeout=30_000)
    return shown


async def test_what_is_said_in_telegram_and_in_the_page_is_one_conversation(
    telegram: TelegramDouble, with_telegram: Stack, tmp_path: Path
) -> None:
    note = voices.recordings()[QUESTION]
    telegram.voice(note.path.read_bytes())
    await reached(telegram, 1)
    async with browser(tmp_path, microphone_recording(tmp_path, 120.0)) as context:
        page = await context.new_page()
        await open_page(page, with_telegram)
        await write(page, "hello")
        await shown_reply(page, 0)
        await link(page, telegram)

        # What was sent by a stranger is answered by a code, and by nothing else, also now.
        telegram.voice(note.path.read_bytes())
        refusal, claimed, linked, answer = await reached(telegram, 4)
        assert [one.kind for one in (refusal, claimed, linked, answer)] == ["text", "text", "text", "voice"]
        await expect(element(page, "channel-badge")).to_have_text("Telegram, voice note")
        await expect(element(page, "message-person").nth(1)).to_have_text(note.text)
        reply = reply_to(await facts(with_telegram, page), TranscriptFinal, note.text)
        await expect(await shown_reply(page, 1)).to_contain_text(reply)
        (tmp_path / "answer.ogg").write_bytes(answer.media)
        assert says(sound(tmp_path / "answer.ogg"), reply)

        # Gone on with in the page, and shown in Telegram without a sound.
        await write(page, "what is your name")
        shown = (await reached(telegram, 5))[4]
        reply = reply_to(await facts(with_telegram, page), MessageReceived, "what is your name")
        assert (shown.kind, shown.silent) == ("text", True)
        assert shown.text == f"You (browser): what is your name\n\nAda: {reply}"

        # A message while the page is in a call: spoken there, and answered once where it came from.
        await talk(page)
        telegram.text("what can you do")
        written = (await reached(telegram, 6))[5]
        reply = reply_to(await facts(with_telegram, page), MessageReceived, "what can you do")
        assert (written.kind, written.text, written.silent) == ("text", reply, False)
        await eventually(lambda: is_played(with_telegram, page), "it was played", patience=PATIENCE)
        assert says((await recorded(page)).sound, reply)
        await expect(element(page, "channel-badge").nth(1)).to_have_text("Telegram")

        # Messages reach a person in order: nothing was sent a second time before this one.
        await write(page, "goodbye")
        (last,) = (await reached(telegram, 7))[6:]
        assert last.text.startswith("You (browser): goodbye")
