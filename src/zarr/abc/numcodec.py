"""What a codec of format 2 is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeGuard, runtime_checkable

from zarr._support.public_names import public_names_of

if TYPE_CHECKING:
    from typing import Self


@runtime_checkable
class Numcodec(Protocol):
    """The methods of the codecs of the package numcodecs, which other packages may offer too."""

    codec_id: ClassVar[str]

    def encode(self, buf: Any) -> Any:
        """Encode an array or bytes."""

    def decode(self, buf: Any, out: Any | None = None) -> Any:
        """Decode bytes, into `out` if it is given."""

    def get_config(self) -> Any:
        """The stored form, with the codec's `id`."""

    @classmethod
    def from_config(cls, config: Any) -> Self:
        """Make an instance of the stored form, without its `id`."""


def _is_numcodec(obj: object) -> TypeGuard[Numcodec]:
    """Whether something is such a codec."""
    return not isinstance(obj, type) and _is_numcodec_cls(type(obj))


def _is_numcodec_cls(obj: object) -> TypeGuard[type[Numcodec]]:
    """Whether something is a class of such codecs."""
    names = ("codec_id", "encode", "decode", "get_config", "from_config")
    return isinstance(obj, type) and all(hasattr(obj, name) for name in names)


__all__ = ["Numcodec", "_is_numcodec", "_is_numcodec_cls"]

__dir__ = public_names_of(__name__)
