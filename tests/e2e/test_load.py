"""The load test against the running system: two people and voice notes, until somebody stops it."""

from __future__ import annotations

import asyncio

from bench.load import LoadTest
from bench.loading.lines import OTHERS, Lines, share_of, synthetic_lines
from bench.loading.people import Turn
from bench.loading.report import leaks_in
from bench.loading.system import running
from tests.e2e.stack import Stack

PATIENCE = 90.0
SHORT_ANSWERS = ("what_time_is_it_slt", "what_is_your_name_rms", "are_you_a_robot_slt")


def was_understood(turn: Turn) -> bool:
    return turn.audible is not None and share_of(turn.said, turn.heard) >= OTHERS


async def test_two_people_and_a_note_get_their_own_answers_and_a_stop_keeps_what_there_is(stack: Stack) -> None:
    spoken = [one for one in synthetic_lines().lines if one.name in SHORT_ANSWERS]
    target = running([stack.url], stack.settings)
    stop = asyncio.Event()
    async with stack.event_log() as event_log:
        test = LoadTest(target, Lines(tuple(spoken), "synthetic"), event_log, pause=0.2, ramp=0.0, settle=0.0,
                        notes=20)  # fmt: skip

        async def stop_when_answered() -> None:
            async with asyncio.timeout(PATIENCE):
                while not (
                    test.persons
                    and all(any(map(was_understood, person.turns)) for person in test.persons)
                    and test.notes is not None
                    and any(note.seconds is not None for note in test.notes.notes)
                ):
                    await asyncio.sleep(0.1)
            stop.set()

        stopping = asyncio.create_task(stop_when_answered())
        found = await test.run(2, 2 * PATIENCE, stop)
        await stopping
    assert found.leaks == {}
    # A machine that is busy with other things may lose a call or a turn, and says so; but it looks all of them up.
    assert not [kind for kind in found.failures if "no log" in kind or "looked up" in kind]
    assert found.seconds < 2 * PATIENCE
    assert found.turns >= 2
    assert found.first_sound is not None
    assert found.notes is not None
    assert found.steps["answer"].count >= found.turns
    assert found.checked_sounds > 50
    assert found.looks is not None
    assert {"gateway", "stt", "tts", "nats"} <= found.looks.cpu_seconds.keys()
    assert found.looks.stream_bytes["CONVERSATIONS"] > 0
    turns = [turn for person in test.persons for turn in person.turns]
    mixed_up = {0: test.persons[1].lines, 1: test.persons[0].lines}
    assert leaks_in(turns, mixed_up)["another's words heard"] >= sum(map(was_understood, turns)) >= 2
