"""Judges from the sound of an utterance whether the person is done: Smart Turn v3.2 by Daily, BSD-2, 9 MB.

The network hears melody and breath where a transcript has only words; `services.gateway.listening.endpointing` weighs
both. A judgement takes some 100 ms of one core.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from bus.events import MICROPHONE_RATE
from services.audio import samples_from_pcm
from services.log_mel import log_mel

MAX_SECONDS = 8
"""The network hears the last so many seconds of an utterance."""
MAX_SAMPLES = MAX_SECONDS * MICROPHONE_RATE


class TurnEndDetector:
    """Judges the utterances of all sessions, one after another, in a thread.

    Args:
        network: an ONNX file with an input `input_features`, [1, 80, 800] log-mel as for Whisper, and one output,
            [1, 1], the probability that the turn is over.
    """

    def __init__(self, network: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # Two threads are no faster: the network is small.
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(str(network), options, providers=["CPUExecutionProvider"])
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="turn-end")

    def judge(self, pcm: bytes) -> Future[float]:
        """The probability that the turn is over, 0 to 1, once it is known.

        Args:
            pcm: the utterance up to its present silence, and at least 150 ms of the silence; 16 kHz mono s16, the last
                8 s count.
        """
        return self._thread.submit(self.probability, pcm)

    def probability(self, pcm: bytes) -> float:
        """The probability that the turn is over, 0 to 1; see `judge`."""
        recent = np.zeros(MAX_SAMPLES, np.float32)
        samples = samples_from_pcm(pcm)[-MAX_SAMPLES:]
        if len(samples):
            recent[-len(samples) :] = samples.astype(np.float32) / np.float32(32768)
        normalised = (recent - recent.mean()) / np.sqrt(recent.var() + 1e-7)
        (output,) = self._session.run(None, {"input_features": log_mel(normalised)[None]})
        return float(output.reshape(-1)[0])

    def close(self) -> None:
        self._thread.shutdown(cancel_futures=True)
