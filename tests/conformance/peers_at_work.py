"""Other libraries store the cases of `recipes`, and read what was stored of them, each in an environment of its own.

    python peers_at_work.py write tensorstore DIRECTORY ARCHIVE
    python peers_at_work.py read zarrs DIRECTORY

The first stores every case below the directory, packs all of it into an archive, `.tar.xz`, and writes beside it a `.json` with what it was
made with, and what became of each case: `"stored"`; what is found in it, where codecs round; what the library reads itself, where that
is not what was written; or why it was refused. Without an archive that is printed. The second prints a JSON object: what was wrong with each case, or null. A case that is not there is
none that is wrong.
"""

from __future__ import annotations

import json
import platform
import shutil
import sys
import tarfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from recipes import (
    CASES,
    TREES,
    VALUES,
    Case,
    Tree,
    elements,
    expected,
    expected_tree,
    fill_scalar,
    first_elements,
    told,
    told_of,
)

SERIALIZERS = ("bytes", "sharding_indexed", "vlen-utf8", "vlen-bytes", "packbits", "numcodecs.pcodec", "numcodecs.zfpy")


class Refused(Exception):
    """The library has no way to say it."""


class Read:
    """What a library finds: elements; attributes and names of dimensions, if it has them, else None."""

    def __init__(self, values: Any, attributes: Any = None, names: Any = None) -> None:
        self.values, self.attributes, self.names = values, attributes, names


# -- zarr-python 2 ----------------------------------------------------------------------------------------------------


class ZarrPython2:
    packages = ("zarr", "numcodecs", "numpy")

    def write(self, case: Case, path: Path) -> None:
        import numcodecs

        import zarr

        if case.zarr_format == 3:
            raise Refused("it has no format 3")
        if case.is_small:
            raise Refused("it has the types of NumPy")
        filters = [numcodecs.get_codec(dict(each)) for each in case.filters]
        is_object = case.dtype == "|O"
        options: dict[str, Any] = {"object_codec": filters.pop(0) if is_object else None}
        if not case.has_defaults:
            options |= {
                "chunks": case.chunks,
                "compressor": None if case.compressor is None else numcodecs.get_codec(dict(case.compressor)),
                "order": case.order,
                "filters": filters or None,
                "dimension_separator": _separator(case),
                "fill_value": case.fill if is_object else fill_scalar(case),
            }
        array = zarr.create(
            store=zarr.DirectoryStore(str(path), dimension_separator=_separator(case)),
            shape=case.began or case.shape,
            dtype=case.numpy_dtype,
            **options,
        )
        _put(case, array)
        if case.attributes:
            array.attrs.put(case.attributes)

    def read(self, case: Case, path: Path) -> Read:
        import zarr

        array = zarr.open_array(str(path), mode="r")
        return Read(array[...], array.attrs.asdict())

    def write_tree(self, tree: Tree, path: Path) -> None:
        import zarr

        if tree.zarr_format == 3:
            raise Refused("it has no format 3")
        root = zarr.open_group(str(path), mode="w")
        for where, attributes in tree.groups.items():
            (root.require_group(where) if where else root).attrs.update(attributes)
        for where, attributes in tree.arrays.items():
            root.create_dataset(where, data=VALUES, chunks=(3,), compressor=None).attrs.update(attributes)
        if tree.is_consolidated:
            zarr.consolidate_metadata(str(path))

    def read_tree(self, tree: Tree, path: Path) -> Any:
        import zarr

        root = zarr.open_consolidated(str(path)) if tree.is_consolidated else zarr.open_group(str(path), mode="r")
        nodes = {"": root}
        root.visititems(lambda name, node: nodes.__setitem__(name, node))
        return {
            "nodes": {
                name: [node.attrs.asdict(), told(node[...]) if hasattr(node, "shape") else None]
                for name, node in sorted(nodes.items())
            },
            "is_consolidated": tree.is_consolidated,
        }


# -- zarr-python 3, and this library, which is used in the same way -----------------------------------------------------


