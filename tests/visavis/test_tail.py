"""`visavis tail` prints one readable line for each event."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC

import msgspec
import pytest

from bus.codec import encode
from bus.errors import BusError, NotFound
from bus.events import (
    AudioIn,
    AudioOut,
    Body,
    ConversationOpened,
    DeadLetter,
    FrameBatch,
    MessageReceived,
    PlaybackFinished,
    PlaybackProgress,
    PlaybackStarted,
    ReplyEnded,
    ReplyFailed,
    ReplyInterrupted,
    ReplySentence,
    SpeechEnded,
    SpeechStarted,
    StepFailed,
    StepRepeated,
    TranscriptFinal,
    UtteranceEnded,
    VisemeMark,
)
from bus.log.event_log import EventLog, Record
from bus.settings import Settings
from projections.replay.fact_summary import fact_summary
from tests.conftest import free_port
from tests.fakes import event
from visavis.tail import NEWEST_FACTS, LineFormatter, tail
from visavis.terminal import duration

AUDIO = AudioOut(conversation="c1", speech="s", index=0, sample=0, packets=(b"x" * 100,) * 10)
LETTER = DeadLetter(
    at=2_000_000, stream="CONVERSATIONS", sequence=7, subject="conv.c1.reply.sentence", service="tts",
    code="poison", detail="tried too often", deliveries=5, data=b"..",
)  # fmt: skip


def record(data: bytes, subject: str = "conv.c1.x.y", sequence: int = 1) -> Record:
    return Record(sequence, subject, data, 1_500_000)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (MessageReceived(message="m", text="hi  there"), '"hi there" by web'),
        (TranscriptFinal(utterance="u", text="hi", language="en", confidence=0.912, engine="p"), '"hi" en 0.91 p'),
        (UtteranceEnded(utterance="u", samples=24000, speech_ended=1, reason="silence"), "1.50 s silence"),
        (ReplySentence(reply="r", index=2, text="Oh.", character="ada", emotion="sad"), '2 "Oh." sad'),
        (ReplyInterrupted(reply="r", heard="I am", by="speech"), 'by speech, heard "I am"'),
        (ReplyFailed(reply="r", code="llm", detail="away"), "llm: away"),
        (ReplyEnded(reply="r", sentences=3), "3"),
        (SpeechStarted(speech="s", reply="r", index=0, character="a", voice="slt", engine="flite"), "0 slt flite"),
        (
            SpeechEnded(speech="s", reply="r", index=0, samples=48000, visemes=(VisemeMark(0, "aa"),)),
            "0 1.00 s 1 visemes",
        ),
        (PlaybackStarted(session="s", speech="s", reply="r", index=1, video=False), "1 without video"),
        (PlaybackProgress(session="s", speech="s", reply="r", index=1, samples=24000), "1 0.50 s"),
        (
            PlaybackFinished(session="s", speech="s", reply="r", index=1, samples=24000, complete=False, frames=12),
            "1 0.50 s 12 frames cut short",
        ),
        (StepRepeated(service="tts", event="e1"), "tts takes over"),
        (StepFailed(service="tts", code="x", retryable=False, detail="no voice"), "tts x: no voice"),
        (ConversationOpened(person="p", character="ada"), "ada en"),
    ],
)
def test_a_fact_is_summarised(body: Body, expected: str) -> None:
    assert fact_summary(body) == expected


def test_a_long_text_is_cut() -> None:
    assert len(fact_summary(MessageReceived(message="m", text="x" * 4000))) < 200


def test_a_line_has_time_conversation_fact_content_and_the_delay_since_its_cause() -> None:
    formatter = LineFormatter(zone=UTC)
    asked = event(MessageReceived(message="m", text="hi"), at=1_000_000, conversation="c123456789", name="a")
    ended = event(ReplyEnded(reply="r", sentences=1), at=1_120_400, conversation="c123456789", name="b")
    ended = type(ended)(**{field: getattr(ended, field) for field in ended.__struct_fields__} | {"cause": "a"})
    assert formatter.format("CONVERSATIONS", record(encode(asked))) == (
        '00:00:01.000  c1234567  message.received        "hi" by web'
    )
    assert formatter.format("CONVERSATIONS", record(encode(ended))) == (
        "00:00:01.120  c1234567  reply.ended             1  +120 ms"
    )


def test_color_changes_no_text() -> None:
    one = record(encode(event(MessageReceived(message="m", text="hi"), at=1_000_000, conversation="c1")))
    painted = LineFormatter(color=True, zone=UTC).format("CONVERSATIONS", one)
    plain = LineFormatter(zone=UTC).format("CONVERSATIONS", one)
    assert painted is not None
    assert "\x1b[32mmessage.received" in painted
    bare = painted
    for code in ("90", "32", "0"):
        bare = bare.replace(f"\x1b[{code}m", "")
    assert bare == plain


@pytest.mark.parametrize(
    ("media", "stream", "subject", "expected"),
    [
        (AUDIO, "AUDIO", "audio.c1.out.s", "♪ audio.out             10 packets 200 ms 1.1 kB"),
        (
            AudioIn(conversation="c1", utterance="u", index=0, sample=0, pcm=bytes(3200), final=True),
            "AUDIO", "audio.c1.in.u", "♪ audio.in              1600 samples 100 ms final 3.3 kB",
        ),
        (
            FrameBatch(conversation="c1", speech="s", index=0, frame=0, fps=25, phase=0, units=(b"x",) * 5),
            "FRAMES", "frames.c1.s", "♪ frames                5 frames 200 ms 93 B",
        ),
    ],
)  # fmt: skip
def test_media_are_one_line(media: AudioOut, stream: str, subject: str, expected: str) -> None:
    line = LineFormatter(zone=UTC).format(stream, record(encode(media), subject))
    assert line == f"00:00:01.500  c1        {expected}"


def test_dead_letters_and_undecodable_records_have_a_line() -> None:
    formatter = LineFormatter(zone=UTC)
    assert formatter.format("DEAD", record(encode(LETTER), "dead.CONVERSATIONS.tts")) == (
        "00:00:02.000  c1        ✗ dead letter           tts gave up conv.c1.reply.sentence (CONVERSATIONS 7) after 5 "
        "tries: poison, tried too often"
    )
    odd = formatter.format("CONVERSATIONS", record(b"?"))
    assert odd is not None
    assert "? undecodable           1 B on conv.c1.x.y" in odd


def test_dead_letters_of_other_conversations_are_left_out() -> None:
    assert LineFormatter(only="c2").format("DEAD", record(encode(LETTER))) is None
    assert LineFormatter(only="c1").format("DEAD", record(encode(LETTER))) is not None


@pytest.mark.parametrize("words", ["\x1b[31mred\x1b]0;title\x07", "\x9b2J", "a\rb", "\u202eevil", "a\x85b\u2028c"])
def test_words_steer_no_terminal(words: str) -> None:
    fact = record(encode(event(MessageReceived(message="m", text=words), at=1, conversation="c1")))
    dead = record(encode(msgspec.structs.replace(LETTER, detail=words, subject=f"conv.{words}.x")))
    for formatter in (LineFormatter(color=False), LineFormatter(as_json=True)):
        for stream, one in (("CONVERSATIONS", fact), ("DEAD", dead)):
            line = formatter.format(stream, one)
            assert line
            assert line.isprintable(), (formatter, stream)


def test_with_json_each_line_is_an_object() -> None:
    formatter = LineFormatter(as_json=True)
    fact = record(encode(event(MessageReceived(message="m", text="hi"), at=1, conversation="c1")), sequence=9)
    records = [
        ("CONVERSATIONS", fact), ("DEAD", record(encode(LETTER))), ("AUDIO", record(encode(AUDIO))),
        ("CONVERSATIONS", record(b"?")),
    ]  # fmt: skip
    objects = [json.loads(formatter.format(stream, one) or "") for stream, one in records]
    assert (objects[0]["seq"], objects[0]["event"]["body"]["text"]) == (9, "hi")
    assert objects[1]["dead"]["code"] == "poison"
    assert objects[2]["media"] == "audio.out"
    assert "expected an event" in objects[3]["undecodable"]


def test_with_json_a_conversation_has_no_network() -> None:
    opened = event(ConversationOpened(person="h1", character="ada", network="a1"), at=1, conversation="c1")
    line = json.loads(LineFormatter(as_json=True).format("CONVERSATIONS", record(encode(opened))) or "")
    assert line["event"]["body"] == {
        "type": "conversation.opened", "person": "h1", "character": "ada", "language": "en"
    }  # fmt: skip


def test_durations_have_a_unit_of_fitting_size() -> None:
    assert [duration(us) for us in (1500, 120_400, 90_000_000)] == ["1.5 ms", "120 ms", "90.0 s"]


# From a real log


async def say(event_log: EventLog, conversation: str, number: int) -> None:
    body = MessageReceived(message=f"m{number}", text=f"say {number}")
    await event_log.append(event(body, at=number, conversation=conversation, name=f"{conversation}-{number}"))


async def test_a_conversation_is_shown_from_its_beginning_with_its_media_in_between(
    event_log: EventLog, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    await say(event_log, "c1", 1)
    await say(event_log, "c2", 2)
    await event_log.publish_media(AUDIO, "a")
    await event_log.publish_dead_letter(LETTER)
    await say(event_log, "c1", 3)
    assert await tail(settings, "c1", follow=False, color=False, media=True) == 0
    marks = [line[24:].split()[0] + line[24:].split()[1] for line in capsys.readouterr().out.splitlines()]
    assert marks == ['message.received"say', "♪audio.out", "✗dead", 'message.received"say']


async def test_without_a_conversation_the_newest_events_are_shown(
    event_log: EventLog, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(NEWEST_FACTS + 5):
        await say(event_log, "c1", number)
    assert await tail(settings, None, follow=False, color=False, media=True) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == NEWEST_FACTS
    assert '"say 5"' in lines[0]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def test_new_events_are_printed_as_they_arrive_and_once(
    event_log: EventLog, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[str] = []

    def read() -> list[str]:
        seen.extend(json.loads(line)["subject"] for line in capsys.readouterr().out.splitlines())
        return seen

    await say(event_log, "c1", 1)
    watching = asyncio.create_task(tail(settings, "c1", follow=True, color=False, media=True, as_json=True))
    await until(lambda: len(read()) == 1)
    await say(event_log, "c1", 2)
    await say(event_log, "c2", 3)
    await until(lambda: len(read()) == 2)
    await event_log.publish_media(AUDIO, "a")
    await until(lambda: len(read()) == 3)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
    assert seen == ["conv.c1.message.received", "conv.c1.message.received", "audio.c1.out.s"]


async def test_an_unknown_conversation_is_an_error(event_log: EventLog, settings: Settings) -> None:
    await say(event_log, "c1", 0)
    for wanted in ("nobody", "not.an.id"):
        with pytest.raises(NotFound, match=f"there is no conversation {wanted}"):
            await tail(settings, wanted, follow=False, color=False, media=False)


async def test_a_reader_that_goes_away_is_no_error(event_log: EventLog, settings: Settings) -> None:
    for number in range(5):
        await say(event_log, "c1", number)
    ours, theirs = os.pipe()
    os.close(ours)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "visavis", "tail", "c1", "--no-follow", "--no-media"),
        env={**os.environ, "VISAVIS_NATS_URL": settings.nats_url},
        stdout=theirs,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(theirs)
    _, errors = await process.communicate()
    assert (process.returncode, errors.decode()) == (0, "")


async def test_without_a_server_it_raises() -> None:
    with pytest.raises(BusError, match="no NATS server"):
        await tail(Settings(nats_port=free_port()), None, follow=False, color=False, media=False, wait=0.1)
