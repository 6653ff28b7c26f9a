"""A short recorded conversation for re-runs: a person reads aloud, writes, interrupts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bus.events import (
    MICROPHONE_RATE,
    AudioIn,
    AudioOut,
    Body,
    CharacterCreated,
    ConversationOpened,
    Event,
    Fact,
    MessageReceived,
    PlaybackFinished,
    PlaybackStarted,
    ReplyEnded,
    ReplyInterrupted,
    ReplySentence,
    ReplyStarted,
    SpeechEnded,
    SpeechStarted,
    TranscriptFinal,
    UtteranceDiscarded,
    UtteranceEnded,
    UtteranceStarted,
)
from bus.ids import derive_id, reply_id
from bus.log.event_log import EventLog
from bus.stamping import new_character_event
from services.audio import SILENCE, Samples

ADA = CharacterCreated(
    name="Ada", tagline="", personality="You are Ada.", greeting="Hello!", look="ada", voice="female"
)
START = 1_750_000_000_000_000
_SECOND = 1_000_000


class Recorder:
    """Makes the facts and the sound of a conversation, each turn ten seconds after the one before."""

    def __init__(self, conversation: str) -> None:
        self.conversation = conversation
        self.facts: list[Event] = []
        self.media: list[AudioIn | AudioOut] = []
        self._turns = 0
        self._at = START
        self._add(ConversationOpened(person="p1", character="ada", language="en"), None, "opened")

    def say(self, sound: Samples, understood: str | None, reply: Sequence[str] = (), heard: str | None = None) -> str:
        """A spoken turn; returns the id of the utterance.

        Args:
            sound: 16 kHz.
            understood: the recorded transcript; None: no words were.
            heard: of the reply, before the person interrupted it.
        """
        turn = self._turn()
        utterance = f"u-{self.conversation}-{turn}"
        started = self._add(UtteranceStarted(utterance=utterance, session="s1"), turn, "started")
        for index, start in enumerate(range(0, len(sound), 1600)):
            piece = sound[start : start + 1600]
            last = start + 1600 >= len(sound)
            self.media.append(
                AudioIn(
                    conversation=self.conversation, utterance=utterance, index=index, sample=start,
                    pcm=piece.tobytes(), final=last,
                )
            )  # fmt: skip
        self._at += len(sound) * _SECOND // MICROPHONE_RATE
        ended = UtteranceEnded(
            utterance=utterance, samples=len(sound), speech_ended=max(0, len(sound) - 8000), reason="silence"
        )
        self._add(ended, turn, "ended", cause=started)
        self._at += 150_000
        if understood is None:
            self._add(UtteranceDiscarded(utterance=utterance, reason="no_words"), turn, "words", cause=started)
            return utterance
        words = TranscriptFinal(
            utterance=utterance, text=understood, language="en", confidence=0.9, engine="recorded-stt"
        )
        self._reply(turn, self._add(words, turn, "words", cause=started), reply, heard)
        return utterance

    def write(self, text: str, reply: Sequence[str] = (), heard: str | None = None) -> str:
        """A written turn; returns its id."""
        turn = self._turn()
        self._reply(turn, self._add(MessageReceived(message=f"m-{turn}", text=text), turn, "words"), reply, heard)
        return turn

    async def publish(self, event_log: EventLog) -> None:
        """Put it on a log, as if it had taken place there."""
        event = new_character_event(ADA, character="ada", event_id="k-ada")
        await event_log.append_character(event)
        for fact in self.facts:
            await event_log.append(fact)
        for message in self.media:
            name = message.utterance if isinstance(message, AudioIn) else message.speech
            await event_log.publish_media(message, f"{name}-{message.index}")

    def _reply(self, turn: str, words: Event, sentences: Sequence[str], heard: str | None) -> None:
        if not sentences:
            return
        reply = reply_id(words.id)
        self._at += 200_000
        self._add(ReplyStarted(reply=reply, character="ada", engine="recorded-dialogue"), turn, "reply", cause=words)
        for index, text in enumerate(sentences):
            told = self._add(
                ReplySentence(reply=reply, index=index, text=text, character="ada"), turn, f"r{index}", cause=words
            )
            self._speak(turn, told, index, reply)
        if heard is None:
            self._add(ReplyEnded(reply=reply, sentences=len(sentences)), turn, "told", cause=words)
        else:
            self._add(ReplyInterrupted(reply=reply, heard=heard, by="button"), turn, "interrupted")

    def _speak(self, turn: str, told: Event, index: int, reply: str) -> None:
        speech = derive_id(told.id, "speech")
        names = {"speech": speech, "reply": reply, "index": index}
        self._at += 100_000
        started = self._add(
            SpeechStarted(**names, character="ada", voice="recorded-tts/ada", engine="recorded-tts"), turn,  # type: ignore[arg-type]
            f"s{index}", cause=told,
        )  # fmt: skip
        self.media.append(
            AudioOut(
                conversation=self.conversation, speech=speech, index=0, sample=0, packets=(SILENCE,) * 25, final=True
            )
        )  # fmt: skip
        self._add(SpeechEnded(**names, samples=24_000), turn, f"d{index}", cause=told)  # type: ignore[arg-type]
        self._at += 50_000
        self._add(PlaybackStarted(**names, session="s1", video=False), turn, f"p{index}", cause=started)  # type: ignore[arg-type]
        self._at += 500_000
        finished = PlaybackFinished(**names, session="s1", samples=24_000, complete=True)  # type: ignore[arg-type]
        self._add(finished, turn, f"f{index}", cause=started)

    def _turn(self) -> str:
        self._turns += 1
        self._at = START + self._turns * 10 * _SECOND
        return f"t{self._turns}"

    def _add(self, body: Body, turn: str | None, name: str, cause: Event | None = None) -> Event:
        self._at += 1000
        fact: Fact = body  # type: ignore[assignment]
        event = Event(
            id=derive_id(self.conversation, turn or "", name), at=self._at, conversation=self.conversation, turn=turn,
            cause=cause.id if cause else None, body=fact,
        )  # fmt: skip
        self.facts.append(event)
        return event


def silence(seconds: float) -> Samples:
    return np.random.default_rng(1).normal(0, 3, round(seconds * MICROPHONE_RATE)).astype(np.int16)
