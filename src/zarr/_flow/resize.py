"""Changing the shape of an array: resize and append.

Both hold the node from reading its shape to publishing the new one, and read the node's own document first: a handle
that is out of date, or consolidated metadata, is never believed. The shape is what reveals data, so data are written
before a larger shape is published, and a smaller shape is published before data are cut off. What lies beyond the
bounds of an array may be anything (another program may have left it there); a resize therefore clears what it is
about to reveal, and what it cut off. An append reveals only what it wrote.

Where a hold does not keep other processes out, two appends would find the same end. There an append makes room first, by
compare-and-swap on the shape, and then writes into what is its own.

A store of somebody else's may refuse chunks that the shape has no room for, or not delete them. There what is cut off goes before the
shape does, and an append that is refused makes room first, as in zarr-python.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._buffer.memory import empty
from zarr._flow import inventory
from zarr._flow.compare_and_swap import holding
from zarr._flow.load import load_again, load_array
from zarr._flow.objects import write
from zarr._flow.requests import Flow, Remove, TakeHold, Together
from zarr._flow.update import publish_shape, replaced, reserve
from zarr._selection.model import GridSelection, SliceAxis
from zarr._store.access import answers_at_once, capabilities, is_foreign, relies_on_versions
from zarr._support.signals import came_from_a_signal
from zarr.errors import HoldLostError, StoreRequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy.typing as npt

    from zarr._flow.node import ArrayNode, ArrayView
    from zarr._metadata.group import ArrayMetadata
    from zarr._metadata.spec import ArraySpec
    from zarr._store.abstract import Store
    from zarr._store.path import StorePath
    from zarr._store.versioned import Hold

FEW = 256
"""So many chunks are changed one by one without a look which of them are stored."""


def resize(node: ArrayNode, shape: tuple[int, ...], *, clear: bool = True) -> Flow[None]:
    """Change the shape. What a larger array reveals reads as the fill value; what a smaller one cuts off is deleted.

    With `clear=False` chunks outside a smaller shape are left in the store.
    """
    at = node.store_path

    def held(hold: Hold) -> Flow[None]:
        metadata = yield from load_again(at, node.metadata)
        _check_rank(metadata, shape)
        node._check(metadata.with_shape(shape))  # some chunks grow with the array
        before, after = node.view_of(metadata).spec, node.view_of(metadata.with_shape(shape)).spec
        removes = clear and any(new < old for new, old in zip(shape, before.shape, strict=True))
        first, last = None, None
        if relies_on_versions(at.store):
            first, last = _Check(at, metadata), _Check(at, metadata.with_shape(shape))
        shows = partial(_clear_shown, node, metadata, before, after, hold)
        cuts = partial(_clear_cut_off, node, metadata, before, after, hold) if removes else _clear_nothing
        takes_any_key = capabilities(at.store).takes_any_key
        if not takes_any_key:
            yield from cuts(first)
        yield from shows(first)
        node.publish(metadata)
        looks_again = not is_foreign(at.store)
        yield from publish_shape(node, metadata, shape, hold=hold, before_removal=removes, looks_again=looks_again)
        if takes_any_key:
            yield from cuts(last)

    yield from holding(at.store, at.path, held)


def _clear_shown(
    node: ArrayNode, metadata: ArrayMetadata, before: ArraySpec, after: ArraySpec, hold: Hold, check: _Check | None
) -> Flow[None]:
    """Clear what a larger shape shows."""
    yield from _remove_strays(node, before, after, hold, check)
    yield from _clear_edges(node, metadata.with_shape(after.shape), before.shape, after.shape, hold, check)


def _clear_cut_off(
    node: ArrayNode, metadata: ArrayMetadata, before: ArraySpec, after: ArraySpec, hold: Hold, check: _Check | None
) -> Flow[None]:
    """Clear and delete what a smaller shape cuts off."""
    yield from _clear_edges(node, metadata, after.shape, before.shape, hold, check)
    yield from _remove_cut_off(node, before, after, hold, check)


def _clear_nothing(_: _Check | None) -> Flow[None]:
    """Leave what is cut off where it is."""
    yield from ()


class _Check:
    """Sees to it that an array still has the shape that a resize goes by, where nobody can be kept from changing it.

    It is asked between reading an object and replacing that. Whoever appends changes the shape first and the object later, so
    either the shape or the version of the object tells.
    """

    __slots__ = ("_at", "_metadata")

    def __init__(self, at: StorePath, metadata: ArrayMetadata) -> None:
        self._at, self._metadata = at, metadata

    def __call__(self) -> Flow[None]:
        stored = yield from load_array(self._at, self._metadata.zarr_format)
        known = self._metadata
        if stored.shape != known.shape or not (known.is_continued_by(stored) and stored.is_continued_by(known)):
            raise replaced(self._at)


def append(node: ArrayNode, data: npt.NDArray[Any], axis: int) -> Flow[tuple[int, ...]]:
    """Write `data` behind the end of `axis`, wherever that is when the node's hold is taken; returns the new shape."""
    at = node.store_path
    if relies_on_versions(at.store):
        return (yield from _append_by_reserving(node, data, axis))

    def held(hold: Hold) -> Flow[tuple[int, ...]]:
        metadata = yield from load_again(at, node.metadata)
        old = metadata.shape
        _check_appendable(old, data.shape, axis)
        new = _longer(old, data.shape, axis)
        node.publish(metadata)
        if new != old:
            node._check(metadata.with_shape(new))
            appended = metadata.with_shape(new)
            view = node.view_of(appended)
            fill = partial(write, node, view, _rows(old, data.shape, axis), data, hold=hold)
            publish = partial(publish_shape, node, metadata, new, view=view, hold=hold)
            makes_room = False
            try:
                makes_room = yield from _refuses_beyond(at.store, fill)
                yield from publish()
                if makes_room:
                    yield from fill()
            except (GeneratorExit, HoldLostError):  # nobody answers any more; or it is for others to change now
                raise
            except BaseException as exc:
                yield from _noting(exc, node, _take_back(node, metadata, appended, hold, makes_room=makes_room))
                raise
        return new

    return (yield from holding(at.store, at.path, held))


