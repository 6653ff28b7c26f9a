"""Rules for powers, fractions, scientific numbers, signs before numbers and operators between them. Pure."""

from __future__ import annotations

import re
import unicodedata

from services.tts.text.language import Language
from services.tts.text.numerals import Numeral
from services.tts.text.scanner import Match, Rule, after, before

_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉"
_ASCII = str.maketrans(_SUPERSCRIPTS + _SUBSCRIPTS + "⁻₋⁺₊", "01234567890123456789--++")
_VULGAR = "".join(
    chr(code) for code in range(0xBC, 0x218B) if unicodedata.decomposition(chr(code)).startswith("<fraction>")
)
_RAISED = re.compile(rf"(?<=[\w)\]°])([⁻⁺]?[{_SUPERSCRIPTS}]{{1,6}})")
_EXPONENT = re.compile(r"[-−+]?(?:\d+|[A-Za-z])")
_INDEX = re.compile(r"(?<=\w)_\{([^{}]{1,12})\}")
_LOWERED = re.compile(rf"([₋₊]?[{_SUBSCRIPTS}]{{1,6}})")
_CHARGE = re.compile(rf"(?<=[A-Za-z{_SUBSCRIPTS})\]])([{_SUPERSCRIPTS}]?)([⁺⁻])(?![{_SUPERSCRIPTS}])")
_POWER = re.compile(
    r"(?<=[\w)\]])\s?(?:\^|\*\*)\s?(?:\{([^{}]{1,12})\}|\(([^()]{1,12})\)|([-−+]?\d{1,6}|[-−]?[A-Za-z](?!\w)))"
)
_FORMULA = re.compile(rf"(?<!\w)((?:[A-Z][a-z]?[{_SUBSCRIPTS}]{{0,3}}){{1,8}})(?=[^\w]|$)")
_SLASHED = re.compile(r"(?<![\w.,/])(?:(\d{1,4})[\s\u00a0])?(\d{1,4})[/⁄](\d{1,4})(?![\w/]|[.,]\d)")
_VULGARS = re.compile(rf"(?<![\w.,])(\d{{0,6}})[\s\u2009]?([{_VULGAR}])")
_SIGN = re.compile(r"(?<![\w)\]%°²³.,])([-−–+±∓])\s?(?=[.,]?\d|[$€£¥₹∞][\d∞]|[A-Za-z](?!\w))")
_SCIENTIFIC = re.compile(r"(?<![\w.])(\d{1,9}(?:[.,]\d{1,12})?)[eE]([-+−]?\d{1,3})(?![\w-])")
_TEN_TO = re.compile(rf"\s?[×·x*⋅]\s?10(?:\^\{{?([-−+]?\d{{1,4}})\}}?|([⁻⁺]?[{_SUPERSCRIPTS}]{{1,4}}))")
_TIMES = re.compile(r"(?<=[\w)²³])\s?([x*·⋅∙×])\s?(?=[\d(√π]|[A-Za-z](?!\w))")
_MINUS = re.compile(r"(\s?−\s?|\s[-–]\s)(?=[-−]?[\d(.]|[-−]?[A-Za-z](?!\w))")


def _signed(language: Language, digits: str) -> str:
    """A whole number or a letter, with its sign."""
    sign, rest = ("", digits) if digits[0] not in "-−+" else (digits[0], digits[1:])
    said = language.cardinal(Numeral(rest)) if rest.isdecimal() else rest
    return f"{language.words.get('plus' if sign == '+' else 'minus', sign) if sign else ''} {said}".strip()


def _term(language: Language, written: str) -> str:
    """What may stand in an exponent or an index: a number, a letter, or some with signs between them."""
    if _EXPONENT.fullmatch(written):
        return _signed(language, written)
    signs = {"+": "plus", "-": "minus", "*": "times"}
    return " ".join(
        language.cardinal(Numeral(part))
        if part.isdecimal()
        else part
        if part.isalpha()
        else language.words.get(signs.get(part, ""), "") or language.symbol(part) or part
        for part in re.findall(r"\d+|[^\W\d_]+|\S", written)
    )


