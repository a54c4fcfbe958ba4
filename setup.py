"""The one build setting that depends on the interpreter; everything else is in pyproject.toml."""

import sysconfig

from setuptools import setup

# One wheel serves every Python from 3.11 on (the stable ABI), except builds without a GIL, which
# do not have that ABI and get a wheel of their own.
HAS_STABLE_ABI = not sysconfig.get_config_var("Py_GIL_DISABLED")

setup(options={"bdist_wheel": {"py_limited_api": "cp311"}} if HAS_STABLE_ABI else {})
