"""Selections of selections, composed into one: what a lazy view selects of its array.

A `Composed` says for each axis of the array which position of it an element of the view has:

    one position                 an integer
    a run of positions           (axis of the view, start, step)
    any positions                an int64 array with as many axes as the view, of length 1 where they do not depend on one

Whatever is selected of that is of the same form, so the cost of one more selection does not depend on how many there were. No two
runs go along one axis of the view, and no array of positions depends on an axis that a run goes along. An axis of the view that
nothing depends on is one that the user put in; its elements are all the same.

`lowered` is the selection of the array that reads or writes all of it, and how the axes of that come to be those of the view.
"""

from __future__ import annotations

import hashlib
import math
import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from zarr._selection.fancy import fancy
from zarr._selection.model import ArrayAxis, GridSelection, IntAxis, PointSelection, SliceAxis
from zarr.errors import ArrayIndexError, BoundsCheckError, SelectionShapeError

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._selection.model import AxisSelection, Selection

Positions: TypeAlias = "npt.NDArray[np.int64]"
AxisMap: TypeAlias = "int | tuple[int, int, int] | Positions"
Normalize: TypeAlias = "Callable[[Any, tuple[int, ...]], Selection]"

MOST_POINTS = 2**22
"""Lists of positions that were given apart become points together if these are no more, or no more than were given in one list."""
_MOST_AXES = 64
_SHOWN = 4


