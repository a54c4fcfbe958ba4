"""The program of the other libraries is no module of tests; what asks them for answers is run by `make readers`."""

import os

collect_ignore = ["peers_at_work.py"]  # run beside `recipes`, in environments without this library
if os.environ.get("ZARR_TEST_SERVER") != "readers":
    collect_ignore.append("test_readers.py")
