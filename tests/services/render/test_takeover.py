"""A speech takes over from the clip that pages show: the face neither jumps nor stays in thought."""

from __future__ import annotations

from bus.events import (
    Event,
    Fact,
    IdleBatch,
    MessageReceived,
    ReplyStarted,
    SpeechStarted,
    TranscriptFinal,
    UtteranceEnded,
    UtteranceStarted,
)
from bus.ids import seed_of
from services.face_clips import CLIPS, IDLE_CLIPS, KEY_FRAME_INTERVAL, LOOP_FRAMES, MAIN
from services.face_replay import FRAME
from services.face_script import FaceScript
from services.gateway.playing.idle_loops import IdleLoop
from services.gateway.playing.playout import Playout
from services.render.face_motion import UnderlyingMotion, face_motion
from services.render.takeover import shown_clip
from tests.services.render.fakes import AT, FakeReader

DELAY = 240_000
KEYS = tuple(range(0, LOOP_FRAMES, KEY_FRAME_INTERVAL))
MOTION = face_motion("ada")


def event(ms: int, body: Fact) -> Event:
    return Event(id=f"e{ms}", at=AT + 1000 * ms, conversation="c", turn="t", body=body)


def speech(ms: int) -> Event:
    return event(ms, SpeechStarted(speech="s", reply="r", index=0, character="ada", voice="v", engine="e"))


def asked(answered_at: int) -> list[Event]:
    return [
        event(0, UtteranceStarted(utterance="u", session="s")),
        event(3000, UtteranceEnded(utterance="u", samples=1, speech_ended=1, reason="silence")),
        event(3080, TranscriptFinal(utterance="u", text="hello", language="en", confidence=1.0, engine="e")),
        event(3100, ReplyStarted(reply="r", character="ada", engine="e")),
        speech(answered_at),
    ]


def clips() -> list[IdleBatch]:
    return [
        IdleBatch(character="ada", clip=clip, version="1", index=index, frame=key, fps=25, loop=LOOP_FRAMES, units=())
        for clip in CLIPS for index, key in enumerate(KEYS)
    ]  # fmt: skip


def as_seen(facts: list[Event], until: int) -> str:
    """The clip that a session shows at a time, which began a minute before."""
    def one(name: str) -> IdleLoop:
        rests = frozenset(key for key in KEYS if MOTION.is_at_rest(name, key))
        return IdleLoop("ada", "1", tuple(f"{name} {frame}".encode() for frame in range(LOOP_FRAMES)), KEYS, rests)

    loop = one(MAIN)
    further = {name: one(name) for name in CLIPS if name != MAIN}
    first, last = AT // FRAME - 1500, until // FRAME
    playout, script, waiting, unit = Playout(first, seed_of("c")), FaceScript(), list(facts), b""
    playout.set_idle_loop(IdleLoop("ada", "1", loop.units, KEYS, loop.rests, further))
    for frame in range(first, last + 1):
        while waiting and waiting[0].at <= frame * FRAME:
            script.add(waiting.pop(0))
        playout.show_state(script.state(frame * FRAME))
        unit = playout.tick().video or unit
        playout.tick()
    return unit.split()[0].decode()


async def test_the_clip_is_the_one_that_sessions_show_when_the_voice_begins() -> None:
    found = {}
    for answered in (3300, 3600, 3900, 4300, 9000):
        *facts, started = asked(answered)
        reader = FakeReader(media=[*clips()], facts_on_record=facts)
        found[answered] = await shown_clip(started, "ada", started.at + DELAY, reader)
        assert found[answered] == as_seen([*facts, started], started.at + DELAY)
    assert found[3300] == "listening"
    assert found[9000] == "thinking"
    written = [event(0, MessageReceived(message="m", text="hello"))]
    reader = FakeReader(media=[*clips()], facts_on_record=written)
    assert await shown_clip(speech(4000), "ada", speech(4000).at + DELAY, reader) == "thinking"
    assert await shown_clip(speech(90_000), "ada", speech(90_000).at + DELAY, reader) in IDLE_CLIPS


async def test_without_the_further_clips_a_speech_takes_over_from_the_idle_loop() -> None:
    *facts, started = asked(9000)
    for media in ([], clips()[:-1]):
        reader = FakeReader(media=[*media], facts_on_record=facts)
        assert await shown_clip(started, "ada", started.at + DELAY, reader) == MAIN


def test_from_every_clip_the_face_moves_on_without_a_jump_and_is_idle_within_half_a_second() -> None:
    most = {"yaw": 1.3, "pitch": 1.9, "roll": 1.3, "smile": 0.09, "brow_left": 0.09, "furrow": 0.06}
    for clip in CLIPS:
        for start in (7, 55, 133):
            before = MOTION.pose(clip, start - 1)
            under = UnderlyingMotion("ada", clip, start)
            for frame in range(start, start + 14):
                pose = under.pose(frame)
                for name, step in most.items():
                    assert abs(getattr(pose, name) - getattr(before, name)) <= step, (clip, start, frame, name)
                before = pose
            assert before == MOTION.pose(MAIN, start + 13)
