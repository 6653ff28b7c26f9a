"""Rules for sums of money. Pure."""

from __future__ import annotations

import re

from services.tts.text.language import Language
from services.tts.text.scanner import Match, Rule
from services.tts.text.units import CODES, CURRENCIES

_SPACE = r"[\s\u00a0\u202f]?"
_DASH = r"[-–—]"


def rules(language: Language) -> list[Rule]:
    """The rules of a language: $1.5 million, 7 €, €5–10, 12¢, EUR 3."""
    number = language.number
    signs = "|".join(re.escape(sign) for sign in sorted(CURRENCIES, key=len, reverse=True))
    codes = "|".join((*CODES, *(code for code in language.currencies if code not in CODES)))
    names = rf"(?:{signs}|(?:{codes})(?!\w))"
    magnitudes = "|".join(re.escape(word) for word in sorted(language.magnitudes, key=len, reverse=True))
    large = rf"(?:{_SPACE}({magnitudes})(?!\w))?" if magnitudes else "()"
    to = language.words.get("to", "")
    minus = language.words.get("minus", "-")

    def sum_of(first: str, second: str | None, magnitude: str | None, sign: str) -> str | None:
        if second and not to:
            return None
        code = CURRENCIES.get(sign, sign)
        numeral = language.read(second or first)
        name = language.currency_name(code, numeral.value)
        if name is None:
            return None
        said = language.cardinal(numeral, name)
        if second:
            said = f"{language.cardinal(language.read(first), name)} {to} {said}"
        if magnitude:
            return language.large_money(said, numeral, language.magnitudes[magnitude], code)
        return language.money(numeral, said, code, whole=bool(second))

    def sign_first(match: Match) -> str | None:
        said = sum_of(match[3], match[4], match[5], match[1])
        return f"{minus} {said}" if match[2] and said else said

    def sign_last(match: Match) -> str | None:
        return sum_of(match[1], match[2], match[3], match[4])

    def cents(match: Match) -> str | None:
        numeral = language.read(match[1])
        names = language.cents.get("GBP" if match[2] == "p" else "USD")
        return language.with_noun(language.cardinal(numeral, names[1]), numeral.value, *names) if names else None

    found = [
        Rule(
            re.compile(
                rf"(?<!\w)({names}){_SPACE}([-−])?({number})(?:{_SPACE}{_DASH}{_SPACE}(?:{signs})?({number}))?{large}(?!\w)"
            ),
            sign_first,
        ),
        Rule(
            re.compile(rf"(?<![\w.])({number})(?:{_SPACE}{_DASH}{_SPACE}({number}))?{large}{_SPACE}({names})(?!\w)"),
            sign_last,
        ),
        Rule(re.compile(rf"(?<![\w.])({number}){_SPACE}(¢)(?!\w)"), cents),
    ]
    if "GBP" in language.cents:
        found.append(Rule(re.compile(r"(?<![\w.])(\d{1,2})(p)(?!\w)"), cents))
    return found
