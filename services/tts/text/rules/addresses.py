"""Rules for addresses of the web and of mail, files, versions and handles. Pure."""

from __future__ import annotations

import re

from services.tts.text.language import Language
from services.tts.text.numerals import Numeral
from services.tts.text.scanner import Match, Rule, word_before, word_set

_TOP_LEVEL = (
    "com|org|net|edu|gov|info|io|dev|app|ai|co|me|tv|eu|de|at|ch|uk|us|fr|es|it|pt|nl|pl|tr|in|jp|cn|ru|se|no|dk|fi|be"
)
_SUFFIXES = (
    "yml|yaml|json|py|js|ts|tsx|jsx|txt|md|pdf|docx?|xlsx?|pptx?|csv|html?|css|xml|toml|ini|cfg|conf|log|sh|exe|zip|gz"
    "|tar|png|jpe?g|gif|svg|mp[34]|wav|ogg|rs|go|java|cpp|h|c|sql|env|lock|gguf|onnx|bin|iso|deb|whl|ipynb|bak"
)
_URL = re.compile(r"(?<![\w@])(?:(?:https?|ftp|wss?)://|www\.)[^\s<>\"'”»]{1,2000}", re.IGNORECASE)
_MAIL = re.compile(r"(?<![\w.+-])(?:mailto:)?([\w.+-]{1,64})@([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})(?!\w)")
_DOMAIN = re.compile(
    rf"(?<![\w.@-])((?:[a-z0-9][a-z0-9-]{{1,62}}\.)(?:[a-z0-9][a-z0-9-]{{0,62}}\.){{0,5}}(?:{_TOP_LEVEL}))(:\d{{1,5}})?"
    rf"((?:/[\w.~%-]{{1,60}}){{0,4}}/?)(?![\w-])"
)
_FILE = re.compile(
    rf"(?<![\w.])([A-Za-z0-9_-]{{2,80}}(?:\.[A-Za-z0-9_-]{{1,40}}){{0,3}})\.({_SUFFIXES})(?![\w-])(?!\.\w)"
)
_PATH = re.compile(
    r"(?<![\w/.<])(?:~|\.{1,2})?(?:/[\w.-]{1,80}){2,12}/?(?!\w)|(?<![\w/.])~/[\w.-]{1,80}(?:/[\w.-]{1,80}){0,11}"
)
_WINDOWS_PATH = re.compile(r"(?<!\w)[A-Za-z]:\\(?:[\w.-]{1,80}\\?){0,12}")
_IP = re.compile(r"(?<![\w.])(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:(?::(\d{1,5}))|(?:/(\d{1,2})))?(?!\w|\.\d)")
_VERSION = re.compile(
    r"(?<![\w.,])([vV](?:ersion)?\.?\s?)?(\d{1,6}(?:\.\d{1,6}){1,5})(-?(?:rc|beta|alpha|b|a|dev)\.?\d{0,3})?(?!\w|[.,]\d)"
)
_VERSION_ONE = re.compile(r"(?<!\w)[vV](\d{1,3})(?![\w.])")
_HANDLE = re.compile(r"(?<![\w.])@([A-Za-z_]\w{1,60})")
_HASHTAG = re.compile(r"(?<![\w&#])#([^\W\d]\w{0,60})")
_VERSIONED = word_set(
    """python version release ubuntu node ios android macos windows debian java php firefox chrome kernel linux go rust
    ruby postgres postgresql mysql nginx docker django react vue angular bluetooth usb http tls gpt llama claude
    gemini qwen version ausgabe"""
)


