"""French."""

from __future__ import annotations

import re
from collections.abc import Mapping

from services.tts.text import numerals
from services.tts.text.language import Language
from services.tts.text.numerals import Numeral
from services.tts.text.scanner import word_set


class French(Language):
    """French, of France; numbers stay in digits for the engine."""

    groups = ". "
    words: Mapping[str, str] = {
        "minus": "moins", "plus": "plus", "point": "virgule", "to": "à", "ratio": "à", "per": "par",
        "power": "puissance", "squared": "au carré", "cubed": "au cube", "times": "fois", "by": "sur",
        "number": "numéro", "at": "arobase", "dot": "point", "slash": "barre oblique", "dash": "tiret",
        "underscore": "tiret bas", "colon": "deux-points", "version": "version", "about": "environ", "and": "et",
        "hashtag": "hashtag", "exponent": "fois dix puissance",
    }  # fmt: skip
    symbols: Mapping[str, str] = {
        "+": "plus", "−": "moins", "=": "égale", "≠": "différent de", "<": "inférieur à", ">": "supérieur à",
        "≤": "inférieur ou égal à", "≥": "supérieur ou égal à", "≈": "environ", "±": "plus ou moins", "×": "fois",
        "÷": "divisé par", "√": "racine carrée de", "∞": "l'infini", "→": "vers", "←": "depuis", "⇒": "donc",
        "&": "et", "@": "arobase", "%": "pour cent", "‰": "pour mille", "°": "degrés", "§": "paragraphe",
        "#": "dièse", "©": "copyright", "®": "marque déposée", "™": "marque", "$": "dollars", "€": "euros",
        "£": "livres", "¥": "yens", "₹": "roupies", "~": "environ", "№": "numéro", "¼": "un quart", "½": "un demi",
        "¾": "trois quarts", "∑": "somme", "∈": "appartient à",
    }  # fmt: skip
    abbreviations: Mapping[str, str] = {
        "M.": "Monsieur", "Mme": "Madame", "Mlle": "Mademoiselle", "MM.": "Messieurs", "Dr": "Docteur",
        "Pr": "Professeur", "etc.": "et cetera", "p. ex.": "par exemple", "c.-à-d.": "c'est-à-dire",
        "env.": "environ", "av. J.-C.": "avant Jésus-Christ", "apr. J.-C.": "après Jésus-Christ", "bd": "boulevard",
        "tél.": "téléphone", "max.": "maximum", "min.": "minimum", "cf.": "voir", "vol.": "volume",
        "chap.": "chapitre", "éd.": "édition", "hab.": "habitants", "C++": "C plus plus", "C#": "C dièse",
        "et/ou": "et ou",
        "24h/24": "24 heures sur 24", "24 h/24": "24 heures sur 24", "7j/7": "7 jours sur 7", "7 j/7": "7 jours sur 7",
        "J.-C.": "Jésus-Christ",
    }  # fmt: skip
    number_marks = ("n°", "N°", "nº", "Nº", "no", "№")
    currencies: Mapping[str, tuple[str, str]] = {
        "USD": ("dollar", "dollars"), "GBP": ("livre", "livres"), "JPY": ("yen", "yens"), "INR": ("roupie", "roupies"),
    }  # fmt: skip
    cents: Mapping[str, tuple[str, str]] = {
        "EUR": ("centime", "centimes"),
        "USD": ("cent", "cents"),
        "GBP": ("penny", "pence"),
    }
    magnitudes: Mapping[str, str] = {
        "million": "million de", "millions": "millions de", "milliard": "milliard de", "milliards": "milliards de",
        "mille": "mille", "million d'": "million de", "M": "millions de", "Md": "milliards de", "k": "mille",
    }  # fmt: skip
    months: Mapping[str, int] = {"janv": 1, "févr": 2, "avr": 4, "juil": 7, "sept": 9, "oct": 10, "nov": 11, "déc": 12}
    fractions: Mapping[str, str] = {
        "1/2": "un demi", "1/3": "un tiers", "2/3": "deux tiers", "1/4": "un quart", "3/4": "trois quarts",
        "1/5": "un cinquième", "1/8": "un huitième", "1/10": "un dixième",
    }  # fmt: skip
    over = "sur"
    clock = "{hour} heures {minute}"
    full_hour = "{hour} heures"
    hour_sign = r"(?::|[\s\u00a0]?h[\s\u00a0]?)"
    first = "premier"
    ordinal_suffixes = "er|re|ère|e|ème|ième|nd|nde|d"
    numeral_words: Mapping[str, str] = {
        "siècle": "ordinal", "siècles": "ordinal", "chapitre": "cardinal", "tome": "cardinal", "acte": "cardinal",
        "scène": "cardinal", "volume": "cardinal", "partie": "cardinal", "république": "ordinal",
        "arrondissement": "ordinal",
    }  # fmt: skip
    rulers = word_set("charles louis henri françois philippe napoléon pie léon élisabeth georges édouard jean paul")
    ordinal_rulers = 1
    conjunction = "et"

    def ordinal(self, number: int, before: str = "", after: str = "") -> str | None:
        if number == 1:
            return "première" if after.endswith(("re", "ère")) else "premier"
        return numerals.ordinal(number, "fr")

    def large_money(self, said: str, numeral: Numeral, magnitude: str, code: str) -> str | None:
        sum_of_money = super().large_money(said, numeral, magnitude, code)
        return sum_of_money and re.sub(r"\bde (?=[aeéiouyh])", "d'", sum_of_money)

    def time(self, hour: int, minute: int, *, half_day: bool) -> str | None:
        said = super().time(hour, minute, half_day=half_day)
        return said.replace("heures", "heure") if said and hour < 2 else said
