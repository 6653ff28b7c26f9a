"""Two hundred English sentences with numbers, names and questions, the same every time. Pure."""

from __future__ import annotations

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


def sentences(count: int = 200, seed: int = 1) -> list[str]:
    """So many different sentences."""
    rng = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        frame = FRAMES[len(found) % len(FRAMES)]
        found[frame.format(**_words(rng))] = None
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
