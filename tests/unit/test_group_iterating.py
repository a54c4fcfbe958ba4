"""Members of a group one after the other: as pairs, by functions as h5py and zarr-python 2 have them, and in notebooks."""

from __future__ import annotations

import pytest

import zarr
from tests.suites.calls import run


class TestVisiting:
    @pytest.fixture
    def root(self, zarr_format):
        root = zarr.create_group({}, zarr_format=zarr_format)
        for path in ("b/x", "a/y/z", "c"):
            root.create_array(path, shape=2, dtype="i1")
        return root

    def test_items_and_values(self, root):
        assert [(name, node.path) for name, node in root.items()] == [("a", "a"), ("b", "b"), ("c", "c")]
        assert [type(node) for node in root.values()] == [zarr.Group, zarr.Group, zarr.Array]
        assert dict(root.items())["c"] == root["c"]

        async def work():
            face = root._async_group
            names = [name async for name, _ in face.items()]
            return names, [node.path async for node in face.values()]

        assert run(work()) == (["a", "b", "c"], ["a", "b", "c"])

    def test_every_node_is_visited_depth_first(self, root):
        paths, nodes, items = [], [], []
        assert root.visit(paths.append) is None
        assert root.visitkeys(paths.append) is None
        assert root.visitvalues(nodes.append) is None
        assert root.visititems(lambda path, node: items.append((path, node.path))) is None
        expected = ["a", "a/y", "a/y/z", "b", "b/x", "c"]
        assert paths == expected * 2
        assert [node.path for node in nodes] == expected
        assert items == [(path, path) for path in expected]
        below = []
        root["a"].visit(below.append)
        assert below == ["y", "y/z"]

    def test_the_first_result_ends_it(self, root):
        seen = []

        def find(path, node):
            seen.append(path)
            return path if isinstance(node, zarr.Array) else None

        assert root.visititems(find) == "a/y/z"
        assert seen == ["a", "a/y", "a/y/z"]
        assert root.visit(lambda path: 0 if path == "b" else None) == 0
        assert root.visitvalues(lambda node: node.path if "b" in node.path else None) == "b"

    def test_notebooks_complete_keys_and_show_trees(self, root):
        assert root._ipython_key_completions_() == ["a", "b", "c"]
        root.attrs["<x>"] = 1
        assert root.attrs._ipython_key_completions_() == ["<x>"]
        root.create_group("<b>&")
        shown = root.tree()._repr_mimebundle_()
        assert shown["text/plain"] == str(root.tree(plain=True))
        assert "<b>&lt;b&gt;&amp;</b>" in shown["text/html"]
        assert shown["text/html"].startswith("<pre")
        assert "└── <b>c</b> (2,) int8" in shown["text/html"]


def test_keys_that_lead_nowhere_are_no_members(zarr_format):
    values = {}
    root = zarr.create_group(values, zarr_format=zarr_format)
    root.create_array("a", data=[1])
    for key in ("", "/x", "../b", "./c"):
        values[key] = values["a/zarr.json" if zarr_format == 3 else "a/.zarray"]
    assert list(root) == ["a"]
    assert str(root.tree()).splitlines()[1:] == ["└── a (1,) int64"]
