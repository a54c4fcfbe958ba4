"""The contract of a data type: one class per stored type, knowing its three faces.

Its JSON in format 2 and in format 3, its NumPy dtype in memory, and the JSON form of a scalar (the fill value). The
classes, their keyword-only fields and method names are zarr-python's, because people pass and subclass them; what is
shared between eight integers is written once and driven by a table row (class attributes).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeAlias, TypeVar

import numpy as np

if TYPE_CHECKING:
    from typing import Self

ZarrFormat: TypeAlias = Literal[2, 3]
NativeT = TypeVar("NativeT", bound="np.dtype[Any]")
ScalarT = TypeVar("ScalarT")


@dataclass(frozen=True, kw_only=True, slots=True)
class ZDType(ABC, Generic[NativeT, ScalarT]):
    """Abstract base of the data types.

    Every method raises `zarr.errors.DataTypeValidationError` for a description that is not this type's, and
    TypeError or ValueError (OverflowError for a number out of range) for a scalar it cannot hold.

    Examples
    --------
    >>> import zarr
    >>> issubclass(zarr.dtype.Int8, zarr.dtype.ZDType)
    True
    """

    dtype_cls: ClassVar[Any] = None
    """NumPy dtype class (`np.dtypes.Int8DType`) whose instances this type stores, or None."""
    _zarr_v3_name: ClassVar[str] = ""

    @classmethod
    @abstractmethod
    def from_native_dtype(cls, dtype: np.dtype[Any]) -> Self:
        """The instance that stores this NumPy dtype.

        Parameters
        ----------
        dtype
            The NumPy dtype.
        """

    @abstractmethod
    def to_native_dtype(self) -> NativeT:
        """The NumPy dtype of arrays in memory."""

    @classmethod
    def from_json(cls, data: Any, *, zarr_format: ZarrFormat) -> Self:
        """Parse stored metadata.

        Parameters
        ----------
        data
            Format 3: the `data_type` member, a string or a `{"name": ..., "configuration": ...}` object. Format 2: a
            mapping `{"name": typestr or field list, "object_codec_id": str or None}`.
        zarr_format
            3 or 2.
        """
        if zarr_format not in (2, 3):
            raise ValueError(f"zarr_format must be 2 or 3, got {zarr_format!r}")
        return cls._from_json_v2(data) if zarr_format == 2 else cls._from_json_v3(data)

    # zarr-python's classes define these two in its place, one for each format.

    @classmethod
    def _from_json_v2(cls, data: Any) -> Self:
        """`from_json` of format 2."""
        return cls._own_from_json()(data, zarr_format=2)

    @classmethod
    def _from_json_v3(cls, data: Any) -> Self:
        """`from_json` of format 3."""
        return cls._own_from_json()(data, zarr_format=3)

    @classmethod
    def _own_from_json(cls) -> Callable[..., Self]:
        """`from_json` as a subclass defines it."""
        if getattr(cls.from_json, "__func__", None) is ZDType.__dict__["from_json"].__func__:
            raise NotImplementedError(
                f"{cls.__name__} cannot be read from metadata: it must define from_json(), or _from_json_v2() and "
                "_from_json_v3()"
            )
        return cls.from_json

    @classmethod
    def _check_native_dtype(cls, dtype: np.dtype[Any]) -> bool:
        """Whether a NumPy dtype is of the class that this type stores."""
        return type(dtype) is cls.dtype_cls

    def _check_scalar(self, data: object) -> bool:
        """Whether `cast_scalar` takes a value."""
        try:
            self.cast_scalar(data)
        except (TypeError, ValueError, OverflowError):
            return False
        return True

    @abstractmethod
    def to_json(self, zarr_format: ZarrFormat) -> Any:
        """The metadata to store, in the form `from_json` reads.

        Parameters
        ----------
        zarr_format
            3 or 2.
        """

    @abstractmethod
    def from_json_scalar(self, data: Any, *, zarr_format: ZarrFormat) -> ScalarT:
        """Parse a stored fill value. Bit patterns are kept (NaN payloads, the sign of zero).

        Parameters
        ----------
        data
            The JSON value.
        zarr_format
            3 or 2.
        """

    @abstractmethod
    def to_json_scalar(self, data: object, *, zarr_format: ZarrFormat) -> Any:
        """The stored form of a fill value.

        Parameters
        ----------
        data
            A scalar of this type, or what `cast_scalar` takes.
        zarr_format
            3 or 2.
        """

    @abstractmethod
    def default_scalar(self) -> ScalarT:
        """The fill value where the user names none."""

    @abstractmethod
    def cast_scalar(self, data: object) -> ScalarT:
        """A user's value as a scalar of this type; refuses what it cannot represent in kind.

        Parameters
        ----------
        data
            What a user gave as a fill value, or a scalar of this type, which is returned as it is.
        """
