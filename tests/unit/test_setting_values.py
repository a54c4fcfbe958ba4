"""Settings: what is not allowed is named, with what is, wherever it comes from; None where there is no limit."""

import asyncio
import json
import os
import subprocess
import sys

import numpy as np
import pytest

import zarr
from tests.suites.awaited_stores import Counting, Slow
from tests.suites.plain_stores import Awaited
from zarr._flow.drive import run_async
from zarr._flow.requests import Compute, Together
from zarr._support.settings import DEFAULTS, NO_LIMIT, ZarrConfig, settings
from zarr.storage import MemoryStore

WRONG = [
    ("default_zarr_format", 4, "one of (2, 3)"),
    ("default_zarr_format", 2.0, "one of (2, 3)"),
    ("default_zarr_format", True, "one of (2, 3)"),
    ("engine", "rust", "'python'"),
    ("engine", ["python"], "'python'"),
    ("array.order", "K", "('C', 'F')"),
    ("array.durability", None, "'fsync'"),
    ("array.locking", "flock", "('auto', 'directory', 'lease', 'none')"),
    ("storage.backend", "s3fs", "('auto', 'obstore', 'fsspec')"),
    ("array.write_empty_chunks", "yes", "True or False"),
    ("array.read_missing_chunks", 2, "True or False"),
    ("array.chunk_cache", None, "True or False"),
    ("array.verify_checksums", "never", "True or False"),
    ("array.rectilinear_chunks", "maybe", "True or False"),
    ("array.allow_unsafe_pickle_decode", 1.5, "True or False"),
    ("array.uneven_shards", "yes", "True or False"),
    ("array.sharding_coalesce_max_gap_bytes", -1, "whole number of at least 0"),
    ("array.sharding_coalesce_max_bytes", 1.5, "whole number of at least 0"),
    ("array.max_chunk_bytes", 0, "whole number of at least 1"),
    ("array.max_variable_chunk_bytes", 0, "whole number of at least 1"),
    ("array.chunk_cache_bytes", -1, "at least 0, or None"),
    ("array.chunk_cache_bytes", 2**80, "at least 0, or None"),
    ("array.target_shard_size_bytes", 0, "at least 1, or None"),
    ("async.concurrency", 0, "at least 1, or None"),
    ("async.concurrency", "abc", "at least 1, or None"),
    ("async.concurrency", True, "at least 1, or None"),
    ("async.request_bytes", 0, "at least 1, or None"),
    ("async.request_bytes", "1 GB", "at least 1, or None"),
    ("async.timeout", -1, "number of seconds, or None"),
    ("async.timeout", "soon", "number of seconds, or None"),
    ("threading.max_workers", 0, "at least 1, or None"),
    ("threading.max_workers", 2**70, "at least 1, or None"),
    ("json_indent", "two", "from 0 to 100, or None"),
    ("json_indent", 10**9, "from 0 to 100, or None"),
    ("buffer", 3, "dotted name of a class"),
    ("ndbuffer", None, "dotted name of a class"),
    ("codec_pipeline.path", 3, "dotted name of a class"),
    ("codec_pipeline.batch_size", 0, "at least 1"),
    ("codec_pipeline.max_workers", "all", "at least 1, or None"),
    ("codecs.gzip", 3, "dotted name of a class"),
    ("array", "x", "'array.order'"),
    ("async", None, "mapping of its settings"),
    ("threading", 5, "mapping of its settings"),
    ("codec_pipeline", [], "mapping of its settings"),
    ("codecs", "x", "mapping from names of codecs"),
]


@pytest.mark.parametrize(("key", "value", "allowed"), WRONG)
def test_a_value_that_is_not_allowed_is_named_with_those_that_are(key, value, allowed):
    with zarr.config.set({key: value}):
        for use in (lambda: zarr.create_array({}, shape=3, dtype="i4"), settings):
            with pytest.raises(ValueError, match="choose") as caught:
                use()
            assert f"zarr.config value {key!r} is {value!r}" in str(caught.value)
            assert allowed in str(caught.value)
    zarr.create_array({}, shape=3, dtype="i4")


def test_nothing_lies_below_a_single_setting():
    for keys in ({"json_indent.x": 1}, {"array.order.x.y": "C"}):
        with pytest.raises(ValueError, match=r"json_indent\.x|array\.order\.x\.y"):
            zarr.config.set(keys)
    assert zarr.config.get("json_indent") == 2


