"""Read arrays with other libraries, in an interpreter in which `zarr` is zarr-python.

    python theirs.py < orders

An order is a JSON object on a line of its own: `reader`, `place`, `path`, `zarr_format`. The answer to each is one too: `dtype`, `shape` and
`values`, a digest of the elements; or `attributes`, `members` and what is `consolidated` of a group, for the reader `zarr-python, groups`; or
`failed`, with what was raised.
"""

from __future__ import annotations

import json
import sys
import tempfile
import traceback
import zipfile
from typing import Any

import numpy as np
import obstore.store
import tensorstore
from digests import told  # beside this file: `tests` would bring the other `zarr`

import zarr

Place = dict[str, Any]
KEYS = {"access_key_id": "test-key-id", "secret_access_key": "test-secret-key"}


def by_zarr_python(place: Place, path: str, zarr_format: int) -> Any:
    with zarr.config.set({"codec_pipeline.path": "zarr.core.codec_pipeline.BatchedCodecPipeline"}):
        return zarr.open_array(_store(place), path=path, mode="r", zarr_format=zarr_format)[...]


def by_zarr_python_and_s3fs(place: Place, path: str, zarr_format: int) -> Any:
    options = {"key": KEYS["access_key_id"], "secret": KEYS["secret_access_key"], "endpoint_url": place["endpoint"]}
    url = f"s3://{place['bucket']}/{place['prefix']}"
    return zarr.open_array(url, path=path, mode="r", zarr_format=zarr_format, storage_options=options)[...]


def by_zarrs(place: Place, path: str, zarr_format: int) -> Any:
    """zarrs opens no archives by way of Python: Python takes them apart for it."""
    if "zip" in place:
        directory = tempfile.mkdtemp()
        with zipfile.ZipFile(place["zip"]) as archive:
            archive.extractall(directory)
        place = {"directory": directory}
    with zarr.config.set({"codec_pipeline.path": "zarrs.ZarrsCodecPipeline", "codec_pipeline.strict": True}):
        array = zarr.open_array(_store(place), path=path, mode="r", zarr_format=zarr_format)
        pipeline = array._async_array.codec_pipeline
        assert type(pipeline).__name__ == "ZarrsCodecPipeline", f"zarrs does not take it, but {type(pipeline)}"
        return array[...]


def by_tensorstore(place: Place, path: str, zarr_format: int) -> Any:
    if "directory" in place:
        kvstore = {"driver": "file", "path": f"{place['directory']}/{path}/"}
    elif "zip" in place:
        kvstore = {"driver": "zip", "base": f"file://{place['zip']}", "path": f"{path}/"}
    else:
        kvstore = {
            "driver": "s3",
            "bucket": place["bucket"],
            "path": f"{place['prefix']}/{path}/",
            "endpoint": place["endpoint"],
            "aws_region": "us-east-1",
            "aws_credentials": {"type": "anonymous"},
        }
    driver = {2: "zarr", 3: "zarr3"}[zarr_format]
    return np.asarray(tensorstore.open({"driver": driver, "kvstore": kvstore}).result().read().result())


def groups_by_zarr_python(place: Place, path: str, zarr_format: int) -> dict[str, Any]:
    group = zarr.open_group(_store(place), path=path, mode="r", zarr_format=zarr_format)
    consolidated = group.metadata.consolidated_metadata
    return {
        "attributes": dict(group.attrs),
        "members": sorted(name for name, _ in group.members(max_depth=None)),
        "consolidated": None if consolidated is None else sorted(consolidated.flattened_metadata),
    }


def _store(place: Place) -> Any:
    if "directory" in place:
        return zarr.storage.LocalStore(place["directory"], read_only=True)
    if "zip" in place:
        return zarr.storage.ZipStore(place["zip"], mode="r")
    there = obstore.store.S3Store(
        place["bucket"],
        prefix=place["prefix"],
        endpoint=place["endpoint"],
        region="us-east-1",
        client_options={"allow_http": True},
        **KEYS,
    )
    return zarr.storage.ObjectStore(there, read_only=True)


READERS = {
    "zarr-python": by_zarr_python,
    "zarr-python, s3fs": by_zarr_python_and_s3fs,
    "zarrs": by_zarrs,
    "tensorstore": by_tensorstore,
}


def answer(order: dict[str, Any]) -> dict[str, Any]:
    given = order["place"], order["path"], order["zarr_format"]
    try:
        if order["reader"] == "zarr-python, groups":
            return groups_by_zarr_python(*given)
        return told(READERS[order["reader"]](*given))
    except BaseException:  # noqa: BLE001  # whoever asked shows it
        return {"failed": traceback.format_exc()}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
