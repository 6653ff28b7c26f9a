"""HuBERT, features of speech (arXiv 2106.07447), for inference; names of modules are those of the published weights."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm

CHANNELS = 512
_KERNELS = (10, 3, 3, 3, 3, 2, 2)
_STRIDES = (5, 2, 2, 2, 2, 2, 2)
_POSITION_KERNEL, _POSITION_GROUPS = 128, 16
_HEADS = 12


class _Convolution(nn.Module):
    def __init__(self, index: int) -> None:
        super().__init__()
        channels = 1 if index == 0 else CHANNELS
        self.conv = nn.Conv1d(channels, CHANNELS, _KERNELS[index], _STRIDES[index], bias=False)
        self.layer_norm = nn.GroupNorm(CHANNELS, CHANNELS) if index == 0 else nn.Identity()

    def forward(self, sound: Tensor) -> Tensor:
        return F.gelu(self.layer_norm(self.conv(sound)))


class _FeatureExtractor(nn.Module):
    """Sound, [B, samples], to features of 20 ms, [B, steps, 512]."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_layers = nn.Sequential(*(_Convolution(index) for index in range(len(_KERNELS))))

    def forward(self, sound: Tensor) -> Tensor:
        features: Tensor = self.conv_layers(sound[:, None])
        return features.transpose(1, 2)


class _FeatureProjection(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.layer_norm = nn.LayerNorm(CHANNELS)
        self.projection = nn.Linear(CHANNELS, width)

    def forward(self, features: Tensor) -> Tensor:
        projected: Tensor = self.projection(self.layer_norm(features))
        return projected


class _Positions(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        around = _POSITION_KERNEL // 2
        conv = nn.Conv1d(width, width, _POSITION_KERNEL, padding=around, groups=_POSITION_GROUPS)
        self.conv = weight_norm(conv, dim=2)

    def forward(self, hidden: Tensor) -> Tensor:
        # An even kernel gives a step too many.
        return F.gelu(self.conv(hidden.transpose(1, 2))[:, :, :-1]).transpose(1, 2)


class _Attention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.q_proj, self.k_proj, self.v_proj, self.out_proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, hidden: Tensor) -> Tensor:
        batch, steps, width = hidden.shape
        projections = (self.q_proj, self.k_proj, self.v_proj)
        query, key, value = (one(hidden).view(batch, steps, _HEADS, -1).transpose(1, 2) for one in projections)
        mixed = F.scaled_dot_product_attention(query, key, value)
        result: Tensor = self.out_proj(mixed.transpose(1, 2).reshape(batch, steps, width))
        return result


class _FeedForward(nn.Module):
    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.intermediate_dense = nn.Linear(width, inner)
        self.output_dense = nn.Linear(inner, width)

    def forward(self, hidden: Tensor) -> Tensor:
        result: Tensor = self.output_dense(F.gelu(self.intermediate_dense(hidden)))
        return result


class _Layer(nn.Module):
    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.attention = _Attention(width)
        self.layer_norm = nn.LayerNorm(width)
        self.feed_forward = _FeedForward(width, inner)
        self.final_layer_norm = nn.LayerNorm(width)

    def forward(self, hidden: Tensor) -> Tensor:
        hidden = self.layer_norm(hidden + self.attention(hidden))
        result: Tensor = self.final_layer_norm(hidden + self.feed_forward(hidden))
        return result


class _Encoder(nn.Module):
    def __init__(self, width: int, inner: int, layers: int) -> None:
        super().__init__()
        self.pos_conv_embed = _Positions(width)
        self.layer_norm = nn.LayerNorm(width)
        self.layers = nn.Sequential(*(_Layer(width, inner) for _ in range(layers)))

    def forward(self, hidden: Tensor) -> Tensor:
        result: Tensor = self.layers(self.layer_norm(hidden + self.pos_conv_embed(hidden)))
        return result


class Hubert(nn.Module):
    """Sound at 16 kHz, [B, samples], -1 to 1, to features of 20 ms, [B, steps, width]."""

    def __init__(self, width: int = 768, inner: int = 3072, layers: int = 12) -> None:
        super().__init__()
        self.feature_extractor = _FeatureExtractor()
        self.feature_projection = _FeatureProjection(width)
        self.encoder = _Encoder(width, inner, layers)

    def forward(self, sound: Tensor) -> Tensor:
        features: Tensor = self.encoder(self.feature_projection(self.feature_extractor(sound)))
        return features
