"""Intelligibility of the voices: `python -m bench.intelligibility [--sentences N] [--language de]`.

Each voice says two hundred sentences with numbers, names and questions; Whisper base (from the catalogue of models) and
Moonshine transcribe them. German voices say thirty, and Whisper base alone transcribes them. Words that differ are
printed, so that a person can judge whether the voice or the recogniser is wrong.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from bench.machine import machine, table
from bench.sentences import GERMAN, sentences
from bus.settings import Settings, read_settings
from projections.replay.word_error_rate import normalised_words, word_errors
from services.audio import Samples, resample
from services.models import whisper
from services.models.catalogue import MOONSHINE
from services.models.loading import fetch_and_verify
from services.stt.__main__ import make_vad
from services.stt.engine import Transcriber
from services.tts.__main__ import ENGINES
from services.tts.engine import Synthesizer, Voice
from services.tts.text.numerals import cardinal
from services.tts.text.spoken_form import to_spoken_form

VOICES = {
    "en": {
        "hibari": ("hibari", Voice()),
        "hibari as Noor": ("hibari", Voice(pitch=0.94, pace=0.96)),
        "kokoro as Milo": ("hibari", Voice("male", 1.06, 1.05)),
    },
    "de": {
        "SVOX Pico, woman": ("pico", Voice(language="de")),
        "SVOX Pico, man": ("pico", Voice("male", language="de")),
        "eSpeak NG, woman": ("espeak", Voice(language="de")),
        "eSpeak NG, man": ("espeak", Voice("male", language="de")),
    },
}
"""For each language, the engine and the voice by name."""


def recognisers(settings: Settings) -> dict[str, Transcriber]:
    """The recognisers by name."""
    from services.stt.moonshine.engine import load
    from services.stt.whisper.ctranslate2_network import CTranslate2Whisper
    from services.stt.whisper.engine import WhisperEngine

    folder = fetch_and_verify(whisper.CTRANSLATE2["base"], settings)
    network = CTranslate2Whisper(folder, "cpu", threads=os.cpu_count() or 1)
    return {
        "whisper base": WhisperEngine(network, make_vad(settings)),
        "moonshine": load(fetch_and_verify(MOONSHINE, settings), make_vad(settings), threads=2),
    }


def synthesise(engine: Synthesizer, text: str, voice: Voice) -> Samples:
    """The sentence at 16 kHz, with a moment of silence around it."""
    pieces = list(engine.speak(to_spoken_form(text, voice.language), voice, 1))
    sound = np.concatenate([piece.samples for piece in pieces])
    return np.concatenate(
        [np.zeros(4_000, np.int16), resample(sound, pieces[0].rate, 16_000), np.zeros(8_000, np.int16)]
    )


def transcribe(engine: Transcriber, sound: Samples, language: str = "en") -> str:
    transcription = engine.open(language)
    try:
        transcription.push(sound.tobytes())
        return transcription.finish().text
    finally:
        transcription.close()


def words(text: str, language: str = "en") -> list[str]:
    """The words of a text with numbers spelled out, so that "27" and "twenty-seven" are the same."""
    spelled = [cardinal(word, language) if word.isdecimal() else word for word in normalised_words(text)]
    return normalised_words(" ".join(spelled).replace("-", " "))


def measure(
    audio_of: Callable[[str], Samples], recogniser: Transcriber, texts: Sequence[str], language: str
) -> tuple[int, int, Counter[str]]:
    """Wrong words, all words, and the sentences that were transcribed wrongly."""
    wrong = total = 0
    differences: Counter[str] = Counter()
    for text in texts:
        expected = words(text, language)
        found = words(transcribe(recogniser, audio_of(text), language), language)
        errors = word_errors(expected, found)
        wrong, total = wrong + errors, total + len(expected)
        if errors:
            differences[f"{text}  →  {' '.join(found)}"] += errors
    return wrong, total, differences


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=200, help="English ones")
    parser.add_argument("--language", choices=VOICES, default="en")
    arguments = parser.parse_args()
    language: str = arguments.language
    settings = read_settings(os.environ)
    heard_by = {
        name: engine for name, engine in recognisers(settings).items() if language == "en" or name == "whisper base"
    }
    texts = sentences(arguments.sentences) if language == "en" else GERMAN
    loaded: dict[str, Synthesizer] = {}
    rows = []
    for name, (option, voice) in VOICES[language].items():
        if option not in loaded:
            loaded[option] = next(one for one in ENGINES if one.name == option).load(settings)
        print(f"{name}: {loaded[option].voice_for(voice)}", file=sys.stderr)
        sounds = {text: synthesise(loaded[option], text, voice) for text in texts}
        for recogniser, transcriber in heard_by.items():
            wrong, total, differences = measure(sounds.__getitem__, transcriber, texts, language)
            rows.append([name, recogniser, f"{100 * wrong / total:.1f} %", str(total)])
            for line, _ in differences.most_common(8):
                print(f"  {recogniser}: {line}", file=sys.stderr)
    print(f"{machine()}\n")
    print(table(["voice", "recogniser", "word errors", "words"], rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
