"""Every phoneme has a viseme."""

from __future__ import annotations

from typing import get_args

import pytest

from bus.events import Viseme, VisemeMark
from services.tts.lips.visemes import ARPABET, IPA, Phoneme, arpabet_visemes, ipa_visemes, viseme_marks

VISEMES = set(get_args(Viseme))
CMU = """aa ae ah ao aw ax ay b ch d dh eh er ey f g hh ih iy jh k l m n ng ow oy p pau r s sh t th uh uw v w y z
    zh""".split()  # noqa: SIM905 - reads as the table it comes from


def test_both_tables_reach_every_viseme() -> None:
    assert {viseme for visemes in ARPABET.values() for viseme, _ in visemes} == VISEMES
    assert {viseme for visemes in IPA.values() for viseme, _ in visemes} | {"sil"} == VISEMES


def test_every_phoneme_of_the_cmu_set_is_in_the_table() -> None:
    assert set(CMU) <= set(ARPABET)


@pytest.mark.parametrize(
    ("phoneme", "viseme"),
    [("m", "PP"), ("ˈiː", "ih"), ("tʃ", "CH"), ("ɹ", "RR"), ("ɐ", "aa"), ("", "sil"), ("_:", "sil"), ("uː", "ou")],
)
def test_ipa_marks_are_ignored(phoneme: str, viseme: str) -> None:
    assert ipa_visemes(phoneme)[0][0] == viseme


def test_a_diphthong_has_two_visemes() -> None:
    assert [viseme for viseme, _ in ipa_visemes("ˈaɪ")] == ["aa", "ih"]
    assert [viseme for viseme, _ in arpabet_visemes("AW1")] == ["aa", "ou"]


def test_an_unknown_phoneme_opens_the_mouth_slightly() -> None:
    assert ipa_visemes("☃") == arpabet_visemes("xx") == (("ih", 0.5),)


def test_a_viseme_has_a_mark_where_it_begins_only() -> None:
    phonemes = [("pau", 0, 100), ("t", 100, 200), ("d", 200, 300), ("ay", 300, 400), ("m", 400, 400), ("pau", 400, 450)]
    assert viseme_marks((Phoneme(*phoneme), arpabet_visemes(phoneme[0])) for phoneme in phonemes) == (
        VisemeMark(0, "sil"),
        VisemeMark(100, "DD"),
        VisemeMark(300, "aa"),
        VisemeMark(355, "ih"),
        VisemeMark(400, "sil"),
    )
