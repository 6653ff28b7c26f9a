"""Past conversations over the HTTP API, held to docs/api.md."""

from __future__ import annotations

import io
import wave
from typing import Any

import av
import httpx2
import numpy as np
import pytest
from msgspec.structs import replace

from bus import subjects
from bus.events import ConversationCopied, ConversationOpened, DeadLetter, Event, Fact, StepFailed
from bus.log import streams
from bus.process.operator_key import operator_key
from bus.settings import Settings
from services.gateway.replaying.silent_face import PIECE
from tests.projections.replay.conversations import BEGAN, facts, spoken_turn
from tests.services.gateway.conftest import Running
from tests.services.gateway.replaying.recorded import PCM, SIZE, TURN, record
from tests.services.gateway.web.test_api import error_of


@pytest.fixture
async def recorded(gateway: Running) -> str:
    """The path of a recorded conversation of the gateway's person."""
    conversation = await gateway.open()
    await record(gateway.event_log, conversation)
    newest = await gateway.event_log.last_sequence(streams.CONVERSATIONS)
    await gateway.server._feed.wait_until_applied(newest)
    return f"/api/replay/{conversation}"


async def shown(client: httpx2.AsyncClient, path: str) -> Any:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def by_id(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in rows}


async def test_a_conversation_is_shown_in_time(gateway: Running, recorded: str) -> None:
    view = await shown(gateway.client, recorded)
    assert (view["title"], view["copied"], view["sounds"], view["pictures"]) == ("Who are you?", "", "all", "all")
    assert view["characters"] == {"ada": {"name": "Ada", "accent": "#6366f1", "look": "ada"}}
    (turn,) = view["turns"]
    start = view["start"]
    assert start == BEGAN  # when the person began to speak, which is before the first event
    assert (turn["id"], turn["start"], turn["spoken"]) == (TURN, 0, True)
    assert turn["person"] == {"text": "Who are you?", "state": "final"}
    assert turn["reply"] == {
        "text": "I am Ada. I like rain.", "state": "interrupted", "character": "ada", "heard": "I am Ada. I like"
    }  # fmt: skip
    parts = ("endpoint", "transcript", "first_sentence", "first_audio", "playback_wait")
    assert turn["measures"]["answer"] == sum(turn["measures"][part] for part in parts) == 370
    assert [(mark["kind"], mark["at"]) for mark in turn["marks"]] == [("interrupted", 4310)]
    clips = by_id(view["clips"])
    assert list(clips) == ["u1", "s1a", "s1b"]
    assert [(clip["start"], clip["length"]) for clip in view["clips"]] == [(0, 2000), (2170, 1000), (3300, 1020)]
    assert [(clip["sound"], clip["pictures"]) for clip in view["clips"]] == [(True, False), (True, True), (True, False)]
    assert (clips["s1a"]["missing"], clips["s1b"]["missing"]) == ("", "it was not drawn")