class Composed:
    """What a view selects.

    Parameters
    ----------
    of
        Shape of the array, as it was then.
    shape
        Shape of the view.
    maps
        For each axis of the array, where the elements of the view are along it.

    Examples
    --------
    >>> view = Composed.whole((10, 8)).select(np.s_[2:, 3]).select(np.s_[::-2])
    >>> view.shape, view.maps, str(view)
    ((4,), ((0, 9, -2), 3), '[9:2:-2, 3]')
    """

    __slots__ = ("_lowered", "maps", "of", "shape")

    def __init__(self, of: tuple[int, ...], shape: tuple[int, ...], maps: tuple[AxisMap, ...]) -> None:
        self.of, self.shape, self.maps = of, shape, maps
        self._lowered: Lowered | None = None

    @classmethod
    def whole(cls, shape: tuple[int, ...]) -> Composed:
        """All of an array."""
        return cls(shape, shape, tuple((axis, 0, 1) for axis in range(len(shape))))

    def select(self, selection: object, normalize: Normalize = fancy) -> Composed:
        """A selection of this one.

        Parameters
        ----------
        selection
            As the user wrote it, for an array of this shape.
        normalize
            Gives it its meaning, as of `zarr._selection`.

        Raises
        ------
        IndexError
            If it does not fit the shape, or lists of positions that depend on each other become too many points.
        """
        normal = normalize(selection, self.shape)
        shape = normal.result_shape
        if len(shape) > _MOST_AXES:
            raise ArrayIndexError(f"a view has at most {_MOST_AXES} axes, as arrays of NumPy have, not {len(shape)}")
        inner = _maps_of(normal, len(shape))
        maps = tuple([_composed(outer, inner, shape) for outer in self.maps])
        made = Composed(self.of, shape, maps)
        for each in maps:
            if type(each) is np.ndarray:
                made._check_points()
                break
        return made

    def transpose(self, axes: Sequence[int]) -> Composed:
        """With the axes in another order: all of them, each once, not negative.

        Examples
        --------
        >>> Composed.whole((2, 3)).transpose((1, 0)).shape
        (3, 2)
        """
        place = {axis: number for number, axis in enumerate(axes)}
        maps = tuple(
            each.transpose(axes)
            if isinstance(each, np.ndarray)
            else each
            if isinstance(each, int)
            else (place[each[0]], each[1], each[2])
            for each in self.maps
        )
        return Composed(self.of, tuple(self.shape[axis] for axis in axes), maps)

    # -- what it comes to ---------------------------------------------------------------------------------------

    @property
    def lowered(self) -> Lowered:
        """As one selection of the array."""
        if self._lowered is None:
            self._lowered = _lowered(self)
        return self._lowered

    @property
    def is_empty(self) -> bool:
        """Whether there is no element in it."""
        return 0 in self.shape

    def check(self, shape: tuple[int, ...]) -> None:
        """Raise BoundsCheckError if the array, of this shape by now, has not all that is selected."""
        if shape == self.of or self.is_empty:
            return
        if len(shape) != len(self.of):
            raise SelectionShapeError(
                f"the view is of an array of {len(self.of)} dimensions, and what is there now has {len(shape)}"
            )
        for number, (each, length) in enumerate(zip(self.maps, shape, strict=True)):
            last = self._last(each)
            if last >= length:
                raise BoundsCheckError(
                    f"the view goes up to position {last} of axis {number}, and that has length {length} now: the array was resized "
                    "after the view was made"
                )

    def _last(self, each: AxisMap) -> int:
        if isinstance(each, int):
            return each
        if isinstance(each, np.ndarray):
            return int(each.max())
        axis, start, step = each
        return max(start, start + step * (self.shape[axis] - 1))

    def _check_points(self) -> None:
        arrays = [each for each in self.maps if isinstance(each, np.ndarray)]
        if len(arrays) > 1 and not _is_outer(arrays):
            n_points = math.prod(self.shape[axis] for axis in _axes_of(arrays))
            _check_number(n_points, max(array.size for array in arrays))

    # -- as data ------------------------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """Shapes and maps in the form of JSON."""
        return {"of": list(self.of), "shape": list(self.shape), "axes": [_map_to_json(each) for each in self.maps]}

    @classmethod
    def from_json(cls, document: object) -> Composed:
        """What `to_json` gave. Whatever else it is given, what it makes is a selection.

        Raises
        ------
        ValueError
            If it is something else.
        """
        if not isinstance(document, dict) or set(document) != {"of", "shape", "axes"}:
            raise ValueError("a selection has the members 'of', 'shape' and 'axes', and no others")
        of, shape, axes = _lengths(document["of"], "of"), _lengths(document["shape"], "shape"), document["axes"]
        if not isinstance(axes, list) or len(axes) != len(of):
            raise ValueError(f"'axes' has to be a list with an entry for each of the {len(of)} axes in 'of'")
        made = cls(of, shape, tuple(_map_from_json(each, shape) for each in axes))
        made._check_maps()
        return made

    def _check_maps(self) -> None:
        """Raise ValueError for maps that no selection makes."""
        runs = [each[0] for each in self.maps if isinstance(each, tuple)]
        arrays = [each for each in self.maps if isinstance(each, np.ndarray)]
        if len(set(runs)) < len(runs) or set(runs) & _axes_of(arrays):
            raise ValueError("'axes' has two entries that depend on one axis, and one of them is a run")
        for number, (each, length) in enumerate(zip(self.maps, self.of, strict=True)):
            ends: Iterable[int] = (each,) if isinstance(each, int) else ()
            if isinstance(each, np.ndarray) and each.size:
                ends = (int(each.min()), int(each.max()))
            elif isinstance(each, tuple) and self.shape[each[0]]:
                ends = (each[1], each[1] + each[2] * (self.shape[each[0]] - 1))
            if any(not 0 <= end < length for end in ends) and not self.is_empty:
                raise ValueError(f"positions of axis {number} lie outside of it, which has length {length}")
        try:
            self._check_points()
        except ArrayIndexError as exc:
            raise ValueError(str(exc)) from None

    @property
    def said(self) -> tuple[Any, ...]:
        """What tells it from others, of numbers and texts only; long lists of positions by what they hash to."""
        return self.of, self.shape, tuple(_said(each) for each in self.maps)

    def __eq__(self, other: object) -> bool:
        return self.said == other.said if isinstance(other, Composed) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.said)

    def __reduce__(self) -> tuple[Any, ...]:
        return Composed, (self.of, self.shape, self.maps)

    def __str__(self) -> str:
        """As in square brackets, axis by axis of the array."""
        shown = [self._shown(each, length) for each, length in zip(self.maps, self.of, strict=True)]
        return f"[{', '.join(shown)}]"

    def _shown(self, each: AxisMap, length: int) -> str:
        if isinstance(each, int):
            return str(each)
        if isinstance(each, np.ndarray):
            if each.size > _SHOWN:
                return f"<{each.size} positions>"
            return str(each.ravel().tolist())
        axis, start, step = each
        return _shown_run(start, step, self.shape[axis], length)


