"""What others stored is read as they meant it: every case of the corpus, on both engines.

`make corpus` makes it. Beside each archive is a document: which versions wrote it, and what became of each case.
"""

from __future__ import annotations

import json
import tarfile
from contextlib import nullcontext
from dataclasses import replace
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest

import zarr
from tests.conformance.recipes import CASES, TREES, expected, expected_tree, fill_scalar, told, told_of
from zarr.buffer.cpu import Buffer
from zarr.storage import MemoryStore

CORPUS = Path(__file__).with_name("corpus")
STORED = {
    "zarr-python-2.18": 216,
    "zarr-python-3.1": 433,
    "zarr-python-3.4": 443,
    "tensorstore": 287,
    "zarrs": 259,
}
"""How many cases each of them stored; the others it has no words for."""
_NAN = dict.fromkeys(("v3/fills/nan-payload", "v3/fills/minus-nan", "v3/fills/signalling-nan"), "NaN")
_NAN_CHUNKS = dict.fromkeys(("v2/fills/nan-chunks", "v3/fills/nan-chunks"), "NaN")
WRITTEN_OTHERWISE = {
    "zarr-python-2.18": {"v2/fills/minus-zero": 0.0},
    "zarr-python-3.1": {**_NAN, **_NAN_CHUNKS},
    "zarr-python-3.4": {**_NAN, **_NAN_CHUNKS},
    "zarrs": _NAN,
}
"""Fill values that they stored in place of those that were asked for, and chunks that they took for a fill value: what is
stored is what they read.
"""
NOT_NATIVE = [
    *("v2/compressors/bz2*", "v2/compressors/lzma*", "v2/compressors/pcodec", "v2/compressors/zfpy"),
    *(
        "v2/filters/base64",
        "v2/filters/bitround",
        "v2/filters/categorize",
        "v2/filters/jenkins*",
        "v2/filters/quantize",
    ),
    *(
        "v2/objects/vlen-array*",
        "v2/objects/json2*",
        "v2/objects/msgpack2",
        "v2/objects/categorize",
        "v2/objects/pickle",
    ),
    *(f"v3/codecs/numcodecs.{name}" for name in ("bitround", "bz2", "jenkins*", "lzma", "packbits", "pcodec")),
    *("v3/codecs/numcodecs.quantize", "v3/codecs/numcodecs.zfpy", "v3/codecs/scale_offset*", "v3/codecs/cast_value*"),
    *("v3/shards/*-big*", "v3/shards/*-behind", "v?/types/float4_e2m1fn", "v3/types/struct-big"),
]
"""What the native engine leaves to the one in Python."""
LEFT = {name for name in CASES if any(fnmatch(name, pattern) for pattern in NOT_NATIVE)}
LITTLE_AFTER_ALL = ("zarr-python-3.1", "v3/types/struct-big")
"""It stores no byte order of structs."""
MAX_NBYTES = 10_000_000


@cache
def described(writer):
    return json.loads((CORPUS / f"{writer}.json").read_text(encoding="utf-8"))


@cache
def archive(writer):
    """The objects of every case."""
    objects: dict[str, dict[str, Buffer]] = {}
    with tarfile.open(CORPUS / f"{writer}.tar.xz") as packed:
        for member in packed:
            case, key = "/".join(member.name.split("/")[:3]), "/".join(member.name.split("/")[3:])
            objects.setdefault(case, {})[key] = Buffer.from_bytes(packed.extractfile(member).read())
    return objects


def stored(writer):
    return [name for name, outcome in described(writer)["cases"].items() if "refused" not in outcome]


def cases_of(kind):
    return [(writer, name) for writer in STORED for name in stored(writer) if name in kind]


@pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")
@pytest.mark.filterwarnings("ignore:codec 'bytes' has no 'endian' for a structured data type")  # of zarr-python 3.1
@pytest.mark.parametrize(("writer", "name"), cases_of(CASES))
def test_arrays(writer, name, engine):
    case = CASES[name]
    array = zarr.open_array(MemoryStore(archive(writer)[name]), mode="r", zarr_format=case.zarr_format)
    with allowed_pickles(case):
        values, part = array[...], tuple(slice(n // 3, n) for n in case.shape)
        assert told_of(case, values) == wanted(writer, case)
        if part:
            assert told_of(case, array[part]) == told_of(case, values[part])
    assert dict(array.attrs) == case.attributes
    if engine == "native" and (writer, name) != LITTLE_AFTER_ALL:
        assert (array.engine == "python") == (name in LEFT)
    if not case.has_defaults:
        assert fill_of(array.fill_value) == fill_of(fill_scalar(as_stored(writer, case)))
    if case.object_codec is None:
        assert array.dtype == case.numpy_dtype
    if case.zarr_format == 3:
        assert array.metadata.dimension_names == case.dimension_names
    assert array.shape == case.shape


def allowed_pickles(case):
    return (
        zarr.config.set({"array.allow_unsafe_pickle_decode": True}) if case.object_codec == "pickle" else nullcontext()
    )


def as_stored(writer, case):
    return replace(case, fill=WRITTEN_OTHERWISE.get(writer, {}).get(case.name, case.fill))


def wanted(writer, case):
    """The elements; where codecs round, those that the writer finds."""
    outcome = described(writer)["cases"][case.name]
    if "found" in outcome:
        return outcome["found"]
    return outcome["reads"] if case.name in WRITTEN_OTHERWISE.get(writer, ()) else asked_for(case.name)


@cache
def asked_for(name):
    return told_of(CASES[name], expected(CASES[name]))


def fill_of(value):
    return None if value is None else told(value)


@pytest.mark.filterwarnings("ignore:Consolidated metadata:zarr.errors.ZarrUserWarning")
@pytest.mark.parametrize(("writer", "name"), cases_of(TREES))
def test_groups(writer, name, engine):
    tree = TREES[name]
    group = zarr.open_group(MemoryStore(archive(writer)[name]), mode="r", zarr_format=tree.zarr_format)
    nodes = {"": group, **dict(group.members(max_depth=None))}
    found = {
        path: [dict(node.attrs), told(node[...]) if isinstance(node, zarr.Array) else None]
        for path, node in sorted(nodes.items())
    }
    is_consolidated = group.metadata.consolidated_metadata is not None
    assert {"nodes": found, "is_consolidated": is_consolidated} == expected_tree(tree)


@pytest.mark.parametrize("writer", STORED)
def test_no_case_is_left_out(writer):
    cases = described(writer)["cases"]
    assert cases.keys() == {*CASES, *TREES}
    assert archive(writer).keys() == set(stored(writer))
    assert len(stored(writer)) == STORED[writer]


@pytest.mark.parametrize("writer", STORED)
def test_who_wrote_it_is_known(writer):
    provenance = described(writer)
    pinned = (CORPUS.parent / "requirements" / f"{writer}.txt").read_text()
    for package, version in provenance["packages"].items():
        assert f"{package}=={version}\n" in pinned.replace("[msgpack,pcodec,zfpy]", "").replace("[msgpack]", "")
    assert all(provenance[what] for what in ("python", "platform", "date", "command"))


def test_the_corpus_is_small():
    assert sum(path.stat().st_size for path in CORPUS.iterdir()) < MAX_NBYTES
