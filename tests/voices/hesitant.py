"""Phrases of slow, hesitating speakers with marked pauses, made from recordings of people; nothing of them is stored.

The people: Allison Smith, who speaks the prompts of Asterisk (Debian's package `asterisk-core-sounds-en-g722`,
CC BY-SA 3.0), a reader of LibriVox and two more speakers (`pocketsphinx-testdata`). pocketsphinx finds the words of the
known text in each recording. The recording is cut between two words, slowed down without a change of pitch, and the
room's own noise fills the pause. Everything is drawn from a seed, so the phrases are the same each time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Literal, TypeAlias

import av
import av.filter
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from pocketsphinx import Decoder

from bus.events import MICROPHONE_RATE
from services.audio import Samples, to_int16
from services.stt.pocketsphinx_engine import new_decoder
from tests import people

MANY = "Allison Smith"
"""The speaker of most sentences."""
PROMPTS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
_TEXTS = Path(__file__).with_suffix(".json")
_MORE = {"goforward": "go forward ten meters", "something": "go somewhere and do something"}
"""Recordings of two more speakers, raw samples beside LibriVox's folder."""
_EXTRA_WORDS = {"undelete": "AH N D IH L IY T", "unmuted": "AH N M Y UW T IH D"}
"""Words that are missing from pocketsphinx's dictionary."""
_SMALL_WORDS = "a an and at be by for has have i if in is not of or our that the to was will with your"
SMALL_WORDS = frozenset(_SMALL_WORDS.split())
"""A speaker who searches for words pauses after these."""

Kind: TypeAlias = Literal[
    "fluent", "slow", "after a small word", "before the last word", "drawn out", "anywhere", "two pauses"
]
KINDS: tuple[Kind, ...] = (
    "fluent",
    "slow",
    "after a small word",
    "before the last word",
    "drawn out",
    "anywhere",
    "two pauses",
)
"""Fluent: as recorded. All others are slowed down to 0.8 to 0.9; slow has no pause, drawn out has one after a word of
twice its length."""
PAUSES = 0.2, 1.5
"""Seconds of the shortest and of the longest pause."""
LEAD, TAIL = MICROPHONE_RATE, MICROPHONE_RATE * 5 // 2
"""Samples of room before and after a phrase."""
_FADE = MICROPHONE_RATE // 200
_ROOM = 3.0
"""Standard deviation of the noise that is in every phrase, in sample values."""
_LOUDEST_ROOM = 60.0
"""Root mean square of the room at the most, in sample values: some recordings begin and end within a word."""
_ALIGNMENT_RATE = 100
_AUDIBLE = 0.01
"""Root mean square from which 20 ms are audible (-40 dB of full scale)."""

Sound: TypeAlias = npt.NDArray[np.float64]
"""[n], 16 kHz, in sample values."""


@dataclass(frozen=True)
class Sentence:
    """A recorded sentence and where its words are."""

    name: str
    speaker: str
    text: str
    samples: Samples
    """[n], 16 kHz mono."""
    words: tuple[tuple[str, int, int], ...]
    """Each word, its first sample and the one after its last."""


@dataclass(frozen=True)
class Phrase:
    """A phrase as a microphone hears it, with the truth about its end."""

    name: str
    speaker: str
    kind: Kind
    samples: Samples
    """[n], 16 kHz mono: a second of the room, the phrase, two and a half seconds of the room."""
    end: int
    """The sample after the last audible one."""
    pauses: tuple[tuple[int, int], ...]
    """First sample of each inserted pause and the one after its last."""


def sentences(prompts: Path = PROMPTS) -> Iterator[Sentence]:
    """All recorded sentences in a fixed order."""
    decoder = _decoder()
    for name, text in json.loads(_TEXTS.read_text()).items():
        yield _aligned(decoder, name, MANY, text, _g722(prompts / f"{name}.g722"))
    yield from recorded_people(decoder)


