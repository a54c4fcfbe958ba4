"""The registry of everything that can be extended: what installed packages offer, broken ones among them."""

import subprocess
import sys
import warnings
from dataclasses import dataclass
from importlib import metadata
from importlib.metadata import EntryPoint

import numpy as np
import pytest

import zarr
from zarr._buffer import registry as buffers
from zarr._codec import pipeline, registry
from zarr._codec.registry import get_codec_class, get_numcodec
from zarr._dtype.registry import data_type_registry, parse_data_type
from zarr._grid import chunk_keys
from zarr._grid.chunk_keys import get_chunk_key_encoding_class
from zarr._support import plug_ins
from zarr._support.registry import Registry, names_version, places_of
from zarr.errors import DataTypeValidationError, MetadataValidationError, UnknownCodecError, ZarrUserWarning

SOURCES = {
    "codec": """
from zarr.codecs import Crc32cCodec
class Offered(Crc32cCodec):
    codec_name = "offered.name"
""",
    "data_type": """
from zarr.dtype import Int8
from zarr.errors import DataTypeValidationError
class Offered(Int8):
    @classmethod
    def from_json(cls, data, *, zarr_format):
        if data not in ("offered.name", "offering.Offered", "broken.Offered", "data_type"):
            raise DataTypeValidationError("another")
        return cls()
    @classmethod
    def from_native_dtype(cls, dtype):
        raise DataTypeValidationError("none")
""",
    "chunk_key_encoding": """
from zarr.core.chunk_key_encodings import DefaultChunkKeyEncoding
class Offered(DefaultChunkKeyEncoding): pass
""",
    "buffer": """
from zarr.buffer import cpu
class Offered(cpu.Buffer): pass
""",
    "ndbuffer": """
from zarr.buffer import cpu
class Offered(cpu.NDBuffer): pass
""",
    "codec_pipeline": """
from zarr.core.codec_pipeline import BatchedCodecPipeline
class Offered(BatchedCodecPipeline): pass
""",
}


@dataclass(frozen=True)
class Kind:
    """How packages offer classes of a kind, and how users get at one."""

    name: str
    get: object
    error: type[Exception]
    group: str = ""

    def source(self):
        return SOURCES[self.name]

    def entry_points(self, *lines, group=None):
        return "\n".join([f"[{group or self.group or 'zarr.' + self.name}]", *lines, ""])


def configured(key, get):
    def choose(name):
        with zarr.config.set({key: name}):
            return get()

    return choose


NAMED = [
    Kind("codec", get_codec_class, UnknownCodecError, "zarr.codecs"),
    Kind("data_type", lambda name: type(data_type_registry.match_json(name, zarr_format=3)), DataTypeValidationError),
    Kind("chunk_key_encoding", get_chunk_key_encoding_class, MetadataValidationError),
]
CONFIGURED = [
    Kind("buffer", configured("buffer", zarr.registry.get_buffer_class), ValueError),
    Kind("ndbuffer", configured("ndbuffer", zarr.registry.get_ndbuffer_class), ValueError),
    Kind("codec_pipeline", configured("codec_pipeline.path", zarr.registry.get_pipeline_class), ValueError),
]
KINDS = [*NAMED, *CONFIGURED]


def ids(kind):
    return kind.name


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    """What a test registers, and what was warned of, is forgotten after it."""
    monkeypatch.setattr(registry, "_registered", {})
    monkeypatch.setattr(plug_ins, "_reported", set())
    kept = [
        data_type_registry.contents,
        chunk_keys._classes,
        buffers._buffers,
        buffers._nd_buffers,
        pipeline._pipelines,
    ]
    before = [(dict(one), set(one._loaded), dict(one._failures)) for one in kept]
    yield
    for one, (classes, loaded, failures) in zip(kept, before, strict=True):
        one.clear()
        one.update(classes)
        one._loaded, one._failures = loaded, failures


@pytest.fixture
def count_reads(monkeypatch):
    """How often the packages were gone through."""
    reads = []
    distributions = metadata.distributions
    monkeypatch.setattr(metadata, "distributions", lambda: reads.append(1) or distributions())
    monkeypatch.setattr(plug_ins, "_known", None)
    return reads


@pytest.mark.parametrize("kind", NAMED, ids=ids)
def test_what_a_package_offers_is_found_by_its_name(kind, install):
    install("offering", kind.entry_points("offered.name = offering:Offered"), kind.source())
    assert "offering" not in sys.modules
    before = names_version()
    found = kind.get("offered.name")
    assert (found.__module__, found.__name__) == ("offering", "Offered")
    assert names_version() != before
    assert kind.get("offered.name") is found


