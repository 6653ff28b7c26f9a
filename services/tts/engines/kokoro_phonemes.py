"""Converts eSpeak NG's IPA to the phonemes that Kokoro was trained with. Pure.

Kokoro's own converter (misaki) writes a diphthong or an affricate as one letter, and American English without length
marks. The rows below are that mapping as its documentation describes it.
"""

from __future__ import annotations

import re

_ENGLISH = (
    ("eɪ", "A"), ("aɪ", "I"), ("aʊ", "W"), ("ɔɪ", "Y"), ("tʃ", "ʧ"), ("dʒ", "ʤ"), ("əl", "ᵊl"), ("ɚ", "əɹ"),
    ("ɜː", "ɜ"), ("ɐ", "ə"), ("ɬ", "l"), ("ʔ", "t"), ("ç", "k"), ("x", "k"),
)  # fmt: skip
_AMERICAN = (("oʊ", "O"), ("ɪə", "iə"), ("ɾ", "T"), ("ː", ""))
_BRITISH = (("əʊ", "Q"), ("eə", "ɛː"), ("iə", "ɪə"))
_OTHERS = (("ts", "ʦ"), ("dz", "ʣ"), ("tʃ", "ʧ"), ("dʒ", "ʤ"))
# The stress mark needs no mapping: eSpeak NG and the training data both set it before the vowel.
_LANGUAGE_SWITCH = re.compile(r"\([a-z-]+\)")


def to_kokoro_phonemes(ipa: str, language: str) -> str:
    """The phonemes of a text.

    Args:
        ipa: from eSpeak NG.
        language: BCP-47 tag, which distinguishes British from American English.
    """
    text = _LANGUAGE_SWITCH.sub("", ipa).replace("\u0361", "").replace("_", "")
    tag = language.lower()
    if not tag.startswith("en"):
        rows: tuple[tuple[str, str], ...] = _OTHERS
    else:
        rows = _ENGLISH + (_BRITISH if tag == "en-gb" else _AMERICAN)
    for old, new in rows:
        text = text.replace(old, new)
    return text
