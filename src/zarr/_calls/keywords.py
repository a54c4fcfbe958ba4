"""The keywords that functions creating arrays have in common, each with its type, and how such functions take them.

Every keyword is declared once, here; what it is when it is not given stands in the signature of the flow that uses it
(`create_array`, `create`). Functions that pass keywords on take them as `**options: Unpack[...]`, so that a type checker
looks at every call on the way, and only what was given travels. `takes` gives a public function the signature that
`help()` shows.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, Literal, Protocol, Required, TypedDict, TypeVar

from zarr._support.near_names import near_names

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import SupportsIndex, TypeAlias

    import numpy.typing as npt

    from zarr._codec.base import ArrayArrayCodec, ArrayBytesCodec, ArrayConfig, BytesBytesCodec, Codec
    from zarr._codec.documents import (
        CodecName,
        CompressorName,
        FilterName,
        IndexLocation,
        SerializerName,
        SubchunkWriteOrder,
    )
    from zarr._dtype import ZarrFormat, ZDType
    from zarr._grid.chunk_keys import ChunkKeyEncoding
    from zarr._grid.grid import RectilinearGrid, RegularGrid
    from zarr._store.make import StoreLike

    Auto: TypeAlias = Literal["auto"]
    Keep: TypeAlias = Literal["keep"]
    Order: TypeAlias = Literal["C", "F"]
    Separator: TypeAlias = Literal[".", "/"]
    AccessMode: TypeAlias = Literal["r", "r+", "a", "w", "w-"]
    Document: TypeAlias = Mapping[str, object]

    ShapeLike: TypeAlias = SupportsIndex | Iterable[SupportsIndex]
    DataTypeLike: TypeAlias = npt.DTypeLike | ZDType[Any, Any] | Document
    ChunksLike: TypeAlias = (
        SupportsIndex
        | str
        | Iterable[SupportsIndex | Iterable[SupportsIndex] | None]
        | Literal[False]
        | RegularGrid
        | RectilinearGrid
    )
    ConfigLike: TypeAlias = ArrayConfig | dict[str, Any]
    KeyEncodingLike: TypeAlias = ChunkKeyEncoding | Document | Literal["default", "v2"]
    StorageOptions: TypeAlias = dict[str, Any] | None


class NumcodecLike(Protocol):
    """A codec for format 2: of the package numcodecs, or made like those."""

    @property
    def codec_id(self) -> str | None:
        """The name in stored metadata."""

    def encode(self, buf: Any, /) -> Any:
        """Encode an array or bytes."""

    def decode(self, buf: Any, /, out: Any = None) -> Any:
        """Decode bytes."""


class ShardsDocument(TypedDict, total=False):
    """Shards with what the codec `sharding_indexed` takes besides."""

    shape: Required[ChunksLike]
    index_location: IndexLocation
    index_codecs: Iterable[Codec | Document]
    subchunk_write_order: SubchunkWriteOrder


if TYPE_CHECKING:
    ShardsLike: TypeAlias = ChunksLike | ShardsDocument
    FilterLike: TypeAlias = ArrayArrayCodec | NumcodecLike | Document | FilterName
    SerializerLike: TypeAlias = ArrayBytesCodec | Document | SerializerName
    CompressorLike: TypeAlias = BytesBytesCodec | NumcodecLike | Document | CompressorName
    FiltersLike: TypeAlias = FilterLike | Iterable[FilterLike]
    CompressorsLike: TypeAlias = CompressorLike | Iterable[CompressorLike]
    CodecLike: TypeAlias = Codec | Document | CodecName


class _Format(TypedDict, total=False):
    zarr_format: ZarrFormat | None


class _AnyArrayOptions(TypedDict, total=False):
    """What new arrays and copies of arrays have in common."""

    fill_value: Any
    order: Order | None
    attributes: Mapping[str, Any] | None
    chunk_key_encoding: KeyEncodingLike | None
    dimension_names: Sequence[str | None] | None
    overwrite: bool


class _NewArrayOptions(_AnyArrayOptions, total=False):
    data: npt.ArrayLike | None
    chunks: ChunksLike | Auto | None
    shards: ShardsLike | Auto | None
    filters: FiltersLike | Auto | None
    compressors: CompressorsLike | Auto | None
    serializer: SerializerLike | Auto
    write_data: bool


class RequiredOptions(_NewArrayOptions, _Format, total=False):
    """Keywords of `Group.require_array`, beside those that an array that exists is compared with."""


class MemberOptions(_NewArrayOptions, total=False):
    """Keywords of `Group.create_array`: the format is the group's."""

    shape: ShapeLike | None
    dtype: DataTypeLike | None
    config: ConfigLike | None


