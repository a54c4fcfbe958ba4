"""The public names of every public module, against a committed list: adding or losing one is a decision.

After a deliberate change: `python -m tests.compat.test_surface` writes the list anew.
"""

import importlib
import json
import pkgutil
from pathlib import Path

import pytest

import zarr

SNAPSHOT = Path(__file__).with_name("surface.json")


def public_modules():
    modules = (module.name for module in pkgutil.walk_packages(zarr.__path__, "zarr."))
    return sorted(["zarr", *(name for name in modules if "._" not in name)])


def public_names(module):
    return sorted(getattr(importlib.import_module(module), "__all__", []))


RECORDED = json.loads(SNAPSHOT.read_text()) if SNAPSHOT.exists() else {}


def test_modules():
    assert public_modules() == sorted(RECORDED)


@pytest.mark.parametrize("module", sorted(RECORDED))
def test_names(module):
    assert public_names(module) == RECORDED[module]


@pytest.mark.parametrize("module", sorted(RECORDED))
def test_every_name_is_there(module):
    mod = importlib.import_module(module)
    missing = [name for name in RECORDED[module] if not hasattr(mod, name)]
    assert not missing


if __name__ == "__main__":
    SNAPSHOT.write_text(json.dumps({name: public_names(name) for name in public_modules()}, indent=1) + "\n")
