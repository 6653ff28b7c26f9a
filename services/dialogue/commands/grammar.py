"""The grammar of spoken commands in English and German.

Its patterns match text that `services.dialogue.normalisation` has normalised.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bus.events import CommandName


@dataclass(frozen=True)
class Grammar:
    """The commands of one language."""

    fillers: re.Pattern[str]
    """Words that may stand before or after a command."""
    switch: re.Pattern[str]
    """Switch to a character of any name, known or not; the name is the group that matched."""
    talk: re.Pattern[str]
    """The same only for a known name: "talk to …" is also said about other people and things."""
    not_names: frozenset[str]
    """Words that can follow such a verb and are no name."""
    simple: Mapping[CommandName, re.Pattern[str]]
    """Commands without an argument."""


def grammar(
    *,
    fillers: Sequence[str],
    switch: Sequence[str],
    talk: Sequence[str],
    not_names: str,
    simple: Mapping[CommandName, Sequence[str]],
) -> Grammar:
    """Compiles a grammar from lists of alternatives."""
    any_filler = "|".join(fillers)
    return Grammar(
        re.compile(rf"^(?:{any_filler})\b|\b(?:{any_filler})$"),
        re.compile("|".join(switch)),
        re.compile("|".join(talk)),
        frozenset(not_names.split()),
        {name: re.compile("|".join(alternatives)) for name, alternatives in simple.items()},
    )


ENGLISH = grammar(
    fillers=(
        r"um+", r"uh+", r"uhm", r"er+m?", r"hm+", r"well", r"so", r"now", r"then", r"please", r"okay", r"ok",
        r"alright", r"hey", r"oh", r"and", r"visavis", r"could you", r"can you", r"would you", r"will you",
        r"id like you to", r"i want you to", r"just",
    ),
    switch=(
        r"(?:switch|change|swap|hand)(?: me)?(?: over)? to (?:the )?(.{1,30})",
    ),
    talk=(
        # Recognisers often hear "switch to" so.
        r"(?:switched|changed|swapped)(?: me)?(?: over)? to (.{1,30})",
        r"(?:(?:i (?:want|would like|wanna)|id like|let me|can i|could i|may i) (?:to )?)?"
        r"(?:talk|speak) (?:to|with) (.{1,30})",
        r"(?:put|connect)(?: me)?(?: through)? (?:to|with) (.{1,30})",
    ),
    not_names=(
        "a another english french german her him it me somebody someone something spanish text that them this us "
        "voice you"
    ),
    simple={
        "stop": (
            r"stop(?: it| that| talking| speaking| there)?", r"(?:be )?quiet", r"silence", r"shut up", r"hush",
            r"thats enough", r"enough",
        ),
        "repeat": (
            r"repeat(?: that| it| yourself| the last (?:sentence|answer))?",
            r"(?:say|tell me) (?:that|it) (?:again|once more)", r"what did you(?: just)? say", r"once more",
            r"one more time", r"pardon(?: me)?", r"come again", r"again",
        ),
        "slower": (
            r"(?:(?:speak|talk|go|a (?:bit|little)) )*(?:more slowly|slower)", r"slow down(?: a (?:bit|little))?",
            r"not so fast", r"(?:(?:youre|you are|you (?:talk|speak)|thats) )?too fast",
        ),
        "faster": (
            r"(?:(?:speak|talk|go|a (?:bit|little)) )*(?:more quickly|faster)", r"speed up(?: a (?:bit|little))?",
            r"(?:(?:youre|you are|you (?:talk|speak)|thats) )?too slow",
        ),
        "louder": (
            r"(?:(?:speak|talk|be|a (?:bit|little)) )*louder", r"speak up", r"(?:turn )?(?:the )?volume up",
            r"turn (?:it|yourself) up", r"turn up the volume", r"(?:(?:youre|you are|thats) )?too quiet",
        ),
        "softer": (
            r"(?:(?:speak|talk|be|a (?:bit|little)) )*(?:softer|quieter|more (?:softly|quietly))",
            r"lower your voice", r"(?:turn )?(?:the )?volume down", r"turn (?:it|yourself) down",
            r"turn down the volume", r"not so loud", r"(?:(?:youre|you are|thats) )?too loud",
        ),
        "text_only": (
            r"(?:only text|text only|just text|text mode|only write|write only)",
            r"(?:turn )?(?:your |the )?voice off", r"turn off (?:your|the) voice",
            r"(?:dont|do not) speak(?: just write)?", r"mute(?: yourself)?", r"switch to text(?: only| mode)?",
        ),
        "voice_on": (
            r"(?:turn )?(?:your |the )?voice (?:back )?on", r"turn on (?:your|the) voice", r"voice mode",
            r"unmute(?: yourself)?", r"(?:speak|talk) (?:to me )?again", r"switch to voice(?: mode)?",
            r"use your voice",
        ),
        "help": (
            r"what can i say", r"what (?:voice )?commands (?:are there|do you (?:know|understand|have))",
            r"which commands (?:are there|do you (?:know|understand|have))",
            r"(?:(?:list|show)(?: me)? )?(?:the |your |all )?(?:voice )?commands",
        ),
        "new_conversation": (
            r"(?:(?:start|begin|open|lets (?:start|begin|have)) )?(?:a |another )?new (?:conversation|chat)",
            r"(?:start|begin|open) another (?:conversation|chat)", r"(?:lets )?start (?:over|afresh)",
        ),
    },
)
GERMAN = grammar(
    fillers=(
        r"äh+m?", r"öh+m?", r"ehm?", r"hm+", r"also", r"so", r"jetzt", r"nun", r"dann", r"bitte", r"okay", r"ok",
        r"gut", r"hey", r"hallo", r"ach", r"und", r"visavis", r"kannst du", r"könntest du", r"würdest du",
        r"einfach",
    ),
    switch=(
        r"(?:wechsle|wechsel|wechseln|schalte|schalt)(?: bitte| jetzt)*(?: um)? (?:zu|auf) "
        r"(?:der |die |das )?(.{1,30})",
        r"zu (.{1,20}) (?:wechseln|umschalten)",
    ),
    talk=(
        r"(?:ich (?:möchte|will|würde gern) )?(?:mit|zu) (.{1,30}?)(?: (?:reden|sprechen|wechseln))",
        r"(?:gib|hol|verbinde) mi(?:r|ch)(?: mit)? (.{1,30})",
    ),
    not_names=(
        "das dem deutsch dir englisch etwas ihm ihr jemand jemandem mir stimme text"
    ),
    simple={
        "stop": (
            r"stopp?", r"halt", r"aufhören", r"hör auf(?: zu (?:reden|sprechen))?",
            r"(?:sei )?(?:still|leise jetzt|ruhig)", r"ruhe", r"schluss", r"das reicht", r"es reicht", r"genug",
            r"schweig",
        ),
        "repeat": (
            r"(?:das |es )?(?:bitte )?(?:noch ?mal )?wiederhol(?:e|en)?"
            r"(?: das| es| den letzten satz)?(?: bitte| noch ?mal)*",
            r"(?:sag(?: das| es)? )?noch ?(?:mal|einmal)", r"wie bitte", r"was hast du(?: gerade| eben)? gesagt",
        ),
        "slower": (
            r"(?:(?:sprich|rede|ein|bisschen|etwas|wenig|bitte|mal|doch|noch) )*langsamer(?: sprechen| reden)?",
            r"nicht so schnell", r"(?:(?:du (?:sprichst|redest)|das ist) )?zu schnell",
        ),
        "faster": (
            r"(?:(?:sprich|rede|ein|bisschen|etwas|wenig|bitte|mal|doch|noch) )*schneller(?: sprechen| reden)?",
            r"(?:(?:du (?:sprichst|redest)|das ist) )?zu langsam",
        ),
        "louder": (
            r"(?:(?:sprich|rede|mach|ein|bisschen|etwas|wenig|bitte|mal|doch|noch) )*lauter(?: sprechen| reden)?",
            r"(?:(?:du bist|das ist) )?zu leise",
        ),
        "softer": (
            r"(?:(?:sprich|rede|mach|ein|bisschen|etwas|wenig|bitte|mal|doch|noch) )*leiser(?: sprechen| reden)?",
            r"nicht so laut", r"(?:(?:du bist|das ist) )?zu laut",
        ),
        "text_only": (
            r"nur (?:noch )?(?:text|schreiben)", r"schreib nur(?: noch)?",
            r"(?:die |deine )?stimme aus(?:schalten)?", r"schalte? (?:die |deine )?stimme aus",
            r"stumm(?:schalten)?", r"sprich nicht(?: mehr)?", r"ohne stimme",
        ),
        "voice_on": (
            r"(?:die |deine )?stimme (?:wieder )?(?:an|ein)(?:schalten)?",
            r"schalte? (?:die |deine )?stimme (?:wieder )?(?:an|ein)", r"sprich wieder", r"rede wieder",
            r"mit stimme",
        ),
        "help": (
            r"was kann ich (?:alles )?sagen",
            r"welche (?:sprach)?(?:befehle|kommandos) (?:gibt es|kennst du|verstehst du|hast du)",
            r"(?:zeig(?:e)?(?: mir)? )?(?:alle |die |deine )?(?:sprach)?(?:befehle|kommandos)",
        ),
        "new_conversation": (
            r"(?:(?:beginne?|starte?|fang(?:e)?|öffne) )?(?:ein |eine )?neue[sn]? "
            r"(?:gespräch|unterhaltung|chat)(?: an| beginnen| starten)?",
            r"(?:wir )?(?:fangen|fang)(?: wir)? (?:noch ?mal )?von vorne? an", r"von vorne?",
        ),
    },
)
GRAMMARS = {"en": ENGLISH, "de": GERMAN}
