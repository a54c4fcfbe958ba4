"""Copying out of HDF5: groups and datasets of h5py, or of anything that is called as those, into groups of Zarr.

h5py is not imported. What is copied is looked at first, all of it, so that what has no place in Zarr is refused before
anything is written. Elements go over in blocks of whole stored objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np

from zarr._buffer.memory import in_dtype
from zarr._calls.arrays import PlannedArray, create_planned, plan_array
from zarr._calls.copy import CopyOptions, Tally, may_replace, occupied
from zarr._calls.like import MOST_BLOCKS, blocks, given_of
from zarr._calls.opening import create_group
from zarr._codec.base import BytesBytesCodec
from zarr._codec.blosc import BloscCodec
from zarr._codec.counterparts import SHUFFLE_NAMES
from zarr._codec.crc32c_ import Crc32cCodec
from zarr._codec.gzip_ import GzipCodec
from zarr._codec.zstd import ZstdCodec
from zarr._dtype import VariableLengthUTF8
from zarr._flow.create import check_storable
from zarr._flow.filling import NewNodes, whole_or_gone
from zarr._flow.load import load_group, look
from zarr._flow.node import ArrayNode, GroupNode
from zarr._flow.objects import write
from zarr._flow.paths import below
from zarr._flow.requests import Compute, Flow, Together
from zarr._flow.update import update_attributes
from zarr._metadata.across import compressors_in
from zarr._metadata.formats import FORMATS
from zarr._metadata.group import GroupMetadata
from zarr._selection import GridSelection, SliceAxis
from zarr._support.signals import came_from_a_signal
from zarr._support.warn import warn
from zarr.errors import (
    ArgumentError,
    DataTypeValidationError,
    MetadataValidationError,
    UnknownDataTypeError,
    ZarrUserWarning,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._dtype import ZarrFormat
    from zarr._store.path import StorePath

OF_SCALES = frozenset(
    {
        *("CLASS", "NAME", "DIMENSION_LIST", "DIMENSION_LABELS", "REFERENCE_LIST"),
        *("_Netcdf4Dimid", "_Netcdf4Coordinates", "_nc3_strict"),
    }
)
"""Attributes by which HDF5 and NetCDF-4 say which dimension is which: names of dimensions say it in Zarr."""
_NO_VARIABLE = b"This is a netCDF dimension but not a netCDF variable"
# Numbers of filters, as the HDF Group registers them.
_DEFLATE, _SHUFFLE, _FLETCHER32, _LZF, _BLOSC, _LZ4, _ZSTD = 1, 2, 3, 32000, 32001, 32004, 32015
_BLOSC_COMPRESSORS = ("blosclz", "lz4", "lz4hc", "snappy", "zlib", "zstd")


class Hdf5Node(Protocol):
    """A group or a dataset of h5py."""

    @property
    def name(self) -> Any:
        """Its path in the file."""

    @property
    def attrs(self) -> Any:
        """Its attributes."""

    @property
    def parent(self) -> Any:
        """The group that it is in."""


def is_hdf5(given: Any) -> bool:
    """Whether it is used as a group or a dataset of h5py is. ArgumentError for one of a file that is closed."""
    if not getattr(getattr(given, "id", None), "valid", True):
        raise ArgumentError(f"{given!r} cannot be copied: its file is closed; copy before it is, or open it again")
    return hasattr(given, "attrs") and hasattr(given, "parent") and (_is_dataset(given) or _is_group(given))


def is_hdf5_group(given: Any) -> bool:
    """Whether it is used as a group of h5py is."""
    return is_hdf5(given) and not _is_dataset(given)


def name_of(source: Any) -> str:
    """What it is called in its group; empty for the root."""
    return str(source.name or "").rpartition("/")[2]


def _is_dataset(given: Any) -> bool:
    return hasattr(given, "shape") and not hasattr(given, "keys")  # of some, h5py has no dtype, and raises


def _is_group(given: Any) -> bool:
    return hasattr(given, "keys") and hasattr(given, "__getitem__")


# -- what there is ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Source:
    """A group or a dataset that is copied, and the groups that it was found in on the way, which are not copied into themselves."""

    node: Any
    above: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A group or a dataset as Zarr has it.

    Attributes
    ----------
    path
        Below what is copied.
    text
        For the log.
    attributes
        Those that Zarr has too.
    keywords
        Of `zarr.create_array`; None for a group.
    read
        Elements at a selection.
    """

    path: str
    text: str
    attributes: dict[str, Any]
    keywords: dict[str, Any] | None = None
    read: Callable[[tuple[slice, ...]], npt.NDArray[Any]] | None = None


