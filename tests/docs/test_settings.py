"""Reference pages name everything there is: each key of the configuration, each error class, each public name."""

import re
from pathlib import Path

import pytest

import zarr
from zarr import errors
from zarr._config import DEFAULTS

DOCS = Path(__file__).parents[2] / "docs"


def flat(values, prefix=""):
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


@pytest.mark.parametrize(("key", "default"), list(flat(DEFAULTS)))
def test_key_is_documented_with_its_default(key, default):
    (row,) = re.findall(rf"^\| `{re.escape(key)}` \|(.*)$", (DOCS / "configuration.md").read_text(), re.MULTILINE)
    shown = row.split("|")[0].strip(" `")
    if isinstance(default, dict):
        assert shown == "{}"
    else:
        assert eval(shown) == default


@pytest.mark.parametrize("name", errors.__all__)
def test_error_is_documented(name):
    assert f"`{name}`" in (DOCS / "errors.md").read_text()


@pytest.mark.parametrize("name", [name for name in zarr.__all__ if name not in ("__version__", "config")])
def test_name_is_in_the_reference(name):
    assert f"::: zarr.{name}\n" in (DOCS / "api.md").read_text()
