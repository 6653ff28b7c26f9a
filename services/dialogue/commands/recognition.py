"""Commands that people say: a closed grammar, asked before the model. Pure.

A whole utterance is a command or is none. Politeness, hesitation and the name of whoever is talked to may stand round
it. Names of characters are known by their sound too, for recognisers spell them as they like.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from bus.events import CommandName
from services.dialogue.commands.grammar import GRAMMARS, Grammar

SIMILAR = 0.7
"""How alike a name and what was heard must be, 0 to 1, where they do not sound the same."""
LONGEST = 80
"""Characters of the longest command; whoever says more talks about something."""


@dataclass(frozen=True)
class Command:
    """Something that the system is told to do."""

    name: CommandName
    character: str = ""
    """Of a switch: the character's id; empty where nobody has the name that was said."""
    said: str = ""
    """Of a switch: the name as it was heard."""


def recognise(text: str, language: str, names: Mapping[str, str], own: str = "") -> Command | None:
    """The command that a whole utterance is, if it is one.

    Args:
        text: as it was recognised or typed.
        language: BCP-47; commands in English are understood whatever it is.
        names: of all characters by their ids.
        own: name of the character that is talked to.
    """
    if len(text) > LONGEST:
        return None
    words = plain(text)
    tag = language.lower().split("-")[0]
    for known in dict.fromkeys((tag if tag in GRAMMARS else "en", "en")):
        grammar = GRAMMARS[known]
        name = plain(own)
        bare = _bare(words, grammar, name)
        # "Stop, Ada" is said to her; "switch to Ada" is about her.
        for candidate in (bare, _bare(bare.removesuffix(f" {name}"), grammar, name)):
            command = _recognise(candidate, grammar, names)
            if command is not None:
                return command
    return None


def plain(text: str) -> str:
    """Lower case words with single spaces, without marks and apostrophes."""
    text = text.lower().replace("’", "'").replace("ß", "ss")
    return " ".join(re.findall(r"\w+", re.sub(r"(?<=\w)'(?=\w)", "", text)))


def character_named(said: str, names: Mapping[str, str]) -> str:
    """The id of the character whose name this is, or sounds or looks most like; empty where that is nobody or two."""
    heard = plain(said).replace(" ", "")
    likeness = {identity: _alike(heard, plain(name).replace(" ", "")) for identity, name in names.items()}
    best = sorted(likeness, key=lambda identity: likeness[identity], reverse=True)
    if not best or likeness[best[0]] < SIMILAR:
        return ""
    return "" if len(best) > 1 and likeness[best[1]] == likeness[best[0]] else best[0]


def sound(word: str) -> str:
    """How a word sounds, roughly: its consonants by kind, and whether it begins with a vowel."""
    for pattern, letters in _SOUNDS:
        word = re.sub(pattern, letters, word)
    return word[:1] + re.sub("a", "", word[1:])


_SOUNDS = (
    (r"ph", "f"), (r"th|dt", "t"), (r"ck|[cqx]", "k"), (r"sch|sh|z", "s"), (r"h|w(?![aeiouy])", ""),
    (r"w", "v"), (r"[aeiouyäöüéèáíóú]+", "a"), (r"(.)\1+", r"\1"),
)  # fmt: skip


def _alike(heard: str, name: str) -> float:
    ratio = SequenceMatcher(None, heard, name).ratio()
    return max(ratio, 0.85) if sound(heard) == sound(name) and ratio < 1 else ratio


def _bare(words: str, grammar: Grammar, own: str) -> str:
    """The words without what may stand round a command."""
    while True:
        before = words
        words = grammar.around.sub("", words).strip()
        words = words.removeprefix(f"{own} ") if own else words
        if words == before:
            return words


def _recognise(words: str, grammar: Grammar, names: Mapping[str, str]) -> Command | None:
    for name, pattern in grammar.plain.items():
        if pattern.fullmatch(words):
            return Command(name)
    for pattern, anybody in ((grammar.switch, True), (grammar.talk, False)):
        match = pattern.fullmatch(words)
        said = next(filter(None, match.groups()), "") if match else ""
        if not said or said in grammar.no_names:
            continue
        character = character_named(said, names)
        if character or (anybody and said.count(" ") < 2):
            return Command("switch", character, said)
    return None
