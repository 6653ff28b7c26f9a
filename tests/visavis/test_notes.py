"""`visavis note`: what it says of what was asked, and its errors; tests/e2e has it with a running system."""

from __future__ import annotations

import asyncio
import contextlib
import json
import wave
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from bus.channel_events import (
    DeliveryFact,
    DeliveryFailed,
    DeliveryQueued,
    DeliverySent,
    TextContent,
    VoiceContent,
)
from bus.errors import BusError, ConfigurationError, InvalidInput
from bus.events import TranscriptFinal
from bus.log.event_log import EventLog
from bus.process.discovery import announce
from bus.settings import Settings
from bus.stamping import new_delivery_event, new_event
from services.channels.channel import Outgoing
from services.channels.folder import Folder, folder_of
from visavis.doctor_checks import lock_holder
from visavis.notes import note


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "question.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(b"\1\2" * 16_000)
    return path


class Service:
    """Answers what comes into the folder, as the channels service does."""

    def __init__(self, event_log: EventLog, folder: Folder) -> None:
        self._event_log = event_log
        self.folder = folder
        self.asked: list[bytes] = []
        self.parts: Sequence[str] = ("Fifty-six.",)
        self.echo = ""
        self.failure: DeliveryFailed | None = None
        self.refers = True
        """Whether the answer says which message it answers."""

    async def answer(self, key: str, raw: bytes) -> bool:
        (incoming,) = self.folder.parse(raw)
        assert incoming.origin is not None
        message = incoming.origin.message
        self.asked.append(b"".join([piece async for piece in self.folder.fetch(message)]))
        heard = TranscriptFinal(utterance="u1", text=" What is it? ", language="en", confidence=1.0)
        await self._event_log.append(new_event(heard, conversation="c1", turn="t1"))
        if self.echo:
            await self._deliver(f"{key}-echo", message, TextContent(text=self.echo), b"", silent=True)
        for number, text in enumerate(self.parts):
            content = VoiceContent(speeches=(f"s{number}",), text=text)
            await self._deliver(f"{key}-{number}", message, content, f"OggS {text}".encode())
        return True

    async def _deliver(
        self, delivery: str, message: str, content: TextContent | VoiceContent, media: bytes, *, silent: bool = False
    ) -> None:
        queued = DeliveryQueued(
            account="local", chat="local", content=content, silent=silent, reply_to=message if self.refers else "",
            conversation="c1" if self.refers else None, turn="t1" if self.refers else None,
        )  # fmt: skip
        after = await self._append(delivery, queued, 0)
        if self.failure is not None:
            await self._append(delivery, self.failure, after)
            return
        outgoing = Outgoing(
            delivery=delivery, chat="local", reply_to=queued.reply_to, silent=silent, text=content.text, media=media,
            kind="voice" if media else "text",
        )  # fmt: skip
        await self._append(delivery, DeliverySent(message=await self.folder.send(outgoing)), after)

    async def _append(self, delivery: str, body: DeliveryFact, after: int) -> int:
        return await self._event_log.append_delivery(
            new_delivery_event(body, channel="folder", delivery=delivery), after=after
        )


@asynccontextmanager
async def serving(service: Service, event_log: EventLog) -> AsyncIterator[None]:
    label = str(service.folder.folder)
    channels = json.dumps([{"name": "folder", "account": "local", "label": "", "link": "", "folder": label}])
    running = asyncio.create_task(service.folder.run(service.answer))
    try:
        async with announce(event_log, "channels", metadata=lambda: {"channels": channels}):
            yield
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


@pytest.fixture
async def service(event_log: EventLog, settings: Settings) -> AsyncIterator[Service]:
    folder = folder_of(settings)
    assert folder is not None
    service = Service(event_log, Folder(folder, idle=0.05))
    async with serving(service, event_log):
        yield service


async def test_what_was_understood_and_answered_is_printed_and_the_recording_is_where_it_was_wanted(
    service: Service, settings: Settings, recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = tmp_path / "answer.ogg"
    assert await note(settings, recording, text=None, output=answer) == 0
    assert capsys.readouterr().out.splitlines() == [
        "understood: What is it?", "answered:   Fifty-six.", f"recording:  {answer}",
    ]  # fmt: skip
    assert answer.read_bytes() == b"OggS Fifty-six."
    assert service.asked == [await asyncio.to_thread(recording.read_bytes)]


async def test_an_answer_in_parts_is_waited_for_as_a_whole(
    service: Service, settings: Settings, recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service.parts, service.echo = ("One.", "Two."), "“What is it?”"
    await note(settings, recording, text=None, output=tmp_path / "answer.ogg")
    assert "answered:   One.\nanswered:   Two.\n" in (out := capsys.readouterr().out)
    assert "“" not in out
    assert (tmp_path / "answer-2.ogg").read_bytes() == b"OggS Two."


async def test_a_text_and_an_answer_that_refers_to_no_message(
    service: Service, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    service.refers = False
    await note(settings, None, text="/voice", output=None)
    assert service.asked == [b"/voice"]
    assert capsys.readouterr().out.splitlines()[0] == "answered:   Fifty-six."


async def test_no_answer_in_time_says_where_it_may_still_come(
    service: Service, settings: Settings, recording: Path
) -> None:
    service.parts = ()
    with pytest.raises(BusError, match=r"no answer within 3 s; it may still come, as .*/out/note-"):
        await note(settings, recording, text=None, output=None, limit=3)


async def test_an_answer_that_cannot_be_delivered_is_told(
    service: Service, settings: Settings, recording: Path
) -> None:
    service.failure = DeliveryFailed(code="refused", detail="disk full")
    with pytest.raises(BusError, match="could not be delivered"):
        await note(settings, recording, text=None, output=None)


async def test_a_service_that_watches_another_folder_is_told(
    service: Service, settings: Settings, recording: Path, tmp_path: Path
) -> None:
    elsewhere = replace(settings, notes_folder=str(tmp_path / "elsewhere"))
    with pytest.raises(ConfigurationError, match=r"does not watch .*/elsewhere \(it watches .*/data/notes\)"):
        await note(elsewhere, recording, text=None, output=None)


async def test_where_the_service_does_not_run(event_log: EventLog, settings: Settings, recording: Path) -> None:
    with pytest.raises(BusError, match="the channels service does not run"):
        await note(settings, recording, text=None, output=None)


async def test_where_nothing_runs(settings: Settings, recording: Path, tmp_path: Path) -> None:
    alone = Settings(data=str(tmp_path / "nothing"))
    assert lock_holder(alone) is None
    with pytest.raises(BusError, match="start it with `visavis up`"):
        await note(alone, recording, text=None, output=None)


async def test_where_the_folder_is_off(recording: Path) -> None:
    with pytest.raises(ConfigurationError, match="VISAVIS_NOTES_FOLDER=off"):
        await note(Settings(notes_folder="off"), recording, text=None, output=None)


async def test_what_is_no_recording_is_told_before_anything_is_asked(
    settings: Settings, recording: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        await note(settings, tmp_path / "missing.ogg", text=None, output=None)
    text = tmp_path / "text.ogg"
    text.write_text("these are words, and no sound")
    with pytest.raises(InvalidInput, match=r"text.ogg cannot be listened to: "):
        await note(settings, text, text=None, output=None)
    short = replace(settings, note_seconds=5)
    with wave.open(str(recording), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", "not compressed"))
        file.writeframes(bytes(2 * 16_000 * 6))
    with pytest.raises(InvalidInput, match="it lasts longer than 5 s"):
        await note(short, recording, text=None, output=None)
    assert not (tmp_path / "data" / "notes").exists()
