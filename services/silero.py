"""Silero's voice activity detector (version 6), on the CPU. Its network, 1.2 MB, is in the wheel of faster-whisper."""

from __future__ import annotations

import functools
import importlib.util
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


def why_unavailable() -> str | None:
    """The first requirement of the detector that is not met here, as one sentence; None where all are met."""
    for package in ("onnxruntime", "faster_whisper"):
        if importlib.util.find_spec(package) is None:
            return f"the package {package.replace('_', '-')} is not installed (pip install 'visavis[whisper]')"
    return None if _network().exists() else f"{_network()} is missing: another version of faster-whisper is installed"


class SileroVad:
    """The detector of one stream of sound; its state spans some seconds. Used by one thread at a time."""

    def __init__(self) -> None:
        self._session = _session()
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


def _network() -> Path:
    spec = importlib.util.find_spec("faster_whisper")
    assert spec is not None
    assert spec.origin is not None
    # Without importing the package, which would load CTranslate2.
    return Path(spec.origin).parent / "assets" / "silero_vad_v6.onnx"


@functools.cache
def _session() -> Any:
    """The network, shared by all detectors of the process: it keeps no state itself."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # A window takes 0.2 ms on one core; more threads would only wait for one another.
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(_network()), options, providers=["CPUExecutionProvider"])
