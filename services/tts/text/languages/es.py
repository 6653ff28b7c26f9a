"""Spanish."""

from __future__ import annotations

import re
from collections.abc import Mapping

from services.tts.text import numerals
from services.tts.text.language import Language
from services.tts.text.scanner import word_set


class Spanish(Language):
    """Spanish; numbers stay in digits for the engine."""

    groups = ". "
    words: Mapping[str, str] = {
        "minus": "menos", "plus": "más", "point": "coma", "to": "a", "ratio": "a", "per": "por", "power": "elevado a",
        "squared": "al cuadrado", "cubed": "al cubo", "times": "por", "by": "por", "number": "número", "at": "arroba",
        "dot": "punto", "slash": "barra", "dash": "guion", "underscore": "guion bajo", "colon": "dos puntos",
        "version": "versión", "about": "unos", "and": "y", "hashtag": "hashtag", "exponent": "por diez elevado a",
    }  # fmt: skip
    symbols: Mapping[str, str] = {
        "+": "más", "−": "menos", "=": "igual a", "≠": "distinto de", "<": "menor que", ">": "mayor que",
        "≤": "menor o igual que", "≥": "mayor o igual que", "≈": "aproximadamente", "±": "más menos", "×": "por",
        "÷": "dividido entre", "√": "raíz cuadrada de", "∞": "infinito", "→": "a", "←": "desde", "⇒": "implica",
        "&": "y", "@": "arroba", "%": "por ciento", "‰": "por mil", "°": "grados", "§": "sección", "#": "almohadilla",
        "©": "copyright", "®": "marca registrada", "™": "marca", "$": "dólares", "€": "euros", "£": "libras",
        "¥": "yenes", "₹": "rupias", "~": "unos", "№": "número", "∑": "suma", "∈": "pertenece a",
    }  # fmt: skip
    abbreviations: Mapping[str, str] = {
        "Sr.": "Señor", "Sra.": "Señora", "Srta.": "Señorita", "Dr.": "Doctor", "Dra.": "Doctora",
        "Prof.": "Profesor", "Ud.": "usted", "Uds.": "ustedes", "p. ej.": "por ejemplo", "etc.": "etcétera",
        "EE. UU.": "Estados Unidos", "EE.UU.": "Estados Unidos", "a. C.": "antes de Cristo",
        "d. C.": "después de Cristo", "tel.": "teléfono", "aprox.": "aproximadamente", "máx.": "máximo",
        "mín.": "mínimo", "pág.": "página", "págs.": "páginas", "vol.": "volumen", "cap.": "capítulo",
        "Avda.": "Avenida", "Av.": "Avenida", "C++": "C más más", "C#": "C sharp", "y/o": "y o", "Sto.": "Santo",
        "Sta.": "Santa",
    }  # fmt: skip
    number_marks = ("n.º", "N.º", "nº", "Nº", "n°", "N°", "núm.", "№")
    currencies: Mapping[str, tuple[str, str]] = {
        "USD": ("dólar", "dólares"), "GBP": ("libra", "libras"), "JPY": ("yen", "yenes"), "INR": ("rupia", "rupias"),
    }  # fmt: skip
    cents: Mapping[str, tuple[str, str]] = {"EUR": ("céntimo", "céntimos"), "USD": ("centavo", "centavos")}
    magnitudes: Mapping[str, str] = {
        "millón": "millón de", "millones": "millones de", "mil": "mil", "M": "millones de",
        "mil millones": "mil millones de",
    }  # fmt: skip
    fractions: Mapping[str, str] = {
        "1/2": "medio", "1/3": "un tercio", "2/3": "dos tercios", "1/4": "un cuarto", "3/4": "tres cuartos",
        "1/5": "un quinto", "1/8": "un octavo", "1/10": "un décimo",
    }  # fmt: skip
    over = "sobre"
    clock = "{hour} y {minute}"
    full_hour = "{hour} en punto"
    clock_mark = "h"
    first = "primero"
    date_pattern = "{day} de {month} de {year}"
    ordinal_suffixes = r"\.?º|\.?ª|\.?er|°"
    numeral_words: Mapping[str, str] = {
        "siglo": "cardinal", "siglos": "cardinal", "capítulo": "cardinal", "tomo": "cardinal", "acto": "cardinal",
        "parte": "cardinal", "guerra": "cardinal", "mundial": "cardinal",
    }  # fmt: skip
    rulers = word_set("felipe carlos alfonso fernando isabel juan pablo pío luis enrique jaime pedro benedicto")
    queens = word_set("isabel maría juana catalina")
    ordinal_rulers = 10
    conjunction = "y"

    def is_no_unit(self, sign: str, spaced: bool, before: str, after: str) -> bool:
        return sign in ("°", "º") and not spaced and re.match(r"\s[^\W\d_]{2}", after) is not None

    def ordinal(self, number: int, before: str = "", after: str = "") -> str | None:
        said = numerals.ordinal(number, "es")
        if after.endswith("ª"):
            return " ".join(f"{word[:-1]}a" if word.endswith("o") else word for word in said.split())
        return {"primero": "primer", "tercero": "tercer"}.get(said, said) if after.endswith("er") else said
