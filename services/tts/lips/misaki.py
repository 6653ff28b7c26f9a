"""Viseme marks from the phonemes and durations that Kokoro and its relatives speak by themselves. Pure.

Their alphabet (misaki) writes one letter for each sound: IPA, with capitals for diphthongs. Such a network predicts how
long each letter lasts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bus.events import VisemeMark
from services.tts.lips.visemes import Phoneme, WeightedVisemes, ipa_visemes, viseme_marks

_IPA = {
    "A": "eɪ", "I": "aɪ", "W": "aʊ", "Y": "ɔɪ", "O": "oʊ", "Q": "əʊ", "ʤ": "dʒ", "ʧ": "tʃ", "ʦ": "ts", "ʣ": "dz",
    "ᵊ": "ə", "ᵻ": "ɪ", "T": "ɾ",
}  # fmt: skip
_SILENT = frozenset(';:,.!?—…"()“” ')
_STRESS = frozenset("ˈˌː")
UNIT_SECONDS = 0.025
"""A unit of the durations that these networks predict."""
LAG_SECONDS = 0.065
"""By how much a predicted position is behind the sound of its phoneme, in hibari and in Kokoro alike: the median over
closures found by forced alignment; nine of ten are within 20 ms of it."""
_PAUSE = 0.06
"""Seconds from which a gap between words or at a comma closes the mouth; a shorter one is spoken through."""


def misaki_marks(
    letters: str, durations: Sequence[int], unit: int, rate: int, start: int = 0
) -> tuple[VisemeMark, ...]:
    """Where each shape of the mouth begins.

    Args:
        letters: n letters of misaki's alphabet.
        durations: [n], in units.
        unit: samples of a unit.
        rate: samples per second.
        start: sample at which the first letter begins; it may be negative, where silence before it was cut away.
    """
    return viseme_marks((phoneme, visemes) for phoneme, visemes in _phonemes(letters, durations, unit, rate, start))


def _phonemes(
    letters: str, durations: Sequence[int], unit: int, rate: int, start: int
) -> Iterator[tuple[Phoneme, WeightedVisemes]]:
    place = begin = start - round(LAG_SECONDS * rate)
    for letter, duration in zip(letters, durations, strict=True):
        place += duration * unit
        if letter in _STRESS:
            continue  # its time belongs to the vowel behind it
        if letter in _SILENT:
            if place - begin < _PAUSE * rate:
                continue  # and this to the sound behind it
            visemes = ipa_visemes("")
        else:
            visemes = ipa_visemes(_IPA.get(letter, letter))
        yield Phoneme(letter, max(0, begin), max(0, place)), visemes
        begin = place