def look_at(source: Source, zarr_format: ZarrFormat, shallow: bool) -> list[Found]:
    """What is to be copied, each before what is below it. Datasets behind several links are copied to each of these places.

    Raises
    ------
    UnknownDataTypeError, MetadataValidationError
        If Zarr has no place for something.
    """
    return list(_found(source.node, "", zarr_format, () if shallow else (*source.above, source.node)))


def _found(source: Any, path: str, zarr_format: ZarrFormat, above: tuple[Any, ...]) -> Iterator[Found]:
    """`above` are the groups on the way, none if what is below is not wanted."""
    if _is_dataset(source):
        yield _dataset(source, path, zarr_format)
        return
    yield Found(path, _place(source), _attributes(source))
    for name, member in _members(source) if above else ():
        if not _is_dataset(member) and any(member == group for group in above):
            warn(f"{name!r} in {_place(source)} is a link to a group above it, and is not copied", ZarrUserWarning)
            continue
        yield from _found(member, f"{path}/{name}".lstrip("/"), zarr_format, (*above, member))


def _members(group: Any) -> list[tuple[str, Any]]:
    """What there is to copy in a group, by name."""
    names = sorted(group.keys(), key=str)
    found = ((name, _member(group, name)) for name in names)
    return [(name, member) for name, member in found if member is not None and not _is_only_a_dimension(member)]


def members_of(group: Any) -> Flow[list[tuple[str, Source]]]:
    """What there is to copy in a group, by name."""
    found: list[tuple[str, Any]] = yield Compute(_members, (group,))
    return [(name, Source(member, (group,))) for name, member in found]


def _member(group: Any, name: str | bytes) -> Any:
    """What has a name, which is bytes if it is no text, in a group; None for types with a name, and, with a warning, for links that lead nowhere."""
    try:
        why = "Zarr takes '\\' for '/'" if "\\" in _plain(name) else None
    except UnicodeError as exc:
        why = str(exc)
    if why is not None:
        raise MetadataValidationError(f"{name!r} in {_place(group)} of HDF5 cannot be copied under its name: {why}")
    try:
        member = group[name]
    except KeyError as exc:
        warn(f"{name!r} in {_place(group)} is a link that leads nowhere, and is not copied: {exc}", ZarrUserWarning)
        return None
    return member if is_hdf5(member) else None


def _is_only_a_dimension(member: Any) -> bool:
    """Whether NetCDF-4 keeps it only for the length and the name of a dimension."""
    name = member.attrs.get("NAME")
    return _is_dataset(member) and isinstance(name, bytes) and name.startswith(_NO_VARIABLE)


def _place(source: Any) -> str:
    return f"{getattr(source.file, 'filename', '')}:{source.name}"


# -- attributes -------------------------------------------------------------------------------------------------


def _attributes(source: Any) -> dict[str, Any]:
    return {name: _attribute(source, name) for name in source.attrs if name not in OF_SCALES}


def _attribute(source: Any, name: str) -> Any:
    value = source.attrs[name]
    try:
        _plain(name)
        return _plain(value)
    except (TypeError, ValueError) as exc:
        raise MetadataValidationError(
            f"attribute {name!r} of {_place(source)} cannot be an attribute in Zarr, which has what JSON has: {exc}. Copy what "
            "is beside it, or without_attrs=True."
        ) from exc