def number_rules(language: Language) -> list[Rule]:
    """Rules for numbers that come before those of units: 1e6, 3.2×10⁸, H₂O."""
    words = language.words

    def scientific(match: Match) -> str | None:
        if "exponent" not in words:
            return None
        numeral = language.read(match[1].replace(".", language.decimal))
        return f"{language.cardinal(numeral)} {words['exponent']} {_signed(language, match[2])}"

    def ten_to(match: Match) -> str | None:
        if "exponent" not in words or not re.search(r"\d$", before(match)):
            return None
        return f" {words['exponent']} {_signed(language, (match[1] or match[2]).translate(_ASCII))}"

    def formula(match: Match) -> str | None:
        if not any(letter in _SUBSCRIPTS for letter in match[1]):
            return None
        parts = re.findall(rf"[A-Z][a-z]?|[{_SUBSCRIPTS}]+", match[1])
        return " ".join(
            _signed(language, part.translate(_ASCII)) if part[0] in _SUBSCRIPTS else " ".join(part.upper())
            for part in parts
        )

    return [Rule(_FORMULA, formula), Rule(_SCIENTIFIC, scientific), Rule(_TEN_TO, ten_to)]


def rules(language: Language) -> list[Rule]:
    """The rules of a language; none for what it has no words for."""
    words = language.words
    minus, plus = words.get("minus"), words.get("plus")

    def power_of(exponent: str) -> str | None:
        exponent = exponent.translate(_ASCII)
        if exponent in ("2", "3"):
            return words.get("squared" if exponent == "2" else "cubed")
        if "power" not in words:
            return None
        return f"{words['power']} {_term(language, exponent)}"

    def raised(match: Match) -> str | None:
        return power_of(match[1])

    def power(match: Match) -> str | None:
        return power_of(match[1] or match[2] or match[3])

    def charge(match: Match) -> str | None:
        sign = plus if match[2] == "⁺" else minus
        number = f"{language.count(int(match[1].translate(_ASCII)))} " if match[1] else ""
        return f"{number}{sign}" if sign else None

    def lowered(match: Match) -> str:
        return _signed(language, match[1].translate(_ASCII))

    def slashed(match: Match) -> str | None:
        if re.search(r"[\w]$", before(match)):
            return None
        return language.slashed(match[1], int(match[2]), int(match[3]), before(match), after(match))

    def vulgar(match: Match) -> str | None:
        top, _, bottom = unicodedata.normalize("NFKD", match[2]).partition("⁄")
        said = language.fraction(int(top), int(bottom)) if bottom else None
        if said is None:
            return None
        if not match[1]:
            return language.fraction_alone(said, after(match))
        return language.mixed(language.count(int(match[1])), said)

    def sign(match: Match) -> str | None:
        written = match[1]
        if written in "-−–":
            # A dash between two words is none; nor is one before a letter, unless in mathematics.
            follows = match.string[match.end() : match.end() + 1]
            if (follows.isalpha() and written != "−" and not re.search(r"[=(<>+*/^]\s?$", before(match))) or (
                written == "–" and match[0][-1].isspace()
            ):
                return None
            if written == "-" and match[0][-1].isspace():
                return None
            return minus
        if written in "+":
            return plus
        return language.symbol(written)

    def times(match: Match) -> str | None:
        written = match[1]
        if written in "x*" and not re.search(r"[\d)²³]$|(?<!\w)[A-Za-z]$", before(match)):
            return None
        if written == "x" and not (
            re.search(r"\d[\s\u00a0]?[a-zA-Z²]{0,2}$", before(match)) and re.match(r"[\d√π(]", after(match))
        ):
            return None
        return f" {words['times']} " if "times" in words else None

    def subtract(match: Match) -> str | None:
        if not minus or not re.search(r"[\d)²³]$|(?<!\w)[A-Za-z]$", before(match)):
            return None
        return f" {minus} "

    return [
        Rule(_SLASHED, slashed),
        Rule(_VULGARS, vulgar),
        Rule(_CHARGE, charge),
        Rule(_RAISED, raised),
        Rule(_POWER, power),
        Rule(_LOWERED, lowered),
        Rule(_INDEX, lambda match: _term(language, match[1])),
        Rule(_SIGN, sign),
        Rule(_MINUS, subtract),
        Rule(_TIMES, times),
    ]
