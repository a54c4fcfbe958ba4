"""The array document of format 3, `zarr.json`.

An `ArrayV3Metadata` is made in two ways. From members, by whoever creates an array: they are validated, codecs are
settled for the data type and shape, and the document follows from them. From a document: the members are parsed
likewise, but the document itself is kept, so that changing the shape or the attributes writes every other member back
in the very words it was read in (spelling of data type and codecs, bits of the fill value, unknown members, order).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from zarr._buffer import CPU_PROTOTYPE, Buffer, BufferPrototype
from zarr._codec.base import ArrayArrayCodec, ArrayBytesCodec, ArrayConfig, BytesBytesCodec, ChunkSpec, Codec
from zarr._codec.capacity import has_uneven_shards
from zarr._codec.chain import CodecChain
from zarr._codec.sharding import ShardingCodec
from zarr._dtype.base import ZDType
from zarr._dtype.registry import parse_data_type
from zarr._grid.chunk_keys import ChunkKeyEncoding, nested, parse_chunk_key_encoding
from zarr._grid.grid import RegularGrid
from zarr._metadata.array_document import ArrayDocument
from zarr._metadata.extension_members import (
    parse_codecs,
    parse_stored_data_type,
    parse_stored_fill_value,
    settle_codecs,
    storable_fill_value,
    stored_codec,
)
from zarr._metadata.fields import (
    as_members,
    check_format,
    fill_members,
    parse_attributes,
    parse_dimension_names,
    parse_extra_fields,
    parse_shape,
    parse_stored_dimension_names,
    parse_stored_shape,
    require,
    strict_fill_value,
    twin_of,
)
from zarr._metadata.grid import parse_chunk_grid, repair_chunk_shape
from zarr._metadata.levels import inner_lengths, resolve_levels
from zarr._metadata.rectilinear import spelt_out
from zarr._metadata.spec import ArraySpec
from zarr._support.document_errors import invalid, located
from zarr._support.json import dump
from zarr._support.plain import copied
from zarr._support.warn import warn
from zarr.errors import MetadataValidationError, NodeTypeValidationError, ZarrUserWarning

if TYPE_CHECKING:
    from typing import Self

    from zarr._grid.grid import ChunkGrid, RectilinearGrid
    from zarr._metadata.chunk_grid import ChunkGridMetadata

_REQUIRED = (
    "zarr_format",
    "node_type",
    "shape",
    "data_type",
    "chunk_grid",
    "chunk_key_encoding",
    "fill_value",
    "codecs",
)
_KNOWN = frozenset({*_REQUIRED, "attributes", "dimension_names", "storage_transformers"})


@dataclass(frozen=True, slots=True, init=False, eq=False)
class ArrayV3Metadata(ArrayDocument):
    """An array of format 3.

    Parameters
    ----------
    shape
        In elements; rank at most 64.
    data_type
        A data type, or what names one in a document.
    chunk_grid
        The grid of the stored chunks: an object or its stored form.
    chunk_key_encoding
        An encoding, its name, its stored form, or `{"name": ..., "separator": ...}`.
    fill_value
        Scalar that absent elements read as; None takes the data type's default.
    codecs
        Codecs or their stored forms: any array -> array, one array -> bytes, any bytes -> bytes. They are kept
        as settled for this data type and chunk shape.
    attributes
        User attributes.
    dimension_names
        One string or None per dimension.
    storage_transformers
        Must be empty: none are defined.
    extra_fields
        Members that the format does not know, each `{"must_understand": false, ...}`.

    Raises
    ------
    MetadataValidationError, DataTypeValidationError, UnknownCodecError
        If the members are invalid or do not fit together.

    Examples
    --------
    >>> ArrayV3Metadata(
    ...     shape=(5,),
    ...     data_type="int32",
    ...     chunk_grid={"name": "regular", "configuration": {"chunk_shape": [2]}},
    ...     chunk_key_encoding="default",
    ...     fill_value=0,
    ...     codecs=[{"name": "bytes", "configuration": {"endian": "little"}}],
    ... ).chunks
    (2,)
    """

    shape: tuple[int, ...]
    data_type: ZDType[Any, Any]
    chunk_grid: ChunkGridMetadata
    chunk_key_encoding: ChunkKeyEncoding
    fill_value: Any
    codecs: tuple[Codec, ...]
    attributes: dict[str, Any]
    dimension_names: tuple[str | None, ...] | None
    storage_transformers: tuple[dict[str, Any], ...]
    extra_fields: dict[str, Any]
    zarr_format: Literal[3] = field(init=False)
    node_type: Literal["array"] = field(init=False)
    _document: dict[str, Any] | None = field(init=False, repr=False)

    def __init__(
        self,
        *,
        shape: Iterable[int] | int,
        data_type: ZDType[Any, Any] | str | Mapping[str, Any],
        chunk_grid: ChunkGridMetadata | RegularGrid | RectilinearGrid | Mapping[str, Any],
        chunk_key_encoding: ChunkKeyEncoding | Mapping[str, Any] | str,
        fill_value: object,
        codecs: Iterable[Codec | Mapping[str, Any] | str],
        attributes: Mapping[str, Any] | None = None,
        dimension_names: Iterable[str | None] | None = None,
        storage_transformers: Iterable[Mapping[str, Any]] | None = None,
        extra_fields: Mapping[str, Any] | None = None,
    ) -> None:
        parsed_type = data_type if isinstance(data_type, ZDType) else parse_data_type(data_type, zarr_format=3)
        self._settle(
            shape=parse_shape(shape),
            data_type=parsed_type,
            chunk_grid=parse_chunk_grid(chunk_grid),
            chunk_key_encoding=parse_chunk_key_encoding(chunk_key_encoding),
            fill_value=_fill_value(fill_value, parsed_type),
            codecs=parse_codecs(codecs),
            attributes=parse_attributes(attributes),
            dimension_names=parse_dimension_names(dimension_names),
            storage_transformers=_parse_storage_transformers(storage_transformers),
            extra_fields=parse_extra_fields(extra_fields, _KNOWN),
            document=None,
        )

    def _settle(
        self,
        *,
        shape: tuple[int, ...],
        data_type: ZDType[Any, Any],
        chunk_grid: ChunkGridMetadata,
        codecs: tuple[Codec, ...],
        fill_value: Any,
        dimension_names: tuple[str | None, ...] | None,
        document: dict[str, Any] | None,
        **others: Any,
    ) -> None:
        """Check that parsed members fit together, and become them."""
        chunk_grid.check_covers(shape)
        members = {
            "shape": shape,
            "data_type": data_type,
            "chunk_grid": chunk_grid,
            "fill_value": fill_value,
            "codecs": settle_codecs(codecs, shape, chunk_grid, data_type, fill_value, is_new=document is None),
            "dimension_names": parse_dimension_names(dimension_names, len(shape)),
            "zarr_format": 3,
            "node_type": "array",
            "_document": document,
            **others,
        }
        if chunk_grid.chunk_shape is None:
            chunk_grid.check_divided(inner_lengths(codecs, len(shape)))
        fill_members(self, members)

    # -- reading ------------------------------------------------------------------------------------------------

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, path: str | None = None) -> Self:
        """Parse a document.

        Parameters
        ----------
        data
            The parsed JSON. Not changed, and copied. A program may give the chunk key encoding in its flat form.
        path
            Key of the document, for error texts.
        """
        document = copied(dict(data))
        if "chunk_key_encoding" in document:
            document["chunk_key_encoding"] = nested(document["chunk_key_encoding"])
        return cls._read(document, path)

    @classmethod
    def _read(cls, document: dict[str, Any], where: str | None) -> Self:
        """`from_dict` for a document that this object may keep."""
        with located(where):
            require(document, _REQUIRED)
            check_format(document, 3)
            if document["node_type"] != "array":
                raise NodeTypeValidationError(
                    f"Invalid value for 'node_type'. Expected 'array'. Got {document['node_type']!r}."
                )
            _repair(document, where)
            data_type = parse_stored_data_type(document["data_type"])
            codecs = parse_codecs(document["codecs"])
            self = cls.__new__(cls)
            self._settle(
                shape=parse_stored_shape(document["shape"]),
                data_type=data_type,
                chunk_grid=parse_chunk_grid(document["chunk_grid"]),
                chunk_key_encoding=parse_chunk_key_encoding(document["chunk_key_encoding"], stored=True),
                fill_value=parse_stored_fill_value(document["fill_value"], data_type, codecs),
                codecs=codecs,
                attributes=parse_attributes(document.get("attributes")),
                dimension_names=parse_stored_dimension_names(document.get("dimension_names"), document["shape"]),
                storage_transformers=_parse_storage_transformers(document.get("storage_transformers")),
                extra_fields=parse_extra_fields({k: v for k, v in document.items() if k not in _KNOWN}, _KNOWN),
                document=document,
            )
            return self

    # -- writing ------------------------------------------------------------------------------------------------

    def to_dict(self) -> dict[str, Any]:
        """Every member in this library's words, whether the document has it or leaves it to its default."""
        return as_members(self._compose())

    def stored_members(self) -> dict[str, Any]:
        """The document in its own words. Not to be changed."""
        return self._assemble()

    def to_buffer_dict(self, prototype: BufferPrototype | None = None, *, indent: int | None = 2) -> dict[str, Buffer]:
        """The document's bytes under its key, relative to the node.

        Raises
        ------
        MetadataValidationError
            If the attributes hold what JSON cannot say.
        """
        buffer = (prototype or CPU_PROTOTYPE).buffer
        return {"zarr.json": buffer.from_bytes(dump(self._assemble(), indent, "zarr.json"))}

    def _assemble(self) -> dict[str, Any]:
        if self._document is None:
            return self._compose()
        document = dict(self._document)
        if self.attributes or "attributes" in document:
            document["attributes"] = self.attributes
        return document

    def _compose(self) -> dict[str, Any]:
        """The document that says what the members say, in our words."""
        names = self.dimension_names
        return {
            "shape": list(self.shape),
            "data_type": self.data_type.to_json(zarr_format=3),
            "chunk_grid": self.chunk_grid.to_dict(),
            "chunk_key_encoding": self.chunk_key_encoding.to_dict(),
            "fill_value": self.data_type.to_json_scalar(self.fill_value, zarr_format=3),
            "codecs": [stored_codec(codec) for codec in self.codecs],
            "attributes": self.attributes,
            **({} if names is None else {"dimension_names": list(names)}),
            "zarr_format": 3,
            "node_type": "array",
            "storage_transformers": list(self.storage_transformers),
            **self.extra_fields,
        }

    # -- what it says -------------------------------------------------------------------------------------------

    @property
    def dtype(self) -> ZDType[Any, Any]:
        """The data type, under zarr-python's other name for it."""
        return self.data_type

    @property
    def sharding_codec(self) -> ShardingCodec | None:
        """The sharding codec, if it is the whole chain."""
        only = self.codecs[0] if len(self.codecs) == 1 else None
        return only if isinstance(only, ShardingCodec) else None

    @property
    def chunks(self) -> tuple[int, ...]:
        """Shape of the chunks; of the inner chunks, if the whole chain is a sharding codec.

        NotImplementedError if they differ.
        """
        sharding = self.sharding_codec
        shape = self.chunk_grid.chunk_shape if sharding is None else sharding.chunk_shape
        if shape is None:
            raise _differ("chunks", "read_chunk_sizes")
        return shape

    @property
    def shards(self) -> tuple[int, ...] | None:
        """Shape of the shards, if the whole chain is a sharding codec. NotImplementedError if they differ."""
        if self.sharding_codec is None:
            return None
        shape = self.chunk_grid.chunk_shape
        if shape is None:
            raise _differ("shards", "write_chunk_sizes")
        return shape

    @property
    def is_sharded(self) -> bool:
        """Whether stored chunks are shards of `chunks`."""
        return self.sharding_codec is not None

    @property
    def read_grid(self) -> ChunkGrid:
        """The grid of `chunks`, whether or not they have one shape."""
        sharding = self.sharding_codec
        grid = self.chunk_grid.to_grid()
        return grid if sharding is None else grid.refine(sharding.chunk_shape)

    @property
    def as_chunks(self) -> RegularGrid | RectilinearGrid:
        """The keyword `chunks` for an array whose chunks are cut like these."""
        sharding = self.sharding_codec
        return self.chunk_grid.to_grid() if sharding is None else RegularGrid(sharding.chunk_shape)

    def is_continued_by(self, other: object) -> bool:
        """Whether the other can be what this array is after changes of its shape, which may have added chunks."""
        if not isinstance(other, ArrayV3Metadata) or self.data_type != other.data_type:
            return False
        mine, its = self.sharding_codec, other.sharding_codec
        if (None if mine is None else mine.chunk_shape) != (None if its is None else its.chunk_shape):
            return False
        return self.chunk_grid is other.chunk_grid or self.chunk_grid.is_continued_by(other.chunk_grid)

    @property
    def has_uneven_shards(self) -> bool:
        """Whether there are shards that their inner chunks do not divide."""
        if not any(isinstance(codec, ShardingCodec) for codec in self.codecs):
            return False
        chunk = ChunkSpec(self.chunk_grid.extremes[0], self.data_type, self.fill_value)
        return has_uneven_shards(CodecChain.compile(self.codecs, chunk))

    @property
    def inner_codecs(self) -> tuple[Codec, ...]:
        """Codecs of the chunks whose shape is `chunks`."""
        sharding = self.sharding_codec
        return self.codecs if sharding is None else sharding.codecs

    @property
    def filters(self) -> tuple[Codec, ...]:
        """Those of `inner_codecs` that take arrays to arrays."""
        return tuple(codec for codec in self.inner_codecs if isinstance(codec, ArrayArrayCodec))

    @property
    def serializer(self) -> ArrayBytesCodec:
        """The one of `inner_codecs` that takes arrays to bytes."""
        return next(codec for codec in self.inner_codecs if isinstance(codec, ArrayBytesCodec))

    @property
    def compressors(self) -> tuple[Codec, ...]:
        """Those of `inner_codecs` that take bytes to bytes."""
        return tuple(codec for codec in self.inner_codecs if isinstance(codec, BytesBytesCodec))

    def encode_chunk_key(self, chunk_coords: tuple[int, ...]) -> str:
        """Key of a stored chunk, relative to the node."""
        return self.chunk_key_encoding.encode_chunk_key(chunk_coords)

    def to_spec(self, config: ArrayConfig) -> ArraySpec:
        """What the layers above need, with settings that are not stored."""
        levels, inner_codecs = resolve_levels(self.codecs, len(self.shape), self.chunk_grid.chunk_shape)
        return ArraySpec(
            shape=self.shape,
            data_type=self.data_type,
            fill_value=self.fill_value,
            grid=self.chunk_grid.to_grid(),
            keys=self.chunk_key_encoding,
            codecs=self.codecs,
            config=config,
            levels=levels,
            inner_codecs=inner_codecs,
        )

    def with_shape(self, shape: Iterable[int]) -> Self:
        new = ArrayDocument.with_shape(self, shape)
        if self.chunk_grid.chunk_shape is not None:
            return new  # chunks of one shape go on for ever
        grid = self.chunk_grid.extended_to(new.shape, inner_lengths(self.codecs, self.ndim))
        if grid is self.chunk_grid:
            return new
        settle_codecs(self.codecs, new.shape, grid, self.data_type, self.fill_value, is_new=True)
        document = new._document
        if document is not None:
            document = {**document, "chunk_grid": grid.to_dict()}
        return twin_of(new, chunk_grid=grid, _document=document)

    update_shape = with_shape

    def __eq__(self, other: object) -> bool:
        """Whether both say the same, in whatever words."""
        return isinstance(other, ArrayV3Metadata) and self._compose() == other._compose()

    def __hash__(self) -> int:
        return hash((ArrayV3Metadata, self.shape, self.chunk_grid, self.data_type))


