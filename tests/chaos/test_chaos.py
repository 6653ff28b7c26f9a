"""Every turn is complete and without duplicates, whichever process is killed. `make chaos` runs the same for longer."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import TypeAlias

import cv2
import pytest

from bus import codec, subjects
from bus.errors import NotFound
from bus.events import (
    Body,
    Event,
    FaceMade,
    FaceRefused,
    FaceRequested,
    Fact,
    FramesStarted,
    IdleBatch,
    MessageReceived,
    ReplyEnded,
    ReplySentence,
    ReplyStarted,
    SpeechEnded,
    SpeechStarted,
    TranscriptFinal,
    UtteranceStarted,
)
from bus.ids import look_of
from bus.log import streams
from bus.log.event_log import EventLog, connect
from services.characters import current_characters
from services.models.catalogue import FACE_LANDMARKS
from services.render.layered.renderer import LayeredRenderer
from services.render.pose import Pose
from tests import real_models
from tests.chaos import audit as log_audit
from tests.chaos.deployment import Deployment
from tests.chaos.language_model import language_model
from tests.chaos.persons import Person
from tests.chaos.run import PATIENCE, run
from tests.chaos.verification import different_decisions

Change: TypeAlias = Callable[[list[tuple[int, str, bytes]]], list[tuple[int, str, bytes]]]

STEPS: tuple[tuple[str, type[Body], bool], ...] = (
    ("stt", UtteranceStarted, True),
    ("stt", TranscriptFinal, True),
    ("dialogue", MessageReceived, False),
    ("dialogue", ReplyStarted, False),
    ("dialogue", ReplySentence, False),
    ("dialogue", ReplyEnded, False),
    ("tts", ReplySentence, False),
    ("tts", SpeechStarted, False),
    ("tts", SpeechEnded, False),
    ("render", SpeechStarted, False),
    ("render", FramesStarted, False),
    ("gateway", MessageReceived, False),
    ("gateway", ReplyStarted, False),
)
"""The service to kill, the fact at which to kill it, and whether the turn is spoken."""


async def on_next_fact(event_log: EventLog, kind: type[Body], conversation: str, act: Callable[[], None]) -> None:
    """Call `act` as soon as the next fact of a kind is on the log."""
    after = await event_log.last_sequence(streams.CONVERSATIONS)
    subject = subjects.fact_in(conversation, kind)
    async with aclosing(event_log.read(streams.CONVERSATIONS, subject, after=after, follow=True)) as records:
        await anext(records)
    act()


async def test_each_service_killed_at_each_step_of_a_turn(tmp_path: Path) -> None:
    async with language_model() as endpoint:
        deployment = Deployment(tmp_path, endpoint, workers=("stt", "dialogue", "tts", "render", "gateway"))
        async with deployment.running(), connect(deployment.settings, name="persons") as event_log:
            persons = [Person(deployment.base, event_log, 1, number, watches=True) for number in range(3)]
            for person in persons:
                await person.open()
            for number, (victim, kind, spoken) in enumerate(STEPS):
                person = persons[number % len(persons)]

                def kill(victim: str = victim) -> None:
                    deployment.processes[victim].signal(signal.SIGKILL)

                killing = asyncio.create_task(on_next_fact(event_log, kind, person.conversation, kill))
                await asyncio.sleep(0.1)
                # Three conversations in turn: the next one starts while this one recovers.
                await person.take_turn(spoken=spoken)
                await killing
            unfinished = await log_audit.unfinished_work(deployment.url, PATIENCE)
            await asyncio.gather(*(person.close() for person in persons))
            log = await log_audit.read_log(deployment.url)
        sent = {person.conversation: person.sent for person in persons}
        audit = log_audit.audit_log(log, sent, watched=sent)
    assert unfinished == []
    assert list(log_audit.findings(audit)) == []
    assert different_decisions(log) == []
    assert [turn for person in persons for turn in person.stuck] == []
    assert (audit.turns, audit.complete, audit.dead) == (len(STEPS), len(STEPS), 0)


@real_models.needs(FACE_LANDMARKS)
async def test_a_photo_becomes_one_face_although_render_is_killed_twice(tmp_path: Path) -> None:
    photo = cv2.imencode(".png", LayeredRenderer(640).face("milo").pixels(Pose())[:, :, :3])[1].tobytes()
    body = FaceRequested(
        character="zoe", photo="upload-e1", look=look_of(photo), owner="p", name="Zoe", tagline="", personality="",
        greeting="", voice="female", language="en",
    )  # fmt: skip
    deployment = Deployment(tmp_path, "http://127.0.0.1:9", workers=("render",))

    async def kill_at(stream: str, subject: str) -> None:
        async with aclosing(event_log.read(stream, subject, follow=True)) as records:
            await anext(records)
        deployment.processes["render"].signal(signal.SIGKILL)

    async with deployment.running(), connect(deployment.settings, name="person") as event_log:
        await event_log.assets.put(body.photo, photo)
        killing = asyncio.create_task(kill_at(streams.IDLE, subjects.idle_frames("zoe")))
        await event_log.append(Event(id="e1", at=1, conversation="c", body=body))
        await killing
        await kill_at(streams.CHARACTERS, "character.zoe.>")
        while await event_log.last_fact("c", FaceMade) is None:
            await asyncio.sleep(0.1)
        assert await log_audit.unfinished_work(deployment.url, PATIENCE) == []
        facts = [fact.body for _, fact in await event_log.facts("c")]
        assert [body for body in facts if isinstance(body, FaceMade | FaceRefused)] == [FaceMade(character="zoe")]
        assert await event_log.count(streams.CHARACTERS, "character.zoe.>") == 1
        assert (await current_characters(event_log))["zoe"].look == body.look
        loop = await event_log.last_media(IdleBatch, subjects.idle_frames("zoe"))
        assert loop is not None
        assert loop.final
        assert await event_log.asset(body.look)
        with pytest.raises(NotFound):
            await event_log.asset(body.photo)
    assert deployment.processes["render"].starts == 3


async def test_a_short_run_of_chaos_loses_and_duplicates_nothing(tmp_path: Path) -> None:
    report = await run(tmp_path, seed=7, turns=16, conversations=4)
    print(report)
    assert report.findings == []
    assert report.audit.turns == 16
    assert report.audit.complete + report.audit.interrupted + report.audit.merged == 16
    assert sum(report.faults.values()) > 5


def _without(place: int) -> Change:
    return lambda facts: [one for number, one in enumerate(facts) if number != place]


def _replaced(place: int, old: bytes, new: bytes) -> Change:
    return lambda facts: [
        (sequence, subject, data.replace(old, new) if sequence == place + 1 else data)
        for sequence, subject, data in facts
    ]


MERGED = b'"reply.merged","reply":"r1","into":"t9"'


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (_without(1), "has no reply"),
        (_without(3), "has no reply.ended"),
        (_without(0), "without its cause"),
        (lambda facts: [*facts, facts[2]], "is there 2 times"),
        (_replaced(2, b'"index":0', b'"index":1'), "has sentences [1]"),
        (_replaced(2, b"First", b"Second"), "says ['Second"),
        (_replaced(3, b"reply.ended", b"reply.over"), "not in the events page"),
        (lambda facts: [(1, *facts[1][1:]), (2, *facts[0][1:]), *facts[2:]], "comes before its cause"),
        (_replaced(1, b'"reply.started","reply":"r1","character":"ada","engine":"x"', MERGED), "which has no reply"),
        (lambda facts: facts, "has no speech.started"),
    ],
)
def test_the_audit_finds_each_fault(change: Change, finding: str) -> None:
    bodies: tuple[Fact, ...] = (
        MessageReceived(message="m1", text="hello"),
        ReplyStarted(reply="r1", character="ada", engine="x"),
        ReplySentence(reply="r1", index=0, text="First comes something.", character="ada"),
        ReplyEnded(reply="r1", sentences=1),
    )
    events = [
        Event(id=f"e{number}", at=1, conversation="c1", turn="t1", cause="e0" if number else None, body=body)
        for number, body in enumerate(bodies)
    ]
    facts = change([(number + 1, "conv.c1", codec.encode(event)) for number, event in enumerate(events)])
    log = {"CONVERSATIONS": facts, "AUDIO": [], "FRAMES": [], "DEAD": []}
    assert finding in "\n".join(log_audit.findings(log_audit.audit_log(log, {"c1": {"m1"}})))
