"""Asks the API for what its OpenAPI description allows, and for a little more, with schemathesis."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from requests.adapters import HTTPAdapter
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from tests.attack.attacks import ATTACKER, Outcome

_CHECKS = [content_type_conformance, response_schema_conformance]
_PAUSE = 0.06
"""Seconds between two requests, so that few are refused for being too many."""
_LASTING = {("get", "/conversations/{conversation}/events")}
"""Answers that do not end."""
_ENDING = {("delete", "/person"), ("delete", "/session/everywhere"), ("delete", "/conversations/{conversation}")}
"""After these the person or the conversation is gone: they come last."""
for _kind in ("application/sdp", "application/trickle-ice-sdpfrag"):
    schemathesis.serializer.alias(_kind, "text/plain")


async def schema(url: str, seconds: float) -> Outcome:
    """Each operation of the API with bodies and parameters made of its schema, of one's own conversation."""
    return await asyncio.to_thread(_ask_all, url, max(2, round(seconds * 2)))


class _Source(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, source_address=(ATTACKER, 0), **options)


def _ask_all(url: str, examples: int) -> Outcome:
    outcome = Outcome()
    with requests.Session() as session:
        session.mount("http://", _Source())
        document = session.get(f"{url}/api/openapi.json", timeout=20).json()
        conversation = session.post(f"{url}/api/conversations", json={}, timeout=20).json()["id"]
        found: Iterable[Any] = schemathesis.openapi.from_dict(document).get_all_operations()
        operations = [one.ok() for one in found]
        operations.sort(key=lambda one: (one.method, one.path) in _ENDING)
        for operation in operations:
            if (operation.method, operation.path) not in _LASTING:
                _ask(outcome, session, f"{url}/api", operation, conversation, examples)
    return outcome


def _ask(
    outcome: Outcome, session: requests.Session, base: str, operation: Any, conversation: str, examples: int
) -> None:
    count = 0

    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        nonlocal count
        count += 1
        if count % 4 and "conversation" in case.path_parameters:
            case.path_parameters["conversation"] = conversation
        time.sleep(_PAUSE)
        try:
            answer = case.call(base_url=base, session=session, timeout=20)
        except requests.RequestException:
            outcome.answers["closed"] += 1
            return
        outcome.answers[str(answer.status_code)] += 1
        if answer.status_code in (429, 503):
            return
        try:
            case.validate_response(answer, checks=_CHECKS)
        except FailureGroup as failures:
            outcome.wrong.append(f"{operation.method} {operation.path}: {failures.exceptions[0]}")

    ask()
