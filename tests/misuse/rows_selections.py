"""Misuse of selections: reads and writes, by every route."""

import numpy as np

from tests.misuse.bench import Row, put

OUT_OF_BOUNDS = r"index {} is out of bounds for (axis {} with length {}|dimension with length {})"
RAGGED = [[0, 1], [2]]


def bounds(index, axis, length):
    return rf"index {index} is out of bounds for axis {axis} with length {length}"


READS = [
    Row("three integers for two axes", lambda f: f.a[0, 0, 0], IndexError, r"too many indices.*2-dimensional.*3"),
    Row("an integer past the end", lambda f: f.a[6], IndexError, bounds(6, 0, 6)),
    Row("an integer before the beginning", lambda f: f.a[0, -9], IndexError, bounds(-9, 1, 8)),
    Row("a huge integer", lambda f: f.a[2**70], IndexError, bounds(2**70, 0, 6)),
    Row("a float as index", lambda f: f.a[1.5], IndexError, r"float"),
    Row("a NaN as index", lambda f: f.a[float("nan")], IndexError, r"float"),
    Row("a NumPy float as index", lambda f: f.a[np.float64(1)], IndexError, r"float64"),
    Row("a string as index", lambda f: f.a["x"], IndexError, r"'x'"),
    Row("a list of strings as index", lambda f: f.a[["x", "y"]], IndexError, r"<U1|'x'"),
    Row("bytes as index", lambda f: f.a[b"x"], IndexError, r"bytes"),
    Row("a dict as index", lambda f: f.a[{}], IndexError, r"dict"),
    Row("a set as index", lambda f: f.a[{1}], IndexError, r"set"),
    Row("an object as index", lambda f: f.a[object()], IndexError, r"object"),
    Row("a complex number as index", lambda f: f.a[1j], IndexError, r"complex"),
    Row("a Boolean as index", lambda f: f.a[True], IndexError, r"bool", other="takes True for 1"),
    Row("two Ellipses", lambda f: f.a[..., ...], IndexError, r"single ellipsis"),
    Row("a slice with step 0", lambda f: f.a[::0], (IndexError, ValueError), r"slice.*zero"),
    Row("a slice of floats", lambda f: f.a[0.5:2], (IndexError, TypeError), r"slice\(0\.5"),
    Row("a slice of strings", lambda f: f.a["a":"b"], (IndexError, TypeError), r"slice\('a'"),
    Row("a list with an index past the end", lambda f: f.a[[0, 6]], IndexError, bounds(6, 0, 6)),
    Row("a list with an index before the beginning", lambda f: f.a[:, [0, -9]], IndexError, bounds(-9, 1, 8)),
    Row("a ragged list", lambda f: f.a[RAGGED], IndexError, r"inhomogeneous"),
    Row("a list of floats", lambda f: f.a[[0.0, 1.0]], IndexError, r"float64"),
    Row("a list of None", lambda f: f.a[[None]], IndexError, r"object"),
    Row("a mask of another length", lambda f: f.a[[True, False]], IndexError, r"2.*6"),
    Row("a mask of another shape", lambda f: f.a[np.ones((6, 7), bool)], IndexError, r"\(6, 7\).*\(6, 8\)"),
    Row("a mask of too many dimensions", lambda f: f.a[np.ones((6, 8, 1), bool)], IndexError, r"2-dimensional.*3"),
    Row("a mask of no dimensions", lambda f: f.a[np.array(True)], IndexError, r"Boolean.*0 dimensions"),
    Row(
        "a huge integer beside a list",
        lambda f: f.a[2**70, [0, 1]],
        IndexError,
        bounds(2**70, 0, 6),
        other="OverflowError",
    ),
    Row("a huge integer beside a list of lists", lambda f: f.a[2**70, [[0, 1]]], IndexError, bounds(2**70, 0, 6)),
    Row("lists that do not broadcast", lambda f: f.a[[0, 1], [0, 1, 2]], IndexError, r"\(2,\).*\(3,\)"),
    Row("a new axis beside a list", lambda f: f.a[None, [0, 1], [0, 1]], IndexError, r"None.*new axis"),
    Row("an index on a 0-d array", lambda f: f.point[0], IndexError, r"too many indices.*0-dimensional"),
    Row("a slice on a 0-d array", lambda f: f.point[:], IndexError, r"too many indices.*0-dimensional"),
    Row("a field of an array without fields", lambda f: f.a["field"], IndexError, r"'field'.*fields"),
    Row("a list of fields", lambda f: f.a[["p", "q"]], IndexError, r"<U1|'p'"),
    Row("sharded: an integer past the end", lambda f: f.sharded[8, 0], IndexError, bounds(8, 0, 8)),
    Row("sharded: a list past the end", lambda f: f.sharded[[1, 9]], IndexError, bounds(9, 0, 8)),
    Row("text: an integer past the end", lambda f: f.text[4], IndexError, bounds(4, 0, 4)),
    Row("iterating over a 0-d array", lambda f: list(f.point), TypeError, r"0-d array"),
    Row("the length of a 0-d array", lambda f: len(f.point), TypeError, r"unsized"),
    Row("a fieldless basic read", lambda f: f.a.get_basic_selection(0, fields="x"), IndexError, r"'x'.*fields"),
    Row("basic: a list", lambda f: f.a.get_basic_selection([0, 1]), IndexError, r"axis 0.*list"),
    Row("basic: a mask", lambda f: f.a.get_basic_selection(np.ones((6, 8), bool)), IndexError, r"axis 0.*ndarray"),
    Row("basic: a float", lambda f: f.a.get_basic_selection((0, 1.0)), IndexError, r"axis 1.*float"),
    Row("basic: a string", lambda f: f.a.get_basic_selection("x"), IndexError, r"axis 0.*str|'x'"),
    Row("basic: too many", lambda f: f.a.get_basic_selection((0, 0, 0)), IndexError, r"2-dimensional.*3"),
    Row("basic: past the end", lambda f: f.a.get_basic_selection(6), IndexError, bounds(6, 0, 6)),
    Row("basic: two Ellipses", lambda f: f.a.get_basic_selection((..., ...)), IndexError, r"single ellipsis"),
    Row(
        "basic: a slice with step 0",
        lambda f: f.a.get_basic_selection(slice(0, 2, 0)),
        (IndexError, ValueError),
        r"zero",
    ),
    Row("oindex: a list of lists", lambda f: f.a.oindex[[[0, 1]]], IndexError, r"axis 0.*one-dimensional.*2"),
    Row("oindex: a 2-d array", lambda f: f.a.oindex[np.zeros((2, 2), int)], IndexError, r"axis 0.*one-dimensional.*2"),
    Row("oindex: a mask of another length", lambda f: f.a.oindex[:, [True] * 7], IndexError, r"axis 1.*7.*8"),
    Row(
        "oindex: a mask of two dimensions", lambda f: f.a.oindex[np.ones((6, 8), bool)], IndexError, r"axis 0.*one-dim"
    ),
    Row("oindex: past the end", lambda f: f.a.oindex[[0, 6], :], IndexError, bounds(6, 0, 6)),
    Row("oindex: before the beginning", lambda f: f.a.oindex[[-7]], IndexError, bounds(-7, 0, 6)),
    Row("oindex: floats", lambda f: f.a.oindex[[0.5]], IndexError, r"axis 0.*float64"),
    Row("oindex: strings", lambda f: f.a.oindex[["x"]], IndexError, r"axis 0.*<U1"),
    Row("oindex: a string", lambda f: f.a.oindex["x"], IndexError, r"axis 0.*str|'x'"),
    Row("oindex: a ragged list", lambda f: f.a.oindex[(RAGGED,)], IndexError, r"axis 0.*inhomogeneous"),
    Row("oindex: too many", lambda f: f.a.oindex[[0], [0], [0]], IndexError, r"2-dimensional.*3"),
    Row("oindex: None", lambda f: f.a.oindex[None], IndexError, r"axis 0.*NoneType"),
    Row("oindex: a dict", lambda f: f.a.oindex[{}], IndexError, r"axis 0.*dict"),
    Row("oindex: huge unsigned", lambda f: f.a.oindex[np.array([2**63], "u8")], IndexError, bounds(2**63, 0, 6)),
    Row("vindex: one list for two axes", lambda f: f.a.vindex[[0, 1]], IndexError, r"2 dimensions.*\[0, 1\]"),
    Row("vindex: a slice", lambda f: f.a.vindex[[0, 1], :], IndexError, r"coordinate.*slice"),
    Row("vindex: lists that do not broadcast", lambda f: f.a.vindex[[0, 1], [0, 1, 2]], IndexError, r"\(2,\).*\(3,\)"),
    Row("vindex: past the end", lambda f: f.a.vindex[[0], [8]], IndexError, bounds(8, 1, 8)),
    Row("vindex: before the beginning", lambda f: f.a.vindex[[-7], [0]], IndexError, bounds(-7, 0, 6)),
    Row("vindex: floats", lambda f: f.a.vindex[[0.5], [0.5]], IndexError, r"integer arrays.*0\.5"),
    Row("vindex: strings", lambda f: f.a.vindex["x", "y"], IndexError, r"integer arrays.*'x'"),
    Row(
        "vindex: a mask of another shape",
        lambda f: f.a.vindex[np.ones((6, 7), bool)],
        IndexError,
        r"\(6, 8\).*\(6, 7\)",
    ),
    Row("vindex: an Ellipsis", lambda f: f.a.vindex[...], IndexError, r"unsupported selection.*Ellipsis"),
    Row("vindex: None", lambda f: f.a.vindex[None], IndexError, r"unsupported selection.*None"),
    Row("vindex: nothing", lambda f: f.a.vindex[()], IndexError, r"unsupported selection.*nothing"),
    Row("vindex: ragged", lambda f: f.a.vindex[RAGGED, [0, 1]], IndexError, r"unsupported selection"),
    Row("vindex: two masks", lambda f: f.a.vindex[[True] * 6, [True] * 8], IndexError, r"unsupported selection"),
    Row(
        "coordinates: one for two axes", lambda f: f.a.get_coordinate_selection([0]), IndexError, r"one integer.*\(2\)"
    ),
    Row("coordinates: three", lambda f: f.a.get_coordinate_selection(([0],) * 3), IndexError, r"one integer.*\(2\)"),
    Row("coordinates: a slice", lambda f: f.a.get_coordinate_selection(([0], slice(2))), IndexError, r"integer.*slice"),
    Row("coordinates: past the end", lambda f: f.a.get_coordinate_selection(([6], [0])), IndexError, bounds(6, 0, 6)),
    Row("coordinates: floats", lambda f: f.a.get_coordinate_selection(([0.0], [0.0])), IndexError, r"integer.*0\.0"),
    Row("coordinates: a dict", lambda f: f.a.get_coordinate_selection({}), IndexError, r"integer.*\{\}"),
    Row(
        "coordinates: do not broadcast",
        lambda f: f.a.get_coordinate_selection(([0, 1], [0, 1, 2])),
        IndexError,
        r"\(2,\).*\(3,\)",
    ),
    Row(
        "mask: another shape",
        lambda f: f.a.get_mask_selection(np.ones((8, 6), bool)),
        IndexError,
        r"\(6, 8\).*\(8, 6\)",
    ),
    Row("mask: of integers", lambda f: f.a.get_mask_selection(np.ones((6, 8), int)), IndexError, r"Boolean.*int64"),
    Row("mask: a list of Booleans", lambda f: f.a.get_mask_selection([True] * 6), IndexError, r"Boolean.*\(6, 8\)"),
    Row("mask: a slice", lambda f: f.a.get_mask_selection(slice(None)), IndexError, r"Boolean.*slice"),
    Row("mask: None", lambda f: f.a.get_mask_selection(None), IndexError, r"Boolean.*None"),
    Row("mask: two", lambda f: f.a.get_mask_selection((np.ones(6, bool), np.ones(8, bool))), IndexError, r"Boolean"),
    Row("blocks: past the end", lambda f: f.a.blocks[2, 0], IndexError, r"block index 2.*axis 0.*2 chunk"),
    Row("blocks: before the beginning", lambda f: f.a.blocks[0, -3], IndexError, r"block index -3.*axis 1.*2 chunk"),
    Row("blocks: a step", lambda f: f.a.blocks[::2], IndexError, r"block indexing.*step=1"),
    Row("blocks: a list", lambda f: f.a.blocks[[0, 1]], IndexError, r"block indexing.*axis 0.*list"),
    Row("blocks: a mask", lambda f: f.a.blocks[np.ones(2, bool)], IndexError, r"block indexing.*axis 0.*ndarray"),
    Row("blocks: a float", lambda f: f.a.blocks[0.0], IndexError, r"block indexing.*axis 0.*float"),
    Row("blocks: too many", lambda f: f.a.blocks[0, 0, 0], IndexError, r"2-dimensional.*3"),
    Row("blocks: None", lambda f: f.a.blocks[None], IndexError, r"block indexing.*axis 0.*NoneType"),
    Row("blocks: a string", lambda f: f.a.blocks["x"], IndexError, r"block indexing.*axis 0.*str"),
    Row("blocks: a slice of strings", lambda f: f.a.blocks["a":"b"], (IndexError, TypeError), r"slice\('a'"),
    Row(
        "out: another shape",
        lambda f: f.a.get_basic_selection(..., out=_out((6, 7), "i4")),
        ValueError,
        r"shape of out.*\(6, 8\).*\(6, 7\)",
    ),
    Row(
        "out: another dtype",
        lambda f: f.a.get_basic_selection(..., out=_out((6, 8), "u4")),
        ValueError,
        r"dtype of out.*int32.*uint32",
    ),
    Row("out: a list", lambda f: f.a.get_basic_selection(..., out=[0]), TypeError, r"out argument.*list"),
    Row(
        "out: read-only", lambda f: f.a.get_basic_selection(..., out=_frozen()), ValueError, r"out argument.*read-only"
    ),
    Row(
        "out: another shape, orthogonal",
        lambda f: f.a.get_orthogonal_selection(([0, 1],), out=_out((1, 8), "i4")),
        ValueError,
        r"shape of out.*\(2, 8\).*\(1, 8\)",
    ),
    Row("as an array without a copy", lambda f: np.asarray(f.a, copy=False), ValueError, r"copy=False"),
    Row("as an array of an unknown dtype", lambda f: np.asarray(f.a, dtype="nonsense"), TypeError, r"nonsense"),
    Row(
        "set_: fields that are not there",
        lambda f: f.a.set_basic_selection(0, 1, fields="x"),
        IndexError,
        r"'x'.*fields",
    ),
]


