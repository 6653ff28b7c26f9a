"""Every sound has a shape of the mouth."""

from __future__ import annotations

from typing import get_args

import pytest

from bus.events import Viseme, VisemeMark
from services.tts.lips.visemes import ARPABET, IPA, Phoneme, arpabet_visemes, ipa_visemes, viseme_marks

VISEMES = set(get_args(Viseme))
CMU = """aa ae ah ao aw ax ay b ch d dh eh er ey f g hh ih iy jh k l m n ng ow oy p pau r s sh t th uh uw v w y z
    zh""".split()  # noqa: SIM905 - reads as the table it comes from


def test_both_tables_reach_every_viseme() -> None:
    assert {viseme for shapes in ARPABET.values() for viseme, _ in shapes} == VISEMES
    assert {viseme for shapes in IPA.values() for viseme, _ in shapes} | {"sil"} == VISEMES


def test_every_phoneme_of_the_cmu_set_is_in_the_table() -> None:
    assert set(CMU) <= set(ARPABET)


@pytest.mark.parametrize(
    ("phoneme", "viseme"),
    [("m", "PP"), ("ˈiː", "ih"), ("tʃ", "CH"), ("ɹ", "RR"), ("ɐ", "aa"), ("", "sil"), ("_:", "sil"), ("uː", "ou")],
)
def test_ipa_is_read_with_its_marks(phoneme: str, viseme: str) -> None:
    assert ipa_visemes(phoneme)[0][0] == viseme


def test_a_diphthong_has_two_shapes() -> None:
    assert [viseme for viseme, _ in ipa_visemes("ˈaɪ")] == ["aa", "ih"]
    assert [viseme for viseme, _ in arpabet_visemes("AW1")] == ["aa", "ou"]


def test_an_unknown_sound_opens_the_mouth_a_little() -> None:
    assert ipa_visemes("☃") == arpabet_visemes("xx") == (("ih", 0.5),)


def test_marks_stand_where_shapes_begin_and_not_where_they_go_on() -> None:
    said = [("pau", 0, 100), ("t", 100, 200), ("d", 200, 300), ("ay", 300, 400), ("m", 400, 400), ("pau", 400, 450)]
    assert viseme_marks((Phoneme(*phoneme), arpabet_visemes(phoneme[0])) for phoneme in said) == (
        VisemeMark(0, "sil"),
        VisemeMark(100, "DD"),
        VisemeMark(300, "aa"),
        VisemeMark(355, "ih"),
        VisemeMark(400, "sil"),
    )
