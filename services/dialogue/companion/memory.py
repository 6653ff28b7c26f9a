"""What the person has told about themselves in this conversation, read anew from the history each time. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from projections.conversation import Message
from services.dialogue.companion.names import FIRST_NAMES
from services.dialogue.companion.tables import Language, MemoryWords
from services.dialogue.companion.understanding.text import segments, tidy
from services.dialogue.normalisation import normalise

MAX_VALUE_LENGTH = 60
"""Characters of the longest remark that is kept."""
MAX_NAME_LENGTH = 24
MAX_BARE_ANSWER = 3
"""Words of an answer that is a name and nothing else."""


@dataclass(frozen=True)
class Remark:
    """One thing that the person said about themselves.

    `kind` is "name", "not_name", "age", "home", "origin", "work", "pet", "relative", "like", "dislike" or "favourite";
    `subject` is the animal, the relative or what the favourite is of.
    """

    kind: str
    value: str
    subject: str = ""


@dataclass
class Memory:
    """What is known of the person; the newest remark counts."""

    name: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    """Age, home, origin and work by kind."""
    pets: dict[str, str] = field(default_factory=dict)
    """Names by animal, empty for none known."""
    relatives: dict[str, str] = field(default_factory=dict)
    favourites: dict[str, str] = field(default_factory=dict)
    likes: list[str] = field(default_factory=list)
    """Oldest first."""
    dislikes: list[str] = field(default_factory=list)

    def add(self, remark: Remark) -> None:
        if remark.kind == "name":
            self.name = remark.value
        elif remark.kind == "not_name":
            self.name = ""
        elif remark.kind == "pet":
            self.pets[remark.subject] = remark.value or self.pets.get(remark.subject, "")
        elif remark.kind == "relative":
            self.relatives[remark.subject] = remark.value or self.relatives.get(remark.subject, "")
        elif remark.kind == "favourite":
            self.favourites[remark.subject] = remark.value
        elif remark.kind in ("like", "dislike"):
            liked, other = (self.likes, self.dislikes) if remark.kind == "like" else (self.dislikes, self.likes)
            if remark.value in other:
                other.remove(remark.value)
            if remark.value not in liked:
                liked.append(remark.value)
        else:
            self.facts[remark.kind] = remark.value


def remember(history: Sequence[Message], text: str, languages: Sequence[Language]) -> Memory:
    """Everything that the person has told, the message that is being answered included."""
    memory = Memory()
    asked = ""
    for message in (*history, Message("user", text)):
        if message.role == "assistant":
            asked = message.text
            continue
        for language in languages:
            for remark in remarks_in(message.text, asked, language):
                memory.add(remark)
        asked = ""
    return memory


def remarks_in(text: str, asked: str, language: Language) -> tuple[Remark, ...]:
    """The remarks in one message.

    Args:
        asked: the companion's words before it, which a bare name may answer.
    """
    question = normalise(asked)
    asks_name = any(piece in question for piece in language.memory.asks_name)
    asks_favourite = next((one.name for one in language.favourites if normalise(one.label) in question), "")
    return _remarks(text, asks_name, asks_favourite, language)


@lru_cache(maxsize=4096)
def _remarks(text: str, asks_name: bool, asks_favourite: str, language: Language) -> tuple[Remark, ...]:
    words = language.memory
    tidied = tidy(text, language)
    found = []
    if words.not_name.search(tidied):
        found.append(Remark("not_name", ""))
    name = find_name(tidied, words, asks_name=asks_name)
    if name:
        found.append(Remark("name", name))
    bare = re.sub(r"^(?:mine|meins|meine) (?:is|ist) ", "", tidied, flags=re.IGNORECASE).strip(" .!")
    last = "".join(normalise(bare).split()[-1:])
    is_bare = 0 < len(bare.split()) <= MAX_BARE_ANSWER and "?" not in text
    if asks_favourite and is_bare and last and last not in words.not_names:
        found.append(Remark("favourite", bare, asks_favourite))
    for segment in segments(text, language):
        for kind, pattern in words.remarks:
            for match in pattern.finditer(segment.raw):
                groups = match.groupdict()
                value = _value(groups.get("value") or "", words)
                subject = normalise(groups.get("subject") or "")
                if kind == "like_doing":
                    value = f"{groups.get('subject') or ''} {words.infinitive(value)}".strip()
                    kind_of_remark, subject = "like", ""
                else:
                    kind_of_remark = kind
                if kind in ("pet", "relative"):
                    value = _as_name(value, words)
                elif not value or (segment.is_question and kind not in ("age", "home", "work")):
                    continue
                if normalise(value) not in words.not_names or not value:
                    found.append(Remark(kind_of_remark, value, subject))
    return tuple(found)


def find_name(tidied: str, words: MemoryWords, *, asks_name: bool = False) -> str:
    """The name that the person gives for themselves, empty for none. Never one of `words.not_names`."""
    for pattern in words.name:
        for match in pattern.finditer(tidied):
            name = _as_name(match["value"], words)
            if name:
                return name
    for pattern in words.maybe_name:
        for match in pattern.finditer(tidied):
            value = match["value"]
            if normalise(value) in FIRST_NAMES or (value[:1].isupper() and not value.isupper()):
                name = _as_name(value, words)
                if name:
                    return name
    bare = re.findall(r"[^\W\d_]+(?:[-'][^\W\d_]+)*", tidied)
    if asks_name and 0 < len(bare) <= MAX_BARE_ANSWER:
        likely = [one for one in bare if normalise(one) not in words.not_names]
        if likely and (len(bare) == 1 or normalise(likely[0]) in FIRST_NAMES or len(likely) < len(bare)):
            return _as_name(likely[0], words)
    return ""


def _as_name(value: str, words: MemoryWords) -> str:
    """A word with a capital, empty where it cannot be a name."""
    plain = normalise(value)
    if not plain or plain in words.not_names or len(value) > MAX_NAME_LENGTH or any(c.isdigit() for c in value):
        return ""
    if len(plain) < 2 and not value.isupper():
        return ""
    if any(part in words.not_names for part in plain.split()):
        return ""
    return value if not value.islower() else "-".join(part.capitalize() for part in value.split("-"))


def _value(value: str, words: MemoryWords) -> str:
    """A remark's value up to the end of its clause, said back: "my bike" becomes "your bike"; empty if too long."""
    end = words.value_end.search(value)
    value = words.swap((value[: end.start()] if end else value).strip(" ,"))
    return value if len(value) <= MAX_VALUE_LENGTH else ""
