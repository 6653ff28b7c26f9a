"""What the service says to a person in a channel in its own words, where there is no answer of the character. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from services.channels.phrases import is_german

Phrase: TypeAlias = Literal[
    "too_short", "no_words", "lost", "unreadable", "too_long", "failed", "no_answer_yet", "step_failed", "done", "you",
    "browser",
]  # fmt: skip

_SENTENCES: Mapping[str, Mapping[Phrase, str]] = {
    "en": {
        "too_short": "That was too short for me to hear anything; please hold the button while you speak.",
        "no_words": "I couldn't make out any words in that; please say it once more.",
        "lost": "I couldn't listen to your recording; please send it once more.",
        "unreadable": "I can't open this recording; please record it once more.",
        "too_long": "That is longer than I can listen to in one go; please send it in shorter parts.",
        "failed": "I can't answer right now, because something went wrong.",
        "no_answer_yet": "I have no answer yet. It will come here as soon as there is one.",
        "step_failed": "Something went wrong on the way, so I can't send you the answer here.",
        "done": "All right.",
        "you": "You",
        "browser": "browser",
    },
    "de": {
        "too_short": "Das war zu kurz, um etwas zu hören; bitte halte die Taste, während du sprichst.",
        "no_words": "Ich habe darin keine Worte verstanden; bitte sag es noch einmal.",
        "lost": "Ich konnte deine Aufnahme nicht anhören; bitte schick sie noch einmal.",
        "unreadable": "Ich kann diese Aufnahme nicht öffnen; bitte nimm sie noch einmal auf.",
        "too_long": "Das ist länger, als ich am Stück zuhören kann; bitte schick es in kürzeren Teilen.",
        "failed": "Ich kann gerade nicht antworten, etwas ist schiefgegangen.",
        "no_answer_yet": "Ich habe noch keine Antwort. Sie kommt hierher, sobald es eine gibt.",
        "step_failed": "Unterwegs ist etwas schiefgegangen, deshalb kann ich dir die Antwort hier nicht schicken.",
        "done": "In Ordnung.",
        "you": "Du",
        "browser": "Browser",
    },
}
"""By language. Others are answered in English."""

_CHANNELS: Mapping[str, str] = {"telegram": "Telegram", "whatsapp": "WhatsApp"}
"""Names of channels that are not written as they are called in the log."""


def phrase(name: Phrase, language: str) -> str:
    """The phrase for a person who speaks this language, a BCP-47 tag."""
    return _SENTENCES["de" if is_german(language) else "en"][name]


def channel_name(channel: str, language: str) -> str:
    """How a person knows a channel."""
    return phrase("browser", language) if channel == "web" else _CHANNELS.get(channel, channel)
