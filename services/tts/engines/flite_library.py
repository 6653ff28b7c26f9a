"""Debian's libflite through ctypes: a voice, a text, its phonemes and its sound while it is made.

Licence of flite and of its voices: BSD-like, see docs/licences.md. The structures are those of flite 2.x.
"""

from __future__ import annotations

import ctypes
import functools
import threading
from collections.abc import Callable
from ctypes import POINTER, c_char_p, c_float, c_int, c_short, c_void_p
from typing import Any

import numpy as np

from bus.errors import EngineError
from services.audio import Samples
from services.tts.lips.visemes import Phoneme

_CONTINUE, _STOP = 0, -1
_SPEAKING = threading.Lock()


class _Wave(ctypes.Structure):
    _fields_ = [
        ("type", c_char_p),
        ("sample_rate", c_int),
        ("num_samples", c_int),
        ("num_channels", c_int),
        ("samples", POINTER(c_short)),
    ]


_OnSound = ctypes.CFUNCTYPE(c_int, POINTER(_Wave), c_int, c_int, c_int, c_void_p)


class _StreamingInfo(ctypes.Structure):
    _fields_ = [
        ("min_buffsize", c_int),
        ("asc", _OnSound),
        ("text", c_char_p),
        ("utt", c_void_p),
        ("item", c_void_p),
        ("userdata", c_void_p),
    ]


class _Voice(ctypes.Structure):
    _fields_ = [("name", c_char_p), ("features", c_void_p)]


_SIGNATURES: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "flite_init": (c_int, ()),
    "new_utterance": (c_void_p, ()),
    "delete_utterance": (None, (c_void_p,)),
    "utt_set_input_text": (c_int, (c_void_p, c_char_p)),
    "flite_do_synth": (c_void_p, (c_void_p, c_void_p, c_void_p)),
    "utt_relation": (c_void_p, (c_void_p, c_char_p)),
    "relation_head": (c_void_p, (c_void_p,)),
    "item_next": (c_void_p, (c_void_p,)),
    "item_feat_float": (c_float, (c_void_p, c_char_p)),
    "item_feat_string": (c_char_p, (c_void_p, c_char_p)),
    "new_audio_streaming_info": (POINTER(_StreamingInfo), ()),
    "audio_streaming_info_val": (c_void_p, (POINTER(_StreamingInfo),)),
    "feat_set": (None, (c_void_p, c_char_p, c_void_p)),
    "feat_set_float": (None, (c_void_p, c_char_p, c_float)),
}


@functools.cache
def _load(name: str) -> ctypes.CDLL:
    # Voices look up the language and the lexicon among the symbols that are there already.
    return ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL)


def why_unavailable() -> str | None:
    """What of flite is not installed here, as one sentence."""
    for library in ("libflite.so.1", "libflite_usenglish.so.1", "libflite_cmulex.so.1", "libflite_cmu_us_slt.so.1"):
        try:
            _load(library)
        except OSError:
            return f"{library} is not installed (Debian: apt install libflite1)"
    return None


@functools.cache
def _libc() -> ctypes.CDLL:
    library = ctypes.CDLL(None)
    library.srand.argtypes = (ctypes.c_uint,)
    return library


@functools.cache
def _flite() -> ctypes.CDLL:
    lack = why_unavailable()
    if lack:
        raise EngineError(lack)
    library = _load("libflite.so.1")
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    library.flite_init()
    return library


class FliteVoice:
    """One voice of flite. Voices take turns: the library keeps what it is asked for in voices that all share.

    Args:
        name: of the CMU voice, e.g. "slt".
        block: smallest number of samples that `on_sound` is called with, but for the last.
    Raises:
        EngineError: the voice is not installed.
    """

    def __init__(self, name: str, block: int = 800) -> None:
        self._flite = _flite()
        try:
            register = getattr(_load(f"libflite_cmu_us_{name}.so.1"), f"register_cmu_us_{name}")
        except (OSError, AttributeError) as error:
            raise EngineError(f"flite has no voice {name!r} here: {error}") from error
        register.restype, register.argtypes = POINTER(_Voice), (c_char_p,)
        self._voice = register(None)
        self._features = self._voice.contents.features
        self._listener: Callable[[Samples, int], bool] | None = None
        self._error: BaseException | None = None
        self._callback = _OnSound(self._hear)
        self._block = block

    def speak(
        self,
        text: str,
        stretch: float,
        shift: float,
        seed: int,
        on_sound: Callable[[Samples, int, list[Phoneme]], bool],
    ) -> None:
        """Make the sound of an ASCII text; returns when all of it is made.

        Args:
            stretch: factor on all durations.
            shift: factor on the pitch, where the voice has a model for it.
            seed: of the breath in the voice.
            on_sound: called with samples, their rate and, the first time, all phonemes; False stops the work.
        Raises:
            EngineError: flite gave up.
        """
        told = False

        def listen(samples: Samples, rate: int) -> bool:
            nonlocal told
            phonemes = [] if told else self._phonemes(utterance, rate)
            told = True
            return on_sound(samples, rate, phonemes)

        flite = self._flite
        with _SPEAKING:
            self._set(stretch, shift, seed)
            utterance = flite.new_utterance()
            flite.utt_set_input_text(utterance, text.encode("ascii"))
            self._listener, self._error = listen, None
            try:
                made = flite.flite_do_synth(utterance, self._voice, ctypes.cast(flite.utt_synth, c_void_p))
            finally:
                self._listener = None
                flite.delete_utterance(utterance)
        if self._error is not None:
            raise self._error
        if not made:
            raise EngineError(f"flite could not speak {len(text)} characters", retryable=True)

    def _set(self, stretch: float, shift: float, seed: int) -> None:
        flite = self._flite
        flite.feat_set_float(self._features, b"duration_stretch", stretch)
        flite.feat_set_float(self._features, b"f0_shift", shift)
        # A fresh one for every text: the voice frees the one before.
        info = flite.new_audio_streaming_info()
        info.contents.min_buffsize = self._block
        info.contents.asc = self._callback
        flite.feat_set(self._features, b"streaming_info", flite.audio_streaming_info_val(info))
        # flite draws its noise from the C library, which nothing else in this process does.
        _libc().srand(seed & 0x7FFFFFFF)

    def _hear(self, wave: Any, start: int, size: int, last: int, info: int | None) -> int:
        """Called by flite; an exception must not go through its C code."""
        assert self._listener is not None
        if size <= 0:
            return _CONTINUE
        try:
            samples = np.ctypeslib.as_array(wave.contents.samples, (start + size,))[start:].copy()
            return _CONTINUE if self._listener(samples, wave.contents.sample_rate) else _STOP
        except Exception as error:  # noqa: BLE001 - raised again as soon as flite has returned
            self._error = error
            return _STOP

    def _phonemes(self, utterance: int, rate: int) -> list[Phoneme]:
        flite = self._flite
        phonemes: list[Phoneme] = []
        start = 0
        item = flite.relation_head(flite.utt_relation(utterance, b"Segment"))
        while item:
            end = round(flite.item_feat_float(item, b"end") * rate)
            phonemes.append(Phoneme(flite.item_feat_string(item, b"name").decode("ascii"), start, end))
            start = end
            item = flite.item_next(item)
        return phonemes
