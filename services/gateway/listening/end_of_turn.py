"""The odds that a phrase is over when its speaker falls silent, and the silence that they call for. Pure.

Each sign adds to the logarithm of the odds; a sign that is missing adds nothing:

    log odds = sound + words + habit
    silence  = setting × exp(-steepness × (log odds - prudence)), between SHORTEST and LONGEST

Where neither sound nor words are known, the setting is the silence. The constants were fitted by logistic
regression to the silences in recordings of one speaker's sentences (`bench.endpointing`); its table is of other
sentences and speakers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from services.gateway.listening.completeness import completeness, is_whole_alone, word_count

SHORTEST_MS, LONGEST_MS = 160, 1600
"""Milliseconds of silence at the least and at the most where sound and words are known."""
SHORTEST_BY_ONE_MS, LONGEST_BY_ONE_MS = 300, 900
"""The same where only one of them is known."""
FLUENT = 0.5
"""A speaker of this habit seldom pauses, and is waited for no longer than where only one is known."""
SOUND_WEIGHT, SOUND_NEUTRAL = 0.35, -1.2
"""Of the log odds that Smart Turn gives, and those that tell nothing."""
SURE = 0.01
"""A probability counts as no nearer than this to 0 or to 1."""

WORDS_WEIGHT, WORDS_NEUTRAL = 0.7, math.log(0.1)
"""Of the logarithm of the probability that a sentence ends after the last two words, and the one that tells nothing."""
UNLIKELY_END = 0.002
"""A probability of an end counts as no smaller than this."""
UNFINISHED, COMPLETE = -0.5, 1.0
"""For words that read as unfinished, and as complete where no language model tells how likely an end is."""
NO_STOP = -1.0
"""For words of a recogniser that punctuates, without a full stop."""
QUESTION = 1.0
"""For three words or more with a question mark. Not fitted: the recordings hold hardly any questions."""
FEW_WORDS = -1.5
"""For one or two words that are no utterance by themselves: "please", "you have". Fitted, it was -3.5; but no recording
there is a phrase of two words, as "I agree" is, and the table is the same with -1.5."""
WHOLE_ALONE = 1.5
"""For one or two words that are: "yes", "thank you"."""
MOST_WORDS = 4.0
"""What the words add or take away at the most."""

HABIT_MEMORY = 0.85
"""Weight of the silences of the phrase before, against this one's."""


@dataclass(frozen=True)
class Manner:
    """How the log odds become a silence."""

    prudence: float = 0.5
    """Log odds of sound and words at which the setting is waited for: a phrase that is cut costs more than a wait."""
    steepness: float = 1.5
    """How much of the logarithm of the silence one unit of log odds takes away."""
    habit_limit: float = 1.0
    """What the speaker's habit adds or takes away at the most."""


MANNER = Manner()

EndProbability: TypeAlias = Callable[[str], float]
"""The probability that a sentence ends after a text, 0 to 1."""


def sound_odds(probability: float) -> float:
    """What Smart Turn's probability that the turn is over, 0 to 1, adds to the log odds."""
    sure = min(max(probability, SURE), 1 - SURE)
    return SOUND_WEIGHT * (math.log(sure / (1 - sure)) - SOUND_NEUTRAL)


def word_odds(text: str, language: str, end_probability: EndProbability | None = None) -> float:
    """What the words so far add to the log odds.

    Args:
        language: BCP-47.
        end_probability: of a language model for this language, if there is one.
    """
    words = word_count(text)
    if not words:
        return 0.0
    reads = completeness(text, language)
    if is_whole_alone(text, language):
        return WHOLE_ALONE
    odds = UNFINISHED if reads == "unfinished" else 0.0
    if end_probability is not None:
        likely = math.log(max(end_probability(text), UNLIKELY_END))
        odds += WORDS_WEIGHT * (likely - WORDS_NEUTRAL)
        odds += FEW_WORDS if words <= 2 else QUESTION if text.rstrip().endswith("?") else 0.0
        odds += NO_STOP if text != text.lower() and not text.rstrip().endswith((".", "?", "!")) else 0.0
    elif reads == "complete":
        odds += COMPLETE
    return min(max(odds, -MOST_WORDS), MOST_WORDS)


def required_silence_ms(
    setting_ms: int, sound: float | None, words: float | None, habit: float = 0.0, manner: Manner = MANNER
) -> float:
    """Milliseconds of silence that end a phrase.

    Args:
        setting_ms: where neither sound nor words tell anything.
        sound, words, habit: what they add to the log odds; None where that is not known.
    """
    if sound is None and words is None:
        return setting_ms
    odds = (sound or 0.0) + (words or 0.0) + habit
    shortest, longest = SHORTEST_BY_ONE_MS, LONGEST_BY_ONE_MS
    if sound is not None and words is not None:
        odds -= manner.prudence
        shortest, longest = SHORTEST_MS, LONGEST_MS if habit < FLUENT else LONGEST_BY_ONE_MS
    silence = setting_ms * math.exp(min(-manner.steepness * odds, 5.0))
    return min(max(silence, min(shortest, setting_ms)), max(longest, setting_ms))


class Habit:
    """How often this speaker goes on after a silence, so far in the session.

    Args:
        limit: what it adds to the log odds or takes away at the most.
        ends, pauses: weights of the phrases that ended so far, and of the silences in them.
    """

    def __init__(self, limit: float = MANNER.habit_limit, *, ends: float = 1.0, pauses: float = 1.0) -> None:
        self._limit = limit
        self._ends, self._pauses = ends, pauses

    @property
    def weights(self) -> tuple[float, float]:
        """Of the phrases that ended, and of the silences in them."""
        return self._ends, self._pauses

    @property
    def odds(self) -> float:
        """What the habit adds to the log odds: a speaker who goes on after most silences is given more time."""
        return min(max(math.log(self._ends / self._pauses), -self._limit), self._limit)

    def add_pause(self) -> None:
        """The speaker went on after a silence."""
        self._pauses += 1

    def add_end(self) -> None:
        """The phrase ended."""
        self._ends = 1 + HABIT_MEMORY * (self._ends - 1) + 1
        self._pauses = 1 + HABIT_MEMORY * (self._pauses - 1)

    def take_back_end(self) -> None:
        """The speaker went on so soon after the end that it was a pause."""
        self._ends = max(1.0, self._ends - 1)
        self._pauses += 1
