"""Makes `examples/first-conversation.visavis`: `python -m examples.make_example [FILE]`, some two minutes.

Starts a whole system in a folder of its own and talks to it as a browser would, with recordings of `tests/voices`: a
question; an answer that is interrupted by speech; an answer whose voice is finished by another worker, as the first one
is killed; another character; and a voice note through the folder channel. Most pictures are left out, as if they had
expired.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from bench.peer import Peer
from bus import subjects
from bus.events import (
    MICROPHONE_RATE,
    SPEECH_RATE,
    CharacterChosen,
    Event,
    FramesStarted,
    MessageReceived,
    PlaybackFinished,
    PlaybackStarted,
    ReplyEnded,
    ReplyInterrupted,
    ReplyStarted,
    SpeechEnded,
    StepRepeated,
    TranscriptFinal,
    VoiceNoteReceived,
)
from bus.log.event_log import EventLog
from services.audio import Samples, resample
from tests import voices
from tests.e2e.stack import Stack
from visavis.carry.archive import Archive, Missing, Spool, read_archive, save
from visavis.carry.hiding import without_persons

TARGET = Path(__file__).parent / "first-conversation.visavis"
PICTURES_OF = 1
"""Speeches whose pictures are kept."""
_PATIENCE = 120.0
_SETTINGS = {
    "VISAVIS_VIDEO_SIZE": "256",
    "VISAVIS_VIDEO_BITRATE": "150000",
    "VISAVIS_LOG_LEVEL": "warning",
}


def recording(name: str) -> Samples:
    """A recorded sentence, 48 kHz."""
    return resample(voices.samples(name), MICROPHONE_RATE, SPEECH_RATE)


class Call:
    """A call in the running system, and what its log has of the conversation."""

    def __init__(self, stack: Stack, peer: Peer, event_log: EventLog) -> None:
        self.stack, self.peer, self._event_log = stack, peer, event_log

    async def facts(self) -> list[Event]:
        """All facts so far."""
        return [event for _, event in await self._event_log.facts(self.peer.conversation)]

    async def until(self, over: Callable[[list[Event]], bool]) -> list[Event]:
        """Wait for facts; returns all."""
        async with asyncio.timeout(_PATIENCE):
            while not over(facts := await self.facts()):  # noqa: ASYNC110 - it looks at the log from outside
                await asyncio.sleep(0.02)
        return facts

    async def ask(self, name: str) -> str:
        """Say a recording; returns the turn of its words once they are there."""
        before = len(words(await self.facts()))
        await self.peer.say(recording(name))
        facts = await self.until(lambda facts: len(words(facts)) > before)
        return str(words(facts)[before].turn)

    async def play_out(self, turn: str) -> None:
        """Wait until the answer to a turn has been played."""
        await self.until(lambda facts: is_played(facts, turn))
        await asyncio.sleep(1.0)


def words(facts: list[Event]) -> list[Event]:
    """The facts with words of the person."""
    return [one for one in facts if isinstance(one.body, TranscriptFinal | MessageReceived)]


def is_played(facts: list[Event], turn: str) -> bool:
    """Whether the whole answer to a turn has been played."""
    ended = {one.body.reply: one.body.sentences for one in facts if isinstance(one.body, ReplyEnded)}
    played = [one.body.reply for one in facts if isinstance(one.body, PlaybackFinished) and one.body.complete]
    mine = [one.body.reply for one in facts if isinstance(one.body, ReplyStarted) and one.turn == turn]
    return any(reply in ended and played.count(reply) >= ended[reply] for reply in mine)


def plays(facts: list[Event], turn: str) -> bool:
    """Whether a sentence of the answer to a turn has begun to play."""
    return any(isinstance(one.body, PlaybackStarted) and one.turn == turn for one in facts)


async def converse(call: Call) -> None:
    """The whole conversation."""
    await call.play_out(await call.ask("what_time_is_it_rms"))
    story = await call.ask("tell_me_something_about_yourself_slt")
    await call.until(lambda facts: plays(facts, story))
    await asyncio.sleep(0.5)
    name = await call.ask("what_is_your_name_rms")
    await call.until(lambda facts: any(isinstance(one.body, ReplyInterrupted) for one in facts))
    await call.play_out(name)
    await crash(call)
    await call.peer.write("switch to Milo")
    facts = await call.until(lambda facts: any(isinstance(one.body, CharacterChosen) for one in facts))
    await call.play_out(str(words(facts)[-1].turn))
    await voice_note(call)


async def crash(call: Call) -> None:
    """A question whose answer is being voiced as the voice's worker dies."""
    os.kill(call.stack.pid("tts"), signal.SIGSTOP)
    robot = await call.ask("are_you_a_robot_slt")
    await call.until(lambda facts: any(isinstance(one.body, ReplyEnded) and one.turn == robot for one in facts))
    await asyncio.sleep(1.0)
    os.kill(call.stack.pid("tts"), signal.SIGKILL)
    await call.play_out(robot)


