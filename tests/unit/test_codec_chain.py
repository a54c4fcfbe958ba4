"""Chains: order, threading of specs, checks of results, and codecs written by third parties."""

import asyncio
import multiprocessing
import subprocess
import sys
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import zarr
from zarr._buffer import CPUBuffer, CPUNDBuffer
from zarr._codec.base import ArrayArrayCodec, ArrayBytesCodec, BytesBytesCodec, ChunkSpec
from zarr._codec.bytes_ import BytesCodec
from zarr._codec.call import call_codec, codec_name
from zarr._codec.chain import CodecChain
from zarr._codec.crc32c_ import Crc32cCodec
from zarr._codec.gzip_ import GzipCodec
from zarr._codec.limits import output_limit, with_margin
from zarr._codec.transpose import TransposeCodec
from zarr._codec.zstd import ZstdCodec
from zarr._dtype.registry import parse_data_type
from zarr._support import bridge
from zarr.errors import CodecError, ConcurrentChangeError, UnknownCodecError

ARRAY = np.arange(6, dtype="<i4").reshape(2, 3)


def spec_of(array=ARRAY):
    return ChunkSpec(array.shape, parse_data_type(array.dtype, zarr_format=3), 0)


def chain_of(*codecs):
    return CodecChain.compile(codecs, spec_of())


def round_trip(*codecs):
    chain = chain_of(*codecs)
    encoded = chain.encode(CPUNDBuffer.from_numpy_array(ARRAY))
    np.testing.assert_array_equal(chain.decode(encoded).as_numpy_array(), ARRAY)
    return encoded.to_bytes()


# -- third parties ------------------------------------------------------------------------------------------------


def negated(buffer):
    return CPUBuffer.from_bytes((~buffer.as_numpy_array().view("u1")).tobytes())


class Singles(BytesBytesCodec):
    """Coroutines that never wait."""

    async def _encode_single(self, chunk, spec):
        return negated(chunk)

    async def _decode_single(self, chunk, spec):
        return negated(chunk)


class Waiting(Singles):
    """Coroutines that wait."""

    async def _encode_single(self, chunk, spec):
        await asyncio.sleep(0.001)
        return await asyncio.to_thread(negated, chunk)

    async def _decode_single(self, chunk, spec):
        return await asyncio.to_thread(negated, chunk)


class Yielding(Singles):
    """Coroutines that suspend without needing a loop at first."""

    async def _encode_single(self, chunk, spec):
        await asyncio.sleep(0)
        return negated(chunk)


class Batches(BytesBytesCodec):
    """The batch methods only."""

    async def encode(self, chunks_and_specs):
        async def one(chunk):
            await asyncio.sleep(0)
            return negated(chunk)

        return await asyncio.gather(*(one(chunk) for chunk, _ in chunks_and_specs))

    async def decode(self, chunks_and_specs):
        return [negated(chunk) for chunk, _ in chunks_and_specs]


class Overriding(GzipCodec):
    """A subclass of ours that overrides the coroutines."""

    async def _encode_single(self, chunk, spec):
        return negated(chunk)

    async def _decode_single(self, chunk, spec):
        return negated(chunk)


@pytest.mark.parametrize("cls", [Singles, Waiting, Yielding, Batches, Overriding])
def test_third_party_codecs(cls):
    assert round_trip(BytesCodec(), cls()) == (~ARRAY.view("u1")).tobytes()


def test_third_party_codecs_inside_a_running_loop():
    async def main():
        return round_trip(BytesCodec(), Yielding())

    assert asyncio.run(main()) == (~ARRAY.view("u1")).tobytes()


class Odd(BytesBytesCodec):
    def __init__(self, result):
        self.result = result

    def _encode_sync(self, chunk, spec):
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result

    _decode_sync = _encode_sync


class Asynchronous(Odd):
    async def _decode_single(self, chunk, spec):
        raise RuntimeError("of its own")


@pytest.mark.parametrize(
    "error", [KeyError("x"), RuntimeError("x"), OSError("x"), IndexError("x"), zlib.error("x"), AttributeError("x")]
)
def test_errors_are_wrapped(error):
    chain = chain_of(BytesCodec(), Odd(error))
    with pytest.raises(CodecError, match=type(error).__name__) as caught:
        chain.decode(CPUBuffer.from_bytes(b""))
    assert caught.value.__cause__ is error
    assert (caught.value.codec, caught.value.action) == ("Odd", "decode")
    with pytest.raises(CodecError) as caught:
        chain.encode(CPUNDBuffer.from_numpy_array(ARRAY))
    assert caught.value.action == "encode"


