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
from services.dialogue.engine import ChatRequest
from services.dialogue.prompt import HISTORY_CHARACTERS, chat_messages

FIRST_TOKEN_TIMEOUT = 20.0
"""Seconds to the first token; a cold model has to be loaded."""
NEXT_TOKEN_TIMEOUT = 10.0
"""Seconds between two chunks of an answer."""
CONNECT_TIMEOUT = 3.0
MAX_TOKENS = 700
"""Length of the longest answer: speech must come to an end."""


_NOT_CHAT = ("embed", "rerank", "whisper", "tts", "moderation", "dall-e")
"""Parts of the names of models that do not chat."""


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
        model: name of the model; empty: the first chat model that the endpoint lists.
        key: bearer token; empty: none is sent.
        first_token_timeout, next_token_timeout: seconds.
        history_characters: the length of the history in the prompt.
        max_tokens: the length of the longest answer.
    Raises:
        ConfigurationError: the URL is not valid.
    """

    deterministic = False

    def __init__(
        self,
        url: str,
        *,
        model: str = "",
        key: str = "",
        first_token_timeout: float = FIRST_TOKEN_TIMEOUT,
        next_token_timeout: float = NEXT_TOKEN_TIMEOUT,
        history_characters: int = HISTORY_CHARACTERS,
        max_tokens: int = MAX_TOKENS,
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
        self._model_configured = bool(model)
        self._key = key
        self._unsupported: set[str] = set()
        self._first_token_timeout = first_token_timeout
        self._next_token_timeout = next_token_timeout
        self._history_characters = history_characters
        self._max_tokens = max_tokens
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx2.AsyncClient(
            base_url=base,
            headers=headers,
            timeout=httpx2.Timeout(next_token_timeout, connect=CONNECT_TIMEOUT, read=None, pool=None),
            follow_redirects=False,
        )

    @property
    def name(self) -> str:
        return f"openai:{self._model}" if self._model else "openai"

    async def close(self) -> None:
        await self._client.aclose()

    async def stream(self, request: ChatRequest) -> AsyncIterator[str]:
        """See `ChatEngine.stream`. Leaves out the reasoning of a model that thinks first."""
        reasoning = ReasoningFilter()
        timeout = self._first_token_timeout
        complete = False
        try:
            async with AsyncExitStack() as stack:
                async with asyncio.timeout(timeout):
                    events = aiter(await self._open(stack, request))
                while True:
                    async with asyncio.timeout(timeout):
                        event = await anext(events, None)
                    if event is None or event.data.strip() == "[DONE]":
                        break
                    text, finished = self._read(event.data)
                    complete = complete or finished
                    if spoken := reasoning.push(text):
                        yield spoken
                    # Any chunk, of reasoning too, shows that the model is loaded and at work.
                    timeout = self._next_token_timeout
                complete = complete or event is not None
                if complete and (rest := reasoning.flush()):
                    yield rest
        except TimeoutError as error:
            detail = f"{self._where} said nothing for {timeout:g} s"
            raise EngineError(detail, retryable=True, code="llm_timeout") from error
        except httpx2.HTTPError as error:
            raise self._translated(error) from error
        if not complete:
            raise EngineError(f"{self._where} broke off in the middle", retryable=True, code="llm_broke_off")

    async def _open(self, stack: AsyncExitStack, request: ChatRequest) -> httpx2.EventSource:
        """Send the request, without the parameters that this endpoint has refused before."""
        while True:
            extras = {"seed": request.seed, "max_tokens": self._max_tokens}
            model = await self._choose_model()
            messages = chat_messages(request, self._history_characters)
            payload: dict[str, Any] = {"model": model, "messages": messages, "stream": True}
            payload |= {name: value for name, value in extras.items() if name not in self._unsupported}
            answer = self._client.sse("chat/completions", method="POST", json=payload)
            events = await stack.enter_async_context(answer)
            if events.response.status_code == 200:
                return events
            reason = await self._reason(events.response)
            refused = {name for name in extras if name in reason and name in payload}
            if events.response.status_code != 400 or not refused:
                self._raise_status(events.response.status_code, reason, model)
            self._unsupported |= refused

    async def evaluate(self, request: ChatRequest) -> None:
        """Let the server evaluate a request up to its words, which are not known yet.

        For a server that keeps what it has evaluated, as llama.cpp does.

        Raises:
            EngineError: it cannot be reached, or refuses.
        """
        model = await self._choose_model()
        messages = chat_messages(request, self._history_characters)[:-1]
        try:
            # A message of the assistant at the end is continued, by the one token that has to be asked for.
            response = await self._client.post(
                "chat/completions", json={"model": model, "messages": messages, "max_tokens": 1}
            )
        except httpx2.HTTPError as error:
            raise self._translated(error) from error
        if response.status_code != 200:
            self._raise_status(response.status_code, await self._reason(response), model)

    async def models(self) -> list[str]:
        """Names of the chat models, in the order in which the endpoint lists them.

        Raises:
            EngineError: the endpoint cannot be reached, refuses, or has no chat model.
        """
        try:
            response = await self._client.get("models", timeout=self._first_token_timeout)
        except httpx2.HTTPError as error:
            raise self._translated(error) from error
        if response.status_code != 200:
            self._raise_status(response.status_code, await self._reason(response), "")
        try:
            model_ids = [model.id for model in _models.decode(response.content).data]
        except msgspec.DecodeError as error:
            detail = f"{self._where} lists no models: {error}; set VISAVIS_LLM_MODEL"
            raise EngineError(detail, code="llm_no_model") from error
        chat_models = [name for name in model_ids if not any(mark in name.lower() for mark in _NOT_CHAT)]
        if not chat_models:
            raise EngineError(f"{self._where} has no chat model; it lists {model_ids[:5]}", code="llm_no_model")
        return chat_models

    async def _choose_model(self) -> str:
        if not self._model:
            self._model = (await self.models())[0]
        return self._model

    def _read(self, data: str) -> tuple[str, bool]:
        """The text of a chunk, and whether the endpoint marks the answer as finished."""
        try:
            chunk = _chunk.decode(data)
        except msgspec.DecodeError as error:
            detail = f"{self._where} sent a malformed chunk: {error}"
            raise EngineError(detail, retryable=True, code="llm_garbled") from error
        if chunk.error:
            reason = chunk.error if isinstance(chunk.error, str) else chunk.error.message
            raise EngineError(f"{self._where} failed: {self._redacted(reason)}", retryable=True, code="llm_failed")
        text = "".join(choice.delta.content or "" for choice in chunk.choices)
        return text, any(choice.finish_reason for choice in chunk.choices)

    # Errors

    @property
    def _where(self) -> str:
        return f"the language model at {self._base.copy_with(username=None, password=None)}"

    async def _reason(self, response: httpx2.Response) -> str:
        """The endpoint's error message, shortened and without the key."""
        body = await response.aread()
        try:
            problem = _chunk.decode(body).error
        except msgspec.DecodeError:
            problem = None
        reason = problem.message if isinstance(problem, _Problem) else problem or body[:500].decode(errors="replace")
        return self._redacted(reason)

    def _redacted(self, text: str) -> str:
        text = " ".join(text.split())[:200]
        return text.replace(self._key, "…") if self._key else text

    def _raise_status(self, status: int, reason: str, model: str) -> NoReturn:
        reply = f"({status}{': ' + reason if reason else ''})"
        if status in (401, 403):
            raise EngineError(f"{self._where} refuses the key {reply}; check VISAVIS_LLM_KEY", code="llm_refused_key")
        if status == 404 and model:
            detail = f"{self._where} does not know the model {model!r} {reply}; check VISAVIS_LLM_MODEL"
            if not self._model_configured:
                self._model = ""  # the list that it was chosen from has changed
            raise EngineError(detail, code="llm_no_model", retryable=not self._model_configured)
        if status == 404:
            detail = f"{self._where} has no API there {reply}; VISAVIS_LLM_URL usually ends in /v1"
            raise EngineError(detail, code="llm_no_api")
        retryable = status in (408, 409, 425, 429) or status >= 500
        raise EngineError(f"{self._where} answered {reply}", retryable=retryable, code="llm_failed")

    def _translated(self, error: httpx2.HTTPError) -> EngineError:
        if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
            detail = f"{self._where} cannot be reached; is it running?"
            return EngineError(detail, retryable=True, code="llm_unreachable")
        if isinstance(error, httpx2.SSEError):
            return EngineError(f"{self._where} does not stream: {self._redacted(str(error))}", code="llm_no_stream")
        reason = self._redacted(str(error)) or type(error).__name__
        return EngineError(f"{self._where} broke off: {reason}", retryable=True, code="llm_broke_off")


class ReasoningFilter:
    """Removes the text between `<think>` and `</think>` from a stream, wherever its pieces are cut."""

    def __init__(self) -> None:
        self._held_back = ""
        self._in_reasoning = False

    def push(self, piece: str) -> str:
        """The text of the answer that has become certain with this piece."""
        self._held_back += piece
        answer = ""
        while True:
            tag = "</think>" if self._in_reasoning else "<think>"
            place = self._held_back.find(tag)
            if place < 0:
                # What may be the beginning of a tag is held back until more text has come.
                keep = next((n for n in range(len(tag) - 1, 0, -1) if self._held_back.endswith(tag[:n])), 0)
                safe = len(self._held_back) - keep
                answer += "" if self._in_reasoning else self._held_back[:safe]
                self._held_back = self._held_back[safe:]
                return answer
            answer += "" if self._in_reasoning else self._held_back[:place]
            self._held_back = self._held_back[place + len(tag) :]
            self._in_reasoning = not self._in_reasoning

    def flush(self) -> str:
        """The text held back, after the last piece."""
        return "" if self._in_reasoning else self._held_back
