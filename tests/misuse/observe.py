"""Record what another zarr does with every row: `python -m tests.misuse.observe observed.json`, run under that library.

`observed.json` holds what zarr-python 3.4.2 with NumPy 2.5 did: by the row's id the classes of the error, the nearest
first, and the beginning of its text; no classes where it accepted the misuse. `test_table` holds our errors to it.
"""

import json
import re
import sys
import tempfile
import warnings
from pathlib import Path

from tests.misuse.bench import Bench
from tests.misuse.table import ROWS
from zarr.storage import MemoryStore

LONGEST = 300


def observe(row, directory):
    """The classes of the error and the beginning of its text."""
    bench = Bench(MemoryStore(), MemoryStore(), directory)
    if row.before is not None:
        row.before(bench)
    try:
        row.act(bench)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is asked for
        classes = [cls.__name__ for cls in type(error).__mro__ if cls not in (BaseException, Exception, object)]
        return {"classes": classes, "text": shortened(str(error))}
    return {"classes": [], "text": ""}


def shortened(text):
    """One line, without what is another in every run: addresses and temporary directories."""
    text = re.sub(r"(memory://)\d+|0x[0-9a-f]{8,}", r"\1…", " ".join(text.split()))
    return re.sub(r"/tmp/\w+/\d+", "…", text)[:LONGEST]


def main(target):
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as directory:
        found = {row.id: observe(row, Path(directory) / str(n)) for n, row in enumerate(ROWS)}
    Path(target).write_text(json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
