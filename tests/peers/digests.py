"""What is compared of arrays, in processes that share no library."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np


def told(values: Any) -> dict[str, Any]:
    """Kind, shape and a digest of the elements."""
    values = np.asarray(values)
    if values.dtype.kind in "biufc":
        content = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<")).tobytes()
        kind = f"{values.dtype.kind}{values.dtype.itemsize}"
    else:
        content, kind = json.dumps([str(value) for value in values.ravel().tolist()]).encode(), "text"
    return {"dtype": kind, "shape": list(values.shape), "values": hashlib.sha256(content).hexdigest()}
