"""Responders: each answers one sentence of the person, or says that it has no answer. Pure.

They are tried in the order of `RESPONDERS`; the first answer counts. `respond_anyway` has an answer to everything else.
"""

from __future__ import annotations

from collections.abc import Callable

from services.dialogue.companion import performances
from services.dialogue.companion.arithmetic import ArithmeticRefusal, calculate, say_number
from services.dialogue.companion.context import Context, quote
from services.dialogue.companion.dates import calendar_answer
from services.dialogue.companion.memory import Remark, remarks_in
from services.dialogue.companion.recall import RECALL
from services.dialogue.companion.tables import Topic
from services.dialogue.companion.understanding.intents import match_intent, similar_intent
from services.dialogue.companion.understanding.text import Segment

Responder = Callable[[Segment, Context], str | None]
TOPIC_TURNS = 2
"""Replies after which a topic is no longer gone on with."""
STARTER_EVERY = 3
"""Every so many-th reply to what is not understood is a question about something else."""
ABOUT_YOU = ("have_you", "do_you", "can_you", "are_you")
GIVES_UP = ("give_up", "what_is_it")
SHORT_ANSWER = 4
"""Words of an answer that says little by itself."""


def safety(text: str, context: Context) -> str | None:
    """The answer to a mention of self-harm, an emergency or abuse; it goes before everything else."""
    intent = match_intent(text, context.language.safety)
    return context.say(intent.name) if intent else None


def games(segment: Segment, context: Context) -> str | None:
    """Guesses at the open riddle or game, and giving up."""
    intent = match_intent(segment.words, context.language.intents)
    gives_up = intent is not None and intent.name in GIVES_UP
    if performances.game_is_newer(context):
        return performances.play_game(segment, context, gives_up=gives_up)
    return performances.answer_riddle(segment, context, gives_up=gives_up) or performances.play_game(
        segment, context, gives_up=gives_up
    )


def consent(segment: Segment, context: Context) -> str | None:
    """A "yes" to what the companion has offered; a "no" to it."""
    intent = match_intent(segment.words, context.language.intents)
    if intent is None or intent.name not in ("yes", "no", "go_on"):
        return None
    if intent.name != "no" and performances.is_telling(context):
        return performances.next_part(context)
    offered = next((offer.intent for offer in context.language.offers if context.said.is_last(offer.text)), "")
    if offered and intent.name == "no":
        return context.say("offer_declined")
    if offered:
        return answer_intent(offered, segment, context)
    return None


def recall(segment: Segment, context: Context) -> str | None:
    """Questions about what was said in this conversation."""
    intent = match_intent(segment.words, context.language.intents)
    return RECALL[intent.name](segment, context) if intent and intent.name in RECALL else None


def arithmetic(segment: Segment, context: Context) -> str | None:
    """Sums."""
    numbers = context.language.numbers
    try:
        result = calculate(segment.raw, numbers)
    except ArithmeticRefusal as refusal:
        return context.say(f"sum_{refusal.reason}")
    return context.say("sum", result=say_number(result, numbers)) if result else None


def calendar(segment: Segment, context: Context) -> str | None:
    """The time, the date and how long until something."""
    found = calendar_answer(segment.words, context.now, context.language.calendar, context.language.numbers)
    return context.say(found[0], **found[1]) if found else None


def about_me(segment: Segment, context: Context) -> str | None:
    """The character's favourites."""
    intent = match_intent(segment.words, context.language.intents)
    if intent is None or intent.name != "favourite":
        return None
    favourite = next((one for one in context.language.favourites if one.pattern.search(segment.words)), None)
    if favourite is None:
        return None
    value = context.persona.favourite(favourite)
    return context.say("favourite_known", label=favourite.label, value=value)


def intended(segment: Segment, context: Context) -> str | None:
    """Requests that a pattern recognises."""
    intent = match_intent(segment.words, context.language.intents)
    return answer_intent(intent.name, segment, context) if intent else None


