"""What many tests need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from zarr._buffer import Buffer
from zarr._support.imports_on_use import importing
from zarr._support.public_names import public_names_of

if TYPE_CHECKING:
    from zarr._buffer import BytesLike

__all__ = ["assert_bytes_equal"]

__dir__ = public_names_of(__name__)

T = TypeVar("T")


def assert_bytes_equal(b1: Buffer | BytesLike | None, b2: Buffer | BytesLike | None) -> None:
    """Fail unless two values hold the same bytes, or both are None.

    Parameters
    ----------
    b1, b2
        Buffers, bytes or None.

    Raises
    ------
    AssertionError
        With both, if they differ.

    Examples
    --------
    >>> import zarr
    >>> assert_bytes_equal(zarr.buffer.cpu.Buffer.from_bytes(b"a"), b"a")
    """
    one, two = _bytes_of(b1), _bytes_of(b2)
    if one != two:
        raise AssertionError(f"the bytes differ: {one!r} and {two!r}")


def _bytes_of(value: Buffer | BytesLike | None) -> bytes | None:
    if value is None:
        return None
    return value.to_bytes() if isinstance(value, Buffer) else bytes(value)


def has_cupy() -> bool:
    """Whether CuPy is installed, and a GPU there that it can use."""
    try:
        with importing("cupy"):  # on use: it is optional, and heavy
            import cupy

        return int(cupy.cuda.runtime.getDeviceCount()) > 0
    except ImportError:
        return False
    except RuntimeError:  # what CuPy's errors are: of a driver that is missing, say
        return False


def gpu_test(func: T) -> T:
    """Mark a test as one that needs a GPU: it is passed over where there is none.

    Parameters
    ----------
    func
        A test, or a class of tests.
    """
    with importing("pytest"):  # on use, so that the rest of this module needs none
        import pytest

    skip: Any = pytest.mark.skipif(not has_cupy(), reason="CuPy not installed or no GPU available")
    marked: T = pytest.mark.gpu(skip(func))
    return marked