def recorded_people(decoder: Decoder | None = None) -> Iterator[Sentence]:
    """The sentences of `pocketsphinx-testdata` alone."""
    decoder = decoder or _decoder()
    for name, text in people.sentences().items():
        yield _aligned(decoder, name, "LibriVox", text, people.samples(name))
    for name, text in _MORE.items():
        samples = np.fromfile(people.FOLDER.parent / f"{name}.raw", "<i2")
        yield _aligned(decoder, name, name, text, samples)


def _decoder() -> Decoder:
    decoder = new_decoder()
    for word, phones in _EXTRA_WORDS.items():
        decoder.add_word(word, phones, True)
    return decoder


def phrases(sentence: Sentence, seed: int = 0) -> Iterator[Phrase]:
    """One phrase of each kind that the sentence allows."""
    for number, kind in enumerate(KINDS):
        generator = np.random.default_rng([seed, number, *sentence.name.encode()])
        places = _places(sentence, kind, generator)
        if places is not None:
            yield _phrase(sentence, kind, places, generator)


def is_for_tuning(sentence: Sentence) -> bool:
    """Whether constants may be chosen by this sentence: half of one speaker's sentences, none of the others'."""
    return sentence.speaker == MANY and sum(sentence.name.encode()) % 2 == 0


def _aligned(decoder: Decoder, name: str, speaker: str, text: str, samples: Samples) -> Sentence:
    decoder.set_align_text(text)
    decoder.start_utt()
    decoder.process_raw(samples.tobytes(), full_utt=True)
    decoder.end_utt()
    step = MICROPHONE_RATE // _ALIGNMENT_RATE
    words = [
        (segment.word.partition("(")[0], segment.start_frame * step, (segment.end_frame + 1) * step)
        for segment in decoder.seg()
        if not segment.word.startswith(("<", "[", "("))
    ]
    return Sentence(name, speaker, text, samples, tuple(words))


def _g722(path: Path) -> Samples:
    with av.open(str(path), format="g722") as container:
        return np.concatenate([frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]).astype(np.int16)


def _places(sentence: Sentence, kind: Kind, generator: np.random.Generator) -> list[int] | None:
    """The words before which the speaker pauses; None where the sentence does not allow this kind."""
    words = [word for word, _, _ in sentence.words]
    inside = list(range(1, len(words)))
    match kind:
        case "fluent" | "slow":
            return []
        case "after a small word":
            inside = [place for place in inside if words[place - 1] in SMALL_WORDS]
        case "before the last word":
            inside = inside[-1:]
        case "two pauses" if len(words) >= 6:
            return sorted(int(place) for place in generator.choice(inside, 2, replace=False))
        case "two pauses":
            return None
    return [int(generator.choice(inside))] if inside else None


def _phrase(sentence: Sentence, kind: Kind, places: Sequence[int], generator: np.random.Generator) -> Phrase:
    tempo = 1.0 if kind == "fluent" else float(generator.uniform(0.8, 0.9))
    speech = sentence.samples.astype(np.float64)
    cuts = [0, *(_quietest(speech, sentence.words[place - 1][2]) for place in places), len(speech)]
    room = _Room(speech, generator)
    pieces, pauses = [room.noise(LEAD)], []
    for number, (start, end) in enumerate(pairwise(cuts)):
        piece = speech[start:end]
        if kind == "drawn out" and number < len(places):
            word = max(start, sentence.words[places[number] - 1][1])
            piece = np.concatenate([_slower(speech[start:word], tempo), _slower(speech[word:end], tempo / 2)])
        else:
            piece = _slower(piece, tempo)
        pieces.append(_faded(piece))
        if number < len(places):
            begun = sum(map(len, pieces))
            pieces.append(room.noise(round(MICROPHONE_RATE * generator.uniform(*PAUSES))))
            pauses.append((begun, begun + len(pieces[-1])))
    end = sum(map(len, pieces))
    pieces.append(room.noise(TAIL))
    sound = np.concatenate(pieces)
    sound += generator.normal(0, _ROOM, len(sound))
    samples = to_int16(sound / 32768)
    return Phrase(sentence.name, sentence.speaker, kind, samples, _last_audible(samples[:end]), tuple(pauses))


