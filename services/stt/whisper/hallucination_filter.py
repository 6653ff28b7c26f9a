"""Whether words were said at all: Whisper writes sentences to music, coughs and silence. Pure.

The first two limits are those of the paper (Radford et al., 2022, section 4.5). The others hold what was written
against how much speech there was.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

from bus.events import Word

MOST_COMPRESSED = 2.4
"""Bytes of a text to bytes after compression: more is a loop."""
LEAST_LOGPROB = -1.0
"""Mean of the tokens under which a text that may be no speech is none, and another try is worth its time."""
HOPELESS_LOGPROB = -1.6
NO_SPEECH = 0.6
FASTEST = 30
"""Characters a second of speech, and so many more: nobody talks that fast."""
FREE = 10
FAR = 0.5
"""Seconds from any speech at which a word that is not sure was not said."""
UNSURE = 0.5
_PHANTOMS = frozenset(
    """
    you|thank you|thanks for watching|thank you for watching|thank you so much for watching|please subscribe
    like and subscribe|see you next time|see you in the next video|subtitles by the amara org community
    untertitel von stephanie geiges|untertitel im auftrag des zdf für funk 2017|untertitelung des zdf 2020
    untertitelung aufgrund der amara org community|vielen dank fürs zuschauen|das wars für heute
    sous titres réalisés par la communauté d amara org|subtítulos realizados por la comunidad de amara org
    """.strip().replace("\n", "|").replace("    ", "").split("|")
)
"""What it writes to silence: it learnt it from the ends of films."""
PHANTOM_NO_SPEECH, PHANTOM_VOICE = 0.2, 0.4
"""Such words are believed only under this probability and over so many seconds of speech: people do say thank you."""


def compression(text: str) -> float:
    """How well a text can be compressed; 1 or less is ordinary."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0


def believable(text: str, *, voice: float, no_speech: float, logprob: float) -> bool:
    """Whether somebody said this.

    Args:
        voice: seconds with speech in them.
        no_speech: probability that there is none, 0 to 1.
        logprob: mean of the tokens.
    """
    if logprob < HOPELESS_LOGPROB or (no_speech > NO_SPEECH and logprob < LEAST_LOGPROB):
        return False
    if compression(text) > MOST_COMPRESSED or len(text) > FREE + FASTEST * voice:
        return False
    plain = " ".join(re.findall(r"\w+", text.lower()))
    return plain not in _PHANTOMS or (no_speech < PHANTOM_NO_SPEECH and voice > PHANTOM_VOICE)


def said(words: Sequence[Word], voiced: Sequence[tuple[float, float]]) -> tuple[Word, ...]:
    """Those words that were said: not the unsure ones far from any speech.

    Args:
        voiced: first and last second of each piece of speech, on the words' own clock.
    """
    return tuple(word for word in words if word.confidence >= UNSURE or _distance(word, voiced) < FAR)


def _distance(word: Word, voiced: Sequence[tuple[float, float]]) -> float:
    return min((max(start - word.end, word.start - end, 0.0) for start, end in voiced), default=FAR)
