"""The prompt of the language model: pure functions."""

from __future__ import annotations

from typing import Any

from projections.conversation import Message
from services.dialogue.engine import ChatRequest
from services.dialogue.language.names import name_of
from services.dialogue.stage_directions import EMOTIONS

HISTORY_CHARACTERS = 12_000
"""The length of the history in the prompt, in characters: some 3000 tokens."""


def system_prompt(request: ChatRequest) -> str:
    """The system prompt: the character, and how to write for speech."""
    character = request.character
    language = name_of(request.language)
    others = f" People can also choose to talk to {_and(request.others)} here." if request.others else ""
    tagline = f", {character.tagline}" if character.tagline else ""
    # What all characters share comes first: servers evaluate a beginning that they know only once.
    return (
        "You play a character that people talk to, face to face and aloud, in a program called Visavis. Answer "
        "in one to three short sentences unless asked for more. Use plain words to be heard, "
        "not read: no lists, headings, Markdown, code, links, emoji or stage directions. Speak the language that the "
        "last line names, or another one if you are asked to.\n"
        "Begin every sentence with one tag for the look on your face, out of "
        f"{' '.join(f'[{emotion}]' for emotion in EMOTIONS)}, for example: [happy] Nice to see you!\n"
        "What you hear comes from speech recognition, without punctuation and sometimes misheard: guess what was "
        "meant, and ask back where you cannot. A line of yours that ends in — was cut short there by the other "
        f"person.\nYour character: you are {character.name}{tagline}. {character.personality}{others}\n"
        # Small models otherwise say "I live in Leeds" to a person who has just said so.
        f"Answer in {language}. React to what the person says in words of your own; never repeat their words."
    )


def chat_messages(request: ChatRequest, history_limit: int = HISTORY_CHARACTERS) -> list[dict[str, Any]]:
    """The messages for an OpenAI-compatible endpoint: system prompt, history, the person's words.

    A reply that was broken off comes last, followed by a request in words to continue it: servers differ in whether
    they continue a message of the assistant, and all of them understand the request.
    """
    chat: list[dict[str, Any]] = [{"role": "system", "content": system_prompt(request)}]
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
    for exchange in request.exchanges:
        function = {"name": exchange.name, "arguments": exchange.arguments}
        calls = [{"id": exchange.call, "type": "function", "function": function}]
        chat.append({"role": "assistant", "content": exchange.said, "tool_calls": calls})
        chat.append({"role": "tool", "tool_call_id": exchange.call, "content": exchange.result})
    if request.reply_so_far:
        chat.append({"role": "assistant", "content": "".join(request.reply_so_far).strip()})
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