def answer_intent(name: str, segment: Segment, context: Context) -> str | None:
    """The answer to an intent; None where it cannot be answered at this point."""
    if name in ("has_model", "connect") and context.request.language_model != "none":
        return context.say(_WHY_NO_MODEL[context.request.language_model])
    if name in RECALL:
        return RECALL[name](segment, context)
    if name in performances.KINDS:
        return performances.perform(name, context)
    if name in GIVES_UP or name == "yes_no_question":
        return None
    if name in ("others", "switch") and not context.request.others:
        return context.say("no_others")
    if name == "go_on":
        kind = performances.last_kind(context)
        part = performances.next_part(context)
        return part or (performances.perform(kind, context) if kind else None)
    if name == "another":
        kind = performances.last_kind(context)
        return performances.perform(kind, context) if kind else _change_subject(context)
    if name in ("entertain", "change_subject"):
        return _entertain(context) if name == "entertain" else _change_subject(context)
    if name in ("yes", "no", "interjection") and _open_topic(context) is not None:
        return None
    if name == "hello":
        return context.say("hello_again" if context.said.count else "hello")
    if name == "why" and not context.said.count:
        return None
    return context.say(name)


def feeling(segment: Segment, context: Context) -> str | None:
    """What the person feels."""
    return _on_topic(segment, context, context.language.feelings)


def topic(segment: Segment, context: Context) -> str | None:
    """What the person talks about; a question of knowledge about it is none of this."""
    if segment.is_question or _open_topic(context) in context.language.feelings:
        return None  # who has told a feeling goes on with that
    return _on_topic(segment, context, context.language.topics)


def telling(segment: Segment, context: Context) -> str | None:
    """What the person tells about themselves, apart from likes; these are taken up after a name."""
    told = _acknowledge(segment, context, ("not_name", "name"))
    if told:
        also = _acknowledge(segment, context, ("like", "dislike", "work", "home", "origin"))
        return f"{told} {also}" if also else told
    return _acknowledge(segment, context, ("pet", "relative", "work", "home", "origin", "age"))


def liking(segment: Segment, context: Context) -> str | None:
    """What the person likes and dislikes, where it is no topic."""
    return _acknowledge(segment, context, ("favourite", "like", "dislike"))


def about_you(segment: Segment, context: Context) -> str | None:
    """Other questions about the companion: what it likes, can and has done."""
    kind = next((one for one in ABOUT_YOU if context.language.about_you[one].search(segment.words)), "")
    if not kind:
        return None
    liked = next((one for one in context.language.favourites if one.pattern.search(segment.words)), None)
    if kind == "do_you" and liked and context.language.about_you["likes"].search(segment.words):
        return context.say("favourite_known", label=liked.label, value=context.persona.favourite(liked))
    return context.say(kind)


def misheard(segment: Segment, context: Context) -> str | None:
    """Requests that are like an example, for recognisers mishear."""
    intent = similar_intent(segment.words, context.language.intents)
    return answer_intent(intent.name, segment, context) if intent else None


def wrong_guess(segment: Segment, context: Context) -> str | None:
    return performances.wrong_guess(segment, context)


def going_on(segment: Segment, context: Context) -> str | None:
    """A further word to the topic of the last reply."""
    found = _open_topic(context)
    if found is None or segment.is_question:
        return None
    return context.say_one(context.said.fresh(found.follow_ups))


RESPONDERS: tuple[Responder, ...] = (
    games, consent, recall, arithmetic, calendar, telling, about_me, intended, feeling, wrong_guess, topic, liking,
    about_you, misheard, going_on,
)  # fmt: skip


def respond(segment: Segment, context: Context) -> str | None:
    """The answer of the first responder that has one; None where nobody has.

    Shortly after a serious answer only sober ones are tried: nobody is told a joke then.
    """
    responders = (recall, calendar) if _is_serious(context) else RESPONDERS
    return next(filter(None, (responder(segment, context) for responder in responders)), None)


def is_minor(segment: Segment, context: Context) -> bool:
    """Whether a sentence needs no answer beside others: "well", "okay", "thanks"."""
    intent = match_intent(segment.words, context.language.intents)
    return intent is not None and intent.name in ("yes", "no", "interjection", "thanks", "laugh")


_WHY_NO_MODEL = {"none": "no_model", "busy": "busy_model", "english": "english_model"}


