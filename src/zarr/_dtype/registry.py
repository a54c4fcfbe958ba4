"""Finding the data type for a NumPy dtype, for stored metadata, and for what users write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from zarr._dtype.base import ZarrFormat, ZDType
from zarr._dtype.described import UnfitDataTypeError, named
from zarr._dtype.octets import RawBytes
from zarr._dtype.traits import is_ours
from zarr._support.near_names import near_names
from zarr._support.plug_ins import report, warn_once
from zarr._support.registry import Registry, fully_qualified_name, names_version, places_of
from zarr._support.signals import came_from_a_signal
from zarr._support.warn import n_given
from zarr.errors import DataTypeValidationError, MissingPackageError, UnknownDataTypeError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

AnyDType = ZDType[Any, Any]


class DataTypeRegistry:
    """Data type classes by name. A NumPy dtype, or a stored description, must be that of exactly one of them.

    Attributes
    ----------
    contents
        The classes by name, in order of registration.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.data_type_registry.get("int8").__name__
    'Int8'
    """

    def __init__(self) -> None:
        self.contents: Registry[AnyDType] = Registry(*places_of("data_type"), use_entrypoint_name=True)
        self._known: dict[tuple[int, tuple[str, Any]], AnyDType] = {}

    def __reduce_ex__(self, protocol: SupportsIndex) -> str | tuple[Any, ...]:
        return "data_type_registry" if self is data_type_registry else super().__reduce_ex__(protocol)

    def register(self, key: str, cls: type[AnyDType]) -> None:
        """Add a class, or replace the one of this name.

        Parameters
        ----------
        key
            Name in the metadata.
        cls
            The class.
        """
        self.contents.register(cls, key)

    def unregister(self, key: str) -> None:
        """Remove a class. Raises KeyError if there is none of this name.

        Parameters
        ----------
        key
            Name in the metadata.
        """
        if key not in self.contents:
            raise KeyError(f"Data type '{key}' not found in registry.")
        self.contents.remove(key)

    def get(self, key: str) -> type[AnyDType]:
        """The class of this name. Raises KeyError if there is none.

        Parameters
        ----------
        key
            Name in the metadata.
        """
        return self.contents[key]

    def match_dtype(self, dtype: np.dtype[Any]) -> AnyDType:
        """The data type that stores a NumPy dtype.

        Raises
        ------
        ValueError
            If that cannot be told from the dtype (Python objects).
        DataTypeValidationError
            If no class, or more than one, stores it.
        """
        if dtype.kind == "O":
            raise ValueError(
                "Zarr data type resolution from object failed: a NumPy object dtype does not say what the objects are. "
                "Use dtype='string' for text, dtype='bytes' for bytes; in format 2, an object codec among the filters says it, "
                "as numcodecs.JSON()."
            )
        faults: list[DataTypeValidationError] = []
        matches = self._matching(lambda cls: cls.from_native_dtype(dtype), faults)
        if not matches and self._load_offered():
            matches = self._matching(lambda cls: cls.from_native_dtype(dtype), faults)
        return self._only(matches, dtype, faults)

    def match_json(self, data: Any, *, zarr_format: ZarrFormat) -> AnyDType:
        """The data type that stored metadata describe.

        Raises
        ------
        DataTypeValidationError
            If no class, or more than one, reads it, or the one of this name finds it invalid.
        """
        key = _key(data) if zarr_format == 2 else None
        if key is None:
            return self._match_json(data, zarr_format=zarr_format)
        since, n_warnings = names_version(), n_given()
        if (known := self._known.get((since, key))) is None:
            known = self._match_json(data, zarr_format=zarr_format)
            if n_given() == n_warnings:
                if len(self._known) >= _MOST_KNOWN:
                    self._known.clear()
                self._known[since, key] = known
        return known

    def _match_json(self, data: Any, *, zarr_format: ZarrFormat) -> AnyDType:
        name = named(data).name if zarr_format == 3 else ""
        if name and (cls := self.contents.get(name)) is not None:
            return self._read(cls, data)  # one parser, so that its own message gets out
        faults: list[DataTypeValidationError] = []
        matches = self._matching(lambda cls: cls.from_json(data, zarr_format=zarr_format), faults)
        if not matches and ((name and self.contents.look_up(name)) or self._load_offered()):
            return self._match_json(data, zarr_format=zarr_format)
        if not matches and name and (failure := self.contents.failure(name)) is not None:
            raise DataTypeValidationError(f"data type {name!r} cannot be used: {failure}") from failure.cause
        return self._only(matches, data, faults)

    def _read(self, cls: type[AnyDType], data: Any) -> AnyDType:
        try:
            return cls.from_json(data, zarr_format=3)
        except MissingPackageError:
            raise
        except DataTypeValidationError as exc:
            raise DataTypeValidationError(f"{_not_found(data)}: {exc}") from exc
        except (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError) as exc:
            if is_ours(cls) or came_from_a_signal(exc):
                raise
            raise DataTypeValidationError(
                f"the data type of class {fully_qualified_name(cls)} could not be read from {data!r}: it raised "
                f"{type(exc).__name__}: {exc}"
            ) from exc

    def _matching(self, parse: Any, faults: list[DataTypeValidationError]) -> list[AnyDType]:
        """What classes make of a description; what the one that it is meant for finds wrong with it is added to `faults`."""
        matches = []
        for name, cls in list(self.contents.items()):
            try:
                matches.append(parse(cls))
            except (UnfitDataTypeError, MissingPackageError) as exc:
                faults.append(exc)
            except DataTypeValidationError:
                continue
            except Exception as exc:
                if is_ours(cls) or isinstance(exc, MemoryError) or came_from_a_signal(exc):
                    raise
                _pass_over(name, cls, exc)
        return matches

    def _only(self, matches: list[AnyDType], described: Any, faults: list[DataTypeValidationError]) -> AnyDType:
        if len(matches) == 1:
            return matches[0]
        if faults and not matches:
            kind = MissingPackageError if isinstance(faults[0], MissingPackageError) else DataTypeValidationError
            raise kind(str(faults[0])) from faults[0].__cause__
        if matches:
            names = ", ".join(type(match).__name__ for match in matches)
            raise DataTypeValidationError(
                f"{described!r} is claimed by several data types: {names}. Unregister all but one of them."
            )
        raise DataTypeValidationError(_not_found(described) + _hint(described))

    @property
    def _lazy_load_list(self) -> list[EntryPoint]:
        """What installed packages offer and was not loaded yet, by zarr-python's name for it."""
        return self.contents.unloaded()

    def _lazy_load(self) -> None:
        """Register all that installed packages offer, by zarr-python's name for it."""
        self._load_offered()

    def _load_offered(self) -> bool:
        """Register the data types that installed packages offer; whether there were any new ones."""
        n_known = len(self.contents)
        report(self.contents.load_all())
        return len(self.contents) > n_known


