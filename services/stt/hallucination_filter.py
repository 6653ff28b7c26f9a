"""Detects hallucinations: Whisper writes sentences to music, coughs and silence. Pure.

The thresholds of the first group are those of the paper (Radford et al., 2022, section 4.5). The others compare the
text with the amount of speech.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

from bus.events import Word

COMPRESSION_RATIO_THRESHOLD = 2.4
"""A text that compresses better is a loop."""
LOGPROB_THRESHOLD = -1.0
"""Mean log probability of the tokens below which decoding is tried again, and a text without speech is rejected."""
NO_SPEECH_THRESHOLD = 0.6

MIN_LOGPROB = -1.6
"""Mean log probability of the tokens below which any text is rejected."""
MAX_CHARACTERS_PER_SECOND = 30
"""Characters per second of speech, plus `EXTRA_CHARACTERS`: nobody talks that fast."""
EXTRA_CHARACTERS = 10
MAX_DISTANCE = 0.5
"""Seconds from the nearest speech at which an unsure word is rejected."""
UNSURE = 0.5
"""Word probability below which a word is unsure."""
_SUBTITLE_PHRASES = frozenset(
    """
    you|thank you|thanks for watching|thank you for watching|thank you so much for watching|please subscribe
    like and subscribe|see you next time|see you in the next video|subtitles by the amara org community
    untertitel von stephanie geiges|untertitel im auftrag des zdf für funk 2017|untertitelung des zdf 2020
    untertitelung aufgrund der amara org community|vielen dank fürs zuschauen|das wars für heute
    sous titres réalisés par la communauté d amara org|subtítulos realizados por la comunidad de amara org
    """.strip().replace("\n", "|").replace("    ", "").split("|")
)
"""What Whisper writes to silence: it was trained on subtitles, which end like this."""
PHRASE_NO_SPEECH, PHRASE_SPEECH = 0.2, 0.4
"""Limits of no-speech probability and of seconds of speech, within which a subtitle phrase is accepted: people do say
thank you."""


def compression_ratio(text: str) -> float:
    """Bytes of a text to bytes after compression; 1 or less is ordinary."""
    data = text.encode()
    return len(data) / len(zlib.compress(data)) if data else 0.0


def is_hallucination(text: str, *, speech: float, no_speech_prob: float, avg_logprob: float) -> bool:
    """Whether a text was probably not spoken.

    Args:
        speech: seconds of speech that the voice activity detector found.
        no_speech_prob: probability that there is no speech, 0 to 1.
        avg_logprob: mean of the tokens.
    """
    if avg_logprob < MIN_LOGPROB or (no_speech_prob > NO_SPEECH_THRESHOLD and avg_logprob < LOGPROB_THRESHOLD):
        return True
    if compression_ratio(text) > COMPRESSION_RATIO_THRESHOLD:
        return True
    if len(text) > EXTRA_CHARACTERS + MAX_CHARACTERS_PER_SECOND * speech:
        return True
    plain = " ".join(re.findall(r"\w+", text.lower()))
    return plain in _SUBTITLE_PHRASES and (no_speech_prob >= PHRASE_NO_SPEECH or speech <= PHRASE_SPEECH)


def without_hallucinated_words(words: Sequence[Word], speech: Sequence[tuple[float, float]]) -> tuple[Word, ...]:
    """The words without the unsure ones far from any speech.

    Args:
        speech: start and end in seconds of each span of speech, on the words' own clock.
    """
    return tuple(word for word in words if word.confidence >= UNSURE or _distance(word, speech) < MAX_DISTANCE)


def _distance(word: Word, speech: Sequence[tuple[float, float]]) -> float:
    return min((max(start - word.end, word.start - end, 0.0) for start, end in speech), default=MAX_DISTANCE)
