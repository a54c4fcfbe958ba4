"""Requests and replies of HTTP 1.1 as the servers of the tests take them: bodies have a length, connections stay open."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape


@dataclass(frozen=True, slots=True)
class Request:
    """One request: path and query are decoded, names of headers are in small letters."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Reply:
    """One reply.

    Attributes
    ----------
    status, headers, body
        What is said.
    length
        What the header tells of the length of the body, where that is a lie.
    then_close
        Whether the connection ends behind it.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | memoryview = b""
    length: int | None = None
    then_close: bool = False

    @classmethod
    def xml(cls, text: str, status: int = 200) -> Reply:
        return cls(
            status, {"content-type": "application/xml"}, f'<?xml version="1.0" encoding="utf-8"?>{text}'.encode()
        )

    @classmethod
    def error(cls, status: int, code: str) -> Reply:
        return cls.xml(f"<Error><Code>{code}</Code><Message>{code}</Message></Error>", status)


Handler = Callable[[Request], Awaitable[Reply | None]]


async def serve_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handle: Handler) -> None:
    """Answer the requests of one connection; a handler that returns None ends it without a word."""
    try:
        while (request := await _read(reader, writer)) is not None:
            reply = await handle(request)
            if reply is None:
                break
            writer.write(_head(reply))
            if request.method != "HEAD":
                writer.write(reply.body)
            await writer.drain()
            if reply.then_close:
                break
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    try:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except asyncio.IncompleteReadError:
        return None
    method, target, _ = lines[0].split(" ")
    headers = {}
    for line in filter(None, lines[1:]):
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    if "aws-chunked" in headers.get("content-encoding", ""):
        body = _without_chunks(body)
    path, _, query = target.partition("?")
    return Request(method, unquote(path), dict(parse_qsl(query, keep_blank_values=True)), headers, body)


def _without_chunks(body: bytes) -> bytes:
    """The content of a body that is signed in pieces."""
    content, at = b"", 0
    while True:
        end = body.index(b"\r\n", at)
        length = int(body[at:end].split(b";")[0], 16)
        if length == 0:
            return content
        content += body[end + 2 : end + 2 + length]
        at = end + 2 + length + 2


def _head(reply: Reply) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in reply.headers.items() if name != "content-length"]
    if reply.status not in (204, 304):
        default = str(len(reply.body) if reply.length is None else reply.length)
        lines.append(f"content-length: {reply.headers.get('content-length', default)}")
    if reply.then_close:
        lines.append("connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def text_of(name: str, value: object) -> str:
    """An element of XML with a text."""
    return f"<{name}>{escape(str(value))}</{name}>"
