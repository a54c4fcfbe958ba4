"""moto in the place of the tests' own cloud."""

from __future__ import annotations

import pytest

from tests.servers.others import RunningS3
from tests.servers.running import running_program


@pytest.fixture(scope="session")
def running():
    with running_program("tests.servers.moto") as port:
        yield RunningS3(port)
