"""The routes of the analytics, for the operator only."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bus.errors import InvalidInput
from projections.analytics.answering import answer_apart
from projections.analytics.names import DEFAULT_SINCE
from services.gateway.web.context import GatewayContext
from services.gateway.web.sign_in import is_operator


class AnalyticsRoutes:
    """`GET /analytics/{question}?since=7d`; the question `all` answers them all in one process."""

    def __init__(self, context: GatewayContext) -> None:
        self._settings = context.settings
        self._one_at_a_time = asyncio.Semaphore(1)
        self.routes = (Route("/analytics/{question}", self._answer),)

    async def _answer(self, request: Request) -> Response:
        if not is_operator(request):
            raise InvalidInput("the analytics are for the operator: open them by `visavis analytics`", code="forbidden")
        question, since = request.path_params["question"], request.query_params.get("since", DEFAULT_SINCE)
        async with self._one_at_a_time:
            answer = await answer_apart(self._settings, question, since)
        return Response(answer, media_type="application/json", headers={"Cache-Control": "no-store"})
