"""The tables of languages, one file for each."""

from __future__ import annotations

from services.tts.text.language import Language
from services.tts.text.languages.de import German
from services.tts.text.languages.en import English

TABLES: dict[str, type[Language]] = {
    "de": German,
    "en": English,
}
"""By the language subtag of BCP-47."""


def language_of(tag: str) -> Language:
    """The table of a language, or one made from the CLDR alone.

    Args:
        tag: BCP-47, e.g. "pt-BR".
    """
    return TABLES.get(tag.lower().split("-")[0], Language)(tag)
