"""Stores on other computers, which here is this one: they talk to servers that the tests start on loopback."""

import pytest

for _name in ("over_cloud", "races"):
    pytest.register_assert_rewrite(f"tests.remote.{_name}")
