"""Everything that an answer is made of: the request, what was said, what is remembered, and a language's tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.dialogue.companion.memory import Memory
from services.dialogue.companion.persona import Persona, join
from services.dialogue.companion.said import Said
from services.dialogue.companion.tables import Language
from services.dialogue.engine import ChatRequest

_SENTENCE_START = re.compile(r"((?:^|[.!?]\s+)(?:\[\w+\]\s*)?)([^\W\d_])")
_FIELD = re.compile(r"\{(\w+)\}")
_OPTIONAL = frozenset(("role", "traits", "age", "known", "other", "others"))
"""A line with one of these fields is left out where the field is empty."""
_RENEWED = frozenset(("echo", "result", "time", "date", "duration", "quote", "weekday", "days", "value", "list"))
"""A line with one of these fields says something new each time."""
MAX_QUOTE_LENGTH = 140


@dataclass(frozen=True)
class Context:
    request: ChatRequest
    now: datetime
    language: Language
    said: Said
    memory: Memory
    persona: Persona

    def say(self, key: str, **fields: str) -> str:
        """An answer from the table of that name, one that was not given yet where there is one."""
        return self.say_one(self.language.answers[key], **fields)

    def say_one(self, lines: Sequence[str], **fields: str) -> str:
        """One of the lines, the freshest, with its fields filled in."""
        known = {**self._fields(), **fields}
        possible = [line for line in lines if all(known[name] for name in _FIELD.findall(line) if name in _OPTIONAL)]
        line = self.said.choose(possible)
        text = _capitalise(line.format(**known))
        if self.said.has(line) and not _RENEWED.intersection(_FIELD.findall(line)):
            again = self.said.fresh(self.language.answers["again"])
            if again:
                return f"{self.said.choose(again)} {text}"
        return text

    def has_fresh(self, key: str) -> bool:
        return bool(self.said.fresh(self.language.answers[key]))

    def aside(self, **changes: object) -> Context:
        """The same with other values."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def _fields(self) -> dict[str, str]:
        name = self.memory.name
        return {
            "name": self.persona.name,
            "traits": self.persona.traits,
            "role": self.persona.role,
            "age": self.persona.age,
            "person": f", {name}" if name else "",
            "known": name,
            "others": join(self.request.others, self.language.conjunction),
            "other": self.request.others[0] if self.request.others else "",
            "hello": self.language.hello(self.now),
        }


def _capitalise(text: str) -> str:
    """The text with a capital at the beginning of each sentence, for a field may stand there."""
    return _SENTENCE_START.sub(lambda match: match[1] + match[2].upper(), text)


def quote(text: str) -> str:
    """The person's words as they can be said back: without tags and closing marks, shortened."""
    text = " ".join(re.sub(r"[\[\]{}<>*()\"“”„]", " ", text).split()).rstrip(".!?…,; ")
    if len(text) > MAX_QUOTE_LENGTH:
        text = text[:MAX_QUOTE_LENGTH].rsplit(" ", 1)[0] + " …"
    return re.sub(r"[.!?]+(?=\s)", ",", text)
