"""Debian's libflite through ctypes: streams the audio of a text, with its phonemes.

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
_LOCK = threading.Lock()


class _Wave(ctypes.Structure):
    _fields_ = [
        ("type", c_char_p),
        ("sample_rate", c_int),
        ("num_samples", c_int),
        ("num_channels", c_int),
        ("samples", POINTER(c_short)),
    ]


_OnAudio = ctypes.CFUNCTYPE(c_int, POINTER(_Wave), c_int, c_int, c_int, c_void_p)


class _StreamingInfo(ctypes.Structure):
    _fields_ = [
        ("min_buffsize", c_int),
        ("asc", _OnAudio),
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
    # A voice resolves the language and the lexicon from symbols that are already loaded.
    return ctypes.CDLL(name, mode=ctypes.RTLD_GLOBAL)


def why_unavailable() -> str | None:
    """The unmet requirement, as one sentence; None if flite can run here."""
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
    reason = why_unavailable()
    if reason:
        raise EngineError(reason)
    library = _load("libflite.so.1")
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    library.flite_init()
    return library


class FliteVoice:
    """One voice of flite. Only one voice speaks at a time: the library keeps its settings in shared state.

    Args:
        name: of the CMU voice, e.g. "slt".
        block: minimum of samples per call of `on_audio`, except the last.
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
        self._callback = _OnAudio(self._on_audio)
        self._block = block

    def speak(
        self,
        text: str,
        duration_stretch: float,
        f0_shift: float,
        seed: int,
        on_audio: Callable[[Samples, int, list[Phoneme]], bool],
    ) -> None:
        """Synthesise an ASCII text; returns when all audio has been passed on.

        Args:
            duration_stretch: factor on all durations.
            f0_shift: factor on the pitch, if the voice has a model of it.
            seed: of the noise in the voice.
            on_audio: called with samples, their rate and, the first time, all phonemes; False stops the synthesis.
        Raises:
            EngineError: flite failed.
        """
        is_first = True

        def listen(samples: Samples, rate: int) -> bool:
            nonlocal is_first
            phonemes = self._phonemes(utterance, rate) if is_first else []
            is_first = False
            return on_audio(samples, rate, phonemes)

        flite = self._flite
        with _LOCK:
            self._set_features(duration_stretch, f0_shift, seed)
            utterance = flite.new_utterance()
            flite.utt_set_input_text(utterance, text.encode("ascii"))
            self._listener, self._error = listen, None
            try:
                done = flite.flite_do_synth(utterance, self._voice, ctypes.cast(flite.utt_synth, c_void_p))
            finally:
                self._listener = None
                flite.delete_utterance(utterance)
        if self._error is not None:
            raise self._error
        if not done:
            raise EngineError(f"flite could not speak {len(text)} characters", retryable=True)

    def _set_features(self, duration_stretch: float, f0_shift: float, seed: int) -> None:
        flite = self._flite
        flite.feat_set_float(self._features, b"duration_stretch", duration_stretch)
        flite.feat_set_float(self._features, b"f0_shift", f0_shift)
        # A new one for every text: the voice frees the previous one.
        info = flite.new_audio_streaming_info()
        info.contents.min_buffsize = self._block
        info.contents.asc = self._callback
        flite.feat_set(self._features, b"streaming_info", flite.audio_streaming_info_val(info))
        # flite takes its noise from rand() of the C library, which nothing else in this process uses.
        _libc().srand(seed & 0x7FFFFFFF)

    def _on_audio(self, wave: Any, start: int, size: int, last: int, info: int | None) -> int:
        """Called by flite, through whose C code no exception may pass."""
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