class ZarrPython3:
    packages = ("zarr", "numcodecs", "numpy")
    has_small_numbers = False
    settings: ClassVar[dict[str, Any]] = {}

    def write(self, case: Case, path: Path) -> None:
        import zarr

        if case.is_small and not self.has_small_numbers:
            raise Refused("it has the types of NumPy")
        with self._set(case):
            if case.has_defaults:
                options = {}
            else:
                options = self._v2(case) if case.zarr_format == 2 else self._v3(case)
                options |= {
                    "chunks": tuple(map(list, case.chunks)) if _is_rectilinear(case) else case.chunks,
                    "fill_value": fill_scalar(case),
                    "chunk_key_encoding": case.keys,
                    "attributes": case.attributes,
                }
            array = zarr.create_array(
                str(path),
                shape=case.began or case.shape,
                dtype=self._dtype(case),
                zarr_format=case.zarr_format,
                **options,
            )
            self._check(array)
            _put(case, array)

    def _v2(self, case: Case) -> dict[str, Any]:
        import numcodecs

        return {
            "filters": [numcodecs.get_codec(dict(each)) for each in case.filters] or None,
            "compressors": None if case.compressor is None else numcodecs.get_codec(dict(case.compressor)),
            "order": case.order,
        }

    def _v3(self, case: Case) -> dict[str, Any]:
        at = next(i for i, each in enumerate(case.codecs) if each["name"] in SERIALIZERS)
        serializer = dict(case.codecs[at])
        return {
            "filters": case.codecs[:at],
            "serializer": serializer,
            "compressors": case.codecs[at + 1 :],
            "dimension_names": case.dimension_names,
        }

    def _dtype(self, case: Case) -> Any:
        import zarr

        if case.object_codec in ("vlen-utf8", "vlen-bytes"):
            return {"vlen-utf8": zarr.dtype.VariableLengthUTF8, "vlen-bytes": zarr.dtype.VariableLengthBytes}[
                case.object_codec
            ]()
        if isinstance(case.dtype, str) and (case.is_small or case.dtype[0] == "r"):
            return case.dtype
        return case.numpy_dtype

    def _check(self, array: Any) -> None:
        """Raises what says that another library than the one asked for is at work."""

    @contextmanager
    def _set(self, case: Case) -> Iterator[None]:
        import zarr

        with zarr.config.set(
            {**self.settings, **({"array.rectilinear_chunks": True} if _is_rectilinear(case) else {})}
        ):
            yield

    def read(self, case: Case, path: Path) -> Read:
        import zarr

        with self._set(case):
            array = zarr.open_array(str(path), mode="r", zarr_format=case.zarr_format)
            self._check(array)
            names = getattr(array.metadata, "dimension_names", None)
            return Read(array[...], dict(array.attrs), names)

    def write_tree(self, tree: Tree, path: Path) -> None:
        import zarr

        root = zarr.create_group(str(path), zarr_format=tree.zarr_format, attributes=tree.groups[""])
        for where, attributes in tree.groups.items():
            if where:
                root.create_group(where, attributes=attributes)
        for where, attributes in tree.arrays.items():
            array = root.create_array(where, shape=VALUES.shape, dtype=VALUES.dtype, chunks=(3,), compressors=None, attributes=attributes)  # fmt: skip
            array[...] = VALUES
        if tree.is_consolidated:
            zarr.consolidate_metadata(str(path), zarr_format=tree.zarr_format)

    def read_tree(self, tree: Tree, path: Path) -> Any:
        import zarr

        root = zarr.open_group(str(path), mode="r", zarr_format=tree.zarr_format)
        nodes = {"": root, **dict(root.members(max_depth=None))}
        return {
            "nodes": {
                name: [dict(node.attrs), told(node[...]) if hasattr(node, "shape") else None]
                for name, node in sorted(nodes.items())
            },
            "is_consolidated": root.metadata.consolidated_metadata is not None,
        }


class Ours(ZarrPython3):
    has_small_numbers = True


class Zarrs(ZarrPython3):
    """zarrs has the chunks, in place of zarr-python's own pipeline of codecs; it is told not to hand them back."""

    packages = ("zarrs", "zarr", "numcodecs", "numpy")
    settings: ClassVar = {"codec_pipeline.path": "zarrs.ZarrsCodecPipeline", "codec_pipeline.strict": True}

    def _check(self, array: Any) -> None:
        pipeline = type(array._async_array.codec_pipeline).__name__
        if pipeline != "ZarrsCodecPipeline":
            raise Refused(f"the chunks are those of {pipeline}")

    def write_tree(self, tree: Tree, path: Path) -> None:
        raise Refused("groups are zarr-python's")

    read_tree = write_tree


# -- TensorStore --------------------------------------------------------------------------------------------------------


