"""English."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from services.tts.text import numerals
from services.tts.text.language import Language
from services.tts.text.numerals import Numeral
from services.tts.text.scanner import Match, Rule, after, word_set

_MONARCHS = word_set(
    """henry louis charles elizabeth george edward richard william james mary paul pius benedict gregory leo innocent
    philip catherine peter nicholas alexander frederick wilhelm otto napoleon ramses ptolemy robert harald gustav carl
    christian felipe carlos francis ferdinand ivan clement urban sixtus julius constantine justinian john victor
    emmanuel leopold margaret albert haakon olaf alfonso maximilian rudolf joseph stephen boniface adrian callixtus
    darius xerxes mehmed murad selim suleiman"""
)
_NUMBERED = word_set(
    """chapter part act volume book section article appendix phase type class level scene stage war canto title schedule
    amendment figure table step unit division group quantum category grade zone region series season episode element
    factor lesson round age vol ch pt fig"""
)
_AFTER_A_PRONOUN = word_set(
    """am have had was were will would can could do did think know want like love need see feel hope guess mean say said
    went go got get made take shall should must may might don't won't can't i'm"""
)
_PLAIN_NUMERAL = re.compile(r"[IVX]{2,}|[IVXL]{3,}")
"""Numerals that are one behind any name, as in "Rocky IV"; CD, MD and XL are none."""
_AFTER_THE_DRIP = word_set("drip drips fluid fluids therapy line lines bag bags antibiotics")
_DENOMINATORS = {2: ("half", "halves"), 4: ("quarter", "quarters")}

_NOT_COUNTED = word_set(
    """was is were are and or to by the a an in on at when it he she they we i you this that there saw had has will
    would but because as with for until through from of after before during who which season edition election olympics
    championship world summer winter census"""
)
"""Words that are not counted: a number of four digits before one of them is a year."""
_BEFORE_A_YEAR = word_set(
    """in since from until till by of year years during before after between and to through circa around spring summer
    autumn fall winter january february march april may june july august september october november december
    jan feb mar apr jun jul aug sep sept oct nov dec copyright born died mid early late annus"""
)
_MEASURED = word_set("tall wide long high deep thick by x and of screen monitor display tv diameter apart")
_SHORT_YEAR = re.compile(r"(?<![\w'’])['’](\d\d)(?![\w'’])")
_GRADE = re.compile(r"(?<!\w)([A-F])[-−](?=\s?$|[.,;!?)]|\s(?:in|on|and|or|for)\s)")
_ORDINAL_DASH = re.compile(r"(?<=\d(?:st|nd|rd|th))\s?[-–]\s?(?=\d)")
_HEART = re.compile(r"(?<=\bI )<3(?=\s[a-z])")
_GREEK = re.compile(r"(?<![\u0370-\u03ff])[\u0391-\u03c9ϕϑϵ](?![\u0370-\u03ff])")
_LETTER_SPAN = re.compile(r"(?<!\w)([A-Z])\s?–\s?([A-Z])(?!\w)|(?<!\w)(A)-(Z)(?!\w)")
_DECADE = re.compile(r"(?<![\w.,])['’]?(\d\d)?(\d0)['’]?s(?!\w)")
_ORDINAL = re.compile(r"(?<![\w.])(\d{1,3}(?:,\d{3})+|\d{1,12})(?:st|nd|rd|th)(['’]?s)?(?!\w)")
_ATTACHED = re.compile(r"(?<![\w.,])(\d{1,4}(?:\.\d{1,3})?)(k|M|mn|bn|tn)(?!\w)")
_TIMES = re.compile(r"(?<![\w.,])(?<![-+−=*/(] )(?<![-+−=*/(])(\d{1,3}(?:\.\d)?)[x×](?!\w|\s?[\d+\-−=*/^<>²³)(])")
_SAINT = re.compile(
    r"(?<!\w)St\.(?=[\s\u00a0][A-Z])(?<!\w St\.)|(?<!\w)St\.?(?=[\s\u00a0][A-Z][a-z])(?<![a-z] St\.)(?<![a-z] St)"
)
_STREET = re.compile(r"(?<=[a-z] )(St|Dr)(?:\.|(?![.\w]))(?=\s*(?:[,;.!?)]|$)|\s(?:and|is|in|at|near)\s)")
_DOCTOR = re.compile(r"(?<!\w)Dr\.?(?=[\s\u00a0][A-Z])")
_PAGES = re.compile(r"(?<!\w)(pp|p)\.[\s\u00a0]?(?=\d)")
_FIGURE = re.compile(
    r"(?<!\w)(nos|figs?|vol|ch|sec|eq|tab|ed|art|para|chap|ref)\.[\s\u00a0]?(?=[\dIVX])", re.IGNORECASE
)
_PAGE_WORDS = {
    "p": "page ", "nos": "numbers ", "pp": "pages ", "fig": "figure ", "figs": "figures ", "vol": "volume ",
        "ch": "chapter ",
    "chap": "chapter ", "sec": "section ", "eq": "equation ", "tab": "table ", "ed": "edition ", "art": "article ",
    "para": "paragraph ", "ref": "reference ",
}  # fmt: skip
_DOTTED = re.compile(r"(?<![\w.])(?:[A-Z]\.){2,6}(?!\w)")


def _plural(word: str) -> str:
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"


class English(Language):
    """American English; en-GB and the other countries put the day before the month."""

    groups = ","
    month_before_day = True
    words: Mapping[str, str] = {
        "minus": "minus", "plus": "plus", "point": "point", "to": "to", "ratio": "to", "per": "per",
        "power": "to the power of", "squared": "squared", "cubed": "cubed", "times": "times", "by": "by",
        "number": "number", "at": "at", "dot": "dot", "slash": "slash", "dash": "dash", "underscore": "underscore",
        "colon": "colon", "backslash": "backslash", "tilde": "tilde", "version": "version", "about": "about",
        "and": "and", "hashtag": "hashtag", "section": "section", "sections": "sections", "root": "square root of",
        "out_of": "out of", "over": "over", "feet": "feet", "inches": "inches", "exponent": "times ten to the power of",
    }  # fmt: skip
    symbols: Mapping[str, str] = {
        "+": "plus", "−": "minus", "=": "equals", "≠": "is not equal to", "<": "less than", ">": "greater than",
        "≤": "less than or equal to", "≥": "greater than or equal to", "≈": "approximately", "≅": "approximately",
        "±": "plus or minus", "×": "times", "÷": "divided by", "√": "the square root of", "∞": "infinity",
        "∑": "the sum of", "∏": "the product of", "∫": "the integral of", "∂": "partial", "∆": "delta", "∇": "nabla",
        "∈": "is in", "∉": "is not in", "∅": "the empty set", "∩": "intersected with", "∪": "united with",
        "⊂": "is a subset of", "∧": "and", "∨": "or", "¬": "not", "∀": "for all", "∃": "there is", "→": "to",
        "←": "from", "↔": "to and from", "⇒": "implies", "⇔": "if and only if", "↑": "up", "↓": "down", "&": "and",
        "@": "at", "%": "percent", "‰": "per mille", "°": "degrees", "§": "section", "¶": "paragraph", "#": "hash",
        "©": "copyright", "®": "registered", "™": "trademark", "$": "dollar", "€": "euros", "£": "pounds", "¥": "yen",
        "₹": "rupees", "¢": "cents", "₽": "rubles", "₿": "bitcoin", "µ": "micro", "Ω": "ohm", "ª": "a", "º": "o",
        "№": "number", "℃": "degrees Celsius", "℉": "degrees Fahrenheit", "′": "prime", "″": "double prime",
        "¼": "a quarter", "½": "a half", "¾": "three quarters", "†": "dagger", "‡": "double dagger", "∼": "about",
        "∴": "therefore", "∵": "because", "≡": "is identical to", "∝": "is proportional to", "⋅": "times", "∙": "times",
        "^": "caret", "\\": "backslash", "~": "about", "¤": "currency", "∥": "parallel to", "⊥": "perpendicular to",
    }  # fmt: skip
    abbreviations: Mapping[str, str] = {
        "e.g.": "for example", "i.e.": "that is", "etc.": "et cetera", "vs.": "versus", "vs": "versus",
        "approx.": "approximately", "Mr.": "Mister", "Mrs.": "Missus", "Ms.": "Miz", "Prof.": "Professor",
        "Jr.": "Junior", "Sr.": "Senior", "Mt.": "Mount", "Ft.": "Fort", "Co.": "Company",
        "Ave.": "Avenue", "Blvd.": "Boulevard", "Rd.": "Road",
        "Hwy.": "Highway", "Apt.": "Apartment", "dept.": "department", "Dept.": "Department", "est.": "established",
        "Inc.": "Incorporated", "Ltd.": "Limited", "Corp.": "Corporation", "Bros.": "Brothers", "max.": "maximum",
        "min.": "minimum", "Gen.": "General", "Sgt.": "Sergeant", "Capt.": "Captain", "Lt.": "Lieutenant",
        "Col.": "Colonel", "Gov.": "Governor", "Sen.": "Senator", "Rep.": "Representative", "Rev.": "Reverend",
        "Hon.": "Honorable", "Ph.D.": "P H D", "a.m.": "A M", "p.m.": "P M", "cf.": "compare", "w/o": "without",
        "WWI": "World War one",
        "WWII": "World War two", "tbsp.": "tablespoon", "tsp.": "teaspoon", "tbsp": "tablespoon", "tsp": "teaspoon",
        "w/": "with", "and/or": "and or", "he/she": "he or she", "she/he": "she or he", "his/her": "his or her",
        "him/her": "him or her", "s/he": "she or he",
        "He/she": "He or she", "He/She": "He or she", "She/he": "She or he", "His/her": "His or her",
        "Yes/no": "Yes or no", "yes/no": "yes or no", "true/false": "true or false",
        "n/a": "not applicable", "N/A": "not applicable",
        "TCP/IP": "TCP IP", "AC/DC": "AC DC", "I/O": "I O", "c/o": "care of",
        "incl.": "including", "excl.": "excluding",
        "esp.": "especially", "ca.": "about", "temp.": "temperature", "avg.": "average", "govt.": "government",
        "C++": "C plus plus", "c++": "C plus plus", "C#": "C sharp", "F#": "F sharp", ".NET": "dot NET",
        "Node.js": "Node J S", "AT&T": "A T and T", "R&D": "R and D", "Q&A": "Q and A", "B&B": "B and B",
        "M&A": "M and A", "H&M": "H and M", "P&L": "P and L", "aka": "also known as", "a.k.a.": "also known as",
    }  # fmt: skip
    number_marks = ("No.", "no.", "№", "Nr.")
    units: Mapping[str, tuple[str, str]] = {
        "dB": ("decibel", "decibels"), "tbsp.": ("tablespoon", "tablespoons"),
        "tbsp": ("tablespoon", "tablespoons"), "tsp": ("teaspoon", "teaspoons"), "tsp.": ("teaspoon", "teaspoons"),
        "mAh": ("milliampere hour", "milliampere hours"),
        "Ah": ("ampere hour", "ampere hours"), "Wh": ("watt hour", "watt hours"),
        "MWh": ("megawatt hour", "megawatt hours"), "GWh": ("gigawatt hour", "gigawatt hours"),
        "TWh": ("terawatt hour", "terawatt hours"), "rpm": ("revolution per minute", "revolutions per minute"),
        "bpm": ("beat per minute", "beats per minute"), "fps": ("frame per second", "frames per second"),
        "kph": ("kilometer per hour", "kilometers per hour"), "%": ("percent", "percent"),
        "kΩ": ("kiloohm", "kiloohms"), "MΩ": ("megaohm", "megaohms"), "µF": ("microfarad", "microfarads"),
        "sqft": ("square foot", "square feet"), "MeV": ("mega-electron volt", "mega-electron volts"),
    }  # fmt: skip
    currencies: Mapping[str, tuple[str, str]] = {
        "USD": ("dollar", "dollars"), "EUR": ("euro", "euros"), "GBP": ("pound", "pounds"), "JPY": ("yen", "yen"),
        "INR": ("rupee", "rupees"), "RUB": ("ruble", "rubles"), "KRW": ("won", "won"), "ILS": ("shekel", "shekels"),
        "BTC": ("bitcoin", "bitcoins"), "CNY": ("yuan", "yuan"), "TRY": ("lira", "lira"),
        "UAH": ("hryvnia", "hryvnias"), "BRL": ("real", "reais"),
    }  # fmt: skip
    cents: Mapping[str, tuple[str, str]] = {
        "USD": ("cent", "cents"), "EUR": ("cent", "cents"), "GBP": ("penny", "pence"), "INR": ("paisa", "paise"),
        "CAD": ("cent", "cents"), "AUD": ("cent", "cents"), "NZD": ("cent", "cents"), "CHF": ("centime", "centimes"),
    }  # fmt: skip
    magnitudes: Mapping[str, str] = {
        "thousand": "thousand", "million": "million", "billion": "billion", "trillion": "trillion",
        "hundred": "hundred", "k": "thousand", "K": "thousand", "M": "million", "m": "million", "B": "billion",
        "mn": "million", "bn": "billion", "tn": "trillion", "T": "trillion", "lakh": "lakh", "crore": "crore",
    }  # fmt: skip
    months: Mapping[str, int] = {
        "jan": 1, "feb": 2, "mar": 3, "apr": 4, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "sept": 9, "oct": 10,
        "nov": 11, "dec": 12,
    }  # fmt: skip
    weekdays: Mapping[str, str] = {
        "Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday",
        "Thur": "Thursday", "Thurs": "Thursday", "Fri": "Friday", "Sat": "Saturday", "Sun": "Sunday",
    }  # fmt: skip
    conjunction = "and"

    def __init__(self, tag: str) -> None:
        super().__init__(tag)
        self.month_first = tag.lower() in ("en", "en-us")

    def cardinal(self, numeral: Numeral, noun: str = "") -> str:
        if numeral.is_code:
            return self.digits(numeral.integer)
        whole = numerals.cardinal(numeral.integer, "en") if numeral.integer else "zero"
        return f"{whole} point {self.digits(numeral.fraction)}" if numeral.fraction else whole

    def digits(self, written: str) -> str:
        return numerals.spell_digits(written, "en")

    def year(self, number: int) -> str:
        if 1000 <= number < 2000 and number % 100:
            left, right = divmod(number, 100)
            return f"{self.count(left)} {'oh ' if right < 10 else ''}{self.count(right)}"
        if 1100 <= number < 2000:
            return f"{self.count(number // 100)} hundred"
        if 2010 <= number < 2100:
            return f"twenty {self.count(number - 2000)}"
        return self.count(number)

    def ordinal(self, number: int, before: str = "", after: str = "") -> str | None:
        return numerals.ordinal(number, "en")

    def money_with_cents(self, said: str, name: str, units: int, cents: int, code: str) -> str:
        if code not in self.cents:
            return f"{said} point {self.digits(f'{cents:02}')} {name}"
        small = f"{self.count(cents)} {self.cents[code][cents != 1]}"
        return f"{said} {name} and {small}" if units else small

    def date(self, day: int, month: int, year: int | None, before: str, *, day_first: bool = True) -> str | None:
        said = numerals.ordinal(day, "en")
        name = self.month_names[month - 1]
        if not day_first:
            return f"{name} {said}" if year is None else f"{name} {said}, {self.year(year)}"
        article = "" if re.search(r"\bthe\s*$", before, re.IGNORECASE) else "the "
        return f"{article}{said} of {name}" if year is None else f"{article}{said} of {name}, {self.year(year)}"

    def time(self, hour: int, minute: int, *, half_day: bool) -> str | None:
        said = self.count(hour)
        if minute:
            return f"{said} {'oh ' if minute < 10 else ''}{self.count(minute)}"
        if half_day:
            return said
        return f"{said} o'clock" if 0 < hour <= 12 else f"{said} hundred"

    def fraction(self, numerator: int, denominator: int) -> str | None:
        if not 2 <= denominator <= 100 and denominator != 1000:
            return None
        one, many = _DENOMINATORS.get(denominator) or (
            numerals.ordinal(denominator, "en"),
            f"{numerals.ordinal(denominator, 'en')}s",
        )
        return f"{self.count(numerator)} {one if numerator == 1 else many}"

    def mixed(self, whole: str, fraction: str) -> str:
        return f"{whole} and {re.sub(r'^one ', 'a ' if fraction != 'one eighth' else 'an ', fraction)}"

    def roman(self, written: str, value: int, before: str, after: str) -> str | None:
        name = re.search(r"([^\W\d_]+)\.?[\s\u00a0]+$", before)
        previous = name[1] if name else ""
        following = re.match(r"\s+([\w']+)", after)
        behind = following[1].lower() if following else ""
        if behind in ("century", "centuries"):
            return numerals.ordinal(value, "en")
        # "World War I was" and "Elizabeth I was" at the beginning, but "when Elizabeth I was"; never "I am".
        is_past = behind in ("was", "were", "had", "did", "would", "could")
        is_subject = (previous.lower() in _NUMBERED and previous[:1].isupper()) or before.strip() == previous
        if value == 1 and behind in _AFTER_A_PRONOUN and not (is_past and is_subject):
            return None
        if previous.lower() in _NUMBERED and (len(written) > 1 or written in "IVX"):
            return self.count(value)
        if len(written) >= 5 and value > 1000:
            return self.year(value)
        if re.search(r"(?<!\w)[IVX]{1,5},?\s(?:and\s|or\s)?$", before) and _PLAIN_NUMERAL.fullmatch(written):
            return self.count(value)
        if not previous[:1].isupper():
            return None
        if previous.lower() in _MONARCHS:
            return f"the {numerals.ordinal(value, 'en')}"
        if _PLAIN_NUMERAL.fullmatch(written) and behind not in _AFTER_THE_DRIP:
            return self.count(value)
        return None

    def is_year(self, written: str, before: str, after: str) -> bool:
        if not re.fullmatch(r"1[1-9]\d\d|10[1-9]\d|20\d\d", written):
            return False
        following = re.match(r"[\s-]([^\W\d_]+)", after)
        behind = following[1].lower() if following else ""
        if behind in _NOT_COUNTED:
            return True
        previous = re.search(r"([^\W\d_]+)[.,]?\s+(?:the\s+|early\s+|late\s+|about\s+|around\s+)*$", before)
        if re.search(r"©\s*$", before):
            return True
        if previous and previous[1].lower() in _BEFORE_A_YEAR:
            return not (behind.endswith("s") and not behind.endswith("ss"))
        # A number at the end of a phrase is a year as a rule; one before a noun counts it.
        return (
            not behind
            and not re.match(r"\s?[%°$€£]|\s?[=+×*/<>^−]", after)
            and not re.search(r"[=+×*/<>^−]\s?$", before)
        )

    def is_no_unit(self, sign: str, spaced: bool, before: str, after: str) -> bool:
        following = re.match(r"\s*([^\W\d_]+)", after)
        if sign == "in":
            return bool(following) and following[1].lower() not in _MEASURED if following else False
        if sign == "s" and not spaced:
            return bool(re.search(r"[A-Z]\w*\s$", before))
        if sign in ("m", "M") and not spaced:
            return bool(re.search(r"[$€£]\s?$", before))
        if sign == "pt":
            return not spaced
        return sign in ("qm", "ccm", "PS", "t") and not spaced

    def slashed(self, whole: str | None, numerator: int, denominator: int, before: str, after: str) -> str | None:
        if not whole and (
            (numerator, denominator) in ((24, 7), (9, 11), (7, 11))
            or numerator + denominator == 100
            or (numerator == denominator and numerator > 1)
        ):
            return f"{self.count(numerator)} {self.count(denominator)}"
        if not whole and re.search(
            r"\b(?:rated?|rating|score[ds]?|scoring|get|got|give[ns]?|gave|rates|is a)(?: it)?(?: a)?:?\s*$",
            before,
            re.IGNORECASE,
        ):
            return f"{self.count(numerator)} out of {self.count(denominator)}"
        if not whole and re.search(r"\b(?:on|by|until|since|dated|before|after)\s$", before, re.IGNORECASE):
            month, day = (numerator, denominator) if self.month_first else (denominator, numerator)
            if 1 <= month <= 12 and 1 <= day <= 31:
                return self.date(day, month, None, before, day_first=not self.month_first)
        if (
            not whole
            and self.month_first
            and numerator <= 12 < denominator <= 31
            and denominator not in (16, 20, 24, 30)
        ):
            return self.date(denominator, numerator, None, before, day_first=False)
        if 1100 <= numerator < 2100 and denominator == (numerator + 1) % 100:
            return f"{self.year(numerator)} {self.count(denominator)}"
        said = self.fraction(numerator, denominator) if numerator < denominator or denominator < 10 else None
        if said is None:
            said = f"{self.count(numerator)} slash {self.count(denominator)}"
            return f"{self.count(int(whole))} {said}" if whole else said
        return self.mixed(self.count(int(whole)), said) if whole else said

    def fraction_alone(self, said: str, after: str) -> str:
        if said in ("one quarter", "one half"):
            return said.replace("one", "a")
        return said

    def mixed_code(self, letters: str, digits: str, rest: str, after: str) -> str | None:
        if re.fullmatch(r"(?:19|20)\d\d", digits) and not rest:
            return f"{' '.join(letters) if len(letters) <= 2 else letters} {self.year(int(digits))}"
        return self.spelled_code(letters, digits, rest)

    def extra_rules(self) -> list[Rule]:
        return [
            Rule(_SHORT_YEAR, lambda match: self.count(int(match[1]))),
            Rule(_ORDINAL_DASH, lambda match: " to "),
            Rule(_GRADE, lambda match: f"{match[1]} minus"),
            Rule(_HEART, lambda match: "love"),
            Rule(_GREEK, lambda match: self.symbol(match[0])),
            Rule(_LETTER_SPAN, lambda match: f"{match[1] or 'A'} to {match[2] or 'Z'}"),
            Rule(_DECADE, self._decade),
            Rule(_ORDINAL, self._ordinal),
            Rule(_ATTACHED, self._attached),
            Rule(_TIMES, lambda match: f"{self.cardinal(self.read(match[1]))} times"),
            Rule(_SAINT, lambda match: "Saint"),
            Rule(_STREET, lambda match: {"St": "Street", "Dr": "Drive"}[match[1]]),
            Rule(_DOCTOR, lambda match: "Doctor"),
            Rule(_PAGES, lambda match: _PAGE_WORDS[match[1].lower()]),
            Rule(_FIGURE, lambda match: _PAGE_WORDS[match[1].lower()]),
            Rule(_DOTTED, lambda match: " ".join(match[0].replace(".", "")) + self._stop(match)),
        ]

    @staticmethod
    def _stop(match: Match) -> str:
        """The full stop of a sentence that ends with initials."""
        return "." if not after(match).strip() else ""

    def _decade(self, match: Match) -> str | None:
        century, decade = match[1] or "", int(match[2])
        if not century and decade < 20:
            return None
        if not century:
            return _plural(self.count(decade))
        if decade:
            return f"{self.count(int(century))} {_plural(self.count(decade))}"
        return "two thousands" if century == "20" else f"{self.count(int(century))} hundreds"

    def _ordinal(self, match: Match) -> str | None:
        return numerals.ordinal(int(match[1].replace(",", "")), "en") + (match[2] or "")

    def _attached(self, match: Match) -> str | None:
        return f"{self.cardinal(self.read(match[1]))} {self.magnitudes[match[2]]}"

    def symbol(self, sign: str) -> str | None:
        known = self.symbols.get(sign)
        if known is not None or unicodedata.category(sign)[0] == "P":
            return known
        name = unicodedata.name(sign, "").lower()
        # The engines for English know no other letters: one that stands alone is a name.
        greek = re.fullmatch(r"greek (?:small|capital) letter (?:final )?(\w+)", name)
        return greek[1] if greek else name or None
