"""A conversation as text for people."""

from __future__ import annotations

from projections.conversation import Conversation
from projections.moment import local_time
from projections.printable import printable

_MARKS = {"written": "·", "spoken": "·", "playing": "♪", "played": "♪", "unspoken": "✗"}


def readable_lines(conversation: Conversation) -> list[str]:
    """A conversation as lines of text for people."""
    title = printable(conversation.title) or "(untitled)"
    lines = [f"{title} — {conversation.id}, {conversation.character}, at {conversation.seq}"]
    for turn in conversation.turns:
        lines.append("")
        time_of_turn = local_time(turn.at)
        if turn.person is not None:
            state = "" if turn.person.state == "final" else f"({turn.person.state}) "
            lines.append(f"{time_of_turn}  you: {state}{printable(turn.person.text)}")
        if turn.reply is not None:
            reply = turn.reply
            for sentence in reply.sentences:
                mark = _MARKS[sentence.state]
                text = printable(sentence.text)
                lines.append(f"{time_of_turn}  {reply.character}: {mark} {text} [{sentence.emotion}]")
            if reply.state == "interrupted":
                lines.append(f"{time_of_turn}  {reply.character} was interrupted; heard: {reply.heard!r}")
            if reply.state == "failed":
                lines.append(f"{time_of_turn}  {reply.character} failed: {printable(reply.error or '')}")
    return lines
