"""Changes that are made through a group with consolidated metadata, and what has to be true afterwards."""

from __future__ import annotations

import numpy as np

import zarr
from tests.samples import described

NOT_SPECIFIED = "ignore:Consolidated metadata is currently not part:zarr.errors.ZarrUserWarning"


def consolidate(store, path=None):
    return zarr.consolidate_metadata(store, path=path)


def stored(group):
    """The same group, as it is without the copy."""
    return zarr.open_group(group.store, mode="r", use_consolidated=False)


def copy_key(zarr_format):
    return "zarr.json" if zarr_format == 3 else ".zmetadata"


def assert_true(group):
    """The handle, who opens the group next, and who looks at the store see the same."""
    store, path = group.store, group.path
    fresh = zarr.open_group(store, path=path, mode="r")
    assert fresh.metadata.consolidated_metadata is not None
    stored = zarr.open_group(store, path=path, mode="r", use_consolidated=False)
    assert described(group) == described(fresh) == described(stored)
    assert list(group) == list(fresh) == list(stored)
    assert len(group) == len(stored)


CHANGES = {
    "delete": lambda g: g.__delitem__("a"),
    "delete a group": lambda g: g.__delitem__("g"),
    "delete deep": lambda g: g.__delitem__("g/h/c"),
    "delete in a subgroup": lambda g: g["g"].__delitem__("h"),
    "create an array": lambda g: g.create_array("new", shape=3, dtype="i1"),
    "create deep": lambda g: g.create_array("x/y/z", shape=3, dtype="i1", attributes={"n": [1, None]}),
    "create a group": lambda g: g.create_group("g/new", attributes={"k": 1}),
    "create in a subgroup": lambda g: g["g/h"].create_group("x").create_array("y", data=[1, 2]),
    "require": lambda g: (g.require_group("new/er"), g.require_array("new/array", shape=2, dtype="i2")),
    "overwrite an array": lambda g: g.create_array("a", data=[1.5], overwrite=True),
    "overwrite a group by an array": lambda g: g.create_array("g", data=[1], overwrite=True),
    "overwrite a group": lambda g: g.create_group("g", overwrite=True, attributes={"fresh": True}),
    "put": lambda g: g.__setitem__("g/b", np.arange(7)),
    "older": lambda g: (g.zeros(name="z", shape=2), g.full_like(name="g/f", data=g["a"], fill_value=3)),
    "many": lambda g: dict(g.create_hierarchy({"m/1": g["a"].metadata, "m/2": g["a"].metadata})),
    "many, overwriting": lambda g: dict(g.create_hierarchy({"g": g["a"].metadata}, overwrite=True)),
    "move": lambda g: g.move("g/h", "moved/here"),
    "resize": lambda g: g["a"].resize((5, 3)),
    "shrink": lambda g: g["g"]["b"].resize((1, 1)),
    "append": lambda g: g["g/h/c"].append(np.ones((2, 3))),
    "set a shape": lambda g: setattr(g["a"], "shape", (4, 3)),
    "attributes of an array": lambda g: g["g/b"].attrs.update(x=[1]),
    "attributes of a group": lambda g: g["g"].attrs.put({"y": {"z": None}}),
    "delete an attribute": lambda g: (g["g"].attrs.update(y=1), g["g"].attrs.__delitem__("y")),
    "attributes of the group itself": lambda g: g.attrs.update(top=2),
    "copy": lambda g: zarr.copy(g["g"], g, name="twin"),
    "copy into what is there": lambda g: zarr.copy_all(g["g"]["h"], g["g"]),
    "copy over": lambda g: zarr.copy(g["g"], g, name="a", if_exists="replace"),
}
