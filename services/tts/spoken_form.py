"""The spoken form of written text: without markup, code, images and addresses. Pure."""

from __future__ import annotations

import re
import unicodedata

_CODE_BLOCK = re.compile(r"```.*?(```|\Z)", re.DOTALL)
# The lengths are bounded: a text of many opening brackets must not take quadratic time.
_IMAGE = re.compile(r"!\[([^\]]{0,200})\]\([^)]{0,500}\)")
_LINK = re.compile(r"\[([^\]]{1,200})\]\([^)]{0,500}\)")
_URL = re.compile(r"(?:https?://|www\.)(?:www\.)?([^\s/?#<>()\"']+)[^\s<>()\"']*", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>")
_LINE_START = re.compile(r"^\s*(?:#{1,6}\s+|>\s*|[-*+•]\s+|(?:-{3,}|={3,}|\*{3,})\s*$)", re.MULTILINE)
_EMPHASIS = re.compile(r"(\*{1,3}|_{1,3}|~~)(?=\S)(.{1,300}?)(?<=\S)\1")
_SHORTCODE = re.compile(r":[a-z0-9_+-]{2,}:")
_EMOTICON = re.compile(r"(?<!\w)[:;=8]['-]?[)(DPpO/|](?!\w)")
_STRAY_JOINER = re.compile("(?:(?<=\\s)|^)[\u200c\u200d]+")
_SPACE = re.compile(r"\s+")
_SPACE_BEFORE_PUNCTUATION = re.compile(r"\s+([,.!?;:])")

_REPLACEMENTS = str.maketrans(
    {
        "‘": "'",
        "’": "'",
        "“": '"',
        "”": '"',
        "–": " - ",
        "—": ", ",
        "…": "...",
        "\u00a0": " ",
        "\u00ad": None,
        "|": " ",
        "`": None,
        "*": " ",
        "_": " ",
        "~": " ",
        "^": " ",
        "\\": " ",
    }
)
_SPOKEN_SYMBOLS = frozenset("+<=>$€£¥¢°©®%")
"""Symbols that are read as words; all other characters of the Unicode symbol categories are dropped."""

_JOINERS = frozenset("\u200c\u200d")
"""Zero-width joiners, part of the spelling of Hindi and Persian."""


def _is_spoken(character: str) -> bool:
    category = unicodedata.category(character)
    if category == "Me" or "\ufe00" <= character <= "\ufe0f":  # enclosing marks and variation selectors
        return False
    return category[0] not in "CS" or character in _SPOKEN_SYMBOLS or character in _JOINERS


def to_spoken_form(text: str) -> str:
    """The text on one line without markup, emoji and code; of an address only the host remains.

    Returns:
        "" if no letter or digit remains.
    """
    text = _CODE_BLOCK.sub(" ", text)
    text = _IMAGE.sub(r"\1", text)
    text = _LINK.sub(r"\1", text)
    text = _URL.sub(lambda match: match[1].rstrip(".,;:!?") + _closing_punctuation(match[0]), text)
    text = _TAG.sub(" ", text)
    text = _LINE_START.sub("", text)
    text = _EMPHASIS.sub(r"\2", _EMPHASIS.sub(r"\2", text))
    text = _EMOTICON.sub(" ", _SHORTCODE.sub(" ", text))
    text = unicodedata.normalize("NFC", text).translate(_REPLACEMENTS)
    text = "".join(character if _is_spoken(character) or character.isspace() else " " for character in text)
    text = _SPACE_BEFORE_PUNCTUATION.sub(r"\1", _SPACE.sub(" ", _STRAY_JOINER.sub("", text))).strip()
    return text if any(character.isalnum() for character in text) else ""


def _closing_punctuation(url: str) -> str:
    """The punctuation after an address, which belongs to the sentence."""
    return url[-1] if url[-1] in ".,;:!?" else ""


def to_ascii_english(text: str) -> str:
    """English text in ASCII: accents dropped, symbols spelt out."""
    for symbol, name in (("€", " euros "), ("£", " pounds "), ("°", " degrees "), ("&", " and "), ("+", " plus ")):
        text = text.replace(symbol, name)
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return _SPACE_BEFORE_PUNCTUATION.sub(r"\1", _SPACE.sub(" ", plain)).strip()
