"""Makes the decisions about interrupted replies again: by which words, and how much of the reply was heard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bus.events import (
    Event,
    MessageReceived,
    ReplyInterrupted,
    ReplyStarted,
    SessionClosed,
    SessionOpened,
    TranscriptFinal,
)
from projections.conversation import Conversation, fold, text_heard
from services.backchannel import is_backchannel
from visavis.verify.decisions import Decision, Fact, compared, not_recorded
from visavis.verify.playing import interrupting_verdicts

_IN_FLIGHT = 50
"""Facts before an interruption that may not have been known to the gateway yet when it interrupted."""


def interruption_decisions(facts: Sequence[Fact], *, redacted: bool = False) -> Iterator[Decision]:
    """The decisions about each reply that was interrupted.

    Args:
        redacted: the words are unreadable, so that what was heard of them cannot be compared.
    """
    stopped = {reply for verdict in interrupting_verdicts(facts) for reply in verdict.replies}
    states: list[Conversation] = []
    state = Conversation(id=facts[0][1].conversation) if facts else Conversation(id="")
    sessions: set[str] = set()
    for place, (seq, event) in enumerate(facts):
        match event.body:
            case SessionOpened(session=session):
                sessions.add(session)
            case SessionClosed(session=session):
                sessions.discard(session)
            case ReplyInterrupted(reply=reply, by="speech", heard=heard):
                yield _by_speech(facts[:place], seq, event, reply, by_verdict=reply in stopped)
                yield _heard(states, seq, event, reply, heard, redacted=redacted, listened=bool(sessions))
            case ReplyInterrupted(reply=reply, heard=heard):
                yield _heard(states, seq, event, reply, heard, redacted=redacted, listened=bool(sessions))
            case _:
                pass
        state = fold(state, seq, event)
        states = [*states[-_IN_FLIGHT:], state]


def _by_speech(before: Sequence[Fact], seq: int, event: Event, reply: str, *, by_verdict: bool) -> Decision:
    words = "by the person's words"
    if by_verdict:
        return compared("interruption", seq, event, words, words)
    if _began_overtaken(before, event, reply):
        return compared("interruption", seq, event, "overtaken by newer words", "overtaken by newer words")
    reason = f"no trace of a session tells which words interrupted {reply}"
    return not_recorded("interruption", seq, event, reason, recorded=words)


def _began_overtaken(before: Sequence[Fact], event: Event, reply: str) -> bool:
    """Whether the reply began although the person had said something else since the words that it answers."""
    newest: str | None = None
    for _, one in before:
        if _calls_for_answer(one):
            newest = one.turn
        if isinstance(one.body, ReplyStarted) and one.body.reply == reply:
            return newest != event.turn
    return False


def _calls_for_answer(event: Event) -> bool:
    body = event.body
    if isinstance(body, TranscriptFinal):
        return bool(body.text.strip()) and not is_backchannel(body.text)
    return isinstance(body, MessageReceived)


def _heard(
    states: Sequence[Conversation], seq: int, event: Event, reply: str, heard: str, *, redacted: bool, listened: bool
) -> Decision:
    if redacted:
        return not_recorded("heard", seq, event, "the words are redacted", recorded=heard)
    found = [text_heard(state, reply, listened=listened) for state in reversed(states)]
    newest = found[0] if found else ""
    # The gateway knew the log up to some fact shortly before its own.
    return compared("heard", seq, event, repr(heard), repr(heard if heard in found else newest))
