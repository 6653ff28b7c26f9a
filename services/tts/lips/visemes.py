"""Maps phonemes to the fifteen OpenXR visemes, for IPA (eSpeak NG) and ARPAbet (flite, CMU dictionary). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, get_args

from bus.events import Viseme, VisemeMark

WeightedVisemes: TypeAlias = tuple[tuple[Viseme, float], ...]
"""The visemes of one phoneme with their weights; two for a diphthong."""

DIPHTHONG_SPLIT = 0.55
"""Share of a diphthong after which its second viseme begins."""

_ARPABET = {
    "sil": "pau sil sp brth ssil",
    "PP": "p b m",
    "FF": "f v",
    "TH": "th dh",
    "DD": "t d dx",
    "kk": "k g ng hh:0.4",
    "CH": "ch jh sh zh",
    "SS": "s z",
    "nn": "n l el en",
    "RR": "r er axr",
    "aa": "aa ah ae ax:0.6",
    "E": "eh",
    "ih": "ih iy y:0.7 ix:0.7",
    "oh": "ao",
    "ou": "uh uw w",
    "aa ih": "ay",
    "aa ou": "aw",
    "E ih": "ey",
    "oh ou": "ow",
    "oh ih": "oy",
}

_IPA = {
    "PP": "p b m ɸ β pf",
    "FF": "f v ʋ ɱ",
    "TH": "θ ð",
    "DD": "t d ɾ ʔ:0.3 ʈ ɖ t̪ d̪",
    "kk": "k ɡ g ŋ q c ɟ x:0.7 ɣ:0.7 χ:0.7 ħ:0.5 ʕ:0.5 h:0.4 ɦ:0.4 ç:0.7",
    "CH": "tʃ dʒ ʃ ʒ tɕ dʑ ɕ ʑ ʂ ʐ tʂ dʐ",
    "SS": "s z ts dz",
    "nn": "n l ɫ ɲ ɳ ʎ ɭ ɬ n̩ l̩",
    "RR": "ɹ r ɚ ɜ ɝ ɻ ʁ ʀ ɽ əl:0.6",
    "aa": "a ɑ æ ʌ ɐ ə:0.6 ɑ̃ ã ä",
    "E": "ɛ e œ ø ɘ ɛ̃ œ̃ ẽ",
    "ih": "ɪ i j:0.7 ᵻ:0.7 ɨ y ʏ ĩ",
    "oh": "ɔ o ɒ ɔ̃ õ ɤ",
    "ou": "ʊ u w ɯ ɥ ʉ ɵ ũ",
    "aa ih": "aɪ ai aj aɪə ɑɪ",
    "aa ou": "aʊ au aʊə ɑʊ",
    "E ih": "eɪ ei ɛɪ",
    "oh ou": "oʊ əʊ ou",
    "oh ih": "ɔɪ ɔø ɔʏ oi",
    "ih aa": "iə ɪə",
    "E aa": "eə ɛə",
    "ou aa": "ʊə uə",
}

_MODIFIERS = str.maketrans("", "", "ˈˌːˑʲʰʷ˞ˠˤ̃̊̈͡1234567890")
_NAMES: frozenset[str] = frozenset(get_args(Viseme))
_UNKNOWN: WeightedVisemes = (("ih", 0.5),)
"""A slightly open mouth is the least wrong."""


@dataclass(frozen=True)
class Phoneme:
    """One phoneme of a speech; start and end in samples at the engine's rate."""

    name: str
    start: int
    end: int


def _table(rows: Mapping[str, str]) -> dict[str, WeightedVisemes]:
    table: dict[str, WeightedVisemes] = {}
    for visemes, phonemes in rows.items():
        for entry in phonemes.split():
            name, _, weight = entry.partition(":")
            table[name] = tuple((_viseme(viseme), float(weight or 1)) for viseme in visemes.split())
    return table


def _viseme(name: str) -> Viseme:
    if name not in _NAMES:
        raise ValueError(f"{name!r} is no viseme")
    return name  # type: ignore[return-value]  # checked against the Literal's own members


ARPABET = _table(_ARPABET)
IPA = _table(_IPA)


def arpabet_visemes(phoneme: str) -> WeightedVisemes:
    """The visemes of a phoneme of the CMU set, with or without its stress digit."""
    return ARPABET.get(phoneme.lower().rstrip("012"), _UNKNOWN)


def ipa_visemes(phoneme: str) -> WeightedVisemes:
    """The visemes of an IPA phoneme, with or without length and stress marks; "" is a pause."""
    for name in (phoneme, phoneme.translate(_MODIFIERS)):
        name = name.strip()
        if not name or set(name) <= {"_", ":", "|"}:
            return (("sil", 1.0),)
        for length in range(len(name), 0, -1):
            if name[:length] in IPA:
                return IPA[name[:length]]
    return _UNKNOWN


def viseme_marks(phonemes: Iterable[tuple[Phoneme, WeightedVisemes]]) -> tuple[VisemeMark, ...]:
    """A mark where each viseme begins; none where the previous one continues."""
    found: list[VisemeMark] = []
    for phoneme, visemes in phonemes:
        length = phoneme.end - phoneme.start
        if length <= 0:
            continue
        for index, (viseme, weight) in enumerate(visemes):
            start = phoneme.start + round(length * DIPHTHONG_SPLIT * index)
            if not found or (found[-1].viseme, found[-1].weight) != (viseme, weight):
                found.append(VisemeMark(start, viseme, weight))
    return tuple(found)
