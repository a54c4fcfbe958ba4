"""What the reference shows of parameters and results, as it is read from sources and docstrings for the pages."""

import importlib
import inspect
import pkgutil
import re
from functools import cache
from pathlib import Path

import griffe
import pytest

ROOT = Path(__file__).parents[2]
NAMES = sorted(
    {
        name
        for page in (ROOT / "docs").glob("*.md")
        for name in re.findall(r"^::: (\S+)$", page.read_text(), re.MULTILINE)
    }
)


@cache
def package() -> griffe.Module:
    return griffe.load(
        "zarr",
        search_paths=[ROOT / "src"],
        extensions=griffe.load_extensions(str(ROOT / "docs" / "signatures.py")),
        docstring_parser="numpy",
        resolve_aliases=True,
        resolve_external=False,
    )


def described(name):
    """What a page shows of a name: itself, and its public members if it is a class."""
    found = package()[name.removeprefix("zarr.")]
    found = found.final_target if found.is_alias else found
    yield found
    if found.is_class:
        yield from (
            member.final_target if member.is_alias else member
            for key, member in found.all_members.items()
            if not key.startswith("_")
        )


def sections(found, kind):
    return (
        [section.value for section in found.docstring.parsed if section.kind.value == kind] if found.docstring else []
    )


def shown_default(parameter, found):
    """The value of a default as it is shown, and what there is instead of one."""
    if parameter.value is None:
        return inspect.Parameter.empty
    try:
        return eval(str(parameter.value), vars(importlib.import_module(found.module.path)))
    except NameError:  # of a value that shows itself by a name
        return str(parameter.value)


def actual_defaults(found):
    parameters = inspect.signature(pkgutil.resolve_name(found.path)).parameters
    return {name: parameter.default for name, parameter in parameters.items()}


def same(shown, actual):
    return (type(shown) is type(actual) and shown == actual) or shown == repr(actual)


@pytest.mark.parametrize("name", NAMES)
def test_defaults_of_parameters_are_those_of_the_signature(name):
    wrong = {}
    for found in described(name):
        for entries in sections(found, "parameters"):
            actual = actual_defaults(found)
            for parameter in entries:  # codecs of numcodecs have some that they pass on, without a default of their own
                default = actual.get(parameter.name.lstrip("*"), inspect.Parameter.empty)
                if not same(shown_default(parameter, found), default):
                    wrong[f"{found.path}({parameter.name})"] = (str(parameter.value), default)
    assert not wrong


@pytest.mark.parametrize("name", NAMES)
def test_a_list_of_parameters_has_them_all(name):
    for found in described(name):
        for entries in sections(found, "parameters") if found.is_function else []:
            listed = {parameter.name.lstrip("*") for parameter in entries}
            assert actual_defaults(found).keys() - {"self", "cls"} <= listed, found.path


@pytest.mark.parametrize("name", NAMES)
def test_words_about_defaults_are_those_of_the_signature(name):
    """`"x" (default)` and `... if None` in the description of a parameter."""
    wrong = []
    for found in described(name):
        for entries in sections(found, "parameters"):
            for parameter in entries:
                said = re.search(r"`(\S+)` \(default\)", parameter.description)
                if said and said[1].replace("'", '"') != str(parameter.value).replace("'", '"'):
                    wrong.append(f"{found.path}({parameter.name}): {said[1]}, and it is {parameter.value}")
                if re.search(r"\bif None\b", parameter.description) and str(parameter.value) != "None":
                    wrong.append(f"{found.path}({parameter.name}): speaks of None, and it is {parameter.value}")
    assert not wrong


@pytest.mark.parametrize("name", NAMES)
def test_results_have_a_type_and_a_description(name):
    for found in described(name):
        for kind in ("returns", "yields"):
            for entries in sections(found, kind):
                assert all(entry.annotation and entry.description for entry in entries), found.path


@pytest.mark.parametrize("face", ["Array", "Group", "AsyncArray", "AsyncGroup"])
def test_only_what_can_be_set_is_called_writable(face):
    writable = {found.name for found in described(f"zarr.{face}") if "writable" in found.labels}
    assert writable == ({"shape"} if face == "Array" else set())


@pytest.mark.parametrize("name", NAMES)
def test_each_error_has_an_entry_of_its_own(name):
    for found in described(name):
        for entries in sections(found, "raises"):
            assert all(re.fullmatch(r"[\w.]+", str(entry.annotation)) for entry in entries), found.path
            assert all(entry.description for entry in entries), found.path


@pytest.mark.parametrize("name", NAMES)
def test_types_are_those_that_a_reader_can_look_up(name):
    for found in described(name):
        for entries in sections(found, "parameters"):
            assert not any("Unpack" in str(entry.annotation) for entry in entries), found.path
