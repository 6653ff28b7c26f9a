"""The recipe LPW-1: reproducible weights for LivePortrait's networks, the same bit for bit on every machine.

Element i of tensor `key` in network `name` comes from a SplitMix64 generator whose state is CRC-32(name/key) *
2^32 + i. The scales keep signals at their size through the layers. The vectors of the spectral norm are no unit
vectors on purpose: an implementation that iterates them or leaves them out gets other numbers.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

FOLDER = Path(__file__).with_name("liveportrait")
_CHUNK = 1 << 16

_GAINS: Mapping[str, tuple[tuple[str, float], ...]] = {
    "warping_module": (
        ("hourglass", 1.5), ("dense_motion_network.mask", 6.0), ("dense_motion_network.occlusion", 2.0), ("", 1.5),
    ),
    "appearance_feature_extractor": (("resblocks_3d", 1.0), ("", 1.5)),
    "motion_extractor": (
        ("fc_pitch", 3.0), ("fc_yaw", 3.0), ("fc_roll", 3.0), ("fc_kp", 0.3), ("fc_exp", 0.03), ("fc_t", 0.1),
        ("fc_scale", 0.1),
    ),
    "stitching": (("mlp.6.", 0.1), ("", 1.5)),
    "lip": (("mlp.6.", 0.1), ("", 1.5)),
    "eye": (("mlp.10.", 0.1), ("", 1.5)),
    "spade_generator": (("mlp_shared", 1.5), ("conv_img", 0.2)),
}


def read(name: str) -> dict[str, NDArray[Any]]:
    """The arrays of one golden file."""
    with np.load(FOLDER / f"{name}.npz") as file:
        return dict(file)


@cache
def keys() -> Mapping[str, list[tuple[str, tuple[int, ...], str]]]:
    """Key, shape and type of each tensor, by network."""
    found = json.loads((FOLDER / "state_dict_keys.json").read_text())
    return {name: [(key, tuple(shape), kind) for key, shape, kind in rows] for name, rows in found.items()}


@cache
def checksums() -> Mapping[str, int]:
    """CRC-32 of each tensor's bytes, by "network/key"."""
    found: dict[str, int] = json.loads((FOLDER / "weights_crc32.json").read_text())
    return found


def stream(name: str, count: int) -> NDArray[np.float64]:
    """Pseudo-random numbers in -1 to 1, multiples of 2^-23."""
    first = np.uint64(((zlib.crc32(name.encode()) << 32) + 0x9E3779B97F4A7C15) % (1 << 64))
    made = np.empty(count, np.float64)
    for start in range(0, count, _CHUNK):  # pieces that stay in the cache
        z = np.arange(start, min(start + _CHUNK, count), dtype=np.uint64)
        z += first
        z ^= z >> np.uint64(30)
        z *= np.uint64(0xBF58476D1CE4E5B9)
        z ^= z >> np.uint64(27)
        z *= np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
        z >>= np.uint64(40)
        made[start : start + _CHUNK] = z
    made -= 1 << 23
    made /= 1 << 23
    return made


def tensor(network: str, key: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """One tensor of a network."""
    leaf = key.rsplit(".", 1)[-1]
    if leaf == "num_batches_tracked":
        return np.zeros(shape, np.int64)
    count = int(np.prod(shape))
    r = stream(f"{network}/{key}", count)
    gain = next((gain for text, gain in _GAINS[network] if text in key), 1.0)
    fan = count // shape[0]
    factor, offset = gain * np.sqrt(3.0 / fan), 0.0
    if leaf == "running_mean" or leaf == "beta":
        factor = 0.1
    elif leaf == "running_var":
        factor, offset = 0.5, 1.0
    elif leaf in ("weight_u", "weight_v"):
        factor, offset = 0.5 / np.sqrt(count), 1.0 / np.sqrt(count)
    elif leaf == "weight_orig":
        factor, offset = np.sqrt(3.0 / fan), 1.0 / np.sqrt(shape[0] * fan)
    elif leaf == "gamma":
        factor = 0.5
    elif key.endswith("fc_scale.bias"):
        factor, offset = 0.1, 1.0
    elif leaf == "bias":
        factor = 0.1 * min(1.0, gain)
    elif len(shape) == 1:
        factor, offset = 0.2, 1.0
    r *= factor
    r += offset
    return r.astype(np.float32).reshape(shape)


def state_dict(network: str) -> dict[str, Tensor]:
    """All weights of a network."""
    return {key: torch.from_numpy(tensor(network, key, shape)) for key, shape, _ in keys()[network]}
