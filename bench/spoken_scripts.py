"""Scripts of spoken dialogues and what has to be on the log after each; played by `bench.spoken_dialogues`. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from bus.events import (
    CommandRecognised,
    CommandRefused,
    Event,
    MessageReceived,
    PlaybackFinished,
    PlaybackStarted,
    ReplyEnded,
    ReplyFailed,
    ReplyInterrupted,
    ReplySentence,
    TranscriptFinal,
    UtteranceStarted,
)

When = Literal["all played", "playing", "after the last"]
"""When a step begins: once every reply was played; while the newest reply is; after the end of the last step."""


@dataclass(frozen=True)
class Step:
    """One thing that the person does."""

    action: Literal["say", "write", "cough", "press stop"]
    text: str = ""
    """Of `say`: "[0.8]" is a pause of 0.8 s."""
    when: When = "all played"
    delay: float = 0.3
    """Seconds after `when`."""


@dataclass
class Turn:
    """What the log holds of one turn."""

    began: int
    """When the person began to speak, or wrote: microseconds since 1970."""
    heard: str = ""
    command: str = ""
    reply: str = ""
    sentences: int | None = None
    """Of the whole reply; None where it has no end."""
    interrupted: bool = False
    failed: bool = False
    playback: list[int] = field(default_factory=list)
    """When each sentence began to be played: microseconds since 1970."""
    finished: int = 0
    """Sentences that were played to their end."""


def turns_of(events: Iterable[Event]) -> list[Turn]:
    """The turns of a conversation in which something was said or written, in their order."""
    turns: dict[str, Turn] = {}
    for event in events:
        if event.turn is None:
            continue
        turn = turns.setdefault(event.turn, Turn(event.at))
        match event.body:
            case UtteranceStarted():
                turn.began = event.at
            case TranscriptFinal(text=text) | MessageReceived(text=text):
                turn.heard = text
            case CommandRecognised(name=name) | CommandRefused(name=name):
                turn.command = name
            case ReplySentence(text=text):
                turn.reply = f"{turn.reply} {text}".strip()
            case ReplyEnded(sentences=sentences):
                turn.sentences = sentences
            case ReplyInterrupted():
                turn.interrupted = True
            case ReplyFailed():
                turn.failed = True
            case PlaybackStarted():
                turn.playback.append(event.at)
            case PlaybackFinished(complete=True):
                turn.finished += 1
            case _:
                pass
    return [turn for turn in turns.values() if turn.heard]


Check = Callable[[list[Turn]], str]
"""What is wrong with the turns, as a sentence; "" if nothing is."""


def count(expected: int) -> Check:
    """So many phrases and messages in all: none cut in two, none lost."""

    def check(turns: list[Turn]) -> str:
        heard = [turn.heard for turn in turns]
        return "" if len(heard) == expected else f"expected {expected} phrases, heard {heard}"

    return check


def answers(place: int, pattern: str) -> Check:
    """The reply of a turn has a place that matches, upper and lower case alike."""

    def check(turns: list[Turn]) -> str:
        turn = _turn(turns, place)
        if turn is not None and re.search(pattern, turn.reply, re.IGNORECASE):
            return ""
        return f"expected an answer with /{pattern}/, got {turn.reply if turn else 'none'!r}"

    return check


def hears(place: int, pattern: str) -> Check:
    """What was heard in a turn has a place that matches, upper and lower case alike."""

    def check(turns: list[Turn]) -> str:
        turn = _turn(turns, place)
        if turn is not None and re.search(pattern, turn.heard, re.IGNORECASE):
            return ""
        return f"expected to hear /{pattern}/, got {turn.heard if turn else 'none'!r}"

    return check


def whole(place: int) -> Check:
    """A reply was played to its end."""

    def check(turns: list[Turn]) -> str:
        turn = _turn(turns, place)
        if turn is None or not turn.reply or turn.failed:
            return f"expected a reply in turn {place}, there is none"
        if turn.interrupted or turn.finished != turn.sentences:
            return f"expected the whole reply, {turn.finished} of {turn.sentences} sentences were played"
        return ""

    return check


def cut(place: int) -> Check:
    """A reply was interrupted."""

    def check(turns: list[Turn]) -> str:
        turn = _turn(turns, place)
        return "" if turn is not None and turn.interrupted else f"the reply of turn {place} was not interrupted"

    return check


def commanded(place: int, name: str) -> Check:
    """A turn was a command; `name` "" for none."""

    def check(turns: list[Turn]) -> str:
        turn = _turn(turns, place)
        got = turn.command if turn else "no turn"
        return "" if got == name else f"expected the command {name!r}, got {got!r}"

    return check


def nothing_stale(turns: list[Turn]) -> str:
    """No sentence of an earlier reply begins after a later phrase that was answered began."""
    for place, turn in enumerate(turns):
        later = next((one.began for one in turns[place + 1 :] if one.reply or one.command), None)
        if later is not None and any(at > later for at in turn.playback):
            return f"a sentence of the answer to {turn.heard!r} began after the next phrase"
    return ""


def every_reply_ended(turns: list[Turn]) -> str:
    """Each reply ended, or was interrupted, or failed, on record."""
    open_ = [turn.heard for turn in turns if turn.reply and turn.sentences is None and not turn.interrupted]
    return f"replies without an end: {open_}" if open_ else ""


def _turn(turns: list[Turn], place: int) -> Turn | None:
    return turns[place] if -len(turns) <= place < len(turns) else None


@dataclass(frozen=True)
class Script:
    name: str
    steps: tuple[Step, ...]
    checks: tuple[Check, ...]


def say(text: str, when: When = "all played", delay: float = 0.3) -> Step:
    return Step("say", text, when, delay)


def write(text: str, when: When = "all played", delay: float = 0.3) -> Step:
    return Step("write", text, when, delay)


_LONG = "what can you do"
"""The companion's longest answer: three sentences or more."""
_TIME = r"o'clock|\d|half past|quarter|morning|afternoon|evening|night"

