"""Stores of obstore over the tests' own cloud."""

from __future__ import annotations

import json
from datetime import timedelta

from obstore.store import AzureStore, GCSStore, S3Store

from zarr.storage import ObjectStore

BUCKET = "bucket"
KINDS = ("s3", "gs", "az")
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The key of the development account, which is in Microsoft's documentation."""
IMPATIENT = {
    "max_retries": 10,
    "backoff": {"init_backoff": timedelta(milliseconds=1), "max_backoff": timedelta(milliseconds=20), "base": 2},
    "retry_timeout": timedelta(seconds=60),
}


def obstore_over(cloud, kind="s3", *, prefix="root", retry_config=None, **options):
    """A store of obstore over the bucket of a cloud."""
    common = {
        "prefix": prefix,
        "client_options": {"allow_http": True},
        "retry_config": IMPATIENT if retry_config is None else retry_config,
        **options,
    }
    if kind == "s3":
        keys = {"access_key_id": "test-key-id", "secret_access_key": "test-secret-key"}
        return S3Store(BUCKET, endpoint=cloud.url, region="us-east-1", **{**keys, **common})
    if kind == "gs":
        account = {
            "private_key": "none",
            "private_key_id": "none",
            "client_email": "none",
            "disable_oauth": True,
            "gcs_base_url": cloud.url,
        }
        return GCSStore(BUCKET, service_account_key=json.dumps(account), **common)
    return AzureStore(
        BUCKET,
        account_name="devstoreaccount1",
        account_key=AZURE_KEY,
        endpoint=f"{cloud.url}/devstoreaccount1",
        **common,
    )


def store_over(cloud, kind="s3", *, read_only=False, missing_on=(), max_concurrency=None, **options):
    """An `ObjectStore` over the bucket of a cloud."""
    return ObjectStore(
        obstore_over(cloud, kind, **options),
        read_only=read_only,
        missing_on=missing_on,
        max_concurrency=max_concurrency,
    )
