"""Makes the recordings of pauses, fillers, coughs and half sentences again: `python -m tests.voices.make_turns`.

Needs the program flite (2.2) and the extra `espeak`. Each recording is assembled from speech, silence and noises, so
the position of each part is known to the sample.
"""

from __future__ import annotations

import subprocess
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import msgspec
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream

from services.audio import resample, to_int16
from services.tts.engine import Voice
from services.tts.engines.espeak import EspeakEngine
from tests.voices.turns import FOLDER, RATE, Heard, TurnRecording

Sound = npt.NDArray[np.float64]
"""[n], 16 kHz, -1 to 1."""
BITRATE = 20_000
AUDIBLE = 0.01


@dataclass(frozen=True)
class Say:
    text: str
    voice: str = "slt"


@dataclass(frozen=True)
class Quiet:
    seconds: float


@dataclass(frozen=True)
class Noise:
    """cough, knock, breath or music."""

    kind: str


Part = Say | Quiet | Noise

CASES: dict[str, tuple[int, Sequence[Part]]] = {
    # name: phrases expected, parts
    "a_question": (1, [Say("What time is it?")]),
    "one_word": (1, [Say("Yes.", "rms")]),
    "a_pause_after_to": (1, [Say("I would like to"), Quiet(0.65), Say("hear a story about the sea.")]),
    "a_filler": (1, [Say("Tell me about, um.", "rms"), Quiet(0.7), Say("the weather today.", "rms")]),
    "two_questions": (2, [Say("What is your name?", "rms"), Quiet(1.2), Say("What can you do for me?", "rms")]),
    "a_half_sentence": (1, [Say("What about the")]),
    "word_by_word": (
        1, [Say("please"), Quiet(0.22), Say("tell"), Quiet(0.22), Say("me"), Quiet(0.22), Say("a story.")]
    ),
    "a_cough_alone": (0, [Noise("cough")]),
    "a_cough_after_a_sentence": (1, [Say("Tell me a story."), Quiet(0.9), Noise("cough")]),
    "a_cough_before_a_sentence": (1, [Noise("cough"), Quiet(0.8), Say("What time is it?", "rms")]),
    "knocking": (0, [Noise("knock"), Quiet(0.4), Noise("knock"), Quiet(0.3), Noise("knock")]),
    "breathing": (0, [Noise("breath"), Quiet(0.8), Noise("breath")]),
    "music": (0, [Noise("music")]),
    "german_question": (1, [Say("Wie spät ist es?", "de")]),
    "german_pause_after_ich_moechte": (1, [Say("Ich möchte", "de"), Quiet(0.65), Say("eine Geschichte hören.", "de")]),
}  # fmt: skip


def spoken(part: Say, espeak: EspeakEngine) -> Sound:
    """The speech of a part without silence around it."""
    if part.voice == "de":
        pieces = list(espeak.speak(part.text, Voice(name="male", language="de"), 1))
        samples = resample(np.concatenate([piece.samples for piece in pieces]), pieces[0].rate, RATE)
    else:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "speech.wav"
            subprocess.run(["flite", "-voice", part.voice, "-t", part.text, "-o", str(path)], check=True)
            with wave.open(str(path)) as speech:
                samples = np.frombuffer(speech.readframes(speech.getnframes()), np.int16)
                samples = resample(samples, speech.getframerate(), RATE)
    sound = samples / 32768
    loud = np.nonzero(np.abs(sound) > AUDIBLE)[0]
    return sound[loud[0] : loud[-1] + 1]


def noise(kind: str, generator: np.random.Generator) -> Sound:
    if kind == "cough":  # two bursts of noise around 600 Hz, the second one longer
        bursts = [_burst(generator, seconds, 0.5) for seconds in (0.16, 0.22)]
        return np.concatenate([bursts[0], np.zeros(RATE // 12), bursts[1]])
    if kind == "knock":
        time = np.arange(RATE // 10) / RATE
        return np.sin(2 * np.pi * 180 * time) * np.exp(-time * 60) * 0.7
    if kind == "breath":
        length = RATE * 6 // 10
        return generator.normal(0, 0.02, length) * np.hanning(length)
    time = np.arange(4 * RATE) / RATE
    chord = [220, 277.2, 329.6, 440]
    tones = [np.sin(2 * np.pi * tone * time) * np.exp(-(time % 0.5) * 4) for tone in chord]
    return np.asarray(0.12 * sum(tones))


def _burst(generator: np.random.Generator, seconds: float, loudness: float) -> Sound:
    length = round(RATE * seconds)
    white = np.fft.rfft(generator.normal(0, 1, length))
    tones = np.fft.rfftfreq(length, 1 / RATE)
    shaped = np.fft.irfft(white * np.exp(-((np.log2(np.maximum(tones, 1) / 600)) ** 2)), length)
    return np.asarray(shaped / np.abs(shaped).max() * loudness * np.exp(-np.arange(length) / length * 3))


def make(name: str, phrases: int, parts: Sequence[Part], espeak: EspeakEngine) -> TurnRecording:
    """Assemble one recording and write it into the folder."""
    generator = np.random.default_rng(sum(name.encode()))
    pieces: list[Sound] = [np.zeros(RATE)]
    heard: list[Heard] = []
    for part in parts:
        start = sum(map(len, pieces))
        match part:
            case Say(text=text):
                pieces.append(spoken(part, espeak))
                heard.append(Heard(start=start, end=start + len(pieces[-1]), text=text))
            case Noise(kind=kind):
                pieces.append(noise(kind, generator))
            case Quiet(seconds=seconds):
                pieces.append(np.zeros(round(RATE * seconds)))
    pieces.append(np.zeros(2 * RATE))
    sound = np.concatenate(pieces)
    sound += generator.normal(0, 1e-4, len(sound))
    language = "de" if any(isinstance(part, Say) and part.voice == "de" for part in parts) else "en"
    recording = TurnRecording(name=name, language=language, phrases=phrases, heard=tuple(heard))
    samples = resample(to_int16(sound), RATE, 48_000)
    with av.open(str(recording.path), "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=48_000)
        assert isinstance(stream, AudioStream)
        stream.layout = "mono"
        stream.bit_rate = BITRATE
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = 48_000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return recording


if __name__ == "__main__":
    engine = EspeakEngine()
    made = [make(name, phrases, parts, engine) for name, (phrases, parts) in CASES.items()]
    engine.close()
    (FOLDER / "manifest.json").write_bytes(msgspec.json.format(msgspec.json.encode(made), indent=1) + b"\n")
