"""Health, metrics and NATS discovery of a worker."""

from __future__ import annotations

import asyncio
import json
import math
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from msgspec.structs import replace
from nats.micro.service import ServiceStats
from prometheus_client.parser import text_string_to_metric_families

from bus.errors import ConfigurationError, EngineError
from bus.events import Event, ReplyEnded, ReplyFailed
from bus.log import streams
from bus.log.event_log import EventLog
from bus.process.discovery import ServiceInfo, announce, discover
from bus.process.health import WorkerHealth
from bus.process.http_server import bind
from bus.process.metrics import GaugeReading, Metrics
from bus.settings import Settings
from bus.work.runner import run_service
from bus.work.service import Output, Reader, Service
from tests.bus.work.helpers import echo, message_event, read_until, reply_failed, service
from tests.conftest import NatsServer, free_port


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, dialogue_port=free_port())


@asynccontextmanager
async def worker(settings: Settings, service: Service) -> AsyncIterator[httpx2.AsyncClient]:
    """Run a worker as its process does; gives a client of its HTTP server."""
    working = asyncio.create_task(run_service(service, settings))
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{settings.dialogue_port}", timeout=20) as client:
            yield client
    finally:
        working.cancel()
        await working


async def ready(client: httpx2.AsyncClient, status: int = 200) -> str:
    """Wait until `/readyz` answers with this status; returns its text."""
    async with asyncio.timeout(20):
        while True:
            try:
                answer = await client.get("/readyz")
            except httpx2.TransportError:
                answer = None
            if answer is not None and answer.status_code == status:
                return answer.text
            await asyncio.sleep(0.05)