def _plain(value: Any) -> Any:
    """An attribute of HDF5 as JSON has it."""
    if isinstance(value, str):
        value.encode()  # raises for half characters
        return value
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, bytes):
        return value.decode()
    if hasattr(value, "dtype") and getattr(value, "shape", ()) is None:  # h5py.Empty
        return None
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value] if value.ndim else _plain(value[()])
    if isinstance(value, np.bool_ | np.integer | np.floating | np.str_):
        return value.item()
    raise TypeError(f"it is of type {type(value).__name__}")


# -- datasets ---------------------------------------------------------------------------------------------------


def _dataset(source: Any, path: str, zarr_format: ZarrFormat) -> Found:
    data_type = _data_type(source)
    attributes = _attributes(source)
    if enum := (source.dtype.metadata or {}).get("enum"):
        attributes.setdefault("enum", {name: int(value) for name, value in enum.items()})
    keywords = {
        "shape": source.shape,
        "dtype": data_type,
        "chunks": source.chunks or "auto",
        "fill_value": _fill_value(source),
        **_compression(source, zarr_format),
        **FORMATS[zarr_format].named(_dimension_names(source), attributes),
    }
    text = f"{_place(source)} {source.shape} {'string' if _is_text(source) else source.dtype}"
    return Found(path, text, attributes, keywords, _reader(source))


def _refused(dataset: str, what: str) -> UnknownDataTypeError:
    return UnknownDataTypeError(f"dataset {dataset} cannot be copied, and nothing was: {what}")


def _data_type(source: Any) -> Any:
    """The data type in Zarr; raises for what it does not have."""
    if source.shape is None:
        raise _refused(
            _place(source), "it has no elements at all (its dataspace is null), and arrays of Zarr have a shape"
        )
    try:
        source.dtype  # noqa: B018  # h5py makes it when it is asked for
    except TypeError as exc:
        raise _refused(_place(source), f"NumPy has no elements like those that it holds: {exc}") from exc
    if _is_text(source):
        return VariableLengthUTF8()
    _check(source, source.dtype)
    return np.dtype(source.dtype, metadata={}) if source.dtype.metadata else source.dtype


def _is_text(source: Any) -> bool:
    return (source.dtype.metadata or {}).get("vlen") in (str, bytes)


def _check(source: Any, dtype: np.dtype[Any], field: str = "") -> None:
    where = f"its field {field!r}" if field else "it"
    said: Mapping[str, Any] = dtype.metadata or {}
    if "ref" in said:
        kind = "regions" if "Region" in said["ref"].__name__ else "objects"
        raise _refused(_place(source), f"{where} holds references to {kind} of the file, which mean nothing outside")
    if "vlen" in said:
        what = "text" if said["vlen"] in (str, bytes) else f"arrays of {said['vlen']}"
        raise _refused(_place(source), f"{where} holds {what} of any length, which Zarr does not have there")
    for name in dtype.names or ():
        _check(source, dtype[name], f"{field}.{name}".lstrip("."))
    if dtype.subdtype is not None:
        _check(source, dtype.subdtype[0], field)


def _fill_value(source: Any) -> Any:
    fill = source.fillvalue
    if not _is_text(source):
        return fill
    return fill.decode() if isinstance(fill, bytes) else fill or ""


def _dimension_names(source: Any) -> list[str | None] | None:
    """The names of the scales, or the labels; a scale of one dimension is its own."""
    if not hasattr(source, "dims"):
        return None
    names = [_dimension_name(dimension) for dimension in source.dims]
    if source.attrs.get("CLASS") == b"DIMENSION_SCALE" and len(names) == 1 and names[0] is None:
        names = [name_of(source)]
    return names if any(names) else None


def _dimension_name(dimension: Any) -> str | None:
    if len(dimension):
        return name_of(dimension[0]) or None
    return dimension.label or None