@pytest.mark.parametrize("kind", CONFIGURED, ids=ids)
def test_what_a_package_offers_is_found_by_its_dotted_name(kind, install):
    install("offering", kind.entry_points("any = offering:Offered"), kind.source())
    assert kind.get("offering.Offered").__module__ == "offering"
    assert kind.get("offering.Offered") is kind.get("offering.Offered")


@pytest.mark.parametrize("kind", CONFIGURED, ids=ids)
def test_a_class_with_another_dotted_name_than_its_entry_point_is_found_too(kind, install):
    source = kind.source() + "\nclass Outer: pass\nOffered.__qualname__ = 'Outer.Inner'\n"
    install("offering", kind.entry_points("any = offering:Offered"), source)
    assert kind.get("offering.Outer.Inner").__name__ == "Offered"


@pytest.mark.parametrize("kind", KINDS[1:], ids=ids)
def test_the_group_zarr_offers_by_kind(kind, install):
    install("offering", kind.entry_points(f"{kind.name} = offering:Offered", group="zarr"), kind.source())
    name = kind.name if kind in NAMED else "offering.Offered"
    assert kind.get(name).__module__ == "offering"


@pytest.mark.parametrize("kind", KINDS, ids=ids)
@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("import no_such_module", ModuleNotFoundError),
        ("raise RuntimeError('no licence')", RuntimeError),
        ("def Offered(): pass", TypeError),
        ("", AttributeError),
        ("Offered = (", SyntaxError),
    ],
)
def test_the_error_for_a_broken_one_says_what_is_wrong_with_it(kind, source, cause, install):
    install("broken", kind.entry_points("broken.Offered = broken:Offered"), source)
    for _ in range(2):  # tried again each time, and never a warning beside the error
        with pytest.raises(kind.error, match=r"'broken\.Offered'.*package 'broken'") as caught:
            kind.get("broken.Offered")
        assert type(caught.value.__cause__) is cause
        assert str(caught.value.__cause__) in str(caught.value)


@pytest.mark.parametrize("kind", KINDS, ids=ids)
def test_a_broken_one_that_was_mended_is_found(kind, install, tmp_path):
    install("broken", kind.entry_points("broken.Offered = broken:Offered"), "import no_such_module")
    with pytest.raises(kind.error, match="no_such_module"):
        kind.get("broken.Offered")
    (tmp_path / "path-of-broken" / "broken.py").write_text(kind.source())
    assert kind.get("broken.Offered").__module__ == "broken"


@pytest.mark.parametrize("kind", KINDS, ids=ids)
def test_a_broken_one_takes_nothing_from_others(kind, install):
    install("broken", kind.entry_points("broken.Offered = broken:Offered"), "import no_such_module")
    install("offering", kind.entry_points("offering.Offered = offering:Offered"), kind.source())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ZarrUserWarning)
        assert kind.get("offering.Offered").__module__ == "offering"
        for _ in range(2):
            with pytest.raises(kind.error, match=r"novelty\.Thing") as caught:
                kind.get("novelty.Thing")
            assert "no_such_module" not in str(caught.value)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.name not in ("codec", "chunk_key_encoding")], ids=ids)
def test_whoever_needs_all_that_is_offered_is_warned_once_of_a_broken_one(kind, install):
    install("broken", kind.entry_points("any = broken:Offered"), "import no_such_module")
    with pytest.warns(ZarrUserWarning) as given, pytest.raises(kind.error):
        kind.get("novelty.Thing")
    (only,) = given
    assert only.filename == __file__
    assert str(only.message) == (
        f"the entry point 'any' of group 'zarr.{kind.name}' (broken:Offered, package 'broken') failed to load: "
        "ModuleNotFoundError: No module named 'no_such_module'. What it offers is left out; install what it needs, or "
        "remove that package."
    )
    with pytest.raises(kind.error, match=r"novelty\.Thing"):
        kind.get("novelty.Thing")


@pytest.mark.parametrize("kind", NAMED, ids=ids)
def test_of_two_offers_of_one_name_the_whole_one_is_used(kind, install):
    install("broken", kind.entry_points("offered.name = broken:Offered"), "import no_such_module")
    install("offering", kind.entry_points("offered.name = offering:Offered"), kind.source())
    with pytest.warns(ZarrUserWarning, match="package 'broken'"):
        assert kind.get("offered.name").__module__ == "offering"
    assert kind.get("offered.name").__module__ == "offering"


@pytest.mark.parametrize("kind", KINDS, ids=ids)
def test_a_package_whose_entry_points_cannot_be_read_hides_no_other(kind, install):
    install("offering", kind.entry_points("offering.Offered = offering:Offered"), kind.source())
    install("damaged", "[console_scripts]\nno equals sign\n")
    with pytest.warns(ZarrUserWarning, match="entry points of package 'damaged' cannot be read: TypeError"):
        assert kind.get("offering.Offered").__module__ == "offering"


