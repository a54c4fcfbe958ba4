"""Misuse of values: what is written, resize and append, attributes."""

import numpy as np

import zarr
from tests.misuse.bench import Row, buffer, delete, put


class Odd:
    """An object that is nothing."""

    def __repr__(self):
        return "Odd()"


class Failing:
    """Something that looks like an array until it is looked at."""

    shape, dtype, ndim = (6, 8), np.dtype("int32"), 2

    def __array__(self, dtype=None, copy=None):
        raise ValueError("the tape is torn")


VALUES = [
    Row("value: too many rows", lambda f: put(f.a, ..., np.zeros((7, 8), "i4")), ValueError, r"\(7, ?8\).*\(6, ?8\)"),
    Row("value: too long for a row", lambda f: put(f.a, 0, np.zeros(9, "i4")), ValueError, r"\(9,\).*\(8,\)"),
    Row("value: too many dimensions", lambda f: put(f.a, 0, np.zeros((2, 8), "i4")), ValueError, r"\(2, ?8\).*\(8,\)"),
    Row("value: an array for one element", lambda f: put(f.a, (0, 0), [1, 2]), ValueError, r"\(2,\).*\(\)"),
    Row(
        "value: a short list",
        lambda f: put(f.a, ..., [1, 2, 3]),
        ValueError,
        r"\(3,\).*\(6, ?8\)",
        other="IndexError from within; NumPy raises ValueError",
    ),
    Row("value: nothing for something", lambda f: put(f.a, 0, []), ValueError, r"\(0,\).*\(8,\)"),
    Row("value: a ragged list", lambda f: put(f.a, slice(2), [[1, 2], [3]]), ValueError, r"ragged|inhomogeneous"),
    Row("value: text to integers", lambda f: put(f.a, 0, "text"), ValueError, r"'text'"),
    Row("value: a list of text to integers", lambda f: put(f.a, 0, ["x"] * 8), ValueError, r"'x'"),
    Row("value: None to integers", lambda f: put(f.a, 0, None), TypeError, r"NoneType"),
    Row("value: an object to integers", lambda f: put(f.a, 0, Odd()), TypeError, r"Odd"),
    Row("value: a dict to integers", lambda f: put(f.a, 0, {"x": 1}), TypeError, r"dict"),
    Row("value: complex to integers", lambda f: put(f.a, 0, 1j), TypeError, r"complex"),
    Row(
        "value: too large an integer",
        lambda f: put(f.a, 0, 2**40),
        OverflowError,
        r"1099511627776|out of bounds|too large",
    ),
    Row("value: a huge integer", lambda f: put(f.a, 0, 2**100), OverflowError, r"too large"),
    Row("value: a negative integer to unsigned", lambda f: put(f.sharded, 0, -1), OverflowError, r"-1.*uint8"),
    Row("value: too large an integer to unsigned", lambda f: put(f.sharded, 0, 256), OverflowError, r"256.*uint8"),
    Row("value: text to floats", lambda f: put(f.line, 0, "x"), ValueError, r"'x'"),
    Row("value: a dict to floats", lambda f: put(f.line, 0, {}), TypeError, r"dict"),
    Row("value: NaN to integers", lambda f: put(f.a, 0, float("nan")), ValueError, r"NaN"),
    Row("value: infinity to integers", lambda f: put(f.a, 0, float("inf")), OverflowError, r"infinity"),
    Row("value: an array that fails", lambda f: put(f.a, ..., Failing()), ValueError, r"tape is torn"),
    Row("value: a group", lambda f: put(f.a, 0, f.g), TypeError, r"Group"),
    Row(
        "value: to the wrong blocks",
        lambda f: put(f.a.blocks, 0, np.zeros((2, 8), "i4")),
        ValueError,
        r"\(2, ?8\).*\(3, ?8\)",
    ),
    Row(
        "value: coordinates, too many",
        lambda f: put(f.a.vindex, ([0, 1], [0, 1]), [1, 2, 3]),
        ValueError,
        r"\(3,\).*\(2,\)",
    ),
    Row("value: mask, too many", lambda f: put(f.a, _mask(3), [1, 2]), ValueError, r"\(2,\).*\(3,\)"),
    Row(
        "value: orthogonal, another shape",
        lambda f: put(f.a.oindex, ([0, 1], [0, 1]), np.zeros((3, 2), "i4")),
        ValueError,
        r"\(3, ?2\).*\(2, ?2\)",
    ),
    Row("value: 0-d, an array", lambda f: put(f.point, ..., [1, 2]), ValueError, r"\(2,\).*\(\)"),
    Row(
        "value: sharded, another shape",
        lambda f: put(f.sharded, slice(3), np.zeros((4, 8), "u1")),
        ValueError,
        r"\(4, ?8\).*\(3, ?8\)",
    ),
    Row(
        "value: text, numbers too many", lambda f: put(f.text, slice(2), ["a", "b", "c"]), ValueError, r"\(3,\).*\(2,\)"
    ),
    Row("value: read-only", lambda f: put(f.readonly_a, 0, 1), ValueError, r"read-only"),
    Row("value: read-only, mask", lambda f: put(f.readonly_a, _mask(1), 1), ValueError, r"read-only"),
    Row("value: read-only, blocks", lambda f: put(f.readonly_a.blocks, 0, 1), ValueError, r"read-only"),
    Row("value: read-only, nothing selected", lambda f: put(f.readonly_a, slice(0), 1), ValueError, r"read-only"),
]


