"""What many tests have in common: suites to subclass, of what is true of everything of a kind, and stores and calls to use."""

import pytest

for _name in ("awaited_stores", "children", "stores", "versioned_stores", "store_holds", "threads"):
    pytest.register_assert_rewrite(f"tests.suites.{_name}")
