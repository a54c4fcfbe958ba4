"""The command `zarr` in this process, as a user gives it."""

import json
import logging
import warnings
from contextlib import contextmanager

from typer.testing import CliRunner

from zarr._cli.cli import app


@contextmanager
def process_as_before():
    """The command makes the process its own."""
    logger = logging.getLogger("zarr")
    handlers, level = logger.handlers, logger.level
    with warnings.catch_warnings():
        warnings.simplefilter("always")  # no errors, as these tests have them
        yield
    logger.handlers = handlers
    logger.setLevel(level)


def zarr_(*args, stdin=None):
    """A call of the command: its exit code, and what it wrote to standard output and to standard error."""
    result = CliRunner().invoke(app, [str(arg) for arg in args], input=stdin, prog_name="zarr")
    return result.exit_code, result.stdout, result.stderr


def as_json(*args):
    """What a call with --json prints, parsed; its exit code is in `exit_code` beside it."""
    code, out, _ = zarr_(*args, "--json")
    return {**json.loads(out), "exit_code": code}


def failure(*args):
    """What a call that fails says, which is on standard error and never Python's traceback; and its exit code."""
    code, out, err = zarr_(*args)
    assert "Traceback" not in err
    assert out == ""
    return code, err
