"""The outcome of a command: the facts that carry it out, and a brief reply. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bus.events import (
    Body,
    CharacterChosen,
    CharacterCreated,
    CommandRecognised,
    CommandRefused,
    Emotion,
    ReplyEnded,
    ReplySentence,
    ReplyStarted,
)
from projections.characters import FALLBACK_CHARACTER
from projections.conversation import Conversation, Sentence, adjust_speaking_style, apply_command
from services.command_phrases import UNANSWERED
from services.dialogue.commands.recognition import Command

ENGINE_NAME = "commands"
"""The engine in `reply.started` of replies to commands."""


@dataclass(frozen=True)
class _ReplyText:
    """One sentence of the reply."""

    text: str
    emotion: Emotion = "neutral"
    spoken_text: str | None = None
    space_before: str = " "
    language: str = ""
    """Empty: of the table that it is from."""


@dataclass(frozen=True)
class _Outcome:
    """The fact that a command leads to, and the reply."""

    fact: CommandRecognised | CommandRefused
    reply: tuple[_ReplyText, ...] = ()
    chosen: str = ""
    """Id of the character that answers from now on; empty: the one who did before."""


_ENGLISH = {
    "slower": "I will speak more slowly.",
    "faster": "I will speak faster.",
    "louder": "I will speak louder.",
    "softer": "I will speak more softly.",
    "text_only": "From now on I only write. Say: voice on.",
    "voice_on": "I have my voice back.",
    "help": "You can say: switch to {name}. New conversation. Repeat. Stop. Slower or faster. Louder or softer. "
    "Text only, or voice on.",
    "nothing_to_repeat": "I have not said anything yet.",
    "unknown_character": "I do not know {said}. Here are {names}.",
    "already_there": "You are talking to {name} already.",
    "limit_reached": "That is as far as it goes.",
    "and": "and",
}
_GERMAN = {
    "slower": "Ich spreche langsamer.",
    "faster": "Ich spreche schneller.",
    "louder": "Ich spreche lauter.",
    "softer": "Ich spreche leiser.",
    "text_only": "Ab jetzt schreibe ich nur. Sag: Stimme an.",
    "voice_on": "Ich habe meine Stimme wieder.",
    "help": "Du kannst sagen: Wechsle zu {name}. Neues Gespräch. Wiederhole das. Stopp. Langsamer oder schneller. "
    "Lauter oder leiser. Nur Text, oder Stimme an.",
    "nothing_to_repeat": "Ich habe noch nichts gesagt.",
    "unknown_character": "{said} kenne ich nicht. Hier sind {names}.",
    "already_there": "Du sprichst schon mit {name}.",
    "limit_reached": "Weiter geht es nicht.",
    "and": "und",
}


def command_outputs(
    command: Command, conversation: Conversation, characters: Mapping[str, CharacterCreated], language: str, reply: str
) -> Iterator[Body]:
    """The facts of a command and of its reply; the same for every redelivery.

    Args:
        conversation: as it was when the command was given.
        reply: id of the reply.
    """
    words = _GERMAN if language.lower().startswith("de") else _ENGLISH
    in_table = language if words is _GERMAN or language.lower().startswith("en") else "en"
    outcome = _outcome(command, conversation, characters, words)
    yield outcome.fact
    if outcome.chosen:
        yield CharacterChosen(character=outcome.chosen)
    if not outcome.reply:
        return
    character = outcome.chosen or conversation.character or next(iter(characters), FALLBACK_CHARACTER)
    after = conversation if isinstance(outcome.fact, CommandRefused) else apply_command(conversation, command.name)
    yield ReplyStarted(reply=reply, character=character, engine=ENGINE_NAME)
    emotion_before: Emotion = "neutral"
    for index, sentence in enumerate(outcome.reply):
        yield ReplySentence(
            reply=reply,
            index=index,
            text=sentence.text,
            character=character,
            language=sentence.language or in_table,
            emotion=sentence.emotion,
            emotion_before=emotion_before,
            pace=after.pace,
            volume=after.volume,
            spoken=after.voice and sentence.spoken_text != "",
            spoken_text=sentence.spoken_text,
            space_before=sentence.space_before,
        )
        emotion_before = sentence.emotion
    yield ReplyEnded(reply=reply, sentences=len(outcome.reply))


def _outcome(
    command: Command, conversation: Conversation, characters: Mapping[str, CharacterCreated], words: Mapping[str, str]
) -> _Outcome:
    done = CommandRecognised(name=command.name)
    match command.name:
        case "switch":
            return _switch(command, conversation, characters, words)
        case "repeat":
            last = _last_reply(conversation)
            if not last:
                return _refused(command, "nothing_to_repeat", words["nothing_to_repeat"])
            repeated = (
                _ReplyText(one.text, one.emotion, one.spoken_text, one.space_before, one.language) for one in last
            )
            return _Outcome(done, tuple(repeated))
        case "slower" | "faster" | "louder" | "softer" if adjust_speaking_style(conversation, command.name) is None:
            return _refused(command, "limit_reached", words["limit_reached"])
        case "help":
            another = next((one.name for name, one in characters.items() if name != conversation.character), "Ada")
            parts = words["help"].format(name=another).removesuffix(".").split(". ")
            return _Outcome(done, tuple(_ReplyText(f"{part}.") for part in parts))
        case name if name in UNANSWERED:
            return _Outcome(done)
        case name:
            return _Outcome(done, (_ReplyText(words[name]),))


def _switch(
    command: Command, conversation: Conversation, characters: Mapping[str, CharacterCreated], words: Mapping[str, str]
) -> _Outcome:
    found = characters.get(command.character)
    if found is None:
        *most, last = [one.name for one in characters.values()] or ["Visavis"]
        names = f"{', '.join(most)} {words['and']} {last}" if most else last
        text = words["unknown_character"].format(said=command.spoken_name.title(), names=names)
        return _refused(command, "unknown_character", text)
    if command.character == conversation.character:
        return _refused(command, "already_there", words["already_there"].format(name=found.name))
    fact = CommandRecognised(name="switch", arguments=(command.character, command.spoken_name))
    return _Outcome(fact, (_ReplyText(found.greeting, "happy", language=found.language),), command.character)


def _refused(command: Command, code: str, detail: str) -> _Outcome:
    refused = CommandRefused(name=command.name, code=code, detail=detail)  # type: ignore[arg-type]
    return _Outcome(refused, (_ReplyText(detail),))


def _last_reply(conversation: Conversation) -> tuple[Sentence, ...]:
    """The sentences of the newest reply that has any."""
    replies = (turn.reply for turn in reversed(conversation.turns) if turn.reply is not None)
    return next((reply.sentences for reply in replies if reply.sentences), ())
