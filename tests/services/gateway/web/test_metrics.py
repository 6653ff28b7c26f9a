"""The metrics of the gateway, as Prometheus reads them."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from tests.services.gateway.conftest import Running


async def test_the_metrics_of_the_gateway(gateway: Running) -> None:
    conversation = await gateway.open()
    async with gateway.client.stream("GET", f"/api/conversations/{conversation}/events") as news:
        lines = news.aiter_lines()
        await anext(lines)
        found = await measured(gateway)
        of_turns = {f"visavis_turn_seconds_{end}" for end in ("bucket", "count", "sum", "created")}
        of_streams = {"visavis_stream_bytes", "visavis_stream_messages", "visavis_stream_limit_bytes"}
        of_space = {"visavis_space_free_bytes", "visavis_space_scarce"}
        of_process = {"visavis_process_memory_bytes", "visavis_process_cpu_seconds_total"}
        others = of_streams | of_space | of_process
        alone = {name: value for name, value in found.items() if name not in of_turns | others}
        assert others < found.keys()
        assert alone == {
            "visavis_service_info": 1,
            "visavis_ready": 1,
            "visavis_nats_connected": 1,
            "visavis_clock_ahead_seconds": 0,
            "visavis_sessions": 0,
            "visavis_feed_watchers": 1,
            "visavis_read_model_position": 1,
            "visavis_read_model_behind": 0,
        }


async def measured(gateway: Running) -> dict[str, float]:
    """`/metrics`, as Prometheus reads it."""
    text = (await gateway.client.get("/metrics")).text
    return {one.name: one.value for family in text_string_to_metric_families(text) for one in family.samples}
