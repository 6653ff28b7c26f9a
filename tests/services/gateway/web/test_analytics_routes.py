"""The analytics by HTTP answer the operator, and nobody else."""

from __future__ import annotations

from bus import clock
from bus.process.operator_key import operator_key
from bus.settings import Settings
from projections.analytics.places import analytics_folder
from projections.analytics.store import FACTS, Position, Store
from projections.analytics.tables import TurnRow
from tests.services.gateway.conftest import Running
from tests.services.gateway.web.test_api import error_of


async def test_the_operator_and_nobody_else_is_answered(gateway: Running, settings: Settings) -> None:
    assert error_of(await gateway.client.get("/api/analytics/turns")) == (403, "forbidden")
    await gateway.client.get("/operator", params={"key": operator_key(settings)})
    assert error_of(await gateway.client.get("/api/analytics/turns")) == (404, "not_found")
    now = clock.now()
    turn = TurnRow(conversation="c", turn="t", began=now, ended=now, channel="telegram", spoken=False, seq=1)
    Store(analytics_folder(settings)).commit([(FACTS, now, turn)], {FACTS: Position(1, now)}, events=1, now=now)
    answer = await gateway.client.get("/api/analytics/turns", params={"since": "7d"})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert [(row["channel"], row["turns"]) for row in answer.json()["rows"]] == [("telegram", 1)]
    assert error_of(await gateway.client.get("/api/analytics/nonsense")) == (404, "not_found")
    for wrong in ("since=tomorrow", "since=%00"):
        assert error_of(await gateway.client.get(f"/api/analytics/turns?{wrong}")) == (400, "invalid_input")
