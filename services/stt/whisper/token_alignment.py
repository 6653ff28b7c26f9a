"""Word-level time stamps from cross-attention: dynamic time warping of tokens to audio, as in Whisper. Pure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

MEDIAN_WIDTH = 7


def align_tokens(attention: npt.NDArray[np.float32], first: int) -> tuple[tuple[int, int], ...]:
    """The monotonic path through tokens and encoder positions with the strongest attention.

    Args:
        attention: [heads, tokens, positions], of the alignment heads; each row sums up to 1.
        first: index of the token that predicts the first token of the text; earlier ones are ignored.
    Returns:
        Pairs of token, from 0, and position.
    """
    deviation = attention.std(axis=1, keepdims=True)
    weights = (attention - attention.mean(axis=1, keepdims=True)) / np.maximum(deviation, 1e-6)
    weights = median_filter(weights)
    return dynamic_time_warping(-weights.mean(axis=0)[first:-1])


def median_filter(weights: npt.NDArray[np.float32], width: int = MEDIAN_WIDTH) -> npt.NDArray[np.float32]:
    """Median over `width` neighbours along the last axis, which is mirrored at its ends."""
    half = width // 2
    if weights.shape[-1] <= half:
        return weights
    padded = np.pad(weights, [(0, 0)] * (weights.ndim - 1) + [(half, half)], mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=-1)
    result: npt.NDArray[np.float32] = np.median(windows, axis=-1).astype(np.float32)
    return result


def dynamic_time_warping(cost: npt.NDArray[np.float32]) -> tuple[tuple[int, int], ...]:
    """The cheapest path from the first corner to the last by steps down, right or both.

    Args:
        cost: [rows, columns].
    """
    rows, columns = cost.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0
    # Diagonal by diagonal: the cells of one depend only on the two before it.
    for diagonal in range(rows + columns - 1):
        i = np.arange(max(0, diagonal - columns + 1), min(rows, diagonal + 1))
        j = diagonal - i
        cheapest = np.minimum(np.minimum(total[i, j], total[i, j + 1]), total[i + 1, j])
        total[i + 1, j + 1] = cost[i, j] + cheapest
    i, j = rows - 1, columns - 1
    path = [(i, j)]
    while (i, j) != (0, 0):
        steps = ((total[i, j], i - 1, j - 1), (total[i, j + 1], i - 1, j), (total[i + 1, j], i, j - 1))
        _, i, j = min((step for step in steps if step[1] >= 0 and step[2] >= 0), key=lambda step: step[0])
        path.append((i, j))
    return tuple(reversed(path))
