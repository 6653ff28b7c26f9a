"""When the sentences of a re-run would be heard, and where they are cut."""

from __future__ import annotations

from bus.events import (
    Event,
    Fact,
    PlaybackFinished,
    PlaybackStarted,
    ReplyInterrupted,
    ReplySentence,
    SpeechEnded,
    SpeechFailed,
    SpeechStarted,
)
from visavis.rerun.listener import Listener

SECOND = 1_000_000


def event(body: Fact, at: int) -> Event:
    return Event(id=f"e{at}", at=at, conversation="c", turn="t", body=body)


def sentence(index: int, text: str, at: int, spoken_text: str | None = None) -> Event:
    return event(ReplySentence(reply="r", index=index, text=text, character="ada", spoken_text=spoken_text), at)


def spoken(index: int, at: int, ended: int, samples: int) -> list[Event]:
    names = {"speech": f"s{index}", "reply": "r", "index": index}
    return [
        event(SpeechStarted(**names, character="ada", voice="v", engine="e"), at),  # type: ignore[arg-type]
        event(SpeechEnded(**names, samples=samples), ended),  # type: ignore[arg-type]
    ]


def played(events: list[Event]) -> list[tuple[str, int, int | None]]:
    """Kind, time and samples."""
    return [(type(one.body).__name__, one.at, getattr(one.body, "samples", None)) for one in events]


def listener(words: int | None = None, sounds: dict[str, int] | None = None) -> Listener:
    return Listener("c", "t", words, sounds={} if sounds is None else sounds)


def test_each_sentence_is_heard_from_its_first_sound_and_after_the_one_before() -> None:
    listening = listener(sounds={"s0": 300})
    for one in [sentence(0, "One two.", 100), *spoken(0, 200, 400, 48_000)]:
        listening.add(one)
    first = list(listening.hear())
    assert played(first) == [("PlaybackStarted", 300, None), ("PlaybackFinished", 300 + SECOND, 48_000)]
    assert not listening.waiting
    # The second is there long before the first has been heard, the third comes late and slower than speech.
    for one in [sentence(1, "Three.", 110), *spoken(1, 500, 600, 24_000)]:
        listening.add(one)
    end = 300 + SECOND + SECOND // 2
    assert played(list(listening.hear())) == [
        ("PlaybackStarted", 300 + SECOND, None), ("PlaybackFinished", end, 24_000),
    ]  # fmt: skip
    late = 5 * SECOND
    for one in [sentence(2, "Four.", 120), *spoken(2, late, late + 3 * SECOND, 48_000)]:
        listening.add(one)
    assert played(list(listening.hear()))[1] == ("PlaybackFinished", late + 3 * SECOND, 48_000)
    assert not list(listening.hear())


def test_it_waits_for_sentences_that_are_being_spoken_and_for_no_others() -> None:
    listening = listener()
    listening.add(sentence(0, "One.", 100))
    listening.add(spoken(0, 200, 300, 10)[0])
    assert listening.waiting
    assert not list(listening.hear())
    listening.add(event(SpeechFailed(speech="s0", reply="r", index=0, code="x", detail=""), 400))
    listening.add(sentence(1, "`code`", 500, spoken_text=""))
    assert not list(listening.hear())
    assert not listening.waiting


def test_the_reply_is_cut_after_as_many_words_as_were_heard_of_the_recorded_one() -> None:
    listening = listener(words=3)
    for one in [sentence(0, "One two.", 100), *spoken(0, 200, 300, 48_000)]:
        listening.add(one)
    assert [type(one.body) for one in listening.hear()] == [PlaybackStarted, PlaybackFinished]
    for one in [sentence(1, "Three four five six.", 110), *spoken(1, 210, 400, 96_000), sentence(2, "Never.", 120)]:
        listening.add(one)
    *heard, interrupted = listening.hear()
    finished = heard[1].body
    assert isinstance(finished, PlaybackFinished)
    assert (finished.samples, finished.complete) == (24_000, False)
    assert isinstance(interrupted.body, ReplyInterrupted)
    assert interrupted.body.heard == "One two. Three"
    assert listening.interrupted
    assert not listening.waiting
    assert not list(listening.hear())


def test_a_reply_that_ends_before_is_not_interrupted_and_one_of_which_nothing_was_heard_is_at_once() -> None:
    short = listener(words=2)
    for one in [sentence(0, "One two.", 100), *spoken(0, 200, 300, 48_000)]:
        short.add(one)
    assert len(list(short.hear())) == 2
    assert not short.interrupted
    unheard = listener(words=0)
    assert not list(unheard.hear())
    unheard.add(sentence(0, "One two.", 100))
    (only,) = unheard.hear()
    assert isinstance(only.body, ReplyInterrupted)
    assert (only.body.heard, only.body.reply) == ("", "r")


def test_without_a_voice_sentences_are_read_as_they_come() -> None:
    reading = Listener("c", "t", 3, sounds=None)
    reading.add(sentence(0, "One two.", 100))
    assert not list(reading.hear())
    assert not reading.waiting
    reading.add(sentence(1, "Three four.", 110))
    (only,) = reading.hear()
    assert isinstance(only.body, ReplyInterrupted)
    assert only.body.heard == "One two. Three"
