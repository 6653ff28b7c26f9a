"""Turns the refusals and error objects of a model server into errors with a code. Pure.

The codes: `llm_refused_key`, `llm_no_model`, `llm_no_api`, `llm_quota`, `llm_context`, `llm_busy`, `llm_refused` (the
content), `llm_failed`. Only what may pass by itself is retryable.
"""

from __future__ import annotations

import re

from bus.errors import EngineBusy, EngineError
from services.dialogue.openai.chunks import Problem
from services.dialogue.openai.surrogates import valid_text

_CONTEXT = re.compile(
    r"context|n_ctx|prompt (is|was) too long|input (is )?too (long|large)|too many (input |prompt )?tokens|"
    r"max(imum)?[ _](input|prompt|model)[ _](tokens?|len(gth)?)|tokens? (limit|exceed|count.{0,20}exceed)|"
    r"exceed\w* .{0,60}(token|length)|reduce the length|sequence length|request too large|"
    r"inputs? tokens? \+ |larger than the max|too long for (this|the) model|string_above_max_length",
    re.IGNORECASE,
)
_QUOTA = re.compile(r"insufficient_quota|quota|billing|credit|payment|balance", re.IGNORECASE)
_RATE = re.compile(r"rate.?limit|too many requests|overloaded|resource_exhausted|throttl|capacity", re.IGNORECASE)
_KEY = re.compile(r"invalid.{0,8}api.?key|authentication|unauthori[sz]ed|incorrect api key|permission", re.IGNORECASE)
_CONTENT = re.compile(
    r"content.?filter|responsibleai|content.?management|content.?policy|safety|prohibited|moderation", re.IGNORECASE
)
_NOT_CHAT = re.compile(
    r"does(n't| not) support (chat|generate|completion)|not a chat model|no chat template|not supported .{0,40}chat|"
    r"is not (a )?(chat|generat\w+)|embedding model|only support\w* embedding",
    re.IGNORECASE,
)
_MAX_REASON = 200
"""Characters of a server's own words in an error."""


def is_context_limit(status: int, problem: Problem) -> bool:
    """Whether a request was refused because it is longer than the model's context."""
    if status == 413:
        return True
    rate = status == 429 or _RATE.search(problem.kind) is not None
    return (
        status in (0, 400, 422, 500) and not rate and _CONTEXT.search(f"{problem.kind} {problem.message}") is not None
    )


def is_not_a_chat_model(status: int, problem: Problem) -> bool:
    """Whether a request was refused because the model cannot chat."""
    return status in (0, 400, 404, 422, 500, 501) and _NOT_CHAT.search(problem.message) is not None


class ErrorTranslator:
    """Turns the refusals of one endpoint into errors, without its key.

    Args:
        where: the endpoint in words, without credentials.
        key: removed from the server's words.
    """

    def __init__(self, where: str, key: str) -> None:
        self.where = where
        self._key = key

    def redacted(self, text: str) -> str:
        """The server's words on one line, shortened and without the key."""
        text = " ".join(valid_text(text).split())
        return (text.replace(self._key, "…") if self._key else text)[:_MAX_REASON]

    def refused(
        self, status: int, problem: Problem, *, model: str, wait: float | None = None, begun: bool = False
    ) -> EngineError:
        """The error of a request that was refused, or of an answer that ended in an error.

        Args:
            status: of HTTP; 0 or below 300: the error came inside an answer.
            model: that was asked for; empty: none was.
            wait: seconds that the server asks to be left alone.
            begun: whether a part of the answer had come.
        """
        inside = status < 300
        status = problem.status if inside else status
        words = f"{problem.kind} {problem.message}"
        reason = self.redacted(problem.message)
        reply = f"({status}{': ' + reason if reason else ''})" if status else f"({reason})"
        if status in (401, 403) or (not status and _KEY.search(words)):
            if _CONTENT.search(words):
                return self._declined(reply)
            return EngineError(f"{self.where} refuses the key {reply}; check VISAVIS_LLM_KEY", code="llm_refused_key")
        if status == 402 or (
            status in (0, 400, 429) and _QUOTA.search(words) and wait is None and not _RATE.search(words)
        ):
            return EngineError(f"{self.where} says that its quota is used up {reply}", code="llm_quota")
        if status == 429 or _RATE.search(problem.kind):
            if wait is not None:
                return EngineBusy(f"{self.where} asks to wait {wait:.0f} s {reply}", wait=wait, code="llm_busy")
            return EngineError(f"{self.where} answered {reply}", retryable=True, code="llm_failed")
        if status in (0, 400, 422, 451) and _CONTENT.search(words):
            return self._declined(reply)
        if status == 404 and model:
            detail = f"{self.where} does not know the model {model!r} {reply}; check VISAVIS_LLM_MODEL"
            return EngineError(detail, code="llm_no_model")
        if status in (404, 405) and not inside:
            detail = f"{self.where} has no API there {reply}; VISAVIS_LLM_URL usually ends in /v1"
            return EngineError(detail, code="llm_no_api")
        if inside:
            final = 400 <= status < 500 or "invalid_request" in problem.kind
            what = "broke off in an error" if begun else "failed"
            detail = f"{self.where} {what}: {reason}"
            return EngineError(detail, retryable=not final, code="llm_failed")
        if wait is not None and status == 503:
            return EngineBusy(f"{self.where} asks to wait {wait:.0f} s {reply}", wait=wait, code="llm_busy")
        retryable = status in (408, 409, 425) or status >= 500
        return EngineError(f"{self.where} answered {reply}", retryable=retryable, code="llm_failed")

    def _declined(self, reply: str) -> EngineError:
        return EngineError(f"{self.where} declines to answer this {reply}", code="llm_refused")
