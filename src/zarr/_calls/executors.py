"""Calls that run elsewhere: in pools of processes and threads, on clusters of Dask and Ray, one after the other here.

What somebody gives as an executor is known by what it can do, and nothing is imported for it. Whatever it is, the same holds:
every call is made, in any order; after the first failure those that have not begun are cancelled, and those that have are waited
for, as far as the executor lets them be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, TypeAlias

from zarr._support.imports_on_use import importing
from zarr.errors import ArgumentError

Call: TypeAlias = Callable[[int], Any]
"""Can be pickled, if it goes to other processes."""
Done: TypeAlias = Callable[[int, Any], None]
"""Is told of each call that has returned, with its number and result."""
_MOST_IN_RAY = 1000
"""So many calls are with Ray at once, which takes longer to wait for more."""


class CallError(Exception):
    """Tells which call has failed; what it raised is the cause."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def run_over(executor: Any, call: Call, numbers: Iterable[int], done: Done, options: dict[str, Any]) -> None:
    """Make a call for each of some numbers.

    Parameters
    ----------
    executor
        An executor of `concurrent.futures` or what behaves like one, a `dask.distributed.Client`, the module `ray`, or None for
        this thread.
    call, numbers
        What is called, and with what.
    done
        Called here, as calls return.
    options
        For Dask and Ray, which have options for each call.

    Raises
    ------
    CallError
        If a call fails, or is lost.
    ArgumentError
        If the executor is none, or takes no such options.
    """
    if is_ray(executor):
        _by_ray(executor, call, numbers, done, options)
    elif hasattr(executor, "get_executor"):
        if getattr(executor, "asynchronous", False):
            raise ArgumentError(
                "a Client that was made with asynchronous=True cannot be waited for here: make one without it, and in a coroutine "
                "call `await asyncio.to_thread(plan.run, client, function)`"
            )
        _by_futures(executor.get_executor(pure=False, **options), call, numbers, done)
    else:
        if options:
            raise ArgumentError(f"options are for Dask and Ray, got {', '.join(sorted(options))} for {executor!r}")
        if executor is None:
            _here(call, numbers, done)
        elif callable(getattr(executor, "submit", None)):
            _by_futures(executor, call, numbers, done)
        else:
            raise ArgumentError(
                f"tasks cannot be run by {executor!r} of type {type(executor).__name__}: give an executor of concurrent.futures, a "
                "dask.distributed.Client, the module ray, or None to run them here"
            )


def is_ray(executor: Any) -> bool:
    """Whether it is the module ray, or has its functions."""
    return all(callable(getattr(executor, name, None)) for name in ("remote", "put", "wait", "get", "cancel"))


def _here(call: Call, numbers: Iterable[int], done: Done) -> None:
    for number in numbers:
        try:
            result = call(number)
        except Exception as exc:
            raise CallError(number) from exc
        done(number, result)


def _by_futures(executor: Any, call: Call, numbers: Iterable[int], done: Done) -> None:
    with importing("concurrent.futures"):
        from concurrent.futures import as_completed, wait

    futures: dict[Any, int] = {}
    number = -1
    try:
        for number in numbers:
            futures[executor.submit(call, number)] = number
        for future in as_completed(futures):
            number = futures[future]
            result = future.result()
            done(number, result)
    except Exception as exc:
        wait([future for future in futures if not future.cancel()])
        raise CallError(number) from exc
    except BaseException:
        for future in futures:
            future.cancel()
        raise


def _by_ray(ray: Any, call: Call, numbers: Iterable[int], done: Done, options: dict[str, Any]) -> None:
    remote = ray.remote(**options)(_call) if options else ray.remote(_call)
    shared = ray.put(call)
    waiting = iter(numbers)
    under_way: dict[Any, int] = {}
    number = -1
    try:
        while True:
            for number in islice(waiting, _MOST_IN_RAY - len(under_way)):
                under_way[remote.remote(shared, number)] = number
            if not under_way:
                return
            ready, _ = ray.wait(list(under_way), num_returns=1)
            for reference in ready:
                number = under_way.pop(reference)
                done(number, ray.get(reference))
    except BaseException as exc:
        for reference in under_way:
            ray.cancel(reference)
        if not isinstance(exc, Exception):
            raise
        ray.wait(list(under_way), num_returns=len(under_way)) if under_way else None
        raise CallError(number) from exc


def _call(call: Call, number: int) -> Any:
    return call(number)
