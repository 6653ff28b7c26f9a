"""Every fold against a naive model, written from docs/events.md, which searches the whole log for every answer."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from bus import codec
from bus.events import (
    Body,
    CharacterChosen,
    CharacterCreated,
    CharacterEvent,
    CharacterRemoved,
    ConversationClosed,
    ConversationOpened,
    ConversationTitled,
    Event,
    FaceMade,
    FaceRefused,
    FaceRequested,
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
from projections import characters
from projections.conversation import Conversation, Sentence, fold, fold_all
from projections.read_model import ReadModel
from tests.fakes import event as on_record

PERSON = (UtteranceStarted, UtteranceEnded, UtteranceDiscarded, TranscriptFinal, MessageReceived)
BEGINS_REPLY = (ReplyStarted, ReplySentence, ReplyInterrupted, ReplyFailed)
TEXTS = st.sampled_from(("yes", "no, never", "it is late"))


def facts_of(turn: str) -> st.SearchStrategy[tuple[str | None, Body]]:
    """Any fact about one turn, in any order, with ids derived from the turn's."""
    reply, utterance = f"r{turn}", f"u{turn}"
    indices, samples = st.integers(0, 2), st.integers(0, 96_000)

    def played(index: int) -> dict[str, Any]:
        return {"session": "w", "speech": f"s{index}", "reply": reply, "index": index}

    def spoken(index: int) -> dict[str, Any]:
        return {"speech": f"s{index}", "reply": reply, "index": index}

    kinds: tuple[st.SearchStrategy[Body], ...] = (
        st.just(UtteranceStarted(utterance=utterance, session="w")),
        st.just(UtteranceEnded(utterance=utterance, samples=9, speech_ended=7, reason="silence")),
        st.just(UtteranceDiscarded(utterance=utterance, reason="no_words")),
        TEXTS.map(lambda text: TranscriptFinal(utterance=utterance, text=text, language="en", confidence=1.0)),
        st.just(ReplyStarted(reply=reply, character="ada", engine="x")),
        st.builds(lambda i, text: ReplySentence(reply=reply, index=i, text=text, character="ada"), indices, TEXTS),
        st.just(ReplyEnded(reply=reply, sentences=1)),
        TEXTS.map(lambda text: ReplyInterrupted(reply=reply, heard=text, by="button")),
        TEXTS.map(lambda text: ReplyFailed(reply=reply, code="x", detail=text)),
        indices.map(lambda i: SpeechStarted(**spoken(i), character="ada", voice="v", engine="x")),
        st.builds(lambda i, n: SpeechEnded(**spoken(i), samples=n), indices, samples),
        indices.map(lambda i: SpeechFailed(**spoken(i), code="x", detail="y")),
        indices.map(lambda i: PlaybackStarted(**played(i), video=True)),
        st.builds(lambda i, n: PlaybackProgress(**played(i), samples=n), indices, samples),
        st.builds(lambda i, n: PlaybackFinished(**played(i), samples=n, complete=False), indices, samples),
    )
    return st.one_of(*kinds).map(lambda body: (turn, body))


def written(turn: str) -> st.SearchStrategy[tuple[str | None, Body]]:
    return TEXTS.map(lambda text: (turn, MessageReceived(message=f"m{turn}", text=text)))


def _face(name: str) -> FaceRequested:
    words = dict.fromkeys(("tagline", "personality", "greeting", "voice", "language"), "")
    return FaceRequested(character=name, photo="f", look="l", owner="p", name=name, **words)


ABOUT: st.SearchStrategy[tuple[str | None, Body]] = st.sampled_from(
    (
        (None, ConversationOpened(person="p", character="ada")),
        (None, ConversationTitled(title="A title")),
        (None, CharacterChosen(character="bo")),
        (None, ConversationClosed()),
        *((None, _face(name)) for name in ("zoe", "yan")),
        *((None, FaceMade(character=name)) for name in ("zoe", "yan")),
        *((None, FaceRefused(character=name, code="x", detail="no face")) for name in ("zoe", "yan")),
    )
)
Logs = st.lists(st.one_of(facts_of("t1"), facts_of("t2"), written("t3"), ABOUT), max_size=30).map(
    lambda facts: [
        (at, on_record(body, at=at, turn=turn, conversation="c"))  # type: ignore[arg-type]
        for at, (turn, body) in enumerate(facts, 1)
    ]
)
Log = list[tuple[int, Event]]


