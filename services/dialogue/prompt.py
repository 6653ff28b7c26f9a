"""What the language model is told, and what its tags mean: pure functions."""

from __future__ import annotations

import re
from typing import get_args

from msgspec import Struct

from bus.events import Emotion
from projections.conversation import Message
from services.dialogue.engine import Exchange

HISTORY_CHARACTERS = 12_000
"""Of what was heard before, the newest so many characters are shown: some 3000 tokens."""

_LANGUAGES = {"en": "English", "de": "German", "fr": "French", "es": "Spanish", "it": "Italian", "nl": "Dutch"}
_EMOTIONS: tuple[Emotion, ...] = get_args(Emotion)
_SYNONYMS: dict[str, Emotion] = {
    **{emotion: emotion for emotion in _EMOTIONS},
    **dict.fromkeys(
        ("joy", "joyful", "cheerful", "excited", "smile", "smiling", "smiles", "laughing", "laughs", "glad", "friendly",
         "amused", "playful", "warm", "proud", "grateful", "hopeful", "happiness", "glücklich", "fröhlich"), "happy"
    ),
    **dict.fromkeys(
        ("sadness", "sorry", "sighs", "sympathetic", "empathetic", "concerned", "disappointed", "traurig"), "sad"
    ),
    **dict.fromkeys(
        ("surprise", "amazed", "astonished", "shocked", "wow", "curious", "überrascht", "confused"), "surprised"
    ),
    **dict.fromkeys(("anger", "annoyed", "frustrated", "furious", "wütend"), "angry"),
    **dict.fromkeys(("disgust", "angewidert"), "disgusted"),
    **dict.fromkeys(("fear", "afraid", "scared", "worried", "nervous", "anxious", "ängstlich"), "fearful"),
    **dict.fromkeys(("calm", "serious", "thoughtful", "thinking", "none", "normal"), "neutral"),
}  # fmt: skip
_TAG = re.compile(
    r"\[\s*(?:emotion\s*[:=]\s*)?([^\W\d_]{2,20})(?:\s+face)?\s*\]:?"
    r"|[(<]\s*(?:emotion\s*[:=]\s*)?([^\W\d_]{2,20})\s*/?[)>]:?"
    r"|\*([^\W\d_]{2,20})\*",
    re.IGNORECASE,
)


class Toned(Struct, frozen=True):
    """A sentence and the mood it is said in; None where it has no tag."""

    text: str
    emotion: Emotion | None


def parse(sentence: str) -> Toned:
    """Take the mood out of a sentence: `[happy] Hello.` and what models make of it, `(Happy)`, `*smiles*`, `[joy]:`.

    A single word in square brackets is taken for a tag even where we do not know it: nobody is to hear "[wistful]".
    """
    mood: Emotion | None = None

    def take(match: re.Match[str]) -> str:
        nonlocal mood
        known = _SYNONYMS.get((match[1] or match[2] or match[3]).lower())
        if known is None and match[1] is None:
            return match[0]
        mood = mood or known
        return " "

    text = " ".join(_TAG.sub(take, sentence).split())
    text = re.sub(r"\s+([.,!?…])", r"\1", text)
    return Toned(text if any(c.isalnum() for c in text) else "", mood)


def system_prompt(exchange: Exchange) -> str:
    """Who the model is and how it talks."""
    character = exchange.character
    language = _LANGUAGES.get(exchange.language.split("-")[0].lower(), exchange.language)
    others = f" People can also choose to talk to {_and(exchange.others)} here." if exchange.others else ""
    tagline = f", {character.tagline}" if character.tagline else ""
    return (
        f"You are {character.name}{tagline}. {character.personality}{others}\n"
        "You are speaking aloud, face to face, through a talking avatar called Visavis. Answer in "
        f"{language}, in one to three short sentences unless asked for more. Use plain words to be heard, "
        "not read: no lists, headings, Markdown, code, links, emoji or stage directions.\n"
        "Begin every sentence with one tag for the look on your face, out of "
        f"{' '.join(f'[{emotion}]' for emotion in _EMOTIONS)}, for example: [happy] Nice to see you!\n"
        "What you hear comes from speech recognition, without punctuation and sometimes misheard: guess what was "
        "meant, and ask back where you cannot. A line of yours that ends in — was cut short there by the other person."
    )


def messages(exchange: Exchange) -> list[dict[str, str]]:
    """The chat as an OpenAI-compatible endpoint takes it: system prompt, what was heard, what was said now.

    What is told of this answer already stands at the end with the request to go on: servers differ in whether they
    continue a message of the assistant, all of them understand the request.
    """
    chat = [{"role": "system", "content": system_prompt(exchange)}]
    for message in bounded(exchange.history):
        chat.append({"role": message.role, "content": f"{message.text} —" if message.cut else message.text})
    chat.append({"role": "user", "content": exchange.text})
    if exchange.told:
        chat.append({"role": "assistant", "content": " ".join(exchange.told)})
        chat.append(
            {"role": "user", "content": "(You were cut off by a technical fault. Go on right there; repeat nothing.)"}
        )
    return chat


def bounded(history: tuple[Message, ...], limit: int = HISTORY_CHARACTERS) -> list[Message]:
    """The newest messages that together have at most so many characters; the oldest of them is the person's."""
    kept: list[Message] = []
    room = limit
    for message in reversed(history):
        room -= len(message.text)
        if room < 0:
            break
        kept.insert(0, message)
    while kept and len(kept) < len(history) and kept[0].role == "assistant":
        kept.pop(0)
    return kept


def _and(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
