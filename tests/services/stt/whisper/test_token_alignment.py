"""Dynamic time warping against a search of all paths."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from services.stt.whisper.token_alignment import align_tokens, dynamic_time_warping, median_filter

Cost = arrays.arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(1, 5)), elements=st.integers(-9, 9))


def all_paths(rows: int, columns: int) -> list[list[tuple[int, int]]]:
    if (rows, columns) == (1, 1):
        return [[(0, 0)]]
    before = [(rows - 1, columns), (rows, columns - 1), (rows - 1, columns - 1)]
    return [[*path, (rows - 1, columns - 1)] for r, c in before if r and c for path in all_paths(r, c)]


@given(Cost)
def test_no_other_path_is_cheaper(cost: np.ndarray) -> None:
    path = dynamic_time_warping(cost)
    assert list(path) in all_paths(*cost.shape)
    assert sum(cost[step] for step in path) == min(sum(cost[s] for s in other) for other in all_paths(*cost.shape))


def test_tokens_align_to_the_positions_they_attend_to() -> None:
    attention = np.full((2, 5, 40), 0.01, np.float32)
    for token in range(5):
        attention[:, token, 8 * token : 8 * token + 8] = 0.2
    path = align_tokens(attention, first=1)
    first = {token: next(position for one, position in path if one == token) for token in range(3)}
    assert [first[1] - 16, first[2] - 24] == pytest.approx([0, 0], abs=1)


def test_the_median_filter_removes_outliers_and_leaves_short_rows_alone() -> None:
    row = np.zeros((1, 1, 20), np.float32)
    row[..., 9] = 1
    assert not median_filter(row).any()
    assert (median_filter(row[..., 9:11]) == row[..., 9:11]).all()
