"""Asks several endpoints in order of preference, and waits as long as a server asks for."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, cast

from bus.errors import ConfigurationError, EngineBusy, EngineError
from bus.settings import Settings
from services.dialogue.engine import AnsweredBy, ChatRequest, Piece
from services.dialogue.openai.engine import FIRST_TOKEN_TIMEOUT, PATIENCE, OpenAI

log = logging.getLogger(__name__)

PATIENCE_BEFORE_NEXT = 8.0
"""Seconds to the first token of an endpoint that has another one after it."""
REST = 60.0
"""Seconds for which an endpoint that failed is not asked first."""
LONGEST_WAIT = 20.0
"""Seconds that a person is kept waiting because the servers ask for it; a longer wait is told at once instead."""
_SHORTEST_WAIT = 0.5
"""Seconds before a server is asked again that names a shorter time, or a moment that has passed; twice as long each
time."""


class Failover:
    """A chat engine of one or more endpoints, in order of preference.

    Before the answer of one it says in an `AnsweredBy` which one that is. An answer that has begun is not continued by
    another endpoint here: the error is raised, and the next try, which knows the sentences so far, asks the others.

    Args:
        engines: one for each endpoint.
        patience: seconds to the first token of an endpoint that has another one after it.
        rest: seconds for which an endpoint that failed is not asked first.
        longest_wait: seconds to wait in all where the endpoints ask for it.
        clock, sleep: of seconds.
    """

    deterministic = False
    writes_slowly = False

    def __init__(
        self,
        engines: Sequence[OpenAI],
        *,
        patience: float = PATIENCE_BEFORE_NEXT,
        rest: float = REST,
        longest_wait: float = LONGEST_WAIT,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        if not engines:
            raise ValueError("expected at least one engine, got none")
        self._engines = tuple(engines)
        self._patience = patience
        self._rest = rest
        self._longest_wait = longest_wait
        self._clock = clock
        self._sleep = sleep
        self._resting: dict[OpenAI, float] = {}
        """When the rest of an endpoint that failed is over."""
        self._not_before: dict[OpenAI, float] = {}
        """When an endpoint may be asked again, by its own word."""

    @property
    def name(self) -> str:
        """The name of the engine that is asked first."""
        return self._in_order()[0].name

    async def close(self) -> None:
        await asyncio.gather(*(engine.close() for engine in self._engines))

    async def stream(self, request: ChatRequest) -> AsyncIterator[Piece]:
        """See `ChatEngine.stream`."""
        waited = 0.0
        for tries in itertools.count():
            failures: list[EngineError] = []
            async with aclosing(cast("Any", self._ask_in_turn(request, failures))) as pieces:
                async for piece in pieces:
                    yield piece
            if not failures:
                return
            asked = [one.wait for one in failures if isinstance(one, EngineBusy)]
            wait = max(min(asked), _SHORTEST_WAIT * 2**tries) if asked else 0.0
            if not asked or waited + wait > self._longest_wait:
                raise _together(failures)
            waited += wait
            log.info("language model asks to wait", extra={"seconds": wait})
            await self._sleep(wait)

    async def _ask_in_turn(self, request: ChatRequest, failures: list[EngineError]) -> AsyncIterator[Piece]:
        """The answer of the first endpoint that has one; else `failures` gets the error of each."""
        order = self._in_order()
        for engine in order:
            wait = self._not_before.get(engine, 0.0) - self._clock()
            if wait > 0:
                detail = f"the language model at {engine.host} asks to wait {wait:.0f} s"
                failures.append(EngineBusy(detail, wait=wait, code="llm_busy"))
                continue
            patience = PATIENCE if engine is order[-1] else self._patience
            begun = False
            try:
                async with aclosing(cast("Any", engine.stream(request, patience=patience))) as pieces:
                    async for piece in pieces:
                        if not begun:
                            yield AnsweredBy(f"{engine.name}@{engine.host}")
                        begun = True
                        yield piece
            except EngineError as error:
                self._note(engine, error)
                if begun or error.code == "llm_refused":
                    raise
                failures.append(error)
                continue
            self._resting.pop(engine, None)
            failures.clear()
            return

    def _in_order(self) -> list[OpenAI]:
        """The endpoints in the order in which to ask them: those that rest come last."""
        now = self._clock()

        def pause(engine: OpenAI) -> float:
            return max(0.0, self._resting.get(engine, 0.0) - now, self._not_before.get(engine, 0.0) - now)

        return sorted(self._engines, key=pause)

    def _note(self, engine: OpenAI, error: EngineError) -> None:
        """Remember that an endpoint failed."""
        if error.code == "llm_refused":
            return
        if isinstance(error, EngineBusy):
            self._not_before[engine] = self._clock() + error.wait
        else:
            self._resting[engine] = self._clock() + self._rest
        if len(self._engines) > 1:
            log.warning("language model fails, the next is asked", extra={"at": engine.host, "why": error.detail})


def _together(failures: Sequence[EngineError]) -> EngineError:
    """One error that sums up the errors of all endpoints."""
    # To wait longer than a person would is no help.
    retryable = any(one.retryable and not isinstance(one, EngineBusy) for one in failures)
    detail = "; ".join(one.detail for one in failures)
    return EngineError(detail, retryable=retryable, code=failures[0].code)


def openai_engines(
    settings: Settings,
    *,
    first_token_timeout: float = FIRST_TOKEN_TIMEOUT,
    environment: Mapping[str, str] | None = None,
) -> list[OpenAI]:
    """The engine of each endpoint in the settings, in order.

    Args:
        first_token_timeout, environment: see `OpenAI`.
    Raises:
        ConfigurationError: a URL or a proxy cannot be used, or there are not as many models or keys as URLs.
    """
    urls = split_list(settings.llm_url)
    models = _one_for_each(split_list(settings.llm_model), urls, "VISAVIS_LLM_MODEL", shared=True)
    # A key is sent to no endpoint but its own.
    keys = _one_for_each(split_list(settings.llm_key), urls, "VISAVIS_LLM_KEY", shared=False)
    return [
        OpenAI(url, model=model, key=key, first_token_timeout=first_token_timeout, environment=environment)
        for url, model, key in zip(urls, models, keys, strict=True)
    ]


def split_list(value: str) -> list[str]:
    """The entries of a setting with commas, empty ones too; none where it is empty."""
    return [one.strip() for one in value.split(",")] if value.strip() else []


def _one_for_each(values: list[str], urls: list[str], setting: str, *, shared: bool) -> list[str]:
    if not values or (shared and len(values) == 1):
        return (values or [""]) * len(urls)
    if len(values) != len(urls):
        raise ConfigurationError(
            f"{setting}: expected one entry for each of the {len(urls)} URLs in VISAVIS_LLM_URL, separated by commas "
            f"and empty for none, got {len(values)}"
        )
    return values
