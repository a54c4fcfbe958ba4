"""Files on a web server, through fsspec's file system for HTTP, of which the connections are used, and not the answers.

An answer counts only if it is the one that was asked for: a part has to be that part, a page for a directory is no value, and only
404 and 410 mean that something is not there. fsspec takes whatever comes for the part, and any failure of a look at a
value for its absence. What is in a directory is read off the page that shows it, if the server has one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zarr._buffer import CPUBuffer
from zarr._store.capabilities import Capabilities
from zarr._store.keys import check_prefix
from zarr._store.remote.describing import without_credentials
from zarr._store.remote.files import Files
from zarr._store.remote.web_index import names_in
from zarr._store.versioned import Stored, Version
from zarr._support.imports_on_use import asyncio_module, importing
from zarr.errors import ConcurrentChangeError, StoreAbilityError

if TYPE_CHECKING:
    from zarr._store.remote.calling import AwaitedCalls

_ABSENT = (404, 410)
_FORBIDDEN = (401, 403)
_TRANSIENT = (408, 425, 429, 500, 502, 503, 504)
_NO_RANGE = 416
_ANSWERS_TO = {"Range": _NO_RANGE, "If-Match": 412}
"""What a server answers if it cannot do what a header asks for."""
_MOST_ATTEMPTS = 6
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 10.0
_RANGE = re.compile(r"bytes\s+(\d+)-(\d+)/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a server answered.

    Attributes
    ----------
    status, headers, url
        As they came; the URL is the last one, after redirections.
    body
        The bytes; empty for HEAD.
    """

    status: int
    reason: str
    headers: Any
    url: str
    body: bytes

    @property
    def tag(self) -> str | None:
        """What tells versions of the value apart; None if nothing does for certain."""
        tag: str | None = self.headers.get("ETag") if self.status in (200, 206, _NO_RANGE) else None
        return None if tag is None or tag.startswith("W/") else tag

    @property
    def is_directory(self) -> bool:
        return self.url.partition("?")[0].endswith("/")


class WebFiles(Files):
    """Values that a web server has. Its ETags are their versions, which parts of one value are asked for by."""

    capabilities = Capabilities(lists=True, pins_versions=True, takes_any_key=True)
    calls: AwaitedCalls

    def __init__(self, calls: AwaitedCalls, root: str, missing: tuple[type[Exception], ...]) -> None:
        super().__init__(calls, root, missing)
        self.root, _, self._query = root.partition("?")
        self.root = self.root.rstrip("/")
        self._creates = False

    def path(self, key: str) -> str:
        with importing("urllib.parse"):
            from urllib.parse import quote

        query = f"?{self._query}" if self._query else ""
        return f"{self.root}/{quote(key)}{query}" if key else f"{self.root}{query}"

    # -- reading ------------------------------------------------------------------------------------------------

    async def _read(
        self, key: str, start: int | None = None, end: int | None = None, version: Version | None = None
    ) -> Stored | None:
        if start == end == 0:
            return None if await self._size(key) is None else Stored(CPUBuffer.from_bytes(b""), None)
        headers = {} if start is None else {"Range": _as_header(start, end)}
        if version is not None:
            headers["If-Match"] = version
        answer = await self._found_at(key, "GET", headers)
        if version is not None and version != await self._tag(key, answer):
            raise ConcurrentChangeError(f"{key!r} was replaced or deleted while it was read; read it again")
        if answer is None:
            return None
        if answer.status == _NO_RANGE:
            return Stored(CPUBuffer.from_bytes(b""), None)
        nbytes = len(answer.body)
        if start is not None:
            nbytes = _check_part(answer, start, end)
        return Stored(CPUBuffer.from_bytes(answer.body), answer.tag, nbytes)

    async def _tag(self, key: str, answer: _Answer | None) -> str | None:
        """The version that an answer is about; some servers do not tell it with a part that lies behind the end."""
        if answer is not None and answer.status == _NO_RANGE and answer.tag is None:
            answer = await self._found_at(key, "HEAD", {})
        return None if answer is None else answer.tag

    async def _size(self, key: str) -> int | None:
        answer = await self._found_at(key, "HEAD", {})
        if answer is None:
            return None
        if (
            answer.status in (405, 501)
            or "Content-Length" not in answer.headers
            or answer.headers.get("Content-Encoding")
        ):
            stored = await self._read(key)
            return None if stored is None else len(stored.data)
        return int(answer.headers["Content-Length"])

    async def _found_at(self, key: str, method: str, headers: dict[str, str]) -> _Answer | None:
        """What the server has for a key; None if nothing is there, or a directory."""
        allowed = {*_FORBIDDEN, *((405, 501) if method == "HEAD" else ())}
        allowed |= {status for name, status in _ANSWERS_TO.items() if name in headers}
        try:
            answer = await self._ask(method, self.path(key), headers, allowed)
            if answer.is_directory and not _is_named(answer.url, key):
                raise OSError(
                    f"the server sent on to {without_credentials(answer.url)}, which is another page and no value: check the "
                    "address, and whether one has to log in"
                )
            if answer.status in _FORBIDDEN and not answer.is_directory:
                raise _failure(answer)
        except self._missing:
            return None
        return None if answer.is_directory else answer

    async def _ask(self, method: str, url: str, headers: dict[str, str], allowed: Collection[int] = ()) -> _Answer:
        """A successful answer; it is asked for again as long as the server is only not able to answer now."""
        answer: _Answer = await self.calls.run(_request, method, url, headers, allowed)
        return answer

    # -- listing ------------------------------------------------------------------------------------------------

    async def list_names(self, prefix: str) -> Sequence[str]:
        with self._told("listed", f"{prefix}/" if prefix else ""):
            return sorted(name.rstrip("/") for name in await self._names(prefix))

    async def list_keys(self, prefix: str) -> Sequence[str]:
        above = check_prefix(prefix)
        with self._told("listed", prefix):
            return sorted(key for key in await self._keys_below(above) if key.startswith(prefix))

    async def _keys_below(self, above: str) -> list[str]:
        keys: list[str] = []
        directories = [above]
        while directories:
            shown = await self.calls.together([self._names(directory) for directory in directories])
            paths = [
                f"{directory}/{name}" if directory else name
                for directory, names in zip(directories, shown, strict=True)
                for name in names
            ]
            keys += [path for path in paths if not path.endswith("/")]
            directories = [path[:-1] for path in paths if path.endswith("/")]
        return keys

    async def _names(self, prefix: str) -> list[str]:
        """What the page for a directory shows; nothing if there is none."""
        url, query, signature = self.path(prefix).partition("?")
        try:
            answer = await self._ask(
                "GET", f"{url}/{query}{signature}", {"Accept": "text/html, application/json"}, _FORBIDDEN
            )
        except self._missing:
            return []
        names = None
        if answer.status not in _FORBIDDEN and answer.is_directory:
            kind = answer.headers.get("Content-Type", "")
            names = names_in(answer.body.decode("utf-8", "replace"), kind, answer.url)
        if names is None:
            raise StoreAbilityError(
                f"the server does not show what is in {self.url(prefix)}: it answered {answer.status} {answer.reason} with no "
                "list. Ask for arrays and groups by their paths, or let whoever writes the data consolidate their metadata "
                "(zarr.consolidate_metadata): then the names are known."
            )
        return names