def _mask(n):
    mask = np.zeros((6, 8), bool)
    mask.flat[:n] = True
    return mask


SHAPES = [
    Row("resize: too few lengths", lambda f: f.a.resize((6,)), ValueError, r"2 dim.*\(6,\)"),
    Row("resize: too many lengths", lambda f: f.a.resize((6, 8, 1)), ValueError, r"3.*2|2.*3"),
    Row("resize: an integer for two axes", lambda f: f.a.resize(6), ValueError, r"2 dim.*\(6,\)"),
    Row("resize: negative", lambda f: f.a.resize((-1, 8)), ValueError, r"-1"),
    Row("resize: a float", lambda f: f.a.resize((6.5, 8)), TypeError, r"6\.5"),
    Row("resize: None", lambda f: f.a.resize(None), TypeError, r"None"),
    Row("resize: a string", lambda f: f.a.resize("68"), TypeError, r"'68'"),
    Row("resize: strings", lambda f: f.a.resize(("6", "8")), TypeError, r"'6'"),
    Row("resize: nested", lambda f: f.a.resize(((6, 8),)), TypeError, r"\(6, 8\)"),
    Row("resize: None among the lengths", lambda f: f.a.resize((None, 8)), TypeError, r"None"),
    Row("resize: beyond all bounds", lambda f: f.a.resize((2**80, 8)), ValueError, r"1208925819614629174706176"),
    Row("resize: a 0-d array", lambda f: f.point.resize((1,)), ValueError, r"0 dim.*\(1,\)"),
    Row("resize: read-only", lambda f: f.readonly_a.resize((1, 1)), ValueError, r"read-only"),
    Row(
        "append: another width",
        lambda f: f.a.append(np.zeros((1, 7), "i4")),
        ValueError,
        r"\(1, 7\).*\(6, 8\)|\(6, 8\).*\(1, 7\)",
    ),
    Row(
        "append: a row without its axis",
        lambda f: f.a.append(np.zeros(8, "i4")),
        ValueError,
        r"\(8,\).*\(6, 8\)|\(6, 8\).*\(8,\)",
    ),
    Row("append: too many dimensions", lambda f: f.a.append(np.zeros((1, 1, 8), "i4")), ValueError, r"\(1, 1, 8\)"),
    Row("append: a scalar", lambda f: f.a.append(3), ValueError, r"\(\)"),
    Row(
        "append: an axis that is not there",
        lambda f: f.a.append(np.zeros((6, 8), "i4"), axis=2),
        ValueError,
        r"axis 2.*dimension 2",
    ),
    Row(
        "append: a negative axis too far",
        lambda f: f.a.append(np.zeros((6, 8), "i4"), axis=-3),
        ValueError,
        r"axis -3.*dimension 2",
    ),
    Row("append: an axis by name", lambda f: f.a.append(np.zeros((6, 8), "i4"), axis="x"), TypeError, r"axis.*'x'|str"),
    Row(
        "append: a float as axis", lambda f: f.a.append(np.zeros((6, 8), "i4"), axis=0.0), TypeError, r"float|axis 0\.0"
    ),
    Row(
        "append: another length of the axis given",
        lambda f: f.a.append(np.zeros((5, 2), "i4"), axis=1),
        ValueError,
        r"\(5, 2\)",
    ),
    Row("append: text", lambda f: f.a.append([["x"] * 8]), ValueError, r"'x'"),
    Row("append: None", lambda f: f.a.append(None), TypeError, r"NoneType"),
    Row("append: ragged", lambda f: f.a.append([[1], [2, 3]]), ValueError, r"ragged|inhomogeneous"),
    Row("append: to a 0-d array", lambda f: f.point.append([1]), ValueError, r"axis 0.*dimension 0"),
    Row("append: read-only", lambda f: f.readonly_a.append(np.zeros((1, 8), "i4")), ValueError, r"read-only"),
    Row("append: an integer too large", lambda f: f.sharded.append([[300] * 8]), OverflowError, r"300.*uint8"),
]

