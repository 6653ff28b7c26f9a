"""Parses one JSON object of a model server's answer, whatever its shape. Pure.

Servers that call themselves compatible with OpenAI's leave fields out, set them to null, send a content in parts, a
whole message instead of a delta, or the objects of an older protocol. Nothing here raises; the objects are those of
`event_stream`, which lets none through that are nested too deeply for recursion.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

_THOUGHT_FIELDS = ("reasoning_content", "reasoning", "reasoning_text", "reasoning_details", "thinking", "thought")
_MOST_TOKENS = 1_000_000_000
"""A larger number means nothing."""
_THOUGHT_PARTS = ("thinking", "reasoning", "thought", "redacted_thinking", "reasoning_text", "summary_text")
_REFUSED = ("content_filter", "content-filter", "safety", "recitation", "prohibited_content", "blocklist", "sensitive",
            "refusal", "spii", "guardrail_intervened")  # fmt: skip
_CUT = ("length", "max_tokens", "max_output_tokens", "model_length", "max_length")
_BROKEN = ("error", "abort", "aborted", "network_error", "failed", "insufficient_system_resource")


class Problem(Struct, frozen=True):
    """An error that a server reports, in whatever form."""

    message: str
    status: int = 0
    """The HTTP status that it names; 0: none."""
    kind: str = ""
    """Its code or type, in the server's words."""
    retry_after: float | None = None
    """Seconds after which it may be asked again, where it says so."""


class CallPart(Struct, frozen=True):
    """A tool call, or a fragment of one; fragments with the same place belong to one call."""

    place: int | str
    name: str
    arguments: str


class Chunk(Struct, frozen=True):
    """One object of an answer."""

    text: str = ""
    """May hold halves of surrogate pairs."""
    whole: bool = False
    """Whether the text is all of the answer so far, or a part of it, and not certainly the next piece."""
    thinks: bool = False
    """Whether it holds thought, beside the text."""
    refusal: str = ""
    """The model's own words of refusal."""
    calls: tuple[CallPart, ...] = ()
    """Calls of tools, or parts of them."""
    finish: str = ""
    """stop, length, refused, broken, or "" while the answer goes on; other words of a server mean stop."""
    reason: str = ""
    """The server's word for the end."""
    problem: Problem | None = None
    prompt_tokens: int = 0
    """That the whole answer took so far; 0: not told."""
    reply_tokens: int = 0


def read_chunk(value: Mapping[str, Any]) -> Chunk:
    """Read one object; what cannot be understood is left out."""
    choice = _first_choice(value)
    read, written = _tokens(value)
    problem = read_problem(value) or (read_problem(choice) if choice else None)
    if problem is not None and not (choice and _text_of(choice.get("delta")) and "error" not in value):
        return Chunk(problem=problem)
    if choice is None:
        return _read_bare(value)
    delta, message = choice.get("delta"), choice.get("message")
    whole = not _has_text(delta) and _has_text(message)
    carrier: Any = message if whole else delta
    if not _has_text(carrier) and choice.get("text") is not None:
        carrier = choice.get("text")  # of the older protocol for completions
    fields: Mapping[str, Any] = carrier if isinstance(carrier, Mapping) else {}
    beside: Mapping[str, Any] = delta if isinstance(delta, Mapping) else fields
    refusal = _text_of(fields.get("refusal")) or _text_of(choice.get("refusal")) or _refusal_part(fields.get("content"))
    reason = _word(choice.get("finish_reason")) or _word(choice.get("stop_reason")) or _word(value.get("finish_reason"))
    return Chunk(
        text=_text_of(carrier),
        whole=whole,
        thinks=_thinks(fields) or _thinks(beside),
        refusal=refusal,
        calls=_calls(delta) or _calls(message),
        finish=_finish(reason),
        reason=reason,
        prompt_tokens=read,
        reply_tokens=written,
    )


