"""How a store under test is made. Its tests are a class that says it, and takes the parts that the store keeps:

    class TestMine(StoreSuite, ReadOnlySuite, VersionSuite):
        def make(self, directory, **kwargs):
            return Mine(directory / "root", **kwargs)

The parts are in `stores` (zarr-python's face: what its abstract class asks of everybody, and what a store may offer besides),
`versioned_stores` (the versioned contract) and `store_holds` (holds on prefixes). Some of them stand for capabilities; a part
names those in `promises`, and `promised()` tells them of a whole class.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.suites.threads import join_started
from zarr.abc.store import Store


class StoreCase:
    """How the store under test is made, and what the parts of its suite stand for."""

    promises: ClassVar[frozenset[str]] = frozenset()
    """Names of the capabilities that passing this part proves."""

    def make(self, directory: Path, **kwargs: Any) -> Store:
        """A new, empty store.

        Parameters
        ----------
        directory
            An empty one of this test. A store that keeps files puts them into a directory below it: that nothing
            comes to lie beside is tested.
        **kwargs
            Arguments of the store's class: `read_only`.
        """
        raise NotImplementedError

    @classmethod
    def promised(cls) -> frozenset[str]:
        """The capabilities that all parts of this class stand for together."""
        return frozenset().union(*(part.__dict__.get("promises", ()) for part in cls.__mro__))

    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return self.make(tmp_path)

    @pytest.fixture(autouse=True)
    def nothing_left_running(self) -> Iterator[None]:
        yield
        join_started()