class Stopped(Exception):
    """Of somebody who has nothing to do with the codec."""


Stopped.__module__ = "scheduler.stopping"


@pytest.mark.parametrize(
    "error",
    [
        *(MemoryError(), KeyboardInterrupt(), Stopped(), TimeoutError("late"), PermissionError(13, "denied")),
        *(
            ModuleNotFoundError("no such package"),
            NotImplementedError("no such level"),
            RecursionError(),
            OSError(5, "bad disk"),
        ),
        *(
            UnknownCodecError("install it"),
            ConcurrentChangeError("try again"),
            UserWarning("odd"),
        ),
    ],
    ids=repr,
)
def test_exceptions_that_say_nothing_of_the_bytes_pass(error):
    chain = chain_of(BytesCodec(), Odd(error))
    with pytest.raises(type(error)) as caught:
        chain.decode(CPUBuffer.from_bytes(b""))
    assert caught.value is error
    with pytest.raises(type(error)) as caught:
        chain.encode(CPUNDBuffer.from_numpy_array(ARRAY))
    assert caught.value is error


class OwnError(Exception):
    """Of the package that the codec is from."""


def test_errors_of_the_package_of_a_codec_are_wrapped():
    with pytest.raises(CodecError, match="OwnError: bad magic"):
        chain_of(BytesCodec(), Odd(OwnError("bad magic"))).decode(CPUBuffer.from_bytes(b""))


def test_runtime_error_of_a_coroutine():
    with pytest.raises(CodecError, match="of its own"):
        call_codec(Asynchronous(None), "decode", CPUBuffer.from_bytes(b""), spec_of())


class Nothing(BytesBytesCodec):
    """Defines nothing at all."""


def test_missing_methods_are_named():
    with pytest.raises(NotImplementedError, match="_encode_sync"):
        call_codec(Nothing(), "encode", CPUBuffer.from_bytes(b""), spec_of())
    with pytest.raises(ValueError, match="Nothing"):
        chain_of(BytesCodec(), Nothing()).encoded_nbytes()
    assert codec_name(Nothing()) == "Nothing"
    assert codec_name(GzipCodec()) == "gzip"


class Reshaping(ArrayArrayCodec):
    def _encode_sync(self, chunk, spec):
        return chunk

    def _decode_sync(self, chunk, spec):
        return CPUNDBuffer.from_numpy_array(chunk.as_numpy_array().reshape(-1))


class Recasting(Reshaping):
    def __init__(self, dtype):
        self.dtype = dtype

    def _decode_sync(self, chunk, spec):
        return CPUNDBuffer.from_numpy_array(chunk.as_numpy_array().astype(self.dtype))


def test_results_are_checked():
    encoded = CPUBuffer.from_bytes(ARRAY.tobytes())
    with pytest.raises(CodecError, match=r"shape \(6,\)"):
        chain_of(Reshaping(), BytesCodec()).decode(encoded)
    with pytest.raises(CodecError, match="float64"):
        chain_of(Recasting("f8"), BytesCodec()).decode(encoded)
    assert chain_of(Recasting(">i4"), BytesCodec()).decode(encoded).dtype == np.dtype("<i4")
    with pytest.raises(CodecError, match="returned nothing"):
        chain_of(BytesCodec(), Odd(None)).decode(encoded)
    with pytest.raises(CodecError, match="CPUNDBuffer"):
        chain_of(BytesCodec(), Odd(CPUNDBuffer(ARRAY))).encode(CPUNDBuffer(ARRAY))
    assert chain_of(BytesCodec(), Odd(None)).encode(CPUNDBuffer(ARRAY)) is None


# -- compiling ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codecs", "reason"),
    [
        ([], "none"),
        ([TransposeCodec(order=(1, 0))], "none"),
        ([BytesCodec(), BytesCodec()], "second"),
        ([BytesCodec(), TransposeCodec(order=(1, 0))], "cannot follow"),
        ([GzipCodec(), BytesCodec()], "must follow"),
    ],
)
def test_order_is_checked(codecs, reason):
    with pytest.raises(ValueError, match=reason):
        chain_of(*codecs)


def test_only_codecs_are_taken():
    with pytest.raises(TypeError, match="not a codec"):
        chain_of(BytesCodec(), "gzip")


