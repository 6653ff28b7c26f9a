"""The engines in use in words for people who know none of their names, and what services are fetching. Pure."""

from __future__ import annotations

import re

from services.gateway.web.answers import ModelDownload
from services.improvements import Machine
from services.models.catalogue import KOKORO

_WORDS = {
    ("stt", "whisper"): "Whisper, many languages, on this machine",
    ("stt", "whisper-torch"): "Whisper, many languages, on this machine",
    ("stt", "moonshine"): "Moonshine, English, on this machine",
    ("stt", "pocketsphinx"): "PocketSphinx, clear English only, on this machine",
    ("dialogue", "companion"): "Offline companion, answers by patterns, no language model",
    ("dialogue", "local"): "A small language model, on this machine",
    ("dialogue", "openai"): "A language model at the endpoint in the settings; what is said is sent there",
    ("tts", "hibari"): "hibari for women in English, Kokoro for men and others, SVOX Pico for German, on this machine",
    ("tts", "kokoro"): "Natural voices of Kokoro, on this machine",
    ("tts", "pico"): "flite for English, SVOX Pico for German and others, clear and mechanical, on this machine",
    ("tts", "flite+espeak"): "flite for English, eSpeak NG for other languages, clear and mechanical, on this machine",
    ("tts", "espeak"): "eSpeak NG, many languages, mechanical, on this machine",
    ("tts", "flite"): "flite, English, clear and mechanical, on this machine",
    ("tts", "xtts"): "XTTS, voices cloned from recordings, on this machine",
    ("render", "layered"): "Drawn characters; photos are warped by the processor",
    ("render", "liveportrait"): "Drawn characters; photos are moved by LivePortrait on the graphics card",
}
_UNTIL_LOADED = {
    ("stt", "moonshine"): "PocketSphinx, clear English only, until Moonshine is here",
    ("tts", "kokoro"): "Simpler voices until Kokoro is here",
    ("render", "liveportrait"): "Drawn characters; photos are warped until LivePortrait is here",
}
"""What serves while an engine is not loaded; for the others the words of the one that serves do."""
_WITHOUT_KOKORO = "hibari for women in English, simpler voices for the others until Kokoro is here"
_TOO_SLOW = {
    ("stt", "moonshine"): ("moonshine", "PocketSphinx, clear English only: Moonshine is too slow for this machine"),
    ("tts", "hibari"): (
        "kokoro", "hibari for women in English, simpler voices for the others: Kokoro is too slow for this machine"
    ),
}  # fmt: skip
"""What serves in the place of an engine that was timed and does not keep up."""
_DOWNLOAD = re.compile(r"fetching ([^,;]+), (?:(\d+) %|[^;]*)")

def engine_words(service: str, engine: str, machine: Machine, serving: str = "", *, gpu_fault: str = "") -> str:
    """What the engine of a service is, in one line; the engine's name where nothing is known of it.

    Args:
        engine: that was chosen.
        serving: that serves now; "": the chosen one.
        gpu_fault: why the graphics card is not used; "": it is not about a card.
    """
    key = (service, engine)
    if key in _TOO_SLOW and _TOO_SLOW[key][0] in machine.too_slow and service not in machine.chosen:
        return _TOO_SLOW[key][1]
    if serving not in ("", engine):
        return (None if gpu_fault else _UNTIL_LOADED.get(key)) or engine_words(service, serving, machine)
    if key == ("tts", "hibari") and KOKORO.name not in machine.models:
        return _WITHOUT_KOKORO
    if key == ("stt", "moonshine") and "faster_whisper" in machine.packages:
        return "Moonshine for English, Whisper for other languages, on this machine"
    return _WORDS.get(key, engine)


def downloads_in(note: str) -> tuple[ModelDownload, ...]:
    """The downloads that the note of a service tells of, as `services.models.progress.Downloads.note` words them."""
    return tuple(ModelDownload(match[1], int(match[2]) if match[2] else None) for match in _DOWNLOAD.finditer(note))
