"""The public names of every public module, against a committed list: adding or losing one is a decision.

After a deliberate change: `python -m tests.compat.test_surface` writes the list anew.
"""

import importlib
import json
import pkgutil
from pathlib import Path

import pytest

from tests.public_names import public_modules, public_names

SNAPSHOT = Path(__file__).with_name("surface.json")
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


@pytest.mark.parametrize("module", sorted(RECORDED))
def test_dir_shows_these_and_submodules_only(module):
    mod = importlib.import_module(module)
    shown = set(dir(mod))
    assert all(not name.startswith("_") or name == "__version__" for name in shown)
    submodules = {found.name for found in pkgutil.iter_modules(getattr(mod, "__path__", []))}
    aliases = {"set_format", "set_log_level"} if module == "zarr" else set()
    offered = {name for name in RECORDED[module] if not name.startswith("_")}
    assert offered <= shown <= {*RECORDED[module], *submodules, *aliases}
    assert [name for name in shown if not hasattr(mod, name)] == []


if __name__ == "__main__":
    SNAPSHOT.write_text(json.dumps({name: public_names(name) for name in public_modules()}, indent=1) + "\n")
