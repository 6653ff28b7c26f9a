"""Makes the recordings again with the program flite (2.2): `python -m tests.voices.make`.

The sentences were selected from about thirty: pocketsphinx recognises them at several volumes, after one and two passes
through Opus, and with slight noise.
"""

from __future__ import annotations

import subprocess
import tempfile
import wave
from pathlib import Path

import av
import msgspec
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream

from services.audio import resample
from tests.voices import FOLDER, Recording

SENTENCES = (
    ("rms", "Hello."),
    ("rms", "What time is it?"),
    ("rms", "What is your name?"),
    ("rms", "What can you do for me?"),
    ("rms", "What characters do you have?"),
    ("slt", "What time is it?"),
    ("slt", "Tell me something about yourself."),
    ("slt", "Are you a robot?"),
    ("slt", "Please tell me a story about the sea."),
    ("slt", "Thank you very much."),
    ("slt", "Goodbye."),
    ("rms", "Stop talking."),
    ("rms", "Repeat that."),
    ("rms", "Okay."),
)
BITRATE = 24_000


def make(voice: str, sentence: str) -> Recording:
    """Synthesise one sentence into a file of this folder."""
    text = sentence.lower().rstrip(".?")
    recording = Recording(file=f"{text.replace(' ', '_')}_{voice}.ogg", text=text, voice=voice)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        subprocess.run(["flite", "-voice", voice, "-t", sentence, "-o", str(path)], check=True)
        with wave.open(str(path)) as speech:
            samples = np.frombuffer(speech.readframes(speech.getnframes()), np.int16)
            samples = resample(samples, speech.getframerate(), 48_000)
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
    made = [make(voice, sentence) for voice, sentence in SENTENCES]
    (FOLDER / "manifest.json").write_bytes(msgspec.json.format(msgspec.json.encode(made), indent=1) + b"\n")
