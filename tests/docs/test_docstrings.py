"""The reference is made from docstrings: they name every parameter, and show an example where one says more than words.

The examples run with the test-suite (`--doctest-modules`).
"""

import importlib
import inspect
import re

import pytest

from tests.public_names import public_objects

FACES = ("Array", "Group", "AsyncArray", "AsyncGroup")
# Their docstrings send the reader on: to the function or the synchronous method of the same name.
SEE = re.compile(r"[Ss]ee `|[Kk]eywords as in `|[Aa]s `|under zarr-python's name")


def methods():
    for face in FACES:
        cls = getattr(importlib.import_module("zarr"), face)
        for name in dir(cls):
            if not name.startswith("_"):
                static = inspect.getattr_static(cls, name)
                yield f"zarr.{face}.{name}", getattr(static, "fget", None) or getattr(static, "__func__", static)


def parameters(function):
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    signature = inspect.signature(function)
    return [p.name for p in signature.parameters.values() if p.name not in ("self", "cls") and p.kind not in kinds]


def plain(cls):
    """Whether a class is only a form for annotations, or an exception, for which a sentence is enough."""
    is_form = getattr(cls, "_is_protocol", False) or hasattr(cls, "__total__")
    return is_form or issubclass(cls, BaseException)


PUBLIC = dict(public_objects())
FUNCTIONS = {name: found for name, found in PUBLIC.items() if inspect.isroutine(found)}
CLASSES = {name: found for name, found in PUBLIC.items() if inspect.isclass(found) and not plain(found)}
METHODS = dict(methods())


@pytest.mark.parametrize("name", [*PUBLIC, *METHODS])
def test_there_is_one(name):
    found = PUBLIC.get(name) or METHODS[name]
    assert found.__doc__
    assert not found.__doc__.startswith(f"{found.__name__}("), "dataclass wrote it"


@pytest.mark.parametrize("name", [*FUNCTIONS, *CLASSES])
def test_it_has_an_example(name):
    assert ">>> " in PUBLIC[name].__doc__


@pytest.mark.parametrize("name", [*FUNCTIONS, *METHODS])
def test_it_names_every_parameter(name):
    function = FUNCTIONS.get(name) or METHODS[name]
    text = function.__doc__
    missing = [parameter for parameter in parameters(function) if not re.search(rf"\b{parameter}\b", text)]
    assert not missing or SEE.search(text)
