"""The protocol of Azure's block blobs."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from email import message_from_bytes
from email.utils import formatdate
from urllib.parse import unquote, urlsplit

from tests.servers.http import Reply, Request, text_of
from tests.servers.objects import Bucket, Kept, matches
from tests.servers.s3 import cut_to_range, metadata_of

ACCOUNT = "devstoreaccount1"
_MOST_PER_PAGE = 5000
_BOUNDARY = "batchresponse"


def answer(buckets: dict[str, Bucket], request: Request, quirks: frozenset[str]) -> Reply:
    """The reply to a request, which is done wholly or not at all."""
    name, _, key = request.path.lstrip("/").removeprefix(ACCOUNT).lstrip("/").partition("/")
    if request.query.get("comp") == "batch":
        return _batch(buckets, request, quirks)
    if not key and request.method == "PUT":
        buckets.setdefault(name, Bucket())
        return Reply(201)
    if name not in buckets:
        return Reply.error(404, "ContainerNotFound")
    if not key:
        return _list(buckets[name], request.query)
    kind = {"GET": _get, "HEAD": _get, "PUT": _put, "DELETE": _delete}.get(request.method)
    return Reply.error(501, "NotImplemented") if kind is None else kind(buckets[name], key, request)


def _list(bucket: Bucket, query: dict[str, str]) -> Reply:
    prefix = query.get("prefix", "")
    most = min(int(query.get("maxresults", _MOST_PER_PAGE)), _MOST_PER_PAGE)
    page = bucket.page(prefix, query.get("delimiter", ""), query.get("marker") or query.get("startFrom", ""), most)
    blobs = [f"<BlobPrefix>{text_of('Name', gathered)}</BlobPrefix>" for gathered in page.prefixes]
    for key in page.keys:
        kept = bucket.objects[key]
        about = [
            text_of("Last-Modified", formatdate(usegmt=True)),
            text_of("Etag", kept.etag),
            text_of("Content-Length", len(kept.data)),
            text_of("Content-Type", "application/octet-stream"),
            text_of("BlobType", "BlockBlob"),
        ]
        blobs.append(f"<Blob>{text_of('Name', key)}<Properties>{''.join(about)}</Properties></Blob>")
    listed = f"{text_of('Prefix', prefix)}<Blobs>{''.join(blobs)}</Blobs>{text_of('NextMarker', page.following)}"
    return Reply.xml(f"<EnumerationResults>{listed}</EnumerationResults>")


def _get(bucket: Bucket, key: str, request: Request) -> Reply:
    kept = bucket.objects.get(key)
    if kept is None:
        return Reply.error(404, "BlobNotFound")
    headers = request.headers
    if "if-match" in headers and not matches(headers["if-match"], kept.etag):
        return Reply.error(412, "ConditionNotMet")
    if "if-none-match" in headers and matches(headers["if-none-match"], kept.etag):
        return Reply(304, {"etag": kept.etag})
    told = {
        "etag": kept.etag,
        "last-modified": formatdate(usegmt=True),
        "accept-ranges": "bytes",
        "content-type": "application/octet-stream",
        "x-ms-blob-type": "BlockBlob",
        **{f"x-ms-meta-{name}": value for name, value in kept.metadata.items()},
    }
    if request.method == "HEAD":
        return Reply(200, told | {"content-length": str(len(kept.data))})
    return cut_to_range(kept.data, headers.get("x-ms-range") or headers.get("range"), told, has_suffixes=False)


def _unmet(bucket: Bucket, key: str, headers: dict[str, str]) -> Reply | None:
    kept = bucket.objects.get(key)
    if "if-none-match" in headers and kept is not None and matches(headers["if-none-match"], kept.etag):
        return Reply.error(409 if headers["if-none-match"].strip() == "*" else 412, "BlobAlreadyExists")
    if "if-match" in headers and (kept is None or not matches(headers["if-match"], kept.etag)):
        return Reply.error(412, "ConditionNotMet")
    return None


def _put(bucket: Bucket, key: str, request: Request) -> Reply:
    query, headers = request.query, request.headers
    if query.get("comp") == "block":
        bucket.uploads.setdefault(key, {})[query["blockid"]] = request.body
        return Reply(201)
    if (unmet := _unmet(bucket, key, headers)) is not None:
        return unmet
    data = request.body
    if query.get("comp") == "blocklist":
        blocks = bucket.uploads.pop(key, {})
        data = b"".join(blocks[element.text or ""] for element in ET.fromstring(data))
    kept = Kept.of_moment(data, metadata_of(headers, "x-ms-meta-"))
    bucket.put(key, kept)
    return Reply(201, {"etag": kept.etag, "last-modified": formatdate(usegmt=True)})


def _delete(bucket: Bucket, key: str, request: Request) -> Reply:
    if key not in bucket.objects:
        return Reply.error(404, "BlobNotFound")
    if (unmet := _unmet(bucket, key, request.headers)) is not None:
        return unmet
    bucket.remove(key)
    return Reply(202)


def _batch(buckets: dict[str, Bucket], request: Request, quirks: frozenset[str]) -> Reply:
    """Several requests in the parts of one body; the replies come in the same form."""
    kind = request.headers["content-type"].encode()
    parts = message_from_bytes(b"Content-Type: " + kind + b"\r\n\r\n" + request.body).get_payload()
    said = []
    for part in parts:
        inner = part.get_payload(decode=True).decode()
        method, target, _ = inner.lstrip().split("\r\n" if "\r\n" in inner else "\n")[0].split(" ")
        reply = answer(buckets, Request(method, unquote(urlsplit(target).path), {}, {}, b""), quirks)
        said.append(
            f"--{_BOUNDARY}\r\nContent-Type: application/http\r\nContent-ID: {part['Content-ID']}\r\n\r\n"
            f"HTTP/1.1 {reply.status} {'Accepted' if reply.status == 202 else 'Refused'}\r\n"
            + ("x-ms-error-code: BlobNotFound\r\n" if reply.status == 404 else "")
            + "\r\n\r\n"
        )
    body = f"{''.join(said)}--{_BOUNDARY}--\r\n".encode()
    return Reply(202, {"content-type": f"multipart/mixed; boundary={_BOUNDARY}"}, body)
