"""The next start closes the sessions and utterances that a killed gateway left open."""

from __future__ import annotations

from pathlib import Path

import pytest

from bus import codec, subjects
from bus.errors import ConfigurationError
from bus.events import (
    AudioIn,
    Event,
    Fact,
    PlaybackFinished,
    PlaybackProgress,
    PlaybackStarted,
    SessionClosed,
    SessionOpened,
    TranscriptFinal,
    UtteranceEnded,
    UtteranceStarted,
)
from bus.log import streams
from bus.log.event_log import EventLog
from services.gateway.playing.recovery import SessionJournal, close_orphaned_sessions


def opened(session: str, at: int = 1) -> Event:
    return Event(id=f"o{session}", at=at, conversation="c1", body=SessionOpened(session=session))


def fact(body: Fact, name: str) -> Event:
    return Event(id=name, at=2, conversation="c1", turn="t1", body=body)


def chunk(index: int, *, final: bool = False) -> AudioIn:
    return AudioIn(
        conversation="c1", utterance="u1", index=index, sample=1600 * index, pcm=bytes(3200), final=final
    )


def test_sessions_that_were_not_closed_are_known_at_the_next_start(tmp_path: Path) -> None:
    journal = SessionJournal(tmp_path / "sessions")
    journal.record(opened("s2", at=2))
    journal.record(opened("s1", at=1))
    journal.record(opened("s3", at=3))
    journal.remove("s3")
    journal.remove("s3")
    assert SessionJournal(tmp_path / "sessions").orphans() == [opened("s1", at=1), opened("s2", at=2)]


def test_a_file_that_was_torn_by_the_crash_is_removed_and_one_that_cannot_be_read_left(tmp_path: Path) -> None:
    (tmp_path / "s1.json").write_bytes(b'{"id":')
    (tmp_path / "s2.json").write_bytes(codec.encode(fact(SessionClosed(session="s2", reason="left"), "e")))
    (tmp_path / "s3.json").mkdir()
    journal = SessionJournal(tmp_path)
    journal.record(opened("s4"))
    assert journal.orphans() == [opened("s4")]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["s3.json", "s4.json"]


def test_the_error_names_a_folder_that_cannot_be_created(tmp_path: Path) -> None:
    (tmp_path / "sessions").write_text("")
    with pytest.raises(ConfigurationError, match="sessions"):
        SessionJournal(tmp_path / "sessions")


async def test_half_an_utterance_is_ended_so_that_it_is_transcribed(event_log: EventLog, tmp_path: Path) -> None:
    journal = SessionJournal(tmp_path)
    journal.record(opened("s1"))
    await event_log.append(opened("s1"))
    await event_log.append(fact(UtteranceStarted(utterance="u1", session="s1"), "b1"))
    for index in range(3):
        await event_log.publish_media(chunk(index), f"u1-{index}")
    garbage = await event_log.js.publish(subjects.audio_in("c1", "u1"), b"\xff no media")

    await close_orphaned_sessions(event_log, journal)
    await event_log.js.delete_msg(streams.AUDIO, garbage.seq)
    chunks = [one async for one in event_log.follow(AudioIn, subjects.audio_in("c1", "u1"))]
    assert [(one.index, one.sample, len(one.pcm), one.final) for one in chunks] == [
        (0, 0, 3200, False),
        (1, 1600, 3200, False),
        (2, 3200, 3200, False),
        (3, 4800, 0, True),
    ]
    published = [(event.cause, event.turn, event.body) for _, event in await event_log.facts("c1")]
    assert published[2:] == [
        ("b1", "t1", UtteranceEnded(utterance="u1", samples=4800, speech_ended=4800, reason="session_closed")),
        ("os1", None, SessionClosed(session="s1", reason="lost")),
    ]
    assert journal.orphans() == []


async def test_ended_utterances_and_those_of_other_sessions_are_left_alone(event_log: EventLog, tmp_path: Path) -> None:
    journal = SessionJournal(tmp_path)
    journal.record(opened("s1"))
    await event_log.append(opened("s1"))
    await event_log.append(fact(UtteranceStarted(utterance="u1", session="s1"), "b1"))
    await event_log.append(fact(TranscriptFinal(utterance="u1", text="yes", language="en", confidence=1.0), "f1"))
    await event_log.append(fact(UtteranceStarted(utterance="u2", session="s2"), "b2"))
    await close_orphaned_sessions(event_log, journal)
    await close_orphaned_sessions(event_log, journal)
    assert [type(event.body) for _, event in await event_log.facts("c1")][4:] == [SessionClosed]
    assert await event_log.last_message(subjects.audio_in("c1", "u1")) is None


@pytest.mark.parametrize("has_heard", [False, True])
async def test_a_session_whose_beginning_is_not_on_the_log_has_no_end_there_unless_something_of_it_is(
    event_log: EventLog, tmp_path: Path, has_heard: bool
) -> None:
    journal = SessionJournal(tmp_path)
    journal.record(opened("s1"))
    if has_heard:
        await event_log.append(fact(UtteranceStarted(utterance="u1", session="s1"), "b1"))
    await close_orphaned_sessions(event_log, journal)
    bodies = [event.body for _, event in await event_log.facts("c1")]
    assert bodies.count(SessionOpened(session="s1")) == bodies.count(SessionClosed(session="s1", reason="lost"))
    assert bodies.count(SessionClosed(session="s1", reason="lost")) == has_heard
    assert journal.orphans() == []


async def test_what_the_dead_gateway_was_playing_is_over(event_log: EventLog, tmp_path: Path) -> None:
    journal = SessionJournal(tmp_path)
    journal.record(opened("s1"))
    await event_log.append(opened("s1"))
    one, two = (
        {"session": session, "speech": f"v{session}", "reply": "r", "index": 0} for session in ("s1", "s2")
    )
    await event_log.append(fact(PlaybackStarted(**one, video=False), "p1"))  # type: ignore[arg-type]
    await event_log.append(fact(PlaybackStarted(**two, video=False), "p2"))  # type: ignore[arg-type]
    await event_log.append(fact(PlaybackProgress(**one, samples=48_000), "p3"))  # type: ignore[arg-type]
    await close_orphaned_sessions(event_log, journal)
    await close_orphaned_sessions(event_log, journal)
    bodies = [event.body for _, event in await event_log.facts("c1")]
    assert bodies[4:] == [
        PlaybackFinished(**one, samples=48_000, complete=False),  # type: ignore[arg-type]
        SessionClosed(session="s1", reason="lost"),
    ]


async def test_a_full_log_delays_the_closing_and_stops_neither_others_nor_the_gateway(
    event_log: EventLog, tmp_path: Path
) -> None:
    journal = SessionJournal(tmp_path)
    for session in ("s1", "s2", "s3"):
        journal.record(opened(session))
        await event_log.append(opened(session))
    config = (await event_log.js.stream_info(streams.CONVERSATIONS)).config
    await event_log.js.update_stream(config.evolve(max_bytes=1))
    await close_orphaned_sessions(event_log, journal)
    assert {event.id for event in journal.orphans()} == {"os1", "os2", "os3"}
    await event_log.js.update_stream(config)
    await close_orphaned_sessions(event_log, journal, lambda session: session == "s2")
    assert [event.id for event in journal.orphans()] == ["os2"]
    closed = [event.body for _, event in await event_log.facts("c1") if isinstance(event.body, SessionClosed)]
    assert set(closed) == {SessionClosed(session=session, reason="lost") for session in ("s1", "s3")}
