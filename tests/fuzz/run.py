"""Feed a target with what atheris makes of its seeds: `python -m tests.fuzz.run TARGET CORPUS [OPTIONS OF LIBFUZZER]`.

What was found that leads to new code stays in the folder CORPUS. Without arguments, the names of the targets.
"""

from __future__ import annotations

import hashlib
import sys
import warnings
from pathlib import Path

MOST_NBYTES = 4096
"""Longest input: documents and chunks here have some hundreds of bytes."""


def main(name: str, corpus: Path, options: list[str]) -> None:
    """Run until an option or a fault ends it."""
    import atheris

    warnings.simplefilter("error")
    warnings.simplefilter("ignore", UserWarning)
    warnings.simplefilter("ignore", FutureWarning)
    warnings.simplefilter("ignore", DeprecationWarning)  # NumPy's of old names of dtypes
    warnings.filterwarnings("ignore", ".*what a writer left that was interrupted", RuntimeWarning)
    corpus.mkdir(parents=True, exist_ok=True)
    with atheris.instrument_imports(include=["zarr"]):
        import zarr
        from tests.fuzz.targets import LIMITS, TARGETS, inputs

        zarr.config.set(LIMITS)
        run = TARGETS[name].run
        for seed in inputs(name):
            run(seed)  # imports what is imported on use
            (corpus / hashlib.sha1(seed).hexdigest()).write_bytes(seed)
    atheris.Setup([sys.argv[0], f"-max_len={MOST_NBYTES}", *options, str(corpus)], run)
    atheris.Fuzz()


if __name__ == "__main__":
    if len(sys.argv) == 1:
        from tests.fuzz.targets import TARGETS

        print(*TARGETS)
        sys.exit()
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
