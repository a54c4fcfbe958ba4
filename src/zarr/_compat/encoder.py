"""JSON of what metadata hold, by zarr-python's class for that."""

from __future__ import annotations

import json
import math
from enum import Enum
from typing import Any

import numpy as np

from zarr._support.settings import settings


class V3JsonEncoder(json.JSONEncoder):
    """Encode scalars and dtypes of NumPy beside what JSON has: complex numbers as pairs, NaN as the text `NaN`, dtypes by name.

    Parameters
    ----------
    indent
        As the setting `json_indent` says, if None.
    **options
        Those of `json.JSONEncoder`.

    Examples
    --------
    >>> import json, numpy as np
    >>> json.dumps([np.float32("nan"), np.dtype("int8")], cls=V3JsonEncoder, indent=0).split()
    ['[', '"NaN",', '"int8"', ']']
    """

    def __init__(self, *, indent: int | str | None = None, **options: Any) -> None:
        super().__init__(indent=settings().json_indent if indent is None else indent, **options)

    def default(self, o: object) -> Any:
        if isinstance(o, np.dtype):
            return o.str if not o.isnative or o.kind in "SUV" else str(o)
        if isinstance(o, Enum):
            return o.name
        if isinstance(o, complex | np.complexfloating):
            return [_number(o.real), _number(o.imag)]
        if isinstance(o, np.datetime64 | np.timedelta64):
            return int(o.view("i8"))
        if isinstance(o, np.generic) and not isinstance(o, np.flexible):
            return _number(o.item())
        return super().default(o)


def _number(value: Any) -> Any:
    """A number as metadata have it: those that are none in JSON as text."""
    plain = float(value) if isinstance(value, float | np.floating) else value
    if not isinstance(plain, float) or math.isfinite(plain):
        return plain
    return "NaN" if math.isnan(plain) else "Infinity" if plain > 0 else "-Infinity"
