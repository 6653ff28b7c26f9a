"""Chinese."""

from __future__ import annotations

from collections.abc import Mapping

from services.tts.text.language import Language


class Chinese(Language):
    """Mandarin; numbers stay in digits for the engine."""

    spaces = False
    words: Mapping[str, str] = {
        "minus": "负", "plus": "加", "point": "点", "to": "到", "ratio": "比", "per": "每", "power": "的次方",
        "squared": "的平方", "cubed": "的立方", "times": "乘以", "by": "乘", "number": "第", "at": "艾特",
        "dot": "点", "slash": "斜杠", "dash": "杠", "underscore": "下划线", "colon": "冒号", "version": "版本",
        "about": "大约", "and": "和", "hashtag": "话题", "exponent": "乘以十的",
    }  # fmt: skip
    symbols: Mapping[str, str] = {
        "+": "加", "−": "减", "=": "等于", "≠": "不等于", "<": "小于", ">": "大于", "≤": "小于等于", "≥": "大于等于",
        "≈": "约等于", "±": "正负", "×": "乘以", "÷": "除以", "√": "根号", "∞": "无穷大", "&": "和", "@": "艾特",
        "%": "百分之", "‰": "千分之", "°": "度", "#": "井号", "$": "美元", "€": "欧元", "£": "英镑", "¥": "元",
        "₹": "卢比", "~": "到", "→": "到", "℃": "摄氏度",
    }  # fmt: skip
    units: Mapping[str, tuple[str, str]] = {
        "%": ("百分之{}", "百分之{}"), "‰": ("千分之{}", "千分之{}"), "°C": ("{}摄氏度", "{}摄氏度"),
        "℃": ("{}摄氏度", "{}摄氏度"), "km/h": ("每小时{}公里", "每小时{}公里"), "°": ("{}度", "{}度"),
    }  # fmt: skip
    currencies: Mapping[str, tuple[str, str]] = {
        "USD": ("美元", "美元"), "EUR": ("欧元", "欧元"), "JPY": ("元", "元"), "GBP": ("英镑", "英镑"),
    }  # fmt: skip
    magnitudes: Mapping[str, str] = {"万": "万", "亿": "亿", "千": "千", "百万": "百万"}
    clock = "{hour}点{minute}分"
    full_hour = "{hour}点"
    date_pattern = "{year}年{month}{day}日"

    def year(self, number: int) -> str:
        return " ".join(str(number))

    def fraction(self, numerator: int, denominator: int) -> str | None:
        return f"{denominator}分之{numerator}"
