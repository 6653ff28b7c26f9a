"""Sentences that the character says aloud when a reply fails for good, one for each kind of cause. Pure.

The page shows the cause in full; a person who listens learns that no answer will come, and what may help.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

Cause: TypeAlias = Literal["away", "busy", "broke_off", "refused", "setup", "thought", "long", "other"]

_CAUSES: Mapping[str, Cause] = {
    "llm_unreachable": "away",
    "llm_timeout": "away",
    "llm_busy": "busy",
    "llm_refused": "refused",
    "llm_refused_key": "setup",
    "llm_quota": "setup",
    "llm_no_model": "setup",
    "llm_no_api": "setup",
    "llm_no_stream": "setup",
    "configuration": "setup",
    "llm_only_thought": "thought",
    "empty_reply": "thought",
    "llm_context": "long",
}
"""By the code of the error."""

SENTENCES: Mapping[str, Mapping[Cause, str]] = {
    "en": {
        "away": "I can't answer right now, because my language model can't be reached.",
        "busy": "Too much is being asked of my language model right now; please try again in a minute.",
        "broke_off": "Sorry, I can't go on here, because my language model has broken off.",
        "refused": "I'm sorry, I can't answer that.",
        "setup": "I can't answer, because my language model isn't set up rightly; the page says what is wrong.",
        "thought": "I thought about it and didn't find an answer; please ask me again in other words.",
        "long": "That is too long for me; please ask me in fewer words.",
        "other": "I can't answer right now, because something went wrong; the page says what.",
    },
    "de": {
        "away": "Ich kann gerade nicht antworten, weil mein Sprachmodell nicht erreichbar ist.",
        "busy": "Mein Sprachmodell hat gerade zu viel zu tun, bitte versuch es in einer Minute noch einmal.",
        "broke_off": "Entschuldige, ich komme hier nicht weiter, mein Sprachmodell ist abgebrochen.",
        "refused": "Es tut mir leid, darauf kann ich nicht antworten.",
        "setup": "Ich kann nicht antworten, weil mein Sprachmodell nicht richtig eingerichtet ist; was fehlt, steht "
        "auf der Seite.",
        "thought": "Ich habe nachgedacht und keine Antwort gefunden, bitte frag mich noch einmal mit anderen Worten.",
        "long": "Das ist zu lang für mich, bitte frag mich mit weniger Worten.",
        "other": "Ich kann gerade nicht antworten, etwas ist schiefgegangen; was, steht auf der Seite.",
    },
}
"""By language. Others are answered in English, in an English voice."""


def failure_sentence(code: str, language: str, *, begun: bool) -> tuple[str, str]:
    """The sentence about a failure, and its language.

    Args:
        code: of the error.
        language: of the reply.
        begun: whether sentences of the reply have been told.
    """
    known = language.lower().split("-")[0]
    spoken = language if known in SENTENCES else "en"
    cause = _CAUSES.get(code, "other")
    if begun and cause in ("away", "other", "thought"):
        cause = "broke_off"
    return SENTENCES[known if known in SENTENCES else "en"][cause], spoken
