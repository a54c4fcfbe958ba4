"""Whatever is done through consolidated groups, they, who opens them next and the store tell the same."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import zarr
from tests.samples import described
from zarr.storage import MemoryStore

PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join)
VERBS = (
    "group",
    "array",
    "replace",
    "require",
    "delete",
    "move",
    "resize",
    "attributes",
    "copy",
    "hierarchy",
    "nested",
)
STEPS = st.lists(st.tuples(st.sampled_from(VERBS), PATHS, PATHS, st.integers(1, 4)), max_size=12)


def act(group: zarr.Group, verb: str, path: str, other: str, n: int) -> Any:
    match verb:
        case "group":
            return group.create_group(path, attributes={"n": n})
        case "array":
            return group.create_array(path, shape=n, dtype="i1")
        case "replace":
            return group.create_array(path, shape=n, dtype="i2", overwrite=True)
        case "require":
            return group.require_group(path)
        case "delete":
            return group.__delitem__(path)
        case "move":
            return group.move(path, other)
        case "resize":
            return group.get_array(path).resize((n,))
        case "attributes":
            return group[path].update_attributes({"n": n})
        case "copy":
            return zarr.copy(group[path], group, name=other, if_exists="replace" if n > 2 else "raise")
        case "hierarchy":
            leaf = zarr.create_array({}, shape=n, dtype="u1", zarr_format=group.metadata.zarr_format).metadata
            return dict(group.create_hierarchy({path: leaf, other: leaf}, overwrite=n > 2))
        case _:
            return zarr.consolidate_metadata(group.store, path=group.get_group(path).path)


@pytest.mark.parametrize("zarr_format", [2, 3])
@given(steps=STEPS)
def test_all_tell_the_same(zarr_format: Any, steps: list[tuple[str, str, str, int]]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        store = MemoryStore()
        zarr.create_group(store, zarr_format=zarr_format)
        handles = [zarr.consolidate_metadata(store)]
        nested = set()
        for verb, path, other, n in steps:
            try:
                act(handles[n % len(handles)], verb, path, other, n)
            except (KeyError, ValueError, TypeError):
                pass
            else:
                nested |= {path} if verb == "nested" else set()
            if verb == "nested":
                handles = [zarr.open_group(store, mode="r+")]
            stored = described(zarr.open_group(store, mode="r", use_consolidated=False))
            assert described(handles[0]) == described(zarr.open_group(store, mode="r")) == stored
            for below in nested & stored.keys():
                if stored[below][0] == "Group":
                    group = zarr.open_group(store, path=below, mode="r")
                    assert described(group) == described(
                        zarr.open_group(store, path=below, mode="r", use_consolidated=False)
                    )
