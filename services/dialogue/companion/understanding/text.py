"""Splits what a person said or wrote into segments, each a sentence that is answered by itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.dialogue.companion.tables import Language
from services.dialogue.normalisation import normalise

MIN_HEAD = 2
"""Words before a question that are a sentence by themselves: "and", "hello" and "yes" belong to the question."""
_SENTENCE = re.compile(r"(?:[!?;…]|(?<!\d)\.|(?<=\d)\.(?=\s*$))+(?=\s|$)")
"""A full stop after a figure may be that of "24. Dezember"."""
_KEEPS_SIGNS = re.compile(r"[^\w\s'.,!?;:+*/×÷·^()%√²³=€$£-]")


@dataclass(frozen=True)
class Segment:
    """One sentence of the person."""

    raw: str
    """Without hesitation and with contractions written out, in the person's capitals."""
    words: str
    """The same, normalised."""
    is_question: bool


def segments(text: str, language: Language) -> list[Segment]:
    """The sentences of a text, the greeting before them not removed; empty where there is no word.

    A transcript without punctuation is also split where it turns to a question: "I am tired what time is it".
    """
    tidied = tidy(text, language)
    found: list[Segment] = []
    start = 0
    for match in [*_SENTENCE.finditer(tidied), None]:
        end = match.start() if match else len(tidied)
        asked = match is not None and "?" in match[0]
        pieces = _split_at_question(tidied[start:end].strip(" ,.;:-"), language)
        for place, piece in enumerate(pieces):
            words = normalise(piece)
            if words or any(sign.isdigit() for sign in piece):
                is_question = (asked and place == len(pieces) - 1) or bool(language.question.match(words))
                found.append(Segment(piece, words, is_question))
        start = match.end() if match else end
    return found


def tidy(text: str, language: Language) -> str:
    """The text without hesitation, tags and pictographs, and with contractions written out."""
    text = _KEEPS_SIGNS.sub(" ", text.replace("’", "'"))
    text = language.fillers.sub(" ", text)
    for pattern, full in language.contractions:
        text = pattern.sub(full, text)
    return re.sub(r"\s+([,.!?;])", r"\1", " ".join(text.split())).lstrip(" ,.;")


def strip_greeting(segment: Segment, language: Language, name: str) -> tuple[bool, Segment]:
    """Whether the segment begins with a greeting, and the segment without it and without the character's name."""
    raw, words = segment.raw, segment.words
    match = language.greeting.match(words)
    if match:
        raw = _without_words(raw, len(match[0].split()))
        words = normalise(raw)
    own = normalise(name)
    for _ in range(2):
        if own and (words == own or words.startswith(f"{own} ")):
            raw = _without_words(raw, len(own.split()))
            words = normalise(raw)
    if own and words.endswith(f" {own}") and not words.endswith((f"is {own}", f"bin {own}", f"am {own}")):
        raw = raw[: len(raw) - len(name)].rstrip(" ,")
        words = normalise(raw)
    return bool(match), Segment(raw, words, segment.is_question or bool(language.question.match(words)))


def _without_words(raw: str, count: int) -> str:
    """The text after its first `count` words, as `normalise` counts them."""
    places = [match.end() for match in re.finditer(r"\w+(?:'\w+)*", raw)]
    return raw[places[count - 1] :].lstrip(" ,.!;:-") if count <= len(places) else ""


def _split_at_question(piece: str, language: Language) -> list[str]:
    for match in language.splits.finditer(piece):
        head = piece[: match.start()].strip(" ,")
        # "What music do you like" is one question, "I am tired do you like music" is not.
        if len(head.split()) >= MIN_HEAD and not (match["inverted"] and language.question.match(normalise(head))):
            return [head, piece[match.start("question") :].strip(" ,")]
    return [piece]
