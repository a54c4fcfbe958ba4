"""`zarr.verify` raises no false alarm: what other libraries stored is whole, and everything of it is known."""

from __future__ import annotations

import json
import tarfile
from functools import cache
from pathlib import Path

import pytest

import zarr
from zarr.buffer.cpu import Buffer
from zarr.storage import MemoryStore

CORPUS = Path(__file__).with_name("corpus")
WRITERS = sorted(path.stem.removesuffix(".tar") for path in CORPUS.glob("*.tar.xz"))


@cache
def stored(writer):
    """The objects of every case."""
    found: dict[str, dict[str, Buffer]] = {}
    with tarfile.open(CORPUS / f"{writer}.tar.xz") as packed:
        for member in packed:
            case, key = "/".join(member.name.split("/")[:3]), "/".join(member.name.split("/")[3:])
            found.setdefault(case, {})[key] = Buffer.from_bytes(packed.extractfile(member).read())
    return found


@pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")
@pytest.mark.filterwarnings("ignore::zarr.errors.ZarrUserWarning")
@pytest.mark.parametrize("writer", WRITERS)
def test_what_others_stored_is_whole(writer, engine):
    alarms = {}
    with zarr.config.set({"array.allow_unsafe_pickle_decode": True}):
        for name, objects in stored(writer).items():
            found = zarr.verify(MemoryStore(dict(objects), read_only=True))
            if not found.ok:
                alarms[name] = [str(each) for each in found.findings]
    assert alarms == {}


def test_these_are_enough():
    names = {name for writer in WRITERS for name, outcome in cases(writer) if "refused" not in outcome}
    assert len(names) > 450
    assert sum(len(stored(writer)) for writer in WRITERS) > 500


def cases(writer):
    return json.loads((CORPUS / f"{writer}.json").read_text(encoding="utf-8"))["cases"].items()