class ArrayOptions(MemberOptions, _Format, total=False):
    """Keywords of `create_array`."""


class FromArrayOptions(_AnyArrayOptions, _Format, total=False):
    """Keywords of `from_array`: what is `"keep"`, or not given, is as in the array that is copied."""

    chunks: ChunksLike | Auto | Keep | None
    shards: ShardsLike | Auto | Keep | None
    filters: FiltersLike | Auto | Keep | None
    compressors: CompressorsLike | Auto | Keep | None
    serializer: SerializerLike | Auto | Keep
    config: ConfigLike | None


class _OlderOptions(TypedDict, total=False):
    """What `create` and all that goes back to it have in common."""

    chunks: ChunksLike | Auto | None
    dtype: DataTypeLike | None
    compressor: CompressorLike | Auto | None
    order: Order | None
    synchronizer: object
    overwrite: bool
    chunk_store: object
    filters: FiltersLike | None
    cache_metadata: bool | None
    cache_attrs: bool | None
    read_only: bool | None
    object_codec: object
    dimension_separator: Separator | None
    write_empty_chunks: bool | None
    meta_array: object
    attributes: Mapping[str, Any] | None
    chunk_shape: ChunksLike | None
    chunk_key_encoding: KeyEncodingLike | tuple[Literal["default", "v2"], Separator] | None
    codecs: Iterable[CodecLike] | None
    dimension_names: Sequence[str | None] | None


class _Data(TypedDict, total=False):
    data: npt.ArrayLike | None


class _Fill(TypedDict, total=False):
    fill_value: Any


class _Config(TypedDict, total=False):
    config: ConfigLike | None


class _Place(TypedDict, total=False):
    store: StoreLike | None
    path: str | None
    storage_options: StorageOptions
    mode: AccessMode | None


class _Newer(TypedDict, total=False):
    """Keywords of `create_array` that `create` takes without showing them."""

    shards: ShardsLike | Auto | None
    compressors: CompressorsLike | Auto | None
    serializer: SerializerLike | Auto


class OlderOptions(_OlderOptions, _Data, _Fill, _Format, _Config, _Place, total=False):
    """Keywords of `create`."""


class FilledOptions(_OlderOptions, _Data, _Newer, _Format, _Config, _Place, total=False):
    """Keywords of `zeros`, `ones` and `full`."""


class EmptyOptions(FilledOptions, _Fill, total=False):
    """Keywords of `empty`."""


class AnyOptions(_OlderOptions, _Newer, _Fill, _Format, _Config, _Place, total=False):
    """Keywords of `array`, which takes those of `create` and those of `from_array`."""

    name: str | None
    write_data: bool


class LikeOptions(_OlderOptions, _Data, _Newer, _Fill, _Config, _Place, total=False):
    """Keywords of the functions that end in `_like`."""

    shape: ShapeLike | None


class OpenLikeOptions(_OlderOptions, _Data, _Newer, _Fill, _Config, total=False):
    """Keywords of `open_like`, which has a path of its own."""

    shape: ShapeLike | None
    store: StoreLike | None
    storage_options: StorageOptions
    mode: AccessMode | None


class OpenOptions(_OlderOptions, _Data, _Newer, _Fill, total=False):
    """Keywords of `open_array` for an array that is created."""

    shape: ShapeLike | None


class OpenAnyOptions(OpenOptions, total=False):
    """Keywords of `open` for a node that is created, or for a group that is opened."""

    use_consolidated: bool | str | None


class SaveOptions(_OlderOptions, _Newer, _Fill, _Config, total=False):
    """Keywords of `save_array`."""

    shape: ShapeLike | None
    mode: AccessMode | None


class FilledMemberOptions(_OlderOptions, _Data, _Newer, _Format, _Config, total=False):
    """Keywords of `Group.zeros`, `ones` and `full`."""


class EmptyMemberOptions(FilledMemberOptions, _Fill, total=False):
    """Keywords of `Group.empty`."""


class LikeMemberOptions(_OlderOptions, _Newer, _Fill, _Format, _Config, total=False):
    """Keywords of the methods of a group that end in `_like`."""

    shape: ShapeLike | None


class OpenGroupOptions(TypedDict, total=False):
    """Keywords of `open_group`."""

    mode: AccessMode
    cache_attrs: bool | None
    synchronizer: object
    path: str | None
    chunk_store: object
    storage_options: StorageOptions
    zarr_format: ZarrFormat | None
    meta_array: object
    attributes: Mapping[str, Any] | None
    use_consolidated: bool | str | None


