"""The synchronous and the asynchronous face of one thing have the same signatures. Whatever differs stands here with its reason."""

import inspect

import pytest

import zarr
from tests.suites.faces import (
    ARRAY_CALLED,
    CALLED,
    FUNCTIONS,
    SHARED,
    TWINS,
    has,
    pair,
    plain,
    public,
)
from zarr._calls import keywords, legacy
from zarr._calls.arrays import ARRAY_DEFAULTS
from zarr._calls.like import FROM_ARRAY_DEFAULTS
from zarr.api import asynchronous, synchronous

ZARR_PYTHON = "zarr-python's asynchronous face has none"
SIGN = "Python's own protocol, for which the synchronous interpreter has a sign"
ONLY_SYNC = {
    "Array.__delitem__": "deletes nothing, and says what to do instead",
    "Array.batch": "a `with` block around plain assignments, which cannot be awaited",
    "Array.appender": "a thread of its own writes behind the calls; there is nothing to await in them",
    "Array.async_array": "leads from this face to the other",
    "Array.get_block_selection": ZARR_PYTHON,
    "Array.set_block_selection": ZARR_PYTHON,
    "Array.set_coordinate_selection": ZARR_PYTHON,
    "Array.set_mask_selection": ZARR_PYTHON,
    "Array.set_orthogonal_selection": ZARR_PYTHON,
    "Array.blocks": ZARR_PYTHON,
    "Array.__getitem__": "takes any selection; `getitem` takes basic ones, as `get_basic_selection` does",
    "Array.__setitem__": "takes any selection; `setitem` takes basic ones, as `set_basic_selection` does",
    "Group.batch": "a `with` block around plain assignments, which cannot be awaited",
    "Group.replace": "a `with` block in which a node is made and written by assignment",
    "Group.create": "zarr-python's other name of `create_array`",
    "Group.update_attributes_async": "zarr-python has it: a coroutine on the synchronous face",
    "Group.visit": "h5py's; with the asynchronous face one writes a loop",
    "Group.visititems": "h5py's; with the asynchronous face one writes a loop",
    "Group.visitkeys": "zarr-python 2's; with the asynchronous face one writes a loop",
    "Group.visitvalues": "zarr-python 2's; with the asynchronous face one writes a loop",
}
ONLY_ASYNC = {
    "AsyncGroup.from_dict": "zarr-python has it on this face only",
    "AsyncArray.codec_pipeline": "zarr-python has it on this face only",
}

# Names, kinds and defaults that differ, with the reason. `zarr-python` is its recorded signature of either face.
OTHER_SIGNATURE = {
    "Array.open": "zarr-python: only the asynchronous one has `zarr_format`",
    "Array.resize": "zarr-python: only the asynchronous one has `delete_outside_chunks`",
    "Array.get_basic_selection": "zarr-python: `getitem` has no default selection, `out` or `fields`",
    "Array.set_basic_selection": "zarr-python: `setitem` has no `fields`, and a positional `prototype`",
    "Group.open": "zarr-python: only the asynchronous one has `use_consolidated`",
    "Group.get": "zarr-python: `path` here, `key` there",
    "Group.__getitem__": "zarr-python: `path` here, `key` there",
}
OTHER_KIND = {
    "Array.nchunks_initialized": "zarr-python: a property here, a coroutine there, as it looks into the store",
    "Array.shape": "can be set here; a setter cannot be awaited",
    "Array.attrs": "changes are stored at once here; there it is a copy, and `update_attributes` stores",
    "Array.lazy": "views of it read when they are told to, and those of the other are awaited",
    "Array.oindex": "has square brackets here, and `getitem` there",
    "Array.vindex": "has square brackets here, and `getitem` there",
    "Group.attrs": "changes are stored at once here; there it is a copy, and `update_attributes` stores",
}


def parameters(found):
    """Names, kinds and defaults; those that are given by name in any order."""
    signature = inspect.signature(plain(found))
    shown = [(p.name, p.kind, p.default) for p in signature.parameters.values()]
    by_name = [each for each in shown if each[1] is inspect.Parameter.KEYWORD_ONLY]
    return [each for each in shown if each not in by_name], sorted(by_name, key=lambda each: each[0])


class TestSignatures:
    @pytest.mark.parametrize(
        ("face", "other", "called", "only"),
        [
            (zarr.Array, zarr.AsyncArray, ARRAY_CALLED, ONLY_SYNC),
            (zarr.Group, zarr.AsyncGroup, CALLED, ONLY_SYNC),
            (zarr.AsyncArray, zarr.Array, {new: old for old, new in ARRAY_CALLED.items()}, ONLY_ASYNC),
            (zarr.AsyncGroup, zarr.Group, {new: old for old, new in CALLED.items()}, ONLY_ASYNC),
        ],
    )
    def test_every_name_has_a_twin_or_a_reason(self, face, other, called, only):
        alone = {
            f"{face.__name__}.{name}"
            for name in public(face)
            if has(face, name) and not has(other, called.get(name, name))
        }
        assert alone == {name for name in only if name.startswith(f"{face.__name__}.")}

    def test_both_modules_have_the_same_functions(self):
        assert synchronous.__all__ == asynchronous.__all__

    @pytest.mark.parametrize("twin", FUNCTIONS)
    def test_parameters_and_defaults_are_the_same(self, twin):
        one, other = pair(twin)
        assert (parameters(one) == parameters(other)) == (twin not in OTHER_SIGNATURE), OTHER_SIGNATURE.get(twin)

    def test_what_is_no_function_on_both_faces_is_shared_or_has_a_reason(self):
        assert TWINS.keys() - SHARED - set(FUNCTIONS) == OTHER_KIND.keys()

    @pytest.mark.parametrize("twin", FUNCTIONS)
    def test_one_waits_and_the_other_is_awaited(self, twin):
        one, other = map(plain, pair(twin))
        assert not inspect.iscoroutinefunction(one)
        needs_no_store = twin in {"Array.from_dict", "Array.with_config"}
        assert needs_no_store != (inspect.iscoroutinefunction(other) or inspect.isasyncgenfunction(other))

    @pytest.mark.parametrize("name", synchronous.__all__)
    def test_functions_are_found_where_they_say(self, name):
        for module in (synchronous, asynchronous):
            assert getattr(module, name).__module__ == module.__name__


