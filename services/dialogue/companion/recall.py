"""Answers to questions about what the person said in this conversation. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from services.dialogue.companion.context import Context, quote
from services.dialogue.companion.persona import join
from services.dialogue.companion.understanding.text import Segment, segments
from services.dialogue.normalisation import normalise


def _said_by_person(context: Context) -> list[str]:
    return [message.text for message in context.request.history if message.role == "user"]


def _name(segment: Segment, context: Context) -> str:
    return context.say("recall_name") if context.memory.name else context.say("no_name_yet")


def _fact(kind: str) -> Callable[[Segment, Context], str]:
    def tell(segment: Segment, context: Context) -> str:
        value = context.memory.facts.get(kind, "")
        return context.say(f"recall_{kind}", value=value) if value else context.say("not_told")

    return tell


def _home(segment: Segment, context: Context) -> str:
    kind = "home" if "home" in context.memory.facts else "origin"
    return _fact(kind)(segment, context)


def _named(
    segment: Segment, context: Context, known: Mapping[str, str], named: str, unnamed: str, asks_who: str
) -> str:
    """The name of a pet or relative; the newest one where the question names none."""
    for subject, value in known.items():
        if value and normalise(value) in segment.words.split():
            return context.say(asks_who, value=value, subject=subject)
    subject = next((one for one in known if one in segment.words), "")
    if subject or (known and named == "recall_pet_name"):
        subject = subject or list(known)[-1]
        if known[subject]:
            return context.say(named, value=known[subject], subject=subject)
        return context.say(unnamed, subject=subject)
    return context.say("not_told")


def _pet(segment: Segment, context: Context) -> str:
    return _named(segment, context, context.memory.pets, "recall_pet_name", "pet_without_name", "recall_who")


def _relative(segment: Segment, context: Context) -> str:
    known = {**context.memory.pets, **context.memory.relatives}
    return _named(segment, context, known, "recall_relative_name", "relative_without_name", "recall_who")


def _likes(segment: Segment, context: Context) -> str:
    likes = context.memory.likes
    if not likes and context.memory.favourites:
        return _favourite(segment, context)
    return context.say("recall_likes", list=_list(likes, context)) if likes else context.say("not_told")


def _dislikes(segment: Segment, context: Context) -> str:
    dislikes = context.memory.dislikes
    return context.say("recall_dislikes", list=_list(dislikes, context)) if dislikes else context.say("not_told")


def _list(values: list[str], context: Context) -> str:
    return join(tuple(values[-4:]), context.language.conjunction)


def _favourite(segment: Segment, context: Context) -> str:
    known = context.memory.favourites
    asked = [one.pattern for one in context.language.favourites if one.pattern.search(segment.words)]
    subject = next((one for one in known if one in segment.words or any(p.search(one) for p in asked)), "")
    if not subject:
        return context.say("not_told")
    return context.say("recall_favourite", value=known[subject], subject=subject)


def _everything(segment: Segment, context: Context) -> str:
    memory, summary = context.memory, context.language.summary
    clauses = [summary["name"].format(value=memory.name)] if memory.name else []
    clauses += [summary[kind].format(value=value) for kind, value in memory.facts.items()]
    clauses += [
        summary["pet" if value else "pet_without_name"].format(value=value, subject=subject)
        for subject, value in memory.pets.items()
    ]
    clauses += [
        summary["relative"].format(value=value, subject=subject) for subject, value in memory.relatives.items() if value
    ]
    if memory.likes:
        clauses.append(summary["like"].format(value=_list(memory.likes, context)))
    if memory.dislikes:
        clauses.append(summary["dislike"].format(value=_list(memory.dislikes, context)))
    clauses += [summary["favourite"].format(value=v, subject=s) for s, v in memory.favourites.items()]
    if not clauses:
        return context.say("know_nothing")
    return context.say("know_you", list=join(tuple(clauses[:5]), context.language.conjunction))


def _first(segment: Segment, context: Context) -> str:
    said = _said_by_person(context)
    return context.say("recall_first", quote=quote(said[0])) if said else context.say("nothing_said_yet")


def _last(segment: Segment, context: Context) -> str:
    said = _said_by_person(context)
    return context.say("recall_last", quote=quote(said[-1])) if said else context.say("nothing_said_yet")


_ABOUT = re.compile(r"\b(?:about|über|von) (?P<what>.+?)(?: gesagt| erzählt)?$")


def _about(segment: Segment, context: Context) -> str:
    """The newest sentence of the person with the word that is asked about."""
    asked = _ABOUT.search(segment.words)
    word = asked["what"].split()[-1] if asked else ""
    for text in reversed(_said_by_person(context)):
        for one in segments(text, context.language):
            if word in one.words.split() and not one.is_question:
                return context.say("recall_about", quote=quote(one.raw))
    return context.say("not_told")


def _before(segment: Segment, context: Context) -> str:
    said = _said_by_person(context)
    return context.say("recall_before", quote=quote(said[-2])) if len(said) > 1 else _first(segment, context)


def _own_words(segment: Segment, context: Context) -> str:
    last = context.said.last_text
    return context.say("repeat", quote=last) if last else context.say("nothing_said")


def _own_first(segment: Segment, context: Context) -> str:
    first = next((message.text for message in context.request.history if message.role == "assistant"), "")
    return context.say("recall_own_first", quote=first) if first else context.say("nothing_said")


RECALL: Mapping[str, Callable[[Segment, Context], str]] = {
    "recall_name": _name,
    "recall_age": _fact("age"),
    "recall_home": _home,
    "recall_work": _fact("work"),
    "recall_pet": _pet,
    "recall_relative": _relative,
    "recall_likes": _likes,
    "recall_dislikes": _dislikes,
    "recall_favourite": _favourite,
    "recall_all": _everything,
    "recall_first": _first,
    "recall_last": _last,
    "recall_about": _about,
    "recall_before": _before,
    "repeat": _own_words,
    "recall_own_first": _own_first,
}
"""By intent."""
