"""Russian."""

from __future__ import annotations

from collections.abc import Mapping

from services.tts.text import numerals
from services.tts.text.language import Language


class Russian(Language):
    """Russian; numbers stay in digits for the engine, but for the days of dates."""

    groups = " "
    words: Mapping[str, str] = {
        "minus": "минус", "plus": "плюс", "point": "запятая", "to": "до", "ratio": "к", "per": "в",
        "power": "в степени", "squared": "в квадрате", "cubed": "в кубе", "times": "умножить на", "by": "на",
        "number": "номер", "at": "собака", "dot": "точка", "slash": "слэш", "dash": "дефис",
        "underscore": "подчёркивание", "colon": "двоеточие", "version": "версия", "about": "примерно", "and": "и",
        "hashtag": "хештег", "exponent": "умножить на десять в степени",
    }  # fmt: skip
    symbols: Mapping[str, str] = {
        "+": "плюс", "−": "минус", "=": "равно", "≠": "не равно", "<": "меньше", ">": "больше",
        "≤": "меньше или равно", "≥": "больше или равно", "≈": "примерно", "±": "плюс-минус", "×": "умножить на",
        "÷": "разделить на", "√": "корень из", "∞": "бесконечность", "→": "к", "←": "от", "⇒": "следовательно",
        "&": "и", "@": "собака", "%": "процентов", "‰": "промилле", "°": "градусов", "§": "параграф", "#": "решётка",
        "©": "копирайт", "®": "зарегистрированный знак", "™": "товарный знак", "$": "долларов", "€": "евро",
        "£": "фунтов", "¥": "иен", "₹": "рупий", "₽": "рублей", "~": "примерно", "№": "номер",
    }  # fmt: skip
    abbreviations: Mapping[str, str] = {
        "т. е.": "то есть", "т. д.": "так далее", "т. п.": "тому подобное", "др.": "другие", "г-н": "господин",
        "г-жа": "госпожа", "ул.": "улица", "тел.": "телефон", "стр.": "страница", "млн": "миллионов",
        "млрд": "миллиардов", "тыс.": "тысяч", "до н. э.": "до нашей эры", "н. э.": "нашей эры", "руб.": "рублей",
        "напр.": "например", "г.": "года", "гг.": "годов", "в.": "века",
    }  # fmt: skip
    currencies: Mapping[str, tuple[str, str]] = {"USD": ("доллар", "долларов"), "RUB": ("рубль", "рублей")}
    magnitudes: Mapping[str, str] = {
        "тыс.": "тысяч", "млн": "миллионов", "млрд": "миллиардов", "миллион": "миллион", "миллиона": "миллиона",
        "миллионов": "миллионов", "миллиард": "миллиард", "миллиардов": "миллиардов",
    }  # fmt: skip
    fractions: Mapping[str, str] = {
        "1/2": "одна вторая", "1/3": "одна третья", "2/3": "две трети", "1/4": "одна четвёртая", "3/4": "три четверти",
    }  # fmt: skip
    over = "дробь"
    clock = "{hour} {minute}"
    full_hour = "{hour} ноль-ноль"
    conjunction = "и"

    def date(self, day: int, month: int, year: int | None, before: str, *, day_first: bool = True) -> str | None:
        # The day is an ordinal in the genitive.
        words = numerals.ordinal(day, "ru").split()
        words[-1] = "третьего" if words[-1] == "третий" else f"{words[-1][:-2]}ого"
        said = f"{' '.join(words)} {self.month_names[month - 1]}"
        return said if year is None else f"{said} {year}"
