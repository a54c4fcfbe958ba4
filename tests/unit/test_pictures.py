"""What notebooks show of arrays, groups and views, and pictures with matplotlib."""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zarr
from tests.suites.plain_stores import Awaited
from zarr._faces.chunk_drawing import CHUNK, SELECTED, SHARD, draw_chunks

VOID = {"br", "hr", "img"}


class Page(HTMLParser):
    """Checks that elements end where they should, and keeps what there is."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.lines = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.lines.append(data)

    @property
    def text(self):
        return " ".join(self.lines)


def page(node):
    shown = Page(node._repr_html_())
    assert set(shown.tags) <= {
        *("div", "b", "table", "tr", "th", "td", "span", "details", "summary"),
        *("svg", "polygon", "path", "text"),
    }
    assert {name for name, _ in shown.attributes if name.startswith("on") or name in ("href", "src")} == set()
    return shown


@pytest.fixture
def array():
    data = np.arange(6 * 40 * 60, dtype="f4").reshape(6, 40, 60)
    names = ["time", None, "lon"]
    return zarr.create_array({}, data=data, chunks=(1, 10, 20), shards=(2, 20, 60), dimension_names=names, name="a")


class TestArrays:
    def test_facts(self, array):
        text = page(array).text
        for fact in (
            "6 × 40 × 60 (time, –, lon)",
            "float32",
            "1 × 10 × 20 (800B), 72 of them",
            "2 × 20 × 60 (9.4KB), 6 of them",
            "6 at most",
            "bytes(endian=little) → zstd(level=0, checksum=false)",
            "MemoryStore",
        ):
            assert fact in text

    @pytest.mark.parametrize("shape", [(), (0, 3), (7,), (3, 4), (2, 3, 4), (2, 2, 3, 4)])
    @pytest.mark.parametrize("zarr_format", [2, 3])
    def test_every_number_of_dimensions(self, shape, zarr_format):
        made = zarr.create_array({}, shape=shape, dtype="i2", zarr_format=zarr_format)
        assert ("svg" in page(made).tags) == (len(shape) > 0 and 0 not in shape)
        assert page(made.async_array).text

    def test_uneven_chunks_and_strange_types(self):
        with zarr.config.set({"array.rectilinear_chunks": True}):
            uneven = zarr.create_array({}, shape=(10, 4), chunks=[[3, 7], [4]], dtype="i4")
        assert "(3, 7) × 4" in page(uneven).text
        page(zarr.create_array({}, data=np.array(["a"], "T")))
        page(zarr.create_array({}, shape=3, dtype=[("x", "i4"), ("<b>", "f8")]))
        page(zarr.create_array({}, shape=3, dtype="M8[ns]"))

    def test_all_text_is_escaped(self, tmp_path):
        evil = "<script>alert('&')</script>"
        made = zarr.create_array(
            {}, name=evil.replace("/", "|"), shape=3, dtype="i1", attributes={evil: [evil]}, dimension_names=[evil]
        )
        assert "script" not in page(made).tags
        assert evil in page(made).text
        group = zarr.open_group(made.store)
        group.attrs["x"] = evil
        assert "script" not in page(group).tags
        assert evil.replace("/", "|") in page(group).text
        assert "script" not in page(made.lazy[1:]).tags

    def test_nothing_is_asked_of_the_store(self, tmp_path, array):
        with zarr.storage.trace(array.store) as store:
            counted = zarr.open_array(store, path="a", mode="r")
            view = counted.lazy[2:4, 5]
            before = store.total.requests
            page(counted), page(view), page(view.oindex[:, [1, 2]]), page(view.vindex[[0], [1]])
            assert store.total.requests == before

    def test_arrays_that_cannot_be_read_are_shown_as_text(self):
        group = zarr.create_group({})
        made = group.create_array("a", shape=3, dtype="i1")
        document = made.store.get_sync("a/zarr.json").to_bytes().replace(b"int8", b"what")
        made.store.set_sync("a/zarr.json", zarr.buffer.cpu.Buffer.from_bytes(document))
        (found,) = dict(group.members()).values()
        assert found._repr_html_() is None
        assert "cannot be read" in page(group).text


@pytest.mark.filterwarnings("ignore:Consolidated metadata")
class TestGroups:
    def test_members(self):
        group = zarr.create_group({}, attributes={"title": "all", "n": 1})
        group.create_array("a", shape=(3, 4), dtype="i4")
        group.create_group("g")
        text = page(group).text
        assert "a 3 × 4 int32 g group" in text
        assert "2 attributes" in text

    def test_of_many_the_first(self):
        group = zarr.create_group({})
        for number in range(35):
            group.create_group(f"g{number:02}")
        text = page(group).text
        assert "g29" in text
        assert "g30" not in text
        assert "and 5 more; tree() shows all" in text
        text = page(zarr.consolidate_metadata(group.store)).text
        assert "and 5 more" in text

    def test_only_metadata_are_asked_for_and_nothing_of_another_computer(self, array):
        zarr.open_group(array.store).create_array("b", data=[1, 2])
        with zarr.storage.trace(array.store) as store:
            group = zarr.open_group(store, mode="r")
            store.reset()
            page(group)
            asked = store.total.requests
        assert asked <= 6
        consolidated = zarr.consolidate_metadata(array.store)
        with zarr.storage.trace(array.store) as store:
            group = zarr.open_group(store, mode="r")
            before = store.total.requests
            assert "6 × 40 × 60" in page(group).text
            assert store.total.requests == before
        assert consolidated is not None

    def test_others_are_not_asked(self):
        memory = zarr.storage.MemoryStore()
        zarr.create_group(memory).create_group("inside")
        assert "inside" in page(zarr.open_group(memory)).text
        assert "tree() shows what is in it" in page(zarr.open_group(memory)._async_group).text

    def test_a_listing_that_fails_is_no_error(self, monkeypatch):
        group = zarr.create_group({})
        monkeypatch.setattr("zarr._faces.html._first_members", lambda _: (_ for _ in ()).throw(OSError("gone")))
        assert "tree() shows" in page(group).text

    def test_stores_that_have_to_be_awaited(self):
        group = zarr.create_group(Awaited(zarr.storage.MemoryStore()))
        group.create_group("inside")
        page(group)


class TestViews:
    def test_what_is_selected(self, array):
        text = page(array.lazy[2:4, 5]).text
        assert "[2:4, 5] of 6 × 40 × 60" in text or "[2:4, 5, :] of 6 × 40 × 60" in text
        assert "1 of 6 at most" in text
        assert SELECTED in array.lazy[2:4]._repr_html_()
        assert "polygon" in page(array.lazy[::-2, 3:4, [1, 5]]).tags

    def test_points_and_nothing(self, array):
        assert "Objects" not in page(array.lazy.vindex[[0, 1], [2, 3], [4, 5]]).text
        page(array.lazy[2:2])
        page(array.async_array.lazy[1:])


class TestDrawings:
    @settings(max_examples=60)
    @given(st.data())
    def test_it_is_well_formed_and_lies_in_its_frame(self, data):
        shape = data.draw(st.lists(st.integers(1, 5000), min_size=1, max_size=4))
        chunks = [data.draw(st.integers(1, n)) for n in shape]
        sizes = [[c] * -(-n // c) for n, c in zip(shape, chunks, strict=True)]
        shards = data.draw(st.sampled_from([None, [[n] for n in shape]]))
        selected = data.draw(st.sampled_from([None, [(0, n) for n in shape]]))
        text = draw_chunks(shape, sizes, shards, selected)
        svg = ET.fromstring(text)
        width, height = float(svg.get("width")), float(svg.get("height"))
        for polygon in svg.iter("{http://www.w3.org/2000/svg}polygon"):
            for point in polygon.get("points").split():
                x, y = map(float, point.split(","))
                assert -1 <= x <= width + 1
                assert -1 <= y <= height + 1
        assert (SHARD in text) == (shards is not None)
        assert (SELECTED in text) == (selected is not None)
        assert CHUNK in text
        assert len(text) < 40_000

    def test_it_is_to_scale(self):
        text = draw_chunks((100, 200), [[50, 50], [50] * 4])
        first, chunk = re.findall(r'<polygon points="([^"]+)"', text)
        (whole_width, whole_height), (width, height) = map(size, (first, chunk))
        assert whole_width == pytest.approx(2 * whole_height, rel=0.01)
        assert width == pytest.approx(whole_width / 4, rel=0.02)
        assert height == pytest.approx(whole_height / 2, rel=0.02)


def size(points):
    xs, ys = zip(*(map(float, point.split(",")) for point in points.split()), strict=True)
    return max(xs) - min(xs), max(ys) - min(ys)


class TestPlots:
    @pytest.fixture(autouse=True)
    def without_a_window(self):
        mpl.use("Agg")
        from matplotlib import pyplot as plt

        yield
        plt.close("all")

    def test_an_image(self, array):
        axes = zarr.plot.image(array, 2)
        assert axes.images[0].get_array().tolist() == array[2].tolist()
        assert axes.get_title() == "/a [2]"
        assert axes.get_xlabel() == "lon"
        shown = zarr.plot.image(array.lazy[1], max_size=20, ax=axes).images[-1].get_array()
        assert shown.tolist() == array[1, ::2, ::3].tolist()

    @pytest.mark.parametrize(("shape", "index"), [((3,), ()), ((3, 4), 1), ((2, 3, 4), (0, 0))])
    def test_what_has_no_image(self, shape, index):
        with pytest.raises(zarr.errors.ArgumentError):
            zarr.plot.image(zarr.zeros(shape), index)
        with pytest.raises(zarr.errors.ArgumentError):
            zarr.plot.image(zarr.array([["a", "b"]]))

    def test_the_map_of_chunks(self, array):
        made = zarr.create_array({}, shape=(40, 60), chunks=(10, 10), dtype="i4")
        made[:20] = 1
        axes = zarr.plot.chunks(made)
        assert axes.images[0].get_array().tolist() == [[1.0] * 6] * 2 + [[0.0] * 6] * 2
        assert axes.get_title() == "12 of 24 chunks are stored"
        zarr.plot.chunks(zarr.stat(array), ax=axes)
        zarr.plot.chunks(zarr.stat(array).arrays[""], ax=axes)
        zarr.plot.chunks(zarr.ones(10, chunks=3))
        with pytest.raises(zarr.errors.ArgumentError, match="pass one of them"):
            zarr.plot.chunks(zarr.create_group({}))

    def test_codecs(self, array):
        found = zarr.checks.compare_codecs(array, ["none", "nothing"], n_times=1)
        axes = zarr.plot.codecs(found)
        assert [label.get_text() for label in axes.get_yticklabels()] == ["none", "as stored"]
        zarr.plot.codecs(array, codecs=["none"], n_times=1, ax=axes)
        with pytest.raises(zarr.errors.ArgumentError):
            zarr.plot.codecs(found, codecs=["none"])

    def test_without_matplotlib(self, array, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        with pytest.raises(ImportError, match="pip install matplotlib"):
            zarr.plot.image(array)
