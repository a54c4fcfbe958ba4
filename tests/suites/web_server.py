"""A web server of files in a directory, on loopback: with ranges or without, with pages for directories of several kinds, and with faults."""

from __future__ import annotations

import hashlib
import html
import json
import re
import threading
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote


class WebServer(ThreadingHTTPServer):
    """It serves until it is closed.

    Attributes
    ----------
    root
        The directory.
    index
        `"html"`, `"json"`, or None: how directories are shown.
    has_ranges
        Whether parts of files can be had.
    tags
        `"strong"`, `"weak"`, or None: the ETags of files.
    after
        Functions that are called after the next answers.
    faults
        What becomes of the next requests: a status, `"cut"` (half of the body), `"wrong range"`, or None.
    sends_to
        Where requests for what is not there are sent on to, as for somebody to log in; None if they are told so.
    requests
        Method, path and range of every request.
    """

    sends_to = None

    daemon_threads = True
    block_on_close = False

    def __init__(self, root, *, index="html", has_ranges=True, tags="strong"):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root, self.index, self.has_ranges, self.tags = root, index, has_ranges, tags
        self.faults = []
        self.after = []
        self.requests = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def served(server):
    thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.02), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        wanted = self.headers.get("Range")
        self.server.requests.append((self.command, self.path, wanted))
        fault = self.server.faults.pop(0) if self.server.faults else None
        if isinstance(fault, int):
            self.answer(fault, b"something went wrong", {"Retry-After": "0"} if fault == 429 else {})
            return
        name = unquote(self.path.partition("?")[0])
        path = self.server.root / name.strip("/")
        if path.is_dir():
            self.show(path, name)
        elif name == self.server.sends_to:
            self.answer(200, b"<html>who are you?</html>", {"Content-Type": "text/html"})
        elif not path.is_file() or name.endswith("/"):
            to = self.server.sends_to
            self.answer(404 if to is None else 302, b"not found", {} if to is None else {"Location": to})
        else:
            self.send_part(path.read_bytes(), wanted, fault)

    def show(self, path, name):
        if not name.endswith("/"):
            self.answer(301, b"", {"Location": f"{quote(name)}/"})
        elif self.server.index == "html":
            self.answer(200, _as_html(path, name), {"Content-Type": "text/html"})
        elif self.server.index == "json":
            self.answer(200, _as_json(path), {"Content-Type": "application/json"})
        else:
            self.answer(403, b"Forbidden")

    tag = None

    def send_part(self, data, wanted, fault):
        size = len(data)
        tag = f'"{hashlib.sha1(data).hexdigest()}"'
        if self.headers.get("If-Match", tag) != tag:
            self.answer(412, b"")
            return
        self.tag = {"strong": tag, "weak": f"W/{tag}"}.get(self.server.tags)
        if wanted is None or not self.server.has_ranges:
            self.answer(200, data, fault=fault)
            return
        first, last = re.fullmatch(r"bytes=(\d*)-(\d*)", wanted).groups()
        start = int(first) if first else max(0, size - int(last))
        stop = min(size, int(last) + 1 if first and last else size)
        if not size:
            self.answer(200, b"")  # as nginx
        elif start >= size:
            self.answer(416, b"", {"Content-Range": f"bytes */{size}"})
        else:
            if fault == "wrong range":
                start, stop = max(0, start - 1), stop - 1
            part = {"Content-Range": f"bytes {start}-{stop - 1}/{size}"}
            self.answer(206, data[start:stop], part, fault=fault)

    def answer(self, status, body, headers=None, *, fault=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        if self.tag is not None and status in (200, 206):
            self.send_header("ETag", self.tag)
        self.tag = None
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.server.after:
            self.server.after.pop(0)()
        if fault == "cut":
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
        else:
            self.wfile.write(body)


def _as_html(path, name):
    rows = ['<a href="?C=N;O=D">Name</a>', '<a href="../">../</a>']
    for entry in sorted(path.iterdir()):
        shown = entry.name + ("/" if entry.is_dir() else "")
        rows.append(f'<a href="{html.escape(quote(shown))}">{html.escape(shown)}</a>')
    head = f"<html><head><title>Index of {html.escape(name)}</title></head><body><pre>"
    return (head + "\n".join(rows) + "</pre></body></html>").encode()


def _as_json(path):
    entries = [{"name": entry.name, "type": "directory" if entry.is_dir() else "file"} for entry in path.iterdir()]
    return json.dumps(entries).encode()
