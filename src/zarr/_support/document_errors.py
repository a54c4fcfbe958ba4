"""How the parsers of metadata complain: what is wrong, in which member, of which document.

Checks deep inside know the member but not the document, so they raise without it; `located` adds the document's key
on the way out. It changes the text of the exception in flight instead of raising a second one: type, fields and
traceback stay those of the check.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from zarr._support.signals import came_from_a_signal
from zarr.errors import BaseZarrError, DataTypeValidationError, MetadataTypeError, MetadataValidationError

_SHOWN = 200


def shorten(found: object) -> str:
    """`repr` of a value out of a document, cut to a length that fits an error text.

    Examples
    --------
    >>> shorten([0] * 1000)[:12]
    '[0, 0, 0, 0,'
    """
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


@contextmanager
def located(where: str | None) -> Iterator[None]:
    """Name the document in every metadata error that passes; `None` where there is no document."""
    try:
        yield
    except (BaseZarrError, DataTypeValidationError) as exc:
        if where is not None:
            exc.args = (f"metadata document {where!r}: {exc}",)
        raise


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
    except (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as exc:
        if came_from_a_signal(exc):
            raise
        kind = MetadataTypeError if isinstance(exc, TypeError) else MetadataValidationError
        raise kind(f"Invalid value for '{field}': {what} failed with {type(exc).__name__}: {exc}") from exc