async def samples(client: httpx2.AsyncClient) -> dict[str, float]:
    """The samples of `/metrics` as Prometheus parses them, by name and labels."""
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        ".".join(filter(None, (sample.name, sample.labels.get("outcome"), sample.labels.get("le")))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def refuses_the_first(event: Event, reader: Reader) -> AsyncIterator[Output]:
    if event.turn == "t1":
        raise EngineError("out of memory", retryable=True)
    yield ReplyEnded(reply=f"r{event.turn}", sentences=0)


async def test_a_worker_is_ready_while_nats_is_up_and_healthy_in_any_case(
    settings: Settings, nats_server: NatsServer
) -> None:
    async with worker(settings, service(echo)) as client:
        assert await ready(client) == "ok"
        nats_server.kill()
        assert await ready(client, 503) == "NATS is away"
        assert (await client.get("/healthz")).text == "ok"
        away = await samples(client)
        assert (away["visavis_nats_connected"], away["visavis_ready"]) == (0, 0)
        assert math.isnan(away["visavis_queue_depth"])
        nats_server.start()
        assert await ready(client) == "ok"
        back = await samples(client)
        assert (back["visavis_nats_connected"], back["visavis_ready"], back["visavis_queue_depth"]) == (1, 1, 0)


async def test_a_worker_that_waits_for_nats_is_not_ready(settings: Settings, nats_server: NatsServer) -> None:
    nats_server.kill()
    async with worker(settings, service(echo)) as client:
        assert await ready(client, 503) == "waiting for NATS"
        assert (await client.get("/healthz")).text == "ok"
        own = {"visavis_process_memory_bytes", "visavis_process_cpu_seconds_total", "visavis_dropped_total"}
        assert set(await samples(client)) == own
        nats_server.start()
        assert await ready(client) == "ok"


async def never_ends(event: Event, reader: Reader) -> AsyncIterator[Output]:
    yield ReplyEnded(reply=f"r{event.turn}", sentences=0)
    await asyncio.Event().wait()


async def test_a_worker_is_not_ready_while_it_is_stuck_or_nats_is_frozen(
    event_log: EventLog, settings: Settings, nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with worker(settings, service(never_ends)) as client:
        assert await ready(client) == "ok"
        nats_server.freeze()
        try:
            await ready(client, 503)
            assert (await samples(client))["visavis_ready"] == 0
        finally:
            nats_server.thaw()
        assert await ready(client) == "ok"
        found = await samples(client)
        assert (found["visavis_ready"], found["visavis_work_stalled_seconds"]) == (1, 0)
        await event_log.append(message_event(1))
        await read_until(event_log, ReplyEnded, 1)
        assert await ready(client) == "ok"
        monkeypatch.setattr("bus.process.health.STUCK_AFTER", 0.01)
        assert (await ready(client, 503)).startswith("stuck: an item has made no progress for ")
        found = await samples(client)
        assert (found["visavis_ready"], found["visavis_work_stalled_seconds"] > 0) == (0, True)


async def test_a_worker_without_its_consumer_is_not_ready(event_log: EventLog) -> None:
    health, metrics = WorkerHealth(), Metrics("dialogue")
    health.attach(event_log, "dialogue", [(streams.CONVERSATIONS, "dialogue")], metrics, lambda: 0)
    assert await health.not_ready_reason() == "not taking work yet"
    metrics.ready = True
    assert await health.not_ready_reason() == "the consumer dialogue on CONVERSATIONS is not there"


async def test_done_failed_and_retried_work_is_counted(event_log: EventLog, settings: Settings) -> None:
    async with worker(settings, service(refuses_the_first, on_failure=reply_failed, backoff=(0.01,))) as client:
        await ready(client)
        for number in (1, 2, 3):
            await event_log.append(message_event(number))
        await read_until(event_log, ReplyEnded, 2)
        found = await samples(client)
    expected = {
        "visavis_service_info": 1,
        "visavis_work_total.done": 2,
        "visavis_work_total.failed": 1,
        "visavis_work_total.interrupted": 0,
        "visavis_work_total.superseded": 0,
        "visavis_retries_total": 4,
        "visavis_redeliveries_total": 0,
        "visavis_dead_letters_total": 1,
        "visavis_dead_letters_waiting": 1,
        "visavis_queue_depth": 0,
        "visavis_handler_seconds_count": 7,
        "visavis_engine_seconds_count": 7,
        "visavis_bus_seconds_count": 7,
        "visavis_handler_seconds_bucket.+Inf": 7,
    }
    assert {name: found[name] for name in expected} == expected
    assert found["visavis_handler_seconds_sum"] == pytest.approx(
        found["visavis_engine_seconds_sum"] + found["visavis_bus_seconds_sum"]
    )


async def test_the_queue_depth_is_the_work_that_no_worker_has_taken(event_log: EventLog, settings: Settings) -> None:
    gate = asyncio.Event()

    async def waits(event: Event, reader: Reader) -> AsyncIterator[Output]:
        await gate.wait()
        yield ReplyEnded(reply=f"r{event.turn}", sentences=0)

    async with worker(settings, service(waits, concurrency=1)) as client:
        await ready(client)
        for number in range(4):
            await event_log.append(message_event(number, f"c{number}"))
        async with asyncio.timeout(10):
            while (found := await samples(client))["visavis_work_held"] == 0:
                await asyncio.sleep(0.02)
        assert (found["visavis_work_held"], found["visavis_queue_depth"]) == (1, 3)
        gate.set()
        for number in range(4):
            await read_until(event_log, ReplyEnded, 1, f"c{number}")
        async with asyncio.timeout(10):
            while (found := await samples(client))["visavis_work_held"]:
                await asyncio.sleep(0.02)
        assert found["visavis_queue_depth"] == 0


async def test_discovery_reports_requests_errors_and_time(event_log: EventLog, settings: Settings) -> None:
    async with worker(settings, service(refuses_the_first, on_failure=reply_failed, backoff=(0.01,))) as client:
        await ready(client)
        for number in (1, 2, 3):
            await event_log.append(message_event(number))
        events = await read_until(event_log, ReplyEnded, 2)
        assert sum(isinstance(event.body, ReplyFailed) for event in events) == 1
        ping, info, stats = [
            json.loads((await event_log.nc.request(f"$SRV.{verb}.dialogue", b"", timeout=5)).data)
            for verb in ("PING", "INFO", "STATS")
        ]
    assert ping["type"] == "io.nats.micro.v1.ping_response"
    assert ping["metadata"] == {"engine": "echo", "pid": str(os.getpid()), "host": socket.gethostname()}
    (endpoint,) = info["endpoints"]
    queue = {"name": "work", "subject": "conv.*.message.received", "queue_group": "dialogue"}
    assert endpoint == queue | {"metadata": {}}
    (work,) = ServiceStats.from_dict(stats).endpoints
    assert {"name": work.name, "subject": work.subject, "queue_group": work.queue_group} == queue
    assert (work.num_requests, work.num_errors, work.last_error) == (3, 1, "engine_failed: out of memory")
    assert work.average_processing_time == work.processing_time // 3 > 0
    assert work.data == {
        "done": 2, "failed": 1, "interrupted": 0, "superseded": 0, "redeliveries": 0, "retries": 4, "dead_letters": 1,
        "held": 0, "ready": 1,
    }  # fmt: skip


async def test_discovery_tells_what_a_process_takes(event_log: EventLog) -> None:
    gpu = GaugeReading("gpu_utilisation", "Busy.", 0.5, {"gpu": "0"})
    other = GaugeReading("model_download_bytes", "Arrived.", 1, {"model": "m"})
    async with announce(event_log, "tts", readings=lambda: (gpu, other)):
        [first] = await discover(event_log)
        async with asyncio.timeout(10):
            while not (await discover(event_log, wait=0.05))[0].gpus:
                pass
        [second] = await discover(event_log)
    assert (first.gpus, second.gpus) == ([], [gpu])  # read in the background, once somebody asks
    assert first.memory
    assert second.memory
    assert first.cpu_seconds is not None
    assert second.cpu_seconds is not None
    assert second.cpu_seconds >= first.cpu_seconds
    assert first.host == socket.gethostname()


async def test_what_a_process_tells_wrongly_of_itself_is_left_out() -> None:
    odd = ServiceInfo("tts", "1", "1", {"memory": "much", "cpu": "", "gpus": "[[["})
    assert (odd.memory, odd.cpu_seconds, odd.gpus, odd.host) == (None, None, [], "")


async def test_a_process_without_work_has_no_endpoint(event_log: EventLog) -> None:
    async with announce(event_log, "gateway"):
        stats = json.loads((await event_log.nc.request("$SRV.STATS.gateway", b"", timeout=5)).data)
    assert stats["endpoints"] == []


async def test_the_error_for_a_taken_port_names_its_setting(settings: Settings) -> None:
    with (
        bind("127.0.0.1", settings.dialogue_port, "VISAVIS_PORT"),
        pytest.raises(
            ConfigurationError, match=f"127.0.0.1:{settings.dialogue_port}: .*, or set VISAVIS_DIALOGUE_PORT"
        ),
    ):
        await run_service(service(echo), settings)


async def test_workers_without_a_port_run_side_by_side(event_log: EventLog, settings: Settings) -> None:
    quiet = replace(settings, dialogue_port=0)
    workers = [asyncio.create_task(run_service(service(echo), quiet)) for _ in range(2)]
    for number in range(4):
        await event_log.append(message_event(number, f"c{number}"))
        await read_until(event_log, ReplyEnded, 1, f"c{number}")
    for one in workers:
        one.cancel()
        await one