def rules(language: Language) -> list[Rule]:
    """The rules of a language; none for what it has no words for."""
    words = language.words
    if "dot" not in words:
        return []

    def spell(written: str) -> str:
        return _spelled(language, written)

    def url(match: Match) -> str | None:
        written = re.sub(r"^\w+://", "", match[0])
        host = re.split(r"[/?#]", written, maxsplit=1)[0].removeprefix("www.").rstrip(".,;:!?)")
        closing = re.search(r"[.,;:!?)\]]+$", match[0])
        return spell(host) + (closing[0] if closing else "")

    def mail(match: Match) -> str:
        return f"{spell(match[1])} {words['at']} {spell(match[2])}"

    def domain(match: Match) -> str:
        return spell(match[1] + (match[2] or "") + match[3].rstrip("/"))

    def file(match: Match) -> str | None:
        suffix = match[2]
        if re.fullmatch(r"(?:\d+)", match[1]):
            return None
        # A suffix without a vowel cannot be pronounced.
        spoken = suffix if re.search(r"[aeiou]", suffix) else " ".join(re.sub(r"\d", "", suffix).upper())
        number = re.search(r"\d", suffix)
        spoken = f"{spoken} {language.count(int(number[0]))}" if number else spoken
        return f"{spell(match[1])} {words['dot']} {spoken}"

    def path(match: Match) -> str:
        written = match[0]
        end = re.search(r"\.+$", written)
        return spell(written.rstrip(".")) + (end[0] if end else "")

    def ip(match: Match) -> str | None:
        parts = match.groups()[:4]
        if any(int(part) > 255 for part in parts):
            return None
        said = f" {words['dot']} ".join(
            language.digits(part) if len(part) == 3 else language.count(int(part)) for part in parts
        )
        if match[5]:
            said += f" {words['colon']} {language.count(int(match[5]))}"
        return said + (f" {words['slash']} {language.count(int(match[6]))}" if match[6] else "")

    def hashtag(match: Match) -> str | None:
        if re.fullmatch(r"(?=.*\d)[0-9a-fA-F]{6}", match[1]):
            return None  # a colour
        return f"{words['hashtag']} {spell(match[1])}"

    found = [Rule(_URL, url), Rule(_MAIL, mail), Rule(_IP, ip), Rule(_FILE, file), Rule(_DOMAIN, domain)]
    if "backslash" in words:
        found += [Rule(_PATH, path), Rule(_WINDOWS_PATH, path)]
    found.append(Rule(_HANDLE, lambda match: f"{words['at']} {spell(match[1])}"))
    if "hashtag" in words:
        found.append(Rule(_HASHTAG, hashtag))
    return found


def _spelled(language: Language, written: str) -> str:
    """A part of an address, its signs named."""
    signs = {".": "dot", "-": "dash", "_": "underscore", "/": "slash", ":": "colon", "+": "plus", "\\": "backslash",
             "~": "tilde", "@": "at"}  # fmt: skip
    said = []
    for part in re.findall(r"\d+|[^\W\d_]+|.", written):
        if part.isdecimal():
            said.append(language.count(int(part)) if len(part) < 4 and part[0] != "0" else language.digits(part))
        elif part in signs:
            said.append(language.words.get(signs[part], part))
        else:
            said.append(part if part.isalnum() else language.symbol(part) or part)
    return " ".join(said)


def version_rules(language: Language) -> list[Rule]:
    """Rules for versions, which come after those of dates."""
    words = language.words
    if "version" not in words or "point" not in words:
        return []

    def version(match: Match) -> str | None:
        parts = match[2].split(".")
        named = match[1] is not None or word_before(match).lower() in _VERSIONED
        if not named and (len(parts) < 3 or all(len(part) == 3 for part in parts[1:])):
            return None
        said = f" {words['dot' if language.decimal == ',' else 'point']} ".join(
            language.cardinal(Numeral(part)) for part in parts
        )
        if match[3]:
            said += " " + _spelled(language, match[3].lstrip("-"))
        is_named = word_before(match).lower() == words["version"].lower()
        return f"{words['version']} {said}" if match[1] and not is_named else said

    return [
        Rule(_VERSION, version),
        Rule(_VERSION_ONE, lambda match: f"{words['version']} {language.cardinal(Numeral(match[1]))}"),
    ]
