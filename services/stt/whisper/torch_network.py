"""Whisper's network on torch, for graphics cards that CTranslate2 has no build for, such as those of ARM64 machines."""

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
from services.stt.whisper.network import Alignment, Generated, Wanted
from services.stt.whisper.token_alignment import path_through

torch_audio.make_importable()

from transformers import WhisperForConditionalGeneration  # noqa: E402
from transformers.modeling_outputs import BaseModelOutput  # noqa: E402

GPU_BATCH = 8


class TorchWhisper:
    """See `Network`.

    Args:
        folder: a model as `transformers` keeps it, with its tokenizer.json.
        device: "cpu", "cuda" or another device of torch.
    Raises:
        EngineError: it does not load.
    """

    keeps_prefix = True

    def __init__(self, folder: Path, device: str) -> None:
        self.batch = 1 if device == "cpu" else GPU_BATCH
        self._device = device
        self._type = torch.float32 if device == "cpu" else torch.float16
        with _translated(f"load {folder}"):
            self.tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
            model = WhisperForConditionalGeneration.from_pretrained(folder, dtype=self._type, local_files_only=True)
            self._model = model.to(device).eval()
        config = self._model.config
        self.mels = int(config.num_mel_bins)
        identity = self.tokenizer.token_to_id
        self.multilingual = identity("") is not None  # of OpenAI's vocabularies only the one of all languages has it
        self._eot = identity("<|endoftext|>")
        self._sot = identity("<|startoftranscript|>")
        self._no_timestamps = identity("<|notimestamps|>")
        self._no_speech = identity("<|nospeech|>") or identity("<|nocaptions|>")
        after_languages = identity("<|translate|>") or self._sot + 1
        self._languages = list(range(self._sot + 1, after_languages))
        heads = getattr(self._model.generation_config, "alignment_heads", None)
        layers = config.decoder_layers
        # As the reference implementation does where a model names none: all heads of the upper half.
        self._heads = heads or [
            [layer, head]
            for layer in range(layers // 2, layers)
            for head in range(config.decoder_attention_heads)
        ]

    def encode(self, features: npt.NDArray[np.float32]) -> Any:
        with _translated(f"encode {len(features)} windows"):
            spectrograms = torch.from_numpy(features).to(self._device, self._type)
            return self._model.model.encoder(spectrograms).last_hidden_state

    def languages(self, encoded: Any) -> list[tuple[str, float]]:
        with _translated("tell the language"):
            start = torch.full((len(encoded), 1), self._sot, device=self._device)
            logits = self._decoder(encoded, start).logits[:, -1, self._languages].float()
            best = logits.softmax(-1).max(-1)
        names = [self.tokenizer.id_to_token(self._languages[place]).strip("<|>") for place in best.indices.tolist()]
        return list(zip(names, best.values.tolist(), strict=True))

    def generate(self, encoded: Any, prompts: Sequence[Sequence[int]], wanted: Wanted) -> list[Generated]:
        with _translated(f"decode {len(prompts)} windows"):
            return self._generate(encoded, prompts, wanted)

    def _generate(self, encoded: Any, prompts: Sequence[Sequence[int]], wanted: Wanted) -> list[Generated]:
        tokens = torch.tensor([list(prompt) for prompt in prompts], device=self._device)
        said: list[list[int]] = [[] for _ in prompts]
        over = [False] * len(prompts)
        sums = [0.0] * len(prompts)
        no_speech: list[float] = []
        cache: Any = None
        for step in range(wanted.limit):
            output = self._decoder(encoded, tokens, cache)
            cache = output.past_key_values
            if not no_speech:
                start = output.logits[:, list(prompts[0]).index(self._sot)].float()
                no_speech = start.softmax(-1)[:, self._no_speech].tolist()
            logits = output.logits[:, -1].float()
            logits[:, list(wanted.suppressed)] = -torch.inf
            if step == 0:
                logits[:, list(wanted.suppressed_first)] = -torch.inf
            if not wanted.repeats:
                for row, so_far in enumerate(said):
                    logits[row, _third_tokens(so_far)] = -torch.inf
            best = logits.log_softmax(-1).max(-1)
            for row, (token, logprob) in enumerate(zip(best.indices.tolist(), best.values.tolist(), strict=True)):
                if not over[row]:
                    sums[row] += logprob
                    over[row] = token == self._eot
                    said[row] += [] if over[row] else [token]
            if all(over):
                break
            tokens = best.indices[:, None]
        return [
            Generated(tuple(token for token in one if token < self._eot), total, silent)
            for one, total, silent in zip(said, sums, no_speech, strict=True)
        ]

    def align(
        self, encoded: Any, start: Sequence[int], texts: Sequence[Sequence[int]], frames: Sequence[int]
    ) -> list[Alignment]:
        # The faster ways to attend do not say where they looked.
        usual = self._model.config._attn_implementation
        with _translated(f"align {len(texts)} texts"):
            self._model.set_attn_implementation("eager")
            try:
                return [
                    self._align(encoded[row : row + 1], start, text, max(1, columns // 2))
                    for row, (text, columns) in enumerate(zip(texts, frames, strict=True))
                ]
            finally:
                self._model.set_attn_implementation(usual)

    def _align(self, encoded: Any, start: Sequence[int], text: Sequence[int], positions: int) -> Alignment:
        tokens = torch.tensor([[*start, self._no_timestamps, *text, self._eot]], device=self._device)
        output = self._decoder(encoded, tokens, output_attentions=True)
        first = len(start)
        likely = output.logits[0, first : first + len(text), : self._eot].float().softmax(-1)
        probabilities = likely[range(len(text)), list(text)].tolist()
        attention = torch.stack([output.cross_attentions[layer][0, head] for layer, head in self._heads])
        heard = attention[..., :positions].float()
        heard = heard / heard.sum(-1, keepdim=True).clamp_min(1e-9)
        return Alignment(path_through(heard.cpu().numpy(), first), tuple(probabilities))

    def _decoder(self, encoded: Any, tokens: Any, cache: Any = None, *, output_attentions: bool = False) -> Any:
        return self._model(
            encoder_outputs=BaseModelOutput(last_hidden_state=encoded),
            decoder_input_ids=tokens,
            past_key_values=cache,
            use_cache=not output_attentions,
            output_attentions=output_attentions,
        )


def _third_tokens(said: list[int]) -> list[int]:
    """The tokens that have come after the last two before."""
    pair = said[-2:]
    return [said[place + 2] for place in range(len(said) - 2) if said[place : place + 2] == pair]


@contextmanager
def _translated(what: str) -> Iterator[None]:
    try:
        with torch.inference_mode():
            yield
    except torch.OutOfMemoryError as error:
        raise EngineError(f"torch cannot {what}: {error}", code="out_of_memory", retryable=True) from error
    except Exception as error:  # each of the libraries under it has kinds of its own
        raise EngineError(f"torch cannot {what}: {error}") from error
