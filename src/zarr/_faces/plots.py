"""Pictures with matplotlib, which is imported when one is drawn. What they show is read or counted by functions of the library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._checks.codec_comparison import CodecComparison, compare_codecs
from zarr._checks.stat import stat
from zarr._checks.statistics import ArrayStatistics, Statistics
from zarr._faces.array import Array
from zarr._faces.view import View
from zarr._support.imports_on_use import importing
from zarr.errors import ArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

_NUMBERS = "biuf"


def _new_axes(ax: Any) -> Any:
    """The axes to draw on, which are made if there are none.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """
    if ax is not None:
        return ax
    with importing("matplotlib"):
        try:
            from matplotlib import pyplot as plt
        except ImportError as exc:
            raise ImportError(
                "zarr.plot needs the package matplotlib; install it with: pip install matplotlib"
            ) from exc
    return plt.subplots(layout="constrained")[1]


def image(
    node: Array | View, index: Sequence[int] | int = (), *, ax: Any = None, max_size: int = 1000, **options: Any
) -> Any:
    """Draw a slice of two dimensions.

    Parameters
    ----------
    node
        An array or a view, of two dimensions or more.
    index
        Positions along the first dimensions, all but the last two; 0 where there are fewer.
    ax
        Axes of matplotlib to draw on; new ones if None.
    max_size
        At most so many elements are shown along each dimension: of more, every second, third, ... is. All chunks that they lie in are read.
    **options
        For matplotlib's `imshow`: `cmap`, `vmin`, `vmax`, ...

    Returns
    -------
    Axes
        Of matplotlib.

    Raises
    ------
    ArgumentError
        If there are fewer than two dimensions, or elements that are no numbers.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> array = zarr.array(np.arange(600).reshape(2, 20, 15), chunks=(1, 10, 15))
    >>> axes = zarr.plot.image(array, 1)  # doctest: +SKIP
    """
    view = node.lazy[...] if isinstance(node, Array) else node
    if view.ndim < 2 or view.dtype.kind not in _NUMBERS:
        raise ArgumentError(
            f"a picture needs numbers in two dimensions or more, and these are {view.dtype} of shape {view.shape}"
        )
    given = (index,) if isinstance(index, int) else tuple(index)
    n_others = view.ndim - 2
    if len(given) > n_others:
        raise ArgumentError(
            f"index has {len(given)} positions, and there are {n_others} dimensions besides the last two"
        )
    taken = view[(*given, *(0 for _ in range(n_others - len(given))))]
    step = [max(1, -(-n // max(1, max_size))) for n in taken.shape]
    height, width = taken.shape
    elements = taken[:: step[0], :: step[1]].read()
    axes = _new_axes(ax)
    options = {"extent": (-0.5, width - 0.5, height - 0.5, -0.5), "interpolation": "nearest", **options}
    drawn = axes.imshow(elements, **options)
    axes.figure.colorbar(drawn, ax=axes)
    names = getattr(view.array.metadata, "dimension_names", None)
    if names is not None and len(names) == view.ndim:
        axes.set(ylabel=names[-2] or "", xlabel=names[-1] or "")
    at = "" if not n_others else f" [{', '.join(map(str, (*given, *(0 for _ in range(n_others - len(given))))))}]"
    axes.set_title(f"{view.array.name or '/'}{at}")
    return axes


def chunks(node: Any, *, ax: Any = None, **options: Any) -> Any:
    """Draw the map of an array's stored chunks: those that are there, and those that read as the fill value.

    Parameters
    ----------
    node
        An array, in either form, or where one is; or what `zarr.stat` found of one, to count only once.
    ax
        Axes of matplotlib to draw on; new ones if None.
    **options
        For matplotlib's `imshow`.

    Returns
    -------
    Axes
        Of matplotlib. Of more than two dimensions the last two are shown, with the share of stored chunks along the others.

    Raises
    ------
    ArgumentError
        If it is not one array, or has too many chunks for a map.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> import zarr
    >>> array = zarr.create_array({}, shape=(40, 60), chunks=(10, 10), dtype="i4")
    >>> array[:20] = 1
    >>> axes = zarr.plot.chunks(array)  # doctest: +SKIP
    """
    found = _statistics(node)
    if found.chunk_map is None:
        raise ArgumentError(f"there are {found.n_chunks} chunks, too many for a map")
    shares = _last_two(found.chunk_map)
    axes = _new_axes(ax)
    axes.imshow(
        shares, **{"vmin": 0, "vmax": 1, "cmap": "Blues", "interpolation": "nearest", "aspect": "auto", **options}
    )
    axes.set(xlabel="chunk", ylabel="chunk" if found.chunk_map.ndim > 1 else "")
    if found.chunk_map.ndim < 2:
        axes.set_yticks([])
    axes.set_title(f"{found.n_chunks_stored:,} of {found.n_chunks:,} chunks are stored")
    return axes


def _statistics(node: Any) -> ArrayStatistics:
    if isinstance(node, ArrayStatistics):
        return node
    found = node if isinstance(node, Statistics) else stat(node)
    if len(found.arrays) != 1 or found.n_groups:
        raise ArgumentError(
            f"a map is of one array, and {found.place} has {len(found.arrays)} below it; pass one of them"
        )
    return next(iter(found.arrays.values()))


def _last_two(chunk_map: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Shares of chunks that are stored, in two dimensions.

    >>> _last_two(np.array([[[True, False]], [[True, True]]]))
    array([[1. , 0.5]])
    """
    while chunk_map.ndim < 2:
        chunk_map = chunk_map[np.newaxis]
    others = tuple(range(chunk_map.ndim - 2))
    return chunk_map.mean(axis=others) if others else chunk_map.astype(np.float64)


def codecs(node: Any, *, ax: Any = None, **options: Any) -> Any:
    """Draw a comparison of codecs: how much smaller they make the data, and how fast that is written and read.

    Parameters
    ----------
    node
        What `zarr.checks.compare_codecs` found; or an array, in either form, or where one is, which is compared now.
    ax
        Axes of matplotlib to draw on; new ones if None.
    **options
        For `compare_codecs`, if it is called: `codecs`, `max_nbytes`, ...

    Returns
    -------
    Axes
        Of matplotlib.

    Raises
    ------
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np, zarr
    >>> found = zarr.checks.compare_codecs(zarr.array(np.arange(100_000), chunks=10_000))
    >>> axes = zarr.plot.codecs(found)  # doctest: +SKIP
    """
    if isinstance(node, CodecComparison):
        if options:
            raise ArgumentError(
                f"{', '.join(options)}: these are for a comparison that is made now, and one was passed"
            )
        found = node
    else:
        found = compare_codecs(node, **options)
    shown = [each for each in found.results if each.ratio and each.encode_rate and each.decode_rate][::-1]
    axes = _new_axes(ax)
    ratios = [each.ratio or 0.0 for each in shown]
    bars = axes.barh(
        [each.codecs for each in shown], ratios, color=["C1" if each is shown[-1] else "C0" for each in shown]
    )
    said = [f"{(each.encode_rate or 0) / 1e6:,.0f} / {(each.decode_rate or 0) / 1e6:,.0f}" for each in shown]
    axes.bar_label(bars, said, padding=4, fontsize=8)
    axes.set_xlim(0, max(ratios, default=1.0) * 1.5)  # with room for what is beside the bars
    axes.tick_params(axis="y", labelsize=8)
    axes.set_xlabel("times smaller; beside it MB/s written / read")
    axes.set_title(f"{found.place}: {found.n_chunks:,} chunks", fontsize=10)
    return axes
