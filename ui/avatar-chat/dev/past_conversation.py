"""Past conversations for the scripted gateway: with an interruption, a take-over, failures; and one of an hour."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from bus import events as e

_HOUR = 3600
_VOICE, _RATE = 48_000, 16_000


@dataclass
class Script:
    """Facts of a conversation, written down one after the other."""

    id: str
    now: float
    """Seconds since 1970."""
    facts: list[tuple[int, e.Event]] = field(default_factory=list)
    turn: str | None = None

    def add(self, body: e.Fact, after: float, cause: str | None = None) -> str:
        """A fact so many seconds after now; returns its id."""
        event = e.Event(
            id=f"{self.id}-{len(self.facts) + 1}",
            at=int((self.now + after) * 1e6),
            conversation=self.id,
            turn=self.turn,
            cause=cause,
            body=body,
        )
        self.facts.append((0, event))
        return event.id

    def end(self) -> list[tuple[int, e.Event]]:
        """The facts by time, each with its sequence."""
        ordered = sorted((event for _, event in self.facts), key=lambda event: event.at)
        return list(enumerate(ordered, start=1))


@dataclass(frozen=True)
class Turn:
    """What the person says, and how the answer goes."""

    said: str
    sentences: tuple[str, ...]
    spoken: bool = True
    interrupted_in: int | None = None
    """Index of the sentence in which the person cuts in."""
    taken_over: int | None = None
    """Index of the sentence that another worker of tts took over."""
    undrawn: int | None = None
    """Index of the sentence whose drawing failed."""
    voiceless: int | None = None
    """Index of the sentence whose voice failed."""
    failed: bool = False


TURNS = (
    Turn("What is your name?", ("I am Ada.", "In my story I am a warm and curious companion in my thirties.")),
    Turn(
        "Tell me something about yourself.",
        (
            "I like old maps, quiet mornings and questions without an answer.",
            "When I was small, I wanted to know why the sea is salty, and nobody could tell me.",
            "So I began to read.",
            "Shall I go on?",
        ),
        interrupted_in=1,
        taken_over=1,
    ),
    Turn("Sorry, what time is it?", ("It is a quarter past five.", "The sun sets in half an hour."), undrawn=1),
    Turn("Thank you. And why **is** the sea salty?", (
        "Rivers wash salts out of the rocks, a little every day.",
        "They carry them to the sea, where the water leaves and the salt stays.",
        "After some hundred million years, one can taste it.",
    ), spoken=False, voiceless=1),
    Turn("What can you do for me?", (), failed=True),
)  # fmt: skip


def past(id: str = "past", *, turns: int = len(TURNS), copied: bool = False) -> list[tuple[int, e.Event]]:
    """A conversation of so many turns, which repeat."""
    script = Script(id, time.time() - 2 * _HOUR)
    script.add(e.ConversationOpened(person="p1", character="ada"), 0)
    if copied:
        script.add(e.ConversationCopied(source="c0ffee", how="imported"), 0)
    script.add(e.SessionOpened(session="s1"), 0.4)
    script.now += 1.5
    for number in range(turns):
        _turn(script, TURNS[number % len(TURNS)], number)
    script.turn = None
    script.add(e.ConversationTitled(title="The sea, and why it is salty"), -3)
    script.add(e.SessionClosed(session="s1", reason="left"), 0.5)
    return script.end()


def _turn(script: Script, turn: Turn, number: int) -> None:
    script.turn = f"{script.id}-turn-{number}"
    heard = _hear(script, turn, number) if turn.spoken else _read(script, turn, number)
    reply = f"{script.turn}-reply"
    begun = script.add(e.ReplyStarted(reply=reply, character="ada", engine="ollama:qwen3"), 0.02, heard)
    if turn.failed:
        script.now += 6
        script.add(e.StepFailed(service="dialogue", code="timeout", retryable=True, detail="no token in 6 s"), 0, begun)
        script.add(e.ReplyFailed(reply=reply, code="timeout", detail="The language model does not answer."), 0, begun)
        script.now += 2
        return
    written, last = 0.31, begun
    sentences: list[str] = []
    for index, text in enumerate(turn.sentences):
        sentence = e.ReplySentence(reply=reply, index=index, text=text, character="ada")
        last = script.add(sentence, written, begun)
        sentences.append(last)
        written += 0.1 + 0.012 * len(text)
    ended = e.ReplyEnded(
        reply=reply, sentences=len(turn.sentences), engine="ollama:qwen3", prompt_tokens=412, reply_tokens=57
    )
    script.add(ended, written, begun)
    _tell(script, turn, reply, sentences)
    script.now += 1.6


def _hear(script: Script, turn: Turn, number: int) -> str:
    """The person speaks; returns the event with their words."""
    utterance = script.turn or ""
    words = turn.said.split()
    length = 0.34 * len(words) + 0.3
    began = script.add(e.UtteranceStarted(utterance=utterance, session="s1"), 0.2)
    silence = 0.42
    samples = int((length + silence) * _RATE)
    ended = script.add(
        e.UtteranceEnded(utterance=utterance, samples=samples, speech_ended=int(length * _RATE), reason="silence"),
        length + silence,
        began,
    )
    script.now += length + silence + 0.17
    times = tuple(
        e.Word(text=word, start=0.15 + 0.34 * place, end=0.15 + 0.34 * place + 0.3, confidence=0.93)
        for place, word in enumerate(words)
    )
    final = e.TranscriptFinal(
        utterance=utterance, text=turn.said, language="en", confidence=0.93, words=times, engine="moonshine"
    )
    return script.add(final, 0, ended)


def _read(script: Script, turn: Turn, number: int) -> str:
    """The person writes."""
    return script.add(e.MessageReceived(message=f"m{number}", text=turn.said), 0)


def _tell(script: Script, turn: Turn, reply: str, sentences: list[str]) -> None:
    """Voice, face and playback of each sentence."""
    free = 0.0
    base = script.now
    for index, text in enumerate(turn.sentences):
        at = next(event.at for _, event in script.facts if event.id == sentences[index]) / 1e6 - base
        speech = f"{reply}-{index}"
        part = {"speech": speech, "reply": reply, "index": index}
        if turn.voiceless == index:
            failure = e.SpeechFailed(**part, code="engine_failed", detail="the voice gave no sound for 5 s")
            script.add(failure, at + 0.6, sentences[index])
            continue
        if turn.taken_over == index:
            script.add(e.StepRepeated(service="tts", event=sentences[index]), at + 0.5, sentences[index])
            at += 0.55
        length = 0.062 * len(text)
        sound = at + 0.18
        started = e.SpeechStarted(**part, character="ada", voice="female", engine="hibari")
        spoken = script.add(started, sound, sentences[index])
        made = sound + 0.25 * length
        script.add(e.SpeechEnded(**part, samples=int(length * _VOICE)), made, spoken)
        drawn = script.add(
            e.FramesStarted(speech=speech, character="ada", engine="layered", width=384, height=384, fps=25, phase=0),
            sound + 0.09,
            spoken,
        )
        if turn.undrawn == index:
            broken = e.FramesFailed(speech=speech, code="engine_failed", detail="no picture in 2 s")
            script.add(broken, sound + 0.5, drawn)
        else:
            script.add(e.FramesEnded(speech=speech, frames=int(length * 25)), made + 0.3, drawn)
        begin = max(free, sound + 0.12)
        playing = script.add(e.PlaybackStarted(session="s1", **part, video=turn.undrawn != index), begin, spoken)
        cut = turn.interrupted_in == index
        played = length * 0.55 if cut else length
        free = begin + played + 0.12
        finished = e.PlaybackFinished(
            session="s1", **part, samples=int(played * _VOICE), complete=not cut, frames=int(played * 25)
        )
        script.add(finished, begin + played, playing)
        if cut:
            heard = " ".join((*turn.sentences[:index], text[: int(len(text) * 0.55)]))
            script.add(e.ReplyInterrupted(reply=reply, heard=heard, by="speech"), begin + played)
            script.now += begin + played - 1.9  # the person has begun to speak meanwhile
            return
    script.now += free
