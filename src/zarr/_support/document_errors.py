"""How the parsers of metadata complain: what is wrong, in which member, of which document.

Checks deep inside know the member but not the document, so they raise without it; `located` adds the document's key
on the way out. It changes the text of the exception in flight instead of raising a second one: type, fields and
traceback stay those of the check.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from zarr._support.signals import came_from_a_signal
from zarr.errors import BaseZarrError, DataTypeValidationError, MetadataTypeError, MetadataValidationError

if TYPE_CHECKING:
    from typing import Self

_SHOWN = 200
_MOST_TEXT = 3000


class DocumentKey(str):
    """The key of a document of a store. Its `repr`, by which texts name the document, names the store too.

    Examples
    --------
    >>> f"document {DocumentKey('a/zarr.json', 'file:///data.zarr')!r}"
    "document 'a/zarr.json' of store 'file:///data.zarr'"
    """

    __slots__ = ("store",)
    store: object

    def __new__(cls, key: str, store: object) -> Self:
        """The store is not asked for its text before somebody wants to read it."""
        self = super().__new__(cls, key)
        self.store = store
        return self

    def __repr__(self) -> str:
        described = getattr(self.store, "_describe", None)
        return f"{super().__repr__()} of store {str(self.store) if described is None else described('')!r}"

    def __reduce__(self) -> tuple[Any, ...]:
        return str, (str(self),)


def beside(where: str, key: str) -> str:
    """Another key of the store that a document is of, if that is known."""
    return DocumentKey(key, where.store) if isinstance(where, DocumentKey) else key


def shorten(found: object) -> str:
    """`repr` of a value out of a document, cut to a length that fits an error text.

    Examples
    --------
    >>> shorten([0] * 1000)[:12]
    '[0, 0, 0, 0,'
    """
    if isinstance(found, list | tuple) and len(found) > _SHOWN:  # a text of all would take long, and be thrown away
        return f"{repr(found[:_SHOWN])[:_SHOWN]}... ({len(found)} entries)"
    text = repr(found)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"


def invalid(field: str, expected: str, found: object) -> MetadataValidationError:
    """The error for a member whose value is not what the format asks for."""
    return MetadataValidationError(_expectation(field, expected, found))


def wrong_kind(field: str, expected: str, found: object) -> MetadataTypeError:
    """The error for a member whose value is not even of the kind that the format asks for."""
    return MetadataTypeError(_expectation(field, expected, found))


def _expectation(field: str, expected: str, found: object) -> str:
    return f"Invalid value for '{field}'. Expected {expected}. Got {shorten(found)}."


class located:  # noqa: N801  # used as a function is: `with located(where):`
    """Name the document in every metadata error that passes; `None` where there is no document.

    A class, as every node that is parsed comes by here: a generator takes as long as parsing a group.
    """

    __slots__ = ("_where",)

    def __init__(self, where: str | None) -> None:
        self._where = where

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, _: object) -> None:
        if self._where is not None and isinstance(exc, BaseZarrError | DataTypeValidationError):
            exc.args = (f"metadata document {self._where!r}: {_bounded(str(exc))}",)


def _bounded(text: str) -> str:
    """An error text without its middle, if it has a whole document in it."""
    if len(text) <= _MOST_TEXT:
        return text
    half = _MOST_TEXT // 2
    return f"{text[:half]}... ({len(text)} characters) ...{text[-half:]}"


@contextmanager
def judged(field: str, what: str) -> Iterator[None]:
    """Turn the plain errors of data types and codecs, third-party ones included, into metadata errors.

    Parameters
    ----------
    field
        Member that is being read.
    what
        What was being done with it, for the text.
    """
    try:
        yield
    except (BaseZarrError, DataTypeValidationError):
        raise
    except (
        *(ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError),
        SyntaxError,  # NumPy's of dtypes like ",i4"
    ) as exc:
        if came_from_a_signal(exc):
            raise
        kind = MetadataTypeError if isinstance(exc, TypeError) else MetadataValidationError
        raise kind(f"Invalid value for '{field}': {what} failed with {type(exc).__name__}: {exc}") from exc
