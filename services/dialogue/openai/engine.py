"""Answers from any endpoint that speaks the OpenAI protocol: vLLM, Ollama, llama.cpp, hosted ones."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing, suppress
from typing import Any, cast

import httpx2

from bus.errors import EngineError
from services.dialogue.engine import ChatRequest, Tokens, ToolCall, ToolDefinition
from services.dialogue.openai.answer import AnswerReader
from services.dialogue.openai.chunks import Problem
from services.dialogue.openai.context import PromptFitter
from services.dialogue.openai.endpoint import Endpoint, problem_in
from services.dialogue.openai.errors import is_context_limit, is_not_a_chat_model
from services.dialogue.openai.event_stream import parse_json
from services.dialogue.openai.models import listed_models
from services.dialogue.openai.thoughts import may_begin_with_thought
from services.dialogue.prompt import HISTORY_CHARACTERS

FIRST_TOKEN_TIMEOUT = 20.0
"""Seconds of silence before the first token; a cold model has to be loaded."""
NEXT_TOKEN_TIMEOUT = 10.0
"""Seconds of silence within an answer."""
PATIENCE = 180.0
"""Seconds without text, although the server gives signs of life: a large model is loaded, or thinks."""
DRAIN_TIMEOUT = 1.0
"""Seconds for a finished answer to end its body, so that its connection can be used again, or to go on all the same."""
MAX_TOKENS = 700
"""Length of the longest answer: speech must come to an end."""
_MAX_REQUESTS = 10
"""Requests for one answer, where parameters are refused, the prompt is too long, or a model cannot chat."""
_OPTIONAL = ("seed", "max_tokens", "tools", "stream_options")


class _AskAnew(Exception):
    """The request was refused, and the next one will be another."""


class OpenAI:
    """A chat engine over HTTP. The key appears in no message, log line or event.

    Args:
        url: base of the API, usually ending in `/v1`.
        model: name of the model; empty: the first chat model that the endpoint lists.
        key: bearer token; empty: none is sent.
        first_token_timeout, next_token_timeout: seconds of silence; any byte is a sign of life, comments too.
        history_characters: the length of the history in the prompt.
        max_tokens: the length of the longest answer.
        environment: where the proxies are named; by default the process's.
    Raises:
        ConfigurationError: the URL is not valid, or the environment names a proxy for it that cannot be used.
    """

    deterministic = False
    writes_slowly = False

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
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._endpoint = Endpoint(url, key, timeout=next_token_timeout, environment=environment)
        self._model = model
        self._model_configured = bool(model)
        self._cannot_chat: set[str] = set()
        self._unsupported: set[str] = set()
        """Parameters that the endpoint has refused."""
        self._unlimited: set[str] = set()
        """Models that need more room than `max_tokens`: they spent it on thought, or had not so much left."""
        self._begins_in_thought: dict[str, bool] = {}
        self._fitters: dict[str, PromptFitter] = {}
        self._first_token_timeout = first_token_timeout
        self._next_token_timeout = next_token_timeout
        self._history_characters = history_characters
        self._max_tokens = max_tokens

    @property
    def name(self) -> str:
        return f"openai:{self._model}" if self._model else "openai"

    @property
    def model(self) -> str:
        """The model that is asked; "" as long as it has not been chosen."""
        return self._model

    @property
    def host(self) -> str:
        """Host and port of the endpoint."""
        return self._endpoint.host

    @property
    def address(self) -> str:
        """Host, port and path of the endpoint."""
        return self._endpoint.address

    async def close(self) -> None:
        await self._endpoint.close()

    async def stream(
        self, request: ChatRequest, *, patience: float = PATIENCE
    ) -> AsyncIterator[str | ToolCall | Tokens]:
        """See `ChatEngine.stream`. Leaves out the reasoning of a model that thinks first.

        An answer without text is asked for once more: without a limit, if the model spent it on thought, and with a
        shorter prompt, if there was no room left in its context. Nothing after sentences that are on the log already
        means that they were the whole answer.

        Args:
            patience: seconds to the first token, whatever signs of life come before.
        Raises:
            EngineError: there is no answer, or it broke off.
            EngineBusy: the endpoint asks to be left alone for a while.
        """
        tokens = Tokens()
        for is_last in (False, True):
            readers: list[AnswerReader] = []
            async with aclosing(cast("Any", self._answer(request, patience, readers))) as texts:
                async for text in texts:
                    yield text
            reader = readers[-1]
            tokens = sum((one.tokens for one in readers), tokens)
            if reader.text.strip() or reader.calls:
                self._learn(reader)
                for call in reader.calls:
                    yield call
                if tokens != Tokens():
                    yield tokens
                return
            if request.reply_so_far and reader.complete and reader.finish not in ("length", "refused"):
                return  # what has been said already was the whole answer
            if is_last or reader.finish == "refused":
                raise self._nothing_said(reader)
            if reader.thinks:
                self._unlimited.add(self._model)
            elif reader.finish == "length":
                self._fitter.shorten(request, "")

    async def _answer(self, request: ChatRequest, patience: float, readers: list[AnswerReader]) -> AsyncIterator[str]:
        """The text of one answer; requests that are refused are made anew, as the refusal says.

        Args:
            readers: gets the reader of each answer.
        """
        for _ in range(_MAX_REQUESTS):
            reader = AnswerReader(begins_in_thought=self._may_begin_in_thought)
            readers.append(reader)
            try:
                async with AsyncExitStack() as stack:
                    response = await self._ask(stack, request, min(self._first_token_timeout, patience))
                    async with aclosing(cast("Any", self._read(request, response, reader, patience))) as texts:
                        async for text in texts:
                            yield text
                return
            except _AskAnew:
                continue
            except httpx2.HTTPError as error:
                if not reader.complete:
                    raise self._endpoint.translated(error) from error
                return
        raise EngineError(f"{self._where} refused {_MAX_REQUESTS} requests in a row", code="llm_failed")

    async def _ask(self, stack: AsyncExitStack, request: ChatRequest, timeout: float) -> httpx2.Response:
        """Send the request, without the parameters that this endpoint has refused before."""
        try:
            async with asyncio.timeout(timeout):
                payload = self._payload(await self._choose_model(), request)
                response = await stack.enter_async_context(self._endpoint.stream("chat/completions", payload))
        except TimeoutError as error:
            raise self._endpoint.silent(timeout) from error
        if 200 <= response.status_code < 300:
            return response
        problem = await self._endpoint.problem_of(response)
        if self._adapted(response.status_code, problem, request, payload):
            raise _AskAnew
        raise self._refused(response, problem)

    def _payload(self, model: str, request: ChatRequest) -> dict[str, Any]:
        payload: dict[str, Any] = {"model": model, "messages": self._fitter.messages(request), "stream": True}
        payload |= {"seed": request.seed, "max_tokens": self._max_tokens, "stream_options": {"include_usage": True}}
        if request.tools:
            payload["tools"] = [_tool(one) for one in request.tools]
        left_out = self._unsupported | ({"max_tokens"} if model in self._unlimited else set())
        if "stream" in left_out:
            left_out |= {"stream_options"}
        return {name: value for name, value in payload.items() if name not in left_out}

    def _adapted(self, status: int, problem: Problem, request: ChatRequest, payload: Mapping[str, Any]) -> bool:
        """Whether the next request will be another one, that the endpoint may accept."""
        if is_not_a_chat_model(status, problem) and not self._model_configured:
            self._cannot_chat.add(self._model)
            self._model = ""
            return True
        if is_context_limit(status, problem):
            if self._fitter.shorten(request, problem.message):
                return True
            if "max_tokens" in payload:  # the room for the answer counts too
                self._unlimited.add(self._model)
                return True
            return False
        if status not in (400, 422):
            return False
        refused = {name for name in _OPTIONAL if name in payload and re.search(rf"\b{name}\b", problem.message)}
        if "stream" in payload and _STREAM_REFUSED.search(problem.message):
            refused.add("stream")
        if not refused and "stream_options" in payload and _UNKNOWN_PARAMETER.search(problem.message):
            refused.add("stream_options")  # the one of ours that servers know least, and that is missed least
        self._unsupported |= refused
        return bool(refused)

    async def _read(
        self, request: ChatRequest, response: httpx2.Response, reader: AnswerReader, patience: float
    ) -> AsyncIterator[str]:
        """The text of an answer, as it comes."""
        loop = asyncio.get_running_loop()
        body = aiter(response.aiter_bytes())
        silence, deadline, seconds = self._first_token_timeout, loop.time() + patience, patience
        at_work = False
        while not reader.complete:
            left = max(0.0, deadline - loop.time())
            try:
                async with asyncio.timeout(min(silence, left)):
                    received = await anext(body, None)
            except TimeoutError as error:
                raise self._endpoint.silent(min(silence, seconds)) from error
            text = reader.finish_body() if received is None else reader.push(received)
            if text or (reader.begun and not at_work):
                # Thought too shows that the model is loaded and at work; a comment does not.
                at_work, silence = True, self._next_token_timeout
                deadline, seconds = loop.time() + PATIENCE, PATIENCE
            if text:
                yield text
            self._check(request, response, reader)
            if received is None:
                break
        if rest := reader.flush():
            yield rest
        self._check_end(response, reader)
        async with aclosing(cast("Any", _drain(body, reader))) as texts:
            async for text in texts:
                yield text

    def _check(self, request: ChatRequest, response: httpx2.Response, reader: AnswerReader) -> None:
        """Raise what the server reports within its answer."""
        if reader.garbled:
            detail = f"{self._where} sent a malformed chunk: {self._endpoint.redacted(reader.garbled)}"
            raise EngineError(detail, retryable=True, code="llm_garbled")
        problem = reader.problem
        if problem is None:
            return
        if not reader.text and self._adapted(problem.status, problem, request, {}):
            raise _AskAnew
        if not response.headers.get("content-type", "").startswith(("text/event-stream", "application/")):
            detail = f"{self._where} does not stream: {self._endpoint.redacted(problem.message)}"
            raise EngineError(detail, code="llm_no_stream")
        raise self._refused(response, problem, begun=bool(reader.text))

    def _check_end(self, response: httpx2.Response, reader: AnswerReader) -> None:
        if reader.finish == "broken":
            detail = f"{self._where} broke off in the middle ({reader.reason})"
            raise EngineError(detail, retryable=True, code="llm_broke_off")
        if reader.finish == "refused" and reader.text and not reader.refusal:
            raise self._nothing_said(reader)
        if not reader.begun and not reader.complete and "event-stream" not in response.headers.get("content-type", ""):
            raise EngineError(f"{self._where} does not stream, and answered nothing", code="llm_no_stream")

    def _nothing_said(self, reader: AnswerReader) -> EngineError:
        """The error of an answer that may not be told, or has no text."""
        if reader.finish == "refused":
            return EngineError(f"{self._where} declines to answer this ({reader.reason})", code="llm_refused")
        if reader.thinks:
            spent = " and spent its limit on that" if reader.finish == "length" else ""
            return EngineError(f"{self._where} thought{spent}, and answered nothing", code="llm_only_thought")
        return EngineError(f"{self._where} answered nothing, twice", code="empty_reply")

    def _refused(self, response: httpx2.Response, problem: Problem, *, begun: bool = False) -> EngineError:
        error = self._endpoint.refused(response, problem, model=self._model, begun=begun)
        if error.code == "llm_no_model" and not self._model_configured:
            self._model = ""  # the list that it was chosen from has changed
            error.retryable = True
        return error

    # What is learnt of a model

    @property
    def _fitter(self) -> PromptFitter:
        return self._fitters.setdefault(self._model, PromptFitter(self._history_characters))

    @property
    def _may_begin_in_thought(self) -> bool:
        learnt = self._begins_in_thought.get(self._model)
        return may_begin_with_thought(self._model) if learnt is None else learnt

    def _learn(self, reader: AnswerReader) -> None:
        if reader.closed_unopened:
            self._begins_in_thought[self._model] = True
        elif self._may_begin_in_thought and not reader.thinks:
            self._begins_in_thought[self._model] = False

    # Other requests

    async def evaluate(self, request: ChatRequest) -> None:
        """Let the server evaluate a request up to its words, which are not known yet.

        For a server that keeps what it has evaluated, as llama.cpp does.

        Raises:
            EngineError: it cannot be reached, or refuses.
        """
        model = await self._choose_model()
        messages = self._fitter.messages(request)[:-1]
        # A message of the assistant at the end is continued, by the one token that has to be asked for.
        body = {"model": model, "messages": messages, "max_tokens": 1}
        response = await self._endpoint.post("chat/completions", body)
        if response.status_code != 200:
            raise self._refused(response, problem_in(response.content))

    async def models(self) -> list[str]:
        """Names of the chat models, in the order in which the endpoint lists them.

        Raises:
            EngineError: the endpoint cannot be reached, refuses, or has no chat model.
        """
        response = await self._endpoint.get("models", timeout=self._first_token_timeout)
        if response.status_code != 200:
            raise self._endpoint.refused(response, problem_in(response.content))
        try:
            listed = listed_models(parse_json(response.content.decode(errors="replace")))
        except ValueError as error:
            detail = f"{self._where} lists no models: {error}; set VISAVIS_LLM_MODEL"
            raise EngineError(detail, code="llm_no_model") from error
        chat_models = [name for name, chats in listed if chats and name not in self._cannot_chat]
        if not chat_models:
            names = [name for name, _ in listed[:5]]
            detail = f"{self._where} has no chat model; it lists {names}; VISAVIS_LLM_MODEL names another one"
            raise EngineError(detail, code="llm_no_model")
        return chat_models

    async def _choose_model(self) -> str:
        if not self._model:
            self._model = (await self.models())[0]
        return self._model

    @property
    def _where(self) -> str:
        return self._endpoint.where


async def _drain(body: AsyncIterator[bytes], reader: AnswerReader) -> AsyncIterator[str]:
    """The text that still comes after a reason for the end: some servers name one in every chunk."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + DRAIN_TIMEOUT
    received: bytes | None = b""
    with suppress(TimeoutError):
        while received is not None:
            async with asyncio.timeout_at(deadline):
                received = await anext(body, None)
            text = reader.finish_body() if received is None else reader.push(received)
            if text:
                yield text
                deadline = loop.time() + DRAIN_TIMEOUT
    if rest := reader.flush():
        yield rest


def _tool(definition: ToolDefinition) -> dict[str, Any]:
    function = {"name": definition.name, "description": definition.description}
    return {"type": "function", "function": function | {"parameters": parse_json(definition.parameters) or {}}}


_UNKNOWN_PARAMETER = re.compile(
    r"extra (inputs?|fields?)|unrecogni[sz]ed|unknown (field|parameter|argument|name)|unexpected (field|keyword|param)|"
    r"additional properties",
    re.IGNORECASE,
)
_STREAM_REFUSED = re.compile(r"\bstream(ing)?\b.{0,60}(support|allow|available|permit)", re.IGNORECASE)
