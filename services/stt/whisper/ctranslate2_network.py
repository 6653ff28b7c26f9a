"""Whisper's network on CTranslate2, the library under faster-whisper: 8 bits on processors, 16 on graphics cards."""

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
from services.stt.whisper.network import Alignment, Generated, Wanted

MEDIAN = 7
"""Width of the filter over alignments, from the reference implementation."""
GPU_BATCH = 8
LARGEST_LENGTH = 448


def cuda_devices() -> int:
    """Graphics cards that this build of CTranslate2 can use; its builds for ARM64 have no CUDA."""
    return int(ctranslate2.get_cuda_device_count())


class CTranslate2Whisper:
    """See `Network`.

    Args:
        folder: a converted model, with its tokenizer.json.
        device: "cpu" or "cuda".
        threads: of a processor.
        precise: single precision.
    Raises:
        EngineError: it does not load.
    """

    keeps_prefix = False
    """It goes through a given beginning token by token, slower than through one of its own: 15 given and 5 new tokens
    took 316 ms where 20 new ones took 215 (size tiny, one core)."""

    def __init__(self, folder: Path, device: str, *, threads: int = 0, precise: bool = False) -> None:
        self.batch = GPU_BATCH if device == "cuda" else 1
        with _translated(f"load {folder}"):
            self.tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._model = ctranslate2.models.Whisper(
                str(folder),
                device=device,
                compute_type="float32" if precise else _smallest(device),
                intra_threads=threads,
            )
        self.mels = int(self._model.n_mels)
        self.multilingual = bool(self._model.is_multilingual)
        self._eot = self.tokenizer.token_to_id("<|endoftext|>")
        self._no_timestamps = self.tokenizer.token_to_id("<|notimestamps|>")

    def encode(self, features: npt.NDArray[np.float32]) -> Any:
        with _translated(f"encode {len(features)} windows"):
            return self._model.encode(ctranslate2.StorageView.from_array(np.ascontiguousarray(features)))

    def languages(self, encoded: Any) -> list[tuple[str, float]]:
        with _translated("tell the language"):
            found = self._model.detect_language(encoded)
        return [(likely[0][0].strip("<|>"), float(likely[0][1])) for likely in found]

    def generate(self, encoded: Any, prompts: Sequence[Sequence[int]], wanted: Wanted) -> list[Generated]:
        begin = list(prompts[0]).index(self._no_timestamps) + 1
        known = len(prompts[0]) - begin
        with _translated(f"decode {len(prompts)} windows"):
            results = self._model.generate(
                encoded,
                [list(prompt) for prompt in prompts],
                beam_size=1,
                sampling_topk=1,
                length_penalty=0,  # else it divides the score by the length
                # What is known of the text counts, and of the whole length text may fill a half.
                max_length=min(max(2 * (known + wanted.limit), len(prompts[0]) - 1 + wanted.limit), LARGEST_LENGTH),
                return_scores=True,
                return_no_speech_prob=True,
                suppress_blank=bool(wanted.suppressed_first),
                suppress_tokens=list(wanted.suppressed),
                no_repeat_ngram_size=0 if wanted.repeats else 3,
            )
        return [
            Generated(
                tokens=tuple(token for token in result.sequences_ids[0][known:] if token < self._eot),
                logprob=float(result.scores[0]),
                no_speech=float(result.no_speech_prob),
            )
            for result in results
        ]

    def align(
        self, encoded: Any, start: Sequence[int], texts: Sequence[Sequence[int]], frames: Sequence[int]
    ) -> list[Alignment]:
        with _translated(f"align {len(texts)} texts"):
            results = self._model.align(
                encoded, list(start), [list(text) for text in texts], list(frames), median_filter_width=MEDIAN
            )
        return [
            Alignment(tuple((int(t), int(p)) for t, p in one.alignments), tuple(map(float, one.text_token_probs)))
            for one in results
        ]


def _smallest(device: str) -> str:
    """The type of numbers that costs least at hardly a word: 8 bits on processors, 16 on cards that have them."""
    wanted = "float16" if device == "cuda" else "int8"
    return wanted if wanted in ctranslate2.get_supported_compute_types(device) else "default"


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # both libraries raise the plainest kinds, ValueError, RuntimeError, Exception
        memory = "out of memory" in str(error).lower()
        detail = f"CTranslate2 cannot {what}: {error}"
        raise EngineError(detail, code="out_of_memory" if memory else None, retryable=memory) from error