class TensorStore:
    packages = ("tensorstore", "ml_dtypes", "numpy")

    def write(self, case: Case, path: Path) -> None:
        document = _v2_document(case) if case.zarr_format == 2 else _v3_document(case)
        if case.numpy_dtype.fields is not None:
            self._write_fields(case, path, document)
            return
        is_raw = case.zarr_format == 3 and case.numpy_dtype.kind == "V" and not case.is_small
        if is_raw or (case.order == "F" and len(case.shape) < 2):
            # TensorStore 0.1.86 opens these. To create the first ends the process, the second it creates in the order of rows.
            path.mkdir(parents=True)
            (path / ("zarr.json" if is_raw else ".zarray")).write_text(json.dumps(document))
            array = self._open(case, path)
        else:
            array = self._open(case, path, metadata=document, create=True)
        if case.began is not None:
            array.write(first_elements(case)).result()
            array = array.resize(exclusive_max=case.shape).result()
        data = elements(case)
        for selection in case.selections:
            part = data[selection]
            if case.numpy_dtype.kind in "SV" and not case.is_small:
                part = np.ascontiguousarray(part).reshape((*part.shape, 1)).view(f"{case.numpy_dtype.kind}1")
            array[selection].write(part).result()

    def _write_fields(self, case: Case, path: Path, document: Any) -> None:
        data = elements(case)
        for i, name in enumerate(case.numpy_dtype.names):
            members = {"metadata": document, "create": True} if i == 0 else {}
            array = self._open(case, path, field=name, **members)
            for selection in case.selections:
                part = data[name][selection]
                if part.dtype.kind in "SV":
                    part = np.ascontiguousarray(part).reshape((*part.shape, 1)).view(f"{part.dtype.kind}1")
                array[selection].write(part).result()

    def _open(self, case: Case, path: Path, **members: Any) -> Any:
        import tensorstore

        driver = {2: "zarr", 3: "zarr3"}[case.zarr_format]
        kvstore = {"driver": "file", "path": f"{path}/"}
        context = tensorstore.Context({"file_io_sync": False})
        return tensorstore.open(
            {"driver": driver, "kvstore": kvstore, "open": True, **members}, context=context
        ).result()

    def read(self, case: Case, path: Path) -> Read:
        if case.object_codec is not None or case.numpy_dtype.fields is None:
            array = self._open(case, path)
            values = self._values(array, None if case.object_codec is not None else case.numpy_dtype)
        else:
            values = np.zeros(case.shape, case.numpy_dtype)
            for name in case.numpy_dtype.names:
                array = self._open(case, path, field=name)
                values[name] = self._values(array, case.numpy_dtype[name].base)
        if case.zarr_format == 2:
            return Read(values)
        labels = tuple(label or None for label in array.domain.labels[: len(case.shape)])
        return Read(values, names=labels if any(labels) else None)

    def _values(self, array: Any, dtype: Any) -> Any:
        """Bytes have one more axis, and know no size."""
        import tensorstore

        if dtype is None or dtype.kind not in "SV" or dtype.names is not None or dtype.isbuiltin == 2:
            return np.asarray(array.read().result())
        host = np.zeros(array.shape, f"{dtype.kind}1")
        tensorstore.array(host, copy=False).write(array).result()
        return host.view(dtype)[..., 0] if host.size else np.zeros(array.shape[:-1], dtype)

    def write_tree(self, tree: Tree, path: Path) -> None:
        raise Refused("it has no groups")

    read_tree = write_tree


def _v2_document(case: Case) -> dict[str, Any]:
    if case.attributes:
        raise Refused("it has no attributes in format 2")
    if case.has_defaults:
        return {"zarr_format": 2, "shape": case.shape, "dtype": case.dtype, "fill_value": case.fill}
    return {
        "zarr_format": 2,
        "shape": case.began or case.shape,
        "chunks": case.chunks,
        "dtype": case.dtype,
        "compressor": case.compressor,
        "filters": list(case.filters) or None,
        "fill_value": case.fill,
        "order": case.order,
        "dimension_separator": _separator(case),
    }


def _v3_document(case: Case) -> dict[str, Any]:
    if _is_rectilinear(case):
        grid = {"name": "rectilinear", "configuration": {"kind": "inline", "chunk_shapes": case.chunks}}
    else:
        grid = {"name": "regular", "configuration": {"chunk_shape": case.chunks}}
    if case.has_defaults:
        return {"zarr_format": 3, "node_type": "array", "shape": case.shape, "data_type": case.data_type}
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": case.began or case.shape,
        "data_type": case.data_type,
        "chunk_grid": grid,
        "chunk_key_encoding": case.keys or {"name": "default", "configuration": {"separator": "/"}},
        "codecs": list(case.codecs),
        "fill_value": case.fill,
        "attributes": case.attributes,
        **({} if case.dimension_names is None else {"dimension_names": case.dimension_names}),
    }


# -- what they have in common ---------------------------------------------------------------------------------------------


