"""Rules for numbers with units, ranges, and lengths in feet and inches. Pure."""

from __future__ import annotations

import re

from services.tts.text.language import Language
from services.tts.text.numerals import Numeral
from services.tts.text.scanner import Match, Rule, after, before
from services.tts.text.units import SPACED, UNITS, normal_unit, unit_name

_SPACE = r"[\s\u00a0\u2009\u202f]?"
_FEET = re.compile(r"(?<![\w.,])(\d{1,2})['′’][\s\u00a0]?(\d{1,2})(?:[\"″”]|''|′′)?(?!\w)")
_INCHES = re.compile(r"(?<![\w,])(\d{1,3}(?:\.\d{1,3})?)[\"″](?![\w])")
_FRACTION_BEFORE = re.compile(r"(\d\s?)?(?:(?<!\d)\d/\d{1,2}|[½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅐⅛⅜⅝⅞])[\s\u00a0]?$")
_ARC = re.compile(r"(?<=°)\s?(\d{1,2})['′](?:\s?(\d{1,2})[\"″])?(?!\w)")
_HOURS_AND_MINUTES = re.compile(r"(?<![\w.,])(\d{1,3})h\s?(\d{1,2})\s?m(?:in)?(?:\s?(\d{1,2})\s?s)?(?!\w)")
_TIMES = r"[x×]"


