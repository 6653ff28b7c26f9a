"""German."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from services.tts.text import cldr, numerals
from services.tts.text.language import Language
from services.tts.text.languages import german_grammar as grammar
from services.tts.text.numerals import Numeral, roman_value
from services.tts.text.scanner import Match, Rule, after, before
from services.tts.text.units import CURRENCIES, unit_name

_ORDINAL = re.compile(
    r"(?<![\w.,])(\d{1,4})\.(?=[\s\u00a0](?:[A-ZÄÖÜ]|[a-zäöü])|[\s\u00a0]?[-–][\s\u00a0]?\d{1,4}\.(?:[\s\u00a0\d]|$)|,[\s\u00a0]\d|[.!?,;:)]*$)"
)
_ROMAN_ORDINAL = re.compile(r"(?<![\w.])([IVXLC]{1,8})\.(?=[\s\u00a0]([A-ZÄÖÜ][a-zäöü]+))")
_DAY_AND_MONTH = re.compile(r"(?<![\w.,])(\d{1,2})\.[\s\u00a0]?(\d{1,2})\.(?![\d\w])")
_HOUR_WITH_POINT = re.compile(r"(?<![\w.,])(\d{1,2})\.(\d\d)[\s\u00a0]Uhr(?!\w)")
_DASH_OF_ORDINALS = re.compile(r"(?<=\d\.)[\s\u00a0]?[-–][\s\u00a0]?(?=\d{1,4}\.)")
_JOINED = re.compile(
    r"(?<![\w.,])(\d{1,7})[-\u00a0]?(jährig|mal(?!\w)|malig|fach|stündig|tägig|köpfig|teilig|stellig|prozentig|stöckig"
    r"|minütig|wöchig|monatig|seitig|dimensional|spurig|bändig|gradig|sekündig|stimmig)(\w{0,3})"
)
_PERCENT = re.compile(r"(?<![\w.,])(\d{1,7})[\s\u00a0]?%-?ig(\w{0,2})(?!\w)")
_MILLIONS = re.compile(r"(?<![\w.,])1[\s\u00a0](Mio|Mrd|Bio)\.?(?!\w)")
_THOUSANDS = re.compile(r"(?<![\w.,])(\d{1,4})k(?!\w)")
_UNIT_COMPOUND = re.compile(r"(?<![\w.,-])(\d{1,6})-([a-zA-Z€%°²³]{1,4})-(?=[A-ZÄÖÜ])")
_COLON = re.compile(r"(?<=\d)\s:\s(?=\d)")
_DECADE = re.compile(r"(?<![\w.,])['’]?(\d{1,4})er(?=\w{0,2}(?!\w))")
_WRITTEN_ORDINAL = re.compile(r"(?<![\w.,])(\d{1,4})-?s?(te[nrsm]?)(?!\w)")
_COMPOUND = re.compile(r"(?<![\w.,-])(\d{1,6})-(?=[A-ZÄÖÜ])")
_TIMES = re.compile(r"(?<![\w.,])(\d{1,3})[x×](?!\w|\s?\d)")
_STREET = re.compile(r"(?<!\w)([A-ZÄÖÜ][a-zäöüßA-ZÄÖÜ-]{1,40}?)(s|-S)tr\.(?!\w)")
_BEFORE_NUMBERS = {
    "S": "Seite", "Art": "Artikel", "Abs": "Absatz", "Bd": "Band", "Kap": "Kapitel", "Abb": "Abbildung",
    "Tab": "Tabelle", "Aufl": "Auflage", "Ziff": "Ziffer", "Zi": "Zimmer", "Pos": "Position", "Anm": "Anmerkung",
    "Gl": "Gleichung", "Kl": "Klasse", "Hbf": "Hauptbahnhof", "Str": "Straße", "Az": "Aktenzeichen",
}  # fmt: skip
_BEFORE_NUMBER = re.compile(rf"(?<!\w)({'|'.join(_BEFORE_NUMBERS)})\.[\s\u00a0]?(?=\d|[IVX])")
_HOUSE_NUMBER = re.compile(r"(?<!\w)([A-ZÄÖÜ][a-zäöüß]{1,30})nr\.(?=[\s\u00a0]?\d)")
_NO_CENTS = re.compile(r"(?<=\d),[-–](?=[\s\u00a0]?(?:€|Euro|EUR|CHF|DM)|[\s.!?]|$)")
_DOTTED = re.compile(r"(?<![\w.])(?:[A-Z]\.){2,6}(?!\w)")
_ONE = {"Millionen": "Million", "Milliarden": "Milliarde", "Billionen": "Billion"}


class German(Language):
    """German, of Germany, Austria and Switzerland."""

    groups = ". '’"
    words: Mapping[str, str] = {
        "minus": "minus", "plus": "plus", "point": "Punkt", "to": "bis", "ratio": "zu", "per": "pro", "power": "hoch",
        "squared": "Quadrat", "cubed": "hoch drei", "times": "mal", "by": "mal", "number": "Nummer", "at": "ät",
        "dot": "Punkt", "slash": "Schrägstrich", "dash": "Bindestrich", "underscore": "Unterstrich",
        "colon": "Doppelpunkt", "backslash": "umgekehrter Schrägstrich", "tilde": "Tilde", "version": "Version",
        "about": "etwa", "and": "und", "hashtag": "Hashtag", "sections": "Paragrafen", "out_of": "von", "over": "durch",
        "feet": "Fuß",
        "inches": "Zoll", "exponent": "mal zehn hoch",
    }  # fmt: skip
    symbols: Mapping[str, str] = {
        "+": "plus", "−": "minus", "=": "gleich", "≠": "ungleich", "<": "kleiner als", ">": "größer als",
        "≤": "kleiner oder gleich", "≥": "größer oder gleich", "≈": "ungefähr", "±": "plus minus", "×": "mal",
        "÷": "geteilt durch", "√": "Wurzel aus", "∞": "unendlich", "∑": "Summe", "∏": "Produkt", "∫": "Integral",
        "∂": "partiell", "∆": "Delta", "∈": "Element von", "∉": "nicht Element von", "∅": "leere Menge",
        "∩": "geschnitten mit", "∪": "vereinigt mit", "⊂": "Teilmenge von", "∧": "und", "∨": "oder", "¬": "nicht",
        "∀": "für alle", "∃": "es gibt ein", "→": "nach", "←": "von", "↔": "hin und zurück", "⇒": "daraus folgt",
        "⇔": "genau dann wenn", "↑": "aufwärts", "↓": "abwärts", "&": "und", "@": "ät", "%": "Prozent",
        "‰": "Promille", "°": "Grad", "§": "Paragraf", "¶": "Absatz", "#": "Raute", "©": "Copyright",
        "®": "eingetragene Marke", "™": "Marke", "$": "Dollar", "€": "Euro", "£": "Pfund", "¥": "Yen", "₹": "Rupien",
        "¢": "Cent", "₽": "Rubel", "₿": "Bitcoin", "µ": "Mikro", "Ω": "Ohm", "№": "Nummer", "′": "Strich",
        "″": "zwei Strich", "†": "gestorben", "~": "etwa", "∼": "etwa", "^": "hoch", "\\": "umgekehrter Schrägstrich",
        "≡": "identisch mit", "∝": "proportional zu", "⋅": "mal", "∙": "mal", "∥": "parallel zu",
        "⊥": "senkrecht zu", "★": "Stern", "☆": "leerer Stern", "✓": "Haken", "✗": "Kreuz", "π": "Pi", "α": "Alpha",
        "β": "Beta", "γ": "Gamma", "δ": "Delta", "λ": "Lambda", "μ": "My", "σ": "Sigma", "ω": "Omega", "Δ": "Delta",
        "Σ": "Sigma", "θ": "Theta", "φ": "Phi", "ε": "Epsilon", "℃": "Grad Celsius",
    }  # fmt: skip
    abbreviations: Mapping[str, str] = {
        "z. B.": "zum Beispiel", "d. h.": "das heißt", "u. a.": "unter anderem", "usw.": "und so weiter",
        "bzw.": "beziehungsweise", "ca.": "circa", "etc.": "et cetera", "vgl.": "vergleiche", "z. T.": "zum Teil",
        "i. d. R.": "in der Regel", "u. U.": "unter Umständen", "o. Ä.": "oder Ähnliches", "o. ä.": "oder ähnlich",
        "s. o.": "siehe oben", "s. u.": "siehe unten", "evtl.": "eventuell", "ggf.": "gegebenenfalls",
        "inkl.": "inklusive", "exkl.": "exklusive", "zzgl.": "zuzüglich", "abzgl.": "abzüglich", "max.": "maximal",
        "min.": "minimal", "Std.": "Stunden", "Min.": "Minuten", "Sek.": "Sekunden", "Dr.": "Doktor",
        "Prof.": "Professor", "Hr.": "Herr", "Hrn.": "Herrn", "Fr.": "Frau", "St.": "Sankt", "geb.": "geboren",
        "gest.": "gestorben", "verh.": "verheiratet", "v. Chr.": "vor Christus", "n. Chr.": "nach Christus",
        "Jh.": "Jahrhundert", "Jhd.": "Jahrhundert", "Tel.": "Telefon", "allg.": "allgemein", "bes.": "besonders",
        "lt.": "laut", "sog.": "sogenannte", "u. v. m.": "und vieles mehr", "u. v. a.": "und viele andere",
        "p. a.": "pro Jahr", "a. D.": "außer Dienst", "e. V.": "eingetragener Verein", "m. E.": "meines Erachtens",
        "Mio.": "Millionen", "Mrd.": "Milliarden", "Tsd.": "Tausend", "Mwst.": "Mehrwertsteuer",
        "MwSt.": "Mehrwertsteuer", "Nr.": "Nummer", "Str.": "Straße", "Pkt.": "Punkt", "usf.": "und so fort",
        "u. s. w.": "und so weiter", "vs.": "gegen", "bspw.": "beispielsweise", "insb.": "insbesondere",
        "einschl.": "einschließlich", "Abk.": "Abkürzung", "Anm.": "Anmerkung", "Bhf.": "Bahnhof",
        "Hbf.": "Hauptbahnhof", "Ing.": "Ingenieur", "Dipl.": "Diplom", "jun.": "junior", "sen.": "senior",
        "zw.": "zwischen", "ggü.": "gegenüber", "und/oder": "und oder", "C++": "C plus plus", "C#": "C sharp",
        ".NET": "dot NET", "i. A.": "im Auftrag", "i. V.": "in Vertretung", "z. Z.": "zur Zeit", "z. Zt.": "zur Zeit",
        "o. g.": "oben genannt", "g. g. A.": "geschützte geografische Angabe", "km/h": "Kilometer pro Stunde",
        "u. Ä.": "und Ähnliches", "u. ä.": "und ähnlich", "ugs.": "umgangssprachlich", "mind.": "mindestens",
        "tägl.": "täglich", "wöchentl.": "wöchentlich", "jährl.": "jährlich", "monatl.": "monatlich",
        "TCP/IP": "TCP IP", "H&M": "H und M", "dt.": "deutsch", "engl.": "englisch", "frz.": "französisch",
        "ff.": "folgende", "v. a.": "vor allem",
        "bzgl.": "bezüglich", "Dr. h. c.": "Doktor honoris causa", "i. H. v.": "in Höhe von", "gem.": "gemäß",
        "s. a.": "siehe auch", "a. a. O.": "am angegebenen Ort", "ehem.": "ehemals", "entspr.": "entsprechend",
        "jmd.": "jemand", "vorm.": "vormittags", "nachm.": "nachmittags", "rd.": "rund", "zus.": "zusammen",
    }  # fmt: skip
    number_marks = ("Nr.", "Nrn.", "No.", "№")
    units: Mapping[str, tuple[str, str]] = {
        "ct": ("Cent", "Cent"), "PS": ("PS", "PS"), "dB": ("Dezibel", "Dezibel"),
        "mAh": ("Milliamperestunde", "Milliamperestunden"), "Ah": ("Amperestunde", "Amperestunden"),
        "Wh": ("Wattstunde", "Wattstunden"), "MWh": ("Megawattstunde", "Megawattstunden"),
        "GWh": ("Gigawattstunde", "Gigawattstunden"), "TWh": ("Terawattstunde", "Terawattstunden"),
        "kΩ": ("Kiloohm", "Kiloohm"), "MΩ": ("Megaohm", "Megaohm"),
        "U/min": ("Umdrehung pro Minute", "Umdrehungen pro Minute"),
        "%": ("Prozent", "Prozent"), "mph": ("Meile pro Stunde", "Meilen pro Stunde"),
        "EL": ("Esslöffel", "Esslöffel"), "TL": ("Teelöffel", "Teelöffel"), "Pf": ("Pfennig", "Pfennig"),
        "fps": ("Bild pro Sekunde", "Bilder pro Sekunde"), "bpm": ("Schlag pro Minute", "Schläge pro Minute"),
        "Std": ("Stunde", "Stunden"), "Min": ("Minute", "Minuten"), "Sek": ("Sekunde", "Sekunden"),
        "Std.": ("Stunde", "Stunden"), "Min.": ("Minute", "Minuten"), "Sek.": ("Sekunde", "Sekunden"),
        "Stk.": ("Stück", "Stück"), "dpi": ("DPI", "DPI"),
    }  # fmt: skip
    currencies: Mapping[str, tuple[str, str]] = {
        "USD": ("Dollar", "Dollar"), "EUR": ("Euro", "Euro"), "GBP": ("Pfund", "Pfund"), "JPY": ("Yen", "Yen"),
        "INR": ("Rupie", "Rupien"), "RUB": ("Rubel", "Rubel"), "CHF": ("Franken", "Franken"),
        "BTC": ("Bitcoin", "Bitcoin"), "CNY": ("Yuan", "Yuan"), "DM": ("Mark", "Mark"), "TRY": ("Lira", "Lira"),
        "Fr": ("Franken", "Franken"), "Euro": ("Euro", "Euro"),
    }  # fmt: skip
    cents: Mapping[str, tuple[str, str]] = {
        "USD": ("Cent", "Cent"), "EUR": ("Cent", "Cent"), "GBP": ("Penny", "Pence"), "CHF": ("Rappen", "Rappen"),
        "DM": ("Pfennig", "Pfennig"), "Euro": ("Cent", "Cent"),
    }  # fmt: skip
    magnitudes: Mapping[str, str] = {
        "Tausend": "Tausend", "Tsd.": "Tausend", "Million": "Million", "Millionen": "Millionen", "Mio.": "Millionen",
        "Mio": "Millionen", "Milliarde": "Milliarde", "Milliarden": "Milliarden", "Mrd.": "Milliarden",
        "Mrd": "Milliarden", "Billion": "Billion", "Billionen": "Billionen", "Bio.": "Billionen", "k": "Tausend",
        "million": "Millionen", "billion": "Milliarden",
    }  # fmt: skip
    months: Mapping[str, int] = {
        "jan": 1, "jänner": 1, "feb": 2, "feber": 2, "mrz": 3, "apr": 4, "jun": 6, "jul": 7, "aug": 8, "sep": 9,
        "sept": 9, "okt": 10, "nov": 11, "dez": 12,
    }  # fmt: skip
    weekdays: Mapping[str, str] = {
        "Mo": "Montag", "Di": "Dienstag", "Mi": "Mittwoch", "Do": "Donnerstag", "Fr": "Freitag", "Sa": "Samstag",
        "So": "Sonntag",
    }  # fmt: skip
    clock_mark = "Uhr"
    conjunction = "und"

    def cardinal(self, numeral: Numeral, noun: str = "") -> str:
        if numeral.is_code:
            return self.digits(numeral.integer)
        whole = numerals.cardinal(numeral.integer, "de") if numeral.integer else "null"
        if numeral.fraction:
            point = "Punkt" if numeral.separator == "." else "Komma"
            return f"{whole} {point} {self.digits(numeral.fraction)}"
        if whole.endswith("eins") and noun:
            return grammar.one_of(whole, noun)
        return whole

    def digits(self, written: str) -> str:
        return numerals.spell_digits(written, "de")

    def year(self, number: int) -> str:
        return numerals.year(number, "de")

    def is_year(self, written: str, before: str, after: str) -> bool:
        return bool(re.fullmatch(r"1[1-9]\d\d", written)) and not re.match(r"[\s\u00a0][A-ZÄÖÜ]", after)

    def is_no_unit(self, sign: str, spaced: bool, before: str, after: str) -> bool:
        return sign in ("in", "pt", "mi", "ly") or (sign in ("t", "EL", "TL") and not spaced)

    def counted(self, before: str, noun: str) -> str:
        return "" if grammar.is_label(before) else noun

    def unit_noun(self, sign: str, cldr_unit: str) -> str:
        if sign in self.units:
            return self.units[sign][0]
        return (cldr.quantity("", Decimal(1), cldr_unit, "de") or "").strip() if cldr_unit else ""

    def ordinal(self, number: int, before: str = "", after: str = "") -> str | None:
        stem = numerals.ordinal(number, "de")
        return stem + grammar.ending(before, after)

    def date(self, day: int, month: int, year: int | None, before: str, *, day_first: bool = True) -> str | None:
        name = self.month_names[month - 1]
        said = f"{self.ordinal(day, before, f' {name}')} {name}"
        return said if year is None else f"{said} {self.year(year)}"

    def time(self, hour: int, minute: int, *, half_day: bool) -> str | None:
        return f"{self.count(hour, 'Uhr')} Uhr {self.count(minute) if minute else ''}".strip()

    def money_with_cents(self, said: str, name: str, units: int, cents: int, code: str) -> str:
        if units:
            return f"{said} {name} {self.count(cents)}"
        return f"{self.count(cents, 'Cent')} {self.cents.get(code, ('Cent', 'Cent'))[cents != 1]}"

    def large_money(self, said: str, numeral: Numeral, magnitude: str, code: str) -> str | None:
        name = self.currency_name(code, Decimal(2))
        if numeral.value == 1 and magnitude != "Tausend":
            return f"eine {_ONE.get(magnitude, magnitude)} {name}"
        return f"{said} {magnitude} {name}"

    def fraction(self, numerator: int, denominator: int) -> str | None:
        if not 2 <= denominator <= 1000:
            return None
        if denominator == 2:
            return "ein halb" if numerator == 1 else f"{self.count(numerator)} halbe"
        part = numerals.ordinal(denominator, "de").removesuffix("e") + "el"
        return f"{self.count(numerator, 'Teil')} {part.capitalize()}"

    def fraction_alone(self, said: str, after: str) -> str:
        if said == "ein halb":
            return grammar.half(after)
        return said

    def mixed(self, whole: str, fraction: str) -> str:
        whole = "ein" if whole == "eins" else whole
        return f"{whole}einhalb" if fraction == "ein halb" else f"{whole} {fraction}"

    def slashed(self, whole: str | None, numerator: int, denominator: int, before: str, after: str) -> str | None:
        if (numerator, denominator) == (24, 7) and not whole:
            return f"{self.count(numerator)} {self.count(denominator)}"
        if 1100 <= numerator < 2100 and denominator == (numerator + 1) % 100:
            return f"{self.year(numerator)} {self.count(denominator)}"
        said = self.fraction(numerator, denominator) if numerator < denominator <= 100 or denominator < 10 else None
        if said is None:
            first = self.year(numerator) if 1100 <= numerator < 2000 else self.count(numerator)
            said = f"{first} {self.words['slash']} {self.count(denominator)}"
            return f"{self.count(int(whole))} {said}" if whole else said
        return self.mixed(self.count(int(whole)), said) if whole else self.fraction_alone(said, after)

    def mixed_code(self, letters: str, digits: str, rest: str, after: str) -> str | None:
        return self.spelled_code(letters, digits, rest)

    def roman(self, written: str, value: int, before: str, after: str) -> str | None:
        return grammar.roman(self, written, value, before)

    def extra_rules(self) -> list[Rule]:
        return [
            Rule(_HOUR_WITH_POINT, lambda match: self.time(int(match[1]), int(match[2]), half_day=False)),
            Rule(_DAY_AND_MONTH, self._day_and_month),
            Rule(_DASH_OF_ORDINALS, lambda match: " bis "),
            Rule(_WRITTEN_ORDINAL, lambda match: numerals.ordinal(int(match[1]), "de")[:-2] + match[2]),
            Rule(_ORDINAL, self._ordinal),
            Rule(_ROMAN_ORDINAL, self._roman_ordinal),
            Rule(_JOINED, lambda match: self.count(int(match[1]), "Teil") + match[2] + match[3]),
            Rule(_PERCENT, lambda match: f"{self.count(int(match[1]), 'Teil')}prozentig{match[2]}"),
            Rule(_MILLIONS, self._one_million),
            Rule(_THOUSANDS, lambda match: self.count(int(match[1]) * 1000)),
            Rule(_UNIT_COMPOUND, self._unit_compound),
            Rule(_COLON, lambda match: " geteilt durch " if re.match(r"\d+\s=", after(match)) else " zu "),
            Rule(_DECADE, self._decade),
            Rule(_COMPOUND, lambda match: f"{self.count(int(match[1]), 'Teil').capitalize()}-"),
            Rule(_TIMES, lambda match: f"{self.count(int(match[1]), 'Teil')}mal"),
            Rule(_STREET, lambda match: f"{match[1]}{match[2]}traße"),
            Rule(_HOUSE_NUMBER, lambda match: f"{match[1]}nummer"),
            Rule(_NO_CENTS, lambda match: ""),
            Rule(_BEFORE_NUMBER, lambda match: f"{_BEFORE_NUMBERS[match[1]]} "),
            Rule(_DOTTED, lambda match: " ".join(match[0].replace(".", "")) + ("" if after(match).strip() else ".")),
        ]

    def _day_and_month(self, match: Match) -> str | None:
        day, month = int(match[1]), int(match[2])
        if not (1 <= day <= 31 and 1 <= month <= 12):
            return None
        said = self.date(day, month, None, before(match))
        return f"{said}." if said and not after(match).strip() else said

    def _ordinal(self, match: Match) -> str | None:
        front, rest = before(match), after(match)
        if not grammar.is_ordinal(front, rest):
            return None
        said = self.ordinal(int(match[1]), front, rest)
        return f"{said}." if said and not rest.strip() else said

    def _roman_ordinal(self, match: Match) -> str | None:
        value = roman_value(match[1])
        if not value or not grammar.is_ordinal(before(match), f" {match[2]}"):
            return None
        return self.ordinal(value, before(match), f" {match[2]}")

    def _one_million(self, match: Match) -> str | None:
        said = "eine " + {"Mio": "Million", "Mrd": "Milliarde", "Bio": "Billion"}[match[1]]
        return said if after(match).strip() else f"{said}."

    def _unit_compound(self, match: Match) -> str | None:
        """30-cm-Lineal, 500-€-Schein."""
        sign = match[2]
        unit = self.currency_name(CURRENCIES[sign], Decimal(2)) if sign in CURRENCIES else None
        unit = unit or self.unit_noun(sign, unit_name(sign))
        return f"{self.count(int(match[1]), 'Teil').capitalize()}-{unit}-" if unit else None

    def _decade(self, match: Match) -> str | None:
        number = int(match[1])
        said = self.year(number) if 1100 <= number < 2000 else self.count(number, "Teil")
        return f"{said}er"
