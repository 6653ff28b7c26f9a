"""The gateway's web application: the HTTP API, whose contract is docs/api.md, health, and the built page."""

from __future__ import annotations

import logging
from functools import partial

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from bus.errors import BusError, Exhausted, NotFound, TooMany, VisavisError
from bus.process import health
from services.gateway.web.analytics_routes import AnalyticsRoutes
from services.gateway.web.character_routes import CharacterRoutes
from services.gateway.web.context import GatewayContext
from services.gateway.web.conversation_routes import ConversationRoutes
from services.gateway.web.http_messages import error_answer
from services.gateway.web.identity import PersonCookieMiddleware, SameOriginMiddleware
from services.gateway.web.limiting import LimitingMiddleware
from services.gateway.web.limits import retry_after
from services.gateway.web.link_routes import LinkRoutes
from services.gateway.web.operator import Operator
from services.gateway.web.replay_routes import ReplayRoutes
from services.gateway.web.static import StaticPage
from services.gateway.web.status_route import StatusRoute
from services.gateway.web.webrtc_routes import WebRTCRoutes

log = logging.getLogger(__name__)

_STATUS = {
    "not_found": 404, "too_large": 413, "unsupported_media_type": 415, "invalid_input": 400, "switched_off": 403,
    "forbidden": 403, "too_many": 409, "taken": 409, "conflict": 409, "not_claimed": 409, "not_linked": 409,
    "already_linked": 409, "over": 410, "too_many_tries": 429,
}


def make_app(context: GatewayContext) -> Starlette:
    """The application with all its routes."""
    routes = [
        *CharacterRoutes(context).routes,
        *ConversationRoutes(context).routes,
        *WebRTCRoutes(context).routes,
        *LinkRoutes(context).routes,
        *ReplayRoutes(context).routes,
        *AnalyticsRoutes(context).routes,
        StatusRoute(context).route,
        Route("/{rest:path}", no_route, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
    ]
    operator = Operator(context.operator_key)
    app = Starlette(
        routes=[
            *health.routes(context.health),
            Route("/openz", partial(_is_open, context)),
            operator.route,
            Mount("/api", routes=routes),
            Mount("/", app=StaticPage(context.page)),
        ],
        middleware=[
            Middleware(SameOriginMiddleware),
            Middleware(PersonCookieMiddleware),
            Middleware(LimitingMiddleware, context.limits),
        ],
        exception_handlers={VisavisError: _error, ClientDisconnect: _disconnected},
    )
    app.state.operator = operator
    return app


async def _is_open(context: GatewayContext, request: Request) -> Response:
    """For load balancers: unlike `/readyz`, it says nothing of NATS, which all gateways have or lack alike."""
    ending = context.drain.is_begun
    return PlainTextResponse(health.ENDING if ending else "ok", 503 if ending else 200)


async def no_route(request: Request) -> Response:
    raise NotFound(f"no {request.method} {request.url.path} here; see docs/api.md")


async def _disconnected(request: Request, error: Exception) -> Response:
    return Response(status_code=400)


async def _error(request: Request, error: Exception) -> Response:
    assert isinstance(error, VisavisError)
    if isinstance(error, BusError | Exhausted):
        level = logging.DEBUG if error.code == "unavailable" else logging.WARNING
        log.log(level, "request failed", extra={"path": request.url.path, "why": error.detail})
        return error_answer(503, error.code, error.detail, {"Retry-After": "60" if error.code == "log_full" else "2"})
    if isinstance(error, TooMany):
        return error_answer(429, error.code, error.detail, {"Retry-After": retry_after(error)})
    headers = {"Retry-After": "60"} if error.code == "too_many_tries" else None
    return error_answer(_STATUS.get(error.code, 400), error.code, error.detail, headers)