def _reader(source: Any) -> Callable[[tuple[slice, ...]], npt.NDArray[Any]]:
    is_text = _is_text(source)
    elements = source.asstr() if is_text else source

    def read(selection: tuple[slice, ...]) -> npt.NDArray[Any]:
        try:
            found = elements[selection]
        except Exception as exc:
            exc.add_note(f"This was met in reading {_place(source)} at {selection}.")
            raise
        return np.asarray(found, object if is_text else None)

    return read


# -- compression ------------------------------------------------------------------------------------------------


def _compression(source: Any, zarr_format: ZarrFormat) -> dict[str, Any]:
    """Keywords for codecs that do what the filters of a dataset do; the default ones for a dataset without compression."""
    filters = _filters(source)
    compressor = _compressor(filters, source.dtype.itemsize)
    if compressor is None:
        return {}
    checksum = [Crc32cCodec()] if _FLETCHER32 in filters else []
    return {"compressors": compressors_in(zarr_format, [compressor, *checksum])}


def _filters(source: Any) -> dict[int, tuple[int, ...]]:
    """Numbers of the filters, with their settings."""
    try:
        plist = source.id.get_create_plist()
        found = [plist.get_filter(i) for i in range(plist.get_nfilters())]
    except AttributeError:  # not h5py itself: then what it says of compression
        named = {"gzip": (_DEFLATE, (source.compression_opts or 4,)), "lzf": (_LZF, ())}
        filters = [named[source.compression]] if getattr(source, "compression", None) in named else []
        return dict([*filters, *([(_SHUFFLE, ())] if getattr(source, "shuffle", False) else [])])
    return {number: settings for number, _, settings, _ in found}


def _compressor(filters: Mapping[int, tuple[int, ...]], itemsize: int) -> BytesBytesCodec | None:
    """The codec that compresses as some filters do; None where none of them compresses, or it has no likeness."""
    if _BLOSC in filters and len(settings := filters[_BLOSC]) >= 7:
        level, shuffle, number = settings[4:7]
        cname: Any = _BLOSC_COMPRESSORS[number] if number < len(_BLOSC_COMPRESSORS) else "lz4"
        chosen: Any = SHUFFLE_NAMES.get(shuffle, "shuffle")
        return BloscCodec(cname=cname, clevel=min(level, 9), shuffle=chosen, typesize=max(1, itemsize))
    shuffle_: Any = "shuffle" if _SHUFFLE in filters else "noshuffle"
    if _DEFLATE in filters:
        level = (filters[_DEFLATE] or (4,))[0]
        if shuffle_ == "noshuffle":
            return GzipCodec(level=level)
        return BloscCodec(cname="zlib", clevel=level, shuffle=shuffle_, typesize=max(1, itemsize))
    if _LZF in filters or _LZ4 in filters:
        return BloscCodec(cname="lz4", shuffle=shuffle_, typesize=max(1, itemsize))
    if _ZSTD in filters:
        return ZstdCodec(level=(filters[_ZSTD] or (3,))[0])
    return None


# -- copying ----------------------------------------------------------------------------------------------------


Plan: TypeAlias = list[tuple[Found, PlannedArray | None]]


def plan(source: Source, dest: StorePath, zarr_format: ZarrFormat, options: CopyOptions) -> Flow[Plan]:
    """What a copy of a dataset, or of a group with everything below it unless `shallow`, to `dest` consists of.

    Raises
    ------
    UnknownDataTypeError, MetadataValidationError
        If Zarr has no place for something.
    """
    found: list[Found] = yield Compute(look_at, (source, zarr_format, options.shallow))
    return [(each, _planned(each, below(dest, each.path), zarr_format, options)) for each in found]


def copy(planned: Plan, dest: StorePath, zarr_format: ZarrFormat, options: CopyOptions, tally: Tally) -> Flow[None]:
    """Copy what was planned."""
    skipped = "/"  # no path begins so
    for each, array in planned:
        at = below(dest, each.path)
        if each.path.startswith(skipped):
            continue
        if array is not None:
            yield from _copy_dataset(each, array, at, options, tally)
        elif not (yield from _copy_group(each, at, zarr_format, options, tally)):
            skipped = f"{each.path}/" if each.path else ""


