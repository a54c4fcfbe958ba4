"""What went wrong with a request, told from the exceptions of obstore: whether another attempt makes sense, and in which words.

obstore tells the answer of a server in the text of its exceptions only. They never reach users: their texts may hold
credentials, and their classes cannot be caught without importing obstore.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from http import HTTPStatus

_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>([^<]*)</Code>")
_MESSAGE = re.compile(r"<Message>([^<\n]*)")
_REASON = re.compile(r'message: "([^"]*)"')
_QUERY = re.compile(r"(https?://[^\s?]*)\?\S*")
_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_NO_BUCKET = ("NoSuchBucket", "ContainerNotFound", "specified bucket does not exist")
_AGAIN = ("ConditionalRequestConflict", "OperationAborted", "RequestTimeout")
"""Codes of S3 for what may succeed the next time: changes that collided, and a request that came too slowly (which is a 400)."""
_ELSEWHERE = ("Received redirect without LOCATION", "PermanentRedirect", "AuthorizationHeaderMalformed")
"""What is said of a bucket in another region of S3."""
_EXPIRED = ("ExpiredToken", "TokenRefreshRequired", "InvalidToken")
"""Codes of S3 for credentials that are over; the status is 400."""
_DENIED = ("PermissionDeniedError", "UnauthenticatedError")
_CREDENTIALS_SOURCES = ("169.254.169.254", "169.254.170.2", "metadata.google.internal")
_CREDENTIALS_REQUESTS = ("token request", "/latest/api/token", "/latest/meta-data/", "://sts.")
_MOST_WORDS = 300


class Kind(Enum):
    """What follows from an answer."""

    ABSENT = "there is no such key"
    NO_BUCKET = "there is no such bucket"
    UNMET = "the condition of a change was not met"
    DENIED = "it is not permitted"
    BEYOND = "the part lies beyond the end"
    UNABLE = "the store cannot do this at all"
    TRANSIENT = "another attempt may succeed"
    WRONG = "the answer is not what was asked for"
    FINAL = "another attempt would fail as well"


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed attempt.

    Attributes
    ----------
    kind
        What follows from it.
    status
        Of the answer in HTTP; None if there was none.
    say
        Puts the answer in short, without credentials. Of most failures nobody wants to hear: that a chunk is not there, say.
    is_elsewhere
        Whether the bucket lies in another region.
    """

    kind: Kind
    status: int | None
    say: Callable[[], str]
    is_elsewhere: bool = False

    @property
    def said(self) -> str:
        """The answer in short."""
        return self.say()

    @property
    def is_worth_another(self) -> bool:
        return self.kind in (Kind.TRANSIENT, Kind.WRONG)


class WrongAnswerError(Exception):
    """A server answered with something else than it was asked for."""


def failure_of(exc: Exception) -> Failure:
    """What an exception of obstore, or one raised while its answer was looked at, says."""
    text = str(exc)
    found = _STATUS.search(text)
    status = None if found is None else int(found[1])
    if type(exc).__name__ == "GenericError" and (said := _said_of_credentials(text, status)):
        return Failure(Kind.TRANSIENT if status in _TRANSIENT else Kind.DENIED, None, lambda: said)
    is_elsewhere = any(sign in text for sign in _ELSEWHERE)
    return Failure(_kind(exc, text, status), status, partial(_in_short, text, status), is_elsewhere)


def _said_of_credentials(text: str, status: int | None) -> str:
    """What went wrong where credentials are had, which says nothing of any key; empty if it was something else."""
    first = text.partition("\n")[0]
    if any(source in first for source in _CREDENTIALS_SOURCES):
        return "no credentials were found, neither given nor in the environment nor on the machine"
    if any(request in first for request in _CREDENTIALS_REQUESTS):
        return f"no credentials were got, as who has them answered {status} {_phrase(status)}" if status else ""
    return ""


def _kind(exc: Exception, text: str, status: int | None) -> Kind:  # a table, in the order that counts
    name = type(exc).__name__
    if any(sign in text for sign in _NO_BUCKET):
        return Kind.NO_BUCKET
    code = found[1] if (found := _CODE.search(text)) is not None else ""
    if code in _AGAIN:
        return Kind.TRANSIENT
    if isinstance(exc, FileNotFoundError):
        return Kind.ABSENT
    if name in ("PreconditionError", "AlreadyExistsError"):
        return Kind.UNMET
    if status in (401, 403) or code in _EXPIRED or name in _DENIED:
        return Kind.DENIED
    if status == 416 or "Wanted range starting at" in text:
        return Kind.BEYOND
    if status in _TRANSIENT:
        return Kind.TRANSIENT
    if isinstance(exc, WrongAnswerError) or "got" in text and "Requested" in text or "non-partial response" in text:
        return Kind.WRONG
    if name == "NotSupportedError" or isinstance(exc, NotImplementedError):
        return Kind.UNABLE
    if status is None and name == "GenericError" and _speaks_of_connection(text):
        return Kind.TRANSIENT
    return Kind.FINAL


def _speaks_of_connection(text: str) -> bool:
    return "builder error" not in text and any(
        sign in text for sign in ("HTTP error", "error sending request", "body error", "timed out", "hyper", "reqwest")
    )


def _in_short(text: str, status: int | None) -> str:
    """The answer as one sentence without its end."""
    if "BadScheme" in text:
        return 'the address begins with http://, which is not encrypted, and client_options has no "allow_http": True'
    first = text.partition("\n")[0]
    if status is None:
        reason = _REASON.search(text)
        words = first.rpartition(" - ")[2] + (f": {reason[1]}" if reason is not None else "")
        return _QUERY.sub(r"\1", words)[:_MOST_WORDS]
    said = [found[1] for pattern in (_CODE, _MESSAGE) if (found := pattern.search(text)) is not None]
    return _QUERY.sub(r"\1", f"{status} {_phrase(status)}" + "".join(f", {words}" for words in dict.fromkeys(said)))[
        :_MOST_WORDS
    ]


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
