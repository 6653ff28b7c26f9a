"""The dashboard and the alert rules ask for metrics that running processes expose, with labels that they have."""

from __future__ import annotations

import asyncio
import importlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from bus.log.event_log import EventLog
from bus.process.health import WorkerHealth
from bus.process.metrics import Metrics
from bus.settings import Settings
from bus.work.runner import run_service
from services.channels.health import CombinedHealth
from services.gpu import gpu_readings
from services.gpu_faults import GpuUse
from tests.bus.work.helpers import echo, service
from tests.conftest import free_port
from tests.services.gateway.conftest import serving
from tests.services.test_gpu import driver, torch_with_a_gpu

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
OF_THE_TARGET = {"job", "instance", "process"}
"""Labels that Prometheus adds, as docker/prometheus/prometheus.yml says."""
_METRIC = re.compile(r"\b(visavis_\w+|up)\b(?:\{([^}]*)\})?")
_GROUPING = re.compile(r"\b(?:by|on|without|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"')


def load(name: str) -> Any:
    return importlib.import_module("yaml").safe_load((DOCKER / name).read_text())


def rules() -> list[dict[str, Any]]:
    return [rule for group in load("prometheus/alerts.yml")["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    return [one for one in json.loads((DOCKER / "grafana/dashboard.json").read_text())["panels"] if "targets" in one]


def expressions() -> Iterator[str]:
    """Every PromQL expression that ships."""
    yield from (rule["expr"] for rule in rules())
    yield from (target["expr"] for panel in panels() for target in panel["targets"])


Exposed = dict[str, dict[str, set[str]]]
"""By name of a sample: the values of each of its labels."""


def add(exposed: Exposed, text: str) -> None:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = exposed.setdefault(sample.name, {})
            for label, value in sample.labels.items():
                labels.setdefault(label, set()).add(value)


@pytest.fixture
async def exposed(event_log: EventLog, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Exposed:
    """What a gateway, a worker with GPUs, and the workers of channels expose."""
    found: Exposed = {"up": {}}
    monkeypatch.setitem(sys.modules, "driver", driver())
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "torch", torch_with_a_gpu())
        readings = (*gpu_readings("driver"), *GpuUse().readings())
    metrics = Metrics("sender", readings=lambda: readings)
    metrics.count_delivery("telegram", "sent")
    sender = WorkerHealth()
    sender.attach(event_log, "sender", [], metrics, lambda: 0)
    add(found, (await CombinedHealth({"sender": sender}, (), lambda: None).metrics()).decode())
    settings = replace(settings, dialogue_port=free_port())
    working = asyncio.create_task(run_service(service(echo), settings))
    async with serving(event_log, settings) as gateway:
        add(found, (await gateway.client.get("/metrics")).text)
        async with httpx2.AsyncClient(timeout=20) as client, asyncio.timeout(20):
            while "visavis_ready" not in (text := await read(client, settings.dialogue_port)):
                await asyncio.sleep(0.05)
        add(found, text)
    working.cancel()
    await working
    return found


async def read(client: httpx2.AsyncClient, port: int) -> str:
    try:
        return (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    except httpx2.TransportError:
        return ""


def problems(expression: str, exposed: Exposed) -> list[str]:
    """What an expression asks for that nobody exposes."""
    found: list[str] = []
    labels = set(OF_THE_TARGET)
    for name, matchers in _METRIC.findall(expression):
        if name not in exposed:
            found.append(f"no metric {name}")
            continue
        labels |= exposed[name].keys()
        for label, value in _MATCHER.findall(matchers):
            if label not in exposed[name].keys() | OF_THE_TARGET:
                found.append(f"{name} has no label {label}")
            elif label not in OF_THE_TARGET and value not in exposed[name][label]:
                found.append(f"{name} has no {label}={value}")
    if not _METRIC.search(expression):
        found.append("it asks for no metric")
    for group in _GROUPING.findall(expression):
        found += [f"no label {label}" for label in re.findall(r"\w+", group) if label not in labels]
    if expression.count("(") != expression.count(")"):
        found.append("its brackets do not match")
    return found


async def test_everything_that_is_asked_for_is_exposed(exposed: Exposed) -> None:
    assert len(list(expressions())) > 30
    assert {one: problems(one, exposed) for one in expressions() if problems(one, exposed)} == {}
    legends = [(target["legendFormat"], target["expr"]) for panel in panels() for target in panel["targets"]]
    for legend, expression in legends:
        used = {name for names in _GROUPING.findall(expression) for name in re.findall(r"\w+", names)} | OF_THE_TARGET
        assert set(re.findall(r"{{(\w+)}}", legend)) <= used, (legend, expression)
    # The check itself finds what is wrong.
    assert problems("max(visavis_nothing)", exposed) == ["no metric visavis_nothing"]
    assert problems('visavis_work_total{outcome="lost"}', exposed) == ["visavis_work_total has no outcome=lost"]
    assert problems("sum by (colour) (visavis_ready)", exposed) == ["no label colour"]
    # The page that explains the metrics knows them all.
    documented = set(re.findall(r"visavis_\w+", OPERATIONS))
    names = {re.sub(r"_(bucket|count|sum)$", "", name) for name in exposed if not name.endswith("_created")}
    missing = names - documented - {"up"}
    abbreviated = {"visavis_gpu_memory_total_bytes", "visavis_torch_memory_reserved_bytes"}
    assert missing <= abbreviated


def test_the_rules_are_those_of_the_documentation() -> None:
    listed = re.findall(r"^\| `(Visavis\w+)` \|", OPERATIONS, re.MULTILINE)
    assert listed == [rule["alert"] for rule in rules()]
    for rule in rules():
        assert rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in ("critical", "warning")


def test_every_service_is_a_target_at_its_port() -> None:
    settings = Settings()
    configured = {
        static["labels"]["process"]: static["targets"]
        for job in load("prometheus/prometheus.yml")["scrape_configs"]
        for static in job["static_configs"]
    }
    ports = {name: settings.health_port(name) for name in ("render", "tts", "stt", "dialogue", "channels")}
    assert configured == {name: [f"127.0.0.1:{port}"] for name, port in {"gateway": settings.port, **ports}.items()}


def test_the_dashboard_is_one_that_grafana_takes() -> None:
    dashboard = json.loads((DOCKER / "grafana/dashboard.json").read_text())
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for target in panel.get("targets", ()):
            assert target["datasource"]["uid"] == "${datasource}"
    assert load("grafana/provisioning/datasources/visavis.yml")["datasources"][0]["type"] == "prometheus"
    assert load("grafana/provisioning/dashboards/visavis.yml")["providers"][0]["type"] == "file"


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (Debian: prometheus)")
def test_prometheus_understands_every_expression(tmp_path: Path) -> None:
    asked = tmp_path / "rules.json"
    recorded = [{"record": f"asked:{number}", "expr": one} for number, one in enumerate(expressions())]
    asked.write_text(json.dumps({"groups": [{"name": "asked", "rules": recorded}]}))
    for what, path in (("config", DOCKER / "prometheus/prometheus.yml"), ("rules", asked)):
        subprocess.run(["promtool", "check", what, str(path)], check=True, capture_output=True)