def _separator(case: Case) -> str:
    return "." if case.keys is None else case.keys["configuration"]["separator"]


def _is_rectilinear(case: Case) -> bool:
    return bool(case.chunks) and not isinstance(case.chunks[0], int)


def _put(case: Case, array: Any) -> None:
    if case.began is not None:
        array[...] = first_elements(case)
        array.resize(case.shape)
    data = elements(case)
    for selection in case.selections:
        if data.dtype.hasobject and not data.ndim:
            array[...] = data[()]
        else:
            array[selection] = data[selection]


LIBRARIES: dict[str, Callable[[], Any]] = {
    "zarr-python-2.18": ZarrPython2,
    "zarr-python-3.1": ZarrPython3,
    "zarr-python-3.4": ZarrPython3,
    "tensorstore": TensorStore,
    "zarrs": Zarrs,
    "ours": Ours,
}


def trouble(library: Any, case: Case, path: Path) -> tuple[str | None, Any]:
    """What is wrong with a stored case as the library reads it; and the elements that it found, if others."""
    try:
        read = library.read(case, path)
        found = told_of(case, read.values)
    except Exception as exc:  # noqa: BLE001  # it is told
        return _said(exc), None
    if not case.is_lossy and not _agree(case, read.values, found):
        return f"other elements: {str(np.asarray(read.values).tolist())[:200]}", found
    if read.attributes is not None and read.attributes != case.attributes:
        return f"other attributes: {read.attributes}", None
    if case.zarr_format == 3 and read.names is not None and tuple(read.names) != case.dimension_names:
        return f"other names: {read.names}", None
    return None, found if case.is_lossy else None


def _agree(case: Case, values: Any, found: list[Any]) -> bool:
    """Null, for a fill value, says nothing of what was never written."""
    wanted = expected(case)
    if case.fill is None:
        return all(told_of(case, values[part]) == told_of(case, wanted[part]) for part in case.selections)
    return found == told_of(case, wanted)


def _said(exc: Exception) -> str:
    return f"{type(exc).__name__}: {exc}".split("\n")[0][:300]


def write_all(library: Any, root: Path) -> dict[str, Any]:
    """What became of each case. What was begun and not finished is taken away."""
    outcome: dict[str, Any] = {}
    for name, case in {**CASES, **TREES}.items():
        path = root / name
        try:
            if isinstance(case, Tree):
                library.write_tree(case, path)
                outcome[name] = "stored"
                continue
            library.write(case, path)
        except Exception as exc:  # noqa: BLE001  # it is told
            shutil.rmtree(path, ignore_errors=True)
            outcome[name] = {"refused": _said(exc)}
            continue
        problem, found = trouble(library, case, path)
        if case.is_lossy and found is not None:
            outcome[name] = {"found": found}
        else:
            outcome[name] = "stored" if problem is None else {"reads": problem if found is None else found}
    return outcome


def read_all(library: Any, root: Path) -> dict[str, str | None]:
    answers: dict[str, str | None] = {}
    for name, case in CASES.items():
        if (root / name).exists():
            answers[name] = trouble(library, case, root / name)[0]
    for name, tree in TREES.items():
        try:
            found = library.read_tree(tree, root / name)
            answers[name] = None if found == expected_tree(tree) else f"another tree: {found}"
        except Exception as exc:  # noqa: BLE001  # it is told
            answers[name] = _said(exc)
    return answers


def pack(root: Path, archive: Path) -> None:
    """Always the same archive of the same files."""
    with tarfile.open(archive, "w:xz", preset=9, format=tarfile.USTAR_FORMAT) as packed:
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            member = tarfile.TarInfo(path.relative_to(root).as_posix())
            member.size = path.stat().st_size
            with path.open("rb") as file:
                packed.addfile(member, file)


def provenance(name: str, library: Any) -> dict[str, Any]:
    return {
        "written by": name,
        "packages": {package: metadata.version(package) for package in library.packages},
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "date": datetime.now(UTC).date().isoformat(),
        "command": "make corpus",
    }


def main(verb: str, name: str, directory: str, archive: str | None = None) -> None:
    warnings.simplefilter("ignore")
    library = LIBRARIES[name]()
    if verb == "read":
        print(json.dumps(read_all(library, Path(directory))))
        return
    outcome = write_all(library, Path(directory))
    if archive is None:
        print(json.dumps(outcome))
    else:
        pack(Path(directory), Path(archive))
        described = json.dumps(provenance(name, library) | {"cases": outcome}, indent=1, ensure_ascii=False)
        Path(archive).with_suffix("").with_suffix(".json").write_text(described + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
