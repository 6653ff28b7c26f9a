"""Recorded conversations run again beside the system they come from, and what is told about it."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pytest

from bus.errors import InvalidInput
from bus.events import ConversationCopied, Event
from bus.log import streams
from bus.log.event_log import EventLog, connect
from bus.settings import Settings
from projections.conversation import Conversation, fold_all, heard_messages
from services.audio import Samples
from services.tts.engines import flite_library
from tests import people, real_models
from tests.nats_servers import ServerProcess
from tests.visavis.rerun.recorded import Recorder, silence
from visavis.carry.archive import load, write_archive
from visavis.rerun.conversation_run import ConversationRun
from visavis.rerun.engines import KEPT, choose
from visavis.rerun.private_system import PrivateSystem
from visavis.rerun.report import Report
from visavis.rerun.rerun import Progress, Wanted, conversations_between, recordings, rerun, run_all
from visavis.rerun.rules import parse_rule
from visavis.rerun.truth import truth

pytestmark = people.needs_people

VOICE = "tts=espeak" if flite_library.why_unavailable() else "tts=flite"
EXAMPLE = Path(__file__).parents[3] / "examples/first-conversation.visavis"
SHORT = "sense_and_sensibility_01_austen_64kb-0880"
"""He was not an ill disposed young man."""


@dataclass
class Recorded:
    """A log with three conversations."""

    settings: Settings
    said: str
    """The utterance of the first turn."""


def speech() -> Samples:
    return np.concatenate([people.samples(SHORT), silence(0.6)])


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """One conversation is spoken, written and interrupted; the second one only spoken, and so is the third, whose sound
    is not there any more."""
    folder = tmp_path_factory.mktemp("rerun")
    server = ServerProcess(folder)
    server.start()
    settings = Settings(
        nats_url=server.url, data=str(folder / "data"), audio_bytes=64 << 20, frames_bytes=64 << 20,
        models=real_models.SETTINGS.models, model_downloads="off",
    )  # fmt: skip
    first, second = Recorder("first"), Recorder("second")
    said = first.say(speech(), "he was not ill", ("Oh.", "That is good to hear."))
    first.write("Tell me a joke, please.", ("Why did the chicken cross the road?", "To get there."), heard="Why did")
    first.say(silence(0.5), None)
    second.say(speech(), "he was not ill", ("I see.",))

    third = Recorder("expired")
    third.say(speech(), "he was not ill", ("I see.",))
    third.media = []

    async def record() -> None:
        async with connect(settings, name="test") as event_log:
            for one in (first, second, third):
                await one.publish(event_log)

    asyncio.run(record())
    yield Recorded(settings, said)
    server.close()


@asynccontextmanager
async def log_of(recorded: Recorded) -> AsyncIterator[EventLog]:
    async with connect(recorded.settings, name="test", update_streams=False) as event_log:
        yield event_log


async def facts_on(recorded: Recorded) -> list[tuple[int, str]]:
    async with log_of(recorded) as event_log:
        return [(one.sequence, one.subject) async for one in event_log.read(streams.CONVERSATIONS, "conv.>")]


async def test_it_is_reported_and_written_as_a_copy(
    recorded: Recorded, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await truth(recorded.settings, "first", utterance=recorded.said, text=people.sentences()[SHORT], file=None)
    before = await facts_on(recorded)
    wanted = Wanted(
        conversations=["first", "second"], engines=["stt=pocketsphinx", "dialogue=companion", VOICE], parallel=2,
        json=tmp_path / "report.json", html=tmp_path / "report.html",
        rules=[parse_rule("failures>0"), parse_rule("wer>+0.9"), parse_rule("wer<+0")],
    )  # fmt: skip
    status = await rerun(recorded.settings, wanted)
    found = msgspec.json.decode((tmp_path / "report.json").read_bytes(), type=Report)
    reports = {one.conversation: one for one in found.conversations}

    # The person's words are heard anew, and measured against the truth where there is one.
    turns = reports["first"].turns
    utterance = turns[0].utterance
    assert utterance is not None
    assert (utterance.against, utterance.reference) == ("truth", people.sentences()[SHORT])
    assert (utterance.words, utterance.errors_before) == (8, 4)
    assert utterance.after not in ("", None, "he was not ill")
    assert (found.against, found.errors.utterances, found.errors.words) == ("truth", 1, 8)
    nothing = turns[2].utterance
    assert nothing is not None
    assert (nothing.after, turns[2].after.reply) == ("", "")

    # Replies are made and spoken anew; where the person interrupted, after as many words as they had heard.
    assert [turn.before.reply for turn in turns[:2]] == [
        "Oh. That is good to hear.", "Why did the chicken cross the road? To get there.",
    ]  # fmt: skip
    assert all(turn.after.reply not in ("", turn.before.reply) for turn in turns[:2])
    assert [turn.after.interrupted for turn in turns] == [False, True, False]
    assert len(turns[1].after.heard.split()) == 2
    assert turns[0].after.engines == found.engines == {**found.engines, "stt": "pocketsphinx", "dialogue": "companion"}
    assert {"first_sentence", "first_audio", "playback_wait"} <= set(turns[0].after.latency)
    assert "use --real-time" in found.not_compared["transcript"]

    # Too few turns for a verdict; the rules are judged nevertheless.
    assert {one.verdict for one in found.latency.values()} == {"cannot be told"}
    assert [(one.rule, one.kept) for one in found.rules] == [
        ("failures>0", True), ("wer>+0.9", True), ("wer<+0", found.errors.errors_after >= 4),
    ]  # fmt: skip
    assert status == int(not all(one.kept for one in found.rules))

    # The page holds all of it.
    page = (tmp_path / "report.html").read_text()
    assert page.count("<article") == 4
    assert page.count('src="data:audio/ogg;base64,') == 3 + 3 + 3  # what was said, both replies
    assert 'src="http' not in page
    printed = capsys.readouterr()
    assert "word errors    50.0 % before" in printed.out

    # The system that it comes from has a copy more, and nothing else.
    after = await facts_on(recorded)
    copies = {one.conversation: one.copy for one in found.conversations}
    assert {subject.split(".")[1] for _, subject in after[len(before) :]} == set(copies.values())
    async with log_of(recorded) as event_log:
        for source, copy in copies.items():
            copied = [event for _, event in await event_log.facts(copy)]
            body = copied[0].body
            assert isinstance(body, ConversationCopied)
            assert (body.source, body.how, body.engines) == (source, "rerun", found.engines)
            assert _ordered(copied)
        # It can be re-run itself, here with everything kept; but no time finds it.
        again = Progress()
        kept = Wanted(conversations=[copies["first"]], kept=KEPT, write=False)
        await run_all(event_log, choose(recorded.settings, [], KEPT), await recordings(event_log, kept), kept, again)
        assert [one.truth for one in await recordings(event_log, kept)] == [{recorded.said: people.sentences()[SHORT]}]
        assert [turn.after.reply for turn in again.done[0].turns] == [turn.after.reply for turn in turns]
        with pytest.raises(InvalidInput, match="are copies of one conversation"):
            await recordings(event_log, Wanted(conversations=["first", copies["first"]]))
        assert await conversations_between(event_log, 1, None) == ["first", "second", "expired"]


def _ordered(facts: list[Event]) -> bool:
    """Whether each turn begins after the one before has ended."""
    turns: dict[str, list[int]] = {}
    for event in facts:
        if event.turn is not None:
            turns.setdefault(event.turn, []).append(event.at)
    spans = [(min(times), max(times)) for times in turns.values()]
    return all(earlier[1] < later[0] for earlier, later in itertools.pairwise(spans))


async def test_a_service_that_dies_is_named_and_the_same_words_are_heard_as_before(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    engines = choose(recorded.settings, ["stt=pocketsphinx"], ["dialogue", "tts"])
    recognisers: list[int] = []

    class Killing(ConversationRun):
        """Kills the recogniser before the first utterance."""

        async def run(self) -> None:
            system: PrivateSystem = self._system
            pid = system.pid("stt")
            if not recognisers and pid is not None:
                recognisers.append(pid)
                os.kill(pid, signal.SIGKILL)
                while system.pid("stt") in (pid, None):  # its supervisor has not noticed
                    await asyncio.sleep(0.05)
                recognisers.append(system.pid("stt") or 0)
            await super().run()

    monkeypatch.setattr("visavis.rerun.rerun.ConversationRun", Killing)
    progress = Progress()
    async with log_of(recorded) as event_log:
        wanted = Wanted(conversations=["first", "second", "expired"], kept=["dialogue", "tts"], write=False)
        listed = await recordings(event_log, wanted)
        await run_all(event_log, engines, listed, wanted, progress)
    first, second, expired = progress.done
    assert progress.deaths == {"stt": 1}
    heard = [turn.utterance.after for one in (first, second) for turn in one.turns if turn.utterance is not None]
    assert heard[0]
    assert heard == [heard[0], "", heard[0]]  # the same sound twice, and silence
    assert [turn.after.reply for turn in first.turns] == [turn.before.reply for turn in first.turns]
    assert first.turns[1].after.heard == first.turns[1].before.heard == "Why did"
    assert not any(turn.after.latency.keys() & {"first_audio", "first_sentence"} for turn in first.turns)
    (mute,) = expired.turns
    assert mute.utterance is not None
    assert (mute.utterance.after, mute.utterance.aligned_after, mute.after.reply) == ("he was not ill", (), "I see.")
    assert mute.notes == ("its sound is not on the log any more: the recorded transcript stands",)
    assert len(recognisers) == 2
    for pid in recognisers:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_the_example_takes_the_same_course_where_everything_is_kept(recorded: Recorded, tmp_path: Path) -> None:
    with load(EXAMPLE) as archive:
        async with log_of(recorded) as event_log:
            copied = ConversationCopied(source=archive.conversation, how="imported")
            await write_archive(event_log, archive, conversation="example", person="p1", copied=copied)
    wanted = Wanted(conversations=["example"], kept=KEPT, json=tmp_path / "report.json")
    assert await rerun(recorded.settings, wanted) == 0
    found = msgspec.json.decode((tmp_path / "report.json").read_bytes(), type=Report)
    (conversation,) = found.conversations
    assert len(conversation.turns) == 6
    assert sum(turn.utterance is not None for turn in conversation.turns) == 5
    for turn in conversation.turns:
        assert (turn.after.reply, turn.after.interrupted) == (turn.before.reply, turn.before.interrupted)
        assert turn.after.heard.split() == turn.before.heard.split()
        assert not turn.notes
    assert sum(turn.after.interrupted for turn in conversation.turns) == 1
    async with log_of(recorded) as event_log:
        copy = fold_all(Conversation(id=conversation.copy), await event_log.facts(conversation.copy))
        source = fold_all(Conversation(id="example"), await event_log.facts("example"))
    # The other character answers from the same turn on; and the language model would be told the same.
    assert [turn.reply and turn.reply.character for turn in copy.turns] == [
        turn.reply and turn.reply.character for turn in source.turns
    ]
    told = [[(one.role, one.text.split()) for one in heard_messages(state)] for state in (source, copy)]
    assert told[0] == told[1]
