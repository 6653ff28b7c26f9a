"""A log of one conversation with every kind of fact, out of order, repeated and late ones among them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bus import events as e

_S = "s1"


def _sentence(reply: str, index: int, text: str) -> e.ReplySentence:
    return e.ReplySentence(reply=reply, index=index, text=text, character="ada", emotion="happy")


def _speech(reply: str, index: int) -> dict[str, Any]:
    return {"speech": f"{reply}-{index}", "reply": reply, "index": index}


def _opening() -> Iterator[tuple[str | None, e.Fact]]:
    yield None, e.ConversationOpened(person="p1", character="ada", language="en")
    yield None, e.SessionOpened(session=_S)


def _spoken_turn() -> Iterator[tuple[str | None, e.Fact]]:
    turn, reply = "t1", "r1"
    final = e.TranscriptFinal(utterance="u1", text=" what is the time ", language="en", confidence=0.9)
    yield turn, e.UtteranceStarted(utterance="u1", session=_S)
    yield turn, e.UtteranceEnded(utterance="u1", samples=16000, speech_ended=9600, reason="silence")
    yield turn, final
    yield turn, final  # came twice
    yield turn, e.TranscriptCorrected(utterance="u1", text="what is the time?")
    yield turn, e.ReplyStarted(reply=reply, character="ada", engine="companion")
    yield turn, e.ToolCalled(reply=reply, call="call00001", name="clock", arguments="{}")
    yield turn, e.ToolReturned(reply=reply, call="call00001", result="23:40")
    yield turn, _sentence(reply, 1, "Ask me again later.")
    yield turn, _sentence(reply, 0, "It is late.")
    yield turn, _sentence(reply, 0, "A second version, which is ignored.")
    yield turn, e.SpeechStarted(**_speech(reply, 0), character="ada", voice="female", engine="espeak")
    yield turn, e.FramesStarted(
        speech="r1-0", character="ada", engine="layered", width=512, height=512, fps=25, phase=3
    )
    yield turn, e.PlaybackStarted(session=_S, **_speech(reply, 0), video=True)
    yield turn, e.ReplyEnded(reply=reply, sentences=2)
    yield turn, e.PlaybackProgress(session=_S, **_speech(reply, 0), samples=24000)
    yield turn, e.SpeechEnded(**_speech(reply, 0), samples=48000, visemes=(e.VisemeMark(sample=0, viseme="aa"),))
    yield turn, e.FramesEnded(speech="r1-0", frames=25)
    yield turn, e.PlaybackFinished(session=_S, **_speech(reply, 0), samples=48000, complete=True, frames=25)
    yield turn, e.PlaybackStarted(session="s2", **_speech(reply, 0), video=False)  # late news of another session
    yield turn, e.SpeechFailed(**_speech(reply, 1), code="engine_failed", detail="no voice")


def _recorded_turn() -> Iterator[tuple[str | None, e.Fact]]:
    turn = "t9"
    origin = e.Origin(channel="telegram", account="1", chat="2", sender="2", message="3")
    yield turn, e.VoiceNoteReceived(utterance="u9", origin=origin, media="file")
    yield turn, e.UtteranceStarted(utterance="u9", language="und")
    yield turn, e.UtteranceEnded(utterance="u9", samples=16000, speech_ended=9600, reason="recording")
    yield turn, e.TranscriptFinal(utterance="u9", text="what is this", language="en", confidence=0.9)


def _interrupted_turn() -> Iterator[tuple[str | None, e.Fact]]:
    turn, reply = "t2", "r2"
    text = "Tell me  everything about the history of lighthouses, please, and take your time with it"
    yield turn, e.MessageReceived(message="m2", text=text)
    yield turn, _sentence(reply, 0, "Gladly.")
    yield turn, _sentence(reply, 1, "The first one stood at Alexandria.")
    yield turn, _sentence(reply, 2, "It was tall.")
    yield turn, e.SpeechStarted(**_speech(reply, 0), character="ada", voice="female", engine="espeak")
    yield turn, e.SpeechStarted(**_speech(reply, 1), character="ada", voice="female", engine="espeak")
    yield turn, e.PlaybackStarted(session=_S, **_speech(reply, 0), video=True)
    yield turn, e.ReplyInterrupted(reply=reply, heard="Gladly", by="speech")
    yield turn, e.ReplyInterrupted(reply=reply, heard="Another", by="button")
    yield turn, e.PlaybackFinished(session=_S, **_speech(reply, 0), samples=9600, complete=False)
    yield turn, e.PlaybackStarted(session=_S, **_speech(reply, 1), video=True)
    yield turn, _sentence(reply, 3, "Written too late.")
    yield turn, e.ReplyEnded(reply=reply, sentences=4)


def _odd_turns() -> Iterator[tuple[str | None, e.Fact]]:
    yield "t3", e.UtteranceStarted(utterance="u3", session=_S)
    yield "t3", e.UtteranceEnded(utterance="u3", samples=3200, speech_ended=1600, reason="muted")
    yield "t3", e.UtteranceDiscarded(utterance="u3", reason="no_words")
    # a turn of two utterances, the second one without words
    yield "t4", e.UtteranceStarted(utterance="u4", session=_S)
    yield "t4", e.TranscriptFinal(utterance="u4", text="well", language="en", confidence=0.5)
    yield "t4", e.UtteranceStarted(utterance="u5", session=_S)
    yield "t4", e.TranscriptFinal(utterance="u5", text="let me see", language="en", confidence=0.5)
    yield "t4", e.UtteranceStarted(utterance="u6", session=_S)
    yield "t4", e.UtteranceDiscarded(utterance="u6", reason="too_short")
    yield "t4", e.ReplyFailed(reply="r4", code="unreachable", detail="the model cannot be reached")
    yield "t4", e.ReplyFailed(reply="r4", code="unreachable", detail="said twice")
    yield "t6", e.MessageReceived(message="m6", text="and")
    yield "t6", e.ReplyMerged(reply="r6", into="m7")
    yield None, e.MessageReceived(message="m7", text="no turn was given", channel="telegram")
    yield "t9", e.ReplyStarted(reply="r9", character="leo", engine="companion")  # nobody asked
    yield "t9", _sentence("r9", 0, "Here I am.")
    yield "t9", e.SpeechStarted(**_speech("r9", 0), character="leo", voice="male", engine="espeak")
    yield "t9", e.PlaybackStarted(session=_S, **_speech("r9", 0), video=True)
    yield "t9", e.PlaybackFinished(session=_S, **_speech("r9", 0), samples=0, complete=False)
    yield "t9", e.PlaybackProgress(session=_S, **_speech("unknown", 0), samples=4)
    yield "t9", e.PlaybackStarted(session=_S, **_speech("r9", 7), video=True)  # of a sentence that is not on record


def _faces() -> Iterator[tuple[str | None, e.Fact]]:
    words = dict.fromkeys(("tagline", "personality", "greeting", "voice", "language"), "")

    def asked(name: str) -> e.FaceRequested:
        return e.FaceRequested(character=name, photo="f", look="l", owner="p1", name=name.title(), **words)

    yield None, asked("zoe")
    yield None, asked("yan")
    yield None, e.FaceRefused(character="zoe", code="invalid_input", detail="no face was found")
    yield None, e.FaceMade(character="yan")
    yield None, asked("zoe")  # with another photo
    yield None, e.FaceRefused(character="zoe", code="engine_failed", detail="no models")
    yield None, e.FaceMade(character="zoe")  # put back by hand
    yield None, e.FaceMade(character="nobody")


def _closing() -> Iterator[tuple[str | None, e.Fact]]:
    yield None, e.CharacterChosen(character="leo")
    yield None, e.ConversationTitled(title="Lighthouses")
    yield "t9", e.CommandRecognised(name="slower")
    yield "t9", e.CommandRefused(name="slower", code="limit_reached", detail="That is as far as it goes.")
    yield "t9", e.FramesFailed(speech="r9-0", code="engine_failed", detail="out of memory")
    yield "t9", e.StepFailed(service="render", code="engine_failed", retryable=False, detail="out of memory")
    yield "t4", e.StepRepeated(service="dialogue", event="e1")
    yield "t4", _sentence("r4", 0, "Here I am again.")
    yield "t4", e.ReplyFailed(reply="r4", code="unreachable", detail="once more")
    yield "t4", e.ReplyEnded(reply="r4", sentences=1)
    again = e.TranscriptFinal(utterance="u3", text="can you hear me", language="en", confidence=0.5)
    yield "t3", again
    yield "t3", again  # came twice
    yield None, e.ConversationCopied(source="c0", how="imported")
    yield None, e.SessionClosed(session=_S, reason="left")
    yield "t3", e.TranscriptCorrected(utterance="u3", text="Can you hear me?")
    yield None, e.ConversationCopied(source="c9", how="imported")
    yield None, e.ConversationClosed()


def log() -> list[tuple[int, e.Event]]:
    """The facts with their stream sequences, which have gaps as other conversations are in the stream, too."""
    turns = [*_spoken_turn(), *_recorded_turn(), *_interrupted_turn(), *_odd_turns()]
    facts = [*_opening(), *turns, *_faces(), *_closing()]
    return [
        (3 * place, e.Event(id=f"e{place}", at=place * 1_000_000, conversation="c1", turn=turn, body=body))
        for place, (turn, body) in enumerate(facts, start=1)
    ]
