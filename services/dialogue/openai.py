"""Answers from any endpoint that speaks the OpenAI protocol: vLLM, Ollama, llama.cpp, hosted ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any, NoReturn

import httpx2
import msgspec
from msgspec import Struct

from bus.errors import ConfigurationError, EngineError
from services.dialogue.engine import Exchange
from services.dialogue.prompt import messages

FIRST_TOKEN = 20.0
"""Seconds that the first word may take; a cold model has to be loaded."""
NEXT_TOKEN = 10.0
"""Seconds between two pieces of an answer."""
CONNECT = 3.0
LONGEST_ANSWER = 700
"""Tokens; an answer that is spoken must come to an end."""


_OTHER_KINDS = ("embed", "rerank", "whisper", "tts", "moderation", "dall-e")
"""Parts of names of models that do not chat."""


class _Delta(Struct):
    content: str | None = None


class _Choice(Struct):
    delta: _Delta = msgspec.field(default_factory=_Delta)
    finish_reason: str | None = None


class _Problem(Struct):
    message: str = ""


class _Chunk(Struct):
    choices: list[_Choice] = []
    error: _Problem | str | None = None


class _Model(Struct):
    id: str


class _Models(Struct):
    data: list[_Model] = []


_chunk = msgspec.json.Decoder(_Chunk)
_models = msgspec.json.Decoder(_Models)


class OpenAI:
    """A chat engine over HTTP. The key appears in no message, log line or event.

    Args:
        url: base of the API, usually ending in `/v1`.
        model: the one to ask for; empty: the first that the endpoint lists.
        key: bearer token, where one is wanted.
        first_token, next_token: patience in seconds.
    Raises:
        ConfigurationError: the URL is none.
    """

    repeatable = False

    def __init__(
        self,
        url: str,
        *,
        model: str = "",
        key: str = "",
        first_token: float = FIRST_TOKEN,
        next_token: float = NEXT_TOKEN,
    ) -> None:
        try:
            base = httpx2.URL(url.strip().rstrip("/") + "/")
        except httpx2.InvalidURL as error:
            raise ConfigurationError(f"VISAVIS_LLM_URL: expected http://host:port/v1; {error}") from error
        if base.scheme not in ("http", "https") or not base.host:
            # Not shown: it may carry a password.
            raise ConfigurationError(f"VISAVIS_LLM_URL: expected http://host:port/v1, got scheme {base.scheme!r}")
        self._base = base
        self._model = model
        self._asked_for = bool(model)
        self._key = key
        self._refused: set[str] = set()
        self._first_token = first_token
        self._next_token = next_token
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx2.AsyncClient(
            base_url=base,
            headers=headers,
            timeout=httpx2.Timeout(next_token, connect=CONNECT, read=None, pool=None),
            follow_redirects=False,
        )

    @property
    def name(self) -> str:
        return f"openai:{self._model}" if self._model else "openai"

    async def close(self) -> None:
        await self._client.aclose()

    async def stream(self, exchange: Exchange) -> AsyncIterator[str]:
        """See `Chat.stream`. Thoughts of a reasoning model are left out."""
        thoughts = Thoughts()
        patience = self._first_token
        over = False
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(patience):
                    events = aiter(await self._open(stack, exchange))
                while True:
                    async with asyncio.timeout(patience):
                        event = await anext(events, None)
                    if event is None or event.data.strip() == "[DONE]":
                        break
                    text, finished = self._read(event.data)
                    over = over or finished
                    if spoken := thoughts.push(text):
                        yield spoken
                    # A model that thinks first is at work, and has as long as before for its first word.
                    patience = self._next_token
                over = over or event is not None
                if over and (rest := thoughts.finish()):
                    yield rest
        except TimeoutError as error:
            detail = f"{self._where} said nothing for {patience:g} s"
            raise EngineError(detail, retryable=True, code="llm_timeout") from error
        except httpx2.HTTPError as error:
            raise self._translated(error) from error
        if not over:
            raise EngineError(f"{self._where} broke off in the middle", retryable=True, code="llm_broke_off")

    async def _open(self, stack: AsyncExitStack, exchange: Exchange) -> httpx2.EventSource:
        """Ask, without what this endpoint has refused to be asked for."""
        while True:
            extras = {"seed": exchange.seed, "max_tokens": LONGEST_ANSWER}
            model = await self._choose_model()
            request: dict[str, Any] = {"model": model, "messages": messages(exchange), "stream": True}
            request |= {name: value for name, value in extras.items() if name not in self._refused}
            answer = self._client.sse("chat/completions", method="POST", json=request)
            events = await stack.enter_async_context(answer)
            if events.response.status_code == 200:
                return events
            reason = await self._reason(events.response)
            refused = {name for name in extras if name in reason and name in request}
            if events.response.status_code != 400 or not refused:
                self._raise_status(events.response.status_code, reason, model)
            self._refused |= refused

    async def models(self) -> list[str]:
        """Names of the models that chat, in the order in which the endpoint lists them.

        Raises:
            EngineError: it cannot be reached, refuses, or has none.
        """
        try:
            response = await self._client.get("models", timeout=self._first_token)
        except httpx2.HTTPError as error:
            raise self._translated(error) from error
        if response.status_code != 200:
            self._raise_status(response.status_code, await self._reason(response), "")
        try:
            listed = [model.id for model in _models.decode(response.content).data]
        except msgspec.DecodeError as error:
            detail = f"{self._where} lists no models: {error}; set VISAVIS_LLM_MODEL"
            raise EngineError(detail, code="llm_no_model") from error
        fit = [name for name in listed if not any(mark in name.lower() for mark in _OTHER_KINDS)]
        if not fit:
            raise EngineError(f"{self._where} has no chat model; it lists {listed[:5]}", code="llm_no_model")
        return fit

    async def _choose_model(self) -> str:
        if not self._model:
            self._model = (await self.models())[0]
        return self._model

    def _read(self, data: str) -> tuple[str, bool]:
        """The text of a chunk, and whether it is the last one that has any."""
        try:
            chunk = _chunk.decode(data)
        except msgspec.DecodeError as error:
            detail = f"{self._where} sent a chunk that is none: {error}"
            raise EngineError(detail, retryable=True, code="llm_garbled") from error
        if chunk.error:
            reason = chunk.error if isinstance(chunk.error, str) else chunk.error.message
            raise EngineError(f"{self._where} failed: {self._safe(reason)}", retryable=True, code="llm_failed")
        text = "".join(choice.delta.content or "" for choice in chunk.choices)
        return text, any(choice.finish_reason for choice in chunk.choices)

    # Errors

    @property
    def _where(self) -> str:
        return f"the language model at {self._base.copy_with(username=None, password=None)}"

    async def _reason(self, response: httpx2.Response) -> str:
        """What the endpoint says about its refusal, as far as it is fit to be shown."""
        body = await response.aread()
        try:
            problem = _chunk.decode(body).error
        except msgspec.DecodeError:
            problem = None
        reason = problem.message if isinstance(problem, _Problem) else problem or body[:500].decode(errors="replace")
        return self._safe(reason)

    def _safe(self, text: str) -> str:
        text = " ".join(text.split())[:200]
        return text.replace(self._key, "…") if self._key else text

    def _raise_status(self, status: int, reason: str, model: str) -> NoReturn:
        said = f"({status}{': ' + reason if reason else ''})"
        if status in (401, 403):
            raise EngineError(f"{self._where} refuses the key {said}; check VISAVIS_LLM_KEY", code="llm_refused_key")
        if status == 404 and model:
            detail = f"{self._where} does not know the model {model!r} {said}; check VISAVIS_LLM_MODEL"
            if not self._asked_for:
                self._model = ""  # it was picked from a list that has changed
            raise EngineError(detail, code="llm_no_model", retryable=not self._asked_for)
        if status == 404:
            detail = f"{self._where} has no API there {said}; VISAVIS_LLM_URL usually ends in /v1"
            raise EngineError(detail, code="llm_no_api")
        retryable = status in (408, 409, 425, 429) or status >= 500
        raise EngineError(f"{self._where} answered {said}", retryable=retryable, code="llm_failed")

    def _translated(self, error: httpx2.HTTPError) -> EngineError:
        if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
            detail = f"{self._where} cannot be reached; is it running?"
            return EngineError(detail, retryable=True, code="llm_unreachable")
        if isinstance(error, httpx2.SSEError):
            return EngineError(f"{self._where} does not stream: {self._safe(str(error))}", code="llm_no_stream")
        reason = self._safe(str(error)) or type(error).__name__
        return EngineError(f"{self._where} broke off: {reason}", retryable=True, code="llm_broke_off")


class Thoughts:
    """Leaves out what stands between `<think>` and `</think>`, wherever the pieces are cut."""

    def __init__(self) -> None:
        self._rest = ""
        self._thinking = False

    def push(self, piece: str) -> str:
        """What of the text so far is surely to be said."""
        self._rest += piece
        said = ""
        while True:
            mark = "</think>" if self._thinking else "<think>"
            place = self._rest.find(mark)
            if place < 0:
                # The beginning of a mark at the end stays until it is known what it becomes.
                keep = next((n for n in range(len(mark) - 1, 0, -1) if self._rest.endswith(mark[:n])), 0)
                safe = len(self._rest) - keep
                said += "" if self._thinking else self._rest[:safe]
                self._rest = self._rest[safe:]
                return said
            said += "" if self._thinking else self._rest[:place]
            self._rest = self._rest[place + len(mark) :]
            self._thinking = not self._thinking

    def finish(self) -> str:
        """The text is over: what of it was kept back."""
        return "" if self._thinking else self._rest
