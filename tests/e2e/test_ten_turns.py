"""Ten spoken turns in a real browser, four of them over the avatar's voice, and a backchannel; checked on the log."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from playwright.async_api import Page

from bus.events import (
    CommandRecognised,
    Event,
    PlaybackFinished,
    PlaybackStarted,
    ReplyEnded,
    ReplyInterrupted,
    ReplySentence,
    ReplyStarted,
    TranscriptFinal,
    UtteranceEnded,
)
from bus.log.event_log import EventLog
from projections.conversation import Conversation, Message, fold_all, heard_messages
from services.backchannel import is_backchannel
from tests.e2e.browser import browser, element, sentence
from tests.e2e.stack import Stack, eventually
from tests.e2e.test_conversation import conversation_of, open_page, talk

MICROPHONE = (Path(__file__).parent / "microphone.js").read_text()
OVER = True
TURNS = (
    ("hello_rms", not OVER),
    ("what_can_you_do_for_me_rms", not OVER),
    ("what_time_is_it_rms", OVER),
    ("tell_me_something_about_yourself_slt", not OVER),
    ("what_is_your_name_rms", OVER),
    ("what_can_you_do_for_me_rms", not OVER),
    ("stop_talking_rms", OVER),
    ("what_characters_do_you_have_rms", not OVER),
    ("what_time_is_it_slt", OVER),
    ("what_can_you_do_for_me_rms", not OVER),
)
"""Recordings, and whether each is played over the avatar's voice or after it."""
BACKCHANNEL = "okay_rms"
"""Played over the last answer, which goes on."""


class Talk:
    """A person in a browser, whose turns follow the avatar's playback on the log."""

    def __init__(self, page: Page, event_log: EventLog, conversation: str) -> None:
        self._page, self._event_log, self._conversation = page, event_log, conversation

    async def events(self) -> list[Event]:
        return [event for _, event in await self._event_log.facts(self._conversation)]

    async def wait_until(self, true: Callable[[list[Event]], bool], what: str) -> list[Event]:
        async def is_true() -> bool:
            return true(await self.events())

        await eventually(is_true, what, patience=60)
        return await self.events()

    async def play(self, samples: bytes) -> None:
        await self._page.evaluate("samples => window.__say(samples)", base64.b64encode(samples).decode())

    async def take_turn(self, number: int, recording: str, over: bool) -> None:
        if over:
            await self.wait_until(_speaking, f"the avatar speaks before turn {number}")
            await asyncio.sleep(0.8)
        else:
            await self.wait_until(_silent, f"the avatar has ended before turn {number}")
        await self.play(sentence(recording).tobytes())
        await self.wait_until(lambda facts: len(_of(facts, TranscriptFinal)) == number, f"turn {number} is transcribed")


def _of(events: list[Event], kind: type[object]) -> list[Event]:
    return [event for event in events if isinstance(event.body, kind)]


def _speaking(events: list[Event]) -> bool:
    """Whether the answer to the newest turn is being played."""
    newest = _of(events, ReplyStarted)[-1].turn
    started = [event for event in _of(events, PlaybackStarted) if event.turn == newest]
    return bool(started) and not _silent(events)


def _silent(events: list[Event]) -> bool:
    """Whether each turn has its answer, played to its end or interrupted."""
    cut = {event.turn for event in _of(events, ReplyInterrupted)}
    for turn in {event.turn for event in _of(events, TranscriptFinal)} - cut:
        mine = [event for event in events if event.turn == turn]
        ended = [one.body.sentences for one in mine if isinstance(one.body, ReplyEnded)]
        if not _wants_no_answer(mine) and (not ended or len(_of(mine, PlaybackFinished)) < ended[0]):
            return False
    return True


def _wants_no_answer(mine: list[Event]) -> bool:
    """Whether a turn is a backchannel, or the command to stop."""
    commands = [event.body.name for event in mine if isinstance(event.body, CommandRecognised)]
    texts = [event.body.text for event in mine if isinstance(event.body, TranscriptFinal)]
    return commands == ["stop"] or any(map(is_backchannel, texts))


