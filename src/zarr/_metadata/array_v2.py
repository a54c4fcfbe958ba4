"""The array documents of format 2: `.zarray`, and `.zattrs` beside it.

As in format 3, what was read from a document is written back in its own words. Two things differ from format 3. A null
fill value stays null, and elements that were never written read as the data type's default. And readers are lenient,
because much old data was written before the format was: see `_repair`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from zarr._buffer import CPU_PROTOTYPE, Buffer, BufferPrototype
from zarr._codec.base import ArrayConfig, ChunkSpec, MemoryOrder
from zarr._codec.v2 import V2Codec
from zarr._dtype.base import ZDType
from zarr._dtype.registry import parse_data_type
from zarr._grid.chunk_keys import Separator, V2ChunkKeyEncoding
from zarr._metadata.array_document import ArrayDocument
from zarr._metadata.extension_members import settle_codecs, storable_fill_value
from zarr._metadata.fields import (
    as_members,
    check_format,
    fill_members,
    parse_attributes,
    parse_shape,
    parse_stored_shape,
    require,
    strict_fill_value,
)
from zarr._metadata.grid import RegularChunkGridMetadata, repair_chunk_shape
from zarr._metadata.spec import ArraySpec
from zarr._metadata.v2_members import (
    check_object_codec,
    parse_compressor,
    parse_filters,
    parse_stored_data_type,
    parse_stored_fill_value,
    stored_codec,
)
from zarr._support.document_errors import invalid, located
from zarr._support.json import dump, dump_attributes
from zarr._support.plain import copied
from zarr._support.warn import warn
from zarr.errors import ZarrUserWarning

if TYPE_CHECKING:
    from typing import Self

    from zarr._grid.grid import RegularGrid

_REQUIRED = ("zarr_format", "shape", "chunks", "dtype", "fill_value", "order")


@dataclass(frozen=True, slots=True, init=False, eq=False)
class ArrayV2Metadata(ArrayDocument):
    """An array of format 2.

    Parameters
    ----------
    shape
        In elements; rank at most 64.
    dtype
        A data type, or what names one.
    chunks
        Shape of the chunks, every length at least 1.
    fill_value
        Scalar that absent elements read as; None is stored as null.
    order
        Layout of the elements inside each chunk, `"C"` or `"F"`.
    dimension_separator
        Between the numbers of a chunk key, `"."` or `"/"`.
    compressor, filters
        numcodecs codecs or their configurations `{"id": ...}`; None for none.
    attributes
        User attributes.

    Raises
    ------
    MetadataValidationError, DataTypeValidationError, UnknownCodecError
        If the members are invalid or do not fit together.

    Examples
    --------
    >>> ArrayV2Metadata(shape=(5,), dtype="|i1", chunks=(2,), fill_value=0, order="C").to_dict()["dtype"]
    '|i1'
    """

    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: ZDType[Any, Any]
    fill_value: Any
    order: MemoryOrder
    filters: tuple[Any, ...] | None
    dimension_separator: Separator
    compressor: Any
    attributes: dict[str, Any]
    zarr_format: Literal[2] = field(init=False)
    _codec: V2Codec = field(init=False, repr=False)
    _document: dict[str, Any] | None = field(init=False, repr=False)

    def __init__(
        self,
        *,
        shape: Iterable[int] | int,
        dtype: ZDType[Any, Any] | str | Mapping[str, Any],
        chunks: Iterable[int] | int,
        fill_value: Any,
        order: MemoryOrder,
        dimension_separator: Separator = ".",
        compressor: Any = None,
        filters: Iterable[Any] | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> None:
        parsed_type = dtype if isinstance(dtype, ZDType) else parse_data_type(dtype, zarr_format=2)
        self._settle(
            shape=parse_shape(shape),
            chunks=parse_shape(chunks, "chunks", minimum=1),
            dtype=parsed_type,
            fill_value=None if fill_value is None else storable_fill_value(fill_value, parsed_type, 2),
            order=order,
            dimension_separator=dimension_separator,
            compressor=parse_compressor(compressor),
            filters=parse_filters(filters),
            attributes=parse_attributes(attributes),
            document=None,
        )

    def _settle(
        self,
        *,
        shape: tuple[int, ...],
        chunks: tuple[int, ...],
        dtype: ZDType[Any, Any],
        fill_value: Any,
        order: MemoryOrder,
        dimension_separator: Separator,
        compressor: Any,
        filters: tuple[Any, ...] | None,
        attributes: dict[str, Any],
        document: dict[str, Any] | None,
    ) -> None:
        """Check that parsed members fit together, and become them."""
        if len(chunks) != len(shape):
            expected = f"{len(shape)} entries, one per dimension of shape {shape}"
            raise invalid("chunks", expected, chunks)
        if order not in ("C", "F"):
            raise invalid("order", "'C' or 'F'", order)
        if dimension_separator not in (".", "/"):
            raise invalid("dimension_separator", "'.' or '/'", dimension_separator)
        check_object_codec(dtype, compressor, filters)
        codec = V2Codec(filters=filters, compressor=compressor, order=order)
        grid = RegularChunkGridMetadata(chunk_shape=chunks)
        fill = dtype.default_scalar() if fill_value is None else fill_value
        members = {
            "shape": shape,
            "chunks": chunks,
            "dtype": dtype,
            "fill_value": fill_value,
            "order": order,
            "filters": filters,
            "dimension_separator": dimension_separator,
            "compressor": compressor,
            "attributes": attributes,
            "zarr_format": 2,
            "_codec": settle_codecs((codec,), shape, grid, dtype, fill, is_new=document is None)[0],
            "_document": document,
        }
        fill_members(self, members)

    # -- reading ------------------------------------------------------------------------------------------------

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, path: str | None = None) -> Self:
        """Parse the document `.zarray`, with the attributes in a member `attributes`.

        Parameters
        ----------
        data
            The parsed JSON. Not changed, and copied.
        path
            Key of the document, for error texts.
        """
        document = copied(dict(data))
        return cls._read(document, document.pop("attributes", None), path)

    @classmethod
    def _read(cls, document: dict[str, Any], attributes: object, where: str | None) -> Self:
        """`from_dict` for documents that this object may keep."""
        with located(where):
            require(document, _REQUIRED)
            check_format(document, 2)
            _repair(document, where)
            compressor = parse_compressor(document["compressor"])
            filters = parse_filters(document["filters"])
            dtype = parse_stored_data_type(document["dtype"], compressor, filters)
            self = cls.__new__(cls)
            self._settle(
                shape=parse_stored_shape(document["shape"]),
                chunks=parse_stored_shape(document["chunks"], "chunks", minimum=1),
                dtype=dtype,
                fill_value=parse_stored_fill_value(document["fill_value"], dtype),
                order=document["order"],
                dimension_separator=document.get("dimension_separator", "."),
                compressor=compressor,
                filters=filters,
                attributes=parse_attributes(attributes),
                document=document,
            )
            return self

    # -- writing ------------------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Every member of `.zarray` in this library's words, and the attributes in a member `attributes`."""
        members = as_members({**self._compose(), "attributes": self.attributes})
        return {**members, "filters": members["filters"] and list(members["filters"])}  # a list in zarr-python too

    def stored_members(self) -> dict[str, Any]:
        """The document `.zarray` in its own words, and the attributes in a member `attributes`. Not to be changed."""
        return {**self._assemble(), "attributes": self.attributes}

    def to_buffer_dict(self, prototype: BufferPrototype | None = None, *, indent: int | None = 2) -> dict[str, Buffer]:
        """The bytes of both documents under their keys, relative to the node.

        Raises
        ------
        MetadataValidationError
            If the attributes hold what JSON cannot say.
        """
        buffer = (prototype or CPU_PROTOTYPE).buffer
        return {
            ".zarray": buffer.from_bytes(dump(self._assemble(), indent, ".zarray")),
            ".zattrs": buffer.from_bytes(dump_attributes(self.attributes, indent)),
        }

    def _assemble(self) -> dict[str, Any]:
        return self._compose() if self._document is None else self._document

    def _compose(self) -> dict[str, Any]:
        """`.zarray` that says what the members say, in our words."""
        fill, compressor, filters = self.fill_value, self.compressor, self.filters
        return {
            "shape": list(self.shape),
            "chunks": list(self.chunks),
            "dtype": self.dtype.to_json(zarr_format=2)["name"],
            "fill_value": (None if fill is None else self.dtype.to_json_scalar(fill, zarr_format=2)),
            "order": self.order,
            "filters": filters and [stored_codec(codec) for codec in filters],
            "dimension_separator": self.dimension_separator,
            "compressor": None if compressor is None else stored_codec(compressor),
            "zarr_format": 2,
        }

    # -- what it says -------------------------------------------------------------------------------------------

    @property
    def shards(self) -> None:
        """None: format 2 has no shards."""
        return None

    @property
    def has_uneven_shards(self) -> bool:
        """False: format 2 has no shards."""
        return False

    @property
    def serializer(self) -> None:
        """None: format 2 has no codec of that name."""
        return None

    @property
    def compressors(self) -> tuple[Any, ...]:
        """The compressor, if there is one."""
        return () if self.compressor is None else (self.compressor,)

    @property
    def chunk_grid(self) -> RegularChunkGridMetadata:
        """The grid of the chunks."""
        return RegularChunkGridMetadata(chunk_shape=self.chunks)

    @property
    def is_sharded(self) -> bool:
        """False: format 2 has no shards."""
        return False

    @property
    def read_grid(self) -> RegularGrid:
        """The grid of `chunks`."""
        return self.chunk_grid.to_grid()

    as_chunks = read_grid
    """The keyword `chunks` for an array whose chunks are cut like these."""

    def is_continued_by(self, other: object) -> bool:
        """Whether the other can be what this array is after changes of its shape."""
        return isinstance(other, ArrayV2Metadata) and self.dtype == other.dtype and self.chunks == other.chunks

    @property
    def chunk_key_encoding(self) -> V2ChunkKeyEncoding:
        """The encoding of the chunk keys."""
        return V2ChunkKeyEncoding(self.dimension_separator)

    def encode_chunk_key(self, chunk_coords: tuple[int, ...]) -> str:
        """Key of a chunk, relative to the node."""
        return self.chunk_key_encoding.encode_chunk_key(chunk_coords)

    def get_chunk_spec(
        self, _chunk_coords: tuple[int, ...], array_config: ArrayConfig, prototype: BufferPrototype
    ) -> ChunkSpec:
        """What codecs are told of a chunk; all chunks are alike."""
        return ChunkSpec(self.chunks, self.dtype, self.fill_value, array_config, prototype)

    def to_spec(self, config: ArrayConfig) -> ArraySpec:
        """What the layers above need, with settings that are not stored."""
        return ArraySpec(
            shape=self.shape,
            data_type=self.dtype,
            fill_value=self.dtype.default_scalar() if self.fill_value is None else self.fill_value,
            grid=self.chunk_grid.to_grid(),
            keys=self.chunk_key_encoding,
            codecs=(self._codec,),
            config=replace(config, order=self.order),  # reads return elements as they are stored, as in zarr-python
            inner_codecs=(self._codec,),
        )

    def __eq__(self, other: object) -> bool:
        """Whether both say the same, in whatever words."""
        return (
            isinstance(other, ArrayV2Metadata)
            and self._compose() == other._compose()
            and self.attributes == other.attributes
        )

    def __hash__(self) -> int:
        return hash((ArrayV2Metadata, self.shape, self.chunks, self.dtype))


def _repair(document: dict[str, Any], where: str | None) -> None:
    """Mend, in place, what other writers get wrong in ways that leave no doubt about the meaning."""
    name = repr(where or ".zarray")
    document["fill_value"] = strict_fill_value(document["fill_value"])
    document.setdefault("compressor", None)
    document.setdefault("filters", None)
    if document["filters"] == []:
        document["filters"] = None
        _warn(f"array document {name} has an empty list of filters, where the format has null")
    mended = repair_chunk_shape(document["chunks"], document["shape"])
    if mended is not None:
        stored, document["chunks"] = document["chunks"], mended
        _warn(f"array document {name} has chunk lengths of 0 in {stored}; they are read as {mended}")


def _warn(what: str) -> None:
    text = f"{what}. Change its attributes or shape once to store the repaired form."
    warn(text, ZarrUserWarning)
