"""Japanese."""

from __future__ import annotations

from collections.abc import Mapping

from services.tts.text.language import Language


class Japanese(Language):
    """Japanese; numbers stay in digits for the engine."""

    spaces = False
    words: Mapping[str, str] = {
        "minus": "マイナス", "plus": "プラス", "point": "点", "to": "から", "ratio": "対", "per": "毎", "power": "の",
        "squared": "の二乗", "cubed": "の三乗", "times": "かける", "by": "かける", "number": "ナンバー",
        "at": "アット", "dot": "ドット", "slash": "スラッシュ", "dash": "ハイフン", "underscore": "アンダーバー",
        "colon": "コロン", "version": "バージョン", "about": "約", "and": "と", "hashtag": "ハッシュタグ",
        "exponent": "かける十の",
    }  # fmt: skip
    symbols: Mapping[str, str] = {
        "+": "プラス", "−": "マイナス", "=": "イコール", "≠": "ノットイコール", "<": "小なり", ">": "大なり",
        "≤": "小なりイコール", "≥": "大なりイコール", "≈": "約", "±": "プラスマイナス", "×": "かける", "÷": "わる",
        "√": "ルート", "∞": "無限大", "&": "アンド", "@": "アット", "%": "パーセント", "°": "度", "#": "シャープ",
        "$": "ドル", "€": "ユーロ", "£": "ポンド", "¥": "円", "₹": "ルピー", "~": "から", "〜": "から", "→": "から",
        "℃": "度",
    }  # fmt: skip
    units: Mapping[str, tuple[str, str]] = {"°C": ("{}度", "{}度"), "°": ("{}度", "{}度"), "℃": ("{}度", "{}度")}
    currencies: Mapping[str, tuple[str, str]] = {
        "USD": ("ドル", "ドル"), "EUR": ("ユーロ", "ユーロ"), "JPY": ("円", "円"), "GBP": ("ポンド", "ポンド"),
    }  # fmt: skip
    magnitudes: Mapping[str, str] = {"万": "万", "億": "億", "兆": "兆"}
    fractions: Mapping[str, str] = {
        "1/2": "二分の一",
        "1/3": "三分の一",
        "2/3": "三分の二",
        "1/4": "四分の一",
        "3/4": "四分の三",
    }
    clock = "{hour}時{minute}分"
    full_hour = "{hour}時"
    date_pattern = "{year}年{month}{day}日"

    def fraction(self, numerator: int, denominator: int) -> str | None:
        return self.fractions.get(f"{numerator}/{denominator}") or f"{denominator}分の{numerator}"