async def test_ten_turns_with_interruptions(stack: Stack, tmp_path: Path) -> None:
    async with browser(tmp_path, None) as context, stack.event_log() as event_log:
        page = await context.new_page()
        await page.add_init_script(MICROPHONE)
        await open_page(page, stack)
        await talk(page)
        person = Talk(page, event_log, await conversation_of(page))
        for number, (recording, over) in enumerate(TURNS, 1):
            await person.take_turn(number, recording, over)
        await person.wait_until(_speaking, "the last answer is spoken")
        await person.take_turn(len(TURNS) + 1, BACKCHANNEL, OVER)
        events = await person.wait_until(_silent, "the last answer has been played")
        await eventually(lambda: _count(page, "message-person", len(TURNS) + 1), "the page shows all turns")
        said = await element(page, "message-person").all_inner_texts()
        answers = await element(page, "message-avatar").all_inner_texts()
    check(events, said, answers)


async def _count(page: Page, testid: str, wanted: int) -> bool:
    return int(await element(page, testid).count()) == wanted


def check(events: list[Event], said: list[str], answers: list[str]) -> None:
    """Check the log, and that the page shows the same."""
    known = {event.id for event in events}
    assert len(known) == len(events)
    assert [event for event in events if event.cause is not None and event.cause not in known] == []
    finals = _of(events, TranscriptFinal)
    recordings = [*(recording for recording, _ in TURNS), BACKCHANNEL]
    expected = [recording.rsplit("_", 1)[0].replace("_", " ") for recording in recordings]
    texts = [event.body.text for event in finals if isinstance(event.body, TranscriptFinal)]
    assert texts == expected == said
    assert len(_of(events, UtteranceEnded)) >= len(expected)
    # Each answer that was spoken over was interrupted once, and no other was, not even by the backchannel.
    spoken_over = {before.turn for before, (_, over) in zip(finals, TURNS[1:], strict=False) if over}
    cut = [event.turn for event in _of(events, ReplyInterrupted)]
    assert sorted(map(str, cut)) == sorted(map(str, spoken_over))
    state = fold_all(Conversation(id="c"), list(enumerate(events, 1)))
    for final, following in pairwise([*finals, None]):
        assert final is not None
        mine = [event for event in events if event.turn == final.turn]
        assert len(_of(mine, TranscriptFinal)) == 1
        check_turn(mine, heard_messages(state, before_turn=following.turn if following else None))
    replies = [turn.reply for turn in state.turns if turn.reply is not None]
    assert len(answers) == len(replies)
    for reply, shown in zip(replies, answers, strict=True):
        if reply.state == "ended":
            assert " ".join(one.text for one in reply.sentences) in " ".join(shown.split())


def check_turn(mine: list[Event], history: list[Message]) -> None:
    """Check one turn: a reply with its sentences in order, played to its end or interrupted for good."""
    if _wants_no_answer(mine):
        assert _of(mine, ReplyStarted) == []
        return
    assert len(_of(mine, ReplyStarted)) == 1
    sentences = [event.body for event in mine if isinstance(event.body, ReplySentence)]
    assert [one.index for one in sentences] == list(range(len(sentences)))
    reply_text = " ".join(one.text for one in sentences)
    order = [type(event.body) for event in mine]
    if ReplyInterrupted not in order:
        assert len(_of(mine, ReplyEnded)) == 1
        finished = [event.body for event in mine if isinstance(event.body, PlaybackFinished)]
        assert [one.complete for one in finished] == [True] * len(sentences)
        assert history[-1] == Message("assistant", reply_text, emotion=sentences[0].emotion)
        return
    assert order.count(ReplyInterrupted) == 1
    after = order[order.index(ReplyInterrupted) :]
    assert PlaybackStarted not in after
    # The language model is given the part that was heard: a beginning of the reply, and not all of it.
    (interrupted,) = [event.body for event in mine if isinstance(event.body, ReplyInterrupted)]
    assert history[-1] == Message("assistant", interrupted.heard.strip(), True, sentences[0].emotion)
    assert reply_text.startswith(interrupted.heard.strip())
    assert 0 < len(interrupted.heard.strip()) < len(reply_text)