# the naive model


def bodies(log: Log, *kinds: type[Body], turn: str | None = None) -> list[Any]:
    return [e.body for _, e in log if isinstance(e.body, kinds) and (turn is None or e.turn == turn)]


def naive_turns(log: Log) -> list[str]:
    """Ids of the turns, in the order of their first words."""
    turns = [e.turn for _, e in log if isinstance(e.body, (*PERSON, *BEGINS_REPLY)) and e.turn]
    return list(dict.fromkeys(turns))


def naive_person(log: Log, turn: str) -> tuple[str, str] | None:
    """State and text; the first words count, even if the utterance had been given up before."""
    about = bodies(log, *PERSON, turn=turn)
    words = [body.text for body in about if isinstance(body, TranscriptFinal | MessageReceived)]
    if words:
        return "final", words[0]
    if any(isinstance(body, UtteranceDiscarded) for body in about):
        return "discarded", ""
    return ("listening" if isinstance(about[-1], UtteranceStarted) else "transcribing", "") if about else None


def of_reply(log: Log, turn: str) -> list[Any]:
    """The facts of a turn's reply, from the first one that starts it."""
    about = [body for body in bodies(log, Body, turn=turn) if not isinstance(body, PERSON)]
    while about and not isinstance(about[0], BEGINS_REPLY):
        about.pop(0)
    return about


def naive_reply(log: Log, turn: str) -> tuple[str, str | None, list[tuple[int, str]]] | None:
    """State, heard text, and the first version of each sentence."""
    about = of_reply(log, turn)
    if not about:
        return None
    told: dict[int, str] = {}
    news: list[Any] = []
    for body in about:
        if isinstance(body, ReplySentence) and body.index not in told:
            told[body.index] = body.text
            news.append(body)
        if isinstance(body, ReplyFailed):
            news.append(body)
    cuts = [body for body in about if isinstance(body, ReplyInterrupted)]
    state = "failed" if news and isinstance(news[-1], ReplyFailed) else "telling"
    if any(isinstance(body, ReplyEnded) for body in about):
        state = "ended"
    if cuts:
        state = "interrupted"
    return state, cuts[0].heard if cuts else None, sorted(told.items())


def naive_heard(log: Log, turn: str, index: int) -> int:
    """The most samples that any session reported as played, since the sentence was on the log."""
    most, told = 0, False
    for body in of_reply(log, turn):
        told = told or (isinstance(body, ReplySentence) and body.index == index)
        if told and isinstance(body, PlaybackProgress | PlaybackFinished) and body.index == index:
            most = max(most, body.samples)
    return most


def naive_faces(log: Log) -> list[tuple[str, str]]:
    """The last outcome of the newest request of each character, in the order of these requests."""
    found = []
    for place, (_, event) in enumerate(log):
        if isinstance(event.body, FaceRequested):
            name = event.body.character
            after = bodies(log[place + 1 :], FaceRequested, FaceMade, FaceRefused)
            later = [one for one in after if one.character == name]
            if not any(isinstance(one, FaceRequested) for one in later):
                outcome = "refused" if later and isinstance(later[-1], FaceRefused) else "made"
                found.append((name, outcome if later else "making"))
    return found


def possible(log: Log, turn: str, sentence: Sentence) -> bool:
    """Whether the facts can have led to the state of this sentence."""
    mine = [body for body in of_reply(log, turn) if getattr(body, "index", None) == sentence.index]
    kinds = {type(body) for body in mine}
    cut = bool(bodies(log, ReplyInterrupted, turn=turn))
    match sentence.state:
        case "written":
            return not cut
        case "spoken":
            return bool(kinds & {SpeechStarted, PlaybackStarted, PlaybackProgress}) and not cut
        case "playing":
            begun = PlaybackStarted in kinds or (PlaybackProgress in kinds and sentence.heard > 0)
            return begun and not cut
        case "played":
            return PlaybackStarted in kinds or (
                bool(kinds & {PlaybackFinished, PlaybackProgress}) and sentence.heard > 0
            )
        case "unspoken":
            return SpeechFailed in kinds or cut


