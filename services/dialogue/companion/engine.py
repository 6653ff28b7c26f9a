"""The offline companion: a chat engine without a language model, good for a quarter of an hour of small talk.

It reads transcripts of speech as well as typed text, remembers what was said in the conversation, does sums, knows the
calendar, tells stories and asks riddles. Everything follows from the request: it has no state of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, tzinfo

from bus.ids import seed_of
from services.dialogue.companion.context import Context
from services.dialogue.companion.english import ENGLISH
from services.dialogue.companion.german import GERMAN
from services.dialogue.companion.memory import remember
from services.dialogue.companion.other_languages import notice_for
from services.dialogue.companion.persona import persona_of
from services.dialogue.companion.responders import arithmetic, calendar, is_minor, respond, respond_anyway, safety
from services.dialogue.companion.said import Said
from services.dialogue.companion.tables import Language
from services.dialogue.companion.understanding.text import Segment, segments, strip_greeting
from services.dialogue.engine import ChatRequest
from services.dialogue.language.names import subtag_of
from services.dialogue.language.scripts import is_written_in, scripts_in
from services.dialogue.normalisation import normalise

MAX_ANSWERED = 2
"""Sentences of the person that one reply answers."""
LANGUAGES = (ENGLISH, GERMAN)


class Companion:
    """The chat engine that needs nothing installed.

    Args:
        zone: time zone of its clock; None: the machine's own.
    """

    name = "companion"
    deterministic = True
    writes_slowly = False

    def __init__(self, zone: tzinfo | None = None) -> None:
        self._zone = zone

    async def stream(self, request: ChatRequest) -> AsyncIterator[str]:
        """See `ChatEngine.stream`."""
        yield self.answer(request)

    def answer(self, request: ChatRequest) -> str:
        """The whole answer, with emotion tags."""
        return answer(request, self._now(request))

    def certain_answer(self, request: ChatRequest) -> str | None:
        """See `certain_answer`."""
        return certain_answer(request, self._now(request))

    def _now(self, request: ChatRequest) -> datetime:
        return datetime.fromtimestamp(request.at / 1_000_000).astimezone(self._zone)


def answer(request: ChatRequest, now: datetime) -> str:
    """The companion's answer, with emotion tags.

    Args:
        now: local time of the request.
    """
    context = _context(request, now)
    if serious := _safety(context):
        return serious
    greeted, said = _without_greetings(request.text, context)
    if (notice := notice_for(request.language)) and not _is_in_any_language(request.text, said, context):
        return notice
    if not said:
        return context.say("hello_again" if context.said.count else "hello") if greeted else context.say("silence")
    answers = _answers(said, context)
    return f"{context.say('short_hello')} {' '.join(answers)}" if greeted else " ".join(answers)


def certain_answer(request: ChatRequest, now: datetime) -> str | None:
    """The answer where rules are better than a small language model, None elsewhere: to a mention of self-harm, an
    emergency or abuse, to a sum, and to a question about the time or the calendar.

    Args:
        now: local time of the request.
    """
    context = _context(request, now)
    if serious := _safety(context):
        return serious
    _, said = _without_greetings(request.text, context)
    if len(said) != 1:
        return None
    if notice_for(request.language) and not _is_in_any_language(request.text, said, context):
        return None
    return arithmetic(said[0], context) or calendar(said[0], context)


def _context(request: ChatRequest, now: datetime) -> Context:
    language = language_of(request)
    return Context(
        request=request,
        now=now,
        language=language,
        said=Said(request.history, seed_of(str(request.seed))),
        memory=remember(request.history, request.text, LANGUAGES),
        persona=persona_of(request.character, language),
    )


def _safety(context: Context) -> str | None:
    # Who writes in a language that is not spoken here may cry for help in either that is.
    languages = LANGUAGES if notice_for(context.request.language) else (context.language,)
    for language in languages:
        words = (one.words for one in segments(context.request.text, language))
        if found := safety(normalise(" ".join(words)), context.aside(language=language)):
            return found
    return None


def language_of(request: ChatRequest) -> Language:
    """The language of the answer: the person's, or the character's where that is not spoken here."""
    language = request.character.language if notice_for(request.language) else request.language
    return GERMAN if language.lower().startswith("de") else ENGLISH


def _is_in_any_language(text: str, said: list[Segment], context: Context) -> bool:
    """Whether a text is a sum, or has no letter of the language in use: it is then not said in that language."""
    letters = scripts_in(text)
    in_use = subtag_of(context.request.language)
    if not any(is_written_in(in_use, script) for script in letters):
        return True
    return len(said) == 1 and arithmetic(said[0], context) is not None


def _without_greetings(text: str, context: Context) -> tuple[bool, list[Segment]]:
    """Whether the person greets, and the sentences without greetings that still say something."""
    greeted, left = False, []
    for segment in segments(text, context.language):
        greets, rest = strip_greeting(segment, context.language, context.persona.name)
        greeted = greeted or greets
        if rest.words or any(sign.isdigit() for sign in rest.raw):
            left.append(rest)
    return greeted, left


def _answers(said: list[Segment], context: Context) -> list[str]:
    """The answers to the sentences that are understood, at most `MAX_ANSWERED`; to the last one where none is.

    The last answers count where there are more: a person comes to the point at the end.
    """
    found: list[tuple[Segment, str]] = []
    for segment in said:
        text = None if len(said) > 1 and is_minor(segment, context) else respond(segment, context)
        if text and text not in [one for _, one in found]:
            found.append((segment, text))
    if not found and (text := respond(said[-1], context)):
        found.append((said[-1], text))
    unanswered = said[-1].is_question and (not found or found[-1][0] is not said[-1])
    if not found or unanswered:
        found.append((said[-1], respond_anyway(said[-1], context)))
    questions = [one for one in found if one[0].is_question]
    kept = found[-MAX_ANSWERED:] if len(questions) < MAX_ANSWERED else questions[-MAX_ANSWERED:]
    return [text for _, text in kept]
