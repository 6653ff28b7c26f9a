"""Removes emoji, emoticons, leftovers of markup and control characters from a text. Pure."""

from __future__ import annotations

import functools
import re
import unicodedata

import emoji

_CODE_BLOCK = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
# The lengths are bounded: a text of many opening brackets must not take quadratic time.
_IMAGE = re.compile(r"!\[([^\]\[]{0,200})\]\([^()]{0,500}\)")
_LINK = re.compile(r"\[([^\]\[]{1,200})\]\((?:https?:|mailto:|/|#|www\.)[^()\s]{0,500}(?:\s\"[^\"]{0,100}\")?\)")
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^<>\s]{1,500}|[\w.+-]{1,64}@[\w.-]{1,100})>")
_TAG_NAMES = (
    "a|b|i|u|s|p|em|br|hr|h[1-6]|ul|ol|li|td|th|tr|del|dd|dl|dt|div|img|ins|kbd|pre|sub|sup|big|font|mark|span|code|"
    "small|table|tbody|thead|strong|center|summary|details|blockquote"
)
_ATTRIBUTE = r"\s{1,5}[\w-]{1,30}=(?:\"[^\"<>]{0,200}\"|'[^'<>]{0,200}'|[^\s\"'<>]{1,200})"
_TAG = re.compile(rf"</?(?:{_TAG_NAMES})(?:{_ATTRIBUTE}){{0,10}}\s{{0,3}}/?>", re.IGNORECASE)
_RAISED = re.compile(r"<(sup|sub)>([^<>]{1,12})</\1>", re.IGNORECASE)
_LINE_START = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]+|>+[ \t]*(?![\d =])|[-*•◦▪‣∙·●○■□✓✔✗✘➤][ \t]+|(?:-{3,}|={3,}|\*{3,}|_{3,})[ \t]*$)",
    re.MULTILINE,
)
_EMPHASIS = re.compile(r"(?<![\w*_~\\)])(\*{1,3}|_{1,3}|~~)(?=[^\s*_~])([^\n]{0,300}?[^\s*_~\\])\1(?![\w*_~])")
_EMPHASIS_IN_WORD = re.compile(r"(\*{2,3})(?=[^\s*\d])([^\n*]{1,300}?)(?<=[^\s*\d])\1")
_RUN = re.compile(r"([-=*_#~+<>|^.·•])\1{3,}")
_BACKSLASH = re.compile(r"\\([!-/:-@\[-`{-~])")
_SHORTCODE = re.compile(r"(?<![\w:]):([a-zA-Z0-9_+’'.()&-]{2,60}):(?![\w:])")
_EMOTICON = re.compile(
    r"(?:(?<=\s)|(?<=[.!?,;)])|^)"
    r"(?:[:;]['’]?-?[)(DPpOo|/\\\]\[*]{1,3}|=-?[)(D]|:['’]-?[()]|[xX]D|\^_?\^"
    r"|-_-|[oO]_[oO]|¯\\?_\(ツ\)_/?¯|\(\^_\^\)|(?<=[.!?,] )<3(?=\s*$))"
    r"(?=\s|[.!?,;…]|$|[)])",
    re.MULTILINE,
)
_KEYCAP = re.compile("([0-9#*])\ufe0f?\u20e3")
_STRAY_JOINER = re.compile("(?:(?<=\\s)|^)[\u200c\u200d]+")
_JOINERS = "\u200c\u200d"
"""Zero-width joiners, part of the spelling of Hindi and Persian."""

