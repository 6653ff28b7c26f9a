"""The example engines of docs/engines.md are chosen by their entry points, and hold a conversation on a real log."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from bus.errors import ConfigurationError
from bus.events import (
    MICROPHONE_RATE,
    AudioIn,
    ConversationOpened,
    Fact,
    FramesEnded,
    FramesStarted,
    ReplySentence,
    ReplyStarted,
    SpeechEnded,
    SpeechStarted,
    TranscriptFinal,
    UtteranceEnded,
    UtteranceStarted,
    Watching,
)
from bus.log.event_log import EventLog
from bus.process.engines import choose_engine
from bus.settings import Settings
from bus.stamping import new_event, new_live_event
from bus.work.runner import Runner
from services.dialogue import __main__ as dialogue
from services.render import __main__ as render
from services.stt import __main__ as stt
from services.tts import __main__ as tts
from visavis.up import publish_builtin_characters

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "engines"
PAGE = (ROOT / "docs" / "engines.md").read_text()
SECONDS = 2


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry points that the page names, as pip installs them."""
    package = tmp_path / "engines-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: engines\nVersion: 1\n")
    points = re.findall(r'^\[project\.entry-points\."(visavis\.\w+)"\]\n(\w+) = "(\S+)"$', PAGE, re.MULTILINE)
    assert len(points) == 4
    (package / "entry_points.txt").write_text("\n".join(f"[{group}]\n{name} = {at}\n" for group, name, at in points))
    monkeypatch.syspath_prepend(str(tmp_path))


def test_each_example_has_at_most_forty_lines() -> None:
    lengths = {file.name: len(file.read_text().splitlines()) for file in FOLDER.glob("*.py")}
    assert {name: length for name, length in lengths.items() if length > 40} == {}
    assert [name for name in lengths if name != "__init__.py" and f"examples/engines/{name}" not in PAGE] == []


def test_the_page_shows_the_voice_as_it_is() -> None:
    assert (FOLDER / "humming.py").read_text() in PAGE


@pytest.mark.usefixtures("installed")
async def test_a_spoken_turn_is_heard_answered_voiced_and_drawn_by_them(
    event_log: EventLog, settings: Settings, tmp_path: Path
) -> None:
    chosen = replace(
        settings, data=str(tmp_path), stt_engine="stopwatch", dialogue_engine="echo", tts_engine="humming",
        render_engine="lamp", video_size=128,
    )  # fmt: skip
    await publish_builtin_characters(event_log)
    workers = [Runner(event_log, service.build(chosen)).run() for service in (stt, dialogue, tts, render)]
    running = [asyncio.create_task(worker) for worker in workers]
    try:
        await event_log.publish_live(new_live_event(Watching(session="s"), conversation="c"))
        await speak(event_log)
        bodies: list[Fact] = []
        while not any(isinstance(body, FramesEnded) for body in bodies):
            for task in running:
                if task.done():
                    task.result()  # it works for ever, unless it fails
            await event_log.publish_live(new_live_event(Watching(session="s"), conversation="c"))  # as a session does
            await asyncio.sleep(0.1)
            bodies = [fact.body for _, fact in await event_log.facts("c")]
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    heard = f"This took {SECONDS:.1f} seconds."
    assert [(body.text, body.engine) for body in bodies if isinstance(body, TranscriptFinal)] == [(heard, "stopwatch")]
    assert [body.engine for body in bodies if isinstance(body, ReplyStarted)] == ["echo"]
    assert [(body.text, body.emotion) for body in bodies if isinstance(body, ReplySentence)] == [
        (f"Ada heard: {heard}", "happy")
    ]
    assert [(body.engine, body.voice) for body in bodies if isinstance(body, SpeechStarted)] == [
        ("humming", "humming/high")
    ]
    assert [body.engine for body in bodies if isinstance(body, FramesStarted)] == ["lamp"]
    assert {mark.viseme for body in bodies if isinstance(body, SpeechEnded) for mark in body.visemes} == {"aa", "sil"}


async def speak(event_log: EventLog) -> None:
    """Two seconds of something."""
    await event_log.append(new_event(ConversationOpened(person="p", character="ada"), conversation="c"))
    started = new_event(UtteranceStarted(utterance="u", session="s"), conversation="c", turn="t")
    await event_log.append(started)
    pcm = bytes(2 * MICROPHONE_RATE)
    for index in range(SECONDS):
        chunk = AudioIn(
            conversation="c", utterance="u", index=index, sample=index * MICROPHONE_RATE, pcm=pcm,
            final=index == SECONDS - 1,
        )  # fmt: skip
        await event_log.publish_media(chunk, f"u-{index}")
    samples = SECONDS * MICROPHONE_RATE
    ended = UtteranceEnded(utterance="u", samples=samples, speech_ended=samples, reason="silence")
    await event_log.append(new_event(ended, conversation="c", turn="t", cause=started.id))


@pytest.mark.usefixtures("installed")
def test_an_engine_that_nobody_brings_is_refused_with_all_that_are_there() -> None:
    with pytest.raises(ConfigurationError, match=r"one of xtts, .*, flite, humming, got 'humm'"):
        choose_engine(tts.ENGINES, "humm", Settings(), setting="VISAVIS_TTS_ENGINE")


def test_an_engine_that_does_not_load_is_refused_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "broken-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1\n")
    (package / "entry_points.txt").write_text("[visavis.tts]\nbroken = no_such_module:load\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ConfigurationError, match="no_such_module:load does not load: No module named"):
        choose_engine(tts.ENGINES, "broken", Settings(), setting="VISAVIS_TTS_ENGINE")
