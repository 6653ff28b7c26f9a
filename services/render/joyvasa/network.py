"""JoyVASA's network, which makes motion of LivePortrait's keypoints from sound by diffusion (arXiv 2411.09209).

Written from the published format; names of modules are those of the published weights (MIT).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from services.render.joyvasa.hubert import Hubert

SOUND_RATE = 16_000
_EDGE = 20
"""Samples that are mirrored twice at both ends, so that there are as many features as steps of sound."""
_MOST_POSITIONS = 600


@dataclass(frozen=True)
class Sizes:
    """Of a network; the published one has these but for what its file says otherwise."""

    features: int = 256
    motion: int = 70
    """63 of the expression, scale, three of the translation, pitch, yaw and roll."""
    window: int = 100
    """Frames that are made at once."""
    before: int = 25
    """Frames of the window before that it goes on from."""
    layers: int = 8
    heads: int = 8
    steps: int = 50
    """Of the diffusion."""
    fps: int = 25
    sound: int = 768
    sound_layers: int = 12
    sound_inner: int = 3072
    learned_positions: bool = False
    has_indicator: bool = False

    @property
    def samples(self) -> int:
        """Of the sound of a window."""
        return self.window * SOUND_RATE // self.fps


def _positions(count: int, width: int) -> Tensor:
    """Sines and cosines, [count, width]."""
    angles = torch.arange(count)[:, None] * torch.exp(torch.arange(0, width, 2) * (-math.log(10_000.0) / width))
    return torch.stack((angles.sin(), angles.cos()), dim=2).reshape(count, width)


class Denoiser(nn.Module):
    """Predicts the motion of a window from a noisy one."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        width = sizes.features
        self.diff_step_map = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))
        self.feature_proj = nn.Linear(sizes.motion + sizes.has_indicator, width)
        layer = nn.TransformerDecoderLayer(width, sizes.heads, 4 * width, activation="gelu", batch_first=True)
        self.transformer = nn.TransformerDecoder(layer, sizes.layers)
        self.motion_dec = nn.Sequential(nn.Linear(width, width // 2), nn.GELU(), nn.Linear(width // 2, sizes.motion))
        length = sizes.before + sizes.window
        self.PE = nn.Parameter(torch.zeros(1, length + 1, width)) if sizes.learned_positions else None
        table = _positions(_MOST_POSITIONS, width)
        self.register_buffer("steps", table[: sizes.steps + 1], persistent=False)
        # As trained: all frames get the code of one position, that of the sequence's length.
        self.register_buffer("position", table[length], persistent=False)
        self.register_buffer("hidden", ~torch.eye(length, dtype=torch.bool), persistent=False)
        self._before, self._has_indicator = sizes.before, sizes.has_indicator

    def forward(self, motion: Tensor, sound: Tensor, step: int) -> Tensor:
        """The motion without noise, [B, before + window, motion].

        Args:
            motion: the frames before and the noisy window, [B, before + window, motion].
            sound: features of the same frames, [B, before + window, features].
        """
        if self._has_indicator:
            known = torch.ones_like(motion[:, :, :1])
            known[:, : self._before] = 0.0
            motion = torch.cat((motion, known), dim=2)
        position = self.position if self.PE is None else self.PE[:, : motion.shape[1]]
        frames = self.feature_proj(motion) + position + self.diff_step_map(self.steps[step])
        result: Tensor = self.motion_dec(self.transformer(frames, sound, memory_mask=self.hidden))
        return result


class MotionGenerator(nn.Module):
    """HuBERT, the denoiser, and what they begin with."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.audio_encoder = Hubert(sizes.sound, sizes.sound_inner, sizes.sound_layers)
        self.audio_feature_map = nn.Linear(sizes.sound, sizes.features)
        self.start_audio_feat = nn.Parameter(torch.zeros(1, sizes.before, sizes.features))
        self.start_motion_feat = nn.Parameter(torch.zeros(1, sizes.before, sizes.motion))
        self.null_audio_feat = nn.Parameter(torch.zeros(1, 1, sizes.features))
        self.denoising_net = Denoiser(sizes)

    def features(self, sound: Tensor) -> Tensor:
        """Features of the sound of a window, [1, samples], -1 to 1, one for each frame: [1, window, features]."""
        padded = F.pad(F.pad(sound, (_EDGE, _EDGE), "reflect"), (_EDGE, _EDGE), "reflect")
        hidden = self.audio_encoder(padded)
        hidden = F.interpolate(hidden.transpose(1, 2), size=self.sizes.window, mode="linear").transpose(1, 2)
        features: Tensor = self.audio_feature_map(hidden)
        return features

    def window(self, sound: Tensor, before: tuple[Tensor, Tensor] | None, noise: torch.Generator, guidance: float
               ) -> tuple[Tensor, Tensor]:
        """The motion of a window, [1, window, motion], and the features of its sound.

        Args:
            sound: [1, samples].
            before: motion and features of the window before; None at the start.
            noise: draws on the processor, so that all devices start from the same.
            guidance: how much the sound counts; 0 leaves it out.
        """
        features = self.features(sound)
        motion_before, sound_before = self.start_motion_feat, self.start_audio_feat
        if before is not None:
            motion_before, sound_before = (one[:, -self.sizes.before :] for one in before)
        without = torch.cat((sound_before, self.null_audio_feat.expand_as(features)), dim=1)
        heard = torch.cat((without, torch.cat((sound_before, features), dim=1)))
        motion = self._noise(noise, features)
        rates = step_rates(self.sizes.steps)
        for step in range(self.sizes.steps, 0, -1):
            frames = torch.cat((motion_before, motion), dim=1).expand(2, -1, -1)
            blind, hearing = self.denoising_net(frames, heard, step)[:, -self.sizes.window :].split(1)
            wanted = blind + guidance * (hearing - blind)
            keep, take, spread = rates[step]
            motion = keep * motion + take * wanted
            if step > 1:
                motion = motion + spread * self._noise(noise, motion)
        return motion, features

    def _noise(self, noise: torch.Generator, like: Tensor) -> Tensor:
        return torch.randn((1, self.sizes.window, self.sizes.motion), generator=noise).to(like)


def step_rates(steps: int) -> list[tuple[float, float, float]]:
    """For each step of the diffusion, by its number: share of the noisy motion, of the predicted one, and of new noise.

    The posterior of denoising diffusion (arXiv 2006.11239, equation 7), with the schedule of arXiv 2102.09672.
    """
    kept = [math.cos((step / steps + 0.008) / 1.008 * math.pi / 2.0) ** 2 for step in range(steps + 1)]
    noisy = [0.0, *(min(max(1.0 - kept[i] / kept[i - 1], 1e-4), 0.999) for i in range(1, steps + 1))]
    products = [1.0]
    rates = [(1.0, 0.0, 0.0)]
    for beta in noisy[1:]:
        before = products[-1]
        products.append(before * (1.0 - beta))
        rest = 1.0 - products[-1]
        rates.append((
            (1.0 - before) * math.sqrt(1.0 - beta) / rest,
            beta * math.sqrt(before) / rest,
            math.sqrt((1.0 - before) / rest * beta),
        ))  # fmt: skip
    return rates
