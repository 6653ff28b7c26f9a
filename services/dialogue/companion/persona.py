"""Who the character is, in the words of a language: the same all through a conversation, and in every one. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bus.events import CharacterCreated
from bus.ids import seed_of
from services.dialogue.companion.tables import Favourite, Language

MAX_ROLE_LENGTH = 110
MAX_TRAITS = 3


@dataclass(frozen=True)
class Persona:
    """A character as it tells of itself; each text is empty where the character's description has nothing of it."""

    name: str
    traits: str
    """Such as "curious, warm and to the point"."""
    role: str
    """Who it is in its story, such as "a warm and curious companion in my thirties"."""
    age: str
    seed: int

    def favourite(self, favourite: Favourite) -> str:
        """The one that this character prefers."""
        return favourite.values[self.seed // 7 % len(favourite.values)]


def persona_of(character: CharacterCreated, language: Language) -> Persona:
    description = f"{character.tagline} {character.personality}".lower()
    known = {said: place for word, said in language.traits.items() if (place := description.find(word)) >= 0}
    traits = sorted(known, key=lambda said: known[said])[:MAX_TRAITS]
    age = next((said for word, said in language.ages.items() if word in description), "")
    return Persona(
        name=character.name,
        traits=join(tuple(traits), language.conjunction),
        role=_role(character, language),
        age=age,
        seed=seed_of(character.name),
    )


def join(parts: tuple[str, ...], conjunction: str) -> str:
    """Parts as they are said in a row: "a, b and c"."""
    return f"{', '.join(parts[:-1])} {conjunction} {parts[-1]}" if len(parts) > 1 else "".join(parts)


_BEGINNINGS = {"en": r"you are\s+", "de": r"du bist\s+"}


def _role(character: CharacterCreated, language: Language) -> str:
    """What follows "You are NAME," in the first sentence of the personality, in the first person."""
    sentence = re.split(r"(?<=[.!?])\s", character.personality.strip(), maxsplit=1)[0].rstrip(".! ")
    match = re.match(_BEGINNINGS[language.code], sentence, re.IGNORECASE)
    if not match:
        return ""
    role = re.sub(rf"^{re.escape(character.name)}\s*,?\s*", "", sentence[match.end() :])
    swaps = {"your": "my", "you": "me", "dein": "mein", "deine": "meine", "deiner": "meiner", "deinen": "meinen"}
    role = re.sub(r"[\w]+", lambda word: swaps.get(word[0].lower(), word[0]), re.sub(r"[\[\]{}<>*()]", "", role))
    # "You are friendly and you explain" cannot be turned by swapping words.
    return role if 3 < len(role) <= MAX_ROLE_LENGTH and not re.search(r"\bme\b", role) else ""
