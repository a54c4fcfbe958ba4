"""Misuse of the asynchronous API, and third-party codecs, data types and stores that do not do what they should."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

import zarr
import zarr.api.asynchronous as az
from tests.misuse.bench import Row, buffer, put, wait
from tests.misuse.rows_creation import new
from tests.misuse.rows_values import Odd
from zarr.abc.codec import ArrayArrayCodec, ArrayBytesCodec, BytesBytesCodec
from zarr.abc.store import Store
from zarr.errors import ArrayNotFoundError, ContainsArrayError, GroupNotFoundError, NodeNotFoundError
from zarr.registry import register_codec


async def consume(generator):
    return [item async for item in generator]


def group(f):
    """The asynchronous face of the root."""
    return f.root._async_group


ASYNC = [
    Row(
        "async: open what is absent",
        lambda f: wait(az.open(store=f.store, path="no", mode="r")),
        GroupNotFoundError,
        r"'no'",
    ),
    Row(
        "async: open an absent array",
        lambda f: wait(az.open_array(store=f.store, path="no", mode="r")),
        ArrayNotFoundError,
        r"'no'",
    ),
    Row(
        "async: create on what is there",
        lambda f: wait(az.create_array(f.store, name="a", shape=3, dtype="i4")),
        ContainsArrayError,
        r"'a'",
    ),
    Row(
        "async: create with a negative shape",
        lambda f: wait(az.create_array(f.store, name="new", shape=-3, dtype="i4")),
        ValueError,
        r"-3",
    ),
    Row("async: a number as store", lambda f: wait(az.open_group(3)), TypeError, r"int"),
    Row("async: an unknown mode", lambda f: wait(az.open_group(f.store, mode="rw")), ValueError, r"'rw'"),
    Row(
        "async: read past the end",
        lambda f: wait(f.a.async_array.getitem((6, 0))),
        IndexError,
        r"index 6 is out of bounds",
    ),
    Row("async: read by a word", lambda f: wait(f.a.async_array.getitem("x")), IndexError, r"'x'|str"),
    Row(
        "async: orthogonal past the end",
        lambda f: wait(f.a.async_array.get_orthogonal_selection(([0, 7],))),
        IndexError,
        r"index 7 is out of bounds",
    ),
    Row(
        "async: mask of another shape",
        lambda f: wait(f.a.async_array.get_mask_selection(np.ones((2, 2), bool))),
        IndexError,
        r"\(2, 2\)",
    ),
    Row(
        "async: coordinates past the end",
        lambda f: wait(f.a.async_array.get_coordinate_selection(([9], [0]))),
        IndexError,
        r"index 9 is out of bounds",
    ),
    Row(
        "async: write another shape",
        lambda f: wait(f.a.async_array.setitem((slice(2), 0), np.zeros(3, "i4"))),
        ValueError,
        r"\(3,\).*\(2,\)",
    ),
    Row("async: write text", lambda f: wait(f.a.async_array.setitem((0, 0), "text")), ValueError, r"'text'"),
    Row(
        "async: write to a read-only array",
        lambda f: wait(f.readonly_a.async_array.setitem((0, 0), 1)),
        ValueError,
        r"read-only",
    ),
    Row("async: resize to another rank", lambda f: wait(f.a.async_array.resize((3,))), ValueError, r"\(3,\)"),
    Row(
        "async: append another width",
        lambda f: wait(f.a.async_array.append(np.zeros((1, 7), "i4"))),
        ValueError,
        r"\(1, 7\)",
    ),
    Row(
        "async: attributes of an object",
        lambda f: wait(f.a.async_array.update_attributes({"x": Odd()})),
        TypeError,
        r"Odd",
    ),
    Row("async: a member that is not there", lambda f: wait(group(f).getitem("no")), KeyError, r"no"),
    Row("async: delete what is not there", lambda f: wait(group(f).delitem("no")), KeyError, r"no"),
    Row("async: create a group on an array", lambda f: wait(group(f).create_group("a")), ContainsArrayError, r"'a'"),
    Row(
        "async: require a group where an array is",
        lambda f: wait(group(f).require_group("a")),
        TypeError,
        r"'a'|[Aa]rray",
    ),
    Row(
        "async: require an array of another shape",
        lambda f: wait(group(f).require_array("a", shape=(1,), dtype="i4")),
        TypeError,
        r"shape",
    ),
    Row("async: members of negative depth", lambda f: wait(consume(group(f).members(max_depth=-1))), ValueError, r"-1"),
    Row("async: set a member to a number", lambda f: wait(group(f).setitem("new", 3)), TypeError, r"int"),
    Row("async: save nothing", lambda f: wait(az.save(f.store)), ValueError, r"at least one array"),
    Row(
        "async: load what is not there",
        lambda f: wait(az.load(store=f.store, path="no")),
        NodeNotFoundError,
        r"'no'",
        other="NotImplementedError: it takes it for a group",
    ),
    Row(
        "async: consolidate what is not there",
        lambda f: wait(az.consolidate_metadata(f.store, path="no")),
        GroupNotFoundError,
        r"'no'",
    ),
    Row("async: an array from a number", lambda f: zarr.Array(3), TypeError, r"AsyncArray, got int"),
    Row("async: a group from a number", lambda f: zarr.Group(3), TypeError, r"AsyncGroup, got int"),
    Row(
        "async: iterate as if it were none",
        lambda f: list(group(f).members()),
        TypeError,
        r"async_generator|not iterable",
    ),
]


@dataclass(frozen=True)
class _Bytes(BytesBytesCodec):
    """A codec of bytes that does nothing; its subclasses do wrong."""

    is_fixed_size: ClassVar[bool] = True
    codec_name: ClassVar[str] = ""

    @classmethod
    def from_dict(cls, data):
        return cls()

    def to_dict(self):
        return {"name": self.codec_name, "configuration": {}}

    def compute_encoded_size(self, input_byte_length, chunk_spec):
        return input_byte_length

    async def _encode_single(self, chunk_bytes, chunk_spec):
        return chunk_bytes

    async def _decode_single(self, chunk_bytes, chunk_spec):
        return chunk_bytes


class FailsToEncode(_Bytes):
    codec_name = "misuse.fails-to-encode"

    async def _encode_single(self, chunk_bytes, chunk_spec):
        raise ValueError("the disk is full of eels")


class FailsToDecode(_Bytes):
    codec_name = "misuse.fails-to-decode"

    async def _decode_single(self, chunk_bytes, chunk_spec):
        raise ValueError("the eels are loose")


class EncodesToText(_Bytes):
    codec_name = "misuse.encodes-to-text"

    async def _encode_single(self, chunk_bytes, chunk_spec):
        return "text"


class DecodesToText(_Bytes):
    codec_name = "misuse.decodes-to-text"

    async def _decode_single(self, chunk_bytes, chunk_spec):
        return "text"


class DecodesToNothing(_Bytes):
    codec_name = "misuse.decodes-to-nothing"

    async def _decode_single(self, chunk_bytes, chunk_spec):
        return None


class DecodesTooFew(_Bytes):
    codec_name = "misuse.decodes-too-few"

    async def _decode_single(self, chunk_bytes, chunk_spec):
        return chunk_bytes[:-1]


class LacksBoth(_Bytes):
    """Neither encodes nor decodes."""

    codec_name = "misuse.lacks-both"
    _encode_single = BytesBytesCodec._encode_single
    _decode_single = BytesBytesCodec._decode_single


class SlipsAttribute(_Bytes):
    codec_name = "misuse.slips"

    async def _encode_single(self, chunk_bytes, chunk_spec):
        return chunk_bytes.nonsense


class Reshapes(ArrayArrayCodec):
    """Hands on another shape than it announced."""

    is_fixed_size = True

    @classmethod
    def from_dict(cls, data):
        return cls()

    def to_dict(self):
        return {"name": "misuse.reshapes", "configuration": {}}

    def compute_encoded_size(self, input_byte_length, chunk_spec):
        return input_byte_length

    async def _encode_single(self, chunk_array, chunk_spec):
        return chunk_array

    async def _decode_single(self, chunk_array, chunk_spec):
        return chunk_array.reshape((-1,))


class Drops(ArrayBytesCodec):
    """Stores something, and hands back an array of another dtype."""

    is_fixed_size = False

    @classmethod
    def from_dict(cls, data):
        return cls()

    def to_dict(self):
        return {"name": "misuse.drops", "configuration": {}}

    def compute_encoded_size(self, input_byte_length, chunk_spec):
        raise NotImplementedError

    async def _encode_single(self, chunk_array, chunk_spec):
        return chunk_spec.prototype.buffer.from_bytes(b"something")

    async def _decode_single(self, chunk_bytes, chunk_spec):
        return chunk_spec.prototype.nd_buffer.from_numpy_array(np.zeros(1, "M8[s]"))


class BadDocument(_Bytes):
    """Cannot be described."""

    codec_name = "misuse.bad-document"

    def to_dict(self):
        return {"name": self.codec_name, "configuration": {"odd": Odd()}}


class NoDocument(_Bytes):
    codec_name = "misuse.no-document"

    def to_dict(self):
        return None


class Picky(_Bytes):
    """Refuses every array."""

    codec_name = "misuse.picky"

    def validate(self, *, shape, dtype, chunk_grid):
        raise ValueError("not this array")


for _codec in (
    FailsToEncode, FailsToDecode, EncodesToText, DecodesToText, DecodesToNothing, DecodesTooFew, LacksBoth, SlipsAttribute,
    BadDocument, NoDocument, Picky,
):  # fmt: skip
    register_codec(_codec.codec_name, _codec)
register_codec("misuse.reshapes", Reshapes)
register_codec("misuse.drops", Drops)


def made(**codecs):
    """Store an array of one chunk that has these codecs."""
    return lambda f: new(f, chunks=(4, 6), **{"compressors": None, **codecs})


def filled(**codecs):
    """The same with a chunk of 96 bytes stored by hand."""

    def before(f):
        made(**codecs)(f)
        wait(f.store.set("new/c/0/0", buffer(bytes(range(96)))))

    return before


def write(f):
    put(f.root["new"], ..., 1)


def write_part(f):
    put(f.root["new"], 0, 1)


def read(f):
    return f.root["new"][:]


EXTENSIONS = [
    Row("codec of others: fails to encode", write, ValueError, r"eels", before=made(compressors=FailsToEncode())),
    Row(
        "codec of others: fails to encode a part",
        write_part,
        ValueError,
        r"eels",
        before=filled(compressors=FailsToEncode()),
    ),
    Row("codec of others: fails to decode", read, ValueError, r"eels", before=filled(compressors=FailsToDecode())),
    Row(
        "codec of others: fails to decode before a write",
        write_part,
        ValueError,
        r"eels",
        before=filled(compressors=FailsToDecode()),
    ),
    Row(
        "codec of others: encodes to text",
        write,
        RuntimeError,
        r"encodes-to-text.*type str",
        other="TypeError of the store that gets the text",
        before=made(compressors=EncodesToText()),
    ),
    Row(
        "codec of others: decodes to text", read, RuntimeError, r"str|text", before=filled(compressors=DecodesToText())
    ),
    Row(
        "codec of others: decodes to nothing",
        read,
        RuntimeError,
        r"nothing",
        before=filled(compressors=DecodesToNothing()),
    ),
    Row(
        "codec of others: decodes too few bytes",
        read,
        ValueError,
        r"95|bytes",
        before=filled(compressors=DecodesTooFew()),
    ),
    Row(
        "codec of others: lacks both ways, write",
        write,
        RuntimeError,
        r"LacksBoth",
        other="NotImplementedError, a RuntimeError, without a text",
        before=made(compressors=LacksBoth()),
    ),
    Row(
        "codec of others: lacks both ways, read",
        read,
        RuntimeError,
        r"LacksBoth",
        other="NotImplementedError, a RuntimeError, without a text",
        before=filled(compressors=LacksBoth()),
    ),
    Row("codec of others: slips", write, RuntimeError, r"nonsense", before=made(compressors=SlipsAttribute())),
    Row(
        "codec of others: another shape",
        read,
        RuntimeError,
        r"shape \(24,\)",
        other="IndexError from within",
        before=filled(filters=Reshapes()),
    ),
    Row(
        "codec of others: another dtype",
        read,
        RuntimeError,
        r"misuse\.drops",
        other="IndexError from within",
        before=filled(serializer=Drops()),
    ),
    Row("codec of others: a document that is no JSON", lambda f: new(f, compressors=BadDocument()), TypeError, r"Odd"),
    Row(
        "codec of others: no document",
        lambda f: new(f, compressors=NoDocument()),
        ValueError,
        r"NoDocument|to_dict|None",
    ),
    Row("codec of others: refuses the array", lambda f: new(f, compressors=Picky()), ValueError, r"not this array"),
    Row("codec of others: registered as a number", lambda f: register_codec(3, FailsToEncode), TypeError, r"3|int|str"),
]


class FailingStore(zarr.storage.WrapperStore):
    """A store that fails on what is asked of it, in this class of error."""

    def __init__(self, store, error=None):
        super().__init__(store)
        self.error = error or OSError("the cable is cut")

    def _with_store(self, store):
        return type(self)(store, self.error)

    async def get(self, key, prototype, byte_range=None):
        if "/c/" in key:
            raise self.error
        return await self._store.get(key, prototype, byte_range)

    async def set(self, key, value):
        if "/c/" in key:
            raise self.error
        await self._store.set(key, value)


class Lacking(Store):
    """A store that defines nothing."""


def through(f, path="a"):
    return zarr.open_array(FailingStore(f.store), path=path, mode="r+")


STORES = [
    Row("store of others: fails to read", lambda f: through(f)[:], OSError, r"cable"),
    Row("store of others: fails to read before a write", lambda f: put(through(f), (0, 0), 1), OSError, r"cable"),
    Row("store of others: fails to write", lambda f: put(through(f), ..., 1), OSError, r"cable"),
    Row(
        "store of others: fails to append",
        lambda f: through(f).append(np.ones((3, 8), "i4")),
        OSError,
        r"cable",
        other="has published the new shape by then",
    ),
    Row("store of others: fails to read a shard", lambda f: through(f, "sharded")[0, 0], OSError, r"cable"),
    Row("store of others: lacks everything", lambda f: zarr.create_group(Lacking()), TypeError, r"Lacking.*abstract"),
    Row(
        "store of others: wraps a number",
        lambda f: zarr.open_group(zarr.storage.WrapperStore(3), mode="r"),
        TypeError,
        r"int",
    ),
]

ROWS = [*ASYNC, *EXTENSIONS, *STORES]
