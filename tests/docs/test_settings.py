"""Reference pages name everything there is: each key of the configuration, each error class, each public name."""

import pkgutil
import re
from pathlib import Path

import pytest

from tests.public_names import public_objects
from zarr import errors
from zarr._support.settings import DEFAULTS

DOCS = Path(__file__).parents[2] / "docs"
PUBLIC = dict(public_objects())


def flat(values, prefix=""):
    for key, value in values.items():
        if isinstance(value, dict) and key != "codecs":
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


@pytest.mark.parametrize(("key", "default"), list(flat(DEFAULTS)))
def test_key_is_documented_with_its_default(key, default):
    (row,) = re.findall(rf"^\| `{re.escape(key)}` \|(.*)$", (DOCS / "configuration.md").read_text(), re.MULTILINE)
    shown = row.split("|")[0].strip(" `")
    if isinstance(default, dict):
        assert shown == "the classes of this library"
    else:
        assert eval(shown) == default


@pytest.mark.parametrize("name", errors.__all__)
def test_error_is_documented(name):
    assert f"`{name}`" in (DOCS / "errors.md").read_text()


def documented():
    """What the reference pages have, by identity: some objects are public in two modules."""
    pages = [page.read_text() for page in DOCS.glob("api*.md")]
    names = [name for page in pages for name in re.findall(r"^::: (\S+)$", page, re.MULTILINE)]
    assert len(names) == len(set(names))
    return {id(pkgutil.resolve_name(name)) for name in names}


@pytest.mark.parametrize("name", PUBLIC)
def test_name_is_in_the_reference(name):
    assert id(PUBLIC[name]) in documented()