def test_specs_are_threaded():
    chain = chain_of(TransposeCodec(order=(1, 0)), BytesCodec(), Crc32cCodec(), GzipCodec())
    assert [spec.shape for spec in chain.specs] == [(2, 3), (3, 2), (3, 2), (3, 2)]
    assert chain.specs[3].nbytes_limit == with_margin(24)
    assert chain.specs[0].nbytes_limit is None


def test_encoded_nbytes():
    assert chain_of(TransposeCodec(order=(1, 0)), BytesCodec(), Crc32cCodec(), Crc32cCodec()).encoded_nbytes() == 32
    with pytest.raises(ValueError, match="zstd"):
        chain_of(BytesCodec(), ZstdCodec()).encoded_nbytes()


class Opaque(ArrayBytesCodec):
    def _encode_sync(self, chunk, spec):
        return spec.prototype.buffer.from_bytes(b"?")


def test_a_serializer_of_unknown_size_raises_the_limit():
    spec = chain_of(Opaque(), GzipCodec()).specs[1]
    assert output_limit(spec) == 2**31
    with zarr.config.set({"array.max_variable_chunk_bytes": 2**20}):
        assert output_limit(spec) == 2**20


def test_stacked_compressors_of_noise():
    noise = np.random.default_rng(0).integers(0, 256, 2**20, np.uint8)
    chain = CodecChain.compile([BytesCodec(), GzipCodec(level=1), ZstdCodec(), GzipCodec(level=0)], spec_of(noise))
    encoded = chain.encode(CPUNDBuffer(noise))
    np.testing.assert_array_equal(chain.decode(encoded).as_numpy_array(), noise)


# -- the bridge ---------------------------------------------------------------------------------------------------


async def current_thread():
    return threading.current_thread()


def test_bridge_has_one_daemon_thread():
    with ThreadPoolExecutor(8) as pool:
        threads = set(pool.map(lambda _: bridge.run(current_thread()), range(50)))
    (thread,) = threads
    assert thread.daemon
    assert bridge.is_running()


async def fail():
    raise LookupError("inside")


def test_bridge_passes_errors_on():
    with pytest.raises(LookupError, match="inside"):
        bridge.run(fail())


async def own_timeout():
    raise TimeoutError("its own")


def test_bridge_times_out_and_cancels():
    cancelled = threading.Event()

    async def sleep():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    with pytest.raises(TimeoutError, match=r"0\.01 seconds"):
        bridge.run(sleep(), timeout=0.01)
    assert cancelled.wait(5)
    with pytest.raises(TimeoutError, match="its own"):
        bridge.run(own_timeout(), timeout=5)


def test_bridge_where_loops_watch_no_descriptors(monkeypatch):
    """As on Windows."""

    def add_reader(*_):
        raise NotImplementedError

    monkeypatch.setattr(asyncio.SelectorEventLoop, "add_reader", add_reader)
    monkeypatch.setattr(bridge, "_running", None)
    with pytest.raises(LookupError, match="inside"):
        bridge.run(fail())
    assert bridge.run(asyncio.sleep(0, result="done")) == "done"
    bridge._stop()


def test_what_ends_programs_does_not_end_the_bridge():
    async def leave():
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        bridge.run(leave())
    assert bridge.run(asyncio.sleep(0, result="done")) == "done"


async def reenter():
    coroutine = current_thread()
    return bridge.run(coroutine)


def test_bridge_refuses_to_wait_for_itself():
    with pytest.raises(RuntimeError, match="await"):
        bridge.run(reenter())


def run_in_child(queue):
    queue.put(bridge.is_running())
    queue.put(bridge.run(asyncio.sleep(0, result="child")))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs fork")
def test_bridge_starts_anew_after_fork():
    bridge.run(current_thread())
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=run_in_child, args=(queue,))
    child.start()
    assert queue.get(timeout=20) is False
    assert queue.get(timeout=20) == "child"
    child.join(20)
    assert child.exitcode == 0


def test_importing_starts_nothing():
    program = (
        "import sys, importlib, types\n"
        "package = sys.modules['zarr'] = types.ModuleType('zarr')  # without what the top level imports\n"
        "package.__path__ = [sys.argv[1]]\n"
        "for name in 'base chain registry bytes_ gzip_ zstd blosc crc32c_ vlen transpose sharding v2'.split():\n"
        "    importlib.import_module('zarr._codec.' + name)\n"
        "assert not {'numcodecs', 'asyncio'} & set(sys.modules)\n"
        "import threading; assert threading.active_count() == 1\n"
    )
    subprocess.run([sys.executable, "-c", program, str(Path(bridge.__file__).parent.parent)], check=True, timeout=60)