@dataclass(frozen=True, slots=True)
class Lowered:
    """A composed selection as one of the array.

    What that reads or writes has its axes in the order of the array's, or points first; here it is called memory.

    Attributes
    ----------
    selection
        Of the array.
    axes
        For each axis of the memory, with the points' in their shape, the axis of the view.
    free
        The axes of the view that the memory does not have, increasing: all along them elements are the same.
    shape
        Shape of the view.
    """

    selection: Selection
    axes: tuple[int, ...]
    free: tuple[int, ...]
    shape: tuple[int, ...]

    @property
    def is_view(self) -> bool:
        """Whether the memory can be that of an array of the view's shape."""
        return isinstance(self.selection, GridSelection) and all(self.shape[axis] == 1 for axis in self.free)

    def to_memory(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """An array of the view's shape, as the memory of the selection; of elements that are the same place the last stays.

        No copy is made where `is_view`.
        """
        values = values[(*(-1 if axis in self.free else slice(None) for axis in range(len(self.shape))), ...)]
        kept = sorted(self.axes)
        values = values.transpose([kept.index(axis) for axis in self.axes])
        return values if isinstance(self.selection, GridSelection) else values.reshape(self.selection.shape)

    def from_memory(self, memory: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """What was read, as an array that broadcasts to the view's shape."""
        if isinstance(self.selection, PointSelection):
            memory = memory.reshape(*self.selection.point_shape, *memory.shape[1:])
        memory = memory.transpose(sorted(range(len(self.axes)), key=self.axes.__getitem__))
        return np.expand_dims(memory, self.free) if self.free else memory

    def region(self, of_memory: tuple[Any, ...]) -> tuple[Any, ...]:
        """A part of the memory as the same part of the view, for the square brackets of NumPy.

        The part has for each axis of the memory a slice with a step of 1, or numbers; of points it is their numbers.
        """
        found: list[Any] = [slice(0, length, 1) for length in self.shape]
        axes = self.axes
        if isinstance(self.selection, PointSelection):
            points, *others = of_memory
            n = len(self.selection.point_shape)
            if n == 1:
                found[axes[0]] = points
            else:
                numbers = np.arange(points.start, points.stop) if isinstance(points, slice) else points
                for axis, index in zip(axes[:n], np.unravel_index(numbers, self.selection.point_shape), strict=True):
                    found[axis] = index
            axes, of_memory = axes[n:], tuple(others)
        for axis, entry in zip(axes, of_memory, strict=True):
            found[axis] = entry
        if isinstance(self.selection, GridSelection) and sum(isinstance(entry, np.ndarray) for entry in found) > 1:
            return tuple(np.ix_(*(np.arange(e.start, e.stop) if isinstance(e, slice) else e for e in found)))
        return tuple(found)


# -- composing ------------------------------------------------------------------------------------------------------


def _maps_of(selection: Selection, ndim: int) -> list[AxisMap]:
    """A normalised selection in the same form: for each axis of what is selected from, where elements of the result are along it."""
    maps: list[AxisMap] = []
    before, points = (0, ()) if isinstance(selection, GridSelection) else (selection.position, selection.point_shape)
    taken: Sequence[int] = range(before, before + len(points))
    if isinstance(selection, GridSelection):
        taken = selection.new_axes
    place = 0
    for axis in selection.axes:
        if type(axis) is IntAxis:
            maps.append(axis.index)
            continue
        if type(axis) is ArrayAxis and not isinstance(selection, GridSelection):
            behind = ndim - before - len(points)
            maps.append(axis.indices.reshape((*(1,) * before, *points, *(1,) * behind)))
            continue
        while place in taken:
            place += 1
        if isinstance(axis, SliceAxis):
            maps.append((place, axis.start, axis.step))
        else:
            maps.append(_along(axis.indices, place, ndim))  # type: ignore[union-attr]  # not an integer, which was looked for
        place += 1
    return maps


def _along(positions: Positions, axis: int, ndim: int) -> Positions:
    shape = [1] * ndim
    shape[axis] = -1
    return positions.reshape(shape)


def _composed(outer: AxisMap, inner: list[AxisMap], shape: tuple[int, ...]) -> AxisMap:
    """Where elements of a selection of a view are, along an axis of the array."""
    if type(outer) is tuple:
        axis, start, step = outer
        found = inner[axis]
        if type(found) is tuple:
            count = shape[found[0]]
            return found[0], start + step * found[1] if count else 0, step * found[2] if count > 1 else 1
        if step == 1 and not start:
            return found
        return found * step + start  # type: ignore[operator]  # an integer, or an array of them
    return outer if isinstance(outer, int) else _picked(outer, inner, shape)  # type: ignore[arg-type]  # an array


def _picked(positions: Positions, inner: list[AxisMap], shape: tuple[int, ...]) -> AxisMap:
    """The same where positions are listed: the list itself is selected from."""
    axes = [axis for axis, length in enumerate(positions.shape) if length != 1]
    within = positions.reshape([positions.shape[axis] for axis in axes])
    index = [inner[axis] for axis in axes]
    arrays = [each for each in index if isinstance(each, np.ndarray)]
    if not arrays:
        entries = tuple(each if isinstance(each, int) else _run(each, shape) for each in index)  # type: ignore[arg-type]
        found = within[(*entries, ...)]
        if not found.ndim:
            return int(found)
        lengths = [1] * len(shape)
        for each in index:
            if isinstance(each, tuple):
                lengths[each[0]] = shape[each[0]]
        return found.reshape(lengths)
    mesh = [
        each
        if isinstance(each, int | np.ndarray)
        else _along(np.arange(shape[each[0]], dtype=np.int64) * each[2] + each[1], each[0], len(shape))
        for each in index
    ]
    n_points = math.prod(np.broadcast_shapes(*(np.shape(each) for each in mesh)))
    _check_number(n_points, max(positions.size, *(array.size for array in arrays)))
    picked: Positions = within[tuple(mesh)]
    return picked


def _run(each: tuple[int, int, int], shape: tuple[int, ...]) -> slice:
    axis, start, step = each
    if not shape[axis]:
        return slice(0, 0)
    stop = start + step * shape[axis]
    return slice(start, stop if stop >= 0 else None, step)


def _check_number(n_points: int, n_given: int) -> None:
    if n_points > max(MOST_POINTS, n_given):
        raise ArrayIndexError(
            f"lists of positions that go together and others beside them would make {n_points} points of a view, which is more than "
            f"{MOST_POINTS}. Read one of the selections first, and select from the array that it gives"
        )


# -- lowering -------------------------------------------------------------------------------------------------------


def _axes_of(arrays: Sequence[Positions]) -> set[int]:
    """The axes that positions depend on."""
    return {axis for array in arrays for axis, length in enumerate(array.shape) if length != 1}


def _is_outer(arrays: Sequence[Positions]) -> bool:
    """Whether each list of positions has an axis of its own, or none."""
    wide = [[axis for axis, length in enumerate(array.shape) if length != 1] for array in arrays]
    single = [axes[0] for axes in wide if axes]
    return all(len(axes) <= 1 for axes in wide) and len(set(single)) == len(single)


def _lowered(composed: Composed) -> Lowered:
    shape = composed.shape
    arrays = [each for each in composed.maps if isinstance(each, np.ndarray)]
    outer = _is_outer(arrays)
    together = [] if outer else sorted(_axes_of(arrays))
    point_shape = tuple(shape[axis] for axis in together)
    chosen: list[AxisSelection] = []
    axes: list[int] = []
    for each in composed.maps:
        if isinstance(each, int):
            chosen.append(IntAxis(each))
        elif isinstance(each, tuple):
            chosen.append(_slice_axis(each, shape))
            axes.append(each[0])
        elif each.size == 1:
            chosen.append(IntAxis(int(each.reshape(-1)[0])))
        elif outer:
            chosen.append(ArrayAxis(np.ascontiguousarray(each.reshape(-1))))
            axes += [axis for axis, length in enumerate(each.shape) if length != 1]
        else:
            spread = each.reshape([each.shape[axis] for axis in together])
            chosen.append(ArrayAxis(np.ascontiguousarray(np.broadcast_to(spread, point_shape).reshape(-1))))
    selection: Selection
    if outer:
        selection = GridSelection(tuple(chosen))
    else:
        selection, axes = PointSelection(tuple(chosen), point_shape), [*together, *axes]
    free = tuple(axis for axis in range(len(shape)) if axis not in axes)
    return Lowered(selection, tuple(axes), free, shape)


def _slice_axis(each: tuple[int, int, int], shape: tuple[int, ...]) -> SliceAxis:
    axis, start, step = each
    count = shape[axis]
    return SliceAxis(start, step, count) if count else SliceAxis(0, 1, 0)


# -- forms ----------------------------------------------------------------------------------------------------------


def _said(each: AxisMap) -> Any:
    if not isinstance(each, np.ndarray):
        return each
    octets = np.ascontiguousarray(each, "<i8").tobytes()
    return each.shape, hashlib.blake2b(octets, digest_size=16).hexdigest()


def _shown_run(start: int, step: int, count: int, length: int) -> str:
    if (start, step, count) == (0, 1, length):
        return ":"
    if not count:
        return "0:0"
    if count == 1:
        return f"{start}:{start + 1}"
    last = start + step * (count - 1)
    if step == 1:
        return f"{start}:{last + 1}"
    stop = last + 1 if step > 0 else "" if last == 0 else last - 1
    return f"{start}:{stop}:{step}"


def _map_to_json(each: AxisMap) -> Any:
    if isinstance(each, int):
        return {"at": each}
    if isinstance(each, tuple):
        return {"axis": each[0], "start": each[1], "step": each[2]}
    return {"positions": each.reshape(-1).tolist(), "shape": list(each.shape)}


def _map_from_json(each: object, shape: tuple[int, ...]) -> AxisMap:
    members = each if isinstance(each, dict) else {}
    match sorted(members):
        case ["at"]:
            return _integer(members["at"], "at")
        case ["axis", "start", "step"]:
            axis, start, step = (_integer(members[name], name) for name in ("axis", "start", "step"))
            if not 0 <= axis < len(shape) or step == 0:
                raise ValueError(
                    f"a run goes along an axis of the view with a step that is not 0, and not as {each!r} says"
                )
            return axis, start if shape[axis] else 0, step if shape[axis] > 1 else 1
        case ["positions", "shape"]:
            lengths = _lengths(members["shape"], "shape")
            given = members["positions"]
            fits = len(lengths) == len(shape) and all(n in (1, m) for n, m in zip(lengths, shape, strict=False))
            if not fits or not isinstance(given, list) or len(given) != math.prod(lengths):
                raise ValueError(f"positions of shape {lengths} do not fit a view of shape {shape}")
            if any(type(number) is not int or not -(2**63) <= number < 2**63 for number in given):
                raise ValueError("positions have to be integers")
            return np.array(given, np.int64).reshape(lengths)
    raise ValueError("an entry of 'axes' has 'at', or 'axis', 'start' and 'step', or 'positions' and 'shape'")


def _lengths(given: object, name: str) -> tuple[int, ...]:
    if not isinstance(given, list) or len(given) > _MOST_AXES:
        raise ValueError(f"{name!r} has to be a list of at most {_MOST_AXES} lengths")
    lengths = tuple(_integer(length, name) for length in given)
    if any(length < 0 for length in lengths):
        raise ValueError(f"{name!r} has a length that is negative")
    return lengths


def _integer(given: object, name: str) -> int:
    if type(given) is not int or not -(2**63) <= given < 2**63:
        raise ValueError(f"{name!r} has to be an integer, got {type(given).__name__}")
    return operator.index(given)
