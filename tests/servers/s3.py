"""The protocols of S3, and of GCS in its XML form, which differs in its conditions only."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from email.utils import formatdate
from itertools import count

from tests.servers.http import Reply, Request, text_of
from tests.servers.objects import Bucket, Kept, matches

_METADATA = ("x-amz-meta-", "x-goog-meta-")
_MOST_PER_PAGE = 1000
_uploads = count(1)


def answer(buckets: dict[str, Bucket], request: Request, quirks: frozenset[str]) -> Reply:
    """The reply to a request, which is done wholly or not at all."""
    name, _, key = request.path.lstrip("/").partition("/")
    if not key:
        return _of_bucket(buckets, name, request)
    if name not in buckets:
        return Reply.error(404, "NoSuchBucket")
    kind = {"GET": _get, "HEAD": _get, "PUT": _put, "DELETE": _delete, "POST": _post}.get(request.method)
    return Reply.error(501, "NotImplemented") if kind is None else kind(buckets[name], key, request, quirks)


# -- buckets ------------------------------------------------------------------------------------------------------


def _of_bucket(buckets: dict[str, Bucket], name: str, request: Request) -> Reply:
    if request.method == "PUT":
        buckets.setdefault(name, Bucket())
        return Reply(200)
    if name not in buckets:
        return Reply.error(404, "NoSuchBucket")
    if request.method == "HEAD":
        return Reply(200)
    if request.method == "POST" and "delete" in request.query:
        return _delete_many(buckets[name], request)
    if request.method == "GET":
        return _list(name, buckets[name], request.query)
    return Reply.error(501, "NotImplemented")


def _delete_many(bucket: Bucket, request: Request) -> Reply:
    keys = [element.text or "" for element in ET.fromstring(request.body).iter() if _tag(element) == "Key"]
    if len(keys) > _MOST_PER_PAGE:
        return Reply.error(400, "MalformedXML")
    for key in keys:
        bucket.remove(key)
    done = "".join(f"<Deleted>{text_of('Key', key)}</Deleted>" for key in keys)
    return Reply.xml(f"<DeleteResult>{done}</DeleteResult>")


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _list(name: str, bucket: Bucket, query: dict[str, str]) -> Reply:
    after = query.get("start-after") or query.get("marker") or ""
    start = query.get("continuation-token") or (after + "\0" if after else "")
    most = min(int(query.get("max-keys", _MOST_PER_PAGE)), _MOST_PER_PAGE)
    page = bucket.page(query.get("prefix", ""), query.get("delimiter", ""), start, most)
    parts = [
        text_of("Name", name),
        text_of("Prefix", query.get("prefix", "")),
        text_of("KeyCount", len(page.keys) + len(page.prefixes)),
        text_of("MaxKeys", most),
        text_of("IsTruncated", str(bool(page.following)).lower()),
    ]
    if page.following:
        parts.append(text_of("NextContinuationToken", page.following))
    for key in page.keys:
        kept = bucket.objects[key]
        parts.append(
            f"<Contents>{text_of('Key', key)}<LastModified>2026-01-01T00:00:00.000Z</LastModified>{text_of('ETag', kept.etag)}"
            f"{text_of('Size', len(kept.data))}<StorageClass>STANDARD</StorageClass></Contents>"
        )
    parts += [f"<CommonPrefixes>{text_of('Prefix', prefix)}</CommonPrefixes>" for prefix in page.prefixes]
    return Reply.xml(f"<ListBucketResult>{''.join(parts)}</ListBucketResult>")


# -- objects ------------------------------------------------------------------------------------------------------


def _get(bucket: Bucket, key: str, request: Request, quirks: frozenset[str]) -> Reply:
    kept = bucket.objects.get(key)
    if kept is None:
        return Reply.error(404, "NoSuchKey")
    headers = request.headers
    if "if-match" in headers and "ignores-conditions" not in quirks and not matches(headers["if-match"], kept.etag):
        return Reply.error(412, "PreconditionFailed")
    if "if-none-match" in headers and matches(headers["if-none-match"], kept.etag):
        return Reply(304, {"etag": kept.etag})
    told = {
        "etag": kept.etag,
        "x-goog-generation": str(kept.generation),
        "last-modified": formatdate(usegmt=True),
        "accept-ranges": "bytes",
        "content-type": "application/octet-stream",
        **{f"x-amz-meta-{name}": value for name, value in kept.metadata.items()},
        **{f"x-goog-meta-{name}": value for name, value in kept.metadata.items()},
    }
    if request.method == "HEAD":
        return Reply(200, told | {"content-length": str(len(kept.data))})
    return cut_to_range(kept.data, headers.get("range"), told, has_suffixes=True)


def cut_to_range(data: bytes, asked: str | None, told: dict[str, str], *, has_suffixes: bool) -> Reply:
    """The reply with the part of an object that a header asks for."""
    size = len(data)
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", (asked or "").strip())
    if found is None or found.groups() == ("", ""):
        return Reply(200, told, data)
    first, last = found.groups()
    if first:
        start, stop = int(first), min(size, int(last) + 1) if last else size
    elif has_suffixes:
        start, stop = max(0, size - int(last)), size
    else:
        return Reply.error(400, "InvalidHeaderValue")
    if start >= stop:
        refused = Reply.error(416, "InvalidRange")
        refused.headers["content-range"] = f"bytes */{size}"
        return refused
    return Reply(206, told | {"content-range": f"bytes {start}-{stop - 1}/{size}"}, memoryview(data)[start:stop])


def _unmet(bucket: Bucket, key: str, headers: dict[str, str], quirks: frozenset[str]) -> Reply | None:
    """What is answered if the conditions of a change are not met."""
    kept = bucket.objects.get(key)
    if "ignores-conditions" in quirks:
        return None
    generation = headers.get("x-goog-if-generation-match")
    if generation is not None and int(generation) != (0 if kept is None else kept.generation):
        return Reply.error(412, "PreconditionFailed")
    if "if-none-match" in headers and kept is not None and matches(headers["if-none-match"], kept.etag):
        return Reply.error(412, "PreconditionFailed")
    if "if-match" in headers:
        if kept is None:
            return Reply.error(404, "NoSuchKey")
        is_refused = "refuses-quotes" in quirks and headers["if-match"].startswith('"')
        if is_refused or not matches(headers["if-match"], kept.etag):
            return Reply.error(412, "PreconditionFailed")
    return None


def metadata_of(headers: dict[str, str], *prefixes: str) -> dict[str, str]:
    """What a client wants to be told again of an object."""
    return {
        name.removeprefix(prefix): value
        for name, value in headers.items()
        for prefix in prefixes
        if name.startswith(prefix)
    }


def _put(bucket: Bucket, key: str, request: Request, quirks: frozenset[str]) -> Reply:
    query, headers = request.query, request.headers
    if "uploadId" in query:
        parts = bucket.uploads.get(query["uploadId"])
        if parts is None:
            return Reply.error(404, "NoSuchUpload")
        parts[query["partNumber"]] = request.body
        return Reply(200, {"etag": Kept.of_content(request.body, {}).etag})
    if (unmet := _unmet(bucket, key, headers, quirks)) is not None:
        return unmet
    if "x-amz-copy-source" in headers:
        return _copy(bucket, key, headers["x-amz-copy-source"])
    kept = Kept.of_content(request.body, {} if "drops-metadata" in quirks else metadata_of(headers, *_METADATA))
    bucket.put(key, kept)
    return Reply(200, {"etag": kept.etag, "x-goog-generation": str(kept.generation)})


def _copy(bucket: Bucket, key: str, source: str) -> Reply:
    kept = bucket.objects.get(source.lstrip("/").partition("/")[2])
    if kept is None:
        return Reply.error(404, "NoSuchKey")
    bucket.put(key, kept)
    date = "<LastModified>2026-01-01T00:00:00.000Z</LastModified>"
    return Reply.xml(f"<CopyObjectResult>{text_of('ETag', kept.etag)}{date}</CopyObjectResult>")


def _delete(bucket: Bucket, key: str, request: Request, quirks: frozenset[str]) -> Reply:
    if "uploadId" in request.query:
        bucket.uploads.pop(request.query["uploadId"], None)
        return Reply(204)
    if not bucket.remove(key) and "misses-on-delete" in quirks:
        return Reply.error(404, "NoSuchKey")  # as GCS does
    return Reply(204)


def _post(bucket: Bucket, key: str, request: Request, quirks: frozenset[str]) -> Reply:
    if "uploads" in request.query:
        upload = f"upload-{next(_uploads)}"
        bucket.uploads[upload] = {}
        return Reply.xml(
            f"<InitiateMultipartUploadResult>{text_of('UploadId', upload)}</InitiateMultipartUploadResult>"
        )
    if "uploadId" not in request.query:
        return Reply.error(501, "NotImplemented")
    if (unmet := _unmet(bucket, key, request.headers, quirks)) is not None:
        return unmet
    parts = bucket.uploads.pop(request.query["uploadId"], None)
    if parts is None:
        return Reply.error(404, "NoSuchUpload")
    data = b"".join(parts[number] for number in sorted(parts, key=int))
    kept = Kept.of_content(data, {}, len(parts))
    bucket.put(key, kept)
    return Reply.xml(f"<CompleteMultipartUploadResult>{text_of('ETag', kept.etag)}</CompleteMultipartUploadResult>")
