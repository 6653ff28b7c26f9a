"""Whisper's network on CTranslate2, the library under faster-whisper: 8 bits on CPUs, 16 on GPUs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import numpy.typing as npt
import tokenizers

from bus.errors import EngineError
from services.gpu_faults import GpuFault, gpu_faults
from services.stt.whisper.network import Alignment, DecodeRequest, DecodeResult

MEDIAN_WIDTH = 7
"""Of the filter over alignments, from the reference implementation."""
GPU_BATCH = 8
MAX_LENGTH = 448


def cuda_devices() -> int:
    """GPUs that this build of CTranslate2 can use; its ARM64 builds have no CUDA."""
    return int(ctranslate2.get_cuda_device_count())


class CTranslate2Whisper:
    """See `Network`.

    Args:
        folder: a converted model, with its tokenizer.json.
        device: "cpu" or "cuda".
        threads: of the CPU.
        precise: single precision.
    Raises:
        EngineError: the model does not load.
    """

    fast_prefill = False
    """CTranslate2 prefills token by token, more slowly than it generates: 15 known and 5 new tokens took 316 ms, 20 new
    ones 215 ms (size tiny, one core)."""

    def __init__(self, folder: Path, device: str, *, threads: int = 0, precise: bool = False) -> None:
        self.batch_size = GPU_BATCH if device == "cuda" else 1
        with _engine_errors(f"load {folder}"):
            self.tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._model = ctranslate2.models.Whisper(
                str(folder),
                device=device,
                compute_type="float32" if precise else _fastest_type(device),
                intra_threads=threads,
            )
        self.n_mels = int(self._model.n_mels)
        self.multilingual = bool(self._model.is_multilingual)
        self._eot = self.tokenizer.token_to_id("<|endoftext|>")
        self._no_timestamps = self.tokenizer.token_to_id("<|notimestamps|>")

    def encode(self, features: npt.NDArray[np.float32]) -> Any:
        with _engine_errors(f"encode {len(features)} windows"):
            return self._model.encode(ctranslate2.StorageView.from_array(np.ascontiguousarray(features)))

    def detect_language(self, encoded: Any) -> list[tuple[str, float]]:
        with _engine_errors("detect the language"):
            found = self._model.detect_language(encoded)
        return [(likely[0][0].strip("<|>"), float(likely[0][1])) for likely in found]

    def generate(self, encoded: Any, prompts: Sequence[Sequence[int]], request: DecodeRequest) -> list[DecodeResult]:
        begin = list(prompts[0]).index(self._no_timestamps) + 1
        known = len(prompts[0]) - begin
        # CTranslate2 counts the known beginning, and lets text fill half of the whole length.
        max_length = max(2 * (known + request.max_tokens), len(prompts[0]) - 1 + request.max_tokens)
        max_length = min(max_length, MAX_LENGTH)
        with _engine_errors(f"decode {len(prompts)} windows"):
            results = self._model.generate(
                encoded,
                [list(prompt) for prompt in prompts],
                beam_size=1,
                sampling_topk=1,
                length_penalty=0,  # else the score is divided by the length
                max_length=max_length,
                return_scores=True,
                return_no_speech_prob=True,
                suppress_blank=bool(request.suppress_first),
                suppress_tokens=list(request.suppress),
                no_repeat_ngram_size=0 if request.allow_repeats else 3,
            )
        return [
            DecodeResult(
                tokens=tuple(token for token in result.sequences_ids[0][known:] if token < self._eot),
                logprob=float(result.scores[0]),
                no_speech_prob=float(result.no_speech_prob),
            )
            for result in results
        ]

    def align(
        self, encoded: Any, start: Sequence[int], texts: Sequence[Sequence[int]], frames: Sequence[int]
    ) -> list[Alignment]:
        with _engine_errors(f"align {len(texts)} texts"):
            results = self._model.align(
                encoded, list(start), [list(text) for text in texts], list(frames), median_filter_width=MEDIAN_WIDTH
            )
        return [
            Alignment(tuple((int(t), int(p)) for t, p in one.alignments), tuple(map(float, one.text_token_probs)))
            for one in results
        ]


def _fastest_type(device: str) -> str:
    """The number type with the least cost at hardly a word error more: 8 bits on CPUs, 16 on GPUs that have them."""
    best = "float16" if device == "cuda" else "int8"
    return best if best in ctranslate2.get_supported_compute_types(device) else "default"


@contextmanager
def _engine_errors(action: str) -> Iterator[None]:
    """Raises any exception as EngineError, those of a graphics card as GpuFault."""
    try:
        with gpu_faults(action):
            yield
    except GpuFault:
        raise
    except Exception as error:  # both libraries raise ValueError, RuntimeError or plain Exception
        raise EngineError(f"CTranslate2 cannot {action}: {error}") from error
