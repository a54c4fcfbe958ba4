"""Reading into the memory of a GPU: part by part through page-locked memory, from which the GPU copies meanwhile."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from zarr._buffer.pinned import N_SLABS, Slabs
from zarr._flow.objects import read
from zarr._flow.requests import Compute, Flow, Together
from zarr._plan.project import decoded_grid
from zarr._plan.slabs import Part, parts
from zarr._support.workers import most_threads

if TYPE_CHECKING:
    from zarr._buffer import NDBuffer
    from zarr._flow.node import ArrayNode, ArrayView
    from zarr._metadata.spec import ArraySpec
    from zarr._selection.model import GridSelection

_LEAST_NBYTES = 32 * 2**20
_MOST_NBYTES = 128 * 2**20
_CHUNKS_PER_THREAD = 2


def read_to_device(node: ArrayNode, view: ArrayView, selection: GridSelection, target: NDBuffer) -> Flow[None]:
    """Read what `selection` selects into an array on a GPU, of the selection's shape and of the array's dtype but for the byte
    order.
    """
    nbytes = slab_nbytes(view.spec)
    with Slabs(target, nbytes) as slabs:
        flows = (_read_part(node, view, part, slabs) for part in parts(view.spec, selection, nbytes))
        yield Together(flows, most=N_SLABS)


def slab_nbytes(spec: ArraySpec) -> int:
    """How much goes to the GPU at once: so much that each thread has a few chunks to decode for it, within limits."""
    chunk_nbytes = math.prod(decoded_grid(spec).largest(spec.shape)) * spec.dtype.itemsize
    return max(_LEAST_NBYTES, min(_MOST_NBYTES, _CHUNKS_PER_THREAD * most_threads() * chunk_nbytes))


def _read_part(node: ArrayNode, view: ArrayView, part: Part, slabs: Slabs) -> Flow[None]:
    slab = slabs.take()
    yield Compute(slab.wait)
    elements = slab.array(part.selection.shape, view.spec.dtype)
    yield from read(node, view, part.selection, elements)
    slabs.send(slab, elements, part.region)
