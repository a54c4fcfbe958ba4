"""Other libraries on what is written here: `make peers` installs them in an environment of their own, and runs this with its Python.

`zarr` is this library here, by its sources. In the same environment is zarr-python, which `theirs` is run with.
"""
