"""Which commands have no reply; and the usual phrases of English commands, and greetings, for a speech recogniser that
listens for them. Pure.

`services/dialogue/commands/grammar.py` understands these and more.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from bus.events import CommandName

UNANSWERED: frozenset[CommandName] = frozenset({"stop", "new_conversation"})
"""Commands without a reply: the person who says them does not want to hear one."""

_COMMANDS = (
    "Stop", "Stop it", "Stop talking", "Stop speaking", "Be quiet", "That's enough",
    "Repeat that", "Say that again", "Say it again", "Tell me that again", "What did you say", "Once more",
    "One more time",
    "Slower", "Speak slower", "Speak more slowly", "Speak a little slower", "A bit slower", "Slow down", "Not so fast",
    "You're too fast", "You speak too fast", "Too fast",
    "Faster", "Speak faster", "Speak a little faster", "A bit faster", "Speed up", "You're too slow", "Too slow",
    "Louder", "Speak louder", "A bit louder", "Speak up", "Volume up", "Turn the volume up", "Turn up the volume",
    "Turn it up", "You're too quiet",
    "Softer", "Quieter", "Speak softer", "Speak quieter", "Speak more quietly", "A bit quieter", "Lower your voice",
    "Volume down", "Turn the volume down", "Turn down the volume", "Turn it down", "Not so loud", "You're too loud",
    "Text only", "Only text", "Text mode", "Switch to text", "Voice off", "Turn your voice off",
    "Turn off your voice", "Turn the voice off", "Don't speak",
    "Voice on", "Turn your voice on", "Turn your voice back on", "Turn on your voice", "Turn the voice on",
    "Switch to voice", "Use your voice", "Speak again",
    "What can I say", "What commands are there", "Show me the commands", "List the commands",
    "New conversation", "Start a new conversation", "Let's start a new conversation", "New chat", "Start a new chat",
    "Start over", "Let's start over",
)  # fmt: skip
GREETINGS = ("Hello", "Hello there", "Hi", "Hi there", "Hey", "Good morning", "Good evening", "Hello, how are you")
"""No commands, but as short, and the first thing that people say."""
_WITH_NAME = (
    "Switch to {name}", "Switch over to {name}", "Change to {name}", "Hand over to {name}", "Talk to {name}",
    "Let me talk to {name}", "Can I talk to {name}", "Could I talk to {name}", "I want to talk to {name}",
    "I'd like to talk to {name}", "Speak to {name}", "Let me speak to {name}", "Can I speak to {name}",
    "I want to speak to {name}", "Put me through to {name}", "Connect me with {name}", "Connect me to {name}",
)  # fmt: skip
_REQUESTS = (
    "{phrase}", "{phrase} please", "{phrase}, please", "Please {lower}", "Can you {lower}", "Could you {lower}",
    "Could you {lower} please",
)  # fmt: skip


class Phrase(NamedTuple):
    """A whole utterance that is a command or a greeting, with an initial capital and no mark at the end."""

    text: str
    distinct: bool
    """Whether ordinary talk is hardly ever like it."""


@lru_cache(maxsize=8)
def command_phrases(names: tuple[str, ...]) -> tuple[Phrase, ...]:
    """The usual phrases of all commands, also in polite form, and greetings.

    Args:
        names: of the characters that one can switch to.
    """
    switches = [Phrase(phrase.format(name=name), distinct=True) for name in names for phrase in _WITH_NAME]
    commands = [Phrase(phrase, distinct=False) for phrase in _COMMANDS]
    greetings = (Phrase(greeting, distinct=False) for greeting in GREETINGS)
    return (*greetings, *(polite for phrase in (*switches, *commands) for polite in _polite(phrase)))


def _polite(phrase: Phrase) -> Iterator[Phrase]:
    text = phrase.text
    lower = text if text.startswith("I") else text[0].lower() + text[1:]
    return (Phrase(request.format(phrase=text, lower=lower), phrase.distinct) for request in _REQUESTS)