_PICTURES_OF_SIGNS = {
    "➕": " + ", "➖": " − ", "➗": " ÷ ", "✖": " × ", "♾": " ∞ ", "➡": " → ", "⬅": " ← ", "⬆": " ↑ ", "⬇": " ↓ ",
    "↔": " ↔ ", "‼": "!!", "⁉": "!?", "❗": "!", "❕": "!", "❓": "?", "❔": "?", "🟰": " = ",
    "©": "©", "®": "®", "™": "™",
}  # fmt: skip
"""Emoji that are signs: they are said like these."""
_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_FULL_WIDTH = {
    code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F) if unicodedata.category(chr(code))[0] in "LNS"
}
_FULL_WIDTH |= {ord(sign): chr(ord(sign) - 0xFEE0) for sign in "％＃＆＠／＊＼－"}
_LETTERLIKE = frozenset(chr(code) for code in range(0x2100, 0x2150)) - {"Ω"}
_OTHER_SIGNS = str.maketrans(
    {"٫": ".", "٬": ",", "٪": "%", "﹪": "%", "\u2212": "−", "‐": "-", "‑": "-", "‒": "–", "﹣": "-",
     "⁄": "/",
     "∕": "/", "＄": "$", "\u2009": "\u00a0", "\u2007": "\u00a0", "\u202f": "\u00a0", "\u00ad": None,
     "Ω": "Ω", "⋅": "·"}
)  # fmt: skip


def clean(text: str) -> str:
    """The text on one line, with all its words, numbers and signs, and without what is only to be seen."""
    text = "".join(_plain(character) for character in text.translate(_FULL_WIDTH).translate(_OTHER_SIGNS))
    text = re.sub(r"(?<=\d)：(?=\d)", ":", text)
    text = _OPERATOR.sub(lambda match: _OPERATORS[match[0]], _without_markup(text))
    text = _SHORTCODE.sub(lambda match: " " if _is_shortcode(match[0]) else match[0], text)
    text = _KEYCAP.sub(r"\1 ", text)
    text = emoji.replace_emoji(text, _picture)
    text = _EMOTICON.sub(" ", text)
    text = "".join(character for character in unicodedata.normalize("NFC", text) if _is_text(character))
    return re.sub(r"\s+", _space, _STRAY_JOINER.sub("", text)).strip()


_OPERATORS = {
    "<=>": "⇔", "<->": "↔", "->": "→", "=>": "⇒", ">=": "≥", "<=": "≤", "!=": "≠", "==": "=", "+/-": "±", "+-": "±",
    "-->": "→", "&&": "&", "||": "∨",
}  # fmt: skip
_OPERATOR = re.compile(r"(?<![-=<>!+/])(?:-->|&&|\|\||<=>|<->|->|=>|>=|<=|!=|==|\+/-|\+-)(?![-=<>!+/])")


def _space(match: re.Match[str]) -> str:
    return "\u00a0" if match[0] == "\u00a0" else " "


def _plain(character: str) -> str:
    """The digits of all scripts as 0 to 9, and numbers that are one character as what they are made of."""
    if character <= "\x7f":
        return character
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category[0] == "L" and (character in _LETTERLIKE or "\U0001d400" <= character <= "\U0001d7ff"):
        return unicodedata.normalize("NFKC", character)
    if "Ⅰ" <= character <= "ⅿ" or "①" <= character <= "⑳":
        return unicodedata.normalize("NFKC", character)
    return character


def _without_markup(text: str) -> str:
    text = _CODE_BLOCK.sub(" ", text)
    text = _LINK.sub(r"\1", _IMAGE.sub(r"\1", text))
    text = _AUTOLINK.sub(r"\1", text)
    text = _RAISED.sub(
        lambda match: f"^{match[2]}" if match[1].lower() == "sup" else match[2].translate(_SUBSCRIPT), text
    )
    text = _TAG.sub(" ", text)
    text = _LINE_START.sub("", text)
    text = _RUN.sub(lambda match: "..." if match[1] == "." else " ", text)
    text = _EMPHASIS.sub(r"\2", _EMPHASIS.sub(r"\2", text))
    text = _EMPHASIS_IN_WORD.sub(r"\2", text)
    return _BACKSLASH.sub(r"\1", text.replace("`", ""))


@functools.cache
def _is_shortcode(written: str) -> bool:
    """Whether a word between colons names an emoji."""
    return emoji.emojize(written, language="alias") != written


def _picture(written: str, _: object) -> str:
    return _PICTURES_OF_SIGNS.get(written.rstrip("\ufe0f"), " ")


def _is_text(character: str) -> bool:
    category = unicodedata.category(character)
    if category == "Me" or "\ufe00" <= character <= "\ufe0f" or "─" <= character <= "▟":
        return False  # enclosing marks, variation selectors, the lines of tables
    return category[0] != "C" or character in _JOINERS or character.isspace()
