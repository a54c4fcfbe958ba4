"""Finding codecs by name."""

import numcodecs
import pytest

from zarr._codec import registry
from zarr._codec.base import BytesBytesCodec
from zarr._codec.bytes_ import BytesCodec
from zarr._codec.crc32c_ import Crc32cCodec
from zarr._codec.gzip_ import GzipCodec
from zarr._codec.registry import (
    fully_qualified_name,
    get_codec_class,
    get_numcodec,
    parse_codec,
    register_codec,
)
from zarr._support.registry import names_changed
from zarr.errors import MetadataValidationError, UnknownCodecError, ZarrUserWarning


class Mine(BytesBytesCodec):
    def __init__(self, *, a=1):
        self.a = a


class Other(Mine):
    pass


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    monkeypatch.setattr(registry, "_registered", {})
    yield
    names_changed()


@pytest.fixture
def choose(monkeypatch):
    """Make the configuration choose the classes of a mapping."""
    return lambda choices: monkeypatch.setattr(registry.config, "codec_choice", choices.get)


@pytest.mark.parametrize("name", sorted(registry._OURS))
def test_ours_are_there_under_their_names(name):
    cls = get_codec_class(name)
    assert cls.__name__ == registry._OURS[name][1]
    assert getattr(cls, "codec_name", name) == name


def test_parse_forms():
    assert parse_codec("crc32c") == Crc32cCodec()
    assert parse_codec({"name": "gzip", "configuration": {"level": 2}, "must_understand": True}) == GzipCodec(level=2)
    assert parse_codec({"name": "endian", "configuration": {"endian": "big"}}) == BytesCodec(endian="big")
    assert parse_codec({"name": "crc32c", "configuration": None}) == Crc32cCodec()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (7, "name"),
        ({}, "'name'"),
        ({"name": 3}, "'name'"),
        ({"name": "gzip", "level": 5}, "'level'"),
        ({"name": "gzip", "configuration": [5]}, "configuration"),
        ({"name": "gzip", "configuration": {"leel": 5}}, "'leel'"),
        ({"name": "gzip", "configuration": {"level": "5"}}, "'gzip'"),
    ],
)
def test_bad_forms(data, reason):
    with pytest.raises(MetadataValidationError, match=reason):
        parse_codec(data)


@pytest.mark.parametrize("must_understand", [True, False])
def test_unknown_codecs_fail_even_if_they_may_be_ignored(must_understand):
    with pytest.raises(UnknownCodecError, match=r"'nonsense'.*register_codec.*gzip"):
        parse_codec({"name": "nonsense", "must_understand": must_understand})
    with pytest.raises(UnknownCodecError, match=r"numcodecs\.nonsense"):
        parse_codec("numcodecs.nonsense")


def test_registering():
    register_codec("mine", Mine)
    assert parse_codec({"name": "mine", "configuration": {"a": 5}}).a == 5
    with pytest.raises(MetadataValidationError, match="'mine'"):
        parse_codec({"name": "mine", "configuration": {"b": 5}})


def test_several_implementations(choose):
    register_codec("mine", Mine)
    register_codec("mine", Other)
    with pytest.warns(ZarrUserWarning, match=r"codecs\.mine"):
        assert get_codec_class("mine") is Other
    choose({"mine": fully_qualified_name(Mine)})
    assert get_codec_class("mine") is Mine
    choose({"mine": "no.such.Class"})
    with pytest.raises(UnknownCodecError, match=r"no\.such\.Class"):
        get_codec_class("mine")


def test_choosing_against_ours(choose):
    register_codec("gzip", Mine, qualname="quick")
    assert get_codec_class("gzip") is Mine
    choose({"gzip": "zarr.codecs.gzip.GzipCodec"})
    assert get_codec_class("gzip") is GzipCodec
    choose({"gzip": fully_qualified_name(GzipCodec)})
    assert get_codec_class("gzip") is GzipCodec
    choose({"gzip": "quick"})
    assert get_codec_class("gzip") is Mine


def test_entry_points(install, choose):
    install(
        "offering",
        "[zarr.codecs]\nplugged = fractions:Fraction\nbroken = no_such_module:X\n"
        "[zarr.codecs.gzip]\nany = decimal:Decimal\n",
    )
    assert get_codec_class("plugged").__name__ == "Fraction"
    with pytest.raises(UnknownCodecError, match="no_such_module"):
        get_codec_class("broken")
    assert get_codec_class("gzip") is GzipCodec
    choose({"gzip": "decimal.Decimal"})
    assert get_codec_class("gzip").__name__ == "Decimal"
    with pytest.raises(UnknownCodecError, match="plugged"):
        parse_codec("nonsense")


def test_numcodecs():
    assert get_numcodec({"id": "zlib", "level": 3}) == numcodecs.Zlib(level=3)
    with pytest.raises(UnknownCodecError, match="'nonsense'"):
        get_numcodec({"id": "nonsense"})
    with pytest.raises(MetadataValidationError, match=r"'zlib'.*colour"):
        get_numcodec({"id": "zlib", "colour": 3})
    with pytest.raises(MetadataValidationError, match="'id'"):
        get_numcodec({"level": 3})
