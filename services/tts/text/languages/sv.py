"""Swedish."""

from __future__ import annotations

from collections.abc import Mapping

from services.tts.text.language import Language


class Swedish(Language):
    """Swedish; numbers stay in digits for the engine."""

    groups = " "
    words: Mapping[str, str] = {
        "minus": "minus", "plus": "plus", "point": "komma", "to": "till", "ratio": "till", "per": "per",
        "power": "upphöjt till", "squared": "i kvadrat", "cubed": "i kubik", "times": "gånger", "by": "gånger",
        "number": "nummer", "at": "snabel-a", "dot": "punkt", "slash": "snedstreck", "dash": "bindestreck",
        "underscore": "understreck", "colon": "kolon", "version": "version", "about": "ungefär", "and": "och",
        "hashtag": "hashtagg", "exponent": "gånger tio upphöjt till",
    }  # fmt: skip
    symbols: Mapping[str, str] = {
        "+": "plus", "−": "minus", "=": "är lika med", "<": "mindre än", ">": "större än", "≤": "högst", "≥": "minst",
        "≈": "ungefär", "±": "plus minus", "×": "gånger", "÷": "delat med", "&": "och", "@": "snabel-a",
        "%": "procent", "°": "grader", "§": "paragraf", "#": "nummertecken", "$": "dollar", "€": "euro", "£": "pund",
        "~": "ungefär", "→": "till",
    }  # fmt: skip
    abbreviations: Mapping[str, str] = {
        "t.ex.": "till exempel", "dvs.": "det vill säga", "osv.": "och så vidare", "bl.a.": "bland annat",
        "ca": "cirka", "m.m.": "med mera", "kl.": "klockan", "nr": "nummer", "kr": "kronor",
    }  # fmt: skip
    currencies: Mapping[str, tuple[str, str]] = {"USD": ("dollar", "dollar"), "GBP": ("pund", "pund")}
    magnitudes: Mapping[str, str] = {
        "miljon": "miljon",
        "miljoner": "miljoner",
        "miljarder": "miljarder",
        "tusen": "tusen",
    }
    fractions: Mapping[str, str] = {
        "1/2": "en halv",
        "1/3": "en tredjedel",
        "1/4": "en fjärdedel",
        "3/4": "tre fjärdedelar",
    }
    over = "delat med"
    clock = "{hour} och {minute}"
    full_hour = "{hour}"
    conjunction = "och"