def test_settings_that_were_cleared():
    zarr.config.clear()
    try:
        with pytest.raises(ValueError, match=r"no value 'engine'.*reset"):
            settings()
    finally:
        zarr.config.reset()


def tried(**variables):
    """What a use of the library says in an environment."""
    program = (
        "import json, zarr\n"
        "try:\n    zarr.create_array({}, shape=3, dtype='i4')[:]\n"
        "except Exception as exc:\n    print(json.dumps([type(exc).__name__, str(exc)]))\n"
        "else:\n    print(json.dumps(['fine', str(zarr.config.settings())]))"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ZARR_")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ZARR_ASYNC__CONCURRENCY": "abc"}, ["'async.concurrency'", "'abc'", "ZARR_ASYNC__CONCURRENCY", "at least 1"]),
        ({"ZARR_ARRAY": "x"}, ["'array'", "'x'", "ZARR_ARRAY", "group of settings"]),
        ({"ZARR_CODECS": "x"}, ["'codecs'", "'x'", "ZARR_CODECS", "group of settings"]),
        ({"ZARR_JSON_INDENT__X": "1"}, ["'json_indent'", "ZARR_JSON_INDENT__X", "single setting"]),
        ({"ZARR_ARRAY__ORDER__X": "F"}, ["'array.order'", "ZARR_ARRAY__ORDER__X", "single setting"]),
        ({"ZARR_THREADING__MAX_WORKERS__X": "1"}, ["'threading.max_workers'", "single setting"]),
        ({"ZARR_ARRAY": "x", "ZARR_ARRAY__ORDER": "F"}, ["ZARR_ARRAY, ZARR_ARRAY__ORDER", "contradict"]),
        ({"ZARR_ENGINE": "Python"}, ["'engine'", "ZARR_ENGINE", "('auto', 'native', 'python')"]),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else None,
)
def test_an_environment_variable_of_the_wrong_shape_is_named(variables, words):
    kind, text = tried(**variables)
    assert kind == "ValueError"
    assert [word for word in words if word not in text] == []


def test_environment_variables_of_the_right_shape():
    kind, text = tried(ZARR_ARRAY="{'order': 'F'}", ZARR_ASYNC__CONCURRENCY="None", ZARR_JSON_INDENT="None")
    assert kind == "fine"
    assert [word for word in ("order='F'", f"concurrency={NO_LIMIT}", "json_indent=None") if word not in text] == []


@pytest.mark.parametrize("concurrency", [1, 7, None])
def test_so_many_requests_at_once_as_the_setting_says(concurrency):
    data = np.arange(300)
    memory = MemoryStore()
    zarr.create_array(memory, data=data, chunks=1)
    with zarr.config.set({"async.concurrency": concurrency}):
        for read in (lambda array: array[:], lambda array: asyncio.run(array.async_array.getitem(slice(None)))):
            store = Slow(memory)
            array = zarr.open_array(store, mode="r+")
            store.calls = Counting(concurrency or len(data))
            np.testing.assert_array_equal(read(array), data)
            assert store.calls.peak == (concurrency or len(data))


@pytest.mark.parametrize("concurrency", [1, None])
@pytest.mark.parametrize("make", [MemoryStore, lambda: Awaited(MemoryStore())])
def test_all_goes_on_without_a_limit_and_with_the_least(make, concurrency, engine):
    with zarr.config.set({"async.concurrency": concurrency, "threading.max_workers": concurrency}):
        group = zarr.create_group(make())
        array = group.create_array("a", data=np.arange(40).reshape(8, 5), chunks=(2, 2), shards=(4, 4))
        array[1:7, 1:3] = 0
        array.append(np.ones((1, 5), int))
        assert sorted(group.members(max_depth=None)) == [("a", array)]
        assert asyncio.run(array.async_array.getitem((slice(None), 0))).tolist() == [0, 5, 10, 15, 20, 25, 30, 35, 1]


def test_a_flow_that_cannot_be_made_is_an_error_of_the_call():
    """Also where there are more of them than run at once."""

    def parts():
        for number in range(50):
            if number == 30:
                raise RuntimeError("no more")
            yield flow()

    def flow():
        yield Compute(int, ())

    def all_of_them():
        yield Together(parts())

    for concurrency in (1, 5, 40, 100):
        with pytest.raises(RuntimeError, match="no more"):
            asyncio.run(run_async(all_of_them(), concurrency=concurrency))


