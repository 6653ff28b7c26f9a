"""Korean."""

from __future__ import annotations

from collections.abc import Mapping

from services.tts.text.language import Language


class Korean(Language):
    """Korean; numbers stay in digits for the engine."""

    words: Mapping[str, str] = {
        "minus": "마이너스", "plus": "플러스", "point": "점", "to": "에서", "ratio": "대", "power": "의 거듭제곱",
        "squared": "의 제곱", "cubed": "의 세제곱", "times": "곱하기", "by": "곱하기", "number": "번호", "at": "골뱅이",
        "dot": "점", "slash": "슬래시", "dash": "하이픈", "underscore": "밑줄", "colon": "콜론", "version": "버전",
        "about": "약", "and": "그리고", "hashtag": "해시태그", "exponent": "곱하기 십의",
    }  # fmt: skip
    symbols: Mapping[str, str] = {
        "+": "더하기", "−": "빼기", "=": "는", "<": "보다 작다", ">": "보다 크다", "≈": "약", "±": "플러스 마이너스",
        "×": "곱하기", "÷": "나누기", "&": "그리고", "@": "골뱅이", "%": "퍼센트", "°": "도", "#": "샵", "$": "달러",
        "€": "유로", "£": "파운드", "¥": "엔", "₩": "원", "~": "에서", "→": "에서", "№": "번호",
    }  # fmt: skip
    units: Mapping[str, tuple[str, str]] = {"%": ("퍼센트", "퍼센트"), "°C": ("섭씨 {}도", "섭씨 {}도")}
    currencies: Mapping[str, tuple[str, str]] = {"USD": ("달러", "달러"), "KRW": ("원", "원"), "JPY": ("엔", "엔")}
    magnitudes: Mapping[str, str] = {"만": "만", "억": "억", "조": "조"}
    clock = "{hour}시 {minute}분"
    full_hour = "{hour}시"

    def fraction(self, numerator: int, denominator: int) -> str | None:
        return f"{denominator}분의 {numerator}"
