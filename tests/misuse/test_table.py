"""Every row of the table, on both engines and both stores of ours: the right error, and nothing changed by it."""

import builtins
import json
import re
import tempfile
import warnings
from collections import Counter
from pathlib import Path

import pytest

import zarr
from tests.misuse.bench import INTERNAL, Bench
from tests.misuse.table import ROWS, SUBJECTS
from zarr.storage import LocalStore, MemoryStore

OBSERVED = json.loads(Path(__file__).with_name("observed.json").read_text(encoding="utf-8"))
NOT_CAUGHT = {"KeyError", "LookupError", *(cls.__name__ for cls in INTERNAL)}
"""What nobody catches by intent, unless we raise it too."""


class Benches:
    """A bench for each row: the same one as long as nothing has changed it."""

    def __init__(self, kind, directory):
        self.kind, self.directory = kind, directory
        self.made = 0
        self.clean = None

    def take(self, row):
        """A bench, all that is stored there, and what its nodes say."""
        if row.before is not None:
            bench = self.new()
            row.before(bench)
            return bench, bench.everything(), bench.described()
        if self.clean is None:
            bench = self.new()
            self.clean = bench, bench.everything(), bench.described()
        kept, self.clean = self.clean, None
        return kept

    def new(self):
        self.made += 1
        place = self.directory / str(self.made)
        place.mkdir()
        stores = [
            MemoryStore() if self.kind == "memory" else LocalStore(place / f"store{number}") for number in range(2)
        ]
        return Bench(*stores, place / "empty")


@pytest.fixture(
    scope="module", params=[(engine, kind) for engine in ("native", "python") for kind in ("memory", "local")]
)
def benches(request):
    """Benches on one engine and one kind of store."""
    engine, kind = request.param
    with zarr.config.set({"engine": engine}), tempfile.TemporaryDirectory() as directory:
        yield Benches(kind, Path(directory))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_misuse(row, benches):
    bench, stored, described = benches.take(row)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(Exception) as caught:
            row.act(bench)
    error = caught.value
    wanted = row.errors if isinstance(row.errors, tuple) else (row.errors,)
    for cls in wanted:
        assert isinstance(error, cls), f"{error!r} is no {cls.__name__}"
    assert not isinstance(error, INTERNAL)
    assert not isinstance(error, KeyError) or KeyError in wanted
    assert re.search(row.message, str(error), re.DOTALL)
    assert bench.everything() == stored
    assert bench.described() == described
    if benches.kind == "memory":  # the same bytes read the same from every store
        bench.check_arrays()
    if row.before is None:
        benches.clean = bench, stored, described
    _check_observed(row, error)


def _check_observed(row, error):
    """What users of zarr-python catch is caught, unless the row says why not."""
    ours = {cls.__name__ for cls in type(error).__mro__}
    missing = [name for name in OBSERVED[row.id]["classes"] if _is_public(name) and name not in ours | NOT_CAUGHT]
    assert not missing or row.other, f"zarr-python raises {missing}: {OBSERVED[row.id]['text']}"


def _is_public(name):
    return isinstance(getattr(builtins, name, None), type) or hasattr(zarr.errors, name)


def test_the_table_is_whole():
    """At least 300 kinds, each once, and each observed."""
    assert len(ROWS) >= 300
    assert [id for id, count in Counter(row.id for row in ROWS).items() if count > 1] == []
    assert {row.id for row in ROWS} == set(OBSERVED)
    assert all(len(subject.ROWS) > 20 for subject in SUBJECTS)
