"""Somebody else's codec pipeline in the place of an engine: the class that `codec_pipeline.path` names.

Such a class gets to stored objects by itself. For each request it is handed a batch, of one entry for each object that the
selection meets, and memory; what is in an entry, and what becomes of it, is zarr-python's contract
(`zarr.abc.codec.CodecPipeline`). The flows say where objects are and who may write them (`zarr._flow.handed_over`). What the
class is not asked for, single fields of structs, is the reference engine's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zarr._buffer.memory import empty
from zarr._engine.contract import Part
from zarr._engine.reference import ReferencePipeline
from zarr._plan import plan
from zarr._selection.model import IntAxis, PointSelection, SliceAxis
from zarr._support.once import once
from zarr._support.registry import fully_qualified_name
from zarr._support.settings import DEFAULT_PIPELINE
from zarr.errors import BadConfigError

if TYPE_CHECKING:
    import numpy.typing as npt

    from zarr._buffer import BufferPrototype
    from zarr._codec.base import ChunkSpec
    from zarr._codec.pipeline import CodecPipeline
    from zarr._metadata.spec import ArraySpec
    from zarr._plan import ObjectPlan
    from zarr._selection.model import Selection

MOST_AXES = 32
"""Of more axes NumPy cannot always say in one index what the plan says in two steps."""


class ForeignPipeline(ReferencePipeline):
    """An array whose elements somebody else's pipeline reads and writes.

    Parameters
    ----------
    pipeline
        An instance of the class.
    spec, prototype
        The array, and the buffers it works with.
    """

    def __init__(self, pipeline: CodecPipeline, cls: type, spec: ArraySpec, prototype: BufferPrototype) -> None:
        super().__init__(spec, prototype)
        self.engine = fully_qualified_name(cls)
        self.delegate = PipelineDelegate(pipeline, self.engine, spec, prototype)


def make(cls: type[CodecPipeline], metadata: Any, store: Any, spec: ArraySpec) -> CodecPipeline:
    """An instance of a class of pipelines for one array: made of metadata and store if the class can do that, else of codecs.

    What the class raises comes out with a note. What cannot read and write is a BadConfigError.
    """
    name = fully_qualified_name(cls)
    try:
        made = _made(cls, metadata, store, spec)
    except Exception as exc:
        exc.add_note(f"This was raised where {name} was made for an array. {WAY_OUT}")
        raise
    if not (callable(getattr(made, "read", None)) and callable(getattr(made, "write", None))):
        raise BadConfigError(
            f"where {name} was to be made for an array, it gave {made!r}, which cannot read and write. Its from_codecs and "
            f"evolve_from_array_spec have to return a pipeline. {WAY_OUT}"
        )
    return made


def _made(cls: type[CodecPipeline], metadata: Any, store: Any, spec: ArraySpec) -> CodecPipeline:
    of_metadata = getattr(cls, "from_array_metadata_and_store", None)
    if of_metadata is not None:
        try:
            return of_metadata(array_metadata=metadata, store=store)  # type: ignore[no-any-return]
        except NotImplementedError:
            pass
    made = cls.from_codecs(spec.codecs)
    evolve = getattr(made, "evolve_from_array_spec", None)
    return made if evolve is None else evolve(spec.chunk_spec(spec.grid.largest(spec.shape)))


WAY_OUT = (
    "The setting 'codec_pipeline.path' named that class when the array was opened; after zarr.config.set({'codec_pipeline.path': "
    f"{DEFAULT_PIPELINE!r}}}) those that are opened are read and written by zarr itself."
)


@dataclass(frozen=True)
class PipelineDelegate:
    """The pipeline of one array, and what it is asked for.

    Attributes
    ----------
    pipeline
        The pipeline.
    name
        That of its class.
    spec, prototype
        The array, and the buffers it works with.
    """

    pipeline: CodecPipeline
    name: str
    spec: ArraySpec
    prototype: BufferPrototype

    def parts(self, selection: Selection) -> Iterator[Part]:
        whole_objects = replace(self.spec, levels=(), inner_codecs=self.spec.codecs)
        return (self._part(planned) for planned in plan(whole_objects, selection))

    def _part(self, planned: ObjectPlan) -> Part:
        (one,) = planned.projections
        return Part(
            planned.coords, self._chunk_spec(planned.coords), one.chunk_index, _tidy(one.out_index), planned.whole
        )

    def _chunk_spec(self, coords: tuple[int, ...]) -> ChunkSpec:
        """That of one chunk, which chunks of one shape share: so others may keep what they found out about it."""
        shape = self.spec.grid.chunk_shape(coords)
        if (known := self._chunk_specs.get(shape)) is None:
            known = self._chunk_specs[shape] = self.spec.chunk_spec(shape).replace(prototype=self.prototype)
        return known

    @once
    def _chunk_specs(self) -> dict[tuple[int, ...], ChunkSpec]:
        return {}

    def read(self, batch: Sequence[tuple[Any, ...]], memory: npt.NDArray[Any]) -> Awaitable[Any]:
        return self.pipeline.read(batch, self.prototype.nd_buffer.from_numpy_array(memory))

    def write(self, batch: Sequence[tuple[Any, ...]], memory: npt.NDArray[Any]) -> Awaitable[Any]:
        return self.pipeline.write(batch, self.prototype.nd_buffer.from_numpy_array(memory))


def forward(selection: Selection, memory: npt.NDArray[Any]) -> tuple[Selection, npt.NDArray[Any]]:
    """The same elements in the order in which they are stored along each axis that is sliced, and the memory seen so: those of
    zarr-python do not go backwards.
    """
    axes = list(selection.axes)
    first = 1 if isinstance(selection, PointSelection) else 0
    kept = [number for number, axis in enumerate(axes) if not _is_dropped(axis, selection)]
    turned: list[slice] = [slice(None)] * first
    for number in kept:
        axis = axes[number]
        if isinstance(axis, SliceAxis) and axis.step < 0:
            last = axis.start + axis.step * (axis.count - 1) if axis.count else axis.start
            axes[number] = SliceAxis(last, -axis.step, axis.count)
            turned.append(slice(None, None, -1))
        else:
            turned.append(slice(None))
    return replace(selection, axes=tuple(axes)), memory[(*turned, ...)]  # type: ignore[arg-type]  # NumPy's types do not follow


def _is_dropped(axis: Any, selection: Selection) -> bool:
    """Whether an axis of the array is none of the memory's, or one that all points have together."""
    return isinstance(axis, IntAxis) or (isinstance(selection, PointSelection) and not isinstance(axis, SliceAxis))


def plain(memory: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Memory as others may rely on finding it: in C order, or one element where all are the same, unless that is text of any length:
    whoever assigned it to lists of positions would lose it to NumPy (see `zarr._buffer.memory.put`).
    """
    if memory.ndim and memory.size and not any(memory.strides) and memory.dtype.kind != "T":
        return memory[(0,) * memory.ndim + (...,)]
    return np.asarray(memory, order="C")


def in_c_order(memory: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Memory to read into: itself, if others may rely on its order, else new memory of its shape."""
    return memory if memory.flags.c_contiguous else empty(memory.shape, memory.dtype)


def _tidy(index: Any) -> Any:
    return tuple(map(_plain, index)) if isinstance(index, tuple) else _plain(index)


def _plain(entry: Any) -> Any:
    """A slice as users of NumPy write it."""
    return slice(entry.start, entry.stop) if isinstance(entry, slice) and entry.step == 1 else entry
