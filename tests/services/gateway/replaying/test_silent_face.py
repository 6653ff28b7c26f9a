"""A replay shows the face between speeches as the session showed it."""

from __future__ import annotations

import pytest

from bus.errors import NotFound
from bus.events import (
    CharacterChosen,
    ConversationOpened,
    EndpointingTrace,
    Event,
    Fact,
    MessageReceived,
    ReplyStarted,
    TranscriptFinal,
    UtteranceDiscarded,
    UtteranceEnded,
    UtteranceStarted,
)
from bus.ids import seed_of
from services.face_clips import CLIPS, KEY_FRAME_INTERVAL, LOOP_FRAMES, MAIN, WINDOW_FRAMES
from services.face_replay import FRAME
from services.face_script import FaceScript
from services.gateway.playing.idle_loops import IdleLoop
from services.gateway.playing.playout import Playout
from services.gateway.replaying.silent_face import PIECE, piece_frames, silent_pictures

START = 1_790_000_000_000_000
KEYS = tuple(range(0, LOOP_FRAMES, KEY_FRAME_INTERVAL))
SECOND = 1_000_000


def loop(character: str) -> IdleLoop:
    """All clips of a character: each access unit says which one it is, and the frame."""
    def clip(name: str) -> IdleLoop:
        units = tuple(f"{character} {name} {frame}".encode() for frame in range(LOOP_FRAMES))
        rests = frozenset(KEYS[:: WINDOW_FRAMES // KEY_FRAME_INTERVAL] if name == "idle-2" else KEYS)
        return IdleLoop(character, "v1", units, KEYS, rests)

    main = clip(MAIN)
    return IdleLoop(character, "v1", main.units, KEYS, main.rests, {name: clip(name) for name in CLIPS if name != MAIN})


LOOPS = {"ada": loop("ada"), "milo": loop("milo")}


def event(seconds: float, body: Fact, turn: str = "t") -> Event:
    return Event(id=f"e{seconds}", at=START + int(seconds * SECOND), conversation="c", turn=turn, body=body)


def spoken() -> list[Event]:
    """A long utterance with a pause, words, and an answer that is thought about; then a cough; then a message."""
    trace = EndpointingTrace(
        onset_rule="", language="en", window=512, silence_ms=500, speech="", loudness="", onset=10, lead=0,
        free_from=0, last_speech=None, stable=(10 + 2 * 16_000 // 512,),
    )  # fmt: skip
    final = TranscriptFinal(utterance="u", text="what time is it", language="en", confidence=1.0, engine="e")
    return [
        event(0, ConversationOpened(person="p", character="ada")),
        event(2, UtteranceStarted(utterance="u", session="s")),
        event(7, UtteranceEnded(utterance="u", samples=1, speech_ended=1, reason="silence", trace=trace)),
        event(7.4, final),
        event(7.5, ReplyStarted(reply="r", character="ada", engine="e")),
        event(12, UtteranceStarted(utterance="v", session="s"), "t2"),
        event(13, UtteranceDiscarded(utterance="v", reason="no_words"), "t2"),
        event(15, MessageReceived(message="m", text="hello"), "t3"),
    ]


def as_seen(events: list[Event], frames: range) -> list[bytes]:
    """What a session sent in these frames, which began long before."""
    playout, script = Playout(phase=frames.start - 1000, seed=seed_of("c")), FaceScript()
    playout.set_idle_loop(LOOPS["ada"])
    pause = START + 4 * SECOND
    sent: list[bytes] = []
    waiting = list(events)
    for frame in range(frames.start - 1000, frames.stop):
        now = frame * FRAME
        while waiting and waiting[0].at <= now:
            script.add(waiting.pop(0))
        if pause <= now:
            script.pause("u", pause)
            pause = frames.stop * FRAME
        playout.show_state(script.state(now), nods=script.nods(now))
        units = [playout.tick().video, playout.tick().video]
        assert units[0] is not None
        sent.append(units[0])
    return sent[1000:]


def test_a_replay_shows_picture_by_picture_what_the_session_sent() -> None:
    frames = piece_frames(START, 0)
    seen = as_seen(spoken(), frames)
    shown = silent_pictures(spoken(), "c", frames, LOOPS.get)
    assert [unit for unit, _ in shown] == seen
    assert [is_key for _, is_key in shown] == [number % KEY_FRAME_INTERVAL == 0 for number in range(PIECE)]
    clips = [unit.split()[1].decode() for unit in seen]
    in_order = list(dict.fromkeys(clip for clip in clips if clip not in ("idle", "idle-2", "idle-3")))
    assert in_order == ["attend", "listening", "nod", "ponder", "thinking", "relax", "release"]
    assert clips.count("nod") == KEY_FRAME_INTERVAL
    # Each piece goes on where the one before it ended.
    later = silent_pictures(spoken(), "c", piece_frames(START, 1), LOOPS.get)
    assert [unit for unit, _ in later] == as_seen(spoken(), piece_frames(START, 1))


def test_another_character_is_there_from_the_next_key_frame_on_and_one_without_clips_is_not_shown() -> None:
    events = [*spoken()[:1], event(1.01, CharacterChosen(character="milo"))]
    frames = piece_frames(START, 0)
    shown = [unit.split()[0] for unit, _ in silent_pictures(events, "c", frames, LOOPS.get)]
    assert shown.count(b"ada") == shown.index(b"milo")
    assert shown.index(b"milo") % KEY_FRAME_INTERVAL == 0
    assert 25 <= shown.index(b"milo") <= 50
    assert len(shown) == PIECE
    with pytest.raises(NotFound, match="milo has no pictures"):
        silent_pictures(events, "c", frames, {"ada": LOOPS["ada"]}.get)