def warned(use, **variables):
    """Which line the warnings of an environment point to, and what they say."""
    program = f"import warnings, zarr\nwarnings.simplefilter('always')\nzarr.config\n{use}\n{use}\n"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ZARR_")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return [line for line in done.stderr.splitlines() if "Warning" in line]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ZARR_ARRAY__ORDR": "F"}, ["'array.ordr' (from the environment variable ZARR_ARRAY__ORDR)", "'array.order'"]),
        ({"ZARR_ARRAY_ORDER": "F"}, ["ZARR_ARRAY_ORDER", "did you mean 'array.order'"]),
        ({"ZARR_ARRAY": "{'ordr': 'F'}"}, ["'array.ordr' (from the environment or", "did you mean 'array.order'"]),
        ({"ZARR_JSON_INDNT": "3"}, ["ZARR_JSON_INDNT", "did you mean 'json_indent'"]),
    ],
)
def test_a_misspelt_environment_variable_is_told_once_at_the_first_use(variables, words):
    (line,) = warned("zarr.ones(3)", **variables)
    assert line.startswith("<string>:4: ZarrUserWarning: ")
    assert [word for word in words if word not in line] == []


def test_a_misspelt_setting_in_a_file(tmp_path):
    (tmp_path / "settings.yaml").write_text("array:\n  order: F\n  ordr: F\n")
    (line,) = warned("zarr.ones(3)", ZARR_CONFIG=str(tmp_path))
    assert "'array.ordr' (from the environment or a configuration file)" in line


def test_variables_of_others_give_no_warning():
    assert warned("zarr.ones(3)", ZARR_ARRAY__ORDER="F", ZARR_V3_API="1", ZARR_CODECS__LZ="a.B", ZARRS="x") == []


def test_parts_of_a_name_that_are_put_together_otherwise_or_missing():
    for name in ("array_order", "order", "ARRAY.ORDER"):
        with pytest.warns(zarr.errors.ZarrUserWarning, match=rf"no setting '{name}'.*did you mean 'array\.order'"):
            zarr.config.set({name: "F"})
    zarr.config.reset()


def test_what_a_prompt_shows():
    config = ZarrConfig("zarr", defaults=[DEFAULTS], paths=[], env={})
    assert repr(config) == "<zarr.config: all settings as by default>"
    changed = config.set({"array.order": "F"}, mine__x=1)
    assert repr(changed) == "<zarr.config.set({'array.order': 'F', 'mine.x': 1})>"
    assert repr(config) == "<zarr.config: array.order='F', mine.x=1>"
    with config.set({"codecs.gzip": "my.Gzip"}):
        assert repr(config) == "<zarr.config: array.order='F', codecs.gzip='my.Gzip', mine.x=1>"
    assert repr(config) == "<zarr.config: array.order='F', mine.x=1>"


class TestUpdate:
    """`config.update` changes what it is given, with dots or nested, and says what it was not given."""

    @pytest.fixture(autouse=True)
    def kept(self):
        with zarr.config.set({"array.order": "C", "others": {}}):
            yield

    @pytest.mark.parametrize("given", [{"array.order": "F"}, {"array": {"order": "F"}}])
    def test_both_notations(self, given):
        zarr.config.update(given)
        assert zarr.config.get("array.order") == settings().order == "F"
        assert zarr.config.get("array.write_empty_chunks") is False

    def test_values_that_are_only_to_be_added(self):
        for value in (1, 2):
            zarr.config.update({"others.number": value}, priority="old")
        assert zarr.config.get("others.number") == 1

    def test_what_is_no_mapping(self):
        with pytest.raises(TypeError, match="a mapping from keys to values"):
            zarr.config.update("array.order")
        with pytest.raises(TypeError, match=r"as in \{'array.order': 'F'\}, got 'array.order', 'F'"):
            zarr.config.set("array.order", "F")

    def test_misspelt_names(self):
        with pytest.warns(zarr.errors.ZarrUserWarning, match=r"did you mean 'array.order'"):
            zarr.config.update({"others": {}, "array.ordr": "F"})

    def test_names(self):
        assert set(DEFAULTS) <= set(zarr.config)
        assert all(zarr.config.get(name) is not None or name == "json_indent" for name in DEFAULTS)


def test_what_settings_have_not():
    with pytest.raises(AttributeError, match=r"no attribute 'other'$"):
        zarr.config.other  # noqa: B018
