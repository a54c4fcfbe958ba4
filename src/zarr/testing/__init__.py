"""For the tests of stores, codecs and buffers of your own. It needs pytest, and Hypothesis for `strategies` and `stateful`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from zarr._support.imports_on_use import submodules_of
from zarr._support.public_names import public_names_of
from zarr.testing.utils import assert_bytes_equal

if TYPE_CHECKING:
    import pytest

    from zarr.testing.store import StoreTests as StoreTests

__all__ = ["StoreTests", "assert_bytes_equal"]

__dir__ = public_names_of(__name__)

_submodule = submodules_of(__name__)


if sys.modules.get("pytest") is not None:  # so that a test which fails shows what it compared
    sys.modules["pytest"].register_assert_rewrite(f"{__name__}.store", f"{__name__}.stateful")


def pytest_configure(config: pytest.Config) -> None:
    """As a plug-in of pytest: make the mark known that `gpu_test` gives."""
    config.addinivalue_line("markers", "gpu: mark a test as requiring CuPy and GPU")


def __getattr__(name: str) -> Any:
    if name == "StoreTests":
        return _submodule("store").StoreTests  # on use, as it imports pytest
    return _submodule(name)
