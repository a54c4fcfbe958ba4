"""Races on the tests' own cloud, over a net that loses replies."""

from __future__ import annotations

import pytest

from tests.conftest import PROFILE
from tests.remote.races import Races

IS_LONG = PROFILE == "long"


class TestNothingIsLost(Races):
    if not IS_LONG:
        n_writes, n_appends = 12, 5
        n_creators, n_rounds = 6, 5

    @pytest.fixture(params=["s3", "gs", "az"] if IS_LONG else ["s3"])
    def kind(self, request):
        return request.param

    @pytest.fixture(params=["calm", "losing replies"] if IS_LONG else ["losing replies"], autouse=True)
    def _weather(self, request, cloud):
        """What the net is like."""
        if request.param == "losing replies":
            for number, how in enumerate(("late", "lose", "refuse")):
                cloud.fail(how, rate=0.05 / 3, seed=number)

    def clear_up(self, cloud):
        cloud.fail()
