"""In which region a bucket of S3 lies. Every region tells that of any bucket, also who may not read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zarr._support.imports_on_use import importing
from zarr._support.signals import came_from_a_signal

_ANY_REGION = "https://s3.amazonaws.com"
_TIMEOUT_S = 10
_known: dict[tuple[str, str], str] = {}


def known_region(config: Mapping[str, Any]) -> str | None:
    """The region of the bucket in a configuration of obstore, if it was asked for before."""
    return _known.get(_bucket(config))


def region_of(config: Mapping[str, Any]) -> str | None:
    """The same, asked for if need be; None if the server does not tell."""
    bucket = _bucket(config)
    if bucket not in _known and (found := _asked("/".join(bucket))) is not None:
        _known[bucket] = found
    return _known.get(bucket)


def _bucket(config: Mapping[str, Any]) -> tuple[str, str]:
    return str(config.get("endpoint") or _ANY_REGION).rstrip("/"), str(config.get("bucket"))


def _asked(url: str) -> str | None:
    with importing("urllib.request"):
        from urllib.request import HTTPRedirectHandler, Request, build_opener

    class Staying(HTTPRedirectHandler):
        """A redirection is the answer."""

        def redirect_request(self, *args: Any) -> None:
            return None

    if not url.startswith(("http://", "https://")):
        return None
    try:
        with build_opener(Staying).open(Request(url, method="HEAD"), timeout=_TIMEOUT_S) as answer:  # noqa: S310  # as above
            headers = answer.headers
    except OSError as exc:  # an answer with another status is one, and has headers
        if came_from_a_signal(exc):
            raise
        headers = getattr(exc, "headers", None) or {}
    except ValueError:  # no such address
        return None
    region: str | None = headers.get("x-amz-bucket-region")
    return region
