"""A face attends, thinks and nods by the facts of the conversation, and by nothing else."""

from __future__ import annotations

from bus.events import (
    Event,
    Fact,
    MessageReceived,
    ReplyEnded,
    ReplyInterrupted,
    ReplySentence,
    ReplyStarted,
    SessionClosed,
    SpeechStarted,
    TranscriptFinal,
    UtteranceDiscarded,
    UtteranceEnded,
    UtteranceStarted,
)
from services.face_script import FaceScript

MS = 1000
STARTED = UtteranceStarted(utterance="u", session="s")
ENDED = UtteranceEnded(utterance="u", samples=1, speech_ended=1, reason="silence")
REPLY = ReplyStarted(reply="r", character="ada", engine="e")
SPEECH = SpeechStarted(speech="p", reply="r", index=0, character="ada", voice="v", engine="e")


def words(text: str) -> TranscriptFinal:
    return TranscriptFinal(utterance="u", text=text, language="en", confidence=1.0, engine="e")


def told(*facts: tuple[int, Fact] | tuple[int, Fact, str], look_every: int | None = None) -> FaceScript:
    """The script after facts at these milliseconds; with looks between them, as a gateway does."""
    script, looked = FaceScript(), 0
    for at, body, *turn in facts:
        while look_every is not None and looked < at:
            script.state(looked * MS)
            looked += look_every
        script.add(Event(id=f"e{at}", at=at * MS, conversation="c", turn=turn[0] if turn else "t", body=body))
    return script


def changes(script: FaceScript, start: int = 0, end: int = 20_000) -> list[tuple[int, str]]:
    """When the state changes, milliseconds, and to what."""
    found: list[tuple[int, str]] = []
    for at in range(start, end, 10):
        state = script.state(at * MS)
        if not found or found[-1][1] != state:
            found.append((at, state))
    return found


def test_it_listens_then_thinks_until_the_voice_answers() -> None:
    script = told((0, STARTED))
    assert changes(script, 0, 3000) == [(0, "idle"), (200, "listening")]
    asked: list[tuple[int, Fact]] = [(0, STARTED), (3000, ENDED), (3300, words("what time is it")), (3400, REPLY)]
    assert changes(told(*asked), 3400, 9000) == [(3400, "listening"), (3450, "thinking")]
    # The pictures of the voice begin within that time, where the thinking face is.
    assert changes(told(*asked, (6000, SPEECH)), 6000) == [(6000, "thinking"), (6800, "idle")]


def test_whoever_looks_seldom_or_often_sees_the_same() -> None:
    facts: list[tuple[int, Fact]] = [
        (0, STARTED), (150, ENDED), (900, words("hello")), (950, REPLY), (1200, SPEECH), (1500, STARTED),
    ]  # fmt: skip
    often, seldom = told(*facts, look_every=20), told(*facts)
    assert changes(often, 1500) == changes(seldom, 1500) == [(1500, "thinking"), (1700, "listening")]


def test_a_prompt_answer_needs_no_thought() -> None:
    script = told((0, STARTED), (3000, ENDED), (3100, words("hello")), (3150, REPLY), (3250, SPEECH))
    assert changes(script, 3250) == [(3250, "listening"), (4050, "idle")]


def test_a_written_message_is_thought_about_and_an_answer_that_is_only_shown_ends_that() -> None:
    message = MessageReceived(message="m", text="hello")
    assert changes(told((0, message)), 0, 2000) == [(0, "idle"), (200, "thinking")]
    shown = ReplySentence(reply="r", index=0, text="Hello.", character="ada", spoken=False)
    assert changes(told((0, message), (500, REPLY), (900, shown)), 900) == [(900, "thinking"), (1100, "idle")]
    spoken = ReplySentence(reply="r", index=0, text="Hello.", character="ada")
    ended = ReplyEnded(reply="r", sentences=1)
    assert changes(told((0, message), (500, REPLY), (900, spoken), (901, ended)), 901, 5000) == [(901, "thinking")]


def test_what_is_no_speech_or_needs_no_answer_leaves_the_face_idle() -> None:
    cough = UtteranceDiscarded(utterance="u", reason="no_words")
    assert changes(told((0, STARTED), (900, ENDED), (1500, cough)), 1500)[-1] == (1700, "idle")
    assert changes(told((0, STARTED), (900, ENDED), (1500, words("mm-hmm"))), 1500)[-1] == (1700, "idle")
    answered = told((0, STARTED), (900, ENDED), (1500, words("okay")), (1800, REPLY))
    assert changes(answered, 1800, 5000)[-1][1] == "thinking"
    assert changes(told((0, STARTED), (900, SessionClosed(session="s", reason="lost"))), 900)[-1] == (1100, "idle")


def test_nobody_thinks_for_ever() -> None:
    assert changes(told((0, STARTED), (900, ENDED)), 900, 60_000)[-1] == (12_900, "idle")
    assert changes(told((0, STARTED), (900, ENDED), (1000, REPLY)), 1000, 90_000)[-1] == (61_000, "idle")


def test_while_the_person_speaks_nothing_else_counts() -> None:
    interrupted = ReplyInterrupted(reply="r", heard="", by="speech")
    script = told((0, STARTED), (300, interrupted, "earlier"), (400, SPEECH, "earlier"), (500, REPLY, "earlier"))
    assert changes(script, 500, 20_000) == [(500, "listening")]
    # The answer to what was said before does not end the thought about the newest words.
    script = told((0, STARTED), (900, ENDED), (1000, SPEECH, "earlier"), (1400, interrupted, "earlier"))
    assert changes(script, 1400, 5000) == [(1400, "thinking")]


def test_it_nods_after_a_pause_in_which_the_person_did_not_end_and_not_at_each() -> None:
    script = told((0, STARTED))
    pauses = {500: "another", 1000: "u", 1800: "u", 3100: "u"}
    nodding: list[int] = []
    for at in range(0, 5000, 10):
        if at in pauses:
            script.pause(pauses[at], at * MS)
        if script.nods(at * MS):
            nodding.append(at)
    assert nodding == [*range(1500, 1900, 10), *range(3600, 4000, 10)]
    script.pause("u", 9000 * MS)
    script.add(Event(id="e", at=9200 * MS, conversation="c", turn="t", body=ENDED))
    assert not any(script.nods(at * MS) for at in range(9000, 12_000, 10))
