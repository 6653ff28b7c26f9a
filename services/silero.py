"""Silero's voice activity detector, version 6: a network of 1.2 MB, on the CPU."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from bus.errors import InvalidInput
from services.audio import Samples

WINDOW = 512
"""Samples in a window: 32 ms at 16 kHz, the only length that the network takes at this rate."""
_CONTEXT = 64
"""Samples of the previous window that the network is given again."""
_STATE = (1, 1, 128)
_State: TypeAlias = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
_UNVOICED, _FORGETS = 0.15, 64
"""After so many windows in a row (2 s) under this probability the state begins anew. In silence it drifts: after some
seconds of it a short word's probability is a half instead of 0.9, and after 15 a voice is noticed 90 ms later at the
median and 300 at the 95th percentile (`bench.onset`)."""
_SETTLED = 32
"""Windows (1 s) of digital silence that a new state has heard: with none, a voice is noticed 50 ms later at the 95th
percentile, and with 60 more murmurs are taken for speech."""


class SileroVad:
    """Detects speech in one stream of audio; its state covers what was since the last longer silence. For one thread at
    a time.

    Args:
        network: the file of `services.models.catalogue.SILERO`.
    """

    def __init__(self, network: Path) -> None:
        self._session = _session(network)
        self._new_state = _settled(network)
        self._context: npt.NDArray[np.float32] = np.zeros(_CONTEXT, np.float32)
        self._forget()

    def _forget(self) -> None:
        self._h, self._c = self._new_state
        self._is_new = True
        self._unvoiced = 0
        """Windows without a voice, one after the other."""

    def probability(self, samples: Samples) -> float:
        """The probability of speech in the next window, 0 to 1.

        Args:
            samples: [512], 16 kHz.
        Raises:
            InvalidInput: the window has another length.
        """
        if len(samples) != WINDOW:
            raise InvalidInput(f"expected a window of {WINDOW} samples (32 ms at 16 kHz), got {len(samples)}")
        if self._is_new and not samples.any():
            self._context = np.zeros(_CONTEXT, np.float32)
            return 0.0  # digital silence, as of a muted microphone: the state stays as it is
        self._is_new = False
        window = samples.astype(np.float32) / np.float32(32768)
        frame = np.concatenate([self._context, window])[None]
        self._context = window[-_CONTEXT:]
        output, self._h, self._c = self._session.run(None, {"input": frame, "h": self._h, "c": self._c})
        probability = float(output.reshape(-1)[0])
        self._unvoiced = self._unvoiced + 1 if probability < _UNVOICED else 0
        if self._unvoiced == _FORGETS:
            self._forget()
        return probability


@functools.cache
def _session(network: Path) -> Any:
    """The network, loaded once for the process: running it does not change it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # A window takes 0.2 ms on one core; more threads would only wait for one another.
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(network), options, providers=["CPUExecutionProvider"])


@functools.cache
def _settled(network: Path) -> _State:
    """The state that the network begins with: what it is after digital silence."""
    h, c = np.zeros(_STATE, np.float32), np.zeros(_STATE, np.float32)
    silence = np.zeros((1, _CONTEXT + WINDOW), np.float32)
    for _ in range(_SETTLED):
        _, h, c = _session(network).run(None, {"input": silence, "h": h, "c": c})
    return h, c
