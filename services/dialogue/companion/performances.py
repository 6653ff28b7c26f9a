"""Jokes, facts, poems, riddles, stories and the guessing game, and how far one of them has come. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bus.ids import seed_of
from services.dialogue.companion.context import Context
from services.dialogue.companion.said import fingerprint
from services.dialogue.companion.tables import Riddle
from services.dialogue.companion.understanding.text import Segment
from services.dialogue.normalisation import normalise

KINDS = ("joke", "fact", "poem", "riddle", "story", "game")
MAX_GUESS_WORDS = 6
"""Words of the longest sentence that counts as a guess."""
RECENT = 3
RIDDLE_TURNS = 4
"""Replies after which a short sentence is no longer taken for a guess at a riddle."""
GREATEST_NUMBER = 50
"""Of the guessing game; the least is 1."""


def perform(kind: str, context: Context) -> str:
    """The next performance of a kind; once all have been given, an answer that says so."""
    repertoire = context.language.repertoire
    if kind == "game":
        return context.say("game_start")
    lines: tuple[str, ...] = {
        "joke": repertoire.jokes,
        "fact": repertoire.facts,
        "poem": repertoire.poems,
        "riddle": tuple(riddle.question for riddle in repertoire.riddles),
        "story": tuple(parts[0] for parts in repertoire.stories),
    }[kind]
    if not context.said.fresh(lines) and context.has_fresh("no_more"):
        return context.say("no_more")
    line = context.say_one(lines)
    return f"{line} {context.say('story_more')}" if kind == "story" else line


def last_kind(context: Context) -> str:
    """The kind of the newest performance in the last `RECENT` replies, empty for none."""
    repertoire = context.language.repertoire
    rows = {
        "joke": repertoire.jokes,
        "fact": repertoire.facts,
        "poem": repertoire.poems,
        "riddle": tuple(line for riddle in repertoire.riddles for line in (riddle.question, riddle.solution)),
        "story": tuple(part for parts in repertoire.stories for part in parts),
        "game": (*context.language.answers["game_won"], *context.language.answers["game_over"]),
    }
    turns = {
        kind: min((since for line in lines if (since := context.said.turns_since(line)) is not None), default=RECENT)
        for kind, lines in rows.items()
    }
    newest = min(turns, key=lambda kind: turns[kind])
    return newest if turns[newest] < RECENT else ""


# Stories


def next_part(context: Context) -> str | None:
    """The next part of the story that was begun last and is not at its end; None where there is none."""
    stories = context.language.repertoire.stories
    begun = [parts for parts in stories if context.said.has(parts[0]) and not context.said.has(parts[-1])]
    if not begun:
        return None
    parts = min(begun, key=lambda one: _turns_since_any(one, context))
    part = next(part for part in parts[1:] if not context.said.has(part))
    return part if part == parts[-1] else f"{part} {context.say('story_more')}"


def _turns_since_any(lines: tuple[str, ...], context: Context) -> int:
    """Replies since one of the lines, of which at least one was said."""
    return min(turns for line in lines if (turns := context.said.turns_since(line)) is not None)


def is_telling(context: Context) -> bool:
    """Whether the last reply was a part of a story that is not at its end."""
    return any(context.said.is_last(part) for parts in context.language.repertoire.stories for part in parts[:-1])


# Riddles


def open_riddle(context: Context) -> tuple[Riddle, int] | None:
    """The riddle asked last whose solution was not told, and the replies since; None for none."""
    found = []
    for riddle in context.language.repertoire.riddles:
        asked, solved = context.said.turns_since(riddle.question), context.said.turns_since(riddle.solution)
        if asked is not None and (solved is None or solved > asked):
            found.append((asked, riddle))
    if not found:
        return None
    turns, riddle = min(found, key=lambda one: one[0])
    return riddle, turns


def answer_riddle(segment: Segment, context: Context, *, gives_up: bool) -> str | None:
    """The answer to a guess or to giving up; None where no riddle is open."""
    found = open_riddle(context)
    if found is None:
        return None
    riddle, turns = found
    if turns <= RIDDLE_TURNS and riddle.accepted.search(segment.words):
        return f"{context.say('riddle_right')} {riddle.solution}"
    if gives_up:
        return riddle.solution
    return None


def wrong_guess(segment: Segment, context: Context) -> str | None:
    """The answer to a wrong guess at a riddle; None where the sentence is none."""
    found = open_riddle(context)
    if found is None or found[1] > 1 or len(segment.words.split()) > MAX_GUESS_WORDS:
        return None
    return context.say("riddle_wrong")


# The guessing game


@dataclass(frozen=True)
class Game:
    secret: int
    guesses: int
    """Before this one."""


def open_game(context: Context) -> Game | None:
    """The guessing game that is being played; None where none is.

    The number follows from what the person had said before it began, for there is no other memory.
    """
    starts = [fingerprint(line) for line in context.language.answers["game_start"]]
    ends = [fingerprint(line) for key in ("game_won", "game_over") for line in context.language.answers[key]]
    answers = [fingerprint(line) for key in ("game_higher", "game_lower") for line in context.language.answers[key]]
    said: list[str] = []
    game: Game | None = None
    for message in context.request.history:
        text = normalise(message.text)
        if message.role == "user":
            said.append(text)
        elif any(mark in text for mark in starts):
            game = Game(seed_of("\n".join(said)) % GREATEST_NUMBER + 1, 0)
        elif any(mark in text for mark in ends):
            game = None
        elif game and any(mark in text for mark in answers):
            game = Game(game.secret, game.guesses + 1)
    return game


def game_is_newer(context: Context) -> bool:
    """Whether a game is open that began after the open riddle was asked."""
    if open_game(context) is None:
        return False
    riddle = open_riddle(context)
    starts = [context.said.turns_since(line) for line in context.language.answers["game_start"]]
    return riddle is None or min(turns for turns in starts if turns is not None) < riddle[1]


def play_game(segment: Segment, context: Context, *, gives_up: bool) -> str | None:
    """The answer to a guess or to giving up; None where no game is open or the sentence is no guess."""
    game = open_game(context)
    if game is None:
        return None
    if gives_up:
        return context.say("game_over", result=str(game.secret))
    guess = _number(segment, context)
    if guess is None:
        return None
    if guess == game.secret:
        return context.say("game_won", result=str(game.secret), count=str(game.guesses + 1))
    return context.say("game_higher" if guess < game.secret else "game_lower", value=str(guess))


def _number(segment: Segment, context: Context) -> int | None:
    """The number that a sentence names, if it says little else."""
    numbers = context.language.numbers
    tokens = re.findall(r"\w+", segment.words)
    found: list[tuple[int, int]] = []
    for place, token in enumerate(tokens):
        read = numbers.read(tokens, place)
        if read and read[0].denominator == 1:
            found.append((read[1], int(read[0])))
        elif token not in numbers.ignored and token not in numbers.guess_words:
            return None
    # The last one, for an article may be a number, too: "ist es eine sieben"; of "twenty five" the whole.
    return max(found, key=lambda one: one[0])[1] if found else None