def _key(data: Any) -> tuple[str, Any] | None:
    """A description of format 2 to look up by: of a mapping of a type string and an object codec. None for any other."""
    if not isinstance(data, Mapping) or len(data) != 2 or not isinstance(data.get("name"), str):
        return None
    codec = data.get("object_codec_id", ...)
    return (data["name"], codec) if codec is None or isinstance(codec, str) else None


def _pass_over(name: str, cls: type, exc: Exception) -> None:
    """Go on without a class of others that fails where it should say no; say so once."""
    warn_once(
        f"the data type {name!r} of class {fully_qualified_name(cls)} was left out of a search: it raised "
        f"{type(exc).__name__}: {exc}. A class that does not mean what it is asked for has to raise "
        "zarr.errors.DataTypeValidationError.",
        about=f"data type {fully_qualified_name(cls)}",
    )


def _not_found(described: Any) -> str:
    return f"No Zarr data type found that matches {_shown(described)}"


def _shown(described: Any) -> str:
    """What was looked for, as it stands in the document: format 2 says by another member which objects are meant."""
    if isinstance(described, Mapping) and "object_codec_id" in described:
        codec = described["object_codec_id"]
        return f"{described.get('name')!r}" + ("" if codec is None else f" with the object codec {codec!r}")
    return repr(described)


def _hint(described: Any) -> str:
    if not isinstance(described, np.dtype):
        return ""
    if described.subdtype is not None:
        return f". Only fields of structs are arrays; use {described.base}, and more dimensions."
    if described.kind in "fc":
        return ". Extended-precision numbers differ between machines; use float64 or complex128."
    return ""


data_type_registry = DataTypeRegistry()


def parse_data_type(spec: Any, *, zarr_format: ZarrFormat) -> AnyDType:
    """The data type that a user's `dtype` argument means.

    Parameters
    ----------
    spec
        A data type, anything `numpy.dtype` takes, `str` or `"string"` (text of any length), `bytes` (bytes of any
        length), or stored metadata of the given format.
    zarr_format
        The format of the array that is to be described.

    Raises
    ------
    DataTypeValidationError
        If no data type, or more than one, is meant.
    ValueError
        If the dtype does not say what it holds (Python objects).

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.parse_data_type("<i4", zarr_format=3)
    Int32(endianness='little')
    """
    if isinstance(spec, ZDType):
        return spec
    if not isinstance(spec, str | np.dtype):
        return _parse(spec, zarr_format)
    since, n_warnings = names_version(), n_given()
    key = (since, type(spec), spec, zarr_format)
    if (known := _known.get(key)) is None:
        known = _parse(spec, zarr_format)
        if n_given() == n_warnings:
            if len(_known) >= _MOST_KNOWN:
                _known.clear()
            _known[key] = known
    return known


