"""A recording in the folder for notes is answered by a recording, all by the services of a running system."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import av
import numpy as np

from bus import codec, subjects
from bus.events import (
    MICROPHONE_RATE,
    Event,
    ReplyEnded,
    ReplyStarted,
    SpeechEnded,
    TranscriptFinal,
    VoiceNoteReceived,
)
from bus.log import streams
from bus.settings import Settings
from projections.replay.word_error_rate import normalised_words, word_errors
from services.audio import Resampler, Samples, to_int16
from services.channels.folder import Folder, folder_of
from tests import voices
from tests.e2e.measure import similarity, transcribe
from tests.e2e.stack import Stack, eventually

MIN_SIMILARITY = 0.6
"""Of a sentence and its transcript by pocketsphinx; different sentences reach 0.45 at the most."""


def sound(path: Path) -> Samples:
    """A recording as 16 kHz mono."""
    with av.open(str(path)) as container:
        assert container.streams.audio[0].codec_context.name in ("opus", "libopus")
        resampler = Resampler(48_000, MICROPHONE_RATE)
        blocks = [resampler.push(to_int16(frame.to_ndarray())) for frame in container.decode(audio=0)]
    return np.concatenate([*blocks, resampler.flush()])


async def note(stack: Stack, *words: str) -> tuple[int, str, str]:
    """Exit status, and what is on standard output and on standard error, of `visavis note …`."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "visavis", "note", *words),
        env=stack.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, errors = await process.communicate()
    return process.returncode or 0, out.decode(), errors.decode()


async def test_a_spoken_question_is_answered_by_a_recording_that_says_the_reply(stack: Stack, tmp_path: Path) -> None:
    question, answer = voices.recordings()["what_is_your_name_rms"], tmp_path / "answer.ogg"
    status, out, errors = await note(stack, str(question.path), "-o", str(answer))
    assert (status, errors) == (0, "")
    heard, reply, where = re.fullmatch(r"understood: (.+)\nanswered:   (.+)\nrecording:  (.+)\n", out).groups()  # type: ignore[union-attr]
    assert word_errors(normalised_words("what is your name"), normalised_words(heard)) == 0
    assert where == str(answer)
    assert similarity(transcribe(sound(answer)), reply) > MIN_SIMILARITY


async def test_a_dropped_recording_is_one_turn_on_the_log(stack: Stack) -> None:
    settings = Settings(data=str(stack.folder / "data"))
    path = folder_of(settings)
    assert path is not None
    folder = Folder(path)
    temporary = path / "made elsewhere"
    temporary.write_bytes(voices.recordings()["what_time_is_it_rms"].path.read_bytes())
    temporary.rename(folder.inbox / "the time.ogg")
    answer = folder.outbox / "the_time.txt"
    await eventually(answer.exists, "the answer is in the folder", patience=60)
    assert re.search(r"\d|o'clock|half|quarter|midnight|noon", answer.read_text())
    async with stack.event_log() as event_log:
        reading = event_log.read(streams.CONVERSATIONS, subjects.facts_of_kind(VoiceNoteReceived))
        received = [codec.decode_event(record.data) async for record in reading]
        (mine,) = [event for event in received if note_of(event).origin.message.endswith("-the_time.ogg")]
        facts = [event for _, event in await event_log.facts(mine.conversation) if event.turn == mine.turn]
    kinds = [type(event.body) for event in facts]
    for kind in (VoiceNoteReceived, TranscriptFinal, ReplyStarted, ReplyEnded):
        assert kinds.count(kind) == 1
    assert SpeechEnded in kinds
    assert len(list(folder.outbox.glob("the_time*"))) == 2


def note_of(event: Event) -> VoiceNoteReceived:
    assert isinstance(event.body, VoiceNoteReceived)
    return event.body


async def test_a_file_that_is_no_recording_is_refused_in_one_line(stack: Stack, tmp_path: Path) -> None:
    words = tmp_path / "words.ogg"
    words.write_text("no sound at all")
    status, out, errors = await note(stack, str(words))
    assert (status, out) == (1, "")
    assert re.fullmatch(r"error: .*/words\.ogg cannot be listened to: .*\n", errors)


async def test_a_recording_is_answered_once_though_the_service_is_killed_meanwhile(
    stack: Stack, tmp_path: Path
) -> None:
    answer = tmp_path / "answer.ogg"
    asking = asyncio.create_task(note(stack, str(voices.recordings()["hello_rms"].path), "-o", str(answer)))
    path = folder_of(Settings(data=str(stack.folder / "data")))
    assert path is not None
    before = set(Folder(path).outbox.iterdir())
    await asyncio.sleep(1.5)
    os.kill(stack.pid("channels"), signal.SIGKILL)
    status, out, errors = await asking
    assert (status, errors) == (0, "")
    assert out.count("answered:") == 1
    assert {one.suffix for one in set(Folder(path).outbox.iterdir()) - before} == {".ogg", ".txt"}
    assert answer.stat().st_size > 0
