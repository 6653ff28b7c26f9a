"""The gateway's web application: the HTTP API, whose contract is docs/api.md, health, and the built page."""

from __future__ import annotations

import logging
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from bus.errors import BusError, Exhausted, NotFound, TooMany, VisavisError
from bus.process import health
from services.gateway.web import openapi
from services.gateway.web.analytics_routes import AnalyticsRoutes
from services.gateway.web.character_routes import CharacterRoutes
from services.gateway.web.context import GatewayContext
from services.gateway.web.conversation_routes import ConversationRoutes
from services.gateway.web.http_messages import error_answer
from services.gateway.web.identity import PersonCookieMiddleware
from services.gateway.web.limiting import LimitingMiddleware
from services.gateway.web.limits import retry_after
from services.gateway.web.link_routes import LinkRoutes
from services.gateway.web.origins import OriginMiddleware
from services.gateway.web.privacy_routes import PrivacyRoutes
from services.gateway.web.replay_routes import ReplayRoutes
from services.gateway.web.sign_in import AccessMiddleware, SessionRoutes
from services.gateway.web.static import StaticPage
from services.gateway.web.status_route import StatusRoute
from services.gateway.web.webrtc_routes import WebRTCRoutes

log = logging.getLogger(__name__)

_STATUS = {
    "not_found": 404, "too_large": 413, "unsupported_media_type": 415, "invalid_input": 400, "switched_off": 403,
    "forbidden": 403, "too_many": 409, "taken": 409, "conflict": 409, "not_claimed": 409, "not_linked": 409,
    "already_linked": 409, "over": 410, "too_many_tries": 429,
}


_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_ASKED_HEADERS = ("Authorization", "Content-Type", "Last-Event-ID", "If-None-Match", "Range", "Traceparent")
_TOLD_HEADERS = ("Location", "ETag", "Retry-After", "Content-Range")


def make_app(context: GatewayContext) -> Starlette:
    """The application with all its routes."""
    keys, persons, settings, origins = context.keys, context.persons, context.settings, context.origins
    sessions = SessionRoutes(keys, persons, settings, origins)
    routes = [
        *sessions.routes,
        *CharacterRoutes(context).routes,
        *ConversationRoutes(context).routes,
        *WebRTCRoutes(context).routes,
        *LinkRoutes(context).routes,
        *ReplayRoutes(context).routes,
        *AnalyticsRoutes(context).routes,
        *PrivacyRoutes(context).routes,
        StatusRoute(context).route,
        openapi.ROUTE,
        Route("/{rest:path}", no_route, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
    ]
    return Starlette(
        routes=[
            *health.routes(context.health),
            Route("/openz", partial(_is_open, context)),
            sessions.operator_route,
            Mount("/api", routes=routes),
            Mount("/", app=StaticPage(context.page)),
        ],
        middleware=[
            # Without credentials: a page of another site has a token, and never this site's cookies.
            Middleware(
                CORSMiddleware, allow_origins=origins.allowed, allow_methods=_METHODS, allow_headers=_ASKED_HEADERS,
                expose_headers=_TOLD_HEADERS, max_age=600,
            ),
            Middleware(OriginMiddleware, origins=origins),
            Middleware(AccessMiddleware, keys=keys, persons=persons, settings=settings, origins=origins),
            Middleware(PersonCookieMiddleware, persons=persons, origins=origins),
            Middleware(LimitingMiddleware, context.limits),
        ],
        exception_handlers={
            VisavisError: _error, ClientDisconnect: _disconnected, HTTPException: _refused, Exception: _broken
        },
    )


async def _is_open(context: GatewayContext, request: Request) -> Response:
    """For load balancers: unlike `/readyz`, it says nothing of NATS, which all gateways have or lack alike."""
    ending = context.drain.is_begun
    return PlainTextResponse(health.ENDING if ending else "ok", 503 if ending else 200)


async def no_route(request: Request) -> Response:
    raise NotFound(f"no {request.method} {request.url.path} here; see docs/api.md")


async def _refused(request: Request, error: Exception) -> Response:
    """What Starlette refuses by itself, in the form of all other errors."""
    assert isinstance(error, HTTPException)
    code = {404: "not_found", 405: "not_allowed"}.get(error.status_code, "invalid_input")
    return error_answer(error.status_code, code, error.detail, dict(error.headers or {}))


async def _broken(request: Request, error: Exception) -> Response:
    """A fault of ours: who asks is told no more than that, and the log has the rest."""
    return error_answer(500, "broken", "the gateway failed at this request; its log says why")


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