def _longer(shape: tuple[int, ...], data_shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return (*shape[:axis], shape[axis] + data_shape[axis], *shape[axis + 1 :])


def _rows(shape: tuple[int, ...], data_shape: tuple[int, ...], axis: int) -> GridSelection:
    """Where data come that are appended to a shape."""
    return GridSelection(tuple(SliceAxis(shape[i] if i == axis else 0, 1, n) for i, n in enumerate(data_shape)))


def _refuses_beyond(store: Store, fill: Callable[[], Flow[None]]) -> Flow[bool]:
    """Write what is appended, beyond the shape; whether the store refused that, so that the shape has to come first."""
    try:
        yield from fill()
    except Exception as exc:  # somebody else's store raises what it likes
        if capabilities(store).takes_any_key or came_from_a_signal(exc):
            raise
        return True
    return False


def _append_by_reserving(node: ArrayNode, data: npt.NDArray[Any], axis: int) -> Flow[tuple[int, ...]]:
    """Append where nobody else can be kept from doing the same: the place comes first, and then the data.

    Of a program that is killed in between, a part of the array stays that reads as the fill value.
    """
    metadata = yield from load_again(node.store_path, node.metadata)

    def grow(shape: tuple[int, ...]) -> tuple[int, ...]:
        _check_appendable(shape, data.shape, axis)
        return _longer(shape, data.shape, axis)

    grow(metadata.shape)
    node.publish(metadata)
    if not data.shape[axis]:
        return metadata.shape
    old, reserved = yield from reserve(node, metadata, grow)
    try:
        yield from write(node, _view_beyond(node, reserved, axis), _rows(old, data.shape, axis), data)
    except GeneratorExit:
        raise
    except BaseException as exc:
        if not (_is_over(exc) and (yield from _give_back(node, old, reserved, axis))):
            exc.add_note(_left_in(node, old, reserved.shape, axis))
        raise
    return reserved.shape


# -- an append that failed ------------------------------------------------------------------------------------------


def _take_back(
    node: ArrayNode, before: ArrayMetadata, appended: ArrayMetadata, hold: Hold, *, makes_room: bool
) -> Flow[list[Exception]]:
    """Delete the chunks that an append has stored beyond the shape: nobody sees them, and only a growing array would clear them.

    What counts is the shape that is stored by now: with the new one all of it is there, unless that made room only. Rows that share
    a chunk with those that were there before stay in that, as it would have to be written anew. Returns what was met in deleting.
    """
    at = node.store_path
    stored = yield from load_array(at, before.zarr_format)
    if not before.is_continued_by(stored) or stored.shape not in (before.shape, appended.shape):
        return []  # somebody has replaced it, who knows no holds
    made_room = makes_room and stored.shape == appended.shape
    kept = before if made_room else stored
    beyond, spec = _outside(node.view_of(kept).spec, node.view_of(appended).spec), node.view_of(appended).spec
    few = answers_at_once(at.store) and inventory.count(beyond) <= FEW
    coords = inventory.coordinates(beyond) if few else (yield from inventory.stored_in(node, spec, beyond))
    keys = [node.key(spec.keys.encode_chunk_key(each)) for each in coords]
    failed = yield Together(_try_to_remove(at.store, key, hold) for key in keys)
    if made_room:
        looks_again = not is_foreign(at.store)
        yield from publish_shape(node, stored, before.shape, hold=hold, looks_again=looks_again)
    return [exc for exc in failed if exc is not None]


def _try_to_remove(store: Store, key: str, hold: Hold) -> Flow[Exception | None]:
    try:
        yield Remove(store, key, hold=hold)
    except Exception as exc:
        if came_from_a_signal(exc):
            raise
        return exc
    return None


def _noting(error: BaseException, node: ArrayNode, undoing: Flow[list[Exception]]) -> Flow[None]:
    """Undo something because of an error, which is told if that does not succeed either."""
    try:
        failed = yield from undoing
    except Exception as exc:
        if came_from_a_signal(exc):
            raise
        failed = [exc]
    if failed:
        at = node.store_path
        error.add_note(
            f"The array {'/' + at.path!r} of store {at.store!r} is as it was, but not all that had been stored beyond its shape could be "
            f"deleted again ({failed[0]}). It takes room until rows are appended there, or the array is resized to be larger and "
            "back again."
        )


def _is_over(error: BaseException) -> bool:
    """Whether after an error no store can still come to carry out a request: none was made, or it was refused."""
    if isinstance(error, StoreRequestError):
        return error.status is not None and 400 <= error.status < 500
    return isinstance(error, Exception) and not isinstance(error, OSError) and not came_from_a_signal(error)


def _give_back(node: ArrayNode, old: tuple[int, ...], reserved: ArrayMetadata, axis: int) -> Flow[bool]:
    """Make an array as short again as it was before room was reserved, if that still is its end; whether that was done.

    Until the shape is changed nobody else writes there. So the chunks go first, but for those that reach beyond either end of the room: in
    these, others may write at any time. They are changed by compare-and-swap; in the first one the rows stay, as beyond any shape.
    """
    at = node.store_path
    try:
        with (yield TakeHold(at.store, at.path)) as hold:
            check = _Check(at, reserved)
            yield from check()
            view, end = node.view_of(reserved), reserved.shape[axis]
            first, last = _next_boundary(view.spec, axis, old[axis]), _last_boundary(view.spec, axis, end)
            if first < last:
                kept = node.view_of(reserved.with_shape((*old[:axis], first, *old[axis + 1 :]))).spec
                whole = node.view_of(reserved.with_shape((*old[:axis], last, *old[axis + 1 :]))).spec
                removing = _remove(node, whole, inventory.coordinates(_outside(kept, whole)), hold, check)
                yield from _as_far_as_it_goes(removing, _is_over)
            if first <= last < end:
                rest = tuple(
                    SliceAxis(last if i == axis else 0, 1, end - last if i == axis else n) for i, n in enumerate(old)
                )
                filling = _fill(node, _view_beyond(node, reserved, axis), GridSelection(rest), hold, check)
                yield from _as_far_as_it_goes(filling, lambda _: True)
            yield from publish_shape(node, reserved, old, hold=hold)
    except Exception as exc:  # of the append it is told
        if came_from_a_signal(exc):
            raise
        return False
    return True


def _as_far_as_it_goes(flow: Flow[None], may_pass: Callable[[Exception], bool]) -> Flow[None]:
    """A flow of which it does not matter whether it gets to its end, if its error may pass: what it leaves is beyond the shape."""
    try:
        yield from flow
    except Exception as exc:
        if came_from_a_signal(exc) or not may_pass(exc):
            raise


def _last_boundary(spec: ArraySpec, axis: int, position: int) -> int:
    """The last chunk boundary at or before a position."""
    following = _next_boundary(spec, axis, position)
    if following == position:
        return position
    grid = spec.grid.axes[axis]
    return grid.start(int(grid.find(np.array([position - 1], np.int64))[0]))


def _left_in(node: ArrayNode, old: tuple[int, ...], new: tuple[int, ...], axis: int) -> str:
    at = node.store_path
    where = f"{':, ' * axis}{old[axis]}:{new[axis]}"
    return (
        f"The array {'/' + at.path!r} of store {at.store!r} had grown before, as others may append to it at the same time. Where the rows "
        f"belong, array[{where}], it reads as the fill value as far as they are not stored. Write them with array[{where}] = data; appended "
        "again, they come behind that place."
    )


def _view_beyond(node: ArrayNode, metadata: ArrayMetadata, axis: int) -> ArrayView:
    """A view in which the last chunk along an axis lies inside the array with all of it.

    What lies beyond the end may be somebody else's by now, so a chunk is covered wholly only if all of it is.
    """
    view, shape = node.view_of(metadata), metadata.shape
    end = _next_boundary(view.spec, axis, shape[axis])
    if end == shape[axis]:
        return view
    return node.view_of(metadata.with_shape((*shape[:axis], end, *shape[axis + 1 :])))


def _check_rank(metadata: ArrayMetadata, shape: tuple[int, ...]) -> None:
    if len(shape) != len(metadata.shape):
        raise ValueError(
            f"cannot resize an array of {len(metadata.shape)} dimensions to shape {shape}, which has {len(shape)}; "
            "give one length per dimension"
        )


def _check_appendable(shape: tuple[int, ...], data_shape: tuple[int, ...], axis: int) -> None:
    others = [n for i, n in enumerate(shape) if i != axis]
    data_others = [n for i, n in enumerate(data_shape) if i != axis]
    if len(shape) != len(data_shape) or others != data_others:
        raise ValueError(
            f"shape of data to append is not compatible with the array: data {data_shape}, array {shape}; all "
            f"dimensions must match except for the dimension being appended (axis {axis})"
        )


def _clear_edges(
    node: ArrayNode,
    metadata: ArrayMetadata,
    inner: tuple[int, ...],
    outer: tuple[int, ...],
    hold: Hold,
    check: _Check | None,
) -> Flow[None]:
    """Fill what lies beyond `inner` and inside `outer`, in chunks that `inner` also reaches into."""
    view = node.view_of(metadata)
    for axis, (n_in, n_out) in enumerate(zip(inner, outer, strict=True)):
        end = min(n_out, _next_boundary(view.spec, axis, n_in))
        if end <= n_in:
            continue
        selection = GridSelection(
            tuple(
                SliceAxis(n_in, 1, end - n_in) if i == axis else SliceAxis(0, 1, _reach(view.spec, i, inner, outer))
                for i in range(len(inner))
            )
        )
        yield from _fill(node, view, selection, hold, check)


def _fill(node: ArrayNode, view: ArrayView, box: GridSelection, hold: Hold, check: _Check | None) -> Flow[None]:
    """Write the fill value into a box. Of many chunks only those that are stored are touched: the others have it already."""
    spec = view.spec
    fill = empty((), spec.dtype)
    fill[()] = spec.fill_value
    ranges = [(axis.start, axis.start + axis.count) for axis in box.axes if isinstance(axis, SliceAxis)]
    cells = [
        (int(first), int(last))
        for grid, (start, stop) in zip(spec.grid.axes, ranges, strict=True)
        for first, last in [grid.find(np.array([start, stop - 1], np.int64))]
    ]
    boxes = [box]
    region = [tuple(range(first, last + 1) for first, last in cells)]
    if inventory.count(region) > FEW:
        stored = yield from inventory.stored_in(node, spec, region)
        boxes = [_inside_chunk(spec, coords, ranges) for coords in stored]
    for part in boxes:
        yield from write(node, view, part, np.broadcast_to(fill, part.shape), hold=hold, check=check)


def _inside_chunk(spec: ArraySpec, coords: tuple[int, ...], ranges: list[tuple[int, int]]) -> GridSelection:
    """The part of a box that lies in one stored chunk."""
    axes = []
    for grid, c, (start, stop) in zip(spec.grid.axes, coords, ranges, strict=True):
        begin = max(start, grid.start(c))
        axes.append(SliceAxis(begin, 1, min(stop, grid.start(c) + grid.length(c)) - begin))
    return GridSelection(tuple(axes))


def _reach(spec: ArraySpec, axis: int, inner: tuple[int, ...], outer: tuple[int, ...]) -> int:
    """How far along an axis the chunks reach that both shapes share, inside `outer`."""
    return min(outer[axis], max(inner[axis], _next_boundary(spec, axis, inner[axis])))


def _next_boundary(spec: ArraySpec, axis: int, position: int) -> int:
    """The first chunk boundary at or after a position."""
    if position == 0:
        return 0
    grid = spec.grid.axes[axis]
    chunk = int(grid.find(np.array([position - 1], np.int64))[0])
    return grid.start(chunk) + grid.length(chunk)


def _remove_strays(
    node: ArrayNode, before: ArraySpec, after: ArraySpec, hold: Hold, check: _Check | None
) -> Flow[None]:
    """Delete what lies where a larger shape is about to have chunks: hardly ever anything, so it is looked for first."""
    revealed = _outside(before, after)
    if revealed:
        yield from _remove(node, after, (yield from inventory.stored_in(node, after, revealed)), hold, check)


def _remove_cut_off(
    node: ArrayNode, before: ArraySpec, after: ArraySpec, hold: Hold, check: _Check | None
) -> Flow[None]:
    """Delete the chunks that a smaller shape does not have any more."""
    cut_off = _outside(after, before)
    few = inventory.count(cut_off) <= FEW
    coords = inventory.coordinates(cut_off) if few else (yield from inventory.stored_in(node, before, cut_off))
    yield from _remove(node, before, coords, hold, check)


def _remove(
    node: ArrayNode, spec: ArraySpec, coords: Iterable[tuple[int, ...]], hold: Hold, check: _Check | None
) -> Flow[None]:
    keys = [node.key(spec.keys.encode_chunk_key(at)) for at in coords]
    if keys and check is not None:
        yield from check()
    yield Together(_remove_key(node.store_path.store, key, hold) for key in keys)


def _remove_key(store: Store, key: str, hold: Hold) -> Flow[None]:
    yield Remove(store, key, hold=hold)


def _outside(kept: ArraySpec, among: ArraySpec) -> list[inventory.Box]:
    """The chunks of one array that another of the same grid does not have, as boxes that do not overlap."""
    inner, counts = kept.grid.counts(kept.shape), among.grid.counts(among.shape)
    boxes: list[inventory.Box] = []
    for axis, n in enumerate(counts):
        # Axis by axis: axes before this one lie inside `kept`.
        before = [range(min(inner[i], m)) for i, m in enumerate(counts[:axis])]
        boxes.append((*before, range(inner[axis], n), *map(range, counts[axis + 1 :])))
    return [box for box in boxes if all(box)]
