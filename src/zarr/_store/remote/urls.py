"""From URLs and options to stores of obstore."""

from __future__ import annotations

from typing import Any

from zarr._store.remote.describing import without_credentials
from zarr._store.remote.library import obstore_module
from zarr.errors import ArgumentError

_OWN = ("missing_on", "max_concurrency")
_WORDS_OF_S3FS = {
    "anon": "skip_signature",
    "key": "access_key_id",
    "secret": "secret_access_key",
    "token": "session_token",
    "endpoint_url": "endpoint",
}
_SCHEMES = {"gcs": "gs", "s3a": "s3"}


def own_options(given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options of our class, and those that are left."""
    return (
        {name: value for name, value in given.items() if name in _OWN},
        {name: value for name, value in given.items() if name not in _OWN},
    )


def obstore_at(url: str, options: dict[str, Any]) -> Any:
    """The store of obstore at a URL.

    Raises
    ------
    ArgumentError
        If the URL or an option is none that obstore knows.
    """
    obstore = obstore_module()
    scheme, separator, rest = url.partition("://")
    url = f"{_SCHEMES.get(scheme, scheme)}{separator}{rest}"
    given = _in_words_of_obstore(options, is_s3=url.startswith("s3://"))
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


def _in_words_of_obstore(options: dict[str, Any], *, is_s3: bool) -> dict[str, Any]:
    """Options, with what s3fs calls otherwise under the names of obstore."""
    given = dict(options)
    if is_s3:
        given |= given.pop("client_kwargs", None) or {}
        if "region_name" in given:
            given["region"] = given.pop("region_name")
        given = {_WORDS_OF_S3FS.get(name, name): value for name, value in given.items()}
    elif "anon" in given:
        given["skip_signature"] = given.pop("anon")
    return given
