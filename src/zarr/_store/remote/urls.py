"""From URLs and options to stores of obstore."""

from __future__ import annotations

from typing import Any

from zarr._store.remote.describing import without_credentials
from zarr._store.remote.library import obstore_module
from zarr._store.remote.words import OF_OBJECT_STORE, translated
from zarr.errors import ArgumentError

_BUCKET, _CONTAINER, _HOST = ("bucket", "bucket/path"), ("container", "container/path"), ("host", "example.org/path")
_PLACES = {
    **dict.fromkeys(("s3", "s3a", "gs", "gcs"), _BUCKET),
    **dict.fromkeys(("az", "abfs", "abfss", "adl"), _CONTAINER),
    **dict.fromkeys(("http", "https"), _HOST),
}
"""For each scheme what comes first in a URL, and an example."""
_SCHEMES = {"gcs": "gs", "s3a": "s3"}


def refuse_nowhere(url: str) -> None:
    """Raise ArgumentError for a URL that names no bucket, container or host.

    Examples
    --------
    >>> refuse_nowhere("s3://bucket/a")
    """
    scheme, separator, rest = url.partition("://")
    what, example = _PLACES.get(scheme.lower(), ("", ""))
    if separator and what and rest[:1] in ("", "/", "?", "#"):
        raise ArgumentError(
            f"the URL {without_credentials(url)!r} names no {what}: one is written as {scheme}://{example}"
        )


def own_options(given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options of our class, and those that are left."""
    return (
        {name: value for name, value in given.items() if name in OF_OBJECT_STORE},
        {name: value for name, value in given.items() if name not in OF_OBJECT_STORE},
    )


def obstore_at(url: str, options: dict[str, Any]) -> Any:
    """The store of obstore at a URL.

    Raises
    ------
    ArgumentError
        If the URL or an option is none that obstore knows.
    """
    obstore = obstore_module()
    refuse_nowhere(url)
    scheme, separator, rest = url.partition("://")
    url = f"{_SCHEMES.get(scheme, scheme)}{separator}{rest}"
    given = translated(scheme, options).options
    endpoint = str(given.get("endpoint", url))
    if endpoint.startswith("http://"):
        given["client_options"] = {"allow_http": True, **(given.get("client_options") or {})}
    try:
        return obstore.store.from_url(url, **given)
    except (obstore.exceptions.BaseError, TypeError, ValueError) as exc:
        raise ArgumentError(
            f"no store can be made of the URL {without_credentials(url.partition('?')[0])!r} with the options {sorted(options)}: "
            f"{without_credentials(str(exc).partition(chr(10))[0])}"
        ) from None
