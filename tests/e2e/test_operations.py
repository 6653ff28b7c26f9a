"""Health and metrics of the running system."""

from __future__ import annotations

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.stack import Stack, eventually
from visavis.ports import SERVICES_WITH_HEALTH_PORT


async def metrics(port: int) -> dict[str, float]:
    """The metrics of a process by name; those of work items by name and outcome."""
    async with httpx2.AsyncClient() as client:
        text = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    return {
        f"{sample.name}{sample.labels.get('outcome', '')}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.parametrize("service", [*SERVICES_WITH_HEALTH_PORT, "gateway"])
async def test_each_service_is_healthy_and_ready(stack: Stack, service: str) -> None:
    port = stack.health_ports.get(service, stack.port)
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        assert [(await client.get(path)).text for path in ("/healthz", "/readyz")] == ["ok", "ok"]
    found = await metrics(port)
    assert (found["visavis_service_info"], found["visavis_ready"], found["visavis_nats_connected"]) == (1, 1, 1)


async def test_the_work_items_of_an_answer_are_counted_by_their_services(stack: Stack) -> None:
    ports = [stack.health_ports[service] for service in ("dialogue", "tts")]
    before = [(await metrics(port))["visavis_work_totaldone"] for port in ports]
    async with httpx2.AsyncClient(base_url=stack.url) as client:
        conversation = (await client.post("/api/conversations")).json()["id"]
        await client.post(f"/api/conversations/{conversation}/messages", json={"text": "what is your name"})

    async def counted() -> bool:
        now = [(await metrics(port))["visavis_work_totaldone"] for port in ports]
        return all(later > earlier for earlier, later in zip(before, now, strict=True))

    await eventually(counted, "an answer was made and spoken")
    assert (await metrics(stack.health_ports["dialogue"]))["visavis_dead_letters_waiting"] == 0