CYCLE: list = []
CYCLE.append(CYCLE)

ATTRIBUTES = [
    Row("attribute: an object", lambda f: put(f.a.attrs, "x", Odd()), TypeError, r"Odd.*JSON|JSON.*Odd"),
    Row("attribute: a set", lambda f: put(f.a.attrs, "x", {1}), TypeError, r"JSON.*set"),
    Row("attribute: bytes", lambda f: put(f.a.attrs, "x", b"1"), TypeError, r"JSON.*bytes"),
    Row("attribute: a complex number", lambda f: put(f.a.attrs, "x", 1j), TypeError, r"JSON.*complex"),
    Row("attribute: a function", lambda f: put(f.a.attrs, "x", len), TypeError, r"JSON.*builtin"),
    Row("attribute: an array of objects", lambda f: put(f.a.attrs, "x", np.array([Odd()])), TypeError, r"JSON.*Odd"),
    Row("attribute: a date", lambda f: put(f.a.attrs, "x", np.datetime64("2020-01-01")), TypeError, r"JSON.*date"),
    Row("attribute: contains itself", lambda f: put(f.a.attrs, "x", CYCLE), ValueError, r"[Cc]ircular"),
    Row("attribute: an array", lambda f: put(f.a.attrs, "x", f.a), TypeError, r"JSON.*Array"),
    Row("attribute: a tuple as key", lambda f: put(f.a.attrs, (1, 2), 3), TypeError, r"key.*tuple|tuple.*key"),
    Row("attribute: delete what is not there", lambda f: delete(f.a.attrs, "x"), KeyError, r"'x'"),
    Row("attribute: read what is not there", lambda f: f.a.attrs["x"], KeyError, r"'x'"),
    Row("attributes: of a group, an object", lambda f: put(f.root.attrs, "x", Odd()), TypeError, r"JSON.*Odd"),
    Row("attributes: update with a number", lambda f: f.a.attrs.update(3), TypeError, r"int"),
    Row(
        "attributes: put a list", lambda f: f.a.attrs.put([1, 2]), TypeError, r"attributes must be a mapping.*\[1, 2\]"
    ),
    Row("attributes: put None", lambda f: f.a.attrs.put(None), TypeError, r"NoneType"),
    Row("attributes: update_attributes with None", lambda f: f.a.update_attributes(None), TypeError, r"NoneType"),
    Row(
        "attributes: update_attributes with an object inside",
        lambda f: f.a.update_attributes({"x": Odd()}),
        TypeError,
        r"JSON.*Odd",
    ),
    Row(
        "attributes: group.update_attributes with a string",
        lambda f: f.root.update_attributes("xyz"),
        (TypeError, ValueError),
        r"'xyz'|str",
    ),
    Row("attributes: read-only array", lambda f: put(f.readonly_a.attrs, "x", 1), ValueError, r"read-only"),
    Row("attributes: read-only group", lambda f: put(f.readonly_root.attrs, "x", 1), ValueError, r"read-only"),
    Row(
        "attributes: read-only group, update_attributes",
        lambda f: f.readonly_root.update_attributes({"x": 1}),
        ValueError,
        r"read-only",
    ),
    Row("attributes: read-only, delete", lambda f: delete(f.readonly_a.attrs, "units"), ValueError, r"read-only"),
    Row("attributes: format 2, an object", lambda f: put(f.a2.attrs, "x", Odd()), TypeError, r"JSON.*Odd"),
    Row(
        "attributes: created with an object",
        lambda f: f.root.create_array("new", shape=1, dtype="i4", attributes={"x": Odd()}),
        TypeError,
        r"JSON.*Odd",
    ),
    Row(
        "attributes: created with a list",
        lambda f: f.root.create_group("new", attributes=[1]),
        TypeError,
        r"attributes|int",
    ),
    Row(
        "attributes: created with a string",
        lambda f: zarr.create_array({}, shape=1, dtype="i4", attributes="no"),
        (TypeError, ValueError),
        r"attributes|'no'",
    ),
]

BUFFERS = [
    Row("buffer: store a str", lambda f: buffer("text"), TypeError, r"bytes|buffer"),
    Row("buffer: slice by a float", lambda f: buffer(b"123")[0.5], TypeError, r"float|slice"),
    Row(
        "buffer: a 2-d array",
        lambda f: zarr.buffer.cpu.Buffer.from_array_like(np.zeros((2, 2), "u1")),
        ValueError,
        r"1-dim|one-dim|ndim",
    ),
    Row(
        "buffer: of wide items",
        lambda f: zarr.buffer.cpu.Buffer.from_array_like(np.zeros(2, "i4")),
        ValueError,
        r"item|byte",
    ),
]

ROWS = [*VALUES, *SHAPES, *ATTRIBUTES, *BUFFERS]
