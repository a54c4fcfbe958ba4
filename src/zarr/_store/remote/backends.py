"""Which library gets to a URL that lies elsewhere: obstore, or fsspec with the package that it needs.

The setting `storage.backend` chooses between the two. So do `storage_options`, which each of them spells otherwise: those of s3fs, gcsfs
and adlfs are translated for obstore, which puts on condition, and where one has no counterpart fsspec is left to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zarr._store.remote.describing import without_credentials
from zarr._store.remote.file_system import FsspecStore, fsspec_module
from zarr._store.remote.object import ObjectStore
from zarr._store.remote.urls import refuse_nowhere
from zarr._store.remote.words import finds_no_credentials, is_word_of_obstore, translated
from zarr._support.imports_on_use import importing
from zarr._support.settings import settings

if TYPE_CHECKING:
    from zarr._store.abstract import Store

Options = dict[str, Any]

_S3 = ("s3fs", True)
_GCS = ("gcsfs", True)
_AZURE = ("adlfs", True)
_HTTP = ("aiohttp", False)
_CLOUDS = {
    **dict.fromkeys(("s3", "s3a"), _S3),
    **dict.fromkeys(("gs", "gcs"), _GCS),
    **dict.fromkeys(("az", "abfs", "abfss", "adl"), _AZURE),
    **dict.fromkeys(("http", "https"), _HTTP),
}
"""For each scheme that both libraries know: the package that fsspec needs for it, and whether obstore comes first."""


def remote_store(url: str, options: Options | None, *, read_only: bool) -> Store:
    """The store of a URL, by the library that gets there best.

    Raises
    ------
    ImportError
        If the package for it is not installed; it says which command installs it.
    ValueError
        If nobody knows such URLs, or it names no bucket.
    """
    refuse_nowhere(url.rpartition("::")[2])  # of a chain the last one says where
    return _Wanted(url, url.partition("://")[0].lower(), options or {}, read_only).store()


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A URL for which a library has to be found."""

    url: str
    scheme: str
    options: Options
    read_only: bool

    @property
    def shown(self) -> str:
        """The URL in an error, without passwords and signatures."""
        return repr(without_credentials(self.url))

    def store(self) -> Store:
        backend = settings().backend
        if backend == "obstore":
            return self._by_obstore()
        if backend == "fsspec" or self.scheme not in _CLOUDS:
            return self._by_fsspec()
        package, obstore_first = _CLOUDS[self.scheme]
        by_fsspec = _is_installed("fsspec") and _is_installed(package)
        by_obstore = _is_installed("obstore")
        if by_obstore and (not by_fsspec or any(map(is_word_of_obstore, self.options))):
            return self._by_obstore()
        why_not = self._why_not_obstore(package) if by_obstore and obstore_first else ""
        if by_obstore and obstore_first and not why_not:
            return self._by_obstore()
        if by_fsspec:
            return self._by_fsspec(why_not)
        raise ImportError(
            f"{self.shown} needs a package that is not installed: pip install obstore, or for fsspec "
            f"pip install fsspec {package}"
        )

    def _why_not_obstore(self, package: str) -> str:
        """Why options are left to a package of fsspec; empty if nothing speaks against obstore."""
        found = translated(self.scheme, self.options)
        if found.left:
            return f"as obstore has no word for {' and '.join(map(repr, found.left))}"
        if found.options and not found.names_credentials and finds_no_credentials(self.scheme):
            return f"as {package} may find credentials, or do without, where obstore does not"
        return ""

    def _by_obstore(self) -> Store:
        if self.scheme not in _CLOUDS:
            raise ValueError(
                f"obstore, which the setting 'storage.backend' names, does not know such URLs: {self.shown}. Set it to 'auto', "
                "or pass zarr.storage.FsspecStore.from_url(url)."
            )
        if not _is_installed("obstore"):
            raise ImportError(f"{self.shown} needs obstore, which is not installed: pip install obstore")
        return ObjectStore.from_url(self.url, storage_options=self.options or None, read_only=self.read_only)

    def _by_fsspec(self, why_not_obstore: str = "") -> Store:
        fsspec_module(self.shown)
        try:
            store = FsspecStore.from_url(self.url, storage_options=self.options, read_only=self.read_only)
        except ImportError as exc:
            package, _ = _CLOUDS.get(self.scheme, ("", False))
            command = f": pip install {package}" if package else ""
            raise ImportError(f"{self.shown} needs a package that is not installed{command} ({exc})") from exc
        except ValueError as exc:
            if "Protocol not known" not in str(exc):
                raise
            raise ValueError(
                f"Stores of the kind {self.scheme!r} are not known, got {self.shown}. Use a local path, a URL that obstore or "
                "fsspec knows, or pass a store object."
            ) from exc
        store._why_not_obstore = why_not_obstore
        return store


def _is_installed(package: str) -> bool:
    with importing("importlib.util"):
        from importlib.util import find_spec

    return find_spec(package) is not None