def _read_bare(value: Mapping[str, Any]) -> Chunk:
    """An object without choices, as Ollama and llama.cpp send it in protocols of their own; or a mere sign of life."""
    message = value.get("message")
    carrier: Any = message if isinstance(message, Mapping) else {}
    if not _has_text(carrier):
        names = ("content", "response", "text", "output_text", "completion", "generated_text")
        carrier = next((value[name] for name in names if _has_text(value.get(name))), carrier)
    done = value.get("done") is True or value.get("stop") is True
    reason = _word(value.get("done_reason")) or _word(value.get("finish_reason")) or ("stop" if done else "")
    fields: Mapping[str, Any] = carrier if isinstance(carrier, Mapping) else value
    finish = _finish(reason) if reason != "load" else ""
    calls = _calls(message)
    read, written = _tokens(value)
    return Chunk(
        text=_text_of(carrier), thinks=_thinks(fields), calls=calls, finish=finish, reason=reason, prompt_tokens=read,
        reply_tokens=written,
    )  # fmt: skip


def _tokens(value: Mapping[str, Any]) -> tuple[int, int]:
    """Tokens read and written: of `usage`, or beside the answer as Ollama has them."""
    usage = value.get("usage")
    fields: Mapping[str, Any] = usage if isinstance(usage, Mapping) else value
    read = _count(fields, "prompt_tokens", "input_tokens", "prompt_eval_count")
    return read, _count(fields, "completion_tokens", "output_tokens", "eval_count")


def _count(fields: Mapping[str, Any], *names: str) -> int:
    for name in names:
        number = fields.get(name)
        if isinstance(number, int) and not isinstance(number, bool) and 0 < number < _MOST_TOKENS:
            return number
    return 0


