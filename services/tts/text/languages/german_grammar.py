"""The forms of German numbers, which depend on the words around them. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from services.tts.text.scanner import word_set

if TYPE_CHECKING:
    from services.tts.text.language import Language

_MASCULINE = word_set(
    """platz stock tag teil weltkrieg preis rang gang akt satz band abschnitt absatz artikel versuch schritt punkt
    montag dienstag mittwoch donnerstag freitag samstag sonntag advent monat geburtstag sieg grad mann sohn stern bezirk
    januar jänner februar märz april mai juni juli august september oktober november dezember spieltag lauf start zug
    hof stern himmel vorsitzende könig fc sc"""
)
_FEMININE = word_set(
    """liga etage klasse auflage runde person woche bundesliga stelle stunde minute sekunde hälfte frage seite spalte
    zeile reihe staffel folge generation ehe frau tochter welt strophe stufe phase halbzeit ausgabe version wahl
    sinfonie symphonie schicht fassung instanz potenz"""
)
_NEUTER = word_set(
    """mal kapitel jahrhundert quartal semester jahr lebensjahr stockwerk gebot element kind obergeschoss spiel buch
    jahrtausend drittel rennen tor bild beispiel halbjahr reich schuljahr jh jhd"""
)
_GENDERS = dict.fromkeys(_MASCULINE, "m") | dict.fromkeys(_FEMININE, "f") | dict.fromkeys(_NEUTER, "n")
_FEMININE_ENDINGS = ("ung", "heit", "keit", "schaft", "ion", "tät", "ik", "ur", "enz", "anz", "ei", "in")
_MONTHS = word_set("januar jänner februar märz april mai juni juli august september oktober november dezember")
_WITH_N = word_set("am im zum vom beim dem den des zur")
_WITH_E = word_set("die das ins ans aufs diese dieses jede jedes jene jenes eine keine meine deine seine ihre")
_MIXED = word_set("ein kein mein dein sein ihr unser euer")
_DATIVE = word_set("in an auf aus bei mit nach seit von zu unter über vor hinter neben zwischen gegenüber während")
_BARE_DATIVE = word_set("ab seit nach vor mit von bei zu bis")
_NAMES = word_set(
    """heinrich ludwig karl friedrich wilhelm otto elisabeth georg eduard richard jakob maria paul pius benedikt gregor
    leo innozenz philipp katharina peter nikolaus alexander napoleon ramses leopold franz ferdinand joseph josef johann
    johannes gustav adolf christian felipe carlos charles harald margarethe beatrix iwan klemens urban sixtus julius
    konstantin maximilian rudolf sigismund albrecht august konrad lothar ruprecht"""
)
_BEFORE_ROMAN = word_set(
    """kapitel teil band akt buch abschnitt artikel weltkrieg phase stufe klasse typ anhang tabelle abbildung szene
    aufzug bd kap abb tab
    rocky episode folge hartz agenda gruppe quartal kammer"""
)


def is_feminine(noun: str) -> bool:
    """Whether a noun is feminine, as far as its ending tells."""
    low = noun.lower()
    known = gender(low)
    if known:
        return known == "f"
    if low.endswith(("byte", "ende", "auge", "hase", "junge", "kollege", "löwe", "affe", "name", "gebäude", "käse")):
        return False
    return low.endswith(("e", *_FEMININE_ENDINGS))


def gender(noun: str) -> str:
    """ "m", "f" or "n" of the nouns that are often counted; "" for others."""
    low = noun.lower()
    if low in _GENDERS:
        return _GENDERS[low]
    for known, kind in _GENDERS.items():
        if len(known) > 4 and low.endswith(known):
            return kind
    return ""


def one_of(whole: str, noun: str) -> str:
    """A number that ends in "eins", before a noun: "ein Euro", "eine Stunde", "einhundertein Kilometer"."""
    if not noun[:1].isupper() or (len(noun) > 1 and noun.isupper()):
        return whole
    if whole == "eins":
        return "eine" if is_feminine(noun) else "ein"
    return whole[:-1]


_LABELS = word_set(
    """artikel art absatz abs satz nummer nr kapitel kap seite platz band bd teil punkt stufe klasse gruppe formel
    paragraf
    zimmer raum gleis linie level version haus typ phase note"""
)


def is_label(before: str) -> bool:
    """Whether the number behind a text is a name, as in "Artikel 1", and counts nothing."""
    found = re.search(r"([^\W\d_]+)\.?[\s\u00a0]$|§[\s\u00a0]$", before)
    return found is not None and (found[1] is None or found[1].lower() in _LABELS)


def half(after: str) -> str:
    """One half before what is halved: "ein halber Liter"."""
    noun = re.match(r"[\s\u00a0]([A-ZÄÖÜ]\w+)", after)
    if noun is None:
        return "ein halb"
    if is_feminine(noun[1]):
        return "eine halbe"
    return "ein halbes" if gender(noun[1]) == "n" or noun[1] in ("Jahr", "Kilo", "Pfund", "Kilogramm") else "ein halber"


def _words(before: str) -> list[str]:
    """The words in front of a place, in small letters; what stands before "3. und 4." is in front of both."""
    for _ in range(3):
        before = re.sub(
            r"(?:(?:\d{1,4}\.){1,2}(?:\d{4})?|[IVXLC]{1,8}\.)[\s\u00a0]?(?:und|oder|bis|,|-|–)[\s\u00a0]?$", "", before
        )
    return [word.lower() for word in re.findall(r"[^\W\d_]+|[,.;:!?]", before)]


def _noun(after: str) -> str:
    """The noun behind an ordinal; the one of the last of several ordinals."""
    found = re.match(
        r"[\s\u00a0,–-]*(?:(?:und|oder|bis)?[\s\u00a0]*\d{1,4}\.[\s\u00a0]*)*(?:[a-zäöüß]+[\s\u00a0])?([A-ZÄÖÜ]\w+)",
        after,
    )
    return found[1] if found else ""


def is_ordinal(before: str, after: str) -> bool:
    """Whether a number with a full stop is an ordinal and not the end of a sentence."""
    words = _words(before)
    last = words[-1] if words else ""
    determined = last in _WITH_N | _WITH_E | _MIXED | {"der"} or bool(
        re.fullmatch(r"\w{2,8}(?:em|en|er)", last) and last in _POSSESSIVES
    )
    if re.match(r"[\s\u00a0]?[-–][\s\u00a0]?\d{1,4}\.", after):
        return True
    if not re.search(r"\w", after):
        return determined
    noun = _noun(after)
    if not noun:
        return determined
    return determined or bool(gender(noun))


_POSSESSIVES = frozenset(
    word + ending
    for word in ("mein", "dein", "sein", "ihr", "unser", "euer", "ein", "kein", "dies", "jed", "jen")
    for ending in ("em", "en", "er", "es")
)


def ending(before: str, after: str) -> str:
    """The ending of an ordinal behind its -te: "", "n", "r", "s" or "m"."""
    words = _words(before)
    last = words[-1] if words else ""
    earlier = words[-2] if len(words) > 1 else ""
    noun = _noun(after)
    kind = gender(noun) or ("f" if noun and is_feminine(noun) else "m")
    if last == "der":
        return "n" if earlier in _DATIVE or kind == "f" else ""
    if last in _WITH_N or (last in _POSSESSIVES and last.endswith(("em", "en"))):
        return "n"
    if last in _POSSESSIVES and last.endswith("er"):
        return "n" if kind == "f" else ""
    if last in _WITH_E:
        return ""
    if last in _MIXED:
        return "s" if kind == "n" else "r"
    if last in _BARE_DATIVE:
        return "n" if noun.lower() in _MONTHS or not noun else {"m": "m", "n": "m", "f": "r"}[kind]
    return {"m": "r", "f": "", "n": "s"}[kind]


def roman(language: Language, written: str, value: int, before: str) -> str | None:
    """A Roman numeral: "Ludwig der Vierzehnte", "Kapitel vier"; None if it is none."""
    words = re.findall(r"[^\W\d_]+", before) if re.search(r"[^\W\d_]\.?[\s\u00a0]+$", before) else []
    if not words:
        return None
    last = words[-1]
    name = last.lower()
    if name in _BEFORE_ROMAN:
        return language.count(value)
    genitive = name.removesuffix("s")
    if name in _NAMES or genitive in _NAMES:
        said = (language.ordinal(value, "die ") or "").capitalize()
        front = [word.lower() for word in words[:-1]]
        while front and front[-1] in _NAMES | {"könig", "kaiser", "papst", "königin", "kaiserin", "zar", "paul"}:
            front.pop()
        if name not in _NAMES:
            return f"des {said}n"
        feminine = name in ("elisabeth", "maria", "katharina", "margarethe", "beatrix")
        if front and front[-1] in ("von", "mit", "unter", "bei", "nach", "seit", "zu", "aus"):
            return f"{'der' if feminine else 'dem'} {said}n"
        if front and front[-1] in ("für", "gegen", "durch", "ohne", "über"):
            return f"{'die' if feminine else 'den'} {said}{'' if feminine else 'n'}"
        return f"{'die' if feminine else 'der'} {said}"
    if last[0].isupper() and re.fullmatch(r"[IVX]{2,}", written):
        return language.count(value)
    return None
