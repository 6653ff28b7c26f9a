"""Streaming inference of XTTS in two stages: text to latents (GPT), and latents to audio (HiFi-GAN).

The networks are coqui-tts's. The loops are ours for three reasons: each speech has a random generator of its own, so
concurrent speeches do not affect each other; the model holds no state between steps, so several threads may use it;
and each sample is computed once, from all frames that it depends on, so pieces join without seams. coqui's own loop
computes everything again for each piece and cross-fades.
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
"""Frames on each side in HiFi-GAN's receptive field: 3 for its first layer, 7.5 for the widest block of the first
stage, one for the upsampling, and less than 2.5 for all later stages."""
_UNSTABLE = 5
"""Frames at the end that the interpolation still changes when more latents follow."""


@dataclass(frozen=True)
class Sampling:
    """The published defaults of XTTS v2."""

    temperature: float = 0.75
    top_k: int = 50
    top_p: float = 0.85
    repetition_penalty: float = 10.0


def conditioning_prefix(gpt: Any, tokens: list[int], speaker: Tensor) -> Tensor:
    """The decoder's conditioning prefix of voice and text, [1, 32 + tokens + 2, width].

    Args:
        speaker: [1, 32, width], a voice's conditioning latents.
    """
    text = torch.tensor([[gpt.start_text_token, *tokens, gpt.stop_text_token]], device=speaker.device)
    embedded: Tensor = gpt.text_embedding(text) + gpt.text_pos_embedding(text)
    return torch.cat([speaker, embedded], dim=1)


@torch.inference_mode()
def generate_latents(gpt: Any, prefix: Tensor, seed: int, max_latents: int, sampling: Sampling) -> Iterator[Tensor]:
    """Generates a latent [1, width] per 46 ms of audio, until the model ends the speech, at most `max_latents`."""
    cache = DynamicCache()
    random = torch.Generator().manual_seed(seed)
    # The library counts its placeholder ids before the start as generated, and the model was tuned with that.
    seen = torch.zeros(gpt.num_audio_tokens, dtype=torch.bool, device=prefix.device)
    seen[[1, gpt.start_audio_token]] = True
    token = torch.tensor([[gpt.start_audio_token]], device=prefix.device)
    embedded = torch.cat([prefix, _embedded(gpt, token, 0)], dim=1)
    for position in range(1, max_latents + 1):
        hidden = gpt.gpt(inputs_embeds=embedded, past_key_values=cache, use_cache=True).last_hidden_state[:, -1]
        latent: Tensor = gpt.final_norm(hidden)
        yield latent
        chosen = sample_token(gpt.mel_head(latent)[0], seen, random, sampling)
        if chosen == gpt.stop_audio_token:
            return
        seen[chosen] = True
        token = torch.tensor([[chosen]], device=prefix.device)
        embedded = _embedded(gpt, token, position)


def _embedded(gpt: Any, token: Tensor, position: int) -> Tensor:
    place: Tensor = gpt.mel_pos_embedding.get_fixed_embedding(position, token.device)
    embedded: Tensor = gpt.mel_embedding(token) + place
    return embedded


def sample_token(logits: Tensor, seen: Tensor, random: torch.Generator, sampling: Sampling) -> int:
    """Samples the next token.

    Args:
        logits: [tokens].
        seen: [tokens], whether it was generated before: repetition penalty (Keskar et al., 2019, section 4.1).
        random: on the CPU, so that a seed gives the same on every device.
    """
    penalised = torch.where(logits < 0, logits * sampling.repetition_penalty, logits / sampling.repetition_penalty)
    best, tokens = torch.topk(torch.where(seen, penalised, logits), min(sampling.top_k, len(logits)))
    probabilities = torch.softmax(best / sampling.temperature, dim=0)
    # Nucleus sampling: the most probable tokens up to a total of top_p, at least one.
    preceding = torch.cumsum(probabilities, dim=0) - probabilities
    probabilities = torch.where(preceding < sampling.top_p, probabilities, 0.0)
    cumulative = torch.cumsum(probabilities, dim=0).cpu()
    drawn = torch.rand((), generator=random) * cumulative[-1]
    return int(tokens[min(int(torch.searchsorted(cumulative, drawn, right=True)), len(cumulative) - 1)])


class Vocoder:
    """Converts the latents of one speech to audio, as soon as later latents cannot change it.

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
        self._converted = 0
        """Frames whose audio has been returned."""

    @torch.inference_mode()
    def push(self, latents: list[Tensor], *, last: bool = False) -> Tensor:
        """The audio that is now final, [samples]; on the last call all the rest.

        Args:
            latents: [1, width] each.
        """
        self._latents += latents
        frames = self._frames()
        until = frames.shape[-1] if last else frames.shape[-1] - _UNSTABLE - CONTEXT
        if until <= self._converted:
            return torch.zeros(0)
        first, end = max(0, self._converted - CONTEXT), min(frames.shape[-1], until + CONTEXT)
        sound: Tensor = self._decoder.waveform_decoder(frames[:, :, first:end], g=self._speaker)[0, 0]
        samples = sound.shape[-1] // (end - first)
        sound = sound[(self._converted - first) * samples : (until - first) * samples]
        self._converted = until
        return sound.float().cpu()

    def _frames(self) -> Tensor:
        """HiFi-GAN's input [1, width, frames]: all latents, interpolated three times as the library does."""
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
