"""What the random arrays of all modules here need."""

import pytest

import zarr


@pytest.fixture(autouse=True)
def chunks_of_different_lengths():
    """New arrays may have them."""
    with zarr.config.set({"array.rectilinear_chunks": True}):
        yield
