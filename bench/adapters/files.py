"""Files by plain calls of the system, as the work done by hand has them."""

import os


def slurp(path, n=None, offset=0):
    fd = os.open(path, os.O_RDONLY)
    try:
        if n is None:
            n = os.fstat(fd).st_size
        return os.pread(fd, n, offset)
    finally:
        os.close(fd)


def spew(path, data):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
    finally:
        os.close(fd)
