"""Tests stay on this machine: whatever they connect to lies on loopback."""

from __future__ import annotations

import ipaddress
import os
import sys

NOWHERE = "http://127.0.0.1:9"
"""A proxy that is not there, for clients that are not written in Python: they ask the environment for one."""


def stay_here() -> None:
    """See to it for this process, and as far as the environment goes for its children."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        os.environ[name] = os.environ[name.lower()] = NOWHERE
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost,::1"
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    sys.addaudithook(_look)


def _look(event: str, args: tuple[object, ...]) -> None:
    if event != "socket.connect" or not isinstance(args[1], tuple) or _is_here(str(args[1][0])):
        return
    raise AssertionError(f"a test tried to connect to {args[1]!r}, which is not on this machine")


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:  # a name
        return False
