"""Decides from the log which of a person's words get a reply of their own. Pure.

Words that newer words have overtaken are answered together with those. A backchannel, "okay", is no answer to a
statement: the voice goes on. Said near the end of a question, or right after it, it is the answer to that question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from cachetools import LRUCache
from msgspec.structs import replace

from bus.events import (
    SPEECH_RATE,
    Body,
    Event,
    MessageReceived,
    PlaybackFinished,
    PlaybackProgress,
    PlaybackStarted,
    ReplyFailed,
    ReplyInterrupted,
    ReplySentence,
    ReplyStarted,
    SpeechEnded,
    SpeechFailed,
    TranscriptFinal,
    UtteranceStarted,
)
from projections.conversation import CHARACTERS_PER_SECOND, Conversation, Reply, Sentence
from services.backchannel import is_backchannel, is_hesitation

NEAR_END = 2.0
"""Seconds before the end of a question from which it is understood, so that "yes" is its answer."""
AFTER_QUESTION = 1.2
"""Seconds for which "yes" answers a question although the voice has gone on."""
VOICE_PATIENCE = 60.0
"""Seconds after which a reply that was never played is not played any more."""
_MAX_REMEMBERED = 4096
_QUESTION = re.compile(r"""[?？؟;՞⁇‽][\s"'»”’)\]*_]*$""")

Facts: TypeAlias = Iterable[tuple[int, Event]]
"""Facts of one conversation with their stream sequences, in order."""


def calls_for_answer(body: Body) -> bool:
    """Whether a fact has words of a person that are more than a backchannel."""
    if isinstance(body, MessageReceived):
        return bool(body.text.strip())
    return isinstance(body, TranscriptFinal) and bool(body.text.strip()) and not is_backchannel(body.text)


class NewestWords:
    """The newest words of each conversation that call for an answer."""

    def __init__(self) -> None:
        self._newest: LRUCache[str, tuple[int, str]] = LRUCache(_MAX_REMEMBERED)
        """Stream sequence and turn, by conversation."""
        self._sequences: LRUCache[str, int] = LRUCache(_MAX_REMEMBERED)
        """By id of the event."""

    def add(self, facts: Facts) -> None:
        """Take facts that have been read; some of them may have been taken before."""
        for sequence, event in facts:
            if isinstance(event.body, MessageReceived | TranscriptFinal):
                self._sequences[event.id] = sequence
            if calls_for_answer(event.body):
                newest = (sequence, event.turn or event.id)
                self._newest[event.conversation] = max(newest, self._newest.get(event.conversation, newest))

    def overtaken_by(self, words: Event) -> str | None:
        """The turn in which the person has said something else since; None: they have not."""
        sequence = self._sequences.get(words.id)
        newest, turn = self._newest.get(words.conversation, (0, ""))
        return turn if sequence is not None and sequence < newest else None


def is_question(text: str) -> bool:
    """Whether a sentence ends with a question mark of any script."""
    return _QUESTION.search(text) is not None


@dataclass(frozen=True)
class Overlap:
    """What a person's words overlapped."""

    reply: str | None
    """A reply that was being told or played; None: nothing."""
    question: int | None = None
    """Index of the sentence of it that the words answer, if it is a question."""


@dataclass
class _Playback:
    """A sentence as one session plays it."""

    reply: str
    index: int
    began: int
    samples: int = 0
    """Played according to the newest report before the onset."""
    reported: int = 0
    """When that was."""
    ended: int | None = None
    """When, if before the onset."""


def overlap(facts: Facts, transcript: TranscriptFinal) -> Overlap:
    """What was being told or played when the person began to say this.

    Only what the session plays that heard the person counts: a sentence that another session left unfinished, because
    it was lost, plays no more. A recording of a channel was heard by no session.
    """
    listed = list(facts)
    place = next(
        (at for at, (_, one) in enumerate(listed) if _is_start(one, transcript.utterance)),
        None,
    )
    if place is None:
        return Overlap(None)
    onset = listed[place][1]
    assert isinstance(onset.body, UtteranceStarted)
    if onset.body.session is None:
        return Overlap(None)  # a recording: "okay" was said into no voice, but sent as an answer
    told = _Told(listed)
    playbacks = _playbacks(listed, onset.body.session, onset.at)
    if playbacks and told.was_going_on(playbacks[-1], place):
        return _over_voice(playbacks, told, onset.at)
    return Overlap(told.waiting_reply(listed, place))


def answers_question(facts: Facts, transcript: TranscriptFinal) -> Overlap | None:
    """Judge a backchannel: None where it is one; else what it overlapped, with the question that it answers.

    It is an answer where it overlapped no voice, or a question, unless it is a mere hesitation.
    """
    found = overlap(facts, transcript)
    if found.reply is None or (found.question is not None and not is_hesitation(transcript.text)):
        return found
    return None


