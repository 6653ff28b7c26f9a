"""Asks one endpoint, and turns its failures into errors."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx2

from bus.errors import ConfigurationError, EngineError
from bus.process.proxies import proxy_for, proxy_variable
from services.dialogue.openai.answer import plain
from services.dialogue.openai.chunks import Problem, read_problem
from services.dialogue.openai.errors import ErrorTranslator, is_context_limit
from services.dialogue.openai.event_stream import parse_json
from services.dialogue.openai.retry_after import retry_after

CONNECT_TIMEOUT = 3.0
_MAX_ERROR_BODY = 64 << 10
"""Bytes of the body of a refusal that are read."""


class Endpoint:
    """An HTTP client of one endpoint. Its errors name the endpoint, and never its key or password.

    Args:
        url: base of the API, usually ending in `/v1`.
        key: bearer token; empty: none is sent.
        timeout: seconds for a request to be sent, and for the body of a refusal.
        environment: where the proxies are named; by default the process's.
    Raises:
        ConfigurationError: the URL is not valid, or the environment names a proxy for it that cannot be used.
    """

    def __init__(self, url: str, key: str, *, timeout: float, environment: Mapping[str, str] | None = None) -> None:
        try:
            base = httpx2.URL(url.strip().rstrip("/") + "/")
        except httpx2.InvalidURL as error:
            raise ConfigurationError(f"VISAVIS_LLM_URL: expected http://host:port/v1; {error}") from error
        if base.scheme not in ("http", "https") or not base.host:
            # Not shown: it may carry a password.
            raise ConfigurationError(f"VISAVIS_LLM_URL: expected http://host:port/v1, got scheme {base.scheme!r}")
        environment = os.environ if environment is None else environment
        self.host = f"{base.host}:{base.port}" if base.port else base.host
        self.address = f"{self.host}{base.path.rstrip('/')}"
        self.where = f"the language model at {base.copy_with(username=None, password=None)}"
        self._timeout = timeout
        self._proxy = proxy_variable(str(base), environment)
        self._errors = ErrorTranslator(self.where, key)
        self._client = httpx2.AsyncClient(
            base_url=base,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx2.Timeout(timeout, connect=CONNECT_TIMEOUT, read=None, pool=None),
            follow_redirects=False,
            # Given one, the client takes no other proxy from the environment.
            transport=httpx2.AsyncHTTPTransport(proxy=proxy_for(str(base), environment)),
        )

    async def close(self) -> None:
        await self._client.aclose()

    def stream(self, path: str, body: Mapping[str, Any]) -> AbstractAsyncContextManager[httpx2.Response]:
        """A POST request whose answer is read as it comes.

        Raises:
            httpx2.HTTPError: it failed; see `translated`.
        """
        return self._client.stream("POST", path, json=body, headers={"Accept": "text/event-stream, application/json"})

    async def post(self, path: str, body: Mapping[str, Any]) -> httpx2.Response:
        """A POST request with its whole answer.

        Raises:
            EngineError: the endpoint cannot be reached, or the connection broke.
        """
        try:
            return await self._client.post(path, json=body)
        except httpx2.HTTPError as error:
            raise self.translated(error) from error

    async def get(self, path: str, *, timeout: float) -> httpx2.Response:
        """A GET request with its whole answer.

        Raises:
            EngineError: the endpoint cannot be reached, the connection broke, or nothing came for `timeout` seconds.
        """
        try:
            return await self._client.get(path, timeout=timeout)
        except httpx2.HTTPError as error:
            raise self.translated(error) from error

    async def problem_of(self, response: httpx2.Response) -> Problem:
        """The error in the body of a refusal that is read as it comes."""
        body = b""
        try:
            async with asyncio.timeout(self._timeout):
                async for received in response.aiter_bytes():
                    body += received
                    if len(body) > _MAX_ERROR_BODY:
                        break
        except (TimeoutError, httpx2.HTTPError):
            pass  # the status says enough
        return problem_in(body)

    def refused(
        self, response: httpx2.Response, problem: Problem, *, model: str = "", begun: bool = False
    ) -> EngineError:
        """The error of a request that was refused, or of an answer that ended in an error; see `ErrorTranslator`."""
        status = response.status_code
        if is_context_limit(status if status >= 300 else problem.status, problem):
            reason = self.redacted(problem.message)
            detail = f"{self.where} has too small a context for this, without any history ({reason})"
            return EngineError(detail, code="llm_context")
        wait = problem.retry_after
        if wait is None:
            wait = retry_after(response.headers, problem.message)
        return self._errors.refused(status, problem, model=model, wait=wait, begun=begun)

    def redacted(self, text: str) -> str:
        """The server's words on one line, shortened and without the key."""
        return self._errors.redacted(text)

    def silent(self, seconds: float) -> EngineError:
        """The error of a wait in vain."""
        return EngineError(f"{self.where} said nothing for {seconds:g} s", retryable=True, code="llm_timeout")

    def translated(self, error: httpx2.HTTPError) -> EngineError:
        """The error of a connection that failed."""
        through = f" through the proxy in {self._proxy}" if self._proxy else ""
        if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.ProxyError):
            hint = f"correct or unset {self._proxy}" if self._proxy else "is it running?"
            detail = f"{self.where} cannot be reached{through}; {hint}"
            return EngineError(detail, retryable=True, code="llm_unreachable")
        if isinstance(error, httpx2.TimeoutException):
            return EngineError(f"{self.where} does not answer{through}", retryable=True, code="llm_timeout")
        reason = self.redacted(str(error)) or type(error).__name__
        return EngineError(f"{self.where} broke off: {reason}", retryable=True, code="llm_broke_off")


def problem_in(body: bytes) -> Problem:
    """The error in a body of any form; without words where it has none."""
    text = body.decode(errors="replace").strip()
    parsed = parse_json(text)
    if isinstance(parsed, list) and parsed:
        parsed = parsed[0]
    if isinstance(parsed, str):
        return Problem(parsed)
    if parsed is None:
        return Problem(plain(text[:2000]))
    return read_problem(parsed) or Problem(plain(text[:500]) if parsed else "")
