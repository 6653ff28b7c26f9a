"""How many spoken commands are understood: `python -m bench.commands [--ordinary N]`.

Synthetic voices say 56 commands each; Moonshine hears them, with and without the usual phrases of commands, and the
grammar of the dialogue decides. The same voices say ordinary sentences, of which none should be a command.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.machine import machine, table
from bus.settings import read_settings
from services.audio import Samples, resample
from services.command_phrases import Phrase, command_phrases
from services.dialogue.commands.recognition import Command, recognise_command
from services.models.catalogue import MOONSHINE
from services.models.loading import fetch_and_verify
from services.stt.__main__ import make_vad
from services.stt.engine import Transcriber
from services.stt.moonshine.engine import load
from services.tts.__main__ import ENGINES
from services.tts.engine import Synthesizer, Voice
from services.tts.engines.espeak import EspeakEngine
from services.tts.engines.flite import FliteEngine

NAMES = {"ada": "Ada", "milo": "Milo", "noor": "Noor", "otto": "Otto"}
COMMANDS = (
    "Switch to Milo", "Switch to Ada", "Switch to Noor", "Switch to Otto", "Talk to Milo", "Talk to Ada",
    "Talk to Noor", "Talk to Otto", "Let me talk to Milo", "Can I talk to Ada", "I want to talk to Noor",
    "Put me through to Otto", "Change to Milo please", "Switch over to Ada", "Hand over to Otto",
    "Connect me with Noor", "Stop", "Stop talking", "Be quiet", "That's enough", "Repeat that", "Say that again",
    "Please repeat that", "What did you say", "Once more", "Could you say that again please", "Slower",
    "Slower please", "Speak more slowly", "Slow down", "You're too fast", "Faster", "Faster please", "Speed up",
    "Speak a little faster", "Louder", "Louder please", "Speak up", "Turn the volume up", "Quieter please", "Softer",
    "Turn it down", "You're too loud", "Text only", "Switch to text", "Turn off your voice", "Voice off", "Voice on",
    "Use your voice", "Turn your voice back on", "What can I say", "Show me the commands", "New conversation",
    "Start a new conversation", "Let's start over", "New chat",
)  # fmt: skip
ORDINARY = Path(__file__).parents[1] / "tests/services/dialogue/commands/ordinary_sentences.txt"
VOICES = {
    "hibari": ("neural", Voice()),
    "hibari, slow and low": ("neural", Voice(pace=0.8, pitch=0.85)),
    "hibari, fast and high": ("neural", Voice(pace=1.3, pitch=1.15)),
    "Kokoro, American man": ("neural", Voice("male")),
    "Kokoro, British man": ("neural", Voice("male", language="en-gb")),
    "flite rms": ("flite", Voice("rms")),
    "flite slt": ("flite", Voice("slt")),
    "eSpeak NG, man": ("espeak", Voice("male")),
}
LEVEL = 9_000
"""Peak of each sentence."""


def spoken(engine: Synthesizer, voice: Voice, text: str) -> Samples:
    """A sentence as from a microphone in a quiet room: half a second of noise, the sentence, 0.7 s of noise."""
    pieces = list(engine.speak(f"{text.rstrip('.?!')}.", voice, 0))
    sound = resample(np.concatenate([piece.samples for piece in pieces]), pieces[0].rate, 16_000).astype(float)
    room = np.random.default_rng(5).normal(0, 3, len(sound) + 19_200)
    room[8_000 : 8_000 + len(sound)] += sound * LEVEL / np.abs(sound).max()
    return room.clip(-32768, 32767).astype(np.int16)


def understood(engine: Transcriber, sound: Samples, phrases: tuple[Phrase, ...]) -> Command | None:
    transcription = engine.open("en", "", phrases)
    transcription.push(sound.tobytes())
    text = transcription.finish().text
    transcription.close()
    return recognise_command(text, "en", NAMES, "Ada")


def right(engine: Transcriber, sounds: Sequence[Samples], phrases: tuple[Phrase, ...]) -> int:
    """How many of the commands are understood as themselves."""
    expected = [recognise_command(text, "en", NAMES, "Ada") for text in COMMANDS]
    found = [understood(engine, sound, phrases) for sound in sounds]
    pairs = zip(found, expected, strict=True)
    return sum(one is not None and other is not None and _what(one) == _what(other) for one, other in pairs)


def _what(command: Command) -> tuple[str, str]:
    return command.name, command.character


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ordinary", type=int, default=25, help="ordinary sentences for each voice")
    arguments = parser.parse_args()
    where = machine()
    settings = read_settings(os.environ)
    neural = next(option for option in ENGINES if option.name == "hibari").load(settings)
    speakers: dict[str, Synthesizer] = {"neural": neural, "flite": FliteEngine(), "espeak": EspeakEngine()}
    engine = load(fetch_and_verify(MOONSHINE, settings), make_vad(settings), threads=1)
    phrases = command_phrases(tuple(NAMES.values()))
    ordinary = ORDINARY.read_text().splitlines()
    rows = []
    for place, (name, (speaker, voice)) in enumerate(VOICES.items()):
        sounds = [spoken(speakers[speaker], voice, text) for text in COMMANDS]
        texts = ordinary[place :: len(VOICES)][: arguments.ordinary]
        taken = [text for text in texts if understood(engine, spoken(speakers[speaker], voice, text), phrases)]
        counts = [f"{100 * right(engine, sounds, expected) / len(sounds):.0f} %" for expected in ((), phrases)]
        rows.append([name, *counts, f"{len(taken)} of {len(texts)}"])
        print(" | ".join(rows[-1]), *taken, file=sys.stderr, flush=True)
    head = ("voice", "understood by the words alone", "by the sound too", "ordinary sentences taken for commands")
    print(f"{where}\n")
    print(table(head, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