async def test_sounds_and_pictures_are_there_as_far_as_they_were_heard(gateway: Running, recorded: str) -> None:
    said = await gateway.client.get(f"{recorded}/sound/u1")
    assert said.headers["content-type"] == "audio/wav"
    with wave.open(io.BytesIO(said.content)) as file:
        assert (file.getframerate(), file.getnchannels()) == (16_000, 1)
        assert file.readframes(40_000) == PCM.tobytes()
    heard = await gateway.client.get(f"{recorded}/sound/s1b.wav")
    with wave.open(io.BytesIO(heard.content)) as file:
        assert (file.getframerate(), file.getnframes()) == (48_000, 48_960)
        samples = np.frombuffer(file.readframes(48_960), np.int16)
        assert np.abs(samples[960:]).max() > 7000
    small = await gateway.client.get(f"{recorded}/sound/s1b.ogg")
    assert small.headers["content-type"] == "audio/ogg"
    with av.open(io.BytesIO(small.content), "r") as container:
        assert container.streams.audio[0].duration == 51 * 960
    seen = await gateway.client.get(f"{recorded}/video/s1a.mp4")
    assert seen.headers["content-type"] == "video/mp4"
    with av.open(io.BytesIO(seen.content), "r") as container:
        assert len(container.streams) == 1
        pictures = [int(frame.to_ndarray()[SIZE // 2, SIZE // 2]) for frame in container.decode(video=0)]
    assert len(pictures) == 25  # thirty were drawn
    assert max(abs(found - drawn) for found, drawn in zip(pictures, range(60, 85), strict=True)) <= 3
    silent = await gateway.client.get(f"{recorded}/face/0.mp4")
    with av.open(io.BytesIO(silent.content), "r") as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    assert [packet.is_keyframe for packet in packets] == [index % 10 == 0 for index in range(PIECE)]
    for gone in ("sound/u2", "video/s2.mp4", "video/u1.mp4", "video/s1b.mp4", "sound/s1a%0A", "face/999999999999.mp4"):
        assert error_of(await gateway.client.get(f"{recorded}/{gone}")) == (404, "not_found"), gone
    assert error_of(await gateway.client.get(f"{recorded}/sound/s1a.mp3")) == (400, "invalid_input")


async def test_media_that_have_expired_are_missing_with_the_reason(gateway: Running, recorded: str) -> None:
    log = gateway.event_log
    conversation = recorded.rpartition("/")[2]
    await log.js.purge_stream(streams.FRAMES, subject=subjects.frames_of(conversation))
    await log.js.purge_stream(streams.AUDIO, subject=subjects.audio_out(conversation, "s1a"), keep=1)
    await log.js.purge_stream(streams.AUDIO, subject=subjects.audio_out(conversation, "s1b"))
    view = await shown(gateway.client, recorded)
    assert (view["sounds"], view["pictures"]) == ("some", "none")
    clips = by_id(view["clips"])
    assert clips["s1a"]["missing"] == "its pictures have expired"
    assert clips["s1b"]["missing"] == "its sound has expired, it was not drawn"
    for path, words in (("sound/s1a", "30 days"), ("sound/s1b", "30 days"), ("video/s1a.mp4", "24 hours")):
        answer = await gateway.client.get(f"{recorded}/{path}")
        assert error_of(answer) == (404, "not_found")
        assert words in answer.json()["error"]["message"]
    assert (await gateway.client.get(f"{recorded}/sound/u1")).status_code == 200


RANGES = [
    ("bytes=0-1", 206, slice(0, 2)), ("bytes=10-", 206, slice(10, None)), ("bytes=-4", 206, slice(-4, None)),
    ("bytes=0-999999999", 206, slice(None)), ("bytes=-999999999", 206, slice(None)), ("bytes=5-2", 200, slice(None)),
    ("bytes=-", 200, slice(None)), ("bytes=0-1,4-5", 200, slice(None)), ("lines=1-2", 200, slice(None)),
    ("bytes=a-b", 200, slice(None)), ("bytes=" + "9" * 30 + "-", 200, slice(None)), ("bytes=64044-", 416, slice(0)),
    ("bytes=-0", 416, slice(0)),
]  # fmt: skip


async def test_players_may_ask_for_parts(gateway: Running, recorded: str) -> None:
    path = f"{recorded}/sound/u1"
    whole = await gateway.client.get(path)
    assert (len(whole.content), whole.headers["accept-ranges"]) == (64_044, "bytes")
    for asked, status, part in RANGES:
        answer = await gateway.client.get(path, headers={"range": asked})
        assert (answer.status_code, answer.content) == (status, whole.content[part]), asked
    first = await gateway.client.get(path, headers={"range": "bytes=0-1"})
    assert (first.headers["content-range"], first.headers["content-length"]) == ("bytes 0-1/64044", "2")
    other = await gateway.client.get(path, headers={"range": "bytes=0-1", "if-range": '"other"'})
    assert (other.status_code, len(other.content)) == (200, 64_044)
    known = await gateway.client.get(path, headers={"if-none-match": whole.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")
    head = await gateway.client.head(path)
    assert (head.status_code, head.headers["content-length"], head.content) == (200, "64044", b"")


async def test_events_are_listed_by_turn_by_time_and_around_one(gateway: Running, recorded: str) -> None:
    path = f"{recorded}/events"
    every = await shown(gateway.client, path)
    assert [row["tag"] for row in every[:3]] == ["conversation.opened", "utterance.started", "utterance.ended"]
    assert await shown(gateway.client, f"{path}?turn={TURN}") == every[1:]
    assert await shown(gateway.client, f"{path}?turn={TURN}&limit=2") == every[1:3]
    within = await shown(gateway.client, f"{path}?from=2060&to=2080.5")
    assert [(row["tag"], row["at"]) for row in within] == [
        ("transcript.final", 2060), ("reply.started", 2070), ("reply.sentence", 2080)
    ]  # fmt: skip
    assert within[0]["summary"] == '"Who are you?" en 0.90 moonshine'
    assert within[0]["delay"] == 60
    middle = every[9]["seq"]
    assert await shown(gateway.client, f"{path}?around={middle}&limit=3") == every[8:11]
    assert await shown(gateway.client, f"{path}?around=0&limit=3") == every[:3]
    assert await shown(gateway.client, f"{path}?around=999999&limit=3") == every[-3:]
    started = next(row for row in every if row["tag"] == "speech.started")
    detail = await shown(gateway.client, f"{path}/{started['id']}")
    assert detail["event"]["body"]["speech"] == "s1a"
    assert (detail["seq"], detail["copy"], detail["deliveries"]) == (started["seq"], False, {})
    assert [row["tag"] for row in detail["causes"]] == [
        "reply.sentence", "transcript.final", "utterance.ended", "utterance.started"
    ]  # fmt: skip
    assert [row["tag"] for row in detail["consequences"]] == [
        "playback.started", "frames.started", "frames.ended"
    ]  # fmt: skip
    assert detail["consequences"] == [row for row in every if row["cause"] == started["id"]]


WRONG = [
    "limit=0", "limit=2001", "limit=-1", "limit=x", "limit=", "limit=" + "9" * 30, "around=x", "around=-1", "around=",
    "around=1.5", "from=x", "from=nan", "from=1e9", "to=inf", "from=" + "9" * 400, "turn=t1&around=3", "colour=red",
    "from=1&around=2", "from=1&turn=t1",
]  # fmt: skip


async def test_what_makes_no_sense_is_refused_and_what_is_not_there_is_not_found(
    gateway: Running, recorded: str
) -> None:
    for wrong in WRONG:
        assert error_of(await gateway.client.get(f"{recorded}/events?{wrong}")) == (400, "invalid_input"), wrong
    for path in ("/api/replay/nothing", f"{recorded}%0A", f"{recorded}/events?turn=other", f"{recorded}/events/other",
                 f"{recorded}/other", "/api/replay/a.b*>", f"/api/replay/{'x' * 5000}"):  # fmt: skip
        assert error_of(await gateway.client.get(path)) == (404, "not_found"), path[:80]


async def test_only_its_person_and_the_operator_see_a_conversation(
    gateway: Running, recorded: str, settings: Settings
) -> None:
    paths = [f"{recorded}{rest}" for rest in ("", "/events", "/events/e", "/sound/u1", "/video/s1a.mp4")]
    async with gateway.stranger() as stranger:
        for path in paths:
            assert error_of(await stranger.get(path)) == (404, "not_found")
        stranger.cookies.set("visavis_session", "0" * 64)
        assert error_of(await stranger.get(recorded)) == (404, "not_found")
        stranger.cookies.delete("visavis_session")
        await stranger.get("/operator", params={"key": operator_key(settings)})
        assert (await stranger.get(recorded)).json() == await shown(gateway.client, recorded)
        assert (await stranger.get(f"{recorded}/sound/u1")).status_code == 200
        assert error_of(await stranger.get("/api/replay/nothing")) == (404, "not_found")


async def test_a_conversation_that_goes_on_is_continued_with_its_failures(gateway: Running, recorded: str) -> None:
    log, conversation = gateway.event_log, recorded.rpartition("/")[2]
    before = await shown(gateway.client, recorded)
    sequences = {}
    for _, event in facts("t2", spoken_turn("2", 10_000)[:3], first=100):
        moved = replace(event, conversation=conversation)
        sequences[moved.id] = await log.append(moved)
    words = next(reversed(sequences))
    failed = StepFailed(service="dialogue", code="llm", retryable=False, detail="away")
    given_up = Event(id="f1", at=BEGAN + 13_000_000, conversation=conversation, turn="t2", cause=words, body=failed)
    newest = await log.append(given_up)
    for name, place in (("other", 1), (conversation, sequences[words])):
        letter = DeadLetter(
            at=BEGAN + 13_000_000, stream="CONVERSATIONS", sequence=place, subject=f"conv.{name}.transcript.final",
            service="dialogue", code="llm", detail="away", deliveries=5, data=b"",
        )  # fmt: skip
        await log.publish_dead_letter(letter)
    await gateway.server._feed.wait_until_applied(newest)
    after = await shown(gateway.client, recorded)
    assert after["turns"][0] == before["turns"][0]
    assert [(mark["kind"], mark["event"]) for mark in after["turns"][1]["marks"]] == [
        ("failed", "f1"), ("dead_letter", words)
    ]  # fmt: skip
    detail = await shown(gateway.client, f"{recorded}/events/{words}")
    assert detail["deliveries"] == {"dialogue": 5}
    assert after["seq"] == newest


async def test_a_copy_says_so_and_keeps_the_times_of_the_original(gateway: Running) -> None:
    log = gateway.event_log
    person = await gateway.owner(await gateway.open())
    bodies: tuple[Fact, ...] = (
        ConversationCopied(source="c0", how="imported"),
        ConversationOpened(person=person, character="ada"),
    )
    for place, body in enumerate(bodies):
        event = Event(id=f"k{place}", at=BEGAN + 100 * place, conversation="copy1", body=body)
        newest = await log.append_copy(event, stored=event.at + 5000)
    await gateway.server._feed.wait_until_applied(newest)
    view = await shown(gateway.client, "/api/replay/copy1")
    assert (view["copied"], view["copy_of"], view["start"]) == ("imported", "c0", BEGAN + 100)
    rows = await shown(gateway.client, "/api/replay/copy1/events")
    assert [(row["at"], row["stored"]) for row in rows] == [(-0.1, 4.9), (0, 5)]
    detail = await shown(gateway.client, "/api/replay/copy1/events/k1")
    assert (detail["copy"], detail["subject"]) == (True, "conv.copy1.conversation.opened")
