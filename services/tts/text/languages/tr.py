"""Turkish."""

from __future__ import annotations

from collections.abc import Mapping

from services.tts.text.language import Language
from services.tts.text.scanner import Rule, pattern


class Turkish(Language):
    """Turkish; numbers stay in digits for the engine."""

    words: Mapping[str, str] = {
        "minus": "eksi", "plus": "artı", "point": "virgül", "to": "ile", "ratio": "e", "per": "bölü", "power": "üzeri",
        "squared": "kare", "cubed": "küp", "times": "çarpı", "by": "çarpı", "number": "numara", "at": "et",
        "dot": "nokta", "slash": "eğik çizgi", "dash": "tire", "underscore": "alt çizgi", "colon": "iki nokta",
        "version": "sürüm", "about": "yaklaşık", "and": "ve", "hashtag": "hashtag", "exponent": "çarpı on üzeri",
    }  # fmt: skip
    symbols: Mapping[str, str] = {
        "+": "artı", "−": "eksi", "=": "eşittir", "≠": "eşit değildir", "<": "küçüktür", ">": "büyüktür",
        "≤": "küçük eşittir", "≥": "büyük eşittir", "≈": "yaklaşık", "±": "artı eksi", "×": "çarpı", "÷": "bölü",
        "√": "karekök", "∞": "sonsuz", "→": "ok", "&": "ve", "@": "et", "%": "yüzde", "‰": "binde", "°": "derece",
        "§": "paragraf", "#": "diyez", "$": "dolar", "€": "avro", "£": "sterlin", "₺": "lira", "~": "yaklaşık",
    }  # fmt: skip
    abbreviations: Mapping[str, str] = {
        "vb.": "ve benzeri", "vs.": "vesaire", "örn.": "örneğin", "Dr.": "Doktor", "Prof.": "Profesör",
        "Sn.": "Sayın", "yy.": "yüzyıl", "M.Ö.": "milattan önce", "M.S.": "milattan sonra", "tel.": "telefon",
    }  # fmt: skip
    units: Mapping[str, tuple[str, str]] = {
        "%": ("yüzde {}", "yüzde {}"), "km/h": ("saatte {} kilometre", "saatte {} kilometre"),
        "km/sa": ("saatte {} kilometre", "saatte {} kilometre"), "m/s": ("saniyede {} metre", "saniyede {} metre"),
    }  # fmt: skip
    currencies: Mapping[str, tuple[str, str]] = {
        "USD": ("dolar", "dolar"), "EUR": ("avro", "avro"), "GBP": ("sterlin", "sterlin"), "TRY": ("lira", "lira"),
        "TL": ("lira", "lira"),
    }  # fmt: skip
    magnitudes: Mapping[str, str] = {"bin": "bin", "milyon": "milyon", "milyar": "milyar", "trilyon": "trilyon"}
    fractions: Mapping[str, str] = {"1/2": "yarım", "1/4": "çeyrek", "3/4": "dörtte üç", "1/3": "üçte bir"}
    over = "bölü"
    clock = "{hour} {minute}"
    full_hour = "{hour} sıfır sıfır"

    def extra_rules(self) -> list[Rule]:
        return [Rule(pattern(r"%\s?(?=\d)"), lambda match: "yüzde ")]
