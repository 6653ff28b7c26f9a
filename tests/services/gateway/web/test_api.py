"""The HTTP API, held to docs/api.md."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator

import httpx2
import pytest

from bus.events import (
    Body,
    ConversationOpened,
    Event,
    MessageReceived,
    PlaybackFinished,
    PlaybackStarted,
    ReplyEnded,
    ReplyInterrupted,
    ReplySentence,
    ReplyStarted,
    SpeechEnded,
    SpeechFailed,
    SpeechStarted,
)
from bus.ids import derive_id
from bus.log.event_log import EventLog
from bus.log.headers import INCOMING_TRACE
from bus.process.discovery import announce
from bus.settings import Settings
from tests.conftest import NatsServer
from tests.services.gateway.conftest import FullDisk, Running, serving
from tests.services.gateway.web.test_metrics import measured


def error_of(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_the_characters_are_listed_with_their_portraits(gateway: Running) -> None:
    characters = (await gateway.client.get("/api/characters")).json()
    assert [one["id"] for one in characters] == ["ada", "milo"]
    assert set(characters[0]) == {"id", "name", "tagline", "greeting", "accent", "language", "portrait", "own"}
    portrait = await gateway.client.get(characters[0]["portrait"])
    assert portrait.headers["content-type"] == "image/jpeg"
    assert portrait.content.startswith(b"\xff\xd8")


async def test_a_portrait_that_the_browser_has_is_not_sent_again(gateway: Running) -> None:
    path = "/api/characters/ada/portrait"
    tag = (await gateway.client.get(path)).headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        same = await gateway.client.get(path, headers={"if-none-match": known})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
        assert same.headers["cache-control"] == "no-cache"
    for other in ('"other"', tag.strip('"'), "", '"', f"{tag}x"):
        changed = await gateway.client.get(path, headers={"if-none-match": other})
        assert changed.status_code == 200
        assert changed.content.startswith(b"\xff\xd8")
    assert error_of(await gateway.client.get("/api/characters/milo/portrait", headers={"if-none-match": "*"}))[0] == 503


async def test_a_portrait_is_unavailable_before_it_is_drawn_and_not_found_without_a_character(gateway: Running) -> None:
    undrawn = await gateway.client.get("/api/characters/milo/portrait")
    assert error_of(undrawn) == (503, "unavailable")
    assert undrawn.headers["retry-after"]
    assert error_of(await gateway.client.get("/api/characters/nobody/portrait")) == (404, "not_found")


async def test_a_conversation_is_opened_listed_and_shown(gateway: Running) -> None:
    first, second = await gateway.open(), await gateway.open("milo")
    assert [one["id"] for one in (await gateway.client.get("/api/conversations")).json()] == [second, first]
    shown = (await gateway.client.get(f"/api/conversations/{first}")).json()
    assert shown | {"seq": 0} == {
        "id": first,
        "seq": 0,
        "title": "",
        "character": "ada",
        "language": "en",
        "turns": [],
        "faces": [],
    }


async def test_the_error_for_an_unknown_character_lists_the_known_ones(gateway: Running) -> None:
    answer = await gateway.client.post("/api/conversations", json={"character": "zorro"})
    assert error_of(answer) == (404, "not_found")
    assert "ada, milo" in answer.json()["error"]["message"]


async def test_another_persons_conversation_is_not_found(gateway: Running) -> None:
    conversation = await gateway.open()
    async with gateway.stranger() as stranger:
        await stranger.get("/api/characters")
        path = f"/api/conversations/{conversation}"
        answers = [
            await stranger.get(path),
            await stranger.get(f"{path}/events"),
            await stranger.post(f"{path}/messages", json={"text": "hello"}),
            await stranger.put(f"{path}/character", json={"character": "milo"}),
            await stranger.post(f"{path}/interrupt"),
            await stranger.post(f"{path}/rtc", content="v=0", headers={"content-type": "application/sdp"}),
        ]
        assert [error_of(answer) for answer in answers] == [(404, "not_found")] * 6
        assert (await stranger.get("/api/conversations")).json() == []
    assert len(await gateway.event_log.facts(conversation)) == 1


async def test_a_message_is_appended_and_in_the_next_view(gateway: Running) -> None:
    conversation = await gateway.open()
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    path = f"/api/conversations/{conversation}/messages"
    answer = await gateway.client.post(
        path, json={"text": "  hello  "}, headers={"traceparent": trace}
    )
    assert answer.status_code == 202
    shown = (await gateway.client.get(f"/api/conversations/{conversation}")).json()
    person = {"kind": "text", "text": "hello", "state": "final", "channel": "web", "error": None}
    assert shown["turns"][0]["person"] == person
    events = [event for _, event in await gateway.event_log.facts(conversation)]
    assert isinstance(events[0].body, ConversationOpened)
    assert events[1].body == MessageReceived(message=answer.json()["message"], text="hello")
    assert events[1].turn == answer.json()["turn"]
    assert events[1].cause is None
    record = await gateway.event_log.last_message(f"conv.{conversation}.message.received")
    assert record is not None
    assert record.headers[INCOMING_TRACE] == trace


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"text": ""}', (400, "invalid_input")),
        (b'{"text": "   "}', (400, "invalid_input")),
        (b'{"text": 7}', (400, "invalid_input")),
        (b'{"txt": "hello"}', (400, "invalid_input")),
        (b"not json", (400, "invalid_input")),
        (b"\xff\xfe", (400, "invalid_input")),
        (json.dumps({"text": "x" * 4001}).encode(), (413, "too_large")),
        (json.dumps({"text": "x" * 1_000_000}).encode(), (413, "too_large")),
    ],
)
async def test_a_message_that_cannot_be_taken_is_refused_and_nothing_is_lost(
    gateway: Running, content: bytes, expected: tuple[int, str]
) -> None:
    conversation = await gateway.open()
    answer = await gateway.client.post(f"/api/conversations/{conversation}/messages", content=content)
    assert error_of(answer) == expected
    assert len(await gateway.event_log.facts(conversation)) == 1
    good = await gateway.client.post(f"/api/conversations/{conversation}/messages", json={"text": "still here"})
    assert good.status_code == 202


async def test_another_sites_page_may_not_act(gateway: Running) -> None:
    conversation = await gateway.open()
    path = f"/api/conversations/{conversation}/messages"
    foreign = await gateway.client.post(path, json={"text": "hi"}, headers={"origin": "https://evil.example"})
    assert error_of(foreign) == (403, "forbidden_origin")
    own = await gateway.client.post(path, json={"text": "hi"}, headers={"origin": gateway.url})
    assert own.status_code == 202


async def test_choosing_a_character_is_a_fact_once(gateway: Running) -> None:
    conversation = await gateway.open()
    path = f"/api/conversations/{conversation}/character"
    assert (await gateway.client.put(path, json={"character": "milo"})).status_code == 204
    assert (await gateway.client.put(path, json={"character": "milo"})).status_code == 204
    assert error_of(await gateway.client.put(path, json={"character": "zorro"})) == (404, "not_found")
    assert (await gateway.client.get(f"/api/conversations/{conversation}")).json()["character"] == "milo"
    assert len(await gateway.event_log.facts(conversation)) == 2


async def read_events(client: httpx2.AsyncClient, path: str, count: int, **headers: str) -> list[tuple[int, str]]:
    """The first events of a stream: sequence and type."""
    found: list[tuple[int, str]] = []
    sequence = 0
    async with asyncio.timeout(10), client.stream("GET", path, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        async for line in answer.aiter_lines():
            if line.startswith("id: "):
                sequence = int(line[4:])
            elif line.startswith("data: "):
                found.append((sequence, json.loads(line[6:])["event"]["body"]["type"]))
                if len(found) == count:
                    break
    return found


async def test_facts_come_from_the_log_and_then_live_without_a_gap_or_a_duplicate(gateway: Running) -> None:
    conversation = await gateway.open()
    path = f"/api/conversations/{conversation}"
    for number in range(20):
        await gateway.client.post(f"{path}/messages", json={"text": f"before {number}"})
    reading = asyncio.create_task(read_events(gateway.client, f"{path}/events", 41))
    for number in range(20):
        await gateway.client.post(f"{path}/messages", json={"text": f"while {number}"})
    found = await reading
    assert [kind for _, kind in found] == ["conversation.opened"] + ["message.received"] * 40
    sequences = [sequence for sequence, _ in found]
    assert sequences == sorted(set(sequences))
    after = sequences[30]
    assert await read_events(gateway.client, f"{path}/events?after={after}", 10) == found[31:]
    again = await read_events(gateway.client, f"{path}/events", 10, **{"last-event-id": str(after)})
    assert again == found[31:]


SPEECH = SpeechStarted(speech="s", reply="r1", index=0, character="ada", voice="v", engine="e")
SPOKEN = SpeechEnded(speech="s", reply="r1", index=0, samples=960)


PLAYED = (
    PlaybackStarted(session="s1", speech="s", reply="r1", index=0, video=False),
    SpeechFailed(speech="s", reply="r1", index=0, code="c", detail="d"),
    PlaybackFinished(session="s1", speech="s", reply="r1", index=0, samples=480, frames=0, complete=False),
)
"""Of a voice that failed in the middle."""


@pytest.mark.parametrize(
    ("speech", "stops"), [((), True), ((SPEECH,), True), ((SPEECH, SPOKEN), False), ((SPEECH, *PLAYED), False)]
)
async def test_a_reply_that_nobody_has_heard_is_not_spoken_to_its_end_once_the_person_writes_on(
    gateway: Running, speech: tuple[Body, ...], stops: bool
) -> None:
    conversation = await gateway.open()
    path = f"/api/conversations/{conversation}/messages"
    turn = (await gateway.client.post(path, json={"text": "one"})).json()["turn"]
    await gateway.record(
        conversation,
        turn,
        ReplyStarted(reply="r1", character="ada", engine="e"),
        ReplySentence(reply="r1", index=0, text="All that I know.", character="ada"),
        *speech,
        ReplyEnded(reply="r1", sentences=1),
    )
    await gateway.client.post(path, json={"text": "two"})
    stopped = [event.body for _, event in await gateway.event_log.facts(conversation)]
    assert (ReplyInterrupted(reply="r1", heard="All that I know.", by="message") in stopped) == stops


async def test_interrupting_stops_the_reply_in_progress(gateway: Running) -> None:
    conversation = await gateway.open()
    message = (await gateway.client.post(f"/api/conversations/{conversation}/messages", json={"text": "go"})).json()
    turn = message["turn"]
    await gateway.record(
        conversation,
        turn,
        ReplyStarted(reply="r1", character="ada", engine="e"),
        ReplySentence(reply="r1", index=0, text="Once upon a time.", character="ada"),
    )
    await settled(gateway, conversation, "telling")
    for _ in range(2):
        assert (await gateway.client.post(f"/api/conversations/{conversation}/interrupt")).status_code == 204
    cuts = [
        event for _, event in await gateway.event_log.facts(conversation) if isinstance(event.body, ReplyInterrupted)
    ]
    # Nobody was connected: what stood there had been read.
    assert [event.body for event in cuts] == [ReplyInterrupted(reply="r1", heard="Once upon a time.", by="button")]
    assert cuts[0].turn == turn


async def settled(gateway: Running, conversation: str, state: str) -> None:
    """Wait until the page would show a reply in this state."""
    async with asyncio.timeout(20):
        while True:
            turns = (await gateway.client.get(f"/api/conversations/{conversation}")).json()["turns"]
            if turns and turns[-1]["reply"] and turns[-1]["reply"]["state"] == state:
                return
            await asyncio.sleep(0.02)


async def test_a_new_message_interrupts_the_reply_in_progress_and_no_finished_one(gateway: Running) -> None:
    conversation = await gateway.open()
    path = f"/api/conversations/{conversation}/messages"
    turns = []
    for number in range(3):
        turns.append((await gateway.client.post(path, json={"text": str(number)})).json()["turn"])
        if number == 0:
            await gateway.record(
                conversation,
                turns[0],
                ReplyStarted(reply="r0", character="ada", engine="e"),
                ReplySentence(reply="r0", index=0, text="All said.", character="ada"),
                SpeechStarted(speech="s0", reply="r0", index=0, character="ada", voice="v", engine="e"),
                PlaybackFinished(session="x", speech="s0", reply="r0", index=0, samples=9, complete=True),
                ReplyEnded(reply="r0", sentences=1),
            )
            await settled(gateway, conversation, "ended")
        if number == 1:
            await gateway.record(conversation, turns[1], ReplyStarted(reply="r1", character="ada", engine="e"))
            await settled(gateway, conversation, "telling")
    cuts = [
        event for _, event in await gateway.event_log.facts(conversation) if isinstance(event.body, ReplyInterrupted)
    ]
    assert [(event.body, event.turn) for event in cuts] == [
        (ReplyInterrupted(reply="r1", heard="", by="message"), turns[1])
    ]


async def test_the_status_lists_the_services(gateway: Running) -> None:
    status = (await gateway.client.get("/api/status")).json()
    assert status["bus"] == "up"
    assert {one["name"]: one["up"] for one in status["services"]} == {
        "stt": False,
        "dialogue": False,
        "tts": False,
        "render": False,
    }
    assert (await gateway.client.get("/healthz")).text == "ok"
    assert (await gateway.client.get("/readyz")).status_code == 200
    assert (await gateway.client.get("/api/rtc/ice")).json() == {"iceServers": []}


async def test_what_a_service_says_of_its_state_is_told(gateway: Running) -> None:
    async with announce(gateway.event_log, "tts", "kokoro", note=lambda: "fetching kokoro, 40 %"):
        status = (await gateway.client.get("/api/status")).json()
    rows = {one["name"]: one for one in status["services"]}
    assert (rows["tts"]["engine"], rows["tts"]["note"]) == ("kokoro", "fetching kokoro, 40 %")
    assert rows["tts"]["downloads"] == [{"model": "kokoro", "percent": 40}]
    assert (rows["stt"]["up"], rows["stt"]["note"]) == (False, "not running")


async def test_an_unknown_route_or_session_is_not_found(gateway: Running) -> None:
    assert error_of(await gateway.client.get("/api/nothing")) == (404, "not_found")
    assert error_of(await gateway.client.delete("/api/rtc/s123")) == (404, "not_found")


@pytest.mark.parametrize(
    ("kind", "offer", "expected"),
    [
        ("text/plain", b"v=0", (415, "unsupported_media_type")),
        ("application/sdp", b"", (400, "invalid_input")),
        ("application/sdp", b"\xff\xff", (400, "invalid_input")),
        ("application/sdp", b"hello", (400, "invalid_input")),
        ("application/sdp", b"v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", (400, "invalid_input")),
        (
            "application/sdp",
            b"v=0\r\nm=video 9 x 1\r\na=rtpmap:1 H264/90000\r\na=ice-ufrag:x\r\na=fingerprint:y\r\n",
            (400, "invalid_input"),
        ),
        ("application/sdp", b"v=0\r\n" + b"a" * 300_000, (413, "too_large")),
    ],
)
async def test_a_malformed_offer_is_refused(
    gateway: Running, kind: str, offer: bytes, expected: tuple[int, str]
) -> None:
    conversation = await gateway.open()
    answer = await gateway.client.post(
        f"/api/conversations/{conversation}/rtc", content=offer, headers={"content-type": kind}
    )
    assert error_of(answer) == expected
    assert len(await gateway.event_log.facts(conversation)) == 1


async def test_a_message_sent_again_after_a_lost_answer_is_one_message(gateway: Running) -> None:
    conversation = await gateway.open()
    path = f"/api/conversations/{conversation}/messages"
    answers = [(await gateway.client.post(path, json={"text": "hi", "message": "m-1"})).json() for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert len(await gateway.event_log.facts(conversation)) == 2
    bad = await gateway.client.post(path, json={"text": "hi", "message": "a b"})
    assert error_of(bad) == (400, "invalid_input")


@pytest.fixture
async def full_disk(event_log: EventLog, settings: Settings) -> AsyncIterator[Running]:
    """A gateway whose disk a test fills up."""
    async with serving(event_log, settings, model=FullDisk) as running:
        yield running


async def test_a_gateway_whose_read_model_is_behind_interrupts_no_reply_that_has_ended(full_disk: Running) -> None:
    gateway = full_disk
    assert isinstance(gateway.model, FullDisk)
    conversation = await gateway.open()
    path = f"/api/conversations/{conversation}"
    started = ReplyStarted(reply="r", character="ada", engine="e")
    await gateway.record(conversation, "t", MessageReceived(message="m", text="hello"), started)
    await settled(gateway, conversation, "telling")
    gateway.model.refusals = 10**9
    sentence = ReplySentence(reply="r", index=0, text="Hi.", character="ada")
    speech = SpeechStarted(speech="s", reply="r", index=0, character="ada", voice="v", engine="e")
    spoken = SpeechEnded(speech="s", reply="r", index=0, samples=960)
    await gateway.record(conversation, "t", sentence, ReplyEnded(reply="r", sentences=1), speech, spoken)
    writing = asyncio.create_task(gateway.client.post(f"{path}/messages", json={"text": "and now?"}))
    await asyncio.sleep(0.3)
    gateway.model.refusals = 0
    assert (await writing).status_code == 202
    kinds = [type(event.body) for _, event in await gateway.event_log.facts(conversation)]
    assert ReplyInterrupted not in kinds
    assert kinds[-1] is MessageReceived


async def test_the_same_message_or_opening_that_came_to_another_gateway_a_moment_earlier_changes_nothing(
    full_disk: Running,
) -> None:
    gateway = full_disk
    assert isinstance(gateway.model, FullDisk)
    opening = {"character": "ada", "request": "r-1"}
    opened = [await gateway.client.post("/api/conversations", json=opening) for _ in range(2)]
    assert [one.status_code for one in opened] == [201, 201]
    conversation = opened[0].json()["id"]
    assert opened[1].json()["id"] == conversation
    async with gateway.stranger() as stranger:
        assert (await stranger.post("/api/conversations", json=opening)).json()["id"] != conversation
    assert (await gateway.client.post("/api/conversations", json={"character": "ada"})).json()["id"] != conversation

    gateway.model.refusals = 10**9  # this gateway has not read yet what the other one appended
    event_id = derive_id(conversation, "message", "m-1")
    received = MessageReceived(message="m-1", text="hi")
    first = Event(id=event_id, at=1, conversation=conversation, turn=f"t{event_id}", body=received)
    await gateway.event_log.append(first)
    await gateway.record(conversation, f"t{event_id}", ReplyStarted(reply="r", character="ada", engine="e"))
    path = f"/api/conversations/{conversation}/messages"
    again = asyncio.create_task(gateway.client.post(path, json={"text": "hi", "message": "m-1"}))
    await gateway.event_log.append(
        Event(id="e-new", at=1, conversation="c-new", body=ConversationOpened(person="p", character="ada"))
    )
    unknown = asyncio.create_task(gateway.client.get("/api/conversations/c-new"))
    await asyncio.sleep(0.3)
    assert not unknown.done()  # what may yet be read is no "not found"
    gateway.model.refusals = 0
    assert (await again).status_code == 202
    assert error_of(await unknown) == (404, "not_found")  # it is another person's
    kinds = [type(event.body) for _, event in await gateway.event_log.facts(conversation)]
    assert kinds == [ConversationOpened, MessageReceived, ReplyStarted]


async def test_requests_are_unavailable_while_nats_is_away_and_succeed_afterwards(
    event_log: EventLog, settings: Settings, nats_server: NatsServer
) -> None:
    async with serving(event_log, settings, retry_for=0.5) as gateway:
        await nats_goes_and_comes_back(gateway, nats_server)


async def test_a_frozen_nats_counts_as_down(event_log: EventLog, settings: Settings, nats_server: NatsServer) -> None:
    async with serving(event_log, settings, retry_for=0.5) as gateway:
        nats_server.freeze()
        try:
            async with asyncio.timeout(60):  # a process takes a moment to stop, too
                while (status := (await gateway.client.get("/api/status")).json())["bus"] != "down":
                    await asyncio.sleep(0.1)
                assert {one["note"] for one in status["services"]} == {"not known"}
                while (await gateway.client.get("/readyz")).status_code == 200:
                    await asyncio.sleep(0.1)
        finally:
            nats_server.thaw()
        async with asyncio.timeout(60):
            while (await gateway.client.get("/api/status")).json()["bus"] == "down":
                await asyncio.sleep(0.1)


async def nats_goes_and_comes_back(gateway: Running, nats_server: NatsServer) -> None:
    conversation = await gateway.open()
    path = f"/api/conversations/{conversation}/messages"
    nats_server.kill()
    refused = await gateway.client.post(path, json={"text": "hello", "message": "m-1"})
    assert refused.status_code == 503
    assert "NATS is away" in refused.json()["error"]["message"]
    assert refused.headers["retry-after"]
    unknown = await gateway.client.get("/api/conversations/opened-elsewhere")
    assert error_of(unknown)[0] == 503
    assert unknown.headers["retry-after"]
    assert (await gateway.client.get("/api/status")).json()["bus"] == "down"
    assert (await gateway.client.get("/readyz")).status_code == 503
    away = await measured(gateway)
    assert (away["visavis_nats_connected"], away["visavis_ready"], away["visavis_read_model_position"]) == (0, 0, 1)
    assert math.isnan(away["visavis_read_model_behind"])
    nats_server.start()
    async with asyncio.timeout(10):
        while (await gateway.client.post(path, json={"text": "hello", "message": "m-1"})).status_code != 202:
            pass
    assert len(await gateway.event_log.facts(conversation)) == 2
