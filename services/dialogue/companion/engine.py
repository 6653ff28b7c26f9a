"""The offline companion: answers from patterns, and says that it does.

It knows itself, the clock, the other characters and how to connect a language model. It forgives misheard words, for
what it gets comes from speech recognition: lower case, without punctuation.
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
from services.dialogue.engine import Exchange

SIMILAR = 0.8
"""How alike what was heard and an example must be, 0 to 1, where no pattern fits."""


class Companion:
    """The chat engine that is always there.

    Args:
        zone: where the time is told for; the machine's own where it is None.
    """

    name = "companion"
    repeatable = True

    def __init__(self, zone: tzinfo | None = None) -> None:
        self._zone = zone

    async def stream(self, exchange: Exchange) -> AsyncIterator[str]:
        """See `Chat.stream`."""
        yield answer(exchange, datetime.fromtimestamp(exchange.at / 1_000_000).astimezone(self._zone))


def _in_a_sentence(tagline: str) -> str:
    """A tagline as it stands after "I am"."""
    return tagline[:1].lower() + tagline[1:].rstrip(".")


def answer(exchange: Exchange, now: datetime) -> str:
    """What the companion says, with its moods as tags.

    Args:
        now: when it was asked, where it is asked.
    """
    phrases = GERMAN if exchange.language.lower().startswith("de") else ENGLISH
    words = plain(exchange.text)
    greeted, rest = without_greeting(words, phrases)
    intent = recognise(rest or words, phrases)
    name = own_name(exchange, phrases)
    facts = {
        "name": exchange.character.name,
        "tagline": _in_a_sentence(exchange.character.tagline),
        "person": f", {name}" if name else "",
        "known": name,
        "others": listed(exchange.others, phrases.conjunction),
        "other": exchange.others[0] if exchange.others else "",
        "hello": phrases.hello(now),
        "time": phrases.time(now),
        "date": phrases.date(now),
        "last": last_said(exchange),
    }
    key = intent.name if intent else "unknown"
    if key == "whats_my_name" and not name:
        key = "no_name_yet"
    if key in ("others", "switch") and not exchange.others:
        key = "no_others"
    if key == "repeat" and not facts["last"]:
        key = "nothing_said"
    if key == "unknown" and any("VISAVIS_LLM_URL" in m.text for m in exchange.history if m.role == "assistant"):
        key = "unknown_again"
    answers = tuple(one for one in phrases.answers[key] if facts["tagline"] or "{tagline}" not in one)
    said = pick(answers, exchange).format(**facts)
    if greeted and rest and key not in ("hello", "my_name"):
        said = f"[happy] {phrases.short_hello.format(**facts)} {said}"
    return said


def plain(text: str) -> str:
    """Lower case words with single spaces, apostrophes gone: what is left of text after speech recognition."""
    text = text.lower().replace("’", "'").replace("ß", "ss")
    text = re.sub(r"(?<=\w)'(?=\w)", "", text)
    return " ".join(re.findall(r"\w+", text))


def without_greeting(words: str, phrases: Phrases) -> tuple[bool, str]:
    """Whether it begins with a greeting, and what comes after that."""
    match = phrases.greeting.match(words)
    return (True, words[match.end() :].strip()) if match else (False, words)


def recognise(words: str, phrases: Phrases) -> Intent | None:
    """What is meant: the first intent with a pattern that fits, else the one with the most similar example."""
    for intent in phrases.intents:
        if intent.pattern.search(words):
            return intent
    best, likeness = None, SIMILAR
    for intent in phrases.intents:
        for example in intent.examples:
            matcher = SequenceMatcher(None, words, example)
            if matcher.real_quick_ratio() >= likeness and matcher.ratio() >= likeness:
                best, likeness = intent, matcher.ratio()
    return best


def own_name(exchange: Exchange, phrases: Phrases) -> str:
    """The name that the person gave last in this conversation, empty where they gave none."""
    said = [message.text for message in exchange.history if message.role == "user"]
    for text in reversed([*said, exchange.text]):
        match = phrases.names_self.search(plain(text))
        if match and match[1] not in phrases.no_names:
            return match[1].capitalize()
    return ""


def pick(variants: tuple[str, ...], exchange: Exchange) -> str:
    """One of the variants; the same again for the same exchange, and not the one just used."""
    last = plain(last_said(exchange))
    place = seed_of(str(exchange.seed)) % len(variants)
    for step in range(len(variants)):
        variant = variants[(place + step) % len(variants)]
        opening = plain(re.sub(r"\[\w+\]|\{.*", "", variant))[:40]
        if not opening or opening not in last:
            return variant
    return variants[place]


def last_said(exchange: Exchange) -> str:
    return next((message.text for message in reversed(exchange.history) if message.role == "assistant"), "")


def listed(names: tuple[str, ...], conjunction: str) -> str:
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {conjunction} {names[-1]}"
