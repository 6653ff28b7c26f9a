"""The description of the API has each route, and what the gateway answers is of the types that it names."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from starlette.routing import Mount, Route

from services.gateway.web.openapi import OPERATIONS, description
from tests.services.gateway.conftest import Running

ASKED = ("/characters", "/conversations", "/conversations/{conversation}", "/search", "/session", "/status", "/rtc/ice",
         "/channels", "/replay/{conversation}", "/replay/{conversation}/events")  # fmt: skip


async def test_each_route_is_described_and_none_that_there_is_not(gateway: Running) -> None:
    (api,) = (one for one in gateway.server.app().routes if isinstance(one, Mount) and one.path == "/api")
    routes = {
        (method.lower(), one.path)
        for one in api.routes
        if isinstance(one, Route) and ":path" not in one.path
        for method in (one.methods or set()) - {"HEAD"}
    }
    assert {(one.method, one.path) for one in OPERATIONS} == routes
    assert len(OPERATIONS) == len(routes)
    answer = await gateway.client.get("/api/openapi.json")
    assert answer.json() == json.loads(json.dumps(description()))


def references(document: Any) -> set[str]:
    if isinstance(document, dict):
        own = {document["$ref"]} if isinstance(document.get("$ref"), str) else set()
        return own.union(*map(references, document.values()))
    return set().union(*map(references, document)) if isinstance(document, list) else set()


async def test_what_is_answered_is_of_the_type_that_is_described(gateway: Running) -> None:
    document = description()
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references(document) <= known
    conversation = await gateway.open()
    by_path = {(one.method, one.path): one for one in OPERATIONS}
    for path in ASKED:
        answer = await gateway.client.get("/api" + path.replace("{conversation}", conversation))
        assert answer.status_code == 200, path
        kind = by_path["get", path].answer
        try:
            decoded = msgspec.json.decode(answer.content, type=kind)
        except msgspec.ValidationError as error:
            pytest.fail(f"{path}: {error}")
        assert msgspec.json.decode(msgspec.json.encode(decoded)) == answer.json(), path
