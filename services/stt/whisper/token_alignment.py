"""From attention to times: which part of the sound each token looks at (Whisper, word-level time stamps). Pure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

MEDIAN = 7


def path_through(attention: npt.NDArray[np.float32], first: int) -> tuple[tuple[int, int], ...]:
    """The way through tokens and sound along which the attention is strongest.

    Args:
        attention: [heads, tokens, positions], of the heads that follow the sound; each row sums up to 1.
        first: token before which nothing counts, and which predicts the first one of the text.
    Returns:
        Pairs of token, from 0, and position, neither ever going back.
    """
    deviation = attention.std(axis=1, keepdims=True)
    weights = (attention - attention.mean(axis=1, keepdims=True)) / np.maximum(deviation, 1e-6)
    weights = smoothed(weights)
    return cheapest_path(-weights.mean(axis=0)[first:-1])


def smoothed(weights: npt.NDArray[np.float32], width: int = MEDIAN) -> npt.NDArray[np.float32]:
    """Median over `width` neighbours of the last axis; its ends mirrored."""
    half = width // 2
    if weights.shape[-1] <= half:
        return weights
    padded = np.pad(weights, [(0, 0)] * (weights.ndim - 1) + [(half, half)], mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, width, axis=-1)
    result: npt.NDArray[np.float32] = np.median(windows, axis=-1).astype(np.float32)
    return result


def cheapest_path(cost: npt.NDArray[np.float32]) -> tuple[tuple[int, int], ...]:
    """Dynamic time warping: from the first corner to the last by steps down, right or both.

    Args:
        cost: [rows, columns].
    """
    rows, columns = cost.shape
    total = np.full((rows + 1, columns + 1), np.inf)
    total[0, 0] = 0
    # One diagonal after the other: its cells depend on the two before only.
    for diagonal in range(rows + columns - 1):
        i = np.arange(max(0, diagonal - columns + 1), min(rows, diagonal + 1))
        j = diagonal - i
        before = np.minimum(np.minimum(total[i, j], total[i, j + 1]), total[i + 1, j])
        total[i + 1, j + 1] = cost[i, j] + before
    i, j = rows - 1, columns - 1
    path = [(i, j)]
    while (i, j) != (0, 0):
        steps = ((total[i, j], i - 1, j - 1), (total[i, j + 1], i - 1, j), (total[i + 1, j], i, j - 1))
        _, i, j = min((step for step in steps if step[1] >= 0 and step[2] >= 0), key=lambda step: step[0])
        path.append((i, j))
    return tuple(reversed(path))
