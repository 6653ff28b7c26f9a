"""Polish."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from services.tts.text import numerals
from services.tts.text.language import Language


class Polish(Language):
    """Polish; numbers stay in digits for the engine, but for the days of dates."""

    groups = " "
    words: Mapping[str, str] = {
        "minus": "minus", "plus": "plus", "point": "przecinek", "to": "do", "ratio": "do", "per": "na",
        "power": "do potęgi", "squared": "do kwadratu", "cubed": "do sześcianu", "times": "razy", "by": "na",
        "number": "numer", "at": "małpa", "dot": "kropka", "slash": "ukośnik", "dash": "myślnik",
        "underscore": "podkreślnik", "colon": "dwukropek", "version": "wersja", "about": "około", "and": "i",
        "hashtag": "hasztag", "exponent": "razy dziesięć do potęgi",
    }  # fmt: skip
    symbols: Mapping[str, str] = {
        "+": "plus", "−": "minus", "=": "równa się", "≠": "nie równa się", "<": "mniejsze niż", ">": "większe niż",
        "≤": "mniejsze lub równe", "≥": "większe lub równe", "≈": "około", "±": "plus minus", "×": "razy",
        "÷": "podzielić przez", "√": "pierwiastek z", "∞": "nieskończoność", "→": "do", "←": "od", "⇒": "więc",
        "&": "i", "@": "małpa", "%": "procent", "‰": "promil", "°": "stopni", "§": "paragraf", "#": "hasz",
        "©": "copyright", "®": "znak zastrzeżony", "™": "znak towarowy", "$": "dolarów", "€": "euro", "£": "funtów",
        "¥": "jenów", "₹": "rupii", "~": "około", "№": "numer",
    }  # fmt: skip
    abbreviations: Mapping[str, str] = {
        "np.": "na przykład", "tzn.": "to znaczy", "itd.": "i tak dalej", "itp.": "i tym podobne",
        "m.in.": "między innymi",
        "dr": "doktor", "prof.": "profesor", "ok.": "około", "ul.": "ulica", "tj.": "to jest", "tzw.": "tak zwany",
        "p.n.e.": "przed naszą erą", "n.e.": "naszej ery", "godz.": "godzina", "tel.": "telefon", "str.": "strona",
        "nr": "numer", "tys.": "tysięcy", "mln": "milionów", "mld": "miliardów", "zł": "złotych",
    }  # fmt: skip
    number_marks = ("nr", "Nr", "№")
    currencies: Mapping[str, tuple[str, str]] = {"USD": ("dolar", "dolarów")}
    magnitudes: Mapping[str, str] = {
        "tys.": "tysięcy", "mln": "milionów", "mld": "miliardów", "milion": "milion", "miliony": "miliony",
        "milionów": "milionów", "miliard": "miliard", "miliardów": "miliardów",
    }  # fmt: skip
    fractions: Mapping[str, str] = {
        "1/2": "jedna druga", "1/3": "jedna trzecia", "2/3": "dwie trzecie", "1/4": "jedna czwarta",
        "3/4": "trzy czwarte",
    }  # fmt: skip
    over = "na"
    clock = "{hour} {minute}"
    full_hour = "{hour} zero zero"
    conjunction = "i"

    def currency_name(self, code: str, value: Decimal) -> str | None:
        name = super().currency_name(code, value)
        return name and name.split()[0] if code == "PLN" else name  # nobody says that the złoty is Polish

    def date(self, day: int, month: int, year: int | None, before: str, *, day_first: bool = True) -> str | None:
        # The day is an ordinal in the genitive.
        said = " ".join(_genitive(word) for word in numerals.ordinal(day, "pl").split())
        name = self.month_names[month - 1]
        return f"{said} {name}" if year is None else f"{said} {name} {year}"


def _genitive(ordinal: str) -> str:
    return f"{ordinal[:-1]}ego" if ordinal.endswith("y") else f"{ordinal}ego" if ordinal.endswith("i") else ordinal
