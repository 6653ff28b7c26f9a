"""The offline companion: a chat engine without a model, which answers from patterns and says so.

It answers about itself, the time, the other characters and how to connect a language model. It tolerates misrecognised
words, for its input comes from speech recognition: lower case, without punctuation.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime, tzinfo
from difflib import SequenceMatcher

from bus.ids import seed_of
from services.dialogue.companion.english import ENGLISH
from services.dialogue.companion.german import GERMAN
from services.dialogue.companion.phrases import Intent, Phrases
from services.dialogue.engine import ChatRequest
from services.dialogue.normalisation import normalise

MIN_SIMILARITY = 0.8
"""Least similarity of the input to an example of an intent, 0 to 1, where no pattern matches."""


class Companion:
    """The chat engine that needs nothing installed.

    Args:
        zone: time zone of its clock; None: the machine's own.
    """

    name = "companion"
    deterministic = True

    def __init__(self, zone: tzinfo | None = None) -> None:
        self._zone = zone

    async def stream(self, request: ChatRequest) -> AsyncIterator[str]:
        """See `ChatEngine.stream`."""
        yield answer(request, datetime.fromtimestamp(request.at / 1_000_000).astimezone(self._zone))


def _in_a_sentence(tagline: str) -> str:
    """A tagline as it continues "I am"."""
    return tagline[:1].lower() + tagline[1:].rstrip(".")


def answer(request: ChatRequest, now: datetime) -> str:
    """The companion's answer, with emotion tags.

    Args:
        now: local time of the request.
    """
    phrases = GERMAN if request.language.lower().startswith("de") else ENGLISH
    words = normalise(request.text)
    greeted, rest = strip_greeting(words, phrases)
    intent = match_intent(rest or words, phrases)
    name = person_name(request, phrases)
    facts = {
        "name": request.character.name,
        "tagline": _in_a_sentence(request.character.tagline),
        "person": f", {name}" if name else "",
        "known": name,
        "others": join_names(request.others, phrases.conjunction),
        "other": request.others[0] if request.others else "",
        "hello": phrases.hello(now),
        "time": phrases.time(now),
        "date": phrases.date(now),
        "last": last_reply_text(request),
    }
    key = intent.name if intent else "unknown"
    if key == "whats_my_name" and not name:
        key = "no_name_yet"
    if key in ("others", "switch") and not request.others:
        key = "no_others"
    if key == "repeat" and not facts["last"]:
        key = "nothing_said"
    if key == "unknown" and any("VISAVIS_LLM_URL" in m.text for m in request.history if m.role == "assistant"):
        key = "unknown_again"
    answers = tuple(one for one in phrases.answers[key] if facts["tagline"] or "{tagline}" not in one)
    text = pick_variant(answers, request).format(**facts)
    if greeted and rest and key not in ("hello", "my_name"):
        text = f"[happy] {phrases.short_hello.format(**facts)} {text}"
    return text


def strip_greeting(words: str, phrases: Phrases) -> tuple[bool, str]:
    """Whether the words begin with a greeting, and the words after it."""
    match = phrases.greeting.match(words)
    return (True, words[match.end() :].strip()) if match else (False, words)


def match_intent(words: str, phrases: Phrases) -> Intent | None:
    """The first intent with a pattern that matches, else the one with the most similar example; None for neither."""
    for intent in phrases.intents:
        if intent.pattern.search(words):
            return intent
    best, similarity = None, MIN_SIMILARITY
    for intent in phrases.intents:
        for example in intent.examples:
            matcher = SequenceMatcher(None, words, example)
            if matcher.real_quick_ratio() >= similarity and matcher.ratio() >= similarity:
                best, similarity = intent, matcher.ratio()
    return best


def person_name(request: ChatRequest, phrases: Phrases) -> str:
    """The name that the person last gave for themselves in this conversation, empty for none."""
    earlier = [message.text for message in request.history if message.role == "user"]
    for text in reversed([*earlier, request.text]):
        match = phrases.self_introduction.search(normalise(text))
        if match and match[1] not in phrases.not_names:
            return match[1].capitalize()
    return ""


def pick_variant(variants: tuple[str, ...], request: ChatRequest) -> str:
    """One of the variants: the same for the same request, and not the one in the last reply."""
    last = normalise(last_reply_text(request))
    place = seed_of(str(request.seed)) % len(variants)
    for step in range(len(variants)):
        variant = variants[(place + step) % len(variants)]
        opening = normalise(re.sub(r"\[\w+\]|\{.*", "", variant))[:40]
        if not opening or opening not in last:
            return variant
    return variants[place]


def last_reply_text(request: ChatRequest) -> str:
    return next((message.text for message in reversed(request.history) if message.role == "assistant"), "")


def join_names(names: tuple[str, ...], conjunction: str) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {conjunction} {names[-1]}"
