"""Feeds one recorded conversation to the private system, turn by turn, and waits for what comes of it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field

from msgspec import structs

from bus import clock, codec, subjects
from bus.errors import BusError, VisavisError
from bus.events import (
    MICROPHONE_RATE,
    AudioIn,
    Event,
    FramesEnded,
    FramesFailed,
    MessageReceived,
    ReplyEnded,
    ReplyFailed,
    ReplyInterrupted,
    SpeechEnded,
    TranscriptCorrected,
    TranscriptFinal,
    UtteranceDiscarded,
    UtteranceEnded,
    UtteranceStarted,
    Watching,
)
from bus.ids import derive_id
from bus.log import streams
from bus.log.event_log import EventLog
from bus.stamping import new_event, new_live_event
from visavis.rerun.engines import Engines
from visavis.rerun.kept import kept_reply, kept_transcript
from visavis.rerun.listener import SESSION, Listener
from visavis.rerun.private_system import PrivateSystem
from visavis.rerun.recording import RecordedTurn, Recording

PATIENCE = 120.0
"""Seconds in which something has to happen, or the turn counts as lost."""
SLOWEST = 4.0
"""Seconds in which a recogniser has to hear a second of speech, beyond that."""
LONGEST_PAUSE = 3.0
"""Seconds between an answer and the person's next words at real pace, at the most."""
_LOOK = 0.1
"""Seconds between looks at what the log does not tell by an event."""
_WATCHING_EVERY = 2.0
_SECOND = 1_000_000


@dataclass
class TurnRun:
    """What came of one turn."""

    recorded: RecordedTurn
    facts: list[Event] = field(default_factory=list)
    lost: str = ""
    """Why it came to no end."""
    sound_missing: bool = False
    """The sound is not on the log any more, so the recorded transcript stands."""
    interrupted: bool = False

    @property
    def words(self) -> Event | None:
        """What the reply follows: the transcript or the message."""
        return next((one for one in self.facts if isinstance(one.body, TranscriptFinal | MessageReceived)), None)

    @property
    def transcript(self) -> Event | None:
        return next((one for one in self.facts if isinstance(one.body, TranscriptFinal | UtteranceDiscarded)), None)


class _Stalled(VisavisError):
    """Nothing happened for too long."""


