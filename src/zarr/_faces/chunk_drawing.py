"""Chunks and shards of an array as a drawing to scale, in SVG: the last three dimensions of it, as a box seen from its corner.

There are no scripts in it, and no style sheet: colours are middle ones that show on light and on dark, and lines have the colour of
the text around. Lines that would lie too close are left out evenly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

CHUNK, SHARD, SELECTED = "#2f81f7", "#d29922", "#2ea043"
_SIDE, _DEPTH, _LEAST = 170.0, 90.0, 14.0
_APART = 3.5
_MARGIN_X, _MARGIN_Y = 34.0, 18.0

Sizes = Sequence[Sequence[int]]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Axis:
    """One dimension of the drawing.

    Attributes
    ----------
    n
        Its length.
    extent
        How long it is drawn.
    chunks, shards
        Where chunks end; where shards do, if there are any.
    selected
        Where what is selected begins and ends, if anything is to be shown as selected.
    """

    n: int
    extent: float
    chunks: tuple[int, ...]
    shards: tuple[int, ...] = ()
    selected: tuple[int, int] | None = None

    def at(self, position: float) -> float:
        """Where a position is drawn."""
        return position / self.n * self.extent

    def lines(self, ends: Sequence[int]) -> Iterator[float]:
        """Where lines are drawn: at these ends, or at every second, third, ... of them."""
        inner = [end for end in ends if 0 < end < self.n]
        every = max(1, round(_APART * len(inner) / max(self.extent, 1.0) + 0.5)) if inner else 1
        return (self.at(end) for end in inner[every - 1 :: every])


def draw_chunks(
    shape: Sequence[int],
    chunks: Sizes,
    shards: Sizes | None = None,
    selected: Sequence[tuple[int, int]] | None = None,
) -> str:
    """An SVG element; empty if there is nothing to draw.

    Parameters
    ----------
    shape
        Of the array.
    chunks, shards
        Lengths of chunks and of shards along each dimension.
    selected
        A box that is to be shown as selected: where it begins and ends along each dimension.

    Examples
    --------
    >>> draw_chunks((4, 6), [[2, 2], [3, 3]])[:4], draw_chunks((), [])
    ('<svg', '')
    """
    if not shape or 0 in shape:
        return ""
    axes = _axes(shape, chunks, shards, selected)
    while len(axes) < 3:
        axes.insert(0, Axis(1, 0.0, (1,), (1,) if shards else (), (0, 1) if selected else None))
    if len(shape) == 1:  # a strip
        axes[1] = Axis(1, 2 * _LEAST, (1,), axes[1].shards, axes[1].selected)
    return _svg(axes, len(shape))


def _axes(
    shape: Sequence[int], chunks: Sizes, shards: Sizes | None, selected: Sequence[tuple[int, int]] | None
) -> list[Axis]:
    shown = range(len(shape))[-3:]
    longest = max(shape[axis] for axis in shown)
    found = []
    for axis in shown:
        is_depth = len(shape) >= 3 and axis == shown[0]
        extent = max(_LEAST, shape[axis] / longest * (_DEPTH if is_depth else _SIDE))
        found.append(
            Axis(
                shape[axis],
                extent,
                tuple(accumulate(chunks[axis])),
                () if shards is None else tuple(accumulate(shards[axis])),
                None if selected is None else selected[axis],
            )
        )
    return found


Box = Sequence[tuple[float, float]]
Lines = list[tuple[Point, Point]]


class _View:
    """Where things are drawn: depth, height and width, as a corner of a box is seen.

    Parameters
    ----------
    axes
        The three dimensions.
    """

    def __init__(self, axes: Sequence[Axis]) -> None:
        self.axes = axes
        depth, height, width = (axis.extent for axis in axes)
        self.shift = (depth * 0.7, -depth * 0.45)  # of the far side
        self.left, self.top = _MARGIN_X, _MARGIN_Y / 2 - self.shift[1]
        self.whole: Box = ((0.0, depth), (0.0, height), (0.0, width))

    def point(self, z: float, y: float, x: float) -> Point:
        part = z / self.axes[0].extent if self.axes[0].extent else 0.0
        return self.left + x + part * self.shift[0], self.top + y + part * self.shift[1]

    def faces(self, box: Box, *, all_of_them: bool = False) -> Iterator[list[Point]]:
        """The sides of a box that are seen: the front, the top, and the right one if it lies there; or these three of a box inside."""
        (z0, z1), (y0, y1), (x0, x1) = box
        at = self.point
        yield [at(z0, y0, x0), at(z0, y0, x1), at(z0, y1, x1), at(z0, y1, x0)]
        if z1 > z0:
            yield [at(z0, y0, x0), at(z1, y0, x0), at(z1, y0, x1), at(z0, y0, x1)]
            if all_of_them or x1 >= self.whole[2][1] - 0.01:
                yield [at(z0, y0, x1), at(z1, y0, x1), at(z1, y1, x1), at(z0, y1, x1)]

    def grid(self, ends: Sequence[Iterable[float]]) -> Lines:
        """Lines on the three sides, where positions along each dimension are."""
        zs, ys, xs = map(list, ends)
        depth, height, width = (extent for _, extent in self.whole)
        at = self.point
        lines = [(at(0, 0, x), at(0, height, x)) for x in xs] + [(at(0, y, 0), at(0, y, width)) for y in ys]
        if depth:
            lines += [(at(0, 0, x), at(depth, 0, x)) for x in xs] + [(at(0, y, width), at(depth, y, width)) for y in ys]
            lines += [
                line for z in zs for line in ((at(z, 0, 0), at(z, 0, width)), (at(z, 0, width), at(z, height, width)))
            ]
        return lines

    def edges(self) -> Lines:
        """The edges of the whole that are seen."""
        return [pair for face in self.faces(self.whole) for pair in zip(face, face[1:] + face[:1], strict=True)]


def _svg(axes: Sequence[Axis], ndim: int) -> str:
    view = _View(axes)
    parts = [_filled(face, "currentColor", 0.06) for face in view.faces(view.whole)]
    has_shards = bool(axes[2].shards)
    if has_shards:
        parts += [_filled(face, SHARD, 0.35) for face in view.faces([(0.0, axis.at(axis.shards[0])) for axis in axes])]
    parts += [_filled(face, CHUNK, 0.65) for face in view.faces([(0.0, axis.at(axis.chunks[0])) for axis in axes])]
    if all(axis.selected is not None for axis in axes):
        box = [(axis.at(axis.selected[0]), axis.at(axis.selected[1])) for axis in axes if axis.selected is not None]
        parts += [_filled(face, SELECTED, 0.5) for face in view.faces(box, all_of_them=True)]
    parts.append(_drawn(view.grid([axis.lines(axis.chunks) for axis in axes]), 0.5, 0.45))
    if has_shards:
        parts.append(_drawn(view.grid([axis.lines(axis.shards) for axis in axes]), 1.3, 0.9))
    parts.append(_drawn(view.edges(), 1.0, 0.9))
    parts += _labels(view, ndim)
    width = view.left + axes[2].extent + view.shift[0] + _MARGIN_X
    height = view.top + axes[1].extent + _MARGIN_Y
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'aria-hidden="true" style="user-select:none;flex:none">{"".join(parts)}</svg>'
    )


def _filled(corners: Sequence[Point], colour: str, opacity: float) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    return f'<polygon points="{points}" fill="{colour}" fill-opacity="{opacity}"/>'


def _drawn(lines: Lines, width: float, opacity: float) -> str:
    path = "".join(f"M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}" for (x0, y0), (x1, y1) in dict.fromkeys(lines))
    return f'<path d="{path}" fill="none" stroke="currentColor" stroke-width="{width}" stroke-opacity="{opacity}"/>'


def _labels(view: _View, ndim: int) -> Iterator[str]:
    """The lengths of the dimensions, beside them."""
    depth, height, width = view.axes
    bottom = view.top + height.extent
    yield _text(view.left + width.extent / 2, bottom + 13, width.n, "middle")
    if ndim > 1:
        yield _text(view.left - 5, view.top + height.extent / 2 + 4, height.n, "end")
    if ndim > 2:
        x, y = view.point(depth.extent / 2, height.extent, width.extent)
        yield _text(x + 5, y + 10, depth.n, "start")


def _text(x: float, y: float, n: int, anchor: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="10" font-family="sans-serif" fill="currentColor" '
        f'fill-opacity="0.8">{n}</text>'
    )
