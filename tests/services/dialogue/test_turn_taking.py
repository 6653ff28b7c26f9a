"""Which words of a person call for an answer of their own, judged from the log."""

from __future__ import annotations

import pytest

from bus.events import (
    Event,
    Fact,
    MessageReceived,
    PlaybackFinished,
    PlaybackProgress,
    PlaybackStarted,
    ReplyEnded,
    ReplyInterrupted,
    ReplySentence,
    ReplyStarted,
    SessionOpened,
    SpeechEnded,
    TranscriptFinal,
    UtteranceStarted,
)
from services.dialogue.turn_taking import NewestWords, answers_question, calls_for_answer, is_question
from tests.fakes import event

SECOND = 48_000


class Log:
    """The facts of one reply and of what a person says over it, with times in seconds."""

    def __init__(self, *sentences: tuple[str, float], session: str = "s") -> None:
        self.facts: list[tuple[int, Event]] = []
        self.session = session
        self.lengths = [length for _, length in sentences]
        self.add(0, SessionOpened(session=session))
        self.add(0, MessageReceived(message="m", text="hello"), "t1")
        self.add(0, ReplyStarted(reply="r", character="ada", engine="e"), "t1")
        for index, (text, seconds) in enumerate(sentences):
            self.add(0, ReplySentence(reply="r", index=index, text=text, character="ada"), "t1")
            samples = int(seconds * SECOND)
            self.add(0, SpeechEnded(speech=f"s{index}", reply="r", index=index, samples=samples, visemes=()), "t1")
        self.add(0, ReplyEnded(reply="r", sentences=len(sentences)), "t1")

    def add(self, at: float, body: Fact, turn: str | None = None) -> None:
        self.facts.append((len(self.facts) + 1, event(body, at=int(at * 1e6), turn=turn)))

    def play(self, index: int, at: float, *, finished: bool = False) -> Log:
        about = {"session": self.session, "speech": f"s{index}", "reply": "r", "index": index}
        self.add(at, PlaybackStarted(**about, video=False), "t1")  # type: ignore[arg-type]
        if finished:
            length = self.lengths[index]
            for second in range(1, int(length)):
                self.add(at + second, PlaybackProgress(**about, samples=second * SECOND), "t1")  # type: ignore[arg-type]
            done = PlaybackFinished(**about, samples=int(length * SECOND), complete=True)  # type: ignore[arg-type]
            self.add(at + length, done, "t1")
        return self

    def say(self, text: str, at: float, session: str | None = "s") -> bool:
        """Whether the words, which begin at this time, are more than a murmur."""
        if self.facts[-1][1].at < at * 1e6:
            self.progress(at)
        self.add(at, UtteranceStarted(utterance="u", session=session), "t2")
        transcript = TranscriptFinal(utterance="u", text=text, language="en", confidence=0.9)
        self.add(at + 1, transcript, "t2")
        return answers_question(self.facts, transcript) is not None

    def progress(self, until: float) -> None:
        """Report what is being played, once a second."""
        newest = self.facts[-1][1]
        if isinstance(newest.body, PlaybackStarted):
            began = newest.at / 1e6
            about = {"session": self.session, "speech": newest.body.speech, "reply": "r", "index": newest.body.index}
            for second in range(1, int(until - began) + 1):
                self.add(began + second, PlaybackProgress(**about, samples=second * SECOND), "t1")  # type: ignore[arg-type]


QUESTION = ("Shall I tell you a long story about the sea now?", 3.0)
STATEMENT = ("The sea is deep and blue and full of fish.", 3.0)


@pytest.mark.parametrize("word", ["Okay.", "yes", "Right", "yeah sure", "ja", "genau", "mm-hm"])
@pytest.mark.parametrize("left", [0.9, 0.5, 0.1])
def test_assent_near_the_end_of_a_question_is_its_answer(word: str, left: float) -> None:
    assert Log(QUESTION).play(0, 10).say(word, 13 - left)


@pytest.mark.parametrize("word", ["Okay.", "yes", "mm-hm"])
@pytest.mark.parametrize("at", [10.2, 11.5, 12.9])
def test_a_murmur_over_a_statement_lets_the_voice_go_on(word: str, at: float) -> None:
    assert not Log(STATEMENT).play(0, at=10).say(word, at)


def test_a_murmur_at_the_beginning_of_a_long_question_is_no_answer() -> None:
    assert not Log((QUESTION[0], 6.0)).play(0, 10).say("okay", 11)