def _first_choice(value: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The first answer of those in an object; others that a server sends beside it are left out."""
    choices = value.get("choices")
    if isinstance(choices, Mapping):
        choices = [choices]
    if not isinstance(choices, list):
        return None
    for choice in choices:
        if isinstance(choice, Mapping) and choice.get("index") in (None, 0, "0"):
            return choice
    return None


def _has_text(carrier: Any) -> bool:
    return bool(_text_of(carrier))


def _text_of(content: Any) -> str:
    """The text of a content: a string, a number, a part, or a list of parts; without thoughts."""
    if isinstance(content, str):
        return content
    if isinstance(content, bool) or content is None:
        return ""
    if isinstance(content, int | float):
        return "" if isinstance(content, float) and not math.isfinite(content) else str(content)
    if isinstance(content, list):
        return "".join(map(_text_of, content))
    if isinstance(content, Mapping):
        if _word(content.get("type")) in (*_THOUGHT_PARTS, "refusal") or content.get("thought") is True:
            return ""
        for name in ("content", "text", "value", "parts", "output_text"):
            if text := _text_of(content.get(name)):
                return text
    return ""


def _thinks(fields: Mapping[str, Any]) -> bool:
    """Whether the object carries the model's reasoning, beside its content or as a part of it."""
    if any(fields.get(name) for name in _THOUGHT_FIELDS):
        return True
    content = fields.get("content")
    parts: Iterable[Any] = content if isinstance(content, list) else ()
    return any(isinstance(part, Mapping) and _word(part.get("type")) in _THOUGHT_PARTS for part in parts)


def _refusal_part(content: Any) -> str:
    parts: Iterable[Any] = content if isinstance(content, list) else ()
    return "".join(
        _text_of(part.get("refusal")) for part in parts if isinstance(part, Mapping) and part.get("type") == "refusal"
    )


def _calls(carrier: Any) -> tuple[CallPart, ...]:
    """The tool calls in a delta or a message, as `tool_calls` or as the older `function_call`."""
    if not isinstance(carrier, Mapping):
        return ()
    listed = carrier.get("tool_calls")
    calls: list[Any] = listed if isinstance(listed, list) else [listed] if isinstance(listed, Mapping) else []
    if not calls and isinstance(carrier.get("function_call"), Mapping):
        calls = [{"index": 0, "function": carrier["function_call"]}]
    parts: list[CallPart] = []
    for number, call in enumerate(calls):
        function = call.get("function") if isinstance(call, Mapping) else None
        if not isinstance(function, Mapping):
            continue
        place = call.get("index") if isinstance(call.get("index"), int) else call.get("id") or number
        arguments = function.get("arguments")
        if isinstance(arguments, Mapping):
            arguments = json.dumps(arguments, ensure_ascii=False)
        name = function.get("name")
        name, arguments = (one if isinstance(one, str) else "" for one in (name, arguments))
        parts.append(CallPart(place, name, arguments))
    return tuple(parts)


def _word(value: Any) -> str:
    word = value.strip().lower() if isinstance(value, str) else ""
    return "" if word in ("null", "none") else word


def _finish(reason: str) -> str:
    if not reason:
        return ""
    if reason in _REFUSED:
        return "refused"
    if reason in _CUT:
        return "length"
    return "broken" if reason in _BROKEN else "stop"


# Errors

_MESSAGE_FIELDS = ("message", "msg", "detail", "error_description", "error_msg", "error_message", "description",
                   "status_msg", "reason", "title")  # fmt: skip
_LONGEST_WAIT = 1e9
"""Seconds; a number above means nothing."""
_KIND_FIELDS = ("code", "type", "error_code", "status", "error_type", "status_code")


def read_problem(value: Any) -> Problem | None:
    """The error that an object reports; None if it reports none."""
    if not isinstance(value, Mapping):
        return None
    for name in ("error", "errors"):
        if inside := value.get(name):
            return _problem_of(inside, value)
    kind = _word(value.get("object")) or _word(value.get("type")) or _word(value.get("status"))
    if kind.endswith(("error", "_failed")) or kind == "failed":
        return _problem_of(value, value)
    base = value.get("base_resp")
    if isinstance(base, Mapping) and base.get("status_code"):
        return _problem_of(base, value)
    if any(name in value for name in ("choices", "content", "text", "response", "delta", "id", "model", "created")):
        return None
    if isinstance(value.get("message"), Mapping):
        return None
    # The bodies of web frameworks: {"detail": "Not Found"}, {"code": 400, "msg": "…"}.
    return _problem_of(value, value) if any(value.get(name) for name in _MESSAGE_FIELDS) else None


def _problem_of(inside: Any, around: Mapping[str, Any]) -> Problem:
    while isinstance(inside, list):
        listed = [one for one in inside if one]
        found = next((one for one in listed if isinstance(one, Mapping | list)), None)
        if found is None:  # [429, "slow down"]
            words = "; ".join(one for one in listed if isinstance(one, str))
            found = {"message": words, "status": next((one for one in listed if isinstance(one, int)), 0)}
        inside = found
    if not isinstance(inside, Mapping):
        text = inside if isinstance(inside, str) else ""
        message = text or _message_of(around) or "an error without words"
        return Problem(message, _status_of(around), _kind_of(around), _retry_after_of(around))
    nested = inside.get("error")
    if isinstance(nested, Mapping) and not _message_of(inside):
        return _problem_of(nested, inside)
    message = _message_of(inside) or (nested if isinstance(nested, str) else "") or _message_of(around)
    kind = _kind_of(inside) or _kind_of(around)
    wait = _retry_after_of(inside)
    wait = _retry_after_of(around) if wait is None else wait
    return Problem(message or kind or "an error without words", _status_of(inside) or _status_of(around), kind, wait)


def _message_of(fields: Mapping[str, Any]) -> str:
    for name in _MESSAGE_FIELDS:
        value = fields.get(name)
        if isinstance(value, list):  # FastAPI lists what is wrong with each field
            value = "; ".join(_message_of(one) if isinstance(one, Mapping) else str(one) for one in value)
        if isinstance(value, Mapping):
            value = _message_of(value)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def _kind_of(fields: Mapping[str, Any]) -> str:
    kinds = [str(fields[name]) for name in _KIND_FIELDS if isinstance(fields.get(name), str | int) and fields[name]]
    return " ".join(kinds)


def _status_of(fields: Mapping[str, Any]) -> int:
    for name in ("status", "status_code", "code", "error_code"):
        value = fields.get(name)
        if isinstance(value, str) and re.fullmatch("[45][0-9]{2}", value.strip()):
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and 400 <= value <= 599:
            return value
    return 0


def _retry_after_of(fields: Mapping[str, Any]) -> float | None:
    for name in ("retry_after", "retryAfter", "retry-after"):
        value = fields.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _LONGEST_WAIT:
            return float(value)
    for name in ("metadata", "details", "parameters"):
        inside = fields.get(name)
        if isinstance(inside, Mapping) and (found := _retry_after_of(inside)) is not None:
            return found
    return None
