"""The regular grid against counting by hand and against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zarr._grid.grid import RegularGrid
from zarr.errors import MetadataValidationError

shapes_and_chunks = st.lists(st.tuples(st.integers(0, 12), st.integers(1, 15)), max_size=3).map(
    lambda axes: (tuple(n for n, _ in axes), tuple(c for _, c in axes))
)


@given(shapes_and_chunks)
def test_chunks_cover_the_domain_once(case: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    shape, chunks = case
    grid = RegularGrid(chunks)
    seen = np.zeros(shape, int)
    coords_seen = []
    for coords in grid.all_coords(shape):
        coords_seen.append(coords)
        start, length = grid.chunk_start(coords), grid.chunk_shape(coords)
        region = tuple(slice(a, a + n) for a, n in zip(start, length, strict=True))
        assert seen[region].size > 0
        seen[region] += 1
    assert (seen == 1).all()
    assert coords_seen == list(np.ndindex(*grid.counts(shape)))


@given(st.integers(1, 10), st.lists(st.integers(0, 1000), min_size=1))
def test_positions_lie_in_the_chunk_that_is_found(chunk: int, positions: list[int]) -> None:
    (axis,) = RegularGrid((chunk,)).axes
    for position, index in zip(positions, axis.find(np.array(positions)).tolist(), strict=True):
        assert axis.start(index) <= position < axis.start(index) + axis.length(index)


def test_a_scalar_has_one_chunk() -> None:
    assert list(RegularGrid(()).all_coords(())) == [()]


def test_an_empty_axis_has_no_chunks() -> None:
    assert list(RegularGrid((2, 3)).all_coords((4, 0))) == []


def test_huge_shapes_do_not_overflow() -> None:
    assert RegularGrid((1, 2)).counts((2**63 - 1, 2**63 - 1)) == (2**63 - 1, 2**62)


def test_refining_gives_the_inner_grid() -> None:
    assert RegularGrid((6, 4)).refine((3, 2)) == RegularGrid((3, 2))


def test_a_chunk_length_of_zero_is_refused() -> None:
    with pytest.raises(MetadataValidationError, match="at least 1"):
        RegularGrid((2, 0))
