"""XTTS's two halves as streams: text to latents, and latents to sound.

The networks are coqui-tts's. The loops are ours for three reasons: each speech has a random generator of its own, so
several at once do not change one another; nothing is kept in the model between steps, so they may run in several
threads; and each sample is computed once, from all that it depends on, so pieces join as if they were made in one.
coqui's own loop computes everything again for each piece and blends the seams.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import DynamicCache

CONTEXT = 14
"""Frames on each side that a sample of HiFi-GAN depends on: 3 for its first layer, 7.5 for the widest block of the
first stage, one for the upsampling, and less than 2.5 for all that is behind it."""
_UNSETTLED = 5
"""Frames at the end that the interpolation still changes when more latents come."""


@dataclass(frozen=True)
class Sampling:
    """As XTTS v2 was published with."""

    temperature: float = 0.75
    top_k: int = 50
    top_p: float = 0.85
    repetition_penalty: float = 10.0


def conditioning_prefix(gpt: Any, tokens: list[int], speaker: Tensor) -> Tensor:
    """What the decoder is conditioned on, [1, 32 + tokens + 2, width].

    Args:
        speaker: [1, 32, width], a voice's conditioning latents.
    """
    text = torch.tensor([[gpt.start_text_token, *tokens, gpt.stop_text_token]], device=speaker.device)
    embedded: Tensor = gpt.text_embedding(text) + gpt.text_pos_embedding(text)
    return torch.cat([speaker, embedded], dim=1)


@torch.inference_mode()
def generate_latents(gpt: Any, prefix: Tensor, seed: int, longest: int, sampling: Sampling) -> Iterator[Tensor]:
    """One latent for each 46 ms of sound, [1, width] each, until the model ends the speech or `longest` are made."""
    cache = DynamicCache()
    random = torch.Generator().manual_seed(seed)
    # The library's fake ids before the start count as said, and the model was tuned with that.
    said = torch.zeros(gpt.num_audio_tokens, dtype=torch.bool, device=prefix.device)
    said[[1, gpt.start_audio_token]] = True
    token = torch.tensor([[gpt.start_audio_token]], device=prefix.device)
    embedded = torch.cat([prefix, _embedded(gpt, token, 0)], dim=1)
    for position in range(1, longest + 1):
        hidden = gpt.gpt(inputs_embeds=embedded, past_key_values=cache, use_cache=True).last_hidden_state[:, -1]
        latent: Tensor = gpt.final_norm(hidden)
        yield latent
        chosen = sample_token(gpt.mel_head(latent)[0], said, random, sampling)
        if chosen == gpt.stop_audio_token:
            return
        said[chosen] = True
        token = torch.tensor([[chosen]], device=prefix.device)
        embedded = _embedded(gpt, token, position)


def _embedded(gpt: Any, token: Tensor, position: int) -> Tensor:
    place: Tensor = gpt.mel_pos_embedding.get_fixed_embedding(position, token.device)
    embedded: Tensor = gpt.mel_embedding(token) + place
    return embedded


def sample_token(logits: Tensor, said: Tensor, random: torch.Generator, sampling: Sampling) -> int:
    """The next token.

    Args:
        logits: [tokens].
        said: [tokens], whether it was said before; it is then less likely (Keskar et al., 2019, section 4.1).
        random: on the processor, so that a seed means the same on every device.
    """
    penalised = torch.where(logits < 0, logits * sampling.repetition_penalty, logits / sampling.repetition_penalty)
    best, places = torch.topk(torch.where(said, penalised, logits), min(sampling.top_k, len(logits)))
    chances = torch.softmax(best / sampling.temperature, dim=0)
    # Of the likeliest so many as make up top_p together, the first one in any case.
    before = torch.cumsum(chances, dim=0) - chances
    chances = torch.where(before < sampling.top_p, chances, 0.0)
    heap = torch.cumsum(chances, dim=0).cpu()
    drawn = torch.rand((), generator=random) * heap[-1]
    return int(places[min(int(torch.searchsorted(heap, drawn, right=True)), len(heap) - 1)])


class Vocoder:
    """Latents of one speech to sound, as early as it is certain.

    Args:
        decoder: coqui's HifiDecoder.
        speaker: [1, 512, 1], a voice's embedding.
        stretch: factor on the duration.
    """

    def __init__(self, decoder: Any, speaker: Tensor, stretch: float = 1.0) -> None:
        self._decoder = decoder
        self._speaker = speaker
        self._stretch = stretch
        self._latents: list[Tensor] = []
        self._made = 0
        """Frames of which the sound was given."""

    @torch.inference_mode()
    def push(self, generate_latents: list[Tensor], *, last: bool = False) -> Tensor:
        """The sound that no later latent will change, [samples]; on the last call all the rest.

        Args:
            latents: [1, width] each.
        """
        self._latents += generate_latents
        frames = self._frames()
        until = frames.shape[-1] if last else frames.shape[-1] - _UNSETTLED - CONTEXT
        if until <= self._made:
            return torch.zeros(0)
        first, end = max(0, self._made - CONTEXT), min(frames.shape[-1], until + CONTEXT)
        sound: Tensor = self._decoder.waveform_decoder(frames[:, :, first:end], g=self._speaker)[0, 0]
        samples = sound.shape[-1] // (end - first)
        sound = sound[(self._made - first) * samples : (until - first) * samples]
        self._made = until
        return sound.float().cpu()

    def _frames(self) -> Tensor:
        """What HiFi-GAN takes, [1, width, frames]: interpolated thrice as the library does, from all latents."""
        decoder = self._decoder
        frames = torch.cat(self._latents)[None].transpose(1, 2)
        if self._stretch != 1.0:
            frames = functional.interpolate(frames, scale_factor=self._stretch, mode="linear")
        per_latent = decoder.ar_mel_length_compression / decoder.output_hop_length
        frames = functional.interpolate(frames, scale_factor=per_latent, mode="linear")
        if decoder.output_sample_rate != decoder.input_sample_rate:
            rates = decoder.output_sample_rate / decoder.input_sample_rate
            frames = functional.interpolate(frames, scale_factor=rates, mode="linear")
        return frames
