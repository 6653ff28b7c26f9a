"""Italian."""

from __future__ import annotations

import re
from collections.abc import Mapping

from services.tts.text import numerals
from services.tts.text.language import Language
from services.tts.text.scanner import word_set


class Italian(Language):
    """Italian; numbers stay in digits for the engine."""

    words: Mapping[str, str] = {
        "minus": "meno", "plus": "più", "point": "virgola", "to": "a", "ratio": "a", "per": "al", "power": "alla",
        "squared": "al quadrato", "cubed": "al cubo", "times": "per", "by": "per", "number": "numero",
        "at": "chiocciola", "dot": "punto", "slash": "barra", "dash": "trattino", "underscore": "trattino basso",
        "colon": "due punti", "version": "versione", "about": "circa", "and": "e", "hashtag": "hashtag",
        "exponent": "per dieci alla",
    }  # fmt: skip
    symbols: Mapping[str, str] = {
        "+": "più", "−": "meno", "=": "uguale", "≠": "diverso da", "<": "minore di", ">": "maggiore di",
        "≤": "minore o uguale a", "≥": "maggiore o uguale a", "≈": "circa", "±": "più o meno", "×": "per",
        "÷": "diviso", "√": "radice quadrata di", "∞": "infinito", "→": "a", "←": "da", "⇒": "implica", "&": "e",
        "@": "chiocciola", "%": "per cento", "‰": "per mille", "°": "gradi", "§": "paragrafo", "#": "cancelletto",
        "©": "copyright", "®": "marchio registrato", "™": "marchio", "$": "dollari", "€": "euro", "£": "sterline",
        "¥": "yen", "₹": "rupie", "~": "circa", "№": "numero",
    }  # fmt: skip
    abbreviations: Mapping[str, str] = {
        "Sig.": "Signor", "Sig.ra": "Signora", "Dott.": "Dottor", "Dott.ssa": "Dottoressa", "Prof.": "Professor",
        "Prof.ssa": "Professoressa", "Ing.": "Ingegner", "Avv.": "Avvocato", "ecc.": "eccetera",
        "p. es.": "per esempio", "ad es.": "ad esempio", "a.C.": "avanti Cristo", "d.C.": "dopo Cristo",
        "tel.": "telefono", "max.": "massimo", "min.": "minimo", "pag.": "pagina", "pagg.": "pagine",
        "vol.": "volume", "cap.": "capitolo", "C++": "C più più", "C#": "C sharp", "e/o": "e o", "S.": "San",
    }  # fmt: skip
    number_marks = ("n.", "N.", "n°", "N°", "nr.", "№")
    currencies: Mapping[str, tuple[str, str]] = {
        "USD": ("dollaro", "dollari"), "GBP": ("sterlina", "sterline"), "INR": ("rupia", "rupie"),
    }  # fmt: skip
    cents: Mapping[str, tuple[str, str]] = {"EUR": ("centesimo", "centesimi"), "USD": ("centesimo", "centesimi")}
    magnitudes: Mapping[str, str] = {
        "milione": "milione di", "milioni": "milioni di", "miliardo": "miliardo di", "miliardi": "miliardi di",
        "mila": "mila", "mln": "milioni di", "mld": "miliardi di",
    }  # fmt: skip
    fractions: Mapping[str, str] = {
        "1/2": "un mezzo", "1/3": "un terzo", "2/3": "due terzi", "1/4": "un quarto", "3/4": "tre quarti",
        "1/5": "un quinto", "1/8": "un ottavo", "1/10": "un decimo",
    }  # fmt: skip
    over = "su"
    clock = "{hour} e {minute}"
    full_hour = "{hour}"
    first = "primo"
    ordinal_suffixes = r"º|ª|°(?= [^\W\d_]{2})|esimo|esima"
    numeral_words: Mapping[str, str] = {
        "secolo": "ordinal", "capitolo": "cardinal", "tomo": "cardinal", "atto": "cardinal", "parte": "cardinal",
        "guerra": "cardinal",
    }  # fmt: skip
    rulers = word_set("luigi carlo enrico vittorio emanuele umberto filippo papa pio leone elisabetta giorgio paolo")
    queens = word_set("elisabetta maria caterina giovanna")
    ordinal_rulers = 99
    conjunction = "e"

    def is_no_unit(self, sign: str, spaced: bool, before: str, after: str) -> bool:
        return sign in ("°", "º") and not spaced and re.match(r"\s[^\W\d_]{2}", after) is not None

    def ordinal(self, number: int, before: str = "", after: str = "") -> str | None:
        said = numerals.ordinal(number, "it")
        return f"{said[:-1]}a" if after.endswith(("ª", "esima")) else said