@pytest.mark.parametrize("word", ["um", "oh", "hmm"])
def test_a_hesitation_answers_no_question(word: str) -> None:
    assert not Log(QUESTION).play(0, 10).say(word, 12.5)


def test_an_answer_may_come_when_the_voice_has_just_gone_on_after_the_question() -> None:
    soon, late = (Log(QUESTION, STATEMENT).play(0, 10, finished=True).play(1, 13.1) for _ in range(2))
    assert soon.say("yes", 13.8)
    assert not late.say("yes", 15.5)


def test_between_two_sentences_a_murmur_is_still_one() -> None:
    assert not Log(STATEMENT, STATEMENT).play(0, 10, finished=True).say("okay", 13.05)
    assert Log(QUESTION, STATEMENT).play(0, 10, finished=True).say("okay", 13.05)


def test_after_the_whole_reply_everything_is_answered() -> None:
    assert Log(STATEMENT).play(0, 10, finished=True).say("okay", 13.5)
    assert Log(STATEMENT, ("`a = 1`", 0.0)).play(0, 10, finished=True).say("okay", 13.5)


def test_a_block_that_is_only_shown_is_not_waited_for() -> None:
    log = Log(STATEMENT)
    log.add(1, ReplySentence(reply="r", index=1, text="```a```", spoken_text="", character="ada"), "t1")
    assert log.play(0, 10, finished=True).say("okay", 13.5)


def test_a_sentence_that_a_lost_session_left_playing_plays_no_more() -> None:
    log = Log(STATEMENT).play(0, 10)
    log.add(70, SessionOpened(session="s2"))
    assert log.say("okay", 76, session="s2")


def test_a_reply_that_was_interrupted_is_over() -> None:
    log = Log(STATEMENT).play(0, 10)
    log.add(11, ReplyInterrupted(reply="r", heard="The sea", by="button"), "t1")
    assert log.say("okay", 13)


def test_a_murmur_while_the_answer_is_thought_out_or_voiced_is_not_answered() -> None:
    assert not Log(STATEMENT).say("mm-hm", 1)


def test_what_was_never_played_is_not_waited_for_for_ever() -> None:
    assert Log(STATEMENT).say("okay", 70)


def test_where_the_answer_is_text_only_nothing_is_murmured_over() -> None:
    assert Log(("The sea is deep.", 0.0)).say("okay", 1)


@pytest.mark.parametrize("word", ["Okay.", "yes", "mm-hm"])
def test_a_recording_is_no_murmur_whatever_is_played_elsewhere(word: str) -> None:
    assert Log(STATEMENT).play(0, at=10).say(word, 11, session=None)
    assert Log(STATEMENT).say(word, 1, session=None)


@pytest.mark.parametrize("text", ["Really?", 'He asked: "Why?"', "本当ですか？", "أين أنت؟", "(Is it?)", "Was?!?"])
def test_questions_of_every_script_are_questions(text: str) -> None:
    assert is_question(text)


@pytest.mark.parametrize("text", ["Why? Because.", "No.", "", "?no"])
def test_what_does_not_end_in_a_question_mark_is_none(text: str) -> None:
    assert not is_question(text)


def test_a_recording_is_no_backchannel_however_brief() -> None:
    log = Log(("It is late.", 2.0))
    log.add(1, UtteranceStarted(utterance="u"), "t2")
    transcript = TranscriptFinal(utterance="u", text="okay", language="en", confidence=0.9)
    log.add(2, transcript, "t2")
    found = answers_question(log.facts, transcript)
    assert found is not None
    assert found.question is None


def test_the_newest_words_overtake_all_earlier_ones_of_their_conversation() -> None:
    words = NewestWords()
    first, second = event(MessageReceived(message="a", text="one"), name="a"), event(
        MessageReceived(message="b", text="two"), name="b"
    )
    words.add([(1, first)])
    assert words.overtaken_by(first) is None
    words.add([(1, first), (2, second)])
    assert words.overtaken_by(first) is not None
    assert words.overtaken_by(second) is None
    assert words.overtaken_by(event(MessageReceived(message="c", text="x"), name="unknown")) is None


def test_only_words_call_for_an_answer() -> None:
    assert calls_for_answer(MessageReceived(message="a", text="ok"))
    assert not calls_for_answer(TranscriptFinal(utterance="u", text="ok", language="en", confidence=1.0))
    assert not calls_for_answer(ReplyEnded(reply="r", sentences=1))