def _planned(found: Found, at: StorePath, zarr_format: ZarrFormat, options: CopyOptions) -> PlannedArray | None:
    if found.keywords is None:
        return None
    keywords = {**found.keywords, **given_of(options.create_kws)}
    if options.without_attrs:
        keywords["attributes"] = options.create_kws.get("attributes")
    try:
        planned = plan_array(at, zarr_format=zarr_format, **keywords)
        check_storable(at, planned.node.metadata)
    except Exception as exc:
        is_of_data = isinstance(exc, DataTypeValidationError) or (
            isinstance(exc, ValueError) and not options.create_kws
        )
        if is_of_data and not came_from_a_signal(exc):
            raise _refused(found.text, str(exc)) from exc
        exc.add_note(f"This was met in making an array after dataset {found.text}; nothing was copied.")
        raise
    return planned


def _copy_group(found: Found, at: StorePath, zarr_format: ZarrFormat, options: CopyOptions, tally: Tally) -> Flow[bool]:
    """Make a group, or add to its attributes; whether what is below is to be copied."""
    existing = yield from look(at)
    if existing is not None and not isinstance(existing, GroupMetadata):
        if options.if_exists == "raise":
            raise occupied(at, existing)
        if options.if_exists != "replace":
            tally.skipped(found.text)
            return False
        existing = None
    tally.copied(found.text)
    attributes = {} if options.without_attrs else found.attributes
    if options.dry_run:
        return True
    if existing is None:
        replaces = options.if_exists == "replace"
        yield from create_group(at, zarr_format=zarr_format, attributes=attributes, overwrite=replaces)
    elif attributes:
        yield from merge(GroupNode((yield from load_group(at)), at), attributes)
    return True


def merge(group: GroupNode, attributes: Mapping[str, Any]) -> Flow[None]:
    """Add attributes to those of a group."""
    yield from update_attributes(group, lambda current: {**current, **attributes})


def attributes_of(source: Any) -> Flow[dict[str, Any]]:
    """The attributes of a group, as Zarr has them."""
    found: dict[str, Any] = yield Compute(_attributes, (source,))
    return found


def _copy_dataset(found: Found, planned: PlannedArray, at: StorePath, options: CopyOptions, tally: Tally) -> Flow[None]:
    existing = yield from look(at)
    if existing is not None and not (yield from may_replace(at, existing, options)):
        tally.skipped(found.text)
        return
    spec = planned.node.view.spec
    tally.copied(found.text, spec.dtype.itemsize * int(np.prod(spec.shape, dtype=object)))
    if options.dry_run:
        return
    replaces = existing is not None or options.if_exists == "replace"
    made: NewNodes = []
    node = ArrayNode(*(yield from create_planned(PlannedArray(planned.node, None, replaces), made=made)))
    chunks = (found.keywords or {})["chunks"]
    source_chunks = chunks if isinstance(chunks, tuple) else (1,) * len(spec.shape)
    copies = (_copy_block(found, node, block) for block in blocks(source_chunks, spec))
    yield from whole_or_gone(made, _together(copies))


def _together(copies: Iterator[Flow[None]]) -> Flow[None]:
    yield Together(copies, MOST_BLOCKS)


def _copy_block(found: Found, target: ArrayNode, block: GridSelection) -> Flow[None]:
    elements = yield Compute(_read, (found, block))
    yield from write(target, target.view, block, in_dtype(elements, target.view.spec.dtype))


def _read(found: Found, block: GridSelection) -> npt.NDArray[Any]:
    assert found.read is not None  # noqa: S101  # of a dataset
    selection = tuple(slice(axis.start, axis.start + axis.count) for axis in block.axes if isinstance(axis, SliceAxis))
    return found.read(selection)
