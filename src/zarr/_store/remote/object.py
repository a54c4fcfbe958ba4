"""Stores of obstore: S3, GCS, Azure and what speaks like them.

Requests are obstore's synchronous calls. They need no event loop, let other threads run while they wait, and cost half of what
the asynchronous ones do; so a call that needs many answers makes its requests in threads of their own, in synchronous and
asynchronous use alike (`zarr._flow.drive.remote`), and all of the process together are limited.

A version is what the server says of an object, its ETag in most. It goes with every read of more parts of the object, and with
the put that replaces it, so that the parts of one shard fit together and no change of others is lost. An object that was
replaced cannot be read on, which is a ConcurrentChangeError: whoever asks begins again.

No server deletes under a condition by way of obstore. Flows store what reads the same as nothing instead.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from zarr._buffer import Buffer, BufferPrototype, CPUBuffer
from zarr._buffer.byte_range import ByteRequest, OffsetByteRequest, RangeByteRequest, SuffixByteRequest, resolve_range
from zarr._store.remote.client import Answer, Client, RefusedError
from zarr._store.remote.conditions import SCRATCH, Place, place_of
from zarr._store.remote.describing import without_credentials
from zarr._store.remote.failures import Kind
from zarr._store.remote.urls import obstore_at, own_options
from zarr._store.remote.version import ObjectVersion, version_of
from zarr._store.turns import Turn
from zarr._store.versioned import ABSENT, ANY, Expected, Hold, Stored, SyncStore, Version
from zarr._store.whereabouts import steps_to
from zarr._support.near_names import suggests_keywords
from zarr._support.threads import all_of
from zarr.errors import ArgumentError, ConcurrentChangeError, StoreAbilityError

if TYPE_CHECKING:
    from typing import Self

T = TypeVar("T")
_PAGE = 1000
_MOST_ROUNDS = 10
_FOR_ABSENT = (
    "Servers answer like this for keys that are not there, too, where listing is not permitted. If that is so here, pass "
    "missing_on=(403,) to the store, and they read as missing; otherwise check the credentials, and what they permit."
)
_FOR_LISTING = (
    "Where listing is not permitted, open arrays and groups by their paths, or a group that has consolidated metadata."
)


@suggests_keywords
class ObjectStore(SyncStore):
    """Keep values as objects in a store of obstore.

    Objects are replaced whole. Changes of parts are made on condition that nobody else was faster, where the server can do
    that, and again if somebody was; so nothing is lost between processes and machines. The guide says under "In a cloud" what
    each kind of server can do.

    Parameters
    ----------
    store
        A store of obstore, such as `obstore.store.S3Store`.
    read_only
        If True, nothing may be written or deleted through this object.
    missing_on
        Statuses in HTTP that mean that there is no such key, besides 404: (403,) for buckets that may not be listed.
    max_concurrency
        Most requests to this store at once. `zarr.config`'s `async.concurrency` limits those of the whole process.

    Raises
    ------
    ImportError
        If obstore is not installed.
    TypeError
        If `store` is not one of its stores.

    Examples
    --------
    >>> import obstore.store, zarr
    >>> store = zarr.storage.ObjectStore(obstore.store.MemoryStore())
    >>> a = zarr.create_array(store, data=[1, 2, 3])
    >>> zarr.open_array(store)[1:].tolist()
    [2, 3]
    """

    def __init__(
        self,
        store: Any,
        *,
        read_only: bool = False,
        missing_on: Collection[int] = (),
        max_concurrency: int | None = None,
    ) -> None:
        super().__init__(read_only=read_only)
        self._missing_on = _statuses(missing_on)
        self._begin(Client(store, _most(max_concurrency)), None)

    def _begin(self, client: Client, made_from: tuple[str, dict[str, Any]] | None, place: Place | None = None) -> None:
        self._client = client
        self._made_from = made_from
        self._place = place_of(client) if place is None else place
        self._has_suffixes = client.kind != "az"
        self.may_block = client.kind != "memory"
        self.capabilities = replace(
            type(self).capabilities,
            refuses_old_versions=True,
            removes_conditionally=False,
            holds_between_threads=False,
            is_remote=client.is_remote,
            lists=client.kind != "http",
        )

    @classmethod
    def from_url(
        cls, url: str, *, storage_options: dict[str, Any] | None = None, read_only: bool = False
    ) -> ObjectStore:
        """The store at a URL.

        Parameters
        ----------
        url
            `s3://bucket/path`, `gs://…`, `az://…`, `abfs://…`, `http(s)://…`.
        storage_options
            Options of obstore (`region`, `endpoint`, `skip_signature`, `client_options`, `retry_config`,
            `credential_provider`, …), those of this class, and the words that s3fs has for some of them: `anon`, `key`,
            `secret`, `token`, `endpoint_url`.
        read_only
            As of the class.
        """
        given = dict(storage_options or {})
        own, others = own_options(given)
        self = cls(obstore_at(url, others), read_only=read_only, **own)
        self._made_from = url, given
        return self

    @property
    def store(self) -> Any:
        """The store of obstore that was given."""
        return self._client.given

    # -- as an object of Python's -------------------------------------------------------------------------------

    def _options(self) -> dict[str, Any]:
        return {"missing_on": self._missing_on, "max_concurrency": self._client.most}

    def with_read_only(self, read_only: bool = False) -> Self:
        other = type(self).__new__(type(self))
        SyncStore.__init__(other, read_only=read_only)
        other._missing_on = self._missing_on
        other._begin(self._client, self._made_from, self._place)
        return other

    def __reduce__(self) -> tuple[Any, ...]:
        if self._made_from is not None:  # what the user gave, and nothing that was found out since
            return _from_url, (type(self), *self._made_from, self.read_only)
        if self._client.kind == "memory":
            raise TypeError(f"{self!r} cannot be pickled: what it keeps is in the memory of this process")
        return _rebuilt, (type(self), self._client.given, self.read_only, self._options())

    def __eq__(self, value: object) -> bool:
        return (
            isinstance(value, ObjectStore)
            and type(value) is type(self)
            and self.read_only == value.read_only
            and self._options() == value._options()
            and bool(self._client.given is value._client.given or self._client.given == value._client.given)
        )

    __hash__ = None  # type: ignore[assignment]  # stores have none

    def __str__(self) -> str:
        return self._client.url

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r}, by obstore)"

    def _absence(self, path: str) -> str:
        return ""  # nobody who reads an error waits for more requests

    def _whereabouts(self, path: str) -> Sequence[object]:
        if self._client.kind == "memory":
            return super()._whereabouts(path)
        bucket, _, prefix = self._client.url.partition("://")[2].partition("/")
        below = "/".join(filter(None, (prefix, path)))
        return steps_to((self._client.kind, *self._server(), bucket), below)

    def _server(self) -> tuple[object, object]:
        """What a URL of a bucket does not say."""
        config = getattr(self._client.given, "config", None) or {}
        return config.get("endpoint"), config.get("account_name")

    def _known_as(self) -> str:
        if self._client.kind == "memory":
            return f"{self} {id(self._client.given)}"
        return without_credentials(f"{self} {self._server()}")

    @property
    def supports_listing(self) -> bool:  # type: ignore[override]
        return self._client.kind != "http"

    # -- reading ------------------------------------------------------------------------------------------------

    def read(
        self,
        key: str,
        byte_range: ByteRequest | None = None,
        *,
        version: Version | None = None,
        prototype: BufferPrototype | None = None,
    ) -> Stored | None:
        found = self._get(key, None, version) if byte_range is None else self._found(key, byte_range, version)
        if found is None:
            if version is not None:
                raise _changed(key)
            return None
        if version is not None and not version.is_that_of(found):
            raise _changed(key)
        return _Found(found, CPUBuffer if prototype is None else prototype.buffer)

    def _found(self, key: str, byte_range: ByteRequest | None, version: ObjectVersion | None) -> Answer | None:
        """The answer for a part of an object; its bytes are empty where the part lies beyond the end."""
        asked = _as_obstore_has_it(byte_range)
        if asked is not None and not asked:
            return self._about(key)
        if isinstance(byte_range, SuffixByteRequest) and not self._has_suffixes:
            return self._end_of(key, byte_range.suffix, version)
        return self._get(key, asked, version)

    def _get(self, key: str, asked: Any, version: ObjectVersion | None) -> Answer | None:
        options = {} if asked is None else {"range": asked}
        if version is not None and version.tag is not None:
            options["if_match"] = version.tag
        try:
            return self._client.get(key, options)
        except RefusedError as refused:
            kind = refused.failure.kind
            if kind is Kind.UNMET and version is not None and refused.failure.status != 409:
                raise _changed(key) from None
            if kind is Kind.BEYOND:
                return self._about(key)
            if kind is Kind.UNABLE and isinstance(asked, dict) and "suffix" in asked and self._has_suffixes:
                self._has_suffixes = False
                return self._end_of(key, asked["suffix"], version)
            if self._is_missing(refused):
                return None
            if (
                kind is Kind.WRONG
                and asked is not None
                and (about := self._about(key)) is not None
                and not about.nbytes
            ):
                return about  # of what is empty some servers send the whole, whichever part they are asked for
            raise self._error(refused, "read", key) from None

    def _end_of(self, key: str, nbytes: int, version: ObjectVersion | None) -> Answer | None:
        """The last bytes of an object on a server that counts from the beginning only: its size has to be known first."""
        for _ in range(_MOST_ROUNDS):
            known = version
            if known is None:
                about = self._about(key)
                if about is None or not about.nbytes:
                    return about
                known = version_of(about)
            part = (max(0, known.nbytes - nbytes), known.nbytes) if known.nbytes else None
            try:
                return self._get(key, part, known)
            except ConcurrentChangeError:
                if version is not None:
                    raise
        raise _changed(key)

    def _about(self, key: str) -> Answer | None:
        try:
            return self._client.head(key)
        except RefusedError as refused:
            if self._is_missing(refused):
                return None
            raise self._error(refused, "look up", key) from None

    def _is_missing(self, refused: RefusedError) -> bool:
        failure = refused.failure
        return failure.kind is Kind.ABSENT or failure.status in self._missing_on

    def _error(self, refused: RefusedError, verb: str, key: str) -> OSError:
        advice = _FOR_ABSENT if refused.failure.status == 403 and verb in ("read", "look up") else ""
        return self._client.error(refused, verb, key, advice)

    def size(self, key: str) -> int | None:
        found = self._about(key)
        return None if found is None else found.nbytes

    # -- changing -----------------------------------------------------------------------------------------------

    def put(self, key: str, value: Buffer, *, expected: Expected = ANY, hold: Hold | None = None) -> bool:
        if self._client.kind == "memory":  # which keeps what it is given
            data = memoryview(value.to_bytes())
        else:
            array: Any = np.ascontiguousarray(value.as_numpy_array()).view("B")
            data = memoryview(array)
        try:
            if expected is ANY:
                with self._place.changing(key):
                    self._client.put(key, data)
                return True
            return self._put_if(key, data, expected)
        except RefusedError as refused:
            raise self._put_error(refused, key) from None

    def _put_if(self, key: str, data: memoryview, expected: Expected) -> bool:
        version = None if expected is ABSENT else expected
        mode = self._place.mode(self._client, version)
        if mode is None:
            return self._compare_and_put(key, data, version)
        return self._client.put_if(key, data, mode, () if version is None else version.history)

    def _compare_and_put(self, key: str, data: memoryview, expected: ObjectVersion | None) -> bool:
        """Compare and store in two steps, which excludes the threads of this process only: the server cannot do it."""
        with self._place.changing(key):
            found = self._about(key)
            if found is None or expected is None:
                is_met = found is None and expected is None
            else:
                is_met = expected.is_that_of(found)
            if is_met:
                self._client.put(key, data)
            return is_met

    def _put_error(self, refused: RefusedError, key: str) -> OSError:
        landed = refused.may_have_landed or refused.failure.kind is Kind.TRANSIENT
        advice = "The value may have been stored all the same. Try again later." if landed else ""
        return self._client.error(refused, "store", key, advice)

    def remove(self, key: str, *, expected: Expected = ANY, hold: Hold | None = None) -> bool:
        if expected is ABSENT:
            return self._about(key) is None
        if expected is not ANY:
            raise StoreAbilityError(
                f"no object of {self!r} can be deleted on condition that it is still the one that was read, as {key!r}: "
                "obstore has no such request. Store a value that means the same instead."
            )
        with self._place.changing(key):
            self._deleting(key, partial(self._client.delete, key))
        return True

    def remove_prefix(self, prefix: str) -> None:
        for page in self._pages(prefix):
            self._deleting(prefix, partial(self._client.delete_many, page))

    def _deleting(self, key: str, delete: Callable[[], None]) -> None:
        try:
            delete()
        except RefusedError as refused:
            raise self._client.error(refused, "delete", key) from None

    def hold(self, prefix: str) -> Hold:
        """A right among the threads of this process; others are told apart by versions."""
        return Turn(self._place.turns, prefix)

    # -- listing ------------------------------------------------------------------------------------------------

    def list_keys(self, prefix: str) -> Iterator[str]:
        for page in self._pages(prefix.rpartition("/")[0]):
            yield from (path for path in page if path.startswith(prefix) and _is_shown(path))

    def _pages(self, directory: str) -> Iterator[list[str]]:
        """The keys below a directory, a page at a time."""
        pages = _Pages(self._client, directory)
        while page := self._listed(pages.next_page, directory):
            below = f"{directory}/" if directory else ""
            yield [path for path in page if path.startswith(below)]

    def list_names(self, prefix: str) -> Iterator[str]:
        below = f"{prefix}/" if prefix else ""
        found = self._listed(partial(_names_in, self._client, prefix), prefix)
        names = (path[len(below) :] for path in found if path.startswith(below))
        return iter(dict.fromkeys(name for name in names if name and _is_shown(name)))

    def _listed(self, ask: Callable[[], list[str]], directory: str) -> list[str]:
        self._check_listable()
        try:
            return ask()
        except RefusedError as refused:
            if refused.failure.kind is Kind.ABSENT:  # of a directory of files: there is nothing yet
                return []
            advice = _FOR_LISTING if refused.failure.kind in (Kind.DENIED, Kind.UNABLE) else ""
            raise self._client.error(refused, "list", directory, advice) from None

    # -- the asynchronous face ----------------------------------------------------------------------------------

    async def get_partial_values(
        self, prototype: BufferPrototype, key_ranges: Iterable[tuple[str, ByteRequest | None]]
    ) -> list[Buffer | None]:
        return await all_of(self.get(key, prototype, byte_range) for key, byte_range in key_ranges)

    async def _stream(self, function: Any, prefix: str) -> AsyncIterator[str]:
        """What a listing gives, a page at a time."""
        keys = function(prefix)
        while page := await self._call(_first_of, keys):
            for key in page:
                yield key


class _Found(Stored):
    """What an answer holds, made of it as it is asked for: this comes to be among many requests under way, and whoever reads
    whole chunks wants nothing but the bytes.

    Parameters
    ----------
    answer
        The answer.
    buffer
        The class of the bytes.
    """

    __slots__ = ("_answer", "_buffer")

    def __init__(self, answer: Answer, buffer: type[Buffer]) -> None:
        self._answer, self._buffer = answer, buffer

    @property
    def data(self) -> Buffer:  # type: ignore[override]  # as attributes, which are never set
        return self._buffer.from_array_like(np.frombuffer(self._answer.data, "B"))

    @property
    def version(self) -> ObjectVersion:  # type: ignore[override]
        return version_of(self._answer)

    @property
    def nbytes(self) -> int:  # type: ignore[override]
        return self._answer.nbytes

    def release(self) -> None:
        """There is nothing to give up."""


def is_of_obstore(store: object) -> bool:
    """Whether something is a store of obstore, which need not be imported for this."""
    return any(cls.__module__.partition(".")[0] == "obstore" for cls in type(store).__mro__)


def _first_of(keys: Iterator[str]) -> list[str]:
    return list(islice(keys, _PAGE))


class _Pages:
    """A listing under way, which can go on behind the last page that came."""

    def __init__(self, client: Client, directory: str) -> None:
        self._client, self._directory = client, directory
        self._last: str | None = None
        self._behind: str | None = None
        self._stream: Any = None

    def next_page(self) -> list[str]:
        """The next keys; none at the end."""
        page: list[str] = self._client.attempt(self._ask)
        if page:
            self._last = page[-1]
        return page

    def _ask(self, raw: Any) -> list[str]:
        if self._stream is None:
            self._behind = self._last
            self._stream = iter(self._client.list_in(raw, self._directory, self._behind, _PAGE))
        try:
            return self._next_behind()
        except BaseException:
            self._stream = None
            raise

    def _next_behind(self) -> list[str]:
        """The next page that has something behind the place where this went on; not every server begins just there."""
        while found := [meta["path"] for meta in next(self._stream, ())]:
            if behind := [path for path in found if self._behind is None or path > self._behind]:
                return behind
        return []


def _names_in(client: Client, directory: str) -> list[str]:
    return client.attempt(lambda raw: client.names_in(raw, directory))


def _is_shown(key: str) -> bool:
    return not key.rpartition("/")[2].startswith(SCRATCH)


def _as_obstore_has_it(byte_range: ByteRequest | None) -> Any:
    """A part of an object for obstore; None for all of it, and something false for nothing of it."""
    resolve_range(byte_range, 0)  # raises for what is no range
    match byte_range:
        case RangeByteRequest(start, end):
            return (start, end) if end > start else ()
        case OffsetByteRequest(offset):
            return {"offset": offset}
        case SuffixByteRequest(suffix):
            return {"suffix": suffix} if suffix else ()
    return None


def _changed(key: str) -> ConcurrentChangeError:
    return ConcurrentChangeError(f"the object under {key!r} was replaced or deleted while it was read; try again.")


def _statuses(given: Any) -> tuple[int, ...]:
    """The statuses of `missing_on`; a single one is taken too."""
    found = given if isinstance(given, tuple | list | set | frozenset | range) else (given,)
    if not all(isinstance(status, int) and 400 <= status < 500 for status in found):
        raise ArgumentError(
            f"missing_on has statuses of HTTP between 400 and 499, as in missing_on=(403,); got {given!r}"
        )
    return tuple(found)


def _most(given: Any) -> int | None:
    if given is None or (isinstance(given, int) and given >= 1):
        return given
    raise ArgumentError(f"max_concurrency is a number of requests, at least 1, or None; got {given!r}")


def _rebuilt(cls: type[ObjectStore], given: Any, read_only: bool, options: dict[str, Any]) -> ObjectStore:
    return cls(given, read_only=read_only, **options)


def _from_url(cls: type[ObjectStore], url: str, storage_options: dict[str, Any], read_only: bool) -> ObjectStore:
    return cls.from_url(url, storage_options=storage_options, read_only=read_only)
