"""Dutch."""

from __future__ import annotations

from collections.abc import Mapping

from services.tts.text import numerals
from services.tts.text.language import Language
from services.tts.text.scanner import word_set


class Dutch(Language):
    """Dutch; numbers stay in digits for the engine."""

    words: Mapping[str, str] = {
        "minus": "min", "plus": "plus", "point": "komma", "to": "tot", "ratio": "tegen", "per": "per",
        "power": "tot de macht", "squared": "kwadraat", "cubed": "tot de derde", "times": "keer", "by": "bij",
        "number": "nummer", "at": "apenstaartje", "dot": "punt", "slash": "schuine streep", "dash": "streepje",
        "underscore": "liggend streepje", "colon": "dubbele punt", "version": "versie", "about": "ongeveer",
        "and": "en", "hashtag": "hashtag", "exponent": "keer tien tot de macht",
    }  # fmt: skip
    symbols: Mapping[str, str] = {
        "+": "plus", "−": "min", "=": "is", "≠": "is niet gelijk aan", "<": "kleiner dan", ">": "groter dan",
        "≤": "kleiner dan of gelijk aan", "≥": "groter dan of gelijk aan", "≈": "ongeveer", "±": "plus of min",
        "×": "keer", "÷": "gedeeld door", "√": "wortel van", "∞": "oneindig", "→": "naar", "←": "van",
        "⇒": "dus", "&": "en", "@": "apenstaartje", "%": "procent", "‰": "promille", "°": "graden", "§": "paragraaf",
        "#": "hekje", "©": "copyright", "®": "geregistreerd", "™": "handelsmerk", "$": "dollar", "€": "euro",
        "£": "pond", "¥": "yen", "₹": "roepie", "~": "ongeveer", "№": "nummer",
    }  # fmt: skip
    abbreviations: Mapping[str, str] = {
        "bijv.": "bijvoorbeeld", "bv.": "bijvoorbeeld", "d.w.z.": "dat wil zeggen", "enz.": "enzovoort",
        "etc.": "et cetera", "dhr.": "de heer", "mevr.": "mevrouw", "dr.": "dokter", "prof.": "professor",
        "ca.": "circa", "o.a.": "onder andere", "t/m": "tot en met", "m.b.t.": "met betrekking tot",
        "i.p.v.": "in plaats van", "a.u.b.": "alstublieft", "v.Chr.": "voor Christus", "n.Chr.": "na Christus",
        "max.": "maximaal", "min.": "minimaal", "tel.": "telefoon", "blz.": "bladzijde", "nr.": "nummer",
        "C++": "C plus plus", "C#": "C sharp", "en/of": "en of", "incl.": "inclusief", "excl.": "exclusief",
    }  # fmt: skip
    number_marks = ("nr.", "Nr.", "no.", "№")
    currencies: Mapping[str, tuple[str, str]] = {
        "USD": ("dollar", "dollar"), "GBP": ("pond", "pond"), "INR": ("roepie", "roepie"),
    }  # fmt: skip
    cents: Mapping[str, tuple[str, str]] = {"EUR": ("cent", "cent"), "USD": ("cent", "cent")}
    magnitudes: Mapping[str, str] = {
        "miljoen": "miljoen", "miljard": "miljard", "duizend": "duizend", "mln.": "miljoen", "mld.": "miljard",
        "mln": "miljoen", "mld": "miljard", "biljoen": "biljoen",
    }  # fmt: skip
    fractions: Mapping[str, str] = {
        "1/2": "een half", "1/3": "een derde", "2/3": "twee derde", "1/4": "een kwart", "3/4": "drie kwart",
        "1/5": "een vijfde", "1/8": "een achtste", "1/10": "een tiende",
    }  # fmt: skip
    over = "gedeeld door"
    clock = "{hour} uur {minute}"
    full_hour = "{hour} uur"
    clock_mark = "uur"
    ordinal_suffixes = "e|ste|de"
    numeral_words: Mapping[str, str] = {"hoofdstuk": "cardinal", "deel": "cardinal", "wereldoorlog": "cardinal"}
    rulers = word_set("willem karel filips hendrik lodewijk albert boudewijn elizabeth")
    ruler_article = "de "
    ordinal_rulers = 99
    conjunction = "en"

    def ordinal(self, number: int, before: str = "", after: str = "") -> str | None:
        return numerals.ordinal(number, "nl")
