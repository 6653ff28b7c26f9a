"""Refuses requests of those who ask for more than their share (429), before anything is read of them."""

from __future__ import annotations

import logging

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from bus.errors import Exhausted, TooMany
from services.gateway.web.http_messages import error_answer
from services.gateway.web.identity import current_person, is_known
from services.gateway.web.limits import Client, Limits, retry_after, rule_of

log = logging.getLogger(__name__)

_SCOPE_KEY = "visavis_client"


def client_of(request: Request) -> Client:
    """Who sends a request, from `LimitingMiddleware`."""
    client: Client = request.scope[_SCOPE_KEY]
    return client


class LimitingMiddleware:
    """Counts each request before it is handled; runs within the middleware that tells the person."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        rule = rule_of(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if rule is None:
            await self._app(scope, receive, send)
            return
        host = scope["client"][0] if scope.get("client") else ""
        # Who is nobody in particular counts by the address alone.
        person = current_person(Request(scope)) if is_known(scope) else f"at {host}"
        client = scope[_SCOPE_KEY] = self._limits.client(person, host)
        try:
            for kind in ("requests", *rule.rates):
                self._limits.rates.take(kind, client)
            give_back = self._limits.shares.take(rule.share, client)
        except TooMany as error:
            log.info("refused for too many", extra={"path": scope["path"], "why": error.detail})
            refusal = error_answer(429, error.code, error.detail, {"Retry-After": retry_after(error)})
            await refusal(scope, receive, send)
            return
        except Exhausted as error:
            log.info("refused for want of room", extra={"path": scope["path"], "why": error.detail})
            await error_answer(503, error.code, error.detail, {"Retry-After": "5"})(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            give_back()