def test_data_types_of_numpy_do_not_need_broken_packages(install):
    install("broken", "[zarr.data_type]\nbroken.Offered = broken:Offered\n", "import no_such_module")
    with pytest.warns(ZarrUserWarning, match="no_such_module"):
        array = zarr.create_array({}, shape=3, dtype="<i4")
    assert array.dtype == np.dtype("i4")
    assert zarr.create_array({}, shape=3, dtype="<i2").dtype == np.dtype("i2")


def test_a_broken_data_type_is_named_to_whoever_creates_or_opens_an_array(install):
    install("broken", "[zarr.data_type]\nbroken.Offered = broken:Offered\n", "import no_such_module")
    for act in (
        lambda: zarr.create_array({}, shape=3, dtype="broken.Offered"),
        lambda: parse_data_type({"name": "broken.Offered"}, zarr_format=3),
    ):
        with pytest.raises(DataTypeValidationError, match="no_such_module") as caught:
            act()
        assert type(caught.value.__cause__) is ModuleNotFoundError
    store = {}
    zarr.create_array(store, shape=3, dtype="int8")
    document = store["zarr.json"].to_bytes().replace(b'"int8"', b'"broken.Offered"')
    store["zarr.json"] = zarr.buffer.cpu.Buffer.from_bytes(document)
    with pytest.raises(DataTypeValidationError, match=r"zarr\.json.*no_such_module"):
        zarr.open_array(store)


def test_a_type_that_was_unregistered_does_not_come_back(install):
    install("offering", "[zarr.data_type]\noffered.name = offering:Offered\n", SOURCES["data_type"])
    assert type(data_type_registry.match_json("offered.name", zarr_format=3)).__name__ == "Offered"
    data_type_registry.unregister("offered.name")
    with pytest.raises(DataTypeValidationError):
        data_type_registry.match_json("offered.name", zarr_format=3)


def test_the_codec_that_the_configuration_chooses_says_why_it_is_not_there(install):
    install("broken", "[zarr.codecs.gzip]\nfast = broken:Offered\n", "import no_such_module")
    with zarr.config.set({"codecs.gzip": "broken.Offered"}):
        for _ in range(2):
            with pytest.raises(UnknownCodecError, match=r"'broken\.Offered' for codec 'gzip'.*no_such_module"):
                get_codec_class("gzip")
    assert get_codec_class("gzip") is zarr.codecs.GzipCodec


def test_a_module_may_register_its_codec_while_it_is_imported_for_it(install):
    """Even from another thread that it waits for: no lock is held meanwhile."""
    source = SOURCES["codec"] + (
        "import threading\nfrom zarr.registry import register_codec\n"
        "thread = threading.Thread(target=register_codec, args=('offered.name', Offered), daemon=True)\n"
        "thread.start()\nthread.join(20)\nassert not thread.is_alive()\n"
    )
    install("offering", "[zarr.codecs]\noffered.name = offering:Offered\n", source)
    assert get_codec_class("offered.name").__name__ == "Offered"
    assert get_codec_class("offered.name") is get_codec_class("offered.name")


def test_a_package_that_is_gone_is_no_reason_any_more(install, monkeypatch):
    install("broken", "[zarr.chunk_key_encoding]\noffered.name = broken:Offered\n", "import no_such_module")
    with pytest.raises(MetadataValidationError, match="no_such_module"):
        get_chunk_key_encoding_class("offered.name")
    monkeypatch.setattr(sys, "path", sys.path[1:])
    with pytest.raises(MetadataValidationError, match="unknown chunk key encoding"):
        get_chunk_key_encoding_class("offered.name")


def test_a_filter_of_numcodecs_that_fails_to_load_is_named(monkeypatch):
    import numcodecs.registry

    broken = EntryPoint("example.broken", "no_such_module:X", "numcodecs.codecs")
    monkeypatch.setitem(numcodecs.registry.entries, "example.broken", broken)
    with pytest.raises(UnknownCodecError, match=r"'example\.broken'.*no_such_module") as caught:
        get_numcodec({"id": "example.broken"})
    assert type(caught.value.__cause__) is ModuleNotFoundError


def test_packages_are_gone_through_once(count_reads, install):
    for kind in KINDS:
        for _ in range(3):
            with pytest.raises(kind.error):
                kind.get("novelty.Thing")
    assert len(count_reads) == 1
    install("offering", "[zarr.codecs]\noffered.name = offering:Offered\n", SOURCES["codec"])
    assert get_codec_class("offered.name").__name__ == "Offered"  # installed meanwhile
    assert len(count_reads) == 2


