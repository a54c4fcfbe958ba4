"""Writing elements into files of others: NumPy's, tables, raw bytes, HDF5. Block by block, so that arrays of any size can be."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any

import numpy as np

from zarr._cli.rows import blocks_of
from zarr._faces.array import Array
from zarr._faces.group import Group
from zarr._faces.view import View
from zarr._flow.node import GroupNode, UnreadableNode
from zarr._support.imports_on_use import importing
from zarr._support.warn import warn
from zarr.errors import ArgumentError, ZarrUserWarning

Writer = Callable[[View, IO[bytes]], None]


def write_npy(view: View, file: IO[bytes]) -> None:
    """As `numpy.save` would."""
    dtype = _of_one_length(view) if view.dtype.kind == "T" else view.dtype
    if dtype.hasobject:
        raise ArgumentError(f"elements of type {dtype} have no form in a file of NumPy; csv has one")
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": view.shape}
    np.lib.format.write_array_header_2_0(file, header)
    for block in blocks_of(view):
        file.write(np.ascontiguousarray(block.astype(dtype)).tobytes())


def _of_one_length(view: View) -> np.dtype[Any]:
    """NumPy's type for the texts of a view, which files have: of the length of the longest."""
    longest = max((len(text) for block in blocks_of(view) for text in block.ravel().tolist()), default=1)
    return np.dtype(f"U{max(1, longest)}")


def write_raw(view: View, file: IO[bytes]) -> None:
    """The bytes of the elements, in C order."""
    if view.dtype.hasobject or view.dtype.kind == "T":
        raise ArgumentError(f"elements of type {view.dtype} have no bytes of their own; csv has a form for them")
    for block in blocks_of(view):
        file.write(np.ascontiguousarray(block, view.dtype).tobytes())


def write_csv(view: View, file: IO[bytes]) -> None:
    """A row for each element of the first dimension; of structs, a column for each field, and their names above."""
    names = view.dtype.names
    if view.ndim > 2 or (names is not None and view.ndim != 1):
        raise ArgumentError(
            f"a table has one or two dimensions, and {view.shape} has {view.ndim}; select some, as in '0, :, :'"
        )
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    try:
        rows = csv.writer(text, lineterminator="\n")
        if names is not None:
            rows.writerow(names)
        for block in blocks_of(view):
            plain = block.astype(str) if block.dtype.kind in "mM" else block
            for row in np.atleast_1d(plain).tolist():
                rows.writerow(row if isinstance(row, list | tuple) else (row,))
    finally:
        text.detach()


WRITERS: Mapping[str, Writer] = {"npy": write_npy, "raw": write_raw, "csv": write_csv}
"""Of one array each, by format."""
SUFFIXES: Mapping[str, str] = {
    ".npy": "npy",
    ".npz": "npz",
    ".csv": "csv",
    ".raw": "raw",
    ".bin": "raw",
    ".h5": "hdf5",
    ".hdf5": "hdf5",
}
FORMATS = ("npy", "npz", "csv", "raw", "hdf5")
OF_GROUPS = ("npz", "hdf5")


def write_npz(node: Array | Group, view: View | None, path: str) -> int:
    """Every array of a group under its path, or one array; how many."""
    n = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        for name, each in _views(node, view):
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                write_npy(each, file)
            n += 1
    return n


def write_hdf5(node: Array | Group, view: View | None, path: str) -> int:
    """Every array of a group under its path, or one array, with attributes; how many arrays."""
    with importing("h5py"):
        try:
            import h5py
        except ImportError as exc:
            raise ImportError("files of HDF5 need the package h5py; install it with: pip install h5py") from exc
    n = 0
    with h5py.File(path, "w") as file:
        if isinstance(node, Group):
            _attributes(file, node.attrs)
            for name, member in node.members(max_depth=None):
                if isinstance(member, Group) and isinstance(member._node, GroupNode):
                    _attributes(file.require_group(name), member.attrs)
        for name, each in _views(node, view):
            dtype = h5py.string_dtype() if each.dtype.kind in "OTU" else each.dtype
            chunks = tuple(sizes[0] for sizes in each.read_chunk_sizes) if each.size and each.ndim else None
            made = file.create_dataset(name, shape=each.shape, dtype=dtype, chunks=chunks)
            start = 0
            for block in blocks_of(each):
                values = block.astype(object) if each.dtype.kind in "TU" else block
                if not each.ndim:
                    made[()] = values
                else:
                    made[start : start + len(block)] = values
                    start += len(block)
            _attributes(made, each.array.attrs)
            n += 1
    return n


def _views(node: Array | Group, view: View | None) -> Iterator[tuple[str, View]]:
    """Names and contents of what is exported."""
    if isinstance(node, Array):
        yield node.basename or "data", node.lazy if view is None else view
        return
    for name, member in node.members(max_depth=None):
        state: Any = member._node
        if isinstance(state, UnreadableNode):
            warn(f"{name} cannot be read, and is left out: {state.unreadable.reason}", ZarrUserWarning)
        elif isinstance(member, Array):
            yield name, member.lazy[...]


def _attributes(to: Any, attributes: Mapping[str, Any]) -> None:
    for name, value in attributes.items():
        is_plain = isinstance(value, str | int | float | bool)
        is_list = (
            isinstance(value, list)
            and len({type(each) for each in value}) == 1
            and isinstance(value[0], str | int | float)
        )
        to.attrs[name] = value if is_plain or is_list else json.dumps(value)
