"""Rules for telephone numbers, ISBNs, card numbers, and words of letters and digits. Pure."""

from __future__ import annotations

import re

from services.tts.text.language import Language
from services.tts.text.scanner import Match, Rule, after, before

_PHONE = re.compile(
    r"(?<![\w+.,/-])(?:"
    r"\+\d{1,3}(?:[ \u00a0./-]?\(?\d{1,5}\)?){1,7}"  # +49 (0)89 1234-56
    r"|(?:1[ -])?\(\d{2,5}\)[ \u00a0-]?\d{2,5}(?:[ \u00a0-]\d{2,5}){0,4}"  # (555) 123-4567
    r"|\d{3}[.-]\d{3}[.-]\d{4}"  # 555-123-4567
    r"|\d{3} \d{3} \d{4}"
    r"|1-\d{3}-\d{3}-\d{4}"
    r"|\d{3}-\d{4}"  # 555-1234
    r"|0\d{1,5}[ \u00a0]?[/-][ \u00a0]?\d{2,8}(?:[ \u00a0-]\d{1,5}){0,4}"  # 089 / 12 34 56
    r"|0\d{2,4}(?: \d{2,8}){1,4}"  # 0176 1234567
    r"|\d{4}(?:[ -]\d{4}){2,3}"  # a card
    r"|\d{1,5}(?:-\d{1,7}){3,5}"  # a book
    r"|\d{3}-\d{2}-\d{4}"
    r")(?![\w]|[.,:/-]\d|\)\d)"
)
_CALLED = re.compile(
    r"(?:\b(?:call|dial|phone|pin|code|extension|isbn|isbn:|postleitzahl|plz|rufnummer|notruf|wähle?n?|ruft?|rufen"
    r"|wählen sie|rufen sie|tel|tel\.|telefon|fax|zip|zip code|postcode|nummer ist|number is|password is)"
    r"[.:]?\s*(?:\d{3,12},?\s(?:oder|or|und|and)\s){0,3})$",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"(?<![\w.,+-])\d{3,12}(?![\w]|[.,:/-]\d|[%°])")
_CHAIN = re.compile(r"(?<![\w.,-])\d{1,4}(?:-\d{1,4}){2,8}(?![\w-])")
_HEX = re.compile(
    r"(?<![\w#])(?:#[0-9a-fA-F]{6}(?:[0-9a-fA-F]{2})?|0x[0-9a-fA-F]{1,16}|[0-9a-f]{8}(?:-[0-9a-f]{4,12}){4}"
    r"|[0-9a-f]{12,64})(?!\w)"
)
_LETTERS_DIGITS = re.compile(
    r"(?<![\w])([A-Za-zÄÖÜäöü]{1,20})-?(?!\d+(?:s|st|nd|rd|th|er)\b)(\d{1,6})([A-Za-z]{0,3})(?![\w])"
)
_DIGITS_LETTERS = re.compile(r"(?<![\w.,])(\d{1,6})([A-Z]{1,3})(?!\w)")


def phone_rules(language: Language) -> list[Rule]:
    """Rules for numbers that are said digit by digit."""
    plus = language.words.get("plus")

    def phone(match: Match) -> str | None:
        written = match[0]
        digits = re.sub(r"\D", "", written)
        dashed_range = re.fullmatch(r"(\d{3})-(\d{4})", written)
        if dashed_range and (int(dashed_range[2]) < 2100 and int(dashed_range[2]) > int(dashed_range[1]) * 10):
            return None
        if len(digits) < 6 or (written[0] == "+" and plus is None):
            return None
        groups = [group for group in re.split(r"[^\d+]+", written) if group]
        said = ", ".join(language.digits(group.lstrip("+")) for group in groups)
        return f"{plus} {said}" if written[0] == "+" else said

    def chain(match: Match) -> str | None:
        """1-2-3, which is neither a range nor a date."""
        return ", ".join(
            language.count(int(one)) if one[0] != "0" else language.digits(one) for one in match[0].split("-")
        )

    def called(match: Match) -> str | None:
        return language.digits(match[0]) if _CALLED.search(before(match)) else None

    def characters(match: Match) -> str | None:
        if not re.search(r"\d", match[0]) or not re.search(r"[A-Za-z]", match[0]):
            return None
        return _one_by_one(language, match[0])

    return [Rule(_HEX, characters), Rule(_PHONE, phone), Rule(_CHAIN, chain), Rule(_DIGITS, called)]


def mixed_rules(language: Language) -> list[Rule]:
    """Rules for words mixed of letters and digits."""

    def mixed(match: Match) -> str | None:
        if match[1] in ("UTC", "GMT") and match[0][3] == "-" and "minus" in language.words:
            return f"{match[1]} {language.words['minus']} {language.count(int(match[2]))}"
        return language.mixed_code(match[1], match[2], match[3], after(match))

    def number_first(match: Match) -> str | None:
        return f"{language.count(int(match[1]))} {match[2]}" if match[1][0] != "0" else None

    return [Rule(_LETTERS_DIGITS, mixed), Rule(_DIGITS_LETTERS, number_first)]


def _one_by_one(language: Language, written: str) -> str:
    """Letters and digits one by one, a pause at each hyphen."""
    said = []
    for character in written:
        if character.isdecimal():
            said.append(language.digits(character))
        elif character == "-":
            said[-1] += ","
        else:
            said.append(language.symbol(character) or character if not character.isalpha() else character.upper())
    return " ".join(said)
