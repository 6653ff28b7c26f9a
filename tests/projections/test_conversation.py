"""The fold of a conversation, and the history for the language model."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.events import (
    CharacterChosen,
    CommandName,
    CommandRecognised,
    CommandRefused,
    ConversationClosed,
    ConversationOpened,
    ConversationTitled,
    Fact,
    MessageReceived,
    PlaybackFinished,
    PlaybackProgress,
    PlaybackStarted,
    ReplyEnded,
    ReplyFailed,
    ReplyInterrupted,
    ReplySentence,
    ReplyStarted,
    SpeechEnded,
    SpeechFailed,
    SpeechStarted,
    TranscriptFinal,
    UtteranceDiscarded,
    UtteranceEnded,
    UtteranceStarted,
)
from projections.conversation import (
    Conversation,
    Message,
    adjust_speaking_style,
    fold,
    fold_all,
    heard_messages,
)
from projections.speaking_style import PACES
from projections.titles import title_of
from projections.view import PersonView, view
from tests.fakes import event

OPENED = ConversationOpened(person="p", character="ada")
SPOKE = (
    UtteranceStarted(utterance="u", session="s"),
    UtteranceEnded(utterance="u", samples=16000, speech_ended=12000, reason="silence"),
    TranscriptFinal(utterance="u", text="what is your name", language="en", confidence=0.9),
)
TOLD = (
    ReplyStarted(reply="r", character="ada", engine="companion"),
    ReplySentence(reply="r", index=0, text="I am Ada.", character="ada", emotion="happy"),
    ReplySentence(reply="r", index=1, text="Who are you?", character="ada"),
    ReplyEnded(reply="r", sentences=2),
)


def speech(index: int) -> tuple[Fact, ...]:
    return (
        SpeechStarted(speech=f"sp{index}", reply="r", index=index, character="ada", voice="v", engine="e"),
        SpeechEnded(speech=f"sp{index}", reply="r", index=index, samples=48000),
    )


def started(index: int) -> Fact:
    return PlaybackStarted(session="s", speech=f"sp{index}", reply="r", index=index, video=True)


def progress(index: int, samples: int) -> Fact:
    return PlaybackProgress(session="s", speech=f"sp{index}", reply="r", index=index, samples=samples)


def finished(index: int, samples: int = 48000, complete: bool = True) -> Fact:
    return PlaybackFinished(
        session="s", speech=f"sp{index}", reply="r", index=index, samples=samples, complete=complete
    )


def cut(text: str = "I am") -> Fact:
    return ReplyInterrupted(reply="r", heard=text, by="speech")


def log(*bodies: Fact, turn: str = "t") -> list[tuple[int, Any]]:
    return [(at, event(body, at=at, turn=None if body is OPENED else turn)) for at, body in enumerate(bodies, 1)]


def folded(*bodies: Fact) -> Conversation:
    return fold_all(Conversation(id="c"), log(*bodies))


def states(conversation: Conversation) -> list[str]:
    reply = conversation.turns[0].reply
    assert reply is not None
    return [sentence.state for sentence in reply.sentences]


def test_a_whole_turn_is_the_view_that_the_page_is_promised() -> None:
    conversation = folded(OPENED, *SPOKE, *TOLD, *speech(0), started(0), finished(0), *speech(1))
    plain = {"language": "en", "spoken_text": None, "space_before": " "}
    assert msgspec.json.decode(msgspec.json.encode(view(conversation))) == {
        "id": "c",
        "seq": 14,
        "title": "What is your name",
        "character": "ada",
        "language": "en",
        "faces": [],
        "turns": [
            {
                "id": "t",
                "at": 2,
                "person": {
                    "kind": "speech", "text": "what is your name", "state": "final", "channel": "web", "error": None,
                },
                "reply": {
                    "id": "r",
                    "character": "ada",
                    "state": "ended",
                    "heard": None,
                    "error": None,
                    "language": "",
                    "sentences": [
                        {
                            **plain, "index": 0, "text": "I am Ada.", "emotion": "happy", "speech": "sp0",
                            "state": "played",
                        },
                        {
                            **plain, "index": 1, "text": "Who are you?", "emotion": "neutral", "speech": "sp1",
                            "state": "spoken",
                        },
                    ],
                },
            }
        ],
    }


def test_the_persons_part_goes_from_listening_to_final() -> None:
    seen = []
    state = Conversation(id="c")
    for seq, one in log(*SPOKE):
        state = fold(state, seq, one)
        person = state.turns[0].person
        assert person is not None
        seen.append((person.state, person.text))
    assert seen == [("listening", ""), ("transcribing", ""), ("final", "what is your name")]


def test_a_discarded_utterance_is_a_turn_and_gives_no_title() -> None:
    conversation = folded(SPOKE[0], SPOKE[1], UtteranceDiscarded(utterance="u", reason="no_words"))
    discarded = PersonView(kind="speech", text="", state="discarded", channel="web", error=None)
    assert view(conversation).turns[0].person == discarded
    assert conversation.title == ""


def test_why_an_utterance_was_discarded_is_shown_until_it_is_transcribed_after_all() -> None:
    refused = UtteranceDiscarded(utterance="u", reason="too_long", detail="That is too long.")
    conversation = folded(*SPOKE[:2], refused)
    assert view(conversation).turns[0].person == PersonView(
        kind="speech", text="", state="discarded", channel="web", error="That is too long."
    )
    person = view(folded(*SPOKE[:2], refused, SPOKE[2])).turns[0].person
    assert person == PersonView(kind="speech", text="what is your name", state="final", channel="web", error=None)


def test_an_utterance_transcribed_after_it_was_given_up_is_shown_once() -> None:
    lost = UtteranceDiscarded(utterance="u", reason="lost")
    conversation = folded(*SPOKE[:2], lost, SPOKE[2], SPOKE[2])
    person = PersonView(kind="speech", text="what is your name", state="final", channel="web", error=None)
    assert view(conversation).turns[0].person == person
    assert conversation.title == "What is your name"


def test_a_second_utterance_in_a_turn_joins_the_first() -> None:
    again = TranscriptFinal(utterance="u2", text="and how old", language="en", confidence=0.5)
    conversation = folded(*SPOKE, UtteranceStarted(utterance="u2", session="s"), again)
    person = conversation.turns[0].person
    assert person is not None
    assert (person.text, person.state) == ("what is your name and how old", "final")


def test_a_fact_applied_twice_changes_nothing() -> None:
    once = folded(OPENED, *SPOKE, *TOLD)
    assert fold_all(once, log(OPENED, *SPOKE, *TOLD)) is once
    assert fold_all(once, log(OPENED)) is once


@given(st.lists(st.integers(0, 11), max_size=6))
def test_facts_repeated_under_a_later_sequence_change_only_the_sequence(repeats: list[int]) -> None:
    bodies = [OPENED, *SPOKE, *TOLD, *speech(0), started(0), finished(0)]
    once = folded(*bodies)
    events = log(*bodies)
    state = once
    for step, place in enumerate(repeats, 1):
        state = fold(state, len(bodies) + step, events[place][1])
    assert msgspec.structs.replace(state, seq=once.seq) == once


def test_sentences_are_ordered_and_the_first_version_of_each_counts() -> None:
    other = ReplySentence(reply="r", index=0, text="Something else.", character="ada")
    conversation = folded(TOLD[0], TOLD[2], TOLD[1], other)
    reply = conversation.turns[0].reply
    assert reply is not None
    assert [sentence.text for sentence in reply.sentences] == ["I am Ada.", "Who are you?"]


def test_the_state_of_a_sentence_follows_its_speech_and_its_playback() -> None:
    bodies = [*TOLD[:3], *speech(0), started(0), finished(0)]
    assert [states(folded(*bodies[:n]))[0] for n in range(2, len(bodies) + 1)] == [
        "written", "written", "spoken", "spoken", "playing", "played"
    ]  # fmt: skip


def test_a_sentence_that_could_not_be_spoken_stays_text() -> None:
    failed = SpeechFailed(speech="sp0", reply="r", index=0, code="engine_failed", detail="no voice")
    assert states(folded(*TOLD, failed)) == ["unspoken", "written"]


def test_a_playback_without_a_sample_leaves_the_sentence_unplayed() -> None:
    assert states(folded(*TOLD, *speech(0), started(0), finished(0, 0, complete=False))) == ["spoken", "written"]


def test_a_second_session_does_not_reduce_the_played_samples() -> None:
    second = (started(0), progress(0, 2400), finished(0, 4800, complete=False))
    conversation = folded(*TOLD, *speech(0), started(0), progress(0, 24000), *second)
    assert states(conversation) == ["played", "written"]
    assert heard_messages(conversation) == heard_messages(folded(*TOLD, *speech(0), started(0), progress(0, 24000)))
    assert states(folded(*TOLD, *speech(0), started(0), finished(0), started(0))) == ["played", "written"]


def test_an_interruption_leaves_unplayed_sentences_as_text() -> None:
    conversation = folded(*TOLD, *speech(0), *speech(1), started(0), cut())
    reply = conversation.turns[0].reply
    assert reply is not None
    assert (reply.state, reply.heard, states(conversation)) == ("interrupted", "I am", ["played", "unspoken"])


def test_late_facts_do_not_resume_an_interrupted_reply() -> None:
    late = ReplySentence(reply="r", index=2, text="One more.", character="ada")
    failed = ReplyFailed(reply="r", code="x", detail="y")
    conversation = folded(*TOLD[:3], cut(), late, *speech(1), started(1), TOLD[3], failed, cut("more"))
    reply = conversation.turns[0].reply
    assert reply is not None
    assert (reply.state, reply.heard, reply.error) == ("interrupted", "I am", None)
    assert states(conversation) == ["unspoken"] * 3


def test_a_reply_interrupted_before_its_start_is_kept() -> None:
    conversation = folded(*SPOKE, cut(""))
    reply = conversation.turns[0].reply
    assert reply is not None
    assert (reply.state, reply.heard, reply.sentences) == ("interrupted", "", ())


def test_a_failed_reply_has_its_error_and_keeps_its_sentences() -> None:
    conversation = folded(*SPOKE, *TOLD[:2], ReplyFailed(reply="r", code="llm", detail="the model is away"))
    reply = conversation.turns[0].reply
    assert reply is not None
    assert (reply.state, reply.error, len(reply.sentences)) == ("failed", "the model is away", 1)


def test_a_reply_that_failed_before_its_start_is_in_its_turn() -> None:
    conversation = folded(OPENED, *SPOKE, ReplyFailed(reply="r", code="llm", detail="away"))
    reply = conversation.turns[0].reply
    assert reply is not None
    assert (reply.character, reply.state) == ("ada", "failed")


def test_facts_of_an_unknown_reply_are_ignored() -> None:
    assert folded(*SPOKE, *speech(0), ReplyEnded(reply="r", sentences=0)).turns[0].reply is None


def test_turns_are_in_the_order_in_which_they_began() -> None:
    state = Conversation(id="c")
    for at, turn in enumerate(("a", "b"), 1):
        state = fold(state, at, event(MessageReceived(message=turn, text=f"say {turn}"), at=at, turn=turn))
    late = ReplyStarted(reply="ra", character="ada", engine="x")
    state = fold(state, 3, event(late, at=3, turn="a"))
    assert [(turn.id, turn.reply is not None) for turn in state.turns] == [("a", True), ("b", False)]


def test_the_title_is_the_first_words_until_a_fact_sets_it() -> None:
    named = folded(MessageReceived(message="m", text="hello   world"), ConversationTitled(title="Greetings"))
    assert folded(MessageReceived(message="m", text="hello   world")).title == "Hello world"
    assert (named.title, named.titled) == ("Greetings", True)


def test_a_long_title_is_cut_between_words() -> None:
    title = title_of("tell me everything that you know about the history of the city of vienna please")
    assert title == "Tell me everything that you know about the history of the…"
    assert len(title_of("x" * 200)) == 60


def test_character_language_person_and_end_follow_the_facts() -> None:
    german = ConversationOpened(person="p", character="ada", language="de")
    state = folded(german, CharacterChosen(character="bo"), ConversationClosed())
    assert (state.person, state.character, state.language, state.closed) == ("p", "bo", "de", True)


def test_only_words_of_either_side_make_a_conversation_newer() -> None:
    assert folded(OPENED, *SPOKE, *TOLD[:2]).updated_at == 6
    assert folded(OPENED, *SPOKE, *TOLD[:2], *speech(0), started(0)).updated_at == 6


@pytest.mark.parametrize("body", get_args(Fact), ids=lambda body: body.__struct_config__.tag)
def test_every_fact_can_be_folded(body: type[Any]) -> None:
    """The smallest instance of each, on an empty conversation: none raises, each moves the sequence."""
    values: dict[str, Any] = {"bool": True, "int": 1, "float": 0.5, "str": "x"}
    given = {
        field.name: values.get(str(field.type), "left" if "left" in str(field.type) else "x")
        for field in msgspec.structs.fields(body)
        if field.required
    }
    assert fold(Conversation(id="c"), 7, event(body(**given), turn="t")).seq == 7


def test_pace_and_volume_follow_commands_up_to_their_limits() -> None:
    names: list[CommandName] = ["slower", "slower", "softer", "louder", "text_only", "help"]
    commands = [CommandRecognised(name=name) for name in names]
    state = folded(OPENED, *commands)
    assert (state.pace, state.volume, state.voice) == (0.7, 1.0, False)
    refused = CommandRefused(name="louder", code="limit_reached", detail="x")
    state = folded(OPENED, *commands, refused, CommandRecognised(name="voice_on"))
    assert (state.pace, state.volume, state.voice) == (0.7, 1.0, True)
    assert adjust_speaking_style(state, "louder") is None
    assert adjust_speaking_style(state, "repeat") is None
    assert folded(OPENED, *[CommandRecognised(name="faster")] * 9).pace == PACES[-1]


# The history for the language model


def test_a_reply_that_was_never_played_counts_as_read() -> None:
    assert heard_messages(folded(*SPOKE, *TOLD)) == [
        Message("user", "what is your name"),
        Message("assistant", "I am Ada. Who are you?", emotion="happy"),
    ]


def test_of_a_played_reply_only_the_played_part_counts() -> None:
    messages = heard_messages(folded(*SPOKE, *TOLD, *speech(0), started(0), finished(0)))
    assert messages[1:] == [Message("assistant", "I am Ada.", True, "happy")]


def test_a_half_played_sentence_counts_up_to_its_last_whole_word() -> None:
    played = (*speech(0), started(0), finished(0), *speech(1), started(1), progress(1, 24000))
    assert heard_messages(folded(*TOLD, *played)) == [Message("assistant", "I am Ada. Who", True, "happy")]


def test_without_a_known_length_the_rate_of_speech_is_the_measure() -> None:
    playing = (*TOLD[:2], speech(0)[0], started(0))
    assert heard_messages(folded(*playing, progress(0, 20000))) == [Message("assistant", "I am", True, "happy")]
    assert heard_messages(folded(*playing, progress(0, 90000))) == [Message("assistant", "I am Ada.", emotion="happy")]


def test_an_interrupted_reply_counts_as_far_as_it_was_heard() -> None:
    assert heard_messages(folded(*SPOKE, *TOLD, cut("I am")))[1:] == [Message("assistant", "I am", True, "happy")]
    assert heard_messages(folded(*SPOKE, *TOLD, cut("")))[1:] == []


def test_an_unspoken_sentence_counts_as_read() -> None:
    failed = SpeechFailed(speech="sp1", reply="r", index=1, code="x", detail="y")
    conversation = folded(*TOLD, *speech(0), started(0), finished(0), failed)
    assert heard_messages(conversation) == [Message("assistant", "I am Ada. Who are you?", emotion="happy")]


def test_the_history_can_end_before_a_turn() -> None:
    state = folded(*SPOKE, *TOLD)
    for at, turn in ((50, "t2"), (51, "t3")):
        state = fold(state, at, event(MessageReceived(message=turn, text="next"), at=at, turn=turn))
    earlier = heard_messages(state, before_turn="t2")
    assert [message.text for message in earlier] == ["what is your name", "I am Ada. Who are you?"]
