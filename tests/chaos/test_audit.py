"""The audits of a chaos run find each fault of what is heard and seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pytest

from bus import codec
from bus.events import (
    AudioOut,
    Event,
    Fact,
    FrameBatch,
    FramesEnded,
    FramesStarted,
    MessageReceived,
    PlaybackFinished,
    PlaybackStarted,
    ReplyEnded,
    ReplySentence,
    ReplyStarted,
    SpeechEnded,
    SpeechStarted,
)
from services.audio import OpusEncoder
from services.render.encoder import H264Encoder
from tests.chaos import playback_audit
from tests.chaos.audit import audit_log, findings
from tests.chaos.notes_audit import Log

Change: TypeAlias = Callable[[Log], None]
_SECOND = np.round(8000 * np.sin(np.arange(48_000) / 20)).astype(np.int16)


def _packets(sound: np.ndarray[Any, np.dtype[np.int16]]) -> tuple[bytes, ...]:
    encoder = OpusEncoder()
    return tuple([*encoder.push(sound), *encoder.flush()][:50])


def _pictures(size: int) -> tuple[bytes, ...]:
    frames = [np.full((size * 3 // 2, size), shade, np.uint8) for shade in range(0, 250, 10)]
    return H264Encoder(size, size, 25, bitrate=500_000).encode(frames)


def _log() -> Log:
    """A message, and the answer to it in one sentence that a session has played with pictures."""
    bodies: tuple[Fact, ...] = (
        MessageReceived(message="m1", text="hello"),
        ReplyStarted(reply="r1", character="ada", engine="x"),
        ReplySentence(reply="r1", index=0, text="First comes something.", character="ada"),
        ReplyEnded(reply="r1", sentences=1),
        SpeechStarted(speech="s1", reply="r1", index=0, character="ada", voice="v", engine="x"),
        SpeechEnded(speech="s1", reply="r1", index=0, samples=48_000),
        FramesStarted(speech="s1", character="ada", engine="x", width=64, height=64, fps=25, phase=0),
        FramesEnded(speech="s1", frames=25),
        PlaybackStarted(session="a", speech="s1", reply="r1", index=0, video=True),
        PlaybackFinished(session="a", speech="s1", reply="r1", index=0, samples=48_000, complete=True, frames=25),
    )
    events = [
        Event(id=f"e{number}", at=number, conversation="c1", turn="t1", cause="e0" if number else None, body=body)
        for number, body in enumerate(bodies)
    ]
    sound = AudioOut(conversation="c1", speech="s1", index=0, sample=0, packets=_packets(_SECOND), final=True)
    pictures = FrameBatch(
        conversation="c1", speech="s1", index=0, frame=0, fps=25, phase=0, units=_pictures(64), final=True
    )
    return {
        "CONVERSATIONS": [(number, "conv.c1", codec.encode(event)) for number, event in enumerate(events, start=1)],
        "AUDIO": [(1, "audio.c1.out.s1", codec.encode(sound))],
        "FRAMES": [(1, "frames.c1.s1", codec.encode(pictures))],
        "DEAD": [],
    }


def _without(*tags: str) -> Change:
    def change(log: Log) -> None:
        kept = [one for one in log["CONVERSATIONS"] if json.loads(one[2])["body"]["type"] not in tags]
        log["CONVERSATIONS"] = kept

    return change


def _media(stream: str, **fields: object) -> Change:
    def change(log: Log) -> None:
        ((number, subject, data),) = log[stream]
        message = codec.decode_media(data)
        changed = type(message)(**{name: getattr(message, name) for name in message.__struct_fields__} | fields)
        log[stream] = [(number, subject, codec.encode(changed))]

    return change


def _again(place: int) -> Change:
    def change(log: Log) -> None:
        number, subject, data = log["CONVERSATIONS"][place]
        log["CONVERSATIONS"].append((number + 100, subject, data.replace(f'"e{place}"'.encode(), b'"again"')))

    return change


def _unseen(log: Log) -> None:
    log["CONVERSATIONS"][-1] = (10, "conv.c1", log["CONVERSATIONS"][-1][2].replace(b'"frames":25', b'"frames":0'))


def _found(log: Log) -> list[str]:
    audit = audit_log(log, {"c1": {"m1"}}, watched=["c1"])
    return [*findings(audit), *playback_audit.findings(log)]


def test_the_audit_finds_nothing_where_all_is_heard_and_seen() -> None:
    assert _found(_log()) == []


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (_without("frames.started", "frames.ended"), "was watched and has no pictures"),
        (_without("frames.ended"), "has no frames.ended"),
        (_without("reply.started"), "has an end and no beginning"),
        (_media("FRAMES", units=_pictures(32)), "one sees (25, {(32, 32)})"),
        (_media("FRAMES", units=()), "has 0 pictures, not 25"),
        (_media("AUDIO", packets=_packets(0 * _SECOND)), "is silence"),
        (_media("AUDIO", packets=(b"\xff" * 9,) * 50), "speech s1 of c1"),
        (_again(9), "was played 2 times"),
        (_again(8), "played sentences [0, 0]"),
        (_unseen, "was played without the pictures that were there"),
    ],
)
def test_the_audit_finds_what_is_not_heard_or_seen(change: Change, finding: str) -> None:
    log = _log()
    change(log)
    assert finding in "\n".join(_found(log))


def test_a_sentence_that_nobody_watched_has_no_pictures() -> None:
    log = _log()
    _without("frames.started", "frames.ended", "playback.started", "playback.finished")(log)
    assert list(findings(audit_log(log, {"c1": {"m1"}}))) == []


def test_what_the_log_forgot_when_it_was_put_back_is_no_finding() -> None:
    log = _log()
    _without("message.received", "reply.started")(log)
    audit = audit_log(log, {"c1": set()}, went_back=True)
    assert list(findings(audit)) == []
    assert audit.rootless == 8
    assert len(list(findings(audit_log(log, {"c1": set()})))) == 8
