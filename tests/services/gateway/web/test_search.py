"""The search in a person's history, over HTTP."""

from __future__ import annotations

import httpx2
import pytest

from tests.services.gateway.conftest import Running
from tests.services.gateway.web.test_api import error_of


async def search(client: httpx2.AsyncClient, text: str) -> list[tuple[str, str]]:
    """Conversations and excerpts."""
    answer = await client.get("/api/search", params={"text": text})
    assert answer.status_code == 200
    return [(one["conversation"], one["excerpt"]) for one in answer.json()]


async def test_the_history_is_searched_in_ones_own_conversations(gateway: Running) -> None:
    first, second = await gateway.open(), await gateway.open()
    turns = []
    for conversation, text in ((first, "Wo liegt Köln, bitte?"), (second, "Tell me <b>more</b> about lighthouses")):
        sent = await gateway.client.post(f"/api/conversations/{conversation}/messages", json={"text": text})
        turns.append(sent.json()["turn"])
    assert await search(gateway.client, "koln lie") == [(first, "Wo \u2068liegt\u2069 \u2068Köln\u2069, bitte?")]
    assert await search(gateway.client, "KÖLN") == [(first, "Wo liegt \u2068Köln\u2069, bitte?")]
    assert await search(gateway.client, "light") == [(second, "Tell me <b>more</b> about \u2068lighthouses\u2069")]
    assert await search(gateway.client, "köln lighthouses") == []
    found = (await gateway.client.get("/api/search", params={"text": "lighthouses"})).json()
    assert [(one["title"], one["turn"]) for one in found] == [("Tell me <b>more</b> about lighthouses", turns[1])]
    assert set(found[0]) == {"conversation", "title", "turn", "at", "excerpt"}
    async with gateway.stranger() as stranger:
        assert await search(stranger, "lighthouses") == []


@pytest.mark.parametrize("text", ["", "  ", "*", '"', "'; DROP TABLE turns", "NEAR(a", "\0", "😀", "\ud800", "a" * 200])
async def test_a_search_takes_anything(gateway: Running, text: str) -> None:
    await gateway.open()
    assert await search(gateway.client, text.encode(errors="surrogatepass").decode(errors="replace")) == []


async def test_a_search_that_is_too_long_is_refused(gateway: Running) -> None:
    assert error_of(await gateway.client.get("/api/search", params={"text": "a" * 201})) == (413, "too_large")
    assert (await gateway.client.get("/api/search")).json() == []
    assert (await gateway.client.get("/api/search?text=%ff%fe")).json() == []