def _quietest(speech: Sound, around: int) -> int:
    """The middle of the quietest 10 ms within 40 ms of a place between two words."""
    reach, width = MICROPHONE_RATE // 25, MICROPHONE_RATE // 100
    start = max(0, around - reach)
    power = np.convolve(np.square(speech[start : around + reach]), np.ones(width), "valid")
    return start + int(power.argmin()) + width // 2


def _slower(piece: Sound, tempo: float) -> Sound:
    """The same voice at another tempo, its pitch kept."""
    if tempo == 1.0 or len(piece) < MICROPHONE_RATE // 50:
        return piece
    graph = av.filter.Graph()
    source = graph.add_abuffer(
        format="s16", sample_rate=MICROPHONE_RATE, layout="mono", time_base=Fraction(1, MICROPHONE_RATE)
    )
    steps = [tempo] if tempo >= 0.5 else [0.5, tempo / 0.5]
    filters = [graph.add("atempo", f"{step:.4f}") for step in steps]
    sink = graph.add("abuffersink")
    for one, following in zip([source, *filters], [*filters, sink], strict=True):
        one.link_to(following)
    graph.configure()
    frame = AudioFrame.from_ndarray(to_int16(piece / 32768).reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = MICROPHONE_RATE
    source.push(frame)
    source.push(None)
    blocks: list[Sound] = []
    while True:
        try:
            pulled = sink.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            break
        assert isinstance(pulled, AudioFrame)
        blocks.append(pulled.to_ndarray().reshape(-1).astype(np.float64))
    return np.concatenate(blocks) if blocks else piece


def _faded(piece: Sound) -> Sound:
    """A piece that begins and ends softly, so that no cut clicks."""
    fade = np.ones(len(piece))
    length = min(_FADE, len(piece) // 2)
    fade[:length] = np.linspace(0, 1, length)
    fade[len(fade) - length :] = np.linspace(1, 0, length)
    return piece * fade


def _last_audible(samples: Samples) -> int:
    """The sample after the last 20 ms that are audible."""
    width = MICROPHONE_RATE // 50
    whole = samples[: len(samples) // width * width].astype(np.float64).reshape(-1, width) / 32768
    return (int(np.flatnonzero(np.sqrt(np.square(whole).mean(axis=1)) > _AUDIBLE)[-1]) + 1) * width


class _Room:
    """Noise with the spectrum of the quietest 50 ms of a recording, at its level but at most at `_LOUDEST_ROOM`."""

    def __init__(self, speech: Sound, generator: np.random.Generator) -> None:
        width = MICROPHONE_RATE // 20
        parts = [speech[start : start + width] for start in range(0, len(speech) - width, width // 4)]
        quietest = min(parts, key=lambda part: float(np.square(part).sum()))
        level = min(_LOUDEST_ROOM, float(np.sqrt(np.square(quietest).mean())))
        self._spectrum = np.abs(np.fft.rfft(quietest * np.hanning(width)))
        self._width = width
        self._generator = generator
        self._gain = 1.0
        self._gain = level / max(float(self.noise(MICROPHONE_RATE).std()), 1e-9)

    def noise(self, length: int) -> Sound:
        step = self._width // 2
        sound = np.zeros(length + 2 * self._width)
        for start in range(0, length + self._width, step):
            phases = np.exp(2j * np.pi * self._generator.random(len(self._spectrum)))
            block = self._gain * np.fft.irfft(self._spectrum * phases, self._width)
            sound[start : start + self._width] += block * np.hanning(self._width)
        return sound[step : step + length]
