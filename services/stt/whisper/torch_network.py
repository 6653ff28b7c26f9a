"""Whisper's network on torch, for GPUs without a CTranslate2 build, such as those of ARM64 machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tokenizers
import torch

from bus.errors import EngineError
from services import torch_audio
from services.gpu_faults import GpuFault, gpu_faults
from services.stt.whisper.network import Alignment, DecodeRequest, DecodeResult
from services.stt.whisper.token_alignment import align_tokens

torch_audio.make_importable()

from transformers import WhisperForConditionalGeneration  # noqa: E402
from transformers.modeling_outputs import BaseModelOutput  # noqa: E402

GPU_BATCH = 8


class TorchWhisper:
    """See `Network`.

    Args:
        folder: a model in the format of `transformers`, with its tokenizer.json.
        device: "cpu", "cuda" or another device of torch.
    Raises:
        EngineError: the model does not load.
    """

    fast_prefill = True

    def __init__(self, folder: Path, device: str) -> None:
        self.batch_size = 1 if device == "cpu" else GPU_BATCH
        self._device = device
        self._type = torch.float32 if device == "cpu" else torch.float16
        with _engine_errors(f"load {folder}"):
            self.tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
            model = WhisperForConditionalGeneration.from_pretrained(folder, dtype=self._type, local_files_only=True)
            self._model = model.to(device).eval()
        config = self._model.config
        self.n_mels = int(config.num_mel_bins)
        token_id = self.tokenizer.token_to_id
        self.multilingual = token_id("") is not None  # only in OpenAI's multilingual vocabulary
        self._eot = token_id("<|endoftext|>")
        self._sot = token_id("<|startoftranscript|>")
        self._no_timestamps = token_id("<|notimestamps|>")
        self._no_speech = token_id("<|nospeech|>") or token_id("<|nocaptions|>")
        after_languages = token_id("<|translate|>") or self._sot + 1
        self._languages = list(range(self._sot + 1, after_languages))
        heads = getattr(self._model.generation_config, "alignment_heads", None)
        layers = config.decoder_layers
        # Without alignment heads in the model: all heads of the upper half, as in the reference implementation.
        self._heads = heads or [
            [layer, head] for layer in range(layers // 2, layers) for head in range(config.decoder_attention_heads)
        ]

    def encode(self, features: npt.NDArray[np.float32]) -> Any:
        with _engine_errors(f"encode {len(features)} windows"):
            spectrograms = torch.from_numpy(features).to(self._device, self._type)
            return self._model.model.encoder(spectrograms).last_hidden_state

    def detect_language(self, encoded: Any) -> list[tuple[str, float]]:
        with _engine_errors("detect the language"):
            start = torch.full((len(encoded), 1), self._sot, device=self._device)
            logits = self._decoder(encoded, start).logits[:, -1, self._languages].float()
            best = logits.softmax(-1).max(-1)
        names = [self.tokenizer.id_to_token(self._languages[index]).strip("<|>") for index in best.indices.tolist()]
        return list(zip(names, best.values.tolist(), strict=True))

    def generate(self, encoded: Any, prompts: Sequence[Sequence[int]], request: DecodeRequest) -> list[DecodeResult]:
        with _engine_errors(f"decode {len(prompts)} windows"):
            return self._generate(encoded, prompts, request)

    def _generate(self, encoded: Any, prompts: Sequence[Sequence[int]], request: DecodeRequest) -> list[DecodeResult]:
        tokens = torch.tensor([list(prompt) for prompt in prompts], device=self._device)
        generated: list[list[int]] = [[] for _ in prompts]
        ended = [False] * len(prompts)
        sums = [0.0] * len(prompts)
        no_speech_prob: list[float] = []
        cache: Any = None
        for step in range(request.max_tokens):
            output = self._decoder(encoded, tokens, cache)
            cache = output.past_key_values
            if not no_speech_prob:
                start = output.logits[:, list(prompts[0]).index(self._sot)].float()
                no_speech_prob = start.softmax(-1)[:, self._no_speech].tolist()
            logits = output.logits[:, -1].float()
            logits[:, list(request.suppress)] = -torch.inf
            if step == 0:
                logits[:, list(request.suppress_first)] = -torch.inf
            if not request.allow_repeats:
                for row, so_far in enumerate(generated):
                    logits[row, _trigram_ends(so_far)] = -torch.inf
            best = logits.log_softmax(-1).max(-1)
            for row, (token, logprob) in enumerate(zip(best.indices.tolist(), best.values.tolist(), strict=True)):
                if not ended[row]:
                    sums[row] += logprob
                    ended[row] = token == self._eot
                    generated[row] += [] if ended[row] else [token]
            if all(ended):
                break
            tokens = best.indices[:, None]
        return [
            DecodeResult(tuple(token for token in row if token < self._eot), logprob, no_speech)
            for row, logprob, no_speech in zip(generated, sums, no_speech_prob, strict=True)
        ]

    def align(
        self, encoded: Any, start: Sequence[int], texts: Sequence[Sequence[int]], frames: Sequence[int]
    ) -> list[Alignment]:
        # Only the eager implementation returns attention weights.
        default = self._model.config._attn_implementation
        with _engine_errors(f"align {len(texts)} texts"):
            self._model.set_attn_implementation("eager")
            try:
                return [
                    self._align(encoded[row : row + 1], start, text, max(1, columns // 2))
                    for row, (text, columns) in enumerate(zip(texts, frames, strict=True))
                ]
            finally:
                self._model.set_attn_implementation(default)

    def _align(self, encoded: Any, start: Sequence[int], text: Sequence[int], positions: int) -> Alignment:
        tokens = torch.tensor([[*start, self._no_timestamps, *text, self._eot]], device=self._device)
        output = self._decoder(encoded, tokens, output_attentions=True)
        first = len(start)
        likely = output.logits[0, first : first + len(text), : self._eot].float().softmax(-1)
        probabilities = likely[range(len(text)), list(text)].tolist()
        attention = torch.stack([output.cross_attentions[layer][0, head] for layer, head in self._heads])
        attention = attention[..., :positions].float()
        attention = attention / attention.sum(-1, keepdim=True).clamp_min(1e-9)
        return Alignment(align_tokens(attention.cpu().numpy(), first), tuple(probabilities))

    def _decoder(self, encoded: Any, tokens: Any, cache: Any = None, *, output_attentions: bool = False) -> Any:
        return self._model(
            encoder_outputs=BaseModelOutput(last_hidden_state=encoded),
            decoder_input_ids=tokens,
            past_key_values=cache,
            use_cache=not output_attentions,
            output_attentions=output_attentions,
        )


def _trigram_ends(tokens: list[int]) -> list[int]:
    """The tokens that have already followed the last two."""
    pair = tokens[-2:]
    return [tokens[index + 2] for index in range(len(tokens) - 2) if tokens[index : index + 2] == pair]


@contextmanager
def _engine_errors(action: str) -> Iterator[None]:
    """Runs the block in inference mode and raises any exception as EngineError, those of a card as GpuFault."""
    try:
        with gpu_faults(action):
            try:
                with torch.inference_mode():
                    yield
            except torch.OutOfMemoryError:
                torch.cuda.empty_cache()
                raise
    except GpuFault:
        raise
    except Exception as error:  # the libraries share no base class of errors
        raise EngineError(f"torch cannot {action}: {error}") from error