def with_heard_sentence(conversation: Conversation, reply: str, index: int) -> Conversation:
    """The conversation as if a sentence had been played to its end: a person who answers a question has understood it
    before."""

    def heard(sentence: Sentence) -> Sentence:
        samples = max(sentence.samples or 0, sentence.heard, 1)
        return replace(sentence, state="played", samples=samples, heard=samples)

    def whole(told: Reply) -> Reply:
        return replace(told, sentences=tuple(heard(one) if one.index == index else one for one in told.sentences))

    turns = (
        replace(turn, reply=whole(turn.reply)) if turn.reply is not None and turn.reply.id == reply else turn
        for turn in conversation.turns
    )
    return replace(conversation, turns=tuple(turns))


def _is_start(event: Event, utterance: str) -> bool:
    return isinstance(event.body, UtteranceStarted) and event.body.utterance == utterance


def _over_voice(playbacks: list[_Playback], told: _Told, onset: int) -> Overlap:
    newest = playbacks[-1]
    text = told.texts.get((newest.reply, newest.index), "")
    if is_question(text):
        since_report = min(max(onset - newest.reported, 0) / 1e6, 1.0)
        length = told.lengths.get((newest.reply, newest.index)) or len(text) / CHARACTERS_PER_SECOND * SPEECH_RATE
        left = 0.0 if newest.ended is not None else (length - newest.samples) / SPEECH_RATE - since_report
        return Overlap(newest.reply, newest.index if left <= NEAR_END else None)
    before = playbacks[-2] if len(playbacks) > 1 else None
    if before is not None and before.reply == newest.reply and onset - newest.began <= AFTER_QUESTION * 1e6:
        asked = is_question(told.texts.get((before.reply, before.index), ""))
        return Overlap(newest.reply, before.index if asked else None)
    return Overlap(newest.reply)


def _playbacks(facts: list[tuple[int, Event]], session: str, onset: int) -> list[_Playback]:
    """What a session began to play before the onset, in order."""
    found: dict[str, _Playback] = {}
    for _, event in facts:
        body = event.body
        if not isinstance(body, PlaybackStarted | PlaybackProgress | PlaybackFinished) or body.session != session:
            continue
        if isinstance(body, PlaybackStarted):
            if event.at <= onset:
                found[body.speech] = _Playback(body.reply, body.index, event.at, reported=event.at)
        elif body.speech in found and event.at <= onset:
            one = found[body.speech]
            one.samples, one.reported = body.samples, event.at
            if isinstance(body, PlaybackFinished):
                one.ended = event.at
    return list(found.values())


class _Told:
    """What the log has of the replies of a conversation."""

    def __init__(self, facts: list[tuple[int, Event]]) -> None:
        self.texts: dict[tuple[str, int], str] = {}
        self.lengths: dict[tuple[str, int], int] = {}
        """Samples of each sentence's speech, once it has ended; 0: it has no sound."""
        self._over: dict[str, int] = {}
        """Place of the fact by which each reply was cut off."""
        for place, (_, event) in enumerate(facts):
            match event.body:
                case ReplySentence(reply=reply, index=index, text=text, spoken_text=spoken):
                    self.texts[reply, index] = text if spoken is None else spoken
                    if spoken == "":
                        self.lengths[reply, index] = 0
                case SpeechEnded(reply=reply, index=index, samples=samples):
                    self.lengths[reply, index] = samples
                case SpeechFailed(reply=reply, index=index):
                    self.lengths[reply, index] = 0
                case ReplyInterrupted(reply=reply) | ReplyFailed(reply=reply):
                    self._over.setdefault(reply, place)
                case _:
                    pass

    def was_going_on(self, newest: _Playback, onset: int) -> bool:
        """Whether a reply was being played at this place: a sentence, or one more was to follow."""
        if self._over.get(newest.reply, onset) < onset:
            return False
        return newest.ended is None or any(
            reply == newest.reply and index > newest.index and self.lengths.get((reply, index)) != 0
            for reply, index in self.texts
        )

    def waiting_reply(self, facts: list[tuple[int, Event]], onset: int) -> str | None:
        """The newest reply to what was said before this place, if nothing of it had been played yet."""
        start = facts[onset][1]
        before = [event for _, event in facts[:onset]]
        played = {event.body.reply for event in before if isinstance(event.body, PlaybackStarted)}
        earlier_turns = {event.turn for event in before} - {start.turn}
        for _, event in reversed(facts):
            body = event.body
            if isinstance(body, ReplyStarted) and event.turn in earlier_turns:
                over = self._over.get(body.reply, onset) < onset or start.at - event.at > VOICE_PATIENCE * 1e6
                return None if over or body.reply in played or self._is_silent(body.reply) else body.reply
        return None

    def _is_silent(self, reply: str) -> bool:
        lengths = [length for (one, _), length in self.lengths.items() if one == reply]
        return bool(lengths) and not any(lengths)
