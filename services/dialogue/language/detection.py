"""Detects the language of typed words: by script first, then by fastText, in favour of the language in use.

Short words say little, and a wrong change of language is worse than a late one. So the language in use stays unless
the evidence against it is strong: names, code, addresses, quotations and single words change nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from services.dialogue.language.everyday_words import WORDS
from services.dialogue.language.names import NAMES, subtag_of
from services.dialogue.language.scripts import FOREIGN_LETTERS, LANGUAGES, LETTERS, is_written_in, scripts_in

Guess: TypeAlias = Callable[[str], Mapping[str, float]]
"""The probabilities of languages, by their codes, for a text of one line in small letters."""

MAX_TEXT = 1000
"""Characters that are looked at."""
_FLOOR = 1e-3
"""Probability below which the detector's guesses for short texts mean nothing."""
_ENOUGH_FOR_TWO = 4.0
"""The same for texts of two words."""
_PER_WORD = 2.0
"""Evidence of one everyday word, in units of the logarithm of the odds."""
_ENOUGH = 1.8
"""Evidence that changes the language where an everyday word of the new one is in the text."""
_CERTAIN = 0.97
"""Probability that changes it where there is none, in texts of `_MIN_PLAIN` words or with a letter of that language."""
_LIKELY = 0.5
"""The same for languages without everyday words here."""
_MIN_PLAIN = 4
_MIXED_SHARE = 1.5
"""A script that the language in use is not written in must have this many times the letters of one that it is."""

_NO_WORDS = re.compile(
    r"```.*?(?:```|$)|`[^`]*`|\b(?:https?://|www\.)\S+|\S+@\S+|\S*[/\\]\S*[/\\]\S*|\S*[_=(){}<>;$]\S+", re.DOTALL
)
_CODE = re.compile(
    r"=>|==|[)}\]0-9\"'];\s*$|[{}]\s*$|\)\s*[{:]|^\s*(?:SELECT|INSERT|UPDATE|def|const|var|pip|npm|git|sudo)\s"
)
_QUOTED = re.compile(
    r"\"[^\"]*\"|“[^”]*”|„[^“”\"]*[“”\"]|«[^»]*»|»[^«]*«|‘[^’]*’|‹[^›]*›|「[^」]*」|『[^』]*』|(?<!\w)'[^']+'(?!\w)"
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def detect_language(text: str, current: str, guess: Guess, names: Iterable[str] = ()) -> str:
    """The language of a person's words.

    Args:
        text: as typed.
        current: BCP-47 tag of the language in use, the answer where the words do not tell another one.
        guess: asked for texts that their script does not decide.
        names: words that say nothing about the language, such as the characters' names.
    Returns:
        `current` as it is, or the language subtag of another language.
    """
    plain = _words_of(text[:MAX_TEXT], names)
    script = _script(plain, subtag_of(current))
    if not script:
        return current
    found = _latin(plain, current, guess) if script == "LATIN" else _by_script(plain, script, current, guess)
    return current if subtag_of(current) == found else found


def _words_of(text: str, names: Iterable[str]) -> str:
    """The words that the person's own language shows in: no code, addresses, quotations and names."""
    if _CODE.search(text) and "`" not in text:
        return ""
    text = _NO_WORDS.sub(" ", text)
    own = _QUOTED.sub(" ", text)
    if not any(letter.isalpha() for letter in own):
        own = text
    for name in names:
        if name:
            own = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", " ", own, flags=re.IGNORECASE)
    return " ".join(own.split())


def _script(text: str, current: str) -> str:
    """The script that decides; "" where there are no letters."""
    found = scripts_in(text)
    if not found:
        return ""
    main, size = max(found.items(), key=lambda one: one[1])
    own = sum(count for script, count in found.items() if is_written_in(current, script))
    if is_written_in(current, main) or not own or size > own * _MIXED_SHARE:
        return main
    return max((script for script in found if is_written_in(current, script)), key=lambda script: found[script])


def _by_script(text: str, script: str, current: str, guess: Guess) -> str:
    languages = LANGUAGES[script]
    now = subtag_of(current)
    if len(languages) == 1:
        return languages[0]
    letters = [sign for sign in text if sign.isalpha()]
    odds = _known(guess(text.lower()))
    scores = {
        language: math.log(max(odds.get(language, 0.0), _FLOOR))
        + _PER_WORD * min(3, sum(sign in LETTERS.get(language, "") for sign in letters))
        - 2 * _PER_WORD * min(3, sum(sign in FOREIGN_LETTERS.get(language, "") for sign in letters))
        for language in languages
    }
    # Short words are often the same in neighbouring languages: then the language in use, or the commonest one.
    if now in languages:
        scores[now] += 4.0 if len(letters) < 6 else 2.0
    else:
        scores[languages[0]] += 2.0 if len(letters) < 10 else 0.5
    return max(languages, key=lambda language: scores[language])


def _latin(text: str, current: str, guess: Guess) -> str:
    """The language of a text in the Latin alphabet."""
    now = subtag_of(current)
    words = [word.replace("’", "'") for word in _WORD.findall(text.lower())]
    if len(set(words)) < 2 or _is_title(text):
        return now
    odds = _known(guess(" ".join(text.lower().split())))
    telling = [word for word in words if len(word) > 1 or not word.isascii()]
    if len(telling) > max(1, len(words) - len(telling)):
        telling = words  # else letters are more likely names, as in "plan y" and "plot x y z", than words
    # A word that the language in use has too says nothing for another one: "was" and "in" are German and English.
    own = {word for word in WORDS.get(now, ()) if len(word) > 1}
    everyday = {
        language: sum(word in known and (language == now or word not in own) for word in telling)
        for language, known in WORDS.items()
    }
    scores = {
        language: math.log(max(odds.get(language, 0.0), _FLOOR)) + _PER_WORD * everyday.get(language, 0)
        for language in {*odds, *WORDS, now}
        if not any(language in languages for languages in LANGUAGES.values()) or language == now
    }
    best = max(scores, key=lambda language: scores[language])
    evidence = scores[best] - scores[now]
    probability = odds.get(best, 0.0)
    if best == now:
        return now
    if everyday.get(best, 0) and (len(words) > 2 or probability > 0.5):
        return best if evidence >= (_ENOUGH if len(words) > 2 else _ENOUGH_FOR_TWO) else now
    if best not in WORDS:  # of these languages no everyday words are known
        return best if len(words) >= _MIN_PLAIN and probability >= _LIKELY else now
    is_certain = probability >= _CERTAIN and not everyday.get(now, 0)
    return best if is_certain and (len(words) >= _MIN_PLAIN or "?" in text) else now


def _is_title(text: str) -> bool:
    """Whether a text looks like a name or a title: short, and hardly a word in small letters, as in "War and Peace"."""
    words = _WORD.findall(text)
    small = [word for word in words if word[0].islower()]
    return len(words) in (3, 4) and len(small) == 1 and len(small[0]) <= 3 and text[-1:].isalnum()


def _known(odds: Mapping[str, float]) -> dict[str, float]:
    """The probabilities of the languages in `NAMES`, with those of their varieties."""
    known: dict[str, float] = {}
    for code, probability in odds.items():
        language = subtag_of(code)
        if language in NAMES:
            known[language] = known.get(language, 0.0) + probability
    return known