def test_known_names_do_not_go_through_packages(count_reads):
    array = zarr.create_array({}, shape=4, dtype="int8", chunks=2)
    array[:] = 1
    assert get_codec_class("gzip") is zarr.codecs.GzipCodec
    assert zarr.registry.get_buffer_class() is zarr.buffer.cpu.Buffer
    assert count_reads == []


def test_importing_reads_no_metadata_of_packages():
    program = (
        "import sys, zarr\nzarr.create_array({}, shape=4, dtype='int8')[:] = 1\nzarr.registry.get_codec_class('gzip')\n"
        "sys.exit('importlib.metadata' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_the_first_package_on_the_path_hides_others_of_its_name(install, tmp_path):
    install("offering", "[zarr.codecs]\noffered.name = offering:Offered\n", SOURCES["codec"])
    twin = tmp_path / "path-of-offering" / "offering-0.9.dist-info"
    twin.mkdir()
    (twin / "METADATA").write_text("Metadata-Version: 2.1\nName: offering\nVersion: 0.9\n")
    (twin / "entry_points.txt").write_text("[zarr.codecs]\noffered.name = offering:Offered\n")
    offers = plug_ins.offered_at([("zarr.codecs", "offered.name")])
    assert len(offers) == 1


class TestRegistryOfZarrPython:
    """What those who fill one of their own do with it."""

    def test_the_list_is_loaded_and_emptied(self):
        own = Registry()
        own.lazy_load_list.append(EntryPoint("short", "fractions:Fraction", "any"))
        own.lazy_load()
        assert list(own) == ["fractions.Fraction"]
        assert own.lazy_load_list == []
        own.lazy_load_list.append(EntryPoint("short", "decimal:Decimal", "any"))
        own.lazy_load(use_entrypoint_name=True)
        assert own["short"].__name__ == "Decimal"

    def test_one_that_fails_is_left_out(self):
        own = Registry()
        own.lazy_load_list += [
            EntryPoint("a", "no_such_module:X", "any"),
            EntryPoint("b", "fractions:Fraction", "any"),
        ]
        with pytest.warns(ZarrUserWarning, match=r"'a' of group 'any' \(no_such_module:X\).*No module named"):
            own.lazy_load(use_entrypoint_name=True)
        assert list(own) == ["b"]

    def test_a_class_that_is_nowhere(self):
        with pytest.raises(ValueError, match=r"no class 'no\.such\.Class'.*Register it"):
            Registry(*places_of("buffer")).find("no.such.Class")


ODD = """
from zarr.dtype import Int8
class Offered(Int8):
    @classmethod
    def from_json(cls, data, *, zarr_format):
        raise {error}
    @classmethod
    def from_native_dtype(cls, dtype):
        raise {error}
"""


@pytest.mark.parametrize(
    "error", ["KeyError('k')", "AttributeError('a')", "TypeError('t')", "OSError('o')", "Exception('e')"]
)
def test_a_data_type_with_odd_errors_takes_nothing_from_others_and_is_named_once(error, install):
    install("odd", "[zarr.data_type]\nodd.name = odd:Offered\n", ODD.format(error=error))
    install("odder", "[zarr.data_type]\nodder.name = odder:Offered\n", ODD.format(error=error))
    install("offering", "[zarr.data_type]\noffered.name = offering:Offered\n", SOURCES["data_type"])
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        assert type(data_type_registry.match_json("data_type", zarr_format=3)).__module__ == "offering"
        assert zarr.create_array({}, shape=3, dtype="<i4").dtype == np.dtype("i4")
        assert zarr.create_array({}, shape=3, dtype="<U4", zarr_format=2).dtype == np.dtype("<U4")
    said = sorted(str(one.message) for one in given)
    assert len(said) == 2
    for text, name in zip(said, ("odd.name", "odder.name"), strict=True):
        assert text.startswith(f"the data type {name!r}")
        assert f"left out of a search: it raised {error.partition('(')[0]}: " in text


@pytest.mark.parametrize("error", ["KeyError('k')", "AttributeError('a')", "RuntimeError('r')", "IndexError('i')"])
def test_an_odd_error_of_a_data_type_is_named_to_whoever_asks_for_it(error, install):
    install("odd", "[zarr.data_type]\nodd.name = odd:Offered\n", ODD.format(error=error))
    kind = error.partition("(")[0]
    with pytest.raises(DataTypeValidationError, match=rf"odd\.Offered.*{kind}"):
        zarr.create_array({}, shape=3, dtype="odd.name")
    store = {}
    zarr.create_array(store, shape=3, dtype="int8")
    document = store["zarr.json"].to_bytes().replace(b'"int8"', b'"odd.name"')
    store["zarr.json"] = zarr.buffer.cpu.Buffer.from_bytes(document)
    with pytest.raises(DataTypeValidationError, match=rf"zarr\.json.*{kind}"):
        zarr.open_array(store)
