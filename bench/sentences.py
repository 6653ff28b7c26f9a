"""Two hundred English sentences with numbers, names and questions, the same every time, and German ones. Pure."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence

NAMES = ("Ada", "Milo", "Sophie", "Oliver", "Charlotte", "Benjamin", "Emma", "Daniel", "Grace", "Thomas")
PLACES = ("London", "Boston", "Chicago", "Paris", "Berlin", "Sydney", "Toronto", "Madrid", "Dublin", "Vienna")
THINGS = ("a letter", "the old clock", "a warm coat", "two tickets", "the blue bicycle", "a bag of apples")
ACTS = ("read a book", "bake some bread", "walk along the river", "listen to the radio", "paint the kitchen")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("January", "March", "April", "June", "August", "October", "December")
FRAMES = (
    "I would like to {act} on {day}.",
    "I forgot to tell {name} about {thing}.",
    "What time does the train to {place} leave?",
    "{name} bought {thing} for {n} dollars.",
    "There are {n} people in the room, and {m} of them are from {place}.",
    "Would you rather {act} or {act2}?",
    "The history of {place} is longer than most people think.",
    "On {month} {d}, {name} moved from {place} to {place2}.",
    "How far is it from {place} to {place2}?",
    "My sister {name} has lived in {place} for {n} years.",
    "It takes about {n} minutes to {act}, doesn't it?",
    "{name} said that {thing} was in the hall.",
    "Do you remember who gave {thing} to {name}?",
    "If it rains on {day}, we will {act} instead.",
    "I think {name} and {name2} will {act} together.",
    "The temperature in {place} was {n} degrees on {day}.",
    "Why did nobody {act} before {day}?",
    "I am sorry, but I cannot find {thing} anywhere.",
    "Room {n} is on the left, next to the stairs.",
    "Let me know when {name} comes back from {place}.",
)


DRAWS = 50
"""After so many that gave no new sentence a frame is passed over: some have few different ones."""


def sentences(count: int = 200, seed: int = 1) -> list[str]:
    """So many different sentences."""
    rng = random.Random(seed)
    found: dict[str, None] = {}
    for frame in itertools.cycle(FRAMES):
        if len(found) == count:
            break
        drawn = (frame.format(**_words(rng)) for _ in range(DRAWS))
        new = next((text for text in drawn if text not in found), None)
        if new is not None:
            found[new] = None
    return list(found)


def _words(rng: random.Random) -> dict[str, object]:
    def two(values: Sequence[str]) -> list[str]:
        return rng.sample(values, 2)

    (name, name2), (place, place2), (act, act2) = two(NAMES), two(PLACES), two(ACTS)
    return {
        "name": name, "name2": name2, "place": place, "place2": place2, "act": act, "act2": act2,
        "thing": rng.choice(THINGS), "day": rng.choice(DAYS), "month": rng.choice(MONTHS),
        "d": rng.randint(1, 28), "n": rng.randint(21, 99), "m": rng.randint(2, 19),
    }  # fmt: skip


GERMAN = (
    "Guten Morgen, wie haben Sie heute geschlafen?",
    "Ich würde am Donnerstag gerne an den See fahren.",
    "Die Katze liegt auf dem Sofa und schläft.",
    "Um wie viel Uhr fährt der Zug nach Hamburg?",
    "Sophie hat siebenundzwanzig Euro für den Mantel bezahlt.",
    "Ich habe vergessen, Thomas von dem Brief zu erzählen.",
    "Es sind zweiundvierzig Leute im Raum, und neun davon kommen aus Wien.",
    "Möchtest du lieber ein Buch lesen oder Brot backen?",
    "Die Geschichte von Berlin ist länger, als die meisten denken.",
    "Wie weit ist es von Köln nach München?",
    "Meine Schwester wohnt seit drei Jahren in Leipzig.",
    "Warum hat niemand die Küche gestrichen?",
    "Es tut mir leid, aber ich kann den Schlüssel nirgends finden.",
    "Das Zimmer ist links neben der Treppe.",
    "Sag mir bitte Bescheid, wenn Emma aus Paris zurückkommt.",
    "Wenn es am Samstag regnet, hören wir stattdessen Radio.",
    "Die Temperatur in Dresden lag am Montag bei einunddreißig Grad.",
    "Weißt du noch, wer Daniel das blaue Fahrrad gegeben hat?",
    "Das ist eine gute Frage, und ich erzähle dir gerne, was ich darüber weiß.",
    "Was machst du am liebsten, wenn du frei hast?",
    "Entschuldigung, ich habe Sie leider nicht verstanden.",
    "Früher spielten die Kinder oft im Garten hinter dem Haus.",
    "Der Arzt sagte, dass alles in Ordnung sei.",
    "Ich heiße Ada und freue mich, dich kennenzulernen.",
    "Können wir morgen um acht Uhr zusammen frühstücken?",
    "Ein Jahr hat zwölf Monate und zweiundfünfzig Wochen.",
    "Vor dem Fenster steht ein alter Apfelbaum.",
    "Danke, das war sehr freundlich von Ihnen.",
    "Welche Sprachen sprechen die Menschen in der Schweiz?",
    "Vielleicht sollten wir noch einmal darüber nachdenken.",
)
"""German ones, with names, numbers in words, and questions."""