def respond_anyway(segment: Segment, context: Context) -> str:
    """The answer to a sentence that no responder knows: a question is declined, a statement listened to."""
    if _is_serious(context):
        return context.say("safety_follow")
    intent = match_intent(segment.words, context.language.intents)
    if intent is not None and intent.name in GIVES_UP:
        return context.say("unsure")
    if segment.is_question:
        return _decline(segment, context)
    return _listen(segment, context)


def _decline(segment: Segment, context: Context) -> str:
    """Does not know; says the first time in the conversation why no language model answers."""
    why = _WHY_NO_MODEL[context.request.language_model]
    if why == "busy_model" and context.has_fresh(why):
        return context.say(why)
    if not context.said.mentions(context.language.model_words):
        return context.say(why)
    line = context.say("decline")
    offers = context.said.fresh([offer.text for offer in context.language.offers if offer.is_general])
    return f"{line} {context.say_one(offers)}" if offers and context.said.count % 2 == 0 else line


def _listen(segment: Segment, context: Context) -> str:
    """Shows that it listens: by saying it back, by asking on, or by asking something else."""
    said, answers = context.said, context.language.answers
    echo = context.language.echo(quote(segment.raw))
    if echo and (said.fresh(answers["listen_echo"]) or not said.fresh(answers["listen"])):
        return context.say("listen_echo", echo=echo)
    if said.count % STARTER_EVERY == STARTER_EVERY - 1 or not said.fresh(answers["listen"]):
        starter = _change_subject(context)
        if starter:
            return starter
    return context.say("listen")


def _change_subject(context: Context) -> str:
    """A question about something else; a true fact once all have been asked."""
    starters = [line for one in context.language.topics for line in one.starters]
    # Of subjects that were not talked about yet first.
    unused = [
        line
        for one in context.language.topics
        if not any(map(context.said.has, (*one.starters, *one.openers)))
        for line in one.starters
    ]
    fresh = context.said.fresh(unused) or context.said.fresh(starters)
    if fresh:
        return context.say_one(fresh)
    facts = context.said.fresh(context.language.repertoire.facts)
    return context.say_one(facts) if facts else context.say("listen")


def _entertain(context: Context) -> str:
    """Something of its own: a fact, a joke, a riddle, a story or a poem, whichever is next."""
    kinds = ("fact", "riddle", "story", "joke", "game", "poem")
    return performances.perform(kinds[context.said.count % len(kinds)], context)


def _on_topic(segment: Segment, context: Context, topics: tuple[Topic, ...]) -> str | None:
    found = next((one for one in topics if one.pattern.search(segment.words)), None)
    if found is None:
        return None
    lines = context.said.fresh(found.openers) or context.said.fresh(found.follow_ups)
    if any(map(context.said.is_last, (*found.starters, *found.openers))):
        lines = context.said.fresh(found.follow_ups) or lines
    return context.say_one(lines) if lines else None


def _open_topic(context: Context) -> Topic | None:
    """The topic of the last reply that has something left to say to the next sentence; None for none."""
    for one in (*context.language.feelings, *context.language.topics):
        lines = (*one.starters, *one.openers, *one.follow_ups)
        if any(map(context.said.is_last, lines)) and context.said.fresh(one.follow_ups):
            return one
    return None


def _is_serious(context: Context) -> bool:
    """Whether the last replies were about safety."""
    names = [intent.name for intent in context.language.safety] + ["safety_follow"]
    turns = [context.said.turns_since(line) for name in names for line in context.language.answers[name]]
    return any(turn is not None and turn < TOPIC_TURNS for turn in turns)


def _acknowledge(segment: Segment, context: Context, kinds: tuple[str, ...]) -> str | None:
    if segment.is_question:
        return None
    # Only the last message before this one can be the question that a bare word answers.
    history = context.request.history
    asked = history[-1].text if history and history[-1].role == "assistant" else ""
    remarks = remarks_in(segment.raw, asked, context.language)
    found = [remark for kind in kinds for remark in remarks if remark.kind == kind]
    if not found:
        return None
    remark = found[0]
    return context.say(_told_key(remark), value=remark.value, subject=remark.subject)


def _told_key(remark: Remark) -> str:
    """The table of answers to a remark."""
    named = {"pet": "told_pet_name", "relative": "told_relative_name"}
    return named[remark.kind] if remark.kind in named and remark.value else f"told_{remark.kind}"
