"""What a person is told about a recording that was not listened to. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from services.channels.phrases import is_german

Refusal: TypeAlias = Literal["unreadable", "no_sound", "too_long", "too_large", "too_short", "lost"]

_SENTENCES: Mapping[str, Mapping[Refusal, str]] = {
    "en": {
        "unreadable": "I can't open this recording; please record it once more.",
        "no_sound": "There is no sound in it that I can hear; please send it as a voice note.",
        "too_long": "That is longer than I can listen to in one go, which is {limit}; please send it in shorter parts.",
        "too_large": "That file is too large for me, I take up to {megabytes} MB; please send it as a voice note.",
        "too_short": "That was too short for me to hear anything; please hold the button while you speak.",
        "lost": "I couldn't get your recording; please send it once more.",
    },
    "de": {
        "unreadable": "Ich kann diese Aufnahme nicht öffnen; bitte nimm sie noch einmal auf.",
        "no_sound": "Ich höre darin keinen Ton; bitte schick sie als Sprachnachricht.",
        "too_long": "Das ist länger, als ich am Stück zuhören kann, nämlich {limit}; bitte schick es in kürzeren "
        "Teilen.",
        "too_large": "Die Datei ist zu groß für mich, ich nehme bis zu {megabytes} MB; bitte schick sie als "
        "Sprachnachricht.",
        "too_short": "Das war zu kurz, um etwas zu hören; bitte halte die Taste, während du sprichst.",
        "lost": "Ich konnte deine Aufnahme nicht abholen; bitte schick sie noch einmal.",
    },
}
"""By language. Others are answered in English."""

_TIME_WORDS: Mapping[str, tuple[str, str]] = {"en": ("minutes", "seconds"), "de": ("Minuten", "Sekunden")}


def refusal_sentence(refusal: Refusal, language: str, *, seconds: int, megabytes: int) -> str:
    """The sentence for a person who speaks this language.

    Args:
        language: BCP-47 tag.
        seconds, megabytes: the longest recording and the largest file that are taken.
    """
    code = "de" if is_german(language) else "en"
    minutes_word, seconds_word = _TIME_WORDS[code]
    whole_minutes = seconds >= 120 and seconds % 60 == 0
    limit = f"{seconds // 60} {minutes_word}" if whole_minutes else f"{seconds} {seconds_word}"
    return _SENTENCES[code][refusal].format(limit=limit, megabytes=megabytes)
