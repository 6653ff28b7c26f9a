"""Recordings of people with their texts, from Debian's packages, and the same with noise and reverberation by a seed.

`pocketsphinx-testdata`: readers of LibriVox (public domain), cards and short sentences of CMU.
`asterisk-core-sounds-en-g722`: Allison Smith's prompts (CC BY-SA 3.0). The package has no texts: `prompts.txt` holds
those of 66 prompts of 1.5 to 8 seconds, drawn by lot. Two recognisers wrote them down, Moonshine and Whisper base;
where they differed, the file's name and the usual wording decided. No person has checked them by ear.
"""

from __future__ import annotations

import re
import wave
from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from bus.events import MICROPHONE_RATE
from services.audio import Samples
from tests import voices

POCKETSPHINX = Path("/usr/share/pocketsphinx/test/data")
ASTERISK = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
PACKAGES = {POCKETSPHINX: "pocketsphinx-testdata", ASTERISK: "asterisk-core-sounds-en-g722"}
_RAW = {"goforward": "go forward ten meters", "something": "go somewhere and do something"}
PROMPTS = Path(__file__).parent / "prompts.txt"
NOISE_DB = 12.0
"""Level of the speech above the noise."""
REVERBERATION = 0.5
"""Seconds in which the reverberation falls by 60 dB."""
DIRECT_SHARE = 0.5
"""Energy of the direct sound, of all."""
SEED = 7


@dataclass(frozen=True)
class Recording:
    """A sentence that was recorded."""

    name: str
    text: str
    samples: Samples
    """[n], 16 kHz."""


def people(asterisk: Path = ASTERISK, pocketsphinx: Path = POCKETSPHINX) -> list[Recording]:
    """The recordings of people.

    Raises:
        FileNotFoundError: a package is not installed; names it.
    """
    for folder, package in ((pocketsphinx, PACKAGES[POCKETSPHINX]), (asterisk, PACKAGES[ASTERISK])):
        if not folder.is_dir():
            raise FileNotFoundError(f"{folder} is not here; install it with: apt install {package}")
    return [*_transcribed(pocketsphinx / "librivox"), *_transcribed(pocketsphinx / "cards"), *_raw(pocketsphinx),
            *_prompts(asterisk)]  # fmt: skip


def synthetic() -> list[Recording]:
    """The recordings of the tests, of synthetic voices."""
    return [Recording(name, one.text, voices.samples(name)) for name, one in voices.recordings().items()]


def in_noise(recording: Recording, seed: int = SEED, level: float = NOISE_DB) -> Recording:
    """The recording with pink noise, `level` dB below the speech."""
    speech = recording.samples.astype(np.float64)
    noise = pink_noise(len(speech), seed)
    gain = np.sqrt(np.mean(speech**2) / np.mean(noise**2)) * 10 ** (-level / 20)
    return replace(recording, samples=_to_samples(speech + gain * noise))


def reverberant(recording: Recording, seed: int = SEED, seconds: float = REVERBERATION) -> Recording:
    """The recording as in a room whose reverberation falls by 60 dB in these seconds."""
    response = np.random.default_rng(seed).normal(size=round(seconds * MICROPHONE_RATE))
    response *= 10 ** (-3 * np.arange(len(response)) / len(response))
    response *= np.sqrt((1 - DIRECT_SHARE) / np.sum(response**2))
    response[0] += np.sqrt(DIRECT_SHARE)
    speech = recording.samples.astype(np.float64)
    size = len(speech) + len(response) - 1
    heard = np.fft.irfft(np.fft.rfft(speech, size) * np.fft.rfft(response, size), size)
    return replace(recording, samples=_to_samples(heard))


def pink_noise(length: int, seed: int) -> npt.NDArray[np.float64]:
    """Noise whose power falls by 3 dB an octave, [length]."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=length))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0
    return np.fft.irfft(spectrum, length)


def _to_samples(sound: npt.NDArray[np.float64]) -> Samples:
    return sound.round().clip(-32768, 32767).astype(np.int16)


def _transcribed(folder: Path) -> list[Recording]:
    """WAV files with CMU's transcription beside them: "<s> words </s> (name)"."""
    listed = next(folder.glob("*transcription")).read_text().splitlines()
    found = []
    for line in listed:
        if match := re.fullmatch(r"<s> (.*?)\s*</s> \((.*)\)", line.strip()):
            with wave.open(str(folder / f"{match[2]}.wav")) as sound:
                samples = np.frombuffer(sound.readframes(sound.getnframes()), np.int16)
            found.append(Recording(match[2], match[1], samples))
    return found


def _raw(folder: Path) -> list[Recording]:
    return [Recording(name, text, np.fromfile(folder / f"{name}.raw", "<i2")) for name, text in _RAW.items()]


def _prompts(folder: Path) -> list[Recording]:
    found = []
    for line in PROMPTS.read_text().splitlines():
        name, text = line.split("\t")
        with av.open(str(folder / f"{name}.g722"), format="g722") as container:
            blocks = [frame.to_ndarray()[0] for frame in container.decode(audio=0)]
        found.append(Recording(name, text, np.concatenate(blocks).astype(np.int16)))
    return found