def _differ(what: str, instead: str) -> NotImplementedError:
    return NotImplementedError(
        f"The `{what}` attribute is only defined for arrays whose {what} have one shape; those of this array differ (it has a "
        f"rectilinear chunk grid). Use `{instead}`, which has the length of each along every dimension."
    )


def _fill_value(given: object, data_type: ZDType[Any, Any]) -> Any:
    return data_type.default_scalar() if given is None else storable_fill_value(given, data_type, 3)


def _parse_storage_transformers(data: object) -> tuple[dict[str, Any], ...]:
    if data is None:
        return ()
    if isinstance(data, str | Mapping) or not isinstance(data, Iterable):
        raise invalid("storage_transformers", "an empty list", data)
    if transformers := list(data):
        raise MetadataValidationError(
            f"storage transformers are not supported, found {transformers!r}. "
            "Read this array with the software that wrote it."
        )
    return ()


def _repair(document: dict[str, Any], where: str | None) -> None:
    """Say otherwise, in place, what other writers get wrong in ways that leave no doubt about the meaning, or say by names of theirs."""
    if document.get("dimension_names", ()) is None:
        del document["dimension_names"]
    document["fill_value"] = strict_fill_value(document["fill_value"])
    grid = document["chunk_grid"]
    if not isinstance(grid, dict) or not isinstance(grid.get("configuration"), dict):
        return
    if grid.get("name") == "zarrs.regular_bounded":
        document["chunk_grid"] = spelt_out(grid["configuration"], document["shape"])
        return
    stored = grid["configuration"].get("chunk_shape")
    if grid.get("name") == "regular" and isinstance(stored, list) and any(isinstance(axis, list) for axis in stored):
        _repair_uneven(document, grid, where)
        return
    mended = repair_chunk_shape(stored, document["shape"], _inner_chunk_shape(document["codecs"]))
    if mended is not None:
        warn(
            f"array document {where or 'zarr.json'!r} has chunk lengths of 0 in {stored}; they are read as {mended}. "
            "Change its attributes or shape once to store the repaired form.",
            ZarrUserWarning,
        )
        configuration = {**grid["configuration"], "chunk_shape": mended}
        document["chunk_grid"] = {**grid, "configuration": configuration}


def _repair_uneven(document: dict[str, Any], grid: dict[str, Any], where: str | None) -> None:
    warn(
        f"array document {where or 'zarr.json'!r} has a chunk grid that is called 'regular' and lists the lengths of single "
        "chunks; it is read as the 'rectilinear' one that it is. Change its attributes or shape once to store the repaired form.",
        ZarrUserWarning,
    )
    configuration = {"kind": "inline", "chunk_shapes": grid["configuration"]["chunk_shape"]}
    document["chunk_grid"] = {**grid, "name": "rectilinear", "configuration": configuration}


def _inner_chunk_shape(codecs: object) -> tuple[int, ...]:
    """Inner chunk shape of a stored chain that is one sharding codec (shards hold whole inner chunks)."""
    if isinstance(codecs, list | tuple) and len(codecs) == 1 and isinstance(codecs[0], dict):
        configuration = codecs[0].get("configuration")
        if codecs[0].get("name") == "sharding_indexed" and isinstance(configuration, dict):
            inner = configuration.get("chunk_shape")
            if isinstance(inner, list | tuple) and all(type(n) is int and n > 0 for n in inner):
                return tuple(inner)
    return ()