class ConversationRun:
    """One conversation in the private system.

    Args:
        sounds: the recorded chunks of each utterance, as far as they are on the log.
        real_time: feed speech at its own pace, and wait while replies would be heard.
        patience: seconds in which something has to happen.
        on_turn: called with the number of each turn as it begins.
    """

    def __init__(
        self, system: PrivateSystem, engines: Engines, recording: Recording, sounds: dict[str, list[AudioIn]], *,
        real_time: bool = False, patience: float = PATIENCE, on_turn: Callable[[int], None] = lambda number: None,
    ) -> None:  # fmt: skip
        self.turns: list[TurnRun] = []
        self._system = system
        self._log: EventLog = system.event_log
        self._engines = engines
        self._recording = recording
        self._conversation = recording.conversation
        self._sounds = sounds
        self._real_time = real_time
        self._patience = patience
        self._on_turn = on_turn
        self._facts: list[tuple[int, Event]] = []
        self._first_packets: dict[str, int] = {}
        """When the first sound of each speech was stored."""
        self._changed = asyncio.Event()
        self._news = 0
        """Records that were read."""
        self._free_from = 0

    async def run(self) -> None:
        """Feed all turns; `turns` has what came of them, also where this is cancelled or a turn is lost.

        Raises:
            BusError: the private system does not run any more.
        """
        async with self._following():
            await self._append(self._recording.opened)
            for before, turn in itertools.pairwise([None, *self._recording.turns]):
                assert turn is not None
                if not turn.has_words:
                    continue
                await self._pause(before, turn)
                run = TurnRun(turn)
                self.turns.append(run)
                self._on_turn(len(self.turns))
                try:
                    await self._run_turn(run)
                except _Stalled as error:
                    run.lost = error.detail
            last = next((run.words for run in reversed(self.turns) if run.words is not None), None)
            if last is not None and not self.turns[-1].lost and "dialogue" in self._engines.services:
                with suppress(_Stalled):
                    await self._until(lambda: False, "the end of the dialogue", or_passed=("dialogue", last))
            await self._append_truth()

    async def _append_truth(self) -> None:
        """What was really said, so that the copy can be measured by it, too."""
        for utterance, text in self._recording.truth.items():
            turn = next((one.id for one in self._recording.turns if one.says(utterance)), None)
            body = TranscriptCorrected(utterance=utterance, text=text)
            id_ = derive_id(utterance, "truth", "rerun")
            await self._log.append(new_event(body, conversation=self._conversation, event_id=id_, turn=turn))

    async def _run_turn(self, run: TurnRun) -> None:
        turn, kept = run.recorded, self._engines.kept
        listener = Listener(
            self._conversation, turn.id, _interrupted_after(turn), _interrupted_by(turn),
            sounds=self._first_packets if "tts" not in kept else None,
            free_from=self._free_from if self._real_time else 0,
        )  # fmt: skip
        mark = len(self._facts)
        await self._feed(run)

        def look() -> None:
            """Take what is new on the log into account."""
            nonlocal mark
            for _, event in self._facts[mark:]:
                if event.turn == turn.id:
                    run.facts.append(event)
                    listener.add(event)
            mark = len(self._facts)

        def has_words() -> bool:
            look()
            return run.transcript is not None or run.words is not None

        sound = self._sounds.get(turn.utterance.utterance, []) if turn.utterance is not None else []
        seconds = sum(len(chunk.pcm) for chunk in sound) / 2 / MICROPHONE_RATE
        await self._until(has_words, "the transcript", patience=self._patience + SLOWEST * seconds)
        words = run.words
        if words is None:
            return  # nothing was understood
        if "dialogue" in kept:
            for event in kept_reply(turn, words):
                await self._read_up_to(await self._log.append(event))
        passed = None if "dialogue" in kept else ("dialogue", words)
        told = False
        while True:
            news = self._news
            look()
            await self._listen(listener)
            look()
            run.interrupted = listener.interrupted
            told = told or "dialogue" in kept or any(isinstance(e.body, ReplyEnded | ReplyFailed) for e in run.facts)
            if (told or listener.interrupted) and not listener.waiting and self._is_drawn(run):
                break
            found = await self._until(self._newer_than(news), "the reply", or_passed=None if told else passed)
            told = told or found == "passed"
        self._free_from = listener.free_from

    async def _listen(self, listener: Listener) -> None:
        sequence = 0
        for event in listener.hear():
            if self._real_time:
                await asyncio.sleep(max(0, event.at - clock.now()) / _SECOND)
            sequence = await self._log.append(event)
        await self._read_up_to(sequence)

    def _is_drawn(self, run: TurnRun) -> bool:
        if "render" not in self._engines.services or run.interrupted:
            return True
        drawn = {one.body.speech for one in run.facts if isinstance(one.body, FramesEnded | FramesFailed)}
        return all(one.body.speech in drawn for one in run.facts if isinstance(one.body, SpeechEnded))

    # Feeding

    async def _pause(self, before: RecordedTurn | None, turn: RecordedTurn) -> None:
        """At real pace, wait until the answer would have been heard, and as long as the person took then."""
        if not self._real_time or before is None:
            return
        gap = min(LONGEST_PAUSE * _SECOND, max(0, _began(turn) - _ended(before)))
        await asyncio.sleep(max(0, self._free_from + gap - clock.now()) / _SECOND)

    async def _feed(self, run: TurnRun) -> None:
        turn = run.recorded
        utterance = turn.utterance
        sound = self._sounds.get(utterance.utterance, []) if utterance is not None else []
        recognises = "stt" in self._engines.services
        run.sound_missing = utterance is not None and recognises and not sound
        for event in turn.inputs:
            if isinstance(event.body, UtteranceEnded):
                continue
            if run.sound_missing and isinstance(event.body, UtteranceStarted):
                # As a copy, which no recogniser waits for sound of.
                await self._log.append_copy(structs.replace(event, at=clock.now()), stored=event.at)
            else:
                await self._append(event)
            if isinstance(event.body, UtteranceStarted):
                await self._feed_sound(sound)
        for event in turn.inputs:
            if isinstance(event.body, UtteranceEnded):
                await self._append(event)
        if utterance is not None and (run.sound_missing or not recognises):
            transcript = kept_transcript(turn)
            if transcript is None:
                raise _Stalled("it has no recorded transcript", code="no_transcript")
            await self._log.append(transcript)

    async def _feed_sound(self, sound: Sequence[AudioIn]) -> None:
        began = asyncio.get_running_loop().time()
        for chunk in sound:
            if self._real_time:
                spoken = (chunk.sample + len(chunk.pcm) // 2) / MICROPHONE_RATE
                await asyncio.sleep(max(0, began + spoken - asyncio.get_running_loop().time()))
            await self._log.publish_media(chunk, f"{chunk.utterance}-{chunk.index}")

    async def _append(self, event: Event) -> None:
        await self._log.append(structs.replace(event, at=clock.now()))

    # Waiting

    async def _until(
        self, reached: Callable[[], bool], what: str, *, or_passed: tuple[str, Event] | None = None,
        patience: float = 0.0,
    ) -> str:  # fmt: skip
        """Wait for something; returns "reached", or "passed" where a service is done with an event before.

        Raises:
            _Stalled: nothing happened for so many seconds.
            BusError: a service cannot be kept running.
        """
        loop, patience = asyncio.get_running_loop(), patience or self._patience
        count, deadline = len(self._facts), loop.time() + patience
        while not reached():
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK):
                    await self._changed.wait()
                    continue
            if or_passed is not None and await self._has_passed(*or_passed):
                return "reached" if reached() else "passed"
            self._system.check()
            if len(self._facts) > count:
                count, deadline = len(self._facts), loop.time() + patience
            if loop.time() > deadline:
                raise _Stalled(f"nothing for {patience:.0f} s while waiting for {what}", code="stalled")
        return "reached"

    async def _has_passed(self, service: str, event: Event) -> bool:
        """Whether a service is done with an event, all facts that it made of it read."""
        sequence = next((seq for seq, one in self._facts if one.id == event.id), None)
        if sequence is None:
            return False
        info = await self._log.consumer_info(streams.CONVERSATIONS, service)
        floor, delivered = info.ack_floor, info.delivered
        idle = not info.num_ack_pending and delivered is not None and delivered.stream_seq >= sequence
        if not idle and (floor is None or floor.stream_seq < sequence):
            return False
        newest = await self._log.last_message(subjects.facts_of(self._conversation))
        await self._read_up_to(newest.sequence if newest is not None else 0)
        return True

    async def _read_up_to(self, sequence: int) -> None:
        """Wait until the facts up to this one have been read; they are on the log already."""
        async with asyncio.timeout(self._patience):
            while not self._facts or self._facts[-1][0] < sequence:
                self._changed.clear()
                await self._changed.wait()

    @asynccontextmanager
    async def _following(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self._follow_facts()), asyncio.create_task(self._follow_sound())]
        if "render" in self._engines.services:
            tasks.append(asyncio.create_task(self._watch()))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow_facts(self) -> None:
        records = self._log.read(streams.CONVERSATIONS, subjects.facts_of(self._conversation), follow=True)
        async with aclosing(records):
            async for record in records:
                self._facts.append((record.sequence, codec.decode_event(record.data)))
                self._see_news()

    async def _follow_sound(self) -> None:
        records = self._log.read(streams.AUDIO, subjects.audio_out_of(self._conversation), follow=True)
        async with aclosing(records):
            async for record in records:
                self._first_packets.setdefault(record.subject.rsplit(".", 1)[1], record.time)
                self._see_news()

    def _see_news(self) -> None:
        self._news += 1
        self._changed.set()

    def _newer_than(self, news: int) -> Callable[[], bool]:
        return lambda: self._news > news

    async def _watch(self) -> None:
        while True:
            with suppress(BusError):
                await self._log.publish_live(
                    new_live_event(Watching(session=SESSION), conversation=self._conversation)
                )
            await asyncio.sleep(_WATCHING_EVERY)


def _interrupted_after(turn: RecordedTurn) -> int | None:
    """Words of the reply that the person had heard when they interrupted it; None where they did not."""
    body = turn.interrupted.body if turn.interrupted is not None else None
    return len(body.heard.split()) if isinstance(body, ReplyInterrupted) else None


def _interrupted_by(turn: RecordedTurn) -> str:
    body = turn.interrupted.body if turn.interrupted is not None else None
    return body.by if isinstance(body, ReplyInterrupted) else "speech"


def _began(turn: RecordedTurn) -> int:
    return min(event.at for event in turn.inputs)


def _ended(turn: RecordedTurn) -> int:
    everything = [*turn.inputs, *turn.dialogue, *turn.playback]
    return max(event.at for event in everything) if everything else 0