def _out(shape, dtype):
    from zarr.buffer.cpu import NDBuffer

    return NDBuffer.from_numpy_array(np.zeros(shape, dtype))


def _frozen():
    from zarr.buffer.cpu import NDBuffer

    array = np.zeros((6, 8), "i4")
    array.flags.writeable = False
    return NDBuffer.from_numpy_array(array)


WRITES = [
    Row("write: an integer past the end", lambda f: put(f.a, 6, 0), IndexError, bounds(6, 0, 6)),
    Row("write: three integers for two axes", lambda f: put(f.a, (0, 0, 0), 0), IndexError, r"2-dimensional.*3"),
    Row("write: a float as index", lambda f: put(f.a, 0.5, 0), IndexError, r"float"),
    Row("write: a string as index", lambda f: put(f.a, "x", 0), IndexError, r"'x'"),
    Row("write: a slice with step 0", lambda f: put(f.a, slice(0, 4, 0), 0), (IndexError, ValueError), r"slice.*zero"),
    Row("write: two Ellipses", lambda f: put(f.a, (..., ...), 0), IndexError, r"single ellipsis"),
    Row("write: a list past the end", lambda f: put(f.a, [0, 6], 0), IndexError, bounds(6, 0, 6)),
    Row(
        "write: a mask of another shape",
        lambda f: put(f.a, np.ones((6, 7), bool), 0),
        IndexError,
        r"\(6, 7\).*\(6, 8\)",
    ),
    Row("write: a None in a list", lambda f: put(f.a, [None, 1], 0), IndexError, r"object"),
    Row("write: to a 0-d array with an index", lambda f: put(f.point, 0, 1), IndexError, r"0-dimensional"),
    Row("write basic: a list", lambda f: f.a.set_basic_selection([0, 1], 0), IndexError, r"axis 0.*list"),
    Row("write basic: past the end", lambda f: f.a.set_basic_selection((0, 8), 0), IndexError, bounds(8, 1, 8)),
    Row("write oindex: a 2-d list", lambda f: put(f.a.oindex, ([[0]],), 0), IndexError, r"axis 0.*one-dimensional"),
    Row("write oindex: past the end", lambda f: put(f.a.oindex, (slice(None), [8]), 0), IndexError, bounds(8, 1, 8)),
    Row("write oindex: a short mask", lambda f: put(f.a.oindex, [True] * 5, 0), IndexError, r"axis 0.*5.*6"),
    Row("write vindex: past the end", lambda f: put(f.a.vindex, ([0, 6], [0, 0]), 0), IndexError, bounds(6, 0, 6)),
    Row("write vindex: one list", lambda f: put(f.a.vindex, [0, 1], 0), IndexError, r"2 dimensions"),
    Row(
        "write vindex: do not broadcast",
        lambda f: put(f.a.vindex, ([0, 1], [0, 1, 2]), 0),
        IndexError,
        r"\(2,\).*\(3,\)",
    ),
    Row("write coordinates: a slice", lambda f: f.a.set_coordinate_selection(([0], slice(2)), 0), IndexError, r"slice"),
    Row(
        "write coordinates: past the end",
        lambda f: f.a.set_coordinate_selection(([6], [0]), 0),
        IndexError,
        bounds(6, 0, 6),
    ),
    Row(
        "write mask: another shape",
        lambda f: f.a.set_mask_selection(np.ones((2, 2), bool), 0),
        IndexError,
        r"\(6, 8\).*\(2, 2\)",
    ),
    Row(
        "write mask: integers", lambda f: f.a.set_mask_selection(np.ones((6, 8), int), 0), IndexError, r"Boolean.*int64"
    ),
    Row("write blocks: past the end", lambda f: put(f.a.blocks, 2, 0), IndexError, r"block index 2.*axis 0"),
    Row("write blocks: a step", lambda f: put(f.a.blocks, slice(0, 2, 2), 0), IndexError, r"step=1"),
    Row("write blocks: a list", lambda f: put(f.a.blocks, [0], 0), IndexError, r"axis 0.*list"),
]

ROWS = [*READS, *WRITES]
