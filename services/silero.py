"""Silero's voice activity detector, version 6: a network of 1.2 MB, on the CPU."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bus.errors import InvalidInput
from services.audio import Samples

WINDOW = 512
"""Samples in a window: 32 ms at 16 kHz, the only length that the network takes at this rate."""
_CONTEXT = 64
"""Samples of the previous window that the network is given again."""
_STATE = (1, 1, 128)


class SileroVad:
    """Detects speech in one stream of audio; its state covers some seconds. For one thread at a time.

    Args:
        network: the file of `services.models.catalogue.SILERO`.
    """

    def __init__(self, network: Path) -> None:
        self._session = _session(network)
        self._h = np.zeros(_STATE, np.float32)
        self._c = np.zeros(_STATE, np.float32)
        self._context: npt.NDArray[np.float32] = np.zeros(_CONTEXT, np.float32)

    def probability(self, samples: Samples) -> float:
        """The probability of speech in the next window, 0 to 1.

        Args:
            samples: [512], 16 kHz.
        Raises:
            InvalidInput: the window has another length.
        """
        if len(samples) != WINDOW:
            raise InvalidInput(f"expected a window of {WINDOW} samples (32 ms at 16 kHz), got {len(samples)}")
        window = samples.astype(np.float32) / np.float32(32768)
        frame = np.concatenate([self._context, window])[None]
        self._context = window[-_CONTEXT:]
        output, self._h, self._c = self._session.run(None, {"input": frame, "h": self._h, "c": self._c})
        return float(output.reshape(-1)[0])


@functools.cache
def _session(network: Path) -> Any:
    """The network, loaded once for the process: running it does not change it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # A window takes 0.2 ms on one core; more threads would only wait for one another.
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(network), options, providers=["CPUExecutionProvider"])
