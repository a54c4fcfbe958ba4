"""Which engine an array gets: decided once, from the configuration and what the engines say.

`auto` and `native` prefer the native engine and use the reference engine for what it rejects; `python` never touches
the extension. `native` insists that the extension loads; `auto` warns once if it does not. An array that somebody else's
codec pipeline reads and writes is handed over before that (`hand_over`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from zarr._buffer import CPU_PROTOTYPE
from zarr._codec.pipeline import is_of_ours
from zarr._engine.contract import Engine, Pipeline
from zarr._engine.extension import load_problem
from zarr._engine.fused import fuse
from zarr._engine.native import NativeEngine
from zarr._engine.reference import ReferenceEngine
from zarr._support.imports_on_use import importing
from zarr._support.warn import warn
from zarr.errors import EngineUnavailableError, ZarrRuntimeWarning

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from zarr._buffer import BufferPrototype
    from zarr._codec.pipeline import CodecPipeline
    from zarr._engine.contract import ObjectRequest
    from zarr._metadata.spec import ArraySpec
    from zarr._selection.model import Selection

_REFERENCE = ReferenceEngine()
_NATIVE = NativeEngine()


@dataclass(frozen=True, slots=True)
class Choice:
    """A compiled pipeline and why other engines were passed over (engine name -> reason)."""

    pipeline: Pipeline
    rejected: tuple[tuple[str, str], ...] = ()


def choose(spec: ArraySpec, prototype: BufferPrototype, engine: str) -> Choice:
    """Compile `spec` on the first engine that takes it.

    Parameters
    ----------
    spec, prototype
        The array and the buffers it works with.
    engine
        The configuration's `engine`: `"auto"`, `"native"` or `"python"`.

    Raises
    ------
    EngineUnavailableError
        If `engine` is `"native"` and the extension cannot be loaded.
    """
    rejected: list[tuple[str, str]] = []
    engines = _engines(engine)
    for candidate in engines:
        if (rejection := candidate.accepts(spec, prototype)) is None:
            return Choice(candidate.compile(spec, prototype), tuple(rejected))
        rejected.append((candidate.name, rejection.reason))
    refine = fuse if engines and prototype is CPU_PROTOTYPE else None
    return Choice(_REFERENCE.compile(spec, prototype, refine), tuple(rejected))


def hand_over(
    cls: type[CodecPipeline], spec: ArraySpec, prototype: BufferPrototype, engine: str, metadata: Any, store: Any
) -> Choice:
    """The pipeline of an array that somebody else's class reads and writes, which is made for it.

    Parameters
    ----------
    cls
        The class.
    spec, prototype, engine
        As of `choose`, which is asked about an array that the contract of such classes has no words for, or that the class passes on to
        a pipeline of ours.
    metadata, store
        What the class may ask for, as zarr-python's do.
    """
    with importing("zarr._engine.foreign"):
        from zarr._engine.foreign import MOST_AXES, ForeignPipeline, make

    if spec.ndim > MOST_AXES:
        return choose(spec, prototype, engine)
    pipeline = make(cls, metadata, store, spec)
    if is_of_ours(type(pipeline)):  # the class does not take the array, and passes it on
        return choose(spec, prototype, engine)
    return Choice(ForeignPipeline(pipeline, cls, spec, prototype))


def changes_of_fields(
    spec: ArraySpec, prototype: BufferPrototype, engine: str, selection: Selection, memory: npt.NDArray[Any]
) -> Iterator[ObjectRequest]:
    """One request for each object in which some fields of structs change, those that `memory` has.

    They are the reference engine's: the kernel knows elements as so many bytes.
    """
    refine = fuse if prototype is CPU_PROTOTYPE and _engines(engine) else None
    return _REFERENCE.compile(spec, prototype, refine).changes_of_fields(selection, memory)


def prepare(engine: str) -> None:
    """Load what the engine needs, while that is possible: when Python exits, nothing can be imported any more."""
    if engine != "python":
        load_problem()


def _engines(engine: str) -> tuple[Engine, ...]:
    if engine == "python":
        return ()
    if (problem := load_problem()) is None:
        return (_NATIVE,)
    if engine == "native":
        raise EngineUnavailableError(
            f"the configuration demands engine='native', but zarr's native extension cannot be used: {problem}. "
            "Reinstall zarr where a Rust toolchain or a matching wheel is available, or set engine='auto'."
        )
    _warn_once(problem)
    return ()


@lru_cache(maxsize=1)
def _warn_once(problem: str) -> None:
    warn(
        f"zarr runs on its reference engine, which is complete but slower: {problem}. "
        "Reinstall zarr where a Rust toolchain or a matching wheel is available, or set the environment variable "
        "ZARR_ENGINE=python to accept this.",
        ZarrRuntimeWarning,
    )