class GroupOptions(TypedDict, total=False):
    """Keywords of `group`."""

    overwrite: bool
    chunk_store: object
    cache_attrs: bool | None
    synchronizer: object
    path: str | None
    zarr_format: ZarrFormat | None
    meta_array: object
    attributes: Mapping[str, Any] | None
    storage_options: StorageOptions


def check_known(function: str, given: Mapping[str, object], options: type) -> None:
    """Raise TypeError, as Python does, for a keyword that a form does not have."""
    known = options.__annotations__
    if not given.keys() <= known.keys():
        unknown = next(name for name in given if name not in known)
        hint = did_you_mean(unknown, [*known, *_NAMED_ITSELF.get(function, ())])
        raise TypeError(f"{function}() got an unexpected keyword argument {unknown!r}{hint}")


_NAMED_ITSELF = {"create_array": ("name",), "from_array": ("name",)}
"""Keywords for places that functions name in their signatures."""


Function = TypeVar("Function", bound=Callable[..., Any])
MODES = ("r", "r+", "a", "w", "w-")
_RENAMED = {"zarr_version": "zarr_format"}
"""Keywords of zarr-python 2, and what they are called now."""
_MEANT = {"name": "path", "path": "name", "dims": "dimension_names", "attrs": "attributes"}
"""Keywords of other functions, or of xarray, and what is called so elsewhere."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a message about a keyword that there is not: the one that it looks like, if any.

    Examples
    --------
    >>> did_you_mean("chunk", ["chunks", "shards"])
    "; did you mean 'chunks'?"
    """
    known = list(known)
    if _RENAMED.get(name) in known:
        return f", which was zarr-python 2's; it is {_RENAMED[name]!r} now"
    meant = _MEANT.get(name)
    near = [meant] if meant in known else near_names(name, (each for each in known if each != name), cutoff=0.75)
    return f"; did you mean {near[0]!r}?" if near else ""


def mode_by_name(function: Function) -> Function:
    """A function that takes a store and, by name, a mode: whoever gives the mode without its name is told so."""

    @wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if len(args) == 2 and isinstance(args[1], str) and args[1] in MODES:
            name = function.__name__
            raise TypeError(f"{name}() takes the mode by its name: {name}(store, mode={args[1]!r})")
        return function(*args, **kwargs)

    return checked  # type: ignore[return-value]  # with the same signature


_BEFORE = {"storage_options": "overwrite", "compressor": "serializer"}
"""Keywords that a function names itself and that stand between those that it takes; others stand before them all."""


def takes(options: type, defaults: Mapping[str, Any]) -> Callable[[Function], Function]:
    """Show a function with `**options` as if it named the keywords of a form. Calls of it are as they were.

    Parameters
    ----------
    options
        The form: a TypedDict.
    defaults
        What each keyword is when it is not given, in the order of the signature. The function gets those that were given.

    Examples
    --------
    >>> class Options(TypedDict, total=False):
    ...     b: int
    >>> @takes(Options, {"a": 1, "b": 2})
    ... def show(**options):
    ...     return options
    >>> list(inspect.signature(show).parameters), show(b=3)
    (['b'], {'b': 3})
    """

    def decorate(function: Function) -> Function:
        signature = _signature(function, options, defaults)
        function.__signature__ = signature  # type: ignore[attr-defined]  # where inspect looks first
        function.__annotations__ = {
            **{p.name: p.annotation for p in signature.parameters.values() if p.annotation is not p.empty},
            "return": signature.return_annotation,
        }
        return function

    return decorate


def _signature(function: Callable[..., Any], options: type, defaults: Mapping[str, Any]) -> inspect.Signature:
    own = inspect.signature(function)
    types = options.__annotations__
    parameters = [p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD and p.name not in _BEFORE]
    placed = {_BEFORE[name]: parameter for name, parameter in own.parameters.items() if name in _BEFORE}
    for name, default in defaults.items():
        if name in placed:
            parameters.append(placed[name])
        if name in types:
            type_ = getattr(types[name], "__forward_arg__", types[name])
            parameters.append(
                inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=type_)
            )
    return own.replace(parameters=parameters)


OPEN_GROUP_DEFAULTS: Mapping[str, Any] = dict.fromkeys(OpenGroupOptions.__annotations__) | {"mode": "a"}
GROUP_DEFAULTS: Mapping[str, Any] = dict.fromkeys(GroupOptions.__annotations__) | {"overwrite": False}