@given(Logs)
def test_the_fold_equals_the_naive_model(log: Log) -> None:
    state = fold_all(Conversation(id="c"), log)
    assert [turn.id for turn in state.turns] == naive_turns(log)
    for turn in state.turns:
        person = (turn.person.state, turn.person.text) if turn.person else None
        assert person == naive_person(log, turn.id)
        told = turn.reply.sentences if turn.reply else ()
        reply = (turn.reply.state, turn.reply.heard, [(one.index, one.text) for one in told]) if turn.reply else None
        assert reply == naive_reply(log, turn.id)
        for one in told:
            assert one.heard == naive_heard(log, turn.id, one.index)
            assert possible(log, turn.id, one)
    titles = [body.title for body in bodies(log, ConversationTitled)]
    words = [body.text for body in bodies(log, TranscriptFinal, MessageReceived)]
    assert state.title == titles[-1] if titles else (bool(state.title) == bool(words))
    assert state.closed == bool(bodies(log, ConversationClosed))
    chosen = [body.character for body in bodies(log, ConversationOpened, CharacterChosen)]
    assert state.character == (chosen[-1] if chosen else "")
    assert [(face.character, face.state) for face in state.faces] == naive_faces(log)
    assert all((face.error is not None) == (face.state == "refused") for face in state.faces)
    assert state.seq == len(log)


@given(Logs, st.lists(st.integers(0, 30), max_size=4))
def test_the_fold_is_independent_of_pieces_and_storage(log: Log, cuts: list[int]) -> None:
    state, done = Conversation(id="c"), 0
    for cut in [*sorted(cuts), len(log)]:
        state = fold_all(state, log[done:cut])
        state = msgspec.json.decode(msgspec.json.encode(state), type=Conversation)
        done = max(done, min(cut, len(log)))
    assert state == fold_all(Conversation(id="c"), log)


@given(Logs, st.data())
def test_events_repeated_under_their_sequence_change_nothing(log: Log, data: st.DataObject) -> None:
    state = Conversation(id="c")
    for place, (seq, event) in enumerate(log):
        state = fold(state, seq, event)
        again = data.draw(st.integers(0, place))
        assert fold(state, *log[again]) is state


class Line(msgspec.Struct):
    sequence: int
    data: bytes


@settings(max_examples=15)
@given(Logs, st.lists(st.integers(0, 30), max_size=4))
def test_the_read_model_is_independent_of_batches(log: Log, cuts: list[int]) -> None:
    lines = [Line(seq, codec.encode(event)) for seq, event in log]
    with tempfile.TemporaryDirectory() as folder:
        digests = []
        for name, places in (("one", [len(lines)]), ("many", [*sorted(cuts), len(lines)])):
            model = ReadModel(Path(folder) / name)
            for place in places:
                model.apply_records(lines[:place])  # each time from the beginning again
            digests.append((model.digest(), model.position))
            assert model.conversation("c") == (fold_all(Conversation(id="c"), log) if log else None)
            model.close()
    assert digests[0] == digests[1]


Created = st.lists(st.tuples(st.sampled_from(("ada", "bo", "cy")), st.one_of(TEXTS, st.none())), max_size=12)
"""Id and name; None: removed."""


@given(Created)
def test_characters_are_the_newest_version_of_each_in_order_of_creation(made: list[tuple[str, str | None]]) -> None:
    events = [
        CharacterEvent(
            id=f"e{at}",
            at=at,
            character=name,
            body=CharacterRemoved()
            if text is None
            else CharacterCreated(name=text, tagline="", personality="", greeting="", look="", voice=""),
        )
        for at, (name, text) in enumerate(made, 1)
    ]
    known = characters.fold_all(events)
    newest = {name: text for name, text in dict(made).items() if text is not None}
    assert {name: body.name for name, body in known.items()} == newest
    # The place of each is that of its first creation since it was last removed.
    gone = {name: max((at for at, one in enumerate(made) if one == (name, None)), default=-1) for name in newest}
    first = {name: next(at for at, one in enumerate(made) if at > gone[name] and one[0] == name) for name in newest}
    assert list(known) == sorted(newest, key=lambda name: first[name])
