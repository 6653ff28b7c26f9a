"""Arabic."""

from __future__ import annotations

from collections.abc import Mapping

from services.tts.text.language import Language


class Arabic(Language):
    """Arabic; numbers stay in digits for the engine."""

    words: Mapping[str, str] = {
        "minus": "ناقص", "plus": "زائد", "point": "فاصل", "to": "إلى", "ratio": "إلى", "per": "لكل", "power": "أس",
        "squared": "تربيع", "cubed": "تكعيب", "times": "ضرب", "by": "في", "number": "رقم", "at": "آت", "dot": "نقطة",
        "slash": "شرطة مائلة", "dash": "شرطة", "underscore": "شرطة سفلية", "colon": "نقطتان", "version": "إصدار",
        "about": "حوالي", "and": "و", "hashtag": "هاشتاغ", "exponent": "ضرب عشرة أس",
    }  # fmt: skip
    symbols: Mapping[str, str] = {
        "+": "زائد", "−": "ناقص", "=": "يساوي", "≠": "لا يساوي", "<": "أصغر من", ">": "أكبر من", "≈": "حوالي",
        "±": "زائد أو ناقص", "×": "ضرب", "÷": "قسمة", "&": "و", "@": "آت", "%": "بالمئة", "°": "درجة", "#": "رقم",
        "$": "دولار", "€": "يورو", "£": "جنيه", "¥": "ين", "~": "حوالي", "→": "إلى", "№": "رقم",
    }  # fmt: skip
    units: Mapping[str, tuple[str, str]] = {"%": ("بالمئة", "بالمئة")}
    currencies: Mapping[str, tuple[str, str]] = {"USD": ("دولار", "دولار")}
    magnitudes: Mapping[str, str] = {"ألف": "ألف", "مليون": "مليون", "مليار": "مليار"}
    fractions: Mapping[str, str] = {"1/2": "نصف", "1/3": "ثلث", "2/3": "ثلثان", "1/4": "ربع", "3/4": "ثلاثة أرباع"}
    over = "على"
    clock = "{hour} و {minute} دقيقة"
    full_hour = "{hour}"
