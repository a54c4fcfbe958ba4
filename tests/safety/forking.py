"""Forks from the midst of everything: threads open, read, write, change settings and import plug-ins, and children do the same.

    python -m tests.safety.forking ENGINE ROOT FORKS

Says "forked" for each child that came to its end, and "over" in the end. A child that hangs says where.
"""

import faulthandler
import itertools
import signal
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import numpy.testing  # before any fork: NumPy loads it on use, and a child would wait for a parent's thread that loads it

import zarr
from tests.suites.children import LIMIT_S, end_of_child
from tests.suites.plain_stores import AsyncOnly
from zarr._codec import registry

N_PLUG_INS = 40
DATA = np.arange(400).reshape(20, 20)


def install_plug_ins(place):
    """Packages that offer one codec each, in a module that takes its time and needs another module."""
    for number in range(N_PLUG_INS):
        name = f"plugin{number}"
        (place / f"{name}-1.dist-info").mkdir(parents=True)
        (place / f"{name}-1.dist-info/METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        (place / f"{name}-1.dist-info/entry_points.txt").write_text(f"[zarr.codecs]\n{name} = {name}:Offered\n")
        (place / f"{name}.py").write_text(
            f"import time\nimport {name}_below\ntime.sleep(0.002)\nfrom zarr.codecs import GzipCodec\n"
            "class Offered(GzipCodec): pass\n"
        )
        (place / f"{name}_below.py").write_text("import time\ntime.sleep(0.002)\n")
    sys.path.insert(0, str(place))


def forget_plug_in(name):
    """As if nobody had looked it up."""
    registry._registered.pop(name, None)
    for module in (name, f"{name}_below"):
        sys.modules.pop(module, None)


class Work:
    """What threads of the parent do until they are told to stop."""

    def __init__(self, root):
        self.root = root
        self.plug_in = "plugin0"
        self.awaited = AsyncOnly()
        self.is_over = False
        zarr.create_array(root / "read", data=DATA, chunks=(5, 5), compressors=zarr.codecs.GzipCodec(level=1))
        zarr.create_array(root / "shards", data=DATA, chunks=(5, 5), shards=(10, 10))
        zarr.create_array(root / "written", data=DATA, chunks=(6, 6))
        zarr.create_array(self.awaited, data=DATA, chunks=(5, 5))
        self.memory = zarr.create_array({}, data=DATA, chunks=(5, 5))

    def open_and_read(self):
        for name in ("read", "shards"):
            np.testing.assert_array_equal(zarr.open_array(self.root / name, mode="r")[3:17, 2:], DATA[3:17, 2:])

    def write(self):
        array = zarr.open_array(self.root / "written", mode="r+")
        array[2:9, 3:8] = DATA[2:9, 3:8]
        self.memory[1:7] = DATA[1:7]
        array.attrs["turn"] = time.monotonic()

    def read_awaited(self):
        np.testing.assert_array_equal(zarr.open_array(self.awaited, mode="r+")[:], DATA)

    def set_and_look_up(self):
        with zarr.config.set({"array.order": "F", "json_indent": None}):
            self.open_and_read()

    def import_plug_ins(self):
        for number in itertools.count():
            if self.is_over:
                return
            self.plug_in = f"plugin{number % N_PLUG_INS}"
            forget_plug_in(self.plug_in)
            assert zarr.registry.get_codec_class(self.plug_in).__name__ == "Offered"

    def again_and_again(self, function):
        def work():
            while not self.is_over:
                function()

        return work

    def start(self):
        functions = [self.open_and_read, self.write, self.read_awaited, self.set_and_look_up]
        works = [*map(self.again_and_again, functions), self.import_plug_ins]
        self.threads = [threading.Thread(target=self._until_wrong, args=(work,), daemon=True) for work in works]
        for thread in self.threads:
            thread.start()

    def _until_wrong(self, work):
        try:
            work()
        except BaseException:
            self.is_over = True
            raise

    def in_child(self):
        """All of it once, and first of all what another thread of the parent was in the middle of."""
        assert zarr.registry.get_codec_class(self.plug_in).__name__ == "Offered"
        self.open_and_read()
        self.write()
        self.read_awaited()
        self.set_and_look_up()
        forget_plug_in("plugin0")
        assert zarr.registry.get_codec_class("plugin0").__name__ == "Offered"


def main(engine, root, n):
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    warnings.filterwarnings("ignore", ".*fork.*", DeprecationWarning)
    zarr.config.set({"engine": engine})
    install_plug_ins(root / "plug-ins")
    work = Work(root)
    work.start()
    for number in range(n):
        time.sleep(number % 7 / 1000)  # so that threads are met at all kinds of moments
        assert end_of_child(work.in_child) == 0, f"child number {number} failed"
        assert not work.is_over
        print("forked", flush=True)
    work.is_over = True
    for thread in work.threads:
        thread.join(LIMIT_S)
        assert not thread.is_alive()
    print("over", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
