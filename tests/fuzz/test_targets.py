"""A short run of every target: its seeds, and some hundreds of inputs that are nearly seeds, the same ones each time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zarr
from tests.fuzz.targets import LIMITS, TARGETS, inputs

pytestmark = pytest.mark.filterwarnings(
    "ignore::UserWarning",
    "ignore::DeprecationWarning",
    "ignore::FutureWarning",
    "ignore:.*what a writer left that was interrupted:RuntimeWarning",
)

EDITS = st.lists(
    st.tuples(st.sampled_from(["change", "cut", "repeat", "end"]), st.integers(0, 2**16), st.integers(1, 255)),
    max_size=4,
)


def edited(seed: bytes, edits: list[tuple[str, int, int]]) -> bytes:
    """A seed with bytes changed, left out or repeated, or cut."""
    made = bytearray(seed)
    for kind, where, amount in edits:
        at = where % (len(made) + 1)
        match kind:
            case "change" if at < len(made):
                made[at] ^= amount
            case "cut":
                del made[at : at + amount % 16]
            case "repeat":
                made[at:at] = made[at : at + amount % 16]
            case "end":
                del made[at:]
    return bytes(made)


@pytest.fixture(autouse=True)
def limits():
    with zarr.config.set(LIMITS):
        yield


@pytest.mark.parametrize("name", TARGETS)
def test_seeds(name):
    for seed in inputs(name):
        TARGETS[name].run(seed)


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_nearly_a_seed(name):
    seeds = inputs(name)

    @settings(max_examples=200, deadline=None, derandomize=True, database=None)
    @given(st.sampled_from(seeds), EDITS)
    def run(seed, edits):
        TARGETS[name].run(edited(seed, edits))

    run()
