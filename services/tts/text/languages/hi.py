"""Hindi."""

from __future__ import annotations

from collections.abc import Mapping

from services.tts.text.language import Language


class Hindi(Language):
    """Hindi; numbers stay in digits for the engine."""

    words: Mapping[str, str] = {
        "minus": "माइनस", "plus": "प्लस", "point": "दशमलव", "to": "से", "ratio": "अनुपात", "per": "प्रति",
        "power": "की घात", "squared": "का वर्ग", "cubed": "का घन", "times": "गुणा", "by": "गुणा", "number": "नंबर",
        "at": "ऐट", "dot": "डॉट", "slash": "स्लैश", "dash": "डैश", "underscore": "अंडरस्कोर", "colon": "कोलन",
        "version": "संस्करण", "about": "लगभग", "and": "और", "hashtag": "हैशटैग", "exponent": "गुणा दस की घात",
    }  # fmt: skip
    symbols: Mapping[str, str] = {
        "+": "प्लस", "−": "माइनस", "=": "बराबर", "≠": "बराबर नहीं", "<": "से कम", ">": "से अधिक",
        "≤": "से कम या बराबर", "≥": "से अधिक या बराबर", "≈": "लगभग", "±": "प्लस माइनस", "×": "गुणा", "÷": "भाग",
        "√": "वर्गमूल", "∞": "अनंत", "&": "और", "@": "ऐट", "%": "प्रतिशत", "°": "डिग्री", "#": "हैश",
        "$": "डॉलर", "€": "यूरो", "£": "पाउंड", "₹": "रुपये", "¥": "येन", "~": "लगभग", "→": "की ओर",
    }  # fmt: skip
    abbreviations: Mapping[str, str] = {
        "डॉ.": "डॉक्टर",
        "श्री.": "श्री",
        "प्रो.": "प्रोफ़ेसर",
        "कि.मी.": "किलोमीटर",
        "रु.": "रुपये",
    }
    currencies: Mapping[str, tuple[str, str]] = {
        "INR": ("रुपया", "रुपये"), "USD": ("डॉलर", "डॉलर"), "GBP": ("पाउंड", "पाउंड"),
    }  # fmt: skip
    magnitudes: Mapping[str, str] = {
        "हज़ार": "हज़ार", "हजार": "हज़ार", "लाख": "लाख", "करोड़": "करोड़", "अरब": "अरब", "मिलियन": "मिलियन",
    }  # fmt: skip
    fractions: Mapping[str, str] = {
        "1/2": "आधा",
        "1/4": "एक चौथाई",
        "3/4": "तीन चौथाई",
        "1/3": "एक तिहाई",
        "2/3": "दो तिहाई",
    }
    over = "बटा"
    clock = "{hour} बजकर {minute} मिनट"
    full_hour = "{hour} बजे"
    clock_mark = "बजे"
