"""Suites to subclass: what is true of everything of a kind, whoever wrote it."""

import pytest

pytest.register_assert_rewrite("tests.suites.stores", "tests.suites.threads")
