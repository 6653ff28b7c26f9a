"""`visavis truth`: what was really said in a conversation, for measuring recognisers."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bus.errors import ConfigurationError, InvalidInput, NotFound
from bus.events import Event, TranscriptCorrected, TranscriptFinal, UtteranceDiscarded, UtteranceStarted
from bus.ids import derive_id
from bus.log.event_log import EventLog, connect
from bus.settings import Settings
from bus.stamping import new_event
from projections.finding import find_conversation
from projections.printable import printable

CONNECT_TIMEOUT = 5.0
"""Seconds to wait for the log."""
LONGEST = 4000
"""Characters of one utterance."""
_NOTHING = "(nothing)"
"""In a file: no word was said."""
_HEAD = """\
# What was really said, one utterance a line: its id, a tab, the words. Correct the words and read the file back.
# A line that stays as it is changes nothing. (nothing): no word was said.
"""
_LINE = re.compile(r"([A-Za-z0-9_-]{1,64})\t(.*)")


@dataclass(frozen=True)
class Understood:
    """One utterance and what is known of its words."""

    utterance: str
    turn: str | None
    text: str | None
    """As it was recognised; empty: no words, None: it has no transcript."""
    confidence: float
    truth: str | None
    """As a person wrote it down; None: nobody has."""
    corrections: int
    """How often somebody has."""

    @property
    def best(self) -> str:
        """The words as far as they are known."""
        return self.truth if self.truth is not None else self.text or ""


def understood(facts: Iterable[tuple[int, Event]]) -> list[Understood]:
    """The utterances of a conversation, in order."""
    found: dict[str, Understood] = {}
    seen: set[str] = set()
    for _, event in facts:
        body = event.body
        if event.id in seen:
            continue
        seen.add(event.id)
        if isinstance(body, UtteranceStarted):
            found.setdefault(body.utterance, Understood(body.utterance, event.turn, None, 0.0, None, 0))
        elif isinstance(body, TranscriptFinal | UtteranceDiscarded | TranscriptCorrected) and body.utterance in found:
            found[body.utterance] = _with(found[body.utterance], body)
    return list(found.values())


def _with(one: Understood, body: TranscriptFinal | UtteranceDiscarded | TranscriptCorrected) -> Understood:
    text, confidence, truth, count = one.text, one.confidence, one.truth, one.corrections
    match body:
        case TranscriptFinal():
            text, confidence = body.text, body.confidence
        case UtteranceDiscarded():
            text = "" if text is None else text
        case TranscriptCorrected():
            truth, count = body.text, count + 1
    return Understood(one.utterance, one.turn, text, confidence, truth, count)


def correction(conversation: str, one: Understood, text: str) -> Event | None:
    """The fact that says what was really said; None where that is known already.

    Its id follows from the utterance, the words and the number of corrections before: sent twice, it is stored once.

    Raises:
        InvalidInput: the text is too long.
    """
    text = " ".join(text.split())
    if len(text) > LONGEST:
        raise InvalidInput(f"what was said in one utterance may have {LONGEST} characters, got {len(text)}")
    if one.truth == text:
        return None
    body = TranscriptCorrected(utterance=one.utterance, text=text)
    id_ = derive_id(one.utterance, "truth", one.corrections, text)
    return new_event(body, conversation=conversation, event_id=id_, turn=one.turn)


def as_file(utterances: Sequence[Understood]) -> str:
    """A text file in which a person corrects the words."""
    lines = (f"{one.utterance}\t{one.best or _NOTHING}\n" for one in utterances)
    return _HEAD + "".join(lines)


def from_file(text: str, utterances: Sequence[Understood]) -> list[tuple[Understood, str]]:
    """The words that were changed in such a file.

    Raises:
        InvalidInput: a line has another form or names no utterance of the conversation; names the line.
    """
    known = {one.utterance: one for one in utterances}
    found: dict[str, tuple[Understood, str]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise InvalidInput(f"line {number}: expected an utterance's id, a tab and its words, got {line[:60]!r}")
        if match[1] not in known:
            raise InvalidInput(f"line {number}: there is no utterance {match[1]} in this conversation")
        if match[1] in found:
            raise InvalidInput(f"line {number}: the utterance {match[1]} is listed twice")
        words = " ".join(match[2].split())
        found[match[1]] = (known[match[1]], "" if words == _NOTHING else words)
    return [(one, words) for one, words in found.values() if words != one.best]


async def truth(
    settings: Settings, conversation: str, *, utterance: str | None, text: str | None, file: Path | None
) -> int:
    """List the utterances of a conversation, or say what was really said; returns the exit status.

    Args:
        utterance, text: one correction.
        file: written where it is not there, else read.
    Raises:
        NotFound: there is no such conversation or utterance.
        InvalidInput: the file has a line that is none; then nothing is written.
    """
    async with connect(settings, name="truth", wait=CONNECT_TIMEOUT, update_streams=False) as event_log:
        conversation = await find_conversation(event_log, conversation)
        utterances = understood(await event_log.facts(conversation))
        if not utterances:
            raise NotFound(f"nothing is said in conversation {conversation}")
        if text is not None:
            one = next((one for one in utterances if one.utterance == utterance), None)
            if one is None:
                raise NotFound(f"there is no utterance {utterance} in conversation {conversation}")
            print(_told(await _correct(event_log, conversation, [(one, text)])))
        elif file is not None:
            await _edit(event_log, conversation, utterances, file)
        else:
            for one in utterances:
                print(_row(one))
    return 0


async def _edit(event_log: EventLog, conversation: str, utterances: Sequence[Understood], file: Path) -> None:
    edited = await asyncio.to_thread(_write_or_read, file, as_file(utterances))
    if edited is None:
        print(f"{file} has {len(utterances)} utterances: correct their words, and run the same command again")
    else:
        print(_told(await _correct(event_log, conversation, from_file(edited, utterances))))


def _write_or_read(file: Path, text: str) -> str | None:
    """The text of the file; None where it was not there and has been written."""
    try:
        if not file.exists():
            file.write_text(text, "utf-8")
            return None
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} cannot be used: {error}") from error


async def _correct(event_log: EventLog, conversation: str, changed: Sequence[tuple[Understood, str]]) -> int:
    events = [event for one, text in changed if (event := correction(conversation, one, text)) is not None]
    for event in events:
        await event_log.append(event)
    return len(events)


def _told(count: int) -> str:
    return "nothing to change: that is known already" if not count else f"{count} corrected"


def _row(one: Understood) -> str:
    text = "(no transcript)" if one.text is None else printable(one.text) or "(no words)"
    confidence = f"{one.confidence:.2f}" if one.text else "    "
    truth = "" if one.truth is None else f"\n{'':{len(one.utterance)}}  truth {printable(one.truth) or _NOTHING}"
    return f"{one.utterance}  {confidence}  {text}{truth}"
