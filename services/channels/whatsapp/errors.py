"""What the errors of WhatsApp's Cloud API mean for a message: a table of codes, and what follows from each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec
from msgspec import Struct

from services.channels.channel import UNREADABLE, NotSent, OutcomeUnknown, Refused

Outcome: TypeAlias = Literal["later", "unknown", "refused", "operator"]
"""later: certainly not sent, to be tried again; unknown: it may have been sent; refused: for good; operator: nothing
can be sent until the operator has acted."""
_OPERATOR_WAIT = 300.0
"""Seconds until a message is tried again that waits for the operator."""


class Row(Struct, frozen=True):
    """What one code means."""

    outcome: Outcome
    name: str
    """Our code for it."""
    after: float | None = None
    """Seconds to wait; None: by the usual back-off."""
    everywhere: bool = False
    as_text: bool = False
    todo: str = ""


_TOKEN = Row(
    "operator",
    "token_refused",
    todo="make a permanent token of a system user with whatsapp_business_messaging and set VISAVIS_WHATSAPP_TOKEN",
)
_ACCOUNT = Row("operator", "account_restricted", todo="look at the account in Meta's Business Manager")

CODES: dict[int, Row] = {
    0: _TOKEN,
    1: Row("unknown", "api_unknown"),
    2: Row("unknown", "api_service"),
    3: _TOKEN,
    4: Row("later", "app_rate_limit", 60.0, everywhere=True),
    10: _TOKEN,
    100: Row("refused", "invalid_parameter"),
    190: _TOKEN,
    **dict.fromkeys(range(200, 300), _TOKEN),
    368: _ACCOUNT,
    80007: Row("later", "account_rate_limit", 60.0, everywhere=True),
    130429: Row("later", "throughput", 1.0, everywhere=True),
    130472: Row("refused", "experiment"),
    131000: Row("unknown", "something_went_wrong"),
    131008: Row("refused", "parameter_missing"),
    131009: Row("refused", "parameter_invalid"),
    131016: Row("later", "service_unavailable", 30.0, everywhere=True),
    131021: Row("refused", "same_number"),
    131026: Row("refused", "undeliverable"),
    131030: Row("refused", "not_on_test_list", todo="add the number to the test list in the app's dashboard"),
    131031: _ACCOUNT,
    131042: Row("operator", "payment", todo="settle the payment in Meta's Business Manager"),
    131047: Row("refused", "window_closed"),
    131048: Row("later", "spam_rate_limit", 3600.0, everywhere=True),
    131049: Row("refused", "not_delivered_for_engagement"),
    131051: Row("refused", "type_unsupported", as_text=True),
    131052: Row("refused", "media_download", as_text=True),
    131053: Row("refused", "media_refused", as_text=True),
    131056: Row("later", "pair_rate_limit", 6.0),
    131057: Row("later", "maintenance", 60.0, everywhere=True),
    131062: Row("refused", "user_id_unsupported"),
    133016: Row("later", "registration_rate_limit", 3600.0, everywhere=True),
}
"""Meta's codes. window_closed: 24 hours have passed since the person wrote; only their next message opens it."""


class _ErrorData(Struct, frozen=True):
    details: str | None = None


class GraphError(Struct, frozen=True):
    """An error of the Graph API, in an answer or in a status."""

    code: int
    message: str | None = None
    title: str | None = None
    error_data: _ErrorData | None = None

    @property
    def words(self) -> str:
        details = self.error_data.details if self.error_data else None
        said = details or self.message or self.title or "no words"
        return f"{' '.join(said.split())[:300]} (WhatsApp's code {self.code})"


class _Answer(Struct, frozen=True):
    error: GraphError


def status_failure(errors: Sequence[GraphError] | None) -> tuple[str, str]:
    """Our code, and words, for the errors of a message that failed after it was taken."""
    if not errors:
        return "failed", "WhatsApp names no reason"
    row = CODES.get(errors[0].code)
    return (row.name if row else f"whatsapp_{errors[0].code}"), errors[0].words


def answer_failure(status: int, body: bytes, *, retry_after: float | None = None) -> NotSent | Refused | OutcomeUnknown:
    """The error of an answer that is no success.

    Args:
        status: of HTTP.
        retry_after: seconds, from the answer's header.
    """
    try:
        error = msgspec.json.decode(body, type=_Answer, strict=False).error
    except UNREADABLE:
        return _without_words(status, retry_after)
    row = CODES.get(error.code)
    if row is None:
        if status >= 500:
            return OutcomeUnknown(error.words)
        if status == 429:
            return NotSent(error.words, after=retry_after, everywhere=True, code="rate_limit")
        return Refused(error.words, code=f"whatsapp_{error.code}")
    words = f"{error.words}; {row.todo}" if row.todo else error.words
    match row.outcome:
        case "later":
            return NotSent(words, after=retry_after or row.after, everywhere=row.everywhere, code=row.name)
        case "operator":
            return NotSent(words, after=_OPERATOR_WAIT, everywhere=True, code=row.name)
        case "unknown":
            return OutcomeUnknown(words, code=row.name)
        case "refused":
            return Refused(words, code=row.name, as_text=row.as_text)


def _without_words(status: int, retry_after: float | None) -> NotSent | Refused | OutcomeUnknown:
    """The error of an answer that is not the API's own: of a proxy, most likely."""
    words = f"WhatsApp answered with HTTP {status} and without an error of its own"
    if status == 429:
        return NotSent(words, after=retry_after, everywhere=True, code="rate_limit")
    if status in (401, 403, 407) or 300 <= status < 400:
        todo = "see whether VISAVIS_WHATSAPP_API is right, and what the proxy in between wants"
        return NotSent(f"{words}; {todo}", after=_OPERATOR_WAIT, everywhere=True, code="not_the_api")
    if status >= 400 and status < 500:
        return Refused(words, code=f"http_{status}")
    return OutcomeUnknown(words)
