"""What is said elsewhere in a conversation, as a person reads it in a channel. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from bus.events import Event, MessageReceived, Origin, VoiceNoteReceived
from projections.conversation import Conversation, Reply, Turn, joined_text
from projections.language import language_in_use
from projections.people import Link
from services.backchannel import is_backchannel
from services.channels.answering.answer_phrases import channel_name, phrase

_MARKUP = re.compile(r"[\\`*_~\[\]<>&#|]|^[-+=]", re.MULTILINE)
_INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
_MAX_EARLIER = 10
"""Turns without a reply of their own that are shown with the next one."""


def origins_of(facts: Iterable[tuple[int, Event]]) -> dict[str, Event]:
    """The events that came in through a channel, by the id of their turn."""
    found: dict[str, Event] = {}
    for _, event in facts:
        body = event.body
        if isinstance(body, VoiceNoteReceived):
            found.setdefault(event.turn or body.utterance, event)
        elif isinstance(body, MessageReceived) and body.origin is not None:
            found.setdefault(event.turn or body.message, event)
    return found


def origin_of(event: Event) -> Origin | None:
    """Where an event came in, if it was not in the page."""
    body = event.body
    return body.origin if isinstance(body, MessageReceived | VoiceNoteReceived) else None


def is_from(link: Link, origin: Origin | None) -> bool:
    """Whether something came in through the account of a link."""
    if origin is None or (origin.channel, origin.account) != (link.channel, link.account):
        return False
    return origin.chat == link.chat or origin.sender in (link.sender, *link.aliases)


def turn_with(conversation: Conversation, reply: str) -> int | None:
    """The place of the turn with a reply."""
    places = range(len(conversation.turns) - 1, -1, -1)
    return next((at for at in places if (told := conversation.turns[at].reply) and told.id == reply), None)


def mirrored_text(
    conversation: Conversation,
    place: int,
    link: Link,
    origins: Mapping[str, Event],
    names: Mapping[str, str],
) -> str:
    """A turn, with the words before it that got no reply of their own, for the person of a link; empty where nothing of
    it came from elsewhere.

    Args:
        place: of the turn in the conversation.
        origins: see `origins_of`.
        names: of the characters, by id.
    """

    def is_elsewhere(turn: Turn) -> bool:
        event = origins.get(turn.id)
        return not is_from(link, origin_of(event) if event is not None else None)

    turn = conversation.turns[place]
    if not is_elsewhere(turn):
        return ""
    language = (turn.reply.language if turn.reply else "") or language_in_use(conversation, before_turn=turn.id)
    earlier = conversation.turns[max(place - _MAX_EARLIER, 0) : place]
    shown: list[Turn] = []
    for one in reversed(earlier):
        if one.reply is not None:
            break
        if is_elsewhere(one):
            shown.insert(0, one)
    lines = [_words_line(one, language) for one in shown if not _is_backchannel(one)] + [_words_line(turn, language)]
    if turn.reply is not None and (text := _reply_text(turn.reply)):
        lines.append(f"{names.get(turn.reply.character, turn.reply.character)}: {text}")
    return "\n\n".join(filter(None, lines))


def _is_backchannel(turn: Turn) -> bool:
    return turn.person is not None and turn.person.kind == "speech" and is_backchannel(turn.person.text)


def _words_line(turn: Turn, language: str) -> str:
    person = turn.person
    if person is None or not person.text:
        return ""
    return f"{phrase('you', language)} ({channel_name(person.channel, language)}): {_escaped(person.text)}"


def _escaped(text: str) -> str:
    """A person's words as Markdown that shows them as they are: what they wrote is no markup."""
    return _MARKUP.sub(r"\\\g<0>", _INDENT.sub("", text))


def _reply_text(reply: Reply) -> str:
    if reply.state == "interrupted":
        return f"{reply.heard.strip()} …" if reply.heard and reply.heard.strip() else ""
    shown = reply.sentences if reply.state == "failed" else [one for one in reply.sentences if not one.notice]
    return joined_text((one, one.text) for one in shown)