def _is_named(url: str, key: str) -> bool:
    """Whether a directory is the one that a key names, and not one that a server shows instead of what it has not."""
    with importing("urllib.parse"):
        from urllib.parse import unquote

    return unquote(url.partition("?")[0]).rstrip("/").endswith(f"/{key.rpartition('/')[2]}")


async def _request(fs: Any, method: str, url: str, headers: dict[str, str], allowed: Collection[int]) -> _Answer:
    with importing("aiohttp"):
        import aiohttp

    session = await fs.set_session()
    options = dict(fs.kwargs)
    options["headers"] = {**options.get("headers", {}), "Accept-Encoding": "identity", **headers}
    for attempt in range(1, _MOST_ATTEMPTS + 1):
        try:
            async with session.request(method, fs.encode_url(url), allow_redirects=True, **options) as response:
                body = await response.read()
                answer = _Answer(response.status, response.reason or "", response.headers, str(response.url), body)
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError) as exc:
            failure: Exception = exc
            pause = None
        else:
            if answer.status < 300 or answer.status in allowed:
                return answer
            failure = _failure(answer)
            if answer.status not in _TRANSIENT:
                raise failure
            pause = _pause_asked_for(answer)
        if attempt < _MOST_ATTEMPTS:
            await asyncio_module().sleep(_pause_before(attempt) if pause is None else pause)
    kind = TimeoutError if isinstance(failure, TimeoutError) else OSError
    raise kind(f"after {_MOST_ATTEMPTS} attempts: {failure}") from failure


def _failure(answer: _Answer) -> Exception:
    kind = (
        FileNotFoundError if answer.status in _ABSENT else PermissionError if answer.status in _FORBIDDEN else OSError
    )
    return kind(f"the server answered {answer.status} {answer.reason}")


def _pause_before(attempt: int) -> float:
    """Twice as long each time, and not the same for all who wait."""
    with importing("random"):
        from random import uniform

    return _FIRST_PAUSE_S * float(1 << attempt) * uniform(0.5, 1)  # noqa: S311


def _pause_asked_for(answer: _Answer) -> float | None:
    """For how many seconds the server wants to be left alone, as far as that is bearable."""
    asked = answer.headers.get("Retry-After", "")
    return min(float(asked), _LONGEST_PAUSE_S) if asked.isdecimal() else None


def _as_header(start: int, end: int | None) -> str:
    return f"bytes={start}" if start < 0 else f"bytes={start}-" if end is None else f"bytes={start}-{end - 1}"


def _check_part(answer: _Answer, start: int, end: int | None) -> int:
    """Refuse what is not the part that was asked for; the size of the whole, -1 if the server does not say."""
    if answer.status != 206:
        if not answer.body:  # of nothing there is only the whole, says nginx
            return 0
        raise OSError(
            "the server does not answer for parts of a value (it ignores ranges), as python -m http.server does not. Use one "
            "that does, as nginx, or a copy of the data"
        )
    told = _RANGE.match(answer.headers.get("Content-Range", ""))
    if told is None:
        raise OSError(
            f"the server does not say which part it sent (Content-Range: {answer.headers.get('Content-Range')!r})"
        )
    first, last = int(told[1]), int(told[2])
    nbytes = -1 if told[3] == "*" else int(told[3])
    is_wrong = last - first + 1 != len(answer.body)
    if start >= 0:
        is_wrong = is_wrong or first != start or (end is not None and last >= end)
    elif nbytes >= 0:
        is_wrong = is_wrong or first != max(0, nbytes + start) or last != nbytes - 1
    if is_wrong or (nbytes >= 0 and start >= 0 and last + 1 != min(nbytes, nbytes if end is None else end)):
        raise OSError(
            f"the server sent {len(answer.body)} bytes as 'bytes {told[1]}-{told[2]}/{told[3]}', and "
            f"{_as_header(start, end)!r} was asked for"
        )
    return nbytes
