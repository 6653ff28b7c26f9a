"""Ukrainian."""

from __future__ import annotations

from collections.abc import Mapping

from services.tts.text.language import Language


class Ukrainian(Language):
    """Ukrainian; numbers stay in digits for the engine."""

    groups = " "
    words: Mapping[str, str] = {
        "minus": "мінус", "plus": "плюс", "point": "кома", "to": "до", "ratio": "до", "per": "на",
        "power": "у степені", "squared": "у квадраті", "cubed": "у кубі", "times": "помножити на", "by": "на",
        "number": "номер", "at": "равлик", "dot": "крапка", "slash": "слеш", "dash": "дефіс",
        "underscore": "підкреслення", "colon": "двокрапка", "version": "версія", "about": "приблизно", "and": "і",
        "hashtag": "хештег", "exponent": "помножити на десять у степені",
    }  # fmt: skip
    symbols: Mapping[str, str] = {
        "+": "плюс", "−": "мінус", "=": "дорівнює", "≠": "не дорівнює", "<": "менше", ">": "більше", "≈": "приблизно",
        "≤": "менше або дорівнює", "≥": "більше або дорівнює", "±": "плюс-мінус", "×": "помножити на",
        "÷": "поділити на", "&": "і", "@": "равлик", "%": "відсотків", "°": "градусів", "§": "параграф", "#": "решітка",
        "$": "доларів", "€": "євро", "£": "фунтів", "₴": "гривень", "~": "приблизно", "→": "до", "№": "номер",
    }  # fmt: skip
    currencies: Mapping[str, tuple[str, str]] = {"USD": ("долар", "доларів"), "UAH": ("гривня", "гривень")}
    abbreviations: Mapping[str, str] = {"грн": "гривень", "тис.": "тисяч", "млн": "мільйонів", "млрд": "мільярдів"}
    magnitudes: Mapping[str, str] = {"тис.": "тисяч", "млн": "мільйонів", "млрд": "мільярдів"}
    over = "дріб"
    clock = "{hour} {minute}"
    full_hour = "{hour} нуль-нуль"
