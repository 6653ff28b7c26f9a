"""Portuguese."""

from __future__ import annotations

import re
from collections.abc import Mapping

from services.tts.text import numerals
from services.tts.text.language import Language
from services.tts.text.scanner import word_set


class Portuguese(Language):
    """Portuguese, of Brazil and of Portugal; numbers stay in digits for the engine."""

    groups = ". "
    words: Mapping[str, str] = {
        "minus": "menos", "plus": "mais", "point": "vírgula", "to": "a", "ratio": "a", "per": "por",
        "power": "elevado a", "squared": "ao quadrado", "cubed": "ao cubo", "times": "vezes", "by": "por",
        "number": "número", "at": "arroba", "dot": "ponto", "slash": "barra", "dash": "hífen",
        "underscore": "sublinhado", "colon": "dois pontos", "version": "versão", "about": "cerca de", "and": "e",
        "hashtag": "hashtag", "exponent": "vezes dez elevado a",
    }  # fmt: skip
    symbols: Mapping[str, str] = {
        "+": "mais", "−": "menos", "=": "igual a", "≠": "diferente de", "<": "menor que", ">": "maior que",
        "≤": "menor ou igual a", "≥": "maior ou igual a", "≈": "aproximadamente", "±": "mais ou menos", "×": "vezes",
        "÷": "dividido por", "√": "raiz quadrada de", "∞": "infinito", "→": "para", "←": "de", "⇒": "implica",
        "&": "e", "@": "arroba", "%": "por cento", "‰": "por mil", "°": "graus", "§": "parágrafo", "#": "cerquilha",
        "©": "copyright", "®": "marca registrada", "™": "marca", "$": "dólares", "€": "euros", "£": "libras",
        "¥": "ienes", "₹": "rupias", "~": "cerca de", "№": "número",
    }  # fmt: skip
    abbreviations: Mapping[str, str] = {
        "Sr.": "Senhor", "Sra.": "Senhora", "Dr.": "Doutor", "Dra.": "Doutora", "Prof.": "Professor",
        "Profa.": "Professora", "p. ex.": "por exemplo", "etc.": "etcétera", "a. C.": "antes de Cristo",
        "d. C.": "depois de Cristo", "a.C.": "antes de Cristo", "d.C.": "depois de Cristo", "tel.": "telefone",
        "aprox.": "aproximadamente", "máx.": "máximo", "mín.": "mínimo", "pág.": "página", "págs.": "páginas",
        "vol.": "volume", "cap.": "capítulo", "Av.": "Avenida", "C++": "C mais mais", "C#": "C sharp", "e/ou": "e ou",
    }  # fmt: skip
    number_marks = ("n.º", "N.º", "nº", "Nº", "n°", "N°", "núm.", "№")
    currencies: Mapping[str, tuple[str, str]] = {
        "USD": ("dólar", "dólares"), "EUR": ("euro", "euros"), "GBP": ("libra", "libras"), "JPY": ("iene", "ienes"),
        "BRL": ("real", "reais"), "INR": ("rupia", "rupias"),
    }  # fmt: skip
    magnitudes: Mapping[str, str] = {
        "milhão": "milhão de", "milhões": "milhões de", "bilhão": "bilhão de", "bilhões": "bilhões de", "mil": "mil",
        "mi": "milhões de", "bi": "bilhões de", "mil milhões": "mil milhões de",
    }  # fmt: skip
    fractions: Mapping[str, str] = {
        "1/2": "meio", "1/3": "um terço", "2/3": "dois terços", "1/4": "um quarto", "3/4": "três quartos",
        "1/5": "um quinto", "1/8": "um oitavo", "1/10": "um décimo",
    }  # fmt: skip
    over = "sobre"
    clock = "{hour} e {minute}"
    full_hour = "{hour} horas"
    first = "primeiro"
    date_pattern = "{day} de {month} de {year}"
    ordinal_suffixes = r"\.?º|\.?ª|°(?= [^\W\d_]{2})"
    numeral_words: Mapping[str, str] = {
        "século": "cardinal", "séculos": "cardinal", "capítulo": "cardinal", "tomo": "cardinal", "ato": "cardinal",
        "parte": "cardinal", "guerra": "cardinal", "mundial": "cardinal",
    }  # fmt: skip
    rulers = word_set("joão pedro luís carlos henrique filipe afonso isabel pio paulo bento manuel")
    queens = word_set("isabel maria")
    ordinal_rulers = 10
    conjunction = "e"

    def is_no_unit(self, sign: str, spaced: bool, before: str, after: str) -> bool:
        return sign in ("°", "º") and not spaced and re.match(r"\s[^\W\d_]{2}", after) is not None

    def ordinal(self, number: int, before: str = "", after: str = "") -> str | None:
        said = numerals.ordinal(number, "pt")
        if after.endswith("ª"):
            return " ".join(f"{word[:-1]}a" if word.endswith("o") else word for word in said.split())
        return said

    def money_with_cents(self, said: str, name: str, units: int, cents: int, code: str) -> str:
        small = f"{self.count(cents)} {'centavo' if code == 'BRL' else 'cêntimo'}{'s' if cents != 1 else ''}"
        return f"{said} {name} e {small}" if units else small
