"""Replies in Markdown: how the fold joins their sentences, and how much of them was heard."""

from __future__ import annotations

from typing import Any

import pytest

from bus.events import Fact, PlaybackFinished, ReplyEnded, ReplyInterrupted, ReplySentence, ReplyStarted, SpeechEnded
from projections.conversation import Conversation, Sentence, fold_all, heard_messages, played_text
from projections.heard_words import beginning_of
from tests.fakes import event


def sentence(index: int, text: str, spoken_text: str | None = None, space_before: str = " ") -> ReplySentence:
    return ReplySentence(
        reply="r", index=index, text=text, character="ada", spoken_text=spoken_text, space_before=space_before
    )


REPLY = (
    sentence(0, "Here it is:"),
    sentence(1, "```py\nx = 1\n```", "", "\n\n"),
    sentence(2, "**All** of it.", "All of it.", "\n\n"),
)
WHOLE = "Here it is:\n\n```py\nx = 1\n```\n\n**All** of it."


def folded(*bodies: Fact) -> Conversation:
    started = ReplyStarted(reply="r", character="ada", engine="e")
    events = [event(body, at=at, turn="t") for at, body in enumerate((started, *bodies), 1)]
    return fold_all(Conversation(id="c"), enumerate(events, 1))


def sentences(conversation: Conversation) -> tuple[Sentence, ...]:
    reply = conversation.turns[0].reply
    assert reply is not None
    return reply.sentences


def played(index: int) -> tuple[Fact, Fact]:
    place: dict[str, Any] = {"speech": f"s{index}", "reply": "r", "index": index}
    return (
        SpeechEnded(**place, samples=9600),
        PlaybackFinished(session="s", **place, samples=9600, complete=True),
    )


def test_what_is_only_shown_waits_for_no_voice() -> None:
    assert [one.state for one in sentences(folded(*REPLY))] == ["written", "unspoken", "written"]


def test_the_history_is_the_markdown_that_the_model_wrote() -> None:
    unheard = folded(*REPLY, ReplyEnded(reply="r", sentences=3))
    heard = folded(*REPLY, *played(0), *played(2), ReplyEnded(reply="r", sentences=3))
    for conversation in (unheard, heard):
        (message,) = heard_messages(conversation)
        assert (message.text, message.cut) == (WHOLE, False)


def test_what_was_only_shown_counts_as_read_where_the_voice_was_cut_short() -> None:
    (message,) = heard_messages(folded(*REPLY, *played(0), ReplyEnded(reply="r", sentences=3)))
    assert (message.text, message.cut) == ("Here it is:\n\n```py\nx = 1\n```", True)


def test_an_interruption_leaves_what_is_only_shown_as_it_is() -> None:
    after = folded(*REPLY, *played(0), ReplyInterrupted(reply="r", heard="Here it is:", by="button"))
    assert [one.state for one in sentences(after)] == ["played", "unspoken", "unspoken"]
    assert [one.spoken_text for one in sentences(after)] == [None, "", "All of it."]


def test_sentences_of_older_logs_are_joined_by_a_space() -> None:
    (message,) = heard_messages(folded(sentence(0, "One."), sentence(1, "Two.")))
    assert message.text == "One. Two."


@pytest.mark.parametrize(
    ("share", "beginning"),
    [(0, ""), (0.2, "See"), (0.5, "See **the"), (0.6, "See **the big"), (0.9, "See **the big** [page"), (1, None)],
)
def test_the_heard_part_of_markdown_ends_with_the_last_word_that_was_heard(share: float, beginning: str | None) -> None:
    text, words = "See **the big** [page](https://example.org/a) now.", "See the big page now."
    assert beginning_of(text, words, share) == (text if beginning is None else beginning)


def test_of_a_sentence_that_was_played_to_its_end_all_was_heard() -> None:
    one = Sentence(index=0, text="**All** of it.", spoken_text="All of it.", state="played", samples=10, heard=10)
    assert played_text(one) == "**All** of it."