SCRIPTS = (
    Script("a question", (say("What is your name?"),), (count(1), answers(0, "Ada"), whole(0))),
    Script(
        "three questions in a row",
        (say("What is your name?"), say("What time is it now?"), say("What is twelve plus thirty?")),
        (count(3), answers(0, "Ada"), answers(1, _TIME), answers(2, "42|forty-two"), whole(2), nothing_stale),
    ),
    Script(
        "a question over the voice",
        (write(_LONG), say("What time is it now?", "playing", 1.0)),
        (cut(0), answers(1, _TIME), whole(1), nothing_stale),
    ),
    Script("'okay' over a statement", (write(_LONG), say("Okay.", "playing", 1.0)), (whole(0), nothing_stale)),
    Script("'mm-hmm' over a statement", (write(_LONG), say("Mm-hmm.", "playing", 1.0)), (whole(0), nothing_stale)),
    Script("a cough over the voice", (write(_LONG), Step("cough", "", "playing", 1.0)), (count(1), whole(0))),
    Script(
        "'yes' to a question",
        (say("Tell me a story, please."), say("Yes.")),
        (count(2), commanded(1, ""), answers(1, r"\w+"), whole(1)),
    ),
    Script(
        "a name after a pause",
        (say("My name is [0.9] Thomas."), say("What is my name?")),
        (count(2), answers(1, "Thomas")),
    ),
    Script(
        "let me think",
        (say("Let me think. [1.0] What is seven times eight?"),),
        (answers(-1, "56|fifty-six"), nothing_stale, every_reply_ended),
    ),
    Script("a name spelled out", (say("My name is spelled T, [0.5] O, [0.5] M."),), (count(1), whole(0))),
    Script(
        "a telephone number",
        (say("My number is five five five, [0.7] one two three, [0.7] four five six."),),
        (count(1), hears(0, "555|five"), hears(0, "456|six"), whole(0)),
    ),
    Script(
        "a pause after 'and'",
        (say("I like sailing and [1.0] reading books. What do I like?"),),
        (count(1), answers(0, "sail"), whole(0)),
    ),
    Script(
        "a second thought",
        (say("What time is it now?"), say("No, what is your name?", "after the last", 0.6)),
        (answers(-1, "Ada"), whole(-1), nothing_stale, every_reply_ended),
    ),
    Script(
        "a correction",
        (say("My name is Tom."), say("No, my name is Joe."), say("What is my name?")),
        (count(3), answers(2, "Joe"), whole(2)),
    ),
    Script(
        "written, then spoken",
        (write(_LONG), say("What is your name?", "after the last", 0.3)),
        (count(2), answers(1, "Ada"), whole(1), nothing_stale, every_reply_ended),
    ),
    Script(
        "written three times at once",
        (write(_LONG), write("2 + 2", "after the last", 0.1), write("what is your name", "after the last", 0.1)),
        (count(3), answers(2, "Ada"), whole(2), nothing_stale, every_reply_ended),
    ),
    Script("'stop' over the voice", (write(_LONG), say("Stop.", "playing", 1.0)), (cut(0), commanded(1, "stop"))),
    Script(
        "the button before the voice",
        (write(_LONG), Step("press stop", "", "after the last", 0.02)),
        (count(1), cut(0), every_reply_ended),
    ),
    Script(
        "another character",
        (say("Switch to Milo."), say("What is your name?")),
        (commanded(0, "switch"), answers(1, "Milo"), whole(1)),
    ),
    Script(
        "repeated, more slowly",
        (say("What is your name?"), say("Speak more slowly, please."), say("Repeat that, please.")),
        (count(3), commanded(1, "slower"), commanded(2, "repeat")),
    ),
    Script(
        "a request that only sounds like a command",
        (say("Can you repeat that story about the dragon tomorrow?"),),
        (count(1), commanded(0, ""), answers(0, r"\w+"), whole(0)),
    ),
    Script(
        "from English to German and back",
        (say("What is your name?"), write("Wie alt bist du eigentlich?"), write("And what is your name?")),
        (count(3), answers(1, r"\b(ich|bin|alt|und|nicht)\b"), whole(1), answers(2, "name|Ada"), whole(2)),
    ),
    Script(
        "what was said before",
        (say("I have a cat called Mimi."), say("What is my cat called?")),
        (count(2), answers(1, "Mimi|Mimmy|Mimmi|Meemee"), whole(1)),
    ),
)  # fmt: skip
