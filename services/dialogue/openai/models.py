"""Chooses a chat model among those that a server lists. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_NOT_CHAT_PARTS = ("embed", "rerank", "whisper", "moderation", "transcri", "diffusion", "sentence-t5", "text-to-speech")
"""Parts of the names of models that do not chat."""
_NOT_CHAT_WORDS = {
    "bge", "e5", "gte", "minilm", "sbert", "simcse", "mpnet", "labse", "colbert", "splade", "ance", "gtr",
    "instructor", "paraphrase", "distiluse", "nomic", "mxbai", "tts", "stt", "asr", "kokoro", "piper", "bark",
    "xtts", "speech", "parakeet", "canary", "moonshine", "sensevoice", "wav2vec2", "cosyvoice", "orpheus",
    "realtime", "dall", "flux", "sdxl", "sora", "imagen", "veo", "clip", "siglip", "vae", "sam", "controlnet",
    "lora", "esrgan", "guard", "reward", "babbage", "davinci", "ocr",
}  # fmt: skip
"""Words in the names of models that do not chat."""
_NOT_CHAT_TYPES = ("embed", "rerank", "whisper", "audio", "image", "tts", "stt", "speech", "transcri", "moderation",
                   "vad", "feature-extraction", "sentence-similarity", "video", "classif")  # fmt: skip
_TYPE_FIELDS = ("type", "model_type", "task", "pipeline_tag", "mode", "kind")
_WORD = re.compile(r"[a-z]+\d*")


def chats(name: str, entry: Mapping[str, Any]) -> bool:
    """Whether a model can chat, by what the server says of it, or else by its name."""
    kinds = " ".join(str(entry[field]).lower() for field in _TYPE_FIELDS if isinstance(entry.get(field), str))
    if any(kind in kinds for kind in _NOT_CHAT_TYPES):
        return False
    capabilities = entry.get("capabilities")
    if isinstance(capabilities, Mapping):
        for field in ("completion_chat", "chat_completion", "chat"):
            if isinstance(capabilities.get(field), bool):
                return bool(capabilities[field])
    if isinstance(capabilities, list) and capabilities:
        words = [str(one).lower() for one in capabilities]
        if any("embed" in word or "rerank" in word for word in words) and not {"completion", "chat"} & set(words):
            return False
    if any(kind in kinds for kind in ("chat", "llm", "vlm", "text-generation")):
        return True
    short = name.lower().rsplit("/", 1)[-1]
    if any(part in name.lower() for part in _NOT_CHAT_PARTS):
        return False
    return not _NOT_CHAT_WORDS & set(_WORD.findall(short))


def listed_models(value: Any) -> list[tuple[str, bool]]:
    """Name of each model that a server lists, in its order, and whether it can chat.

    Raises:
        ValueError: the answer is no list of models in any shape that is known.
    """
    entries = value
    if isinstance(value, Mapping):
        field = next((field for field in ("data", "models", "result") if field in value), None)
        if field is None:
            raise ValueError(f"expected a list of models, got fields {', '.join(map(str, value))[:80]}")
        entries = value[field] if value[field] is not None else []
    if not isinstance(entries, list):
        raise ValueError(f"expected a list of models, got {type(entries).__name__}")
    found: list[tuple[str, bool]] = []
    for entry in entries:
        fields: Mapping[str, Any] = entry if isinstance(entry, Mapping) else {"id": entry}
        name = next((fields[key] for key in ("id", "name", "model", "key") if isinstance(fields.get(key), str)), "")
        if name:
            found.append((name, chats(name, fields)))
    return found
