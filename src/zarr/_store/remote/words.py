"""The words that s3fs, gcsfs and adlfs have for options of a store, as obstore has them.

Users have them in their programs. They say what obstore can do as well in nearly all cases; the others are told of, so that whoever
chooses between the libraries can leave those to fsspec.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Options: TypeAlias = dict[str, Any]
_Word: TypeAlias = Callable[[Any], Options | None]
"""What a value of a word is for obstore; None if obstore cannot have that."""

OF_OBJECT_STORE = ("missing_on", "max_concurrency")
_OF_OBSTORE = frozenset(
    (
        *("access_key_id", "bucket", "client_options", "config", "credential_provider", "endpoint", "region"),
        *("retry_config", "secret_access_key", "session_token", "skip_signature", "virtual_hosted_style_request"),
    )
)
_BEGINNINGS_OF_OBSTORE = ("aws_", "azure_", "google_")


def is_word_of_obstore(name: str) -> bool:
    """Whether only obstore, or our class on it, has an option of that name."""
    name = name.lower()
    return name in _OF_OBSTORE or name in OF_OBJECT_STORE or name.startswith(_BEGINNINGS_OF_OBSTORE)


@dataclass(frozen=True, slots=True)
class Translation:
    """Options in obstore's words.

    Attributes
    ----------
    options
        What could be translated, and the rest as it was.
    left
        Names of words that are fsspec's, or nobody's, and have no counterpart.
    names_credentials
        Whether they say with which credentials, or that there are to be none.
    """

    options: Options
    left: tuple[str, ...]
    names_credentials: bool


def translated(scheme: str, given: Mapping[str, Any]) -> Translation:
    """Options for a URL of a scheme, in obstore's words.

    Examples
    --------
    >>> translated("s3", {"key": "a", "client_kwargs": {"endpoint_url": "http://here"}, "profile": "b"})
    Translation(options={'access_key_id': 'a', 'endpoint': 'http://here', 'profile': 'b'}, left=('profile',), names_credentials=True)
    """
    words = _WORDS.get(_SERVICES.get(scheme, ""), {})
    options: Options = {}
    left: list[str] = []
    for name, value in given.items():
        if value is None:
            continue
        found = words[name](value) if name in words else None
        if found is None:
            options[name] = value
            if not is_word_of_obstore(name):
                left.append(name)
        else:
            options |= found
    names_credentials = any(name in options for name in _CREDENTIALS) or given.get("token") is not None
    return Translation(options, tuple(left), names_credentials)


def finds_no_credentials(scheme: str) -> bool:
    """Whether the package of fsspec may find credentials, or do without, where obstore does not.

    Both look into the environment. s3fs reads profiles too, adlfs asks Azure's other tools, and gcsfs goes on without in the end.
    """
    service = _SERVICES.get(scheme, "")
    if any(os.environ.get(name) for name in _IN_ENVIRONMENT.get(service, ())):
        return False
    if service == "s3":
        return "AWS_PROFILE" in os.environ or any(map(os.path.exists, _profiles()))
    return not (service == "gs" and os.path.exists(os.path.expanduser(_GCLOUD)))


_SERVICES = {
    **dict.fromkeys(("s3", "s3a"), "s3"),
    **dict.fromkeys(("gs", "gcs"), "gs"),
    **dict.fromkeys(("az", "abfs", "abfss", "adl"), "az"),
}
_CREDENTIALS = (
    *("skip_signature", "access_key_id", "service_account_key", "application_credentials"),
    *("account_key", "sas_token", "client_secret", "credential_provider"),
)
_IN_ENVIRONMENT = {
    "s3": ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    "gs": ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_SERVICE_ACCOUNT", "GOOGLE_SERVICE_ACCOUNT_KEY"),
    "az": ("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_SAS_KEY", "AZURE_STORAGE_SAS_TOKEN", "AZURE_CLIENT_SECRET"),
}
_GCLOUD = "~/.config/gcloud/application_default_credentials.json"


def _profiles() -> tuple[str, ...]:
    """The files in which Amazon's tools keep credentials."""
    names = {"AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials", "AWS_CONFIG_FILE": "~/.aws/config"}
    return tuple(os.path.expanduser(os.environ.get(name, default)) for name, default in names.items())


# -- words ----------------------------------------------------------------------------------------------------------


def _called(name: str) -> _Word:
    """A word for which obstore has another, or the same."""
    return lambda value: {name: value}


def _only(usual: Any) -> _Word:
    """A word that says what is so anyway, if it has a certain value, and else something that obstore cannot do."""
    return lambda value: {} if value == usual else None


