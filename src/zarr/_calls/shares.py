"""Which share of some tasks one job of an array of jobs has: by number, or as Slurm tells its jobs."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Literal, SupportsIndex

from zarr.errors import ArgumentError

_ID, _COUNT, _FIRST, _LAST, _STEP = (f"SLURM_ARRAY_TASK_{name}" for name in ("ID", "COUNT", "MIN", "MAX", "STEP"))


def share_of(
    share: SupportsIndex | Literal["slurm"], of: SupportsIndex | None, environment: Mapping[str, str]
) -> tuple[int, int]:
    """A share and how many there are, counted from 0.

    Parameters
    ----------
    share
        Its number; or `"slurm"` for that of the job of a Slurm array that this is.
    of
        How many there are; with `"slurm"` None means all of the array.
    environment
        The variables of this process.

    Raises
    ------
    ArgumentError
        If there is no such share, or the environment does not tell.

    Examples
    --------
    >>> share_of(2, 5, {})
    (2, 5)
    >>> share_of("slurm", 64, {"SLURM_ARRAY_TASK_ID": "7"})
    (7, 64)
    """
    if isinstance(share, str):
        if share != "slurm":
            raise ArgumentError(f"a share is a number, or 'slurm', got {share!r}")
        return _checked(*_of_slurm(of, environment))
    if of is None:
        raise ArgumentError("a share is one of how many? Give of=")
    return _checked(operator.index(share), operator.index(of))


def _checked(share: int, n: int) -> tuple[int, int]:
    if not 0 <= share < n:
        raise ArgumentError(f"shares are counted from 0: share {share} is none of {n}")
    return share, n


def _of_slurm(of: SupportsIndex | None, environment: Mapping[str, str]) -> tuple[int, int]:
    if _ID not in environment:
        raise ArgumentError(
            f"this is no job of a Slurm array: {_ID} is not set. Submit it with sbatch --array=0-63, say"
        )
    try:
        number = int(environment[_ID])
    except ValueError:
        raise ArgumentError(f"{_ID} is no number: {environment[_ID]!r}") from None
    if of is not None:
        return number, operator.index(of)
    try:
        n, first, last = (int(environment[name]) for name in (_COUNT, _FIRST, _LAST))
        step = int(environment.get(_STEP, "1"))
    except (KeyError, ValueError):
        n = first = last = step = 0
    if step < 1 or n != (last - first) // step + 1 or (number - first) % step:
        raise ArgumentError(
            f"the numbers of this Slurm array are no range without gaps, so they do not tell which share job {number} has. Give "
            "of=, the number of jobs that there were at first, and numbers from 0"
        )
    return (number - first) // step, n
