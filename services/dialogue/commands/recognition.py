"""Recognises spoken commands by a closed grammar, before the language model is asked. Pure.

Only a whole utterance can be a command. It may begin and end with politeness, hesitation and the character's name.
Names of characters are matched by their sound too, and so are the usual phrases, for speech recognisers spell them in
many ways. Moonshine compares the phrases with the sound itself before (`services/stt/moonshine/phrases.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache

from bus.events import CommandName
from services.command_phrases import command_phrases
from services.dialogue.commands.grammar import GRAMMARS, Grammar
from services.dialogue.normalisation import normalise

MIN_SIMILARITY = 0.7
"""Least similarity of a character's name to the recognised words, 0 to 1, where they do not sound the same."""
SAME_SOUND_SIMILARITY = 0.85
"""Similarity of words that sound the same and are spelt differently."""
MIN_PHRASE_SIMILARITY = 0.85
"""Least similarity in spelling of an utterance to a usual phrase that sounds the same, 0 to 1."""
MIN_PHRASE_SOUNDS = 5
"""Sounds of the shortest phrase that is matched so: short words have too many sound-alikes."""
MAX_LENGTH = 80
"""Characters of the longest command; a longer utterance is talk about something."""


@dataclass(frozen=True)
class Command:
    """An instruction to the system, with the argument of a switch."""

    name: CommandName
    character: str = ""
    """Of a switch: the character's id; empty where no character has the name that was spoken."""
    spoken_name: str = ""
    """Of a switch: the name as it was recognised."""


def recognise_command(text: str, language: str, names: Mapping[str, str], own_name: str = "") -> Command | None:
    """The command that an utterance is; None where it is none.

    Args:
        text: as it was recognised or typed.
        language: BCP-47; commands in English are understood in every language.
        names: of all characters by their ids.
        own_name: of the character that is talked to.
    """
    if len(text) > MAX_LENGTH:
        return None
    words = normalise(text)
    tag = language.lower().split("-")[0]
    for known in dict.fromkeys((tag if tag in GRAMMARS else "en", "en")):
        grammar = GRAMMARS[known]
        name = normalise(own_name)
        bare = _strip_fillers(words, grammar, name)
        # In "stop, Ada" the name addresses her; in "switch to Ada" it is the argument.
        for candidate in (bare, _strip_fillers(bare.removesuffix(f" {name}"), grammar, name)):
            command = _match(candidate, grammar, names)
            if command is not None:
                return command
    phrase = _sound_alike(words)
    return recognise_command(phrase, "en", names, own_name) if phrase and normalise(phrase) != words else None


def find_character(spoken_name: str, names: Mapping[str, str]) -> str:
    """The id of the character whose name is most similar in spelling or sound; empty for none, or for two alike."""
    spoken = normalise(spoken_name).replace(" ", "")
    similarity = {id_: _similarity(spoken, normalise(name).replace(" ", "")) for id_, name in names.items()}
    best = sorted(similarity, key=lambda id_: similarity[id_], reverse=True)
    if not best or similarity[best[0]] < MIN_SIMILARITY:
        return ""
    return "" if len(best) > 1 and similarity[best[1]] == similarity[best[0]] else best[0]


def _sound_alike(words: str) -> str:
    """The usual phrase without a name that sounds like these words and is spelt nearly like them; empty for none."""
    spoken = words.replace(" ", "")
    phrases = _phrases_by_sound().get(phonetic_key(spoken), ())
    similarity = {phrase: SequenceMatcher(None, spoken, phrase_letters).ratio() for phrase, phrase_letters in phrases}
    best = max(similarity, key=lambda phrase: similarity[phrase], default="")
    return best if best and similarity[best] >= MIN_PHRASE_SIMILARITY else ""


@cache
def _phrases_by_sound() -> Mapping[str, Sequence[tuple[str, str]]]:
    """The usual phrases without names and their letters, by their sound. Names are matched by `find_character`."""
    found: dict[str, list[tuple[str, str]]] = {}
    for phrase, _ in command_phrases(()):
        letters = normalise(phrase).replace(" ", "")
        sound = phonetic_key(letters)
        if len(sound) >= MIN_PHRASE_SOUNDS:
            found.setdefault(sound, []).append((phrase, letters))
    return found


def phonetic_key(word: str) -> str:
    """The sound of a word, roughly: its consonants by kind, and whether it begins with a vowel."""
    for pattern, letters in _SOUNDS:
        word = re.sub(pattern, letters, word)
    return word[:1] + re.sub("a", "", word[1:])


_SOUNDS = (
    (r"ph", "f"), (r"th|dt", "t"), (r"ck|[cqx]", "k"), (r"sch|sh|z", "s"), (r"h|w(?![aeiouy])", ""),
    (r"w", "v"), (r"[aeiouyäöüéèáíóú]+", "a"), (r"(.)\1+", r"\1"),
)  # fmt: skip


def _similarity(spoken: str, name: str) -> float:
    ratio = SequenceMatcher(None, spoken, name).ratio()
    return max(ratio, SAME_SOUND_SIMILARITY) if phonetic_key(spoken) == phonetic_key(name) and ratio < 1 else ratio


def _strip_fillers(words: str, grammar: Grammar, own_name: str) -> str:
    """The words without fillers and the character's name at the beginning, and without fillers at the end."""
    while True:
        before = words
        words = grammar.fillers.sub("", words).strip()
        words = words.removeprefix(f"{own_name} ") if own_name else words
        if words == before:
            return words


def _match(words: str, grammar: Grammar, names: Mapping[str, str]) -> Command | None:
    for name, pattern in grammar.simple.items():
        if pattern.fullmatch(words):
            return Command(name)
    for pattern, any_name in ((grammar.switch, True), (grammar.talk, False)):
        match = pattern.fullmatch(words)
        spoken_name = next(filter(None, match.groups()), "") if match else ""
        if not spoken_name or spoken_name in grammar.not_names:
            continue
        character = find_character(spoken_name, names)
        if character or (any_name and spoken_name.count(" ") < 2):
            return Command("switch", character, spoken_name)
    return None
