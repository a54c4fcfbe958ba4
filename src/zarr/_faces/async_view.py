"""`AsyncView`: the asynchronous face of a lazy view. The same flows as the synchronous one, awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zarr._buffer.registry import default_buffer_prototype
from zarr._faces.view import LazyView
from zarr._flow import viewed
from zarr._flow.drive import run_async
from zarr._selection import orthogonal, vectorized

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._buffer import BufferPrototype, NDBuffer
    from zarr._faces.view import Explanation
    from zarr._selection.composed import Normalize


class AsyncView(LazyView):
    """A selection of an asynchronous array that is not read yet: `async_array.lazy[...]`. As `zarr.views.View`, but reads and writes are awaited.

    Parameters
    ----------
    array
        The array.
    selected
        What is selected of it, as views of it have it; all of it if None.

    Examples
    --------
    >>> import asyncio
    >>> import zarr.api.asynchronous
    >>> async def main():
    ...     array = await zarr.api.asynchronous.create_array({}, shape=(2, 3), dtype="int8")
    ...     await array.lazy[:, 1].write([1, 2])
    ...     return await array.lazy.T.read()
    >>> asyncio.run(main())
    array([[0, 0],
           [1, 2],
           [0, 0]], dtype=int8)
    """

    __slots__ = ()

    @property
    def oindex(self) -> AsyncViewIndex:
        """Orthogonal selection with square brackets; it gives a view."""
        return AsyncViewIndex(self, orthogonal)

    @property
    def vindex(self) -> AsyncViewIndex:
        """Selection of points with square brackets; it gives a view."""
        return AsyncViewIndex(self, vectorized)

    async def read(
        self, out: NDBuffer | npt.NDArray[Any] | None = None, *, prototype: BufferPrototype | None = None
    ) -> Any:
        """Read the elements of the view; see `zarr.views.View.read`."""
        wanted = default_buffer_prototype() if prototype is None else prototype
        return await run_async(viewed.get(self._node, self._selected, out=out, prototype=wanted))

    async def write(self, value: npt.ArrayLike) -> None:
        """Write to all of the view; see `zarr.views.View.write`."""
        await run_async(viewed.put(self._node, self._selected, value))

    async def explain(self, *, ask: bool = False) -> Explanation:
        """What reading the view asks of the store; see `zarr.views.View.explain`."""
        return await run_async(self._explain(ask))


class AsyncViewIndex:
    """`view.oindex[...]` and `view.vindex[...]` of an asynchronous view.

    Parameters
    ----------
    view, normalize
        What is selected of, and what gives selections their meaning.
    """

    __slots__ = ("_normalize", "_view")

    def __init__(self, view: AsyncView, normalize: Normalize) -> None:
        self._view, self._normalize = view, normalize

    def __getitem__(self, selection: Any) -> AsyncView:
        return self._view._select(selection, self._normalize)
