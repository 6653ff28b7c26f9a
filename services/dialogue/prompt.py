"""The prompt of the language model, and the emotion tags in its answer: pure functions."""

from __future__ import annotations

import re
from typing import get_args

from msgspec import Struct

from bus.events import Emotion
from projections.conversation import Message
from services.dialogue.engine import ChatRequest

HISTORY_CHARACTERS = 12_000
"""The length of the history in the prompt, in characters: some 3000 tokens."""

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


class EmotionTaggedSentence(Struct, frozen=True):
    """A sentence and the emotion of its tag; None where it has none."""

    text: str
    emotion: Emotion | None


def parse_emotion_tag(sentence: str) -> EmotionTaggedSentence:
    """Split the tag off a sentence: `[happy] Hello.`, or a variant that models write, `(Happy)`, `*smiles*`, `[joy]:`.

    A single word in square brackets counts as a tag even where it is unknown: "[wistful]" must not be spoken.
    """
    emotion: Emotion | None = None

    def remove_tag(match: re.Match[str]) -> str:
        nonlocal emotion
        known = _SYNONYMS.get((match[1] or match[2] or match[3]).lower())
        if known is None and match[1] is None:
            return match[0]
        emotion = emotion or known
        return " "

    text = " ".join(_TAG.sub(remove_tag, sentence).split())
    text = re.sub(r"\s+([.,!?…])", r"\1", text)
    return EmotionTaggedSentence(text if any(c.isalnum() for c in text) else "", emotion)


def system_prompt(request: ChatRequest) -> str:
    """The system prompt: the character, and how to write for speech."""
    character = request.character
    language = _LANGUAGES.get(request.language.split("-")[0].lower(), request.language)
    others = f" People can also choose to talk to {_and(request.others)} here." if request.others else ""
    tagline = f", {character.tagline}" if character.tagline else ""
    # What all characters share comes first: servers evaluate a beginning that they know only once.
    return (
        "You play a character that people talk to, face to face and aloud, in a program called Visavis. Answer "
        "in one to three short sentences unless asked for more. Use plain words to be heard, "
        "not read: no lists, headings, Markdown, code, links, emoji or stage directions.\n"
        "Begin every sentence with one tag for the look on your face, out of "
        f"{' '.join(f'[{emotion}]' for emotion in _EMOTIONS)}, for example: [happy] Nice to see you!\n"
        "What you hear comes from speech recognition, without punctuation and sometimes misheard: guess what was "
        "meant, and ask back where you cannot. A line of yours that ends in — was cut short there by the other "
        f"person.\nYour character: you are {character.name}{tagline}. {character.personality}{others}\n"
        # Small models otherwise say "I live in Leeds" to a person who has just said so.
        f"Answer in {language}. React to what the person says in words of your own; never repeat their words."
    )


def chat_messages(request: ChatRequest, history_limit: int = HISTORY_CHARACTERS) -> list[dict[str, str]]:
    """The messages for an OpenAI-compatible endpoint: system prompt, history, the person's words.

    A reply that was broken off comes last, followed by a request in words to continue it: servers differ in whether
    they continue a message of the assistant, and all of them understand the request.
    """
    chat = [{"role": "system", "content": system_prompt(request)}]
    for message in truncate_history(request.history, history_limit):
        text = f"{message.text} —" if message.cut else message.text
        # Models write as they have written before: an answer without its tag would be followed by others without one.
        tag = f"[{message.emotion}] " if message.role == "assistant" else ""
        chat.append({"role": message.role, "content": tag + text})
    if chat[-1]["role"] == "user":
        # Words that got no answer of their own; many models' templates refuse two messages of one side in a row.
        chat[-1] = {"role": "user", "content": f"{chat[-1]['content']} {request.text}"}
    else:
        chat.append({"role": "user", "content": request.text})
    if request.reply_so_far:
        chat.append({"role": "assistant", "content": " ".join(request.reply_so_far)})
        chat.append(
            {"role": "user", "content": "(You were cut off by a technical fault. Go on right there; repeat nothing.)"}
        )
    return chat


def truncate_history(history: tuple[Message, ...], limit: int = HISTORY_CHARACTERS) -> list[Message]:
    """The newest messages that fit into `limit` characters; where some are left out, the first is the person's.

    Messages are left out by the half of the limit at once, so that the beginning of the prompt stays the same for
    several turns: servers evaluate a beginning that they know only once.
    """
    excess = sum(len(message.text) for message in history) - limit
    if excess <= 0:
        return list(history)
    step = max(1, limit // 2)
    left_out = -(-excess // step) * step
    kept: list[Message] = []
    place = 0
    for message in history:
        if place >= left_out and (kept or message.role == "user"):
            kept.append(message)
        place += len(message.text)
    return kept


def _and(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
