"""What a signal handler raises in the midst of codecs comes out as it is, whatever it is and wherever it comes."""

import functools
import itertools
import signal
import sys
import time
import zlib

import numcodecs
import numpy as np
import pytest

import zarr
from zarr._support.signals import came_from_a_signal
from zarr.codecs import BloscCodec, Crc32cCodec, GzipCodec, ZstdCodec
from zarr.codecs import numcodecs as others

pytestmark = pytest.mark.filterwarnings("ignore:Numcodecs codecs are not in the Zarr version 3 specification")
V3 = {
    "gzip": {"compressors": GzipCodec(level=1)},
    "zstd": {"compressors": ZstdCodec()},
    "blosc": {"compressors": BloscCodec()},
    "crc32c": {"compressors": Crc32cCodec()},
    "bz2": {"compressors": others.BZ2(level=1)},
    "lzma": {"compressors": others.LZMA(preset=0)},
    "lz4": {"compressors": others.LZ4()},
    "delta": {"filters": others.Delta(dtype="<i8"), "compressors": others.Zlib()},
    "shards": {"shards": (40,), "compressors": GzipCodec(level=1)},
}
V2 = {
    "zlib": {"compressors": numcodecs.Zlib()},
    "filters": {"filters": [numcodecs.Delta("<i8"), numcodecs.BZ2()], "compressors": numcodecs.Zstd()},
    "lzma": {"compressors": numcodecs.LZMA()},
}
ARRAYS = [*((3, name) for name in V3), *((2, name) for name in V2)]


class Timeout(Exception):  # as those of others are called
    pass


class Late(ValueError):
    pass


RAISED = [
    Timeout("t"),
    Late("l"),
    TimeoutError("late"),
    RuntimeError("r"),
    OSError("o"),
    zlib.error("z"),
]


class Alarm:
    """Sends a signal after the n-th call that code of the codecs makes of a function in C."""

    def __init__(self, at):
        self._left = at
        self.has_rung = False

    def __call__(self, frame, event, function):
        if event != "c_return" or not frame.f_globals["__name__"].startswith(("zarr._codec", "numcodecs")):
            return
        self._left -= 1
        if self._left < 0:
            sys.setprofile(None)
            self.has_rung = True
            signal.raise_signal(signal.SIGUSR2)


@pytest.fixture
def on_signal():
    """Have a handler raise something."""
    before = signal.getsignal(signal.SIGUSR2)

    def install(handler):
        signal.signal(signal.SIGUSR2, handler)

    yield install
    signal.signal(signal.SIGUSR2, before)


def raising(error):
    def handler(*_):
        raise error

    return handler


def heard(work):
    """What work raises."""
    try:
        work()
    except Exception as exc:  # noqa: BLE001  # looked at by the caller
        return exc
    return None


def wherever_it_comes(work, error, step):
    """Work with an alarm after ever more calls, until none rings; returns how many that were."""
    for at in itertools.count(0, step):
        alarm = Alarm(at)
        sys.setprofile(alarm)
        raised = heard(work)
        sys.setprofile(None)
        assert raised is (error if alarm.has_rung else None), f"after call number {at}"
        if raised is None:
            return at
    return None


@pytest.mark.parametrize("error", RAISED, ids=repr)
@pytest.mark.parametrize(("zarr_format", "name"), ARRAYS, ids=str)
def test_wherever_it_comes_it_is_what_the_caller_gets(zarr_format, name, error, on_signal):
    on_signal(raising(error))
    options = (V3 if zarr_format == 3 else V2)[name]
    with zarr.config.set({"engine": "python"}):
        size = 40 if name == "shards" else 20
        array = zarr.create_array({}, data=np.arange(size), chunks=20, zarr_format=zarr_format, **options)
        step = 1 if error is RAISED[0] else 7
        assert wherever_it_comes(lambda: array[:], error, step) > 1
        assert wherever_it_comes(lambda: array.__setitem__(slice(3, size - 5), 5), error, step) > 1


def again_and_again(work):
    """Until the alarm rings; it is set again after a while, as Python keeps to itself what is raised in a destructor."""
    while True:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        end = time.monotonic() + 2
        while time.monotonic() < end:
            work()


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # it closes itself, as it must: nobody knows it
@pytest.mark.filterwarnings("ignore:.*FileIO:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings(
    "ignore:.*gc_callback:pytest.PytestUnraisableExceptionWarning"
)  # Hypothesis's, which it may come in
@pytest.mark.parametrize("error", RAISED, ids=repr)
def test_it_comes_out_of_both_engines(error, engine, on_signal, tmp_path):
    signal.signal(signal.SIGALRM, raising(error))
    try:
        array = zarr.create_array(tmp_path / "a", shape=2**20, chunks=2**12, dtype="u1", compressors=GzipCodec(level=1))
        array[:] = 1
        for work in (lambda: array[:], lambda: array.__setitem__(slice(5, None), 2)):
            with pytest.raises(type(error)) as caught:
                again_and_again(work)
            assert caught.value is error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


class Handlers:
    """Handlers in the forms that people write."""

    def method(self, number, frame):
        raise Late

    def __call__(self, number, frame):
        raise Late

    @staticmethod
    def forgets(number, frame):
        del number, frame
        raise Late

    @staticmethod
    def calls_on(number, frame):
        Handlers.deeper()

    @staticmethod
    def deeper():
        raise Late

    @staticmethod
    def by_name(number, frame, *, why=None):
        raise Late

    @staticmethod
    def with_more(more, number, frame):
        raise Late

    @staticmethod
    def uninstalls_itself(number, frame):
        signal.signal(number, signal.SIG_DFL)
        raise Late


HANDLERS = {
    "method": Handlers().method,
    "callable": Handlers(),
    "forgets": Handlers.forgets,
    "calls on": Handlers.calls_on,
    "keyword": Handlers.by_name,
    "partial": functools.partial(Handlers.with_more, "more"),
    "partial that forgets": functools.partial(Handlers.forgets),
    "uninstalls itself": Handlers.uninstalls_itself,
    "lambda": lambda *_: Handlers.deeper(),
}


@pytest.mark.parametrize("name", HANDLERS)
def test_handlers_are_recognised(name, on_signal):
    on_signal(HANDLERS[name])
    with pytest.raises(Late) as caught:
        int(str(signal.raise_signal(signal.SIGUSR2)))
    assert came_from_a_signal(caught.value)


def test_what_no_handler_raised_is_told_apart(on_signal):
    on_signal(Handlers.forgets)

    def takes_a_frame(frame):
        raise Late

    for work in (lambda: int("x"), Handlers.deeper, lambda: takes_a_frame(sys._getframe())):
        assert not came_from_a_signal(heard(work))
    assert not came_from_a_signal(Late())
