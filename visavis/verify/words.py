"""Makes the decisions of the dialogue service again: which words are answered, and from which history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bus.events import (
    CharacterCreated,
    CommandRecognised,
    CommandRefused,
    Event,
    MessageReceived,
    ReplyFailed,
    ReplyInterrupted,
    ReplyMerged,
    ReplyStarted,
    TranscriptFinal,
)
from bus.ids import reply_id
from projections.characters import visible_to
from projections.conversation import Conversation, fold, heard_messages
from projections.history_digest import history_digest
from projections.language import language_in_use
from projections.person_part import input_id
from services.backchannel import is_backchannel
from services.dialogue.commands.recognition import recognise_command
from services.dialogue.turn_taking import answers_question, calls_for_answer, with_heard_sentence
from visavis.verify.decisions import Decision, Fact, compared, not_recorded

Words = TranscriptFinal | MessageReceived
_ANSWERED, _MURMUR, _OVERTAKEN = "answered", "a murmur: no answer", "answered together with newer words"


@dataclass(frozen=True)
class _Outcome:
    """What the log has of the answer to words."""

    place: int
    """Of its first fact; the number of facts, where there is none."""
    told: str
    """Empty: no answer."""


def answer_decisions(
    facts: Sequence[Fact], characters: Mapping[str, CharacterCreated] | None, *, redacted: bool = False
) -> Iterator[Decision]:
    """The decisions about each of the person's words.

    Args:
        characters: that the log knew; None: unknown, so that commands which name one cannot be recognised.
        redacted: the words are unreadable, and nothing can be decided again.
    """
    outcomes = _Outcomes(facts)
    state = Conversation(id=facts[0][1].conversation if facts else "")
    for place, (seq, event) in enumerate(facts):
        before, state = state, fold(state, seq, event)
        body = event.body
        if not isinstance(body, TranscriptFinal | MessageReceived) or not body.text.strip():
            continue
        if redacted:
            yield not_recorded("answer", seq, event, "the words are redacted")
            continue
        outcome = outcomes.of(event)
        yield _answer(facts, place, outcome, state, characters)
        yield from _history(facts, place, body, outcome, before)


class _Outcomes:
    """What came of words, found in one pass over the facts."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self._end = len(facts)
        self._by_reply: dict[str, _Outcome] = {}
        self._by_cause: dict[str, _Outcome] = {}
        for place, (_, event) in enumerate(facts):
            match event.body:
                case CommandRecognised(name=name) | CommandRefused(name=name) if event.cause is not None:
                    self._by_cause.setdefault(event.cause, _Outcome(place, f"the command {name}"))
                case ReplyStarted(reply=reply) | ReplyFailed(reply=reply):
                    self._by_reply.setdefault(reply, _Outcome(place, _ANSWERED))
                    if event.cause is not None:
                        self._by_cause.setdefault(event.cause, _Outcome(place, _ANSWERED))
                case ReplyMerged(reply=reply):
                    self._by_reply.setdefault(reply, _Outcome(place, _OVERTAKEN))
                case ReplyInterrupted(reply=reply, heard=""):
                    self._by_reply.setdefault(reply, _Outcome(place, "interrupted before it began"))
                case _:
                    pass

    def of(self, words: Event) -> _Outcome:
        """The first that came of these words."""
        found = (self._by_cause.get(words.id), self._by_reply.get(reply_id(words.id)))
        known = [one for one in found if one is not None]
        return min(known, key=lambda one: one.place, default=_Outcome(self._end, ""))


def _answer(
    facts: Sequence[Fact], place: int, outcome: _Outcome, state: Conversation,
    characters: Mapping[str, CharacterCreated] | None,
) -> Decision:  # fmt: skip
    """Decide what becomes of the words at this place again.

    Args:
        state: the conversation with them.
    """
    seq, event = facts[place]
    if outcome.told.startswith("interrupted"):
        return compared("answer", seq, event, outcome.told, outcome.told)
    if characters is None and outcome.told.startswith("the command"):
        return not_recorded("answer", seq, event, "the characters' names are not known", recorded=outcome.told)
    # The service had read the log up to some fact between these words and its answer.
    soonest = _decided(facts, place, place + 1, state, characters or {})
    latest = _decided(facts, place, outcome.place, state, characters or {})
    recorded, silent = outcome.told or "no answer", (_MURMUR, _OVERTAKEN)
    if soonest != latest:
        return not_recorded("answer", seq, event, "whether newer facts had been read is not recorded", recorded)
    if not outcome.told and latest in silent:
        return compared("answer", seq, event, latest, latest)
    if outcome.told or any(isinstance(one.body, ReplyStarted) for _, one in facts[place + 1 :]):
        return compared("answer", seq, event, recorded, latest)
    return not_recorded("answer", seq, event, "the log ends before the answer", recorded)


def _decided(
    facts: Sequence[Fact], place: int, end: int, state: Conversation, characters: Mapping[str, CharacterCreated]
) -> str:
    """What becomes of the words at this place, by the facts before the one at `end`."""
    event = facts[place][1]
    body = event.body
    assert isinstance(body, TranscriptFinal | MessageReceived)
    text = " ".join(body.text.split())
    if isinstance(body, TranscriptFinal) and is_backchannel(text) and answers_question(facts[:end], body) is None:
        return _MURMUR
    if not body.forwarded:
        names = {id_: one.name for id_, one in visible_to(state.person, characters).items()}
        in_use = language_in_use(state, before_turn=event.turn or input_id(body))
        language = body.language if isinstance(body, TranscriptFinal) else in_use
        command = recognise_command(text, language, names, names.get(state.character, ""))
        if command is not None:
            return f"the command {command.name}"
    overtaken = any(calls_for_answer(one.body) for _, one in facts[place + 1 : end])
    return _OVERTAKEN if overtaken else _ANSWERED


def _history(
    facts: Sequence[Fact], place: int, body: Words, outcome: _Outcome, state: Conversation
) -> Iterator[Decision]:
    """What had been said before, as the answer was written from it."""
    if outcome.told != _ANSWERED or outcome.place >= len(facts):
        return
    seq, event = facts[outcome.place]
    if not isinstance(event.body, ReplyStarted):
        return
    words, recorded = facts[place][1], event.body.history
    digest = ""
    for known in range(place, outcome.place):
        state = fold(state, *facts[known])
        digest = _digest(state, facts[: known + 1], words, body)
        if digest == recorded:
            break
    if digest and not recorded:
        yield not_recorded("fold", seq, event, "an older version did not tell what the answer was written from")
        return
    yield compared("fold", seq, event, _written(recorded), _written(digest))


def _written(digest: str) -> str:
    return f"written from the history {digest}" if digest else "written from no history"


def _digest(state: Conversation, facts: Sequence[Fact], words: Event, body: Words) -> str:
    if isinstance(body, TranscriptFinal) and is_backchannel(" ".join(body.text.split())):
        found = answers_question(facts, body)
        if found is not None and found.reply is not None and found.question is not None:
            state = with_heard_sentence(state, found.reply, found.question)
    return history_digest(heard_messages(state, before_turn=words.turn or input_id(body)))
