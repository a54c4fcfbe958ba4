"""Settings of one array that are not stored, as users give them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from zarr._codec.base import ArrayConfig


def array_config(config: ArrayConfig | dict[str, Any] | None, **overrides: Any) -> ArrayConfig:
    """The settings of an array: defaults from the configuration, then `config`, then overrides that are not None.

    Raises TypeError for a key that does not exist.
    """
    given = {key: value for key, value in overrides.items() if value is not None} if overrides else {}
    if isinstance(config, ArrayConfig):
        return replace(config, **given) if given else config
    if config is not None and not isinstance(config, Mapping):
        raise TypeError(f"config must be a dict or an ArrayConfig, got {config!r}")
    return ArrayConfig.from_dict({**(config or {}), **given})
