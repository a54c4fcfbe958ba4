"""What depends on the interpreter and on the builder's wishes; everything else is in pyproject.toml.

The variable BUILD_ZARR_NATIVE says whether the extension `zarr._native` is built:

- `auto`, the default: if it can be. Without a Rust toolchain or a crate registry the build says so and goes on; the
  library is then complete but slower.
- `always`: or the build fails.
- `never`: the wheel is one of pure Python, as it is where there is no Rust toolchain.
"""

import os
import shutil
import sysconfig
import warnings

from setuptools import setup
from setuptools_rust import Binding, RustExtension

CHOICE = os.environ.get("BUILD_ZARR_NATIVE", "auto")
if CHOICE not in ("auto", "always", "never"):
    raise SystemExit(f"BUILD_ZARR_NATIVE is auto, always or never, not {CHOICE!r}")

# One wheel serves every Python from 3.11 on (the stable ABI), except builds without a GIL, which
# do not have that ABI and get a wheel of their own.
HAS_STABLE_ABI = not sysconfig.get_config_var("Py_GIL_DISABLED")

NATIVE = RustExtension(
    "zarr._native",
    path="rust/binding/Cargo.toml",
    binding=Binding.PyO3,
    optional=CHOICE == "auto",
    debug=False,  # editable installs too: a debug build is many times slower
    cargo_manifest_args=["--locked"],
    rust_version=">=1.85",
)

HAS_CARGO = shutil.which(os.environ.get("CARGO", "cargo")) is not None
if CHOICE == "auto" and not HAS_CARGO:
    warnings.warn("no Rust toolchain (cargo) found: zarr is built without its extension", stacklevel=1)

if CHOICE == "never" or (CHOICE == "auto" and not HAS_CARGO):
    setup()
else:
    setup(
        rust_extensions=[NATIVE],
        options={"bdist_wheel": {"py_limited_api": "cp311"}} if HAS_STABLE_ABI else {},
    )