_known: dict[tuple[int, type, Any, ZarrFormat], AnyDType] = {}
"""What names and dtypes meant since a change of what they mean, see `zarr._support.registry.names_version`: every array that is created has one."""

_MOST_KNOWN = 1000


def _parse(spec: Any, zarr_format: ZarrFormat) -> AnyDType:
    if isinstance(spec, type) and issubclass(spec, ZDType):  # of which NumPy makes a dtype of objects
        raise UnknownDataTypeError(f"{spec.__name__} is a class; call it to make a data type: {spec.__name__}(...)")
    if spec is str or (isinstance(spec, str) and spec in ("str", "string")):
        return data_type_registry.get("string")()
    if spec is bytes or (isinstance(spec, str) and spec == "bytes"):
        return data_type_registry.get("variable_length_bytes")()
    if isinstance(spec, Mapping) and not {"names", "formats"} <= set(spec):
        return data_type_registry.match_json(spec, zarr_format=zarr_format)
    if isinstance(spec, list) and spec and all(isinstance(field, list) for field in spec):
        return data_type_registry.match_json({"name": spec, "object_codec_id": None}, zarr_format=2)
    wrong: str | None = None
    if isinstance(spec, str) and zarr_format == 3:
        try:
            found = data_type_registry.match_json(spec, zarr_format=3)
            return replace(found, is_counted_in_bits=True) if isinstance(found, RawBytes) else found
        except MissingPackageError:
            raise
        except DataTypeValidationError as exc:
            known = data_type_registry.contents.get(spec)
            if data_type_registry.contents.failure(spec) is not None or (known is not None and not is_ours(known)):
                raise UnknownDataTypeError(str(exc)) from exc.__cause__
            # NumPy's spelling then
            wrong = None if known is None else str(exc)
    try:
        dtype = np.dtype(spec)
    except (SyntaxError, TypeError) as exc:
        if isinstance(spec, str) and zarr_format == 2 and spec in data_type_registry.contents:
            return data_type_registry.match_json({"name": spec, "object_codec_id": None}, zarr_format=2)
        raise UnknownDataTypeError(
            wrong or f"{spec!r} is neither a NumPy dtype nor a Zarr data type; {_advice(spec)}"
        ) from exc
    return data_type_registry.match_dtype(dtype)


_MEANT = {
    **dict.fromkeys(("date", "datetime", "time", "timestamp"), "'datetime64[s]', or with another unit"),
    **dict.fromkeys(("duration", "timedelta"), "'timedelta64[s]', or with another unit"),
    **dict.fromkeys(("char", "text", "unicode", "utf-8", "utf8", "varchar"), "'string', or with a length 'U8'"),
    **dict.fromkeys(("binary", "blob", "bytestring"), "'bytes', or with a length 'S8'"),
    **dict.fromkeys(("boolean", "logical"), "'bool'"),
}
"""What others call data types, and what is written for them here."""


_OF_ANY_LENGTH = ("string", *(name for name, meant in _MEANT.items() if meant.startswith(("'string'", "'bytes'"))))
"""Names by which text and bytes of any length are meant."""


def _advice(spec: Any) -> str:
    if isinstance(spec, list) and (fault := _field_at_fault(spec)) is not None:
        name, field = fault
        step = "fields have a fixed size, as 'U20' or 'S20' have" if field in _OF_ANY_LENGTH else _advice(field)
        return f"field {name!r} is {field!r}: {step}"
    if isinstance(spec, str):
        if (meant := _MEANT.get(spec.casefold())) is not None:
            return f"write {meant}"
        if near := near_names(spec, data_type_registry.contents, cutoff=0.75):
            return f"did you mean {near[0]!r}?"
    return "examples are 'int32', 'float64', 'bool', 'string'"


def _field_at_fault(fields: list[Any]) -> tuple[str, Any] | None:
    """The name and the dtype of the first field that NumPy has no dtype for, however deep in others; None if there is none."""
    for field in fields:
        if not isinstance(field, tuple) or len(field) < 2:
            return None
        name, spec = field[:2]
        try:
            np.dtype(spec)
        except (SyntaxError, TypeError):
            return (_field_at_fault(spec) if isinstance(spec, list) else None) or (name, spec)
    return None


def parse_dtype(dtype_spec: Any, *, zarr_format: ZarrFormat) -> AnyDType:
    """The data type that a user's `dtype` argument means; `parse_data_type` under another name.

    Parameters
    ----------
    dtype_spec
        As `spec` of `parse_data_type`.
    zarr_format
        The format of the array that is to be described.

    Examples
    --------
    >>> import zarr
    >>> zarr.dtype.parse_dtype("datetime64[s]", zarr_format=3)
    DateTime64(endianness='little', scale_factor=1, unit='s')
    """
    if zarr_format not in (2, 3):
        raise ValueError(f"zarr_format must be 2 or 3, got {zarr_format!r}")
    return parse_data_type(dtype_spec, zarr_format=zarr_format)
