"""An obstore store as this process uses it: attempts, limits, forks, errors in words.

Attempts are made here and not inside obstore, which would not tell whether there was an earlier one. That decides what a
refused condition means: after an attempt whose reply was lost, the change that is in the way may be our own. So every
conditional put carries a name of its own in the metadata of the object, together with those of the changes before it; who
finds the own name there has stored the value, whatever was stored since. That is looked up before the next attempt, at once: the
names go back so many changes and no more, and others may make many during a pause.
"""

from __future__ import annotations

import os
import random
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from inspect import iscoroutine
from secrets import token_urlsafe
from threading import RLock
from time import monotonic
from typing import Any, TypeVar

from zarr._store.remote.describing import without_credentials
from zarr._store.remote.failures import Failure, Kind, WrongAnswerError, failure_of
from zarr._store.remote.library import obstore_module
from zarr._store.remote.region import known_region, region_of
from zarr._support import bridge
from zarr._support.forks import n_forks, renew_in_children
from zarr._support.request_threads import PROCESS_GATE, Gate, pause
from zarr._support.signals import came_from_a_signal
from zarr.errors import StoreKeyError, StorePermissionError, StoreRequestError

T = TypeVar("T")
HISTORY = "zarrwrites"
"""The name of that metadata; Azure takes none but letters, digits and underscores."""
_MOST_HISTORY = 100
"""Names have 8 characters, and S3 takes 2 kB of metadata."""
_MOST_DELETED = {"s3": 1000, "az": 256}
_MOST_AT_ONCE = 100
_MOST_WRONG = 4
_MULTIPART_NBYTES = 256 * 2**20
_PART_NBYTES = 64 * 2**20
_SECRETS = ("key", "secret", "token", "password", "sas")


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long a request is tried, as `retry_config` of obstore says it.

    Attributes
    ----------
    most_retries, budget_s
        Attempts beyond the first, and the time for all of them.
    first_s, most_s, base
        Of the pauses between them, which grow by a factor; each is cut by chance, so that many clients do not come back at once.
    """

    most_retries: int = 10
    budget_s: float = 180.0
    first_s: float = 0.1
    most_s: float = 15.0
    base: float = 2.0

    @classmethod
    def of(cls, given: Any) -> Patience:
        """That of an obstore store."""
        config = getattr(given, "retry_config", None) or {}
        backoff = config.get("backoff") or {}
        default = cls()
        return cls(
            int(config.get("max_retries", default.most_retries)),
            _seconds(config.get("retry_timeout"), default.budget_s),
            _seconds(backoff.get("init_backoff"), default.first_s),
            _seconds(backoff.get("max_backoff"), default.most_s),
            float(backoff.get("base", default.base)),
        )

    def pause_s(self, n_failed: int) -> float:
        longest: float = min(self.most_s, self.first_s * self.base ** min(n_failed - 1, 60))
        return longest * random.uniform(0.5, 1)  # noqa: S311  # nobody has to be kept from guessing it


def _seconds(given: Any, default: float) -> float:
    return default if given is None else float(given.total_seconds())


class RefusedError(Exception):
    """A request came to its end without success; whoever made it knows what that means.

    Attributes
    ----------
    failure
        The last attempt.
    attempts, seconds
        How many there were, and how long they took.
    may_have_landed
        Whether an earlier attempt may have been acted upon although its reply did not say so.
    """

    def __init__(self, failure: Failure, attempts: int, seconds: float, *, may_have_landed: bool) -> None:
        super().__init__()
        self.failure, self.attempts, self.seconds, self.may_have_landed = failure, attempts, seconds, may_have_landed

    def __str__(self) -> str:
        return self.failure.said


class Client:
    """An obstore store, with what is needed to use it from any thread and any process.

    Parameters
    ----------
    given
        The obstore store.
    most
        Most requests to it that are under way at once; None for no limit but that of the process.
    """

    def __init__(self, given: Any, most: int | None = None) -> None:
        self.given = given
        self.most = most
        self.kind = _kind_of(given)
        self.url = url_of(given)
        self.is_remote = self.kind not in ("memory", "file")
        self.keeps_metadata = self.kind in ("s3", "gs", "az", "memory")
        self._gate = None if most is None or not self.is_remote else Gate(lambda: most)
        self._patience = Patience.of(given)
        self._secrets = _secrets_of(given)
        self._raw: tuple[int, Any] | None = None
        self._region = known_region(self._config) if self.kind == "s3" else None
        obstore_module()

    @property
    def _obstore(self) -> Any:
        return obstore_module()

    @property
    def _config(self) -> dict[str, Any]:
        return getattr(self.given, "config", None) or {}

    @property
    def raw(self) -> Any:
        """A store that this process may use: one that was used before a fork never answers in the child."""
        now = n_forks()
        made = self._raw
        if made is None or made[0] != now:
            if made is not None:
                _abandoned.append(made)  # it belongs to the parent, down to what collecting it would do
            made = self._raw = (now, _shared.like(self.given, self._region) if self.is_remote else self.given)
        return made[1]

    # -- attempts -----------------------------------------------------------------------------------------------

    def attempt(self, function: Callable[[Any], T], has_landed: Callable[[], T | None] | None = None) -> T:
        """Call a function with the store until it succeeds, or there is no sense in trying on, or nobody waits for it any more.

        Parameters
        ----------
        function
            Makes one request.
        has_landed
            Looks whether a request was acted upon although its reply did not say so. What it returns, if not None, is the result.

        Raises
        ------
        RefusedError
            In the latter case.
        """
        began, attempts, n_wrong = monotonic(), 0, 0
        may_have_landed = has_asked_again = has_moved = False
        while True:
            attempts += 1
            try:
                return self._once(function)
            except Exception as exc:
                if came_from_a_signal(exc) or isinstance(exc, (StoreKeyError, ConnectionAbortedError)):
                    raise
                failure = self._without_secrets(failure_of(exc))
            if failure.is_elsewhere and not has_moved and self._goes_to_the_bucket():
                has_moved = True
                continue
            seconds = monotonic() - began
            n_wrong += failure.kind is Kind.WRONG
            if failure.kind is Kind.DENIED and not has_asked_again and self._asks_for_credentials():
                has_asked_again, self._raw = True, None
                _shared.forget(self.given, self._region)  # the next one asks for them again
                continue
            if not failure.is_worth_another or n_wrong >= _MOST_WRONG or self._is_over(attempts, seconds):
                raise RefusedError(failure, attempts, seconds, may_have_landed=may_have_landed)
            may_have_landed = True
            if has_landed is not None and (result := has_landed()) is not None:
                return result
            if not pause(self._patience.pause_s(attempts)):
                raise RefusedError(failure, attempts, seconds, may_have_landed=True)

    def _once(self, function: Callable[[Any], T]) -> T:
        """Make one attempt, whatever comes of it."""
        if not self.is_remote:
            return function(self.raw)
        if self._gate is None:
            with PROCESS_GATE.place():
                return function(self.raw)
        with self._gate.place(), PROCESS_GATE.place():
            return function(self.raw)

    def _is_over(self, attempts: int, seconds: float) -> bool:
        return attempts > self._patience.most_retries or seconds >= self._patience.budget_s

    def _goes_to_the_bucket(self) -> bool:
        """Go on in the region where the bucket is, if the server tells that; obstore knows no other than it was given."""
        if self.kind != "s3":
            return False
        found = region_of(self._config)
        if found is not None and found != self._region:
            self._region, self._raw = found, None
        return found is not None

    def _asks_for_credentials(self) -> bool:
        return getattr(self.given, "credential_provider", None) is not None

    def _without_secrets(self, failure: Failure) -> Failure:
        return replace(failure, say=partial(self._say, failure)) if self._secrets else failure

    def _say(self, failure: Failure) -> str:
        said = failure.said
        for secret in self._secrets:
            said = said.replace(secret, "***")
        return said

    # -- requests -----------------------------------------------------------------------------------------------

    def get(self, key: str, options: dict[str, Any]) -> Answer:
        """An object, or a part of it."""
        return self.attempt(partial(_get, obstore_module().get, key, options))

    def head(self, key: str) -> Answer:
        """All about an object but its bytes."""
        get = self._obstore.get

        def once(raw: Any) -> Answer:
            return Answer(get(raw, key, options={"head": True}), None)

        return self.attempt(once)

    def put(self, key: str, data: Any) -> dict[str, str | None]:
        """Store an object whatever is there. Returns what tells it from others, as obstore has it."""
        put = self._obstore.put
        is_large = self.is_remote and len(data) > _MULTIPART_NBYTES
        told: dict[str, str | None] = self.attempt(
            lambda raw: put(raw, key, data, use_multipart=is_large, chunk_size=_PART_NBYTES)
        )
        return told

    def put_if(self, key: str, data: Any, mode: Any, history: Sequence[str] = ()) -> bool:
        """Store an object under a condition; whether that was met.

        Parameters
        ----------
        key, data
            The object.
        mode
            As obstore has it: `"create"`, or a version.
        history
            The names of the changes that made what is replaced.
        """
        name = token_urlsafe(6)
        told = {HISTORY: ",".join([name, *history][:_MOST_HISTORY])} if self.keeps_metadata else None
        put = self._obstore.put
        try:
            self.attempt(
                lambda raw: put(raw, key, data, mode=mode, attributes=told, use_multipart=False),
                partial(self._is_made_by, key, name),
            )
        except RefusedError as refused:
            if refused.failure.kind not in (Kind.UNMET, Kind.ABSENT):
                raise
            return refused.may_have_landed and self._has_landed(key, name, data)
        return True

    def _is_made_by(self, key: str, name: str) -> bool | None:
        """True if a look shows that an object was made by the change of a name, or from what that made; None if it does not."""
        get = self._obstore.get
        try:
            found = self._once(lambda raw: Answer(get(raw, key, options={"head": True}), None))
        except Exception as exc:
            if came_from_a_signal(exc):
                raise
            return None  # which the next attempt may tell
        return True if name in found.history else None

    def _has_landed(self, key: str, name: str, data: Any) -> bool:
        """Whether an object is, or was made from, the one that was put under a name."""
        try:
            found = self.get(key, {})
        except RefusedError as refused:
            if refused.failure.kind is Kind.ABSENT:
                return False
            raise
        return name in found.history if found.history else bytes(found.data) == bytes(data)

    def delete(self, key: str) -> None:
        """Delete an object, whether or not it is there."""
        delete = self._obstore.delete
        try:
            self.attempt(lambda raw: delete(raw, key))
        except RefusedError as refused:
            if refused.failure.kind is not Kind.ABSENT:
                raise

    def delete_many(self, keys: Sequence[str]) -> None:
        """Delete objects with as few requests as the server knows for it.

        What goes wrong with one of them, as that it is not there, goes wrong with the whole request: then one at a time.
        """
        delete = self._obstore.delete
        most = _MOST_DELETED.get(self.kind, _MOST_AT_ONCE)
        for first in range(0, len(keys), most):
            some = list(keys[first : first + most])
            try:
                self._once(lambda raw, some=some: delete(raw, some))  # type: ignore[misc]
            except Exception as exc:
                if came_from_a_signal(exc):
                    raise
                if self.kind == "s3":
                    self.attempt(lambda raw, some=some: delete(raw, some))  # type: ignore[misc]
                else:
                    for key in some:
                        self.delete(key)

    def list_in(self, raw: Any, directory: str, after: str | None, page: int) -> Any:
        """Pages of what is known of the objects below a directory, behind a key."""
        return self._obstore.list(raw, directory or None, offset=after, chunk_size=page)

    def names_in(self, raw: Any, directory: str) -> list[str]:
        """The keys and prefixes directly below a directory."""
        found = self._obstore.list_with_delimiter(raw, directory or None)
        return [*found["common_prefixes"], *(meta["path"] for meta in found["objects"])]

    def error(self, refused: RefusedError, verb: str, key: str, advice: str = "") -> OSError:
        """The error for users."""
        failure = refused.failure
        if failure.is_elsewhere:
            advice = "The bucket is in another region: pass region=, or AWS_REGION in the environment."
        url = f"{self.url}{'' if self.url.endswith('/') else '/'}{key}" if key else self.url
        tries = "" if refused.attempts == 1 else f" after {refused.attempts} attempts in {refused.seconds:.1f} s"
        is_denied = failure.kind is Kind.DENIED
        error = (StorePermissionError if is_denied else StoreRequestError)(
            f"could not {verb} {url}{tries} (key {key!r}): the last answer was: {failure.said}. {advice or _ADVICE[failure.kind]}"
        )
        error.url, error.key, error.attempts, error.status = url, key, refused.attempts, failure.status
        return error


class _Shared:
    """Stores that this process uses, by what they are made of.

    A store has the connections that it opened, and a new one takes a hundredth of a second to make and opens its own. So
    everybody who gives a store that is made of the same uses one. The last few are kept.
    """

    def __init__(self) -> None:
        self._guard = RLock()
        self.made: OrderedDict[Any, Any] = OrderedDict()

    def like(self, given: Any, region: str | None) -> Any:
        """A store made of the same as one that was given, which makes no attempts of its own; in a region, if one is known."""
        ingredients = _ingredients(given, region)
        if ingredients is None:
            return _renewed(given, region)
        with self._guard:
            if ingredients not in self.made:
                self.made[ingredients] = _renewed(given, region)
            self.made.move_to_end(ingredients)
            while len(self.made) > _MOST_SHARED:
                self.made.popitem(last=False)
            return self.made[ingredients]

    def forget(self, given: Any, region: str | None) -> None:
        """Make another one for the next who asks."""
        with self._guard:
            self.made.pop(_ingredients(given, region), None)


def _renewed(given: Any, region: str | None) -> Any:
    """A store anew, from what it says of itself; it makes no attempts of its own any more."""
    options = {name: getattr(given, name, None) for name in ("client_options", "credential_provider")}
    if options["credential_provider"] is not None:
        options["credential_provider"] = _Provider(options["credential_provider"])
    make = getattr(obstore_module().store, _class_name(given))
    if _class_name(given) == "HTTPStore":
        return make(given.url, client_options=options["client_options"], retry_config=_NO_RETRIES)
    return make(
        prefix=given.prefix,
        config=given.config if region is None else {**given.config, "region": region},
        retry_config=_NO_RETRIES,
        **{name: value for name, value in options.items() if value is not None},
    )


def _ingredients(given: Any, region: str | None) -> Any:
    """What a store is made of, the environment included, which is asked for whatever is not given. None if that cannot be compared."""
    said = [getattr(given, name, None) or {} for name in ("config", "client_options")]
    try:
        return (
            _class_name(given),
            str(getattr(given, "url", None)),
            str(getattr(given, "prefix", None)),
            region,
            *(frozenset(mapping.items()) for mapping in said),
            _Same(getattr(given, "credential_provider", None)),
            frozenset(os.environ.items()),
        )
    except TypeError:  # some options of connections are mappings
        return None


class _Same:
    """Equal for the same object only, which it keeps.

    Parameters
    ----------
    given
        The object.
    """

    def __init__(self, given: Any) -> None:
        self._given = given

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other._given is self._given

    def __hash__(self) -> int:
        return id(self._given)


class _Provider:
    """A provider of credentials that is called where there is no event loop; one of coroutines is awaited on the bridge's.

    Parameters
    ----------
    given
        The provider.
    """

    def __init__(self, given: Callable[[], Any]) -> None:
        self._given = given

    def __call__(self) -> Any:
        found = self._given()
        return bridge.run(found) if iscoroutine(found) else found

    def __getattr__(self, name: str) -> Any:  # obstore asks it for a configuration
        return getattr(self._given, name)


class Answer:
    """An object, as a server tells of it.

    Parameters
    ----------
    found
        The result of obstore.
    data
        Its body, which is looked at; None where none was asked for.

    Attributes
    ----------
    data
        The bytes that were asked for; empty where none were.
    start, stop
        Which they are.
    """

    __slots__ = ("_found", "_meta", "data", "start", "stop")

    def __init__(self, found: Any, data: Any) -> None:
        start, stop = found.range
        if data is not None and len(data) != stop - start:
            raise WrongAnswerError(f"{len(data)} bytes came of the {stop - start} that were announced")
        self._found: Any = found
        self._meta: Any = None
        self.data = b"" if data is None else data
        self.start, self.stop = start, stop

    def _told(self, name: str) -> Any:
        if self._meta is None:
            self._meta = self._found.meta
        return self._meta[name]

    @property
    def nbytes(self) -> int:
        """Size of the whole object."""
        nbytes: int = self._told("size")
        return nbytes

    @property
    def e_tag(self) -> str | None:
        """What tells it from others under its key; so do `number`, which is a generation in GCS, and `modified`."""
        tag: str | None = self._told("e_tag")
        return tag

    @property
    def number(self) -> str | None:
        number: str | None = self._told("version")
        return number

    @property
    def modified(self) -> Any:
        return self._told("last_modified")

    @property
    def history(self) -> tuple[str, ...]:
        """Names of the changes that made it, the latest first."""
        names = self._found.attributes.get(HISTORY)
        return tuple(names.split(",")) if names else ()


def _get(get: Any, key: str, options: dict[str, Any], raw: Any) -> Answer:
    found = get(raw, key, options=options)
    return Answer(found, found.bytes())


_ADVICE = {
    Kind.ABSENT: "There is no such object.",
    Kind.NO_BUCKET: "There is no such bucket: check the name, and the endpoint.",
    Kind.UNMET: "It was changed meanwhile.",
    Kind.DENIED: "Check the credentials, and what they permit; for public data pass skip_signature=True.",
    Kind.BEYOND: "The object is shorter.",
    Kind.UNABLE: "This kind of store cannot do it.",
    Kind.TRANSIENT: "Try again later; `retry_config` says how long is tried.",
    Kind.WRONG: "The server, or a proxy before it, does not answer requests for parts of objects properly.",
    Kind.FINAL: "Check the address of the store and its options.",
}
_NO_RETRIES = {"max_retries": 0}


_MOST_SHARED = 32
_abandoned: list[object] = []
_shared = _Shared()


@renew_in_children
def _leave_to_parent() -> None:
    global _shared
    _abandoned.append(_shared.made)
    _shared = _Shared()


_KINDS = {
    "S3Store": "s3",
    "GCSStore": "gs",
    "AzureStore": "az",
    "HTTPStore": "http",
    "LocalStore": "file",
    "MemoryStore": "memory",
}


def _class_name(given: Any) -> str:
    """The name of the class of obstore that a store is of, or is of a subclass of."""
    ours = (cls.__name__ for cls in type(given).__mro__ if cls.__module__.partition(".")[0] == "obstore")
    return next((name for name in ours if name in _KINDS), "")


def _kind_of(given: Any) -> str:
    """The scheme of a store's URL."""
    kind = _KINDS.get(_class_name(given))
    if kind is None:
        raise TypeError(
            f"an ObjectStore is made of a store of obstore, as obstore.store.S3Store, got {type(given).__name__}. "
            "For a URL there is ObjectStore.from_url."
        )
    return kind


def url_of(given: Any) -> str:
    """The place of an obstore store as a URL, without credentials."""
    config = getattr(given, "config", None) or {}
    prefix = str(getattr(given, "prefix", None) or "").strip("/")
    kind = _KINDS.get(_class_name(given), "")
    if kind in ("s3", "gs", "az"):
        bucket = config.get("bucket") or config.get("container_name") or ""
        return f"{kind}://{bucket}/{prefix}".rstrip("/")
    if kind == "http":
        return without_credentials(str(given.url).partition("?")[0])
    return f"file:///{prefix}" if prefix else "memory://"


def _secrets_of(given: Any) -> list[str]:
    """What must not be shown of a store's configuration."""
    config = getattr(given, "config", None) or {}
    secret = (str(value) for name, value in config.items() if any(part in name for part in _SECRETS))
    return [value for value in secret if len(value) > 3 and value not in ("true", "false")]