def rules(language: Language) -> list[Rule]:
    """The rules of a language."""
    number = language.number
    to = language.words.get("to")
    per = language.words.get("per")
    signs = {*UNITS, *language.units}
    spellings = (
        signs | {sign.replace("µ", "μ") for sign in signs} | {"m2", "m3", "km2", "cm2", "cm3", "m^2", "m^3", "٪", "％"}
    )
    unit = "|".join(re.escape(sign) for sign in sorted(spellings, key=len, reverse=True))
    behind = r"(?![\w²³])(?!['’][^\W\d_])"
    amount = rf"({number})(?:{_SPACE}[-–—~〜]{_SPACE}([-−]?)({number}))?"

    def named(said: str, numeral: Numeral, sign: str) -> str | None:
        sign = normal_unit(sign)
        return language.quantity(numeral, said, sign, unit_name(sign))

    def spoken(match: Match, sign: str) -> tuple[str, Numeral] | None:
        """The numbers of an amount in words, and the last of them."""
        first, last = language.read(match[1]), language.read(match[3] or match[1])
        noun = language.unit_noun(normal_unit(sign), unit_name(sign))
        said = language.cardinal(last, noun)
        if match[3]:
            if to is None:
                return None
            minus = f"{language.words.get('minus', '-')} " if match[2] else ""
            said = f"{language.cardinal(first, noun)} {to} {minus}{said}"
        return said, last

    def quantity(match: Match) -> str | None:
        sign, spaced = match[5], bool(match[4])
        if sign == "m" and re.search(r"\dh\s?$", before(match)):
            sign = "min"
        if sign == "г" and after(match).startswith("."):
            return None  # of a year
        if (sign in SPACED and not spaced) or language.is_no_unit(sign, spaced, before(match), after(match)):
            return None
        amount = spoken(match, sign)
        return None if amount is None else named(amount[0], amount[1], sign)

    def rate(match: Match) -> str | None:
        if per is None:
            return None
        amount = spoken(match, match[5])
        said = None if amount is None else named(amount[0], amount[1], match[5])
        if match[6]:
            numeral = language.read(match[6])
            one = named(language.cardinal(numeral), numeral, match[7])
        else:
            one = named("", Numeral("1"), match[7])
        return None if said is None or one is None else f"{said} {per} {one.strip()}"

    def size(match: Match) -> str | None:
        """3 x 4 m, 1920×1080."""
        by = language.words.get("by")
        if by is None:
            return None
        parts = re.split(rf"[\s\u00a0]*{_TIMES}[\s\u00a0]*", match[1])
        said = f" {by} ".join(
            language.year(int(part)) if len(part) == 4 and part.isdecimal() else language.cardinal(language.read(part))
            for part in parts
        )
        if match[2]:
            return named(said, language.read(parts[-1]), match[2])
        # A product has spaces or small factors; a size in pixels has neither.
        large = all(len(part) >= 3 for part in parts) and " " not in match[1]
        return said if large or len(parts) > 2 else None

    def feet(match: Match) -> str | None:
        if "feet" not in language.words:
            return None
        first = language.quantity(Numeral(match[1]), language.count(int(match[1])), "ft", UNITS["ft"])
        second = language.quantity(Numeral(match[2]), language.count(int(match[2])), "in", UNITS["in"])
        return f"{first} {second}"

    def inches(match: Match) -> str | None:
        if match[0][-1] == '"' and match.string.count('"', 0, match.start()) % 2:
            return None
        numeral = language.read(match[1].replace(".", language.decimal))
        said = language.cardinal(numeral, language.unit_noun("in", UNITS["in"]))
        # Before a noun it is an adjective: a twenty-seven inch monitor.
        one = Numeral("1") if re.match(r"\s[a-z]", after(match)) else numeral
        return named(said, one, "in")

    def span(match: Match) -> str | None:
        if to is None:
            return None
        first, second = match[1], match[3]
        if re.search(rf"^{_SPACE}=", after(match)):
            minus = language.words.get("minus")
            numbers = [language.cardinal(language.read(one)) for one in (first, second)]
            return f" {minus} ".join(numbers) if minus else None
        spaced = match[2].strip() != match[2]
        if spaced and match[2].strip() == "-" and not language.read(first).value < language.read(second).value:
            return None
        if _is_year(first) and _is_year(second):
            return f"{language.year(int(first))} {to} {language.year(int(second))}"
        if _is_year(first) and len(second) == 2 and int(second) > int(first[2:]):
            return f"{language.year(int(first))} {to} {language.count(int(second))}"
        return f"{language.cardinal(language.read(first))} {to} {language.cardinal(language.read(second))}"

    def ratio(match: Match) -> str | None:
        word = language.words.get("ratio")
        if word is None:
            return None
        return f" {word} ".join(language.cardinal(language.read(part)) for part in match[0].split(":"))

    def arc(match: Match) -> str | None:
        """The minutes and seconds behind degrees: 45°30'."""
        minutes = named(language.count(int(match[1])), Numeral(match[1]), "arcmin")
        seconds = named(language.count(int(match[2])), Numeral(match[2]), "arcsec") if match[2] else ""
        return None if minutes is None or seconds is None else f" {minutes} {seconds}".rstrip()

    unit_before = re.compile(rf"\d{_SPACE}(?:{unit}|[€$£]|[kKMB]|bn|mn)$")

    def dash(match: Match) -> str | None:
        """5%-10%, 5 km – 10 km."""
        return f" {to} " if to and unit_before.search(before(match).rstrip()) else None

    divided = rf"{_SPACE}/{_SPACE}(?:1000?{_SPACE})?(?:{unit}){behind}"
    sizes = (
        rf"(?<![\w.,])({number}(?:[\s\u00a0]?{_TIMES}[\s\u00a0]?{number}){{1,2}})(?:{_SPACE}({unit}){behind})?(?!\w)"
    )

    def halved(match: Match) -> str | None:
        """The unit behind a fraction: ½ mi, 2 1/2 km."""
        fraction = _FRACTION_BEFORE.search(before(match))
        if fraction is None or language.is_no_unit(match[1], True, before(match), after(match)):
            return None
        said = named("\ue001", Numeral("2" if fraction[1] else "1"), match[1])
        return said and said.replace("\ue001", "").strip()

    def priced(match: Match) -> str | None:
        """The unit behind a price: 20 €/h."""
        if per is None or not re.search(r"(?:[€$£¥₹]|\b(?:EUR|USD|GBP|CHF|Euro|Cent|ct))$", before(match)):
            return None
        one = named("", Numeral("1"), match[1])
        return one and f" {per} {one.strip()}"

    def length(match: Match) -> str | None:
        return language.duration(int(match[1]), int(match[2]), int(match[3] or 0))

    return [
        Rule(_HOURS_AND_MINUTES, length),
        Rule(re.compile(rf"(?<![^\W½¼¾⅓⅔⅛])({unit}){behind}"), halved),
        Rule(re.compile(rf"{_SPACE}/{_SPACE}({unit}){behind}"), priced),
        Rule(re.compile(sizes), size),
        Rule(re.compile(rf"(?<![\w.]){amount}({_SPACE})({unit}){behind}(?!{divided})"), quantity),
        Rule(
            re.compile(rf"(?<![\w.]){amount}({_SPACE})({unit}){_SPACE}/{_SPACE}(?:(1000?){_SPACE})?({unit}){behind}"),
            rate,
        ),
        Rule(re.compile(rf"{_SPACE}[-–—]{_SPACE}(?=[\d$€£])"), dash),
        Rule(_ARC, arc),
        Rule(_FEET, feet),
        Rule(_INCHES, inches),
        Rule(re.compile(rf"(?<![\w.:]){number}(?::{number}){{1,3}}(?![\w:])"), ratio),
        Rule(
            re.compile(rf"(?<![\w.,])({number})({_SPACE}[-–—~〜]{_SPACE})({number})(?![\w]|{_SPACE}?[-–]\d|[.:]\d)"),
            span,
        ),
    ]


def _is_year(written: str) -> bool:
    return len(written) == 4 and written.isdecimal() and 1000 <= int(written) < 2200
