"""Servers for S3 that others wrote: what tests have of them is what they have of the tests' own cloud, but for the troubles."""

from __future__ import annotations

import http.client
from datetime import timedelta

import obstore
from obstore.store import S3Store

KEYS = {"access_key_id": "test-key-id", "secret_access_key": "test-secret-key"}
"""Those that the tests' own cloud is given too, and does not look at."""
_PATIENCE_S = 60


class RunningS3:
    """A server that runs."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def bucket(self, name: str) -> S3Store:
        """A bucket from the root down, for obstore."""
        return S3Store(name, endpoint=self.url, region="us-east-1", client_options={"allow_http": True}, **KEYS)

    def reset(self, *buckets: str) -> None:
        """Begin anew, with empty buckets."""
        for name in buckets:
            bucket = self.bucket(name)
            self._make(bucket)
            for page in obstore.list(bucket):
                obstore.delete(bucket, [meta["path"] for meta in page])

    def _make(self, bucket: S3Store) -> None:
        signed = obstore.sign(bucket, "PUT", "", timedelta(minutes=5))
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_PATIENCE_S)
        connection.request("PUT", signed.removeprefix(self.url))
        answer = connection.getresponse()
        assert answer.status in (200, 409), (answer.status, answer.read())  # 409: it is there
        connection.close()
