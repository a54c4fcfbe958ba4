"""A name and its configuration: one parser for all that has this form, so the same verdict for all of them."""

from copy import deepcopy

import pytest

import zarr
from zarr._codec.registry import parse_codec
from zarr._dtype.registry import data_type_registry
from zarr._grid.chunk_keys import parse_chunk_key_encoding
from zarr._metadata.array_v3 import ArrayV3Metadata
from zarr._metadata.grid import parse_chunk_grid
from zarr._support.named_configuration import parse_named
from zarr.errors import DataTypeValidationError, MetadataValidationError

DOCUMENT = {
    "zarr_format": 3,
    "node_type": "array",
    "shape": [4],
    "data_type": "int8",
    "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [2]}},
    "chunk_key_encoding": {"name": "default"},
    "fill_value": 0,
    "codecs": ["bytes"],
}


def with_member(name, form):
    return {**deepcopy(DOCUMENT), name: form}


def in_shards(form):
    configuration = {"chunk_shape": [1], "codecs": ["bytes", form]}
    return with_member("codecs", [{"name": "sharding_indexed", "configuration": configuration}])


# What is written: a name that needs no configuration, and the document with a form in its place.
IN_DOCUMENTS = {
    "codecs[1]": ("crc32c", lambda form: with_member("codecs", ["bytes", form])),
    "codecs[1] in shards": ("crc32c", in_shards),
    "data_type": ("int8", lambda form: with_member("data_type", form)),
    "chunk_grid": ("regular", lambda form: with_member("chunk_grid", form)),
    "chunk_key_encoding": ("default", lambda form: with_member("chunk_key_encoding", form)),
}
# The parsers that users reach without a document, by way of arguments.
PARSERS = {
    "codec": ("crc32c", parse_codec),
    "data type": ("int8", lambda form: data_type_registry.match_json(form, zarr_format=3)),
    "chunk grid": ("regular", parse_chunk_grid),
    "chunk key encoding": ("default", parse_chunk_key_encoding),
}

REFUSED = {
    "must_understand is a word": (lambda name: {"name": name, "must_understand": "no"}, r"must_understand'.*'no'"),
    "must_understand is a number": (lambda name: {"name": name, "must_understand": 0}, r"must_understand'.*Got 0"),
    "must_understand is null": (lambda name: {"name": name, "must_understand": None}, r"must_understand'.*Got None"),
    "a member beside": (lambda name: {"name": name, "configuration": {}, "level": 1}, r"\['level'\]"),
    "configuration is a list": (lambda name: {"name": name, "configuration": []}, r"configuration'.*Got \[\]"),
    "configuration is a word": (lambda name: {"name": name, "configuration": ""}, r"configuration'.*Got ''"),
    "configuration is false": (lambda name: {"name": name, "configuration": False}, r"configuration'.*Got False"),
    "no name": (lambda name: {"configuration": {}}, r"'name'"),
    "name is a number": (lambda name: {"name": 3}, r"'name'.*3"),
    "name is null": (lambda name: {"name": None, "configuration": {}}, r"'name'.*None"),
    "nothing": (lambda name: {}, r"'name'.*\{\}"),
}
SAME_AS_BARE = {
    "name alone": lambda name: {"name": name},
    "empty configuration": lambda name: {"name": name, "configuration": {}},
    "null configuration": lambda name: {"name": name, "configuration": None},
    "must understand": lambda name: {"name": name, "must_understand": True},
    "may be ignored": lambda name: {"name": name, "must_understand": False, "configuration": {}},
}


def outcome(parse, form):
    """What a form means, or why it is refused."""
    try:
        return parse(form)
    except (MetadataValidationError, DataTypeValidationError) as error:
        return type(error), str(error)


@pytest.mark.parametrize("form", REFUSED)
@pytest.mark.parametrize("member", IN_DOCUMENTS)
def test_documents_refuse_the_same_forms_everywhere(member, form):
    name, document = IN_DOCUMENTS[member]
    make, text = REFUSED[form]
    with pytest.raises(MetadataValidationError, match=text) as caught:
        ArrayV3Metadata.from_dict(document(make(name)))
    assert member.partition(" ")[0] in str(caught.value)


@pytest.mark.parametrize("form", REFUSED)
@pytest.mark.parametrize("kind", PARSERS)
def test_arguments_refuse_the_same_forms_everywhere(kind, form):
    name, parse = PARSERS[kind]
    make, text = REFUSED[form]
    if kind == "chunk key encoding" and "configuration" not in make(name) and "must_understand" not in make(name):
        text = "'name'"  # of the flat form, settings beside the name, which arguments may have
    with pytest.raises((MetadataValidationError, DataTypeValidationError), match=text):
        parse(make(name))


@pytest.mark.parametrize("form", SAME_AS_BARE)
@pytest.mark.parametrize("member", IN_DOCUMENTS)
def test_documents_take_the_same_forms_everywhere(member, form):
    name, document = IN_DOCUMENTS[member]

    def read(written):
        return ArrayV3Metadata.from_dict(document(written))

    bare = outcome(read, name)
    assert outcome(read, SAME_AS_BARE[form](name)) == bare
    assert isinstance(bare, ArrayV3Metadata) or (member == "chunk_grid" and "chunk_shape" in bare[1])


@pytest.mark.parametrize("form", SAME_AS_BARE)
@pytest.mark.parametrize("kind", PARSERS)
def test_arguments_take_the_same_forms_everywhere(kind, form):
    name, parse = PARSERS[kind]
    assert outcome(parse, SAME_AS_BARE[form](name)) == outcome(parse, name)


@pytest.mark.parametrize("form", [3, None, [], ["crc32c"], True, 1.5])
@pytest.mark.parametrize("member", IN_DOCUMENTS)
def test_what_is_neither_a_name_nor_an_object_is_refused(member, form):
    with pytest.raises(MetadataValidationError, match=r"name|is not a codec"):
        ArrayV3Metadata.from_dict(IN_DOCUMENTS[member][1](form))


def test_a_null_configuration_stays_as_it_is_stored():
    codecs = ["bytes", {"name": "crc32c", "configuration": None}]
    metadata = ArrayV3Metadata.from_dict(with_member("codecs", codecs))
    assert metadata.stored_members()["codecs"] == ["bytes", {"name": "crc32c", "configuration": None}]


def test_the_flat_form_of_a_key_encoding_hides_nothing():
    with pytest.raises(MetadataValidationError, match="must_understand"):
        zarr.create_array(
            {}, shape=4, dtype="i1", chunk_key_encoding={"name": "v2", "separator": "/", "must_understand": "no"}
        )


def test_the_configuration_is_a_copy():
    given = {"name": "a", "configuration": {"b": 1}}
    parse_named(given, "codec").configuration["c"] = 2
    assert given == {"name": "a", "configuration": {"b": 1}}