def _nothing(_: Any) -> Options:
    """A word for what there is none of here: open files that are read block by block, a class of instances."""
    return {}


def _anon(value: Any) -> Options:
    return {"skip_signature": True} if value else {}


def _client_kwargs(value: Any) -> Options | None:
    return _all_of(_OF_CLIENT, value)


def _config_kwargs(value: Any) -> Options | None:
    return _all_of(_OF_CONFIG, value)


def _all_of(words: Mapping[str, _Word], given: Any) -> Options | None:
    """Several words in one; None unless obstore can have each of them."""
    options: Options = {}
    for name, value in given.items():
        found = words[name](value) if name in words and value is not None else {} if value is None else None
        if found is None:
            return None
        options |= found
    return options


def _addressing(value: Any) -> Options | None:
    styles = {"path": False, "virtual": True}
    style = value.get("addressing_style", "auto") if isinstance(value, Mapping) and len(value) <= 1 else None
    if style == "auto":
        return {}
    return {"virtual_hosted_style_request": styles[style]} if style in styles else None


def _google_token(value: Any) -> Options | None:
    if value == "anon":
        return {"skip_signature": True}
    if value == "google_default":
        return {}
    if isinstance(value, Mapping):
        return {"service_account_key": json.dumps(dict(value))} if value.get("type") == "service_account" else None
    return {"application_credentials": value} if isinstance(value, str) and os.path.isfile(value) else None


def _signature(value: Any) -> Options:
    return {"sas_token": value.removeprefix("?") if isinstance(value, str) else value}


def _account_host(value: Any) -> Options:
    return {"endpoint": f"https://{value}"}


def _connection(value: Any) -> Options | None:
    """What a connection string of Azure says; None if it says more than obstore can be told."""
    parts = {name.strip(): rest for name, _, rest in (part.partition("=") for part in str(value).split(";")) if name}
    options = {
        "account_name": parts.pop("AccountName", None),
        "account_key": parts.pop("AccountKey", None),
        "sas_token": parts.pop("SharedAccessSignature", "").removeprefix("?") or None,
        "endpoint": parts.pop("BlobEndpoint", "").rstrip("/") or None,
    }
    protocol, suffix = parts.pop("DefaultEndpointsProtocol", "https"), parts.pop("EndpointSuffix", _SUFFIX)
    if any(not name.endswith("Endpoint") for name in parts) or options["account_name"] is None:
        return None
    if options["endpoint"] is None and (protocol, suffix) != ("https", _SUFFIX):
        options["endpoint"] = f"{protocol}://{options['account_name']}.blob.{suffix}"
    return {name: value for name, value in options.items() if value is not None}


_SUFFIX = "core.windows.net"
_OF_FSSPEC: dict[str, _Word] = {
    **dict.fromkeys(("asynchronous", "default_block_size", "default_cache_type", "default_fill_cache"), _nothing),
    **dict.fromkeys(("block_size", "blocksize", "skip_instance_cache"), _nothing),
    "use_listings_cache": _only(False),
}
_OF_CLIENT: dict[str, _Word] = {
    "aws_access_key_id": _called("access_key_id"),
    "aws_secret_access_key": _called("secret_access_key"),
    "aws_session_token": _called("session_token"),
    "endpoint_url": _called("endpoint"),
    "region_name": _called("region"),
    "use_ssl": _only(True),
    "verify": _only(True),
}
_OF_CONFIG: dict[str, _Word] = {"max_pool_connections": _nothing, "s3": _addressing}
_WORDS: dict[str, dict[str, _Word]] = {
    "s3": {
        **_OF_FSSPEC,
        "anon": _anon,
        "client_kwargs": _client_kwargs,
        "config_kwargs": _config_kwargs,
        "endpoint_url": _called("endpoint"),
        "key": _called("access_key_id"),
        "password": _called("secret_access_key"),
        "region_name": _called("region"),
        "requester_pays": _called("request_payer"),
        "secret": _called("secret_access_key"),
        "token": _called("session_token"),
        "use_ssl": _only(True),
        "username": _called("access_key_id"),
    },
    "gs": {
        **_OF_FSSPEC,
        "access": _only("full_control"),
        "anon": _anon,
        "project": _nothing,  # which owns new buckets, and none are made here
        "token": _google_token,
    },
    "az": {
        **_OF_FSSPEC,
        "account_host": _account_host,
        "account_key": _called("account_key"),
        "account_name": _called("account_name"),
        "anon": _anon,
        "client_id": _called("client_id"),
        "client_secret": _called("client_secret"),
        "connection_string": _connection,
        "sas_token": _signature,
        "tenant_id": _called("tenant_id"),
    },
}