async def voice_note(call: Call) -> None:
    """Link the folder for notes with the person of the page, and send a recording through it."""
    client = call.peer.client
    offer = (
        await client.post("/api/links", json={"channel": "folder", "conversation": call.peer.conversation})
    ).json()
    await note(call.stack, "--text", offer["text"])
    await client.post(f"/api/links/{offer['id']}/confirm")
    await note(call.stack, str(voices.recordings()["what_can_you_do_for_me_rms"].path))
    await call.until(lambda facts: any(isinstance(one.body, VoiceNoteReceived) for one in facts))
    turn = next(one.turn for one in await call.facts() if isinstance(one.body, VoiceNoteReceived))

    def is_voiced(facts: list[Event]) -> bool:
        ended = [one.body.sentences for one in facts if isinstance(one.body, ReplyEnded) and one.turn == turn]
        return bool(ended) and ended[0] == sum(isinstance(one.body, SpeechEnded) and one.turn == turn for one in facts)

    await call.until(is_voiced)
    await asyncio.sleep(2.0)


async def note(stack: Stack, *said: str) -> None:
    """`visavis note …`"""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "visavis", "note", *said), env=stack.environment, stdout=subprocess.DEVNULL
    )
    if await process.wait():
        raise SystemExit(f"visavis note {' '.join(said)} failed")


def without_pictures(archive: Archive) -> Archive:
    """The archive with the pictures of one speech only, and the idle loops."""
    drawn = [event.body.speech for _, _, event in archive.events() if isinstance(event.body, FramesStarted)]
    left_out = {subjects.frames(archive.conversation, speech): speech for speech in drawn[PICTURES_OF:]}
    media = Spool()
    for name in archive.media.names():
        if name not in left_out:
            for message in archive.media.read(name):
                media.add(name, message)
    missing = [one for one in archive.missing if one.kind != "pictures"]
    missing += [Missing(kind="pictures", id=speech) for speech in dict.fromkeys(left_out.values())]
    return replace(archive, media=media, missing=missing)


async def make(folder: Path, target: Path) -> None:
    """Run the system in a folder, and save the conversation."""
    stack = Stack(folder, **_SETTINGS)
    stack.start()
    try:
        peer = Peer(stack.url)
        await peer.connect()
        async with stack.event_log() as event_log:
            call = Call(stack, peer, event_log)
            await asyncio.sleep(1.5)
            await converse(call)
            await peer.close()
            await asyncio.sleep(3.0)
            facts = await call.facts()
            if not any(isinstance(one.body, StepRepeated) for one in facts):
                raise SystemExit("no step was taken over: run it again")
            archive = without_persons(await read_archive(event_log, peer.conversation))
    finally:
        stack.close()
        print(stack.output()[-2000:], file=sys.stderr)
    manifest = save(without_pictures(archive), target)
    print(f"{target}: {len(facts)} facts of {manifest.conversation}")


def main() -> int:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(make(Path(folder), target))
    return 0


if __name__ == "__main__":
    sys.exit(main())
