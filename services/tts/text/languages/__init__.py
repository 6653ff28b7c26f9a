"""The tables of languages, one file for each."""

from __future__ import annotations

from services.tts.text.language import Language
from services.tts.text.languages.ar import Arabic
from services.tts.text.languages.de import German
from services.tts.text.languages.en import English
from services.tts.text.languages.es import Spanish
from services.tts.text.languages.fr import French
from services.tts.text.languages.hi import Hindi
from services.tts.text.languages.it import Italian
from services.tts.text.languages.ja import Japanese
from services.tts.text.languages.ko import Korean
from services.tts.text.languages.nl import Dutch
from services.tts.text.languages.pl import Polish
from services.tts.text.languages.pt import Portuguese
from services.tts.text.languages.ru import Russian
from services.tts.text.languages.sv import Swedish
from services.tts.text.languages.tr import Turkish
from services.tts.text.languages.uk import Ukrainian
from services.tts.text.languages.zh import Chinese

TABLES: dict[str, type[Language]] = {
    "ar": Arabic,
    "de": German,
    "en": English,
    "es": Spanish,
    "fr": French,
    "hi": Hindi,
    "it": Italian,
    "ja": Japanese,
    "ko": Korean,
    "nl": Dutch,
    "pl": Polish,
    "pt": Portuguese,
    "ru": Russian,
    "sv": Swedish,
    "tr": Turkish,
    "uk": Ukrainian,
    "zh": Chinese,
}
"""By the language subtag of BCP-47."""


def language_of(tag: str) -> Language:
    """The table of a language, or one made from the CLDR alone.

    Args:
        tag: BCP-47, e.g. "pt-BR".
    """
    return TABLES.get(tag.lower().split("-")[0], Language)(tag)