class TestKeywords:
    """Options are declared once; what shows them has to agree with what takes them."""

    def test_those_of_create_array(self):
        assert keywords.ArrayOptions.__annotations__.keys() == ARRAY_DEFAULTS.keys()
        assert keywords.MemberOptions.__annotations__.keys() == ARRAY_DEFAULTS.keys() - {"zarr_format"}

    def test_those_of_require_array(self):
        own = inspect.signature(zarr.Group.require_array).parameters.keys()
        assert keywords.RequiredOptions.__annotations__.keys() == ARRAY_DEFAULTS.keys() - own

    def test_those_of_from_array(self):
        own = inspect.signature(synchronous.from_array).parameters.keys()
        assert own == {
            "store",
            "data",
            "write_data",
            "name",
            "storage_options",
            *keywords.FromArrayOptions.__annotations__,
        }
        assert FROM_ARRAY_DEFAULTS.keys() - keywords.FromArrayOptions.__annotations__.keys() == {
            "shape",
            "dtype",
            "data",
            "write_data",
        }

    def test_those_of_create(self):
        flow = inspect.signature(legacy.create).parameters
        shown = keywords.OlderOptions.__annotations__.keys()
        assert shown == legacy.OLDER_DEFAULTS.keys()
        assert shown - flow.keys() == {*legacy.WITHOUT_EFFECT, "store", "path", "storage_options", "mode"}
        assert all(legacy.OLDER_DEFAULTS[name] == flow[name].default for name in shown & flow.keys())
        newer = flow.keys() - shown - {"at", "shape", "without_effect"}
        assert keywords.EmptyOptions.__annotations__.keys() == shown | newer

    @pytest.mark.parametrize(
        ("options", "own"),
        [
            (keywords.FilledOptions, {"fill_value"}),
            (keywords.AnyOptions, {"data"}),
            (keywords.LikeOptions, {"zarr_format"}),
            (keywords.OpenLikeOptions, {"zarr_format", "path"}),
            (keywords.OpenOptions, {"zarr_format", "config", "store", "path", "storage_options", "mode"}),
            (keywords.SaveOptions, {"zarr_format", "data", "store", "path", "storage_options"}),
            (keywords.FilledMemberOptions, {"fill_value", "store", "path", "storage_options", "mode"}),
            (keywords.EmptyMemberOptions, {"store", "path", "storage_options", "mode"}),
            (keywords.LikeMemberOptions, {"data", "store", "path", "storage_options", "mode"}),
        ],
    )
    def test_those_that_go_back_to_create(self, options, own):
        more = {"shape", "name", "write_data"}
        assert options.__annotations__.keys() - more == keywords.EmptyOptions.__annotations__.keys() - own

    @pytest.mark.parametrize("module", [synchronous, asynchronous])
    def test_the_signature_names_them_with_their_types(self, module):
        shown = inspect.signature(module.create_array).parameters
        first = ["store", "name", "shape", "dtype", "data", "chunks", "shards", "filters", "compressors", "serializer"]
        then = ["fill_value", "order", "zarr_format", "attributes", "chunk_key_encoding", "dimension_names"]
        assert [*shown] == [*first, *then, "storage_options", "overwrite", "config", "write_data"]
        assert shown["chunks"].annotation == "ChunksLike | Auto | None"
        assert module.create_array.__annotations__["shards"] == "ShardsLike | Auto | None"
        assert (shown["zarr_format"].default, shown["chunks"].default) == (3, "auto")
        assert repr(shown["fill_value"].default) == "DEFAULT_FILL_VALUE"

    @pytest.mark.parametrize(
        "call",
        [
            lambda: zarr.create_array({}, shape=3, dtype="i1", colour=1),
            lambda: zarr.create_array({}, shape=3, dtype="i1", compressor=None),
            lambda: zarr.from_array({}, data=[1], shape=3),
            lambda: zarr.from_array({}, data=zarr.ones(3), dtype="i1"),
            lambda: zarr.create(3, shards=3),
            lambda: zarr.group(use_consolidated=True),
            lambda: zarr.open_group({}, overwrite=True),
            lambda: zarr.create_group({}).create_array("a", shape=3, dtype="i1", zarr_format=2),
            lambda: zarr.create_group({}).require_array("a", shape=3, colour=2),
            lambda: zarr.zeros(3, colour=2),
            lambda: zarr.array([1], write_data=False),
            lambda: zarr.array(zarr.ones(3), dtype="i1"),
        ],
    )
    def test_others_are_refused(self, call):
        with pytest.raises(TypeError, match="got an unexpected keyword argument"):
            call()
