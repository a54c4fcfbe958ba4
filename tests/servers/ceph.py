"""Ceph's gateway, a server for S3 as it runs in production, with what it needs below it: all on this machine, all in memory.

It comes from Debian, as `make ceph` installs it: one monitor, one daemon that keeps objects, and a gateway. It is started within
seconds, and what was stored is gone in the end.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from tests.servers.others import KEYS, RunningS3

PATIENCE_S = 60
ACCEPT_QUOTES = Path(__file__).with_name("accept_quotes.c")

CONFIGURATION = """
[global]
fsid = {uuid}
keyring = {place}/keyring
log_file = {place}/$name.log
log_to_stderr = false
pid_file =
admin_socket =
crash_dir = {place}

# Nobody but this machine gets to it.
mon_host = [v2:127.0.0.1:{monitor_port}]
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_msgr1 = false
auth_allow_insecure_global_id_reclaim = false

# One daemon keeps everything once, in memory; on small machines, and without waiting to see who else has something to say.
mon_data = {place}/monitor
osd_data = {place}/objects
osd_objectstore = memstore
memstore_device_bytes = 4294967296
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
rgw_rados_pool_pg_num_min = 4
mon_max_pg_per_osd = 2000
paxos_propose_interval = 0.02
paxos_min_wait = 0.01
mon_data_avail_warn = 1
mon_data_avail_crit = 0

[client.rgw]
rgw_data = {place}/gateway
rgw_enable_usage_log = false
rgw_override_bucket_index_max_shards = 1
rgw_thread_pool_size = 64
"""
MAY_ALL = {
    "mon.": {"mon": "allow *"},
    "client.admin": {"mon": "allow *", "osd": "allow *", "mgr": "allow *"},
    "client.rgw": {"mon": "allow *", "osd": "allow *", "mgr": "allow *"},
    "osd.0": {"mon": "allow profile osd", "osd": "allow *", "mgr": "allow profile osd"},
}


class Ceph:
    """A cluster of one machine, whose gateways are started one by one."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.configuration = place / "ceph.conf"

    def do(self, program: str, *arguments: object) -> None:
        """Run a program of Ceph's to its end."""
        done = subprocess.run(
            [program, *map(str, arguments)],
            env={**os.environ, "CEPH_CONF": str(self.configuration)},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, f"{program} {arguments}: {done.stdout}{done.stderr}"

    @contextmanager
    def daemon(self, program: str, *arguments: object, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a daemon; it is gone at the end of the block, and when this process ends in another way."""
        with (self.place / f"{program}.out").open("ab") as said:
            process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", program, "-c", self.configuration, "-f", *map(str, arguments)],
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def prepare(self, uuid: str, monitor_port: int) -> None:
        """Write down what the daemons have to know, the keys by which they trust each other included."""
        self.configuration.write_text(
            CONFIGURATION.format(uuid=uuid, place=self.place, monitor_port=monitor_port), encoding="utf-8"
        )
        for new, (name, rights) in zip([["--create-keyring"], [], [], []], MAY_ALL.items(), strict=True):
            may = [word for daemon, right in rights.items() for word in ("--cap", daemon, right)]
            self.do("ceph-authtool", self.place / "keyring", "--gen-key", *new, "-n", name, *may)
        monitors = self.place / "monitors"
        self.do("monmaptool", "--create", "--fsid", uuid, "--addv", "a", f"[v2:127.0.0.1:{monitor_port}]", monitors)
        self.do("ceph-mon", "--mkfs", "-i", "a", "--monmap", monitors, "--keyring", self.place / "keyring")

    @contextmanager
    def gateway(self, *, accepts_quotes: bool) -> Iterator[RunningCeph]:
        """Run a gateway, as it is or with what makes it accept right ETags in quotes."""
        environment = {"LD_PRELOAD": str(self._preloaded())} if accepts_quotes else {}
        port = free_port()
        front = f"beast endpoint=127.0.0.1:{port} tcp_nodelay=1"
        with self.daemon("radosgw", "-n", "client.rgw", "--rgw-frontends", front, **environment) as process:
            _wait_until_it_answers(process, port)
            yield RunningCeph(port, accepts_quotes=accepts_quotes)

    def _preloaded(self) -> Path:
        library = self.place / "accept_quotes.so"
        self.do("cc", "-shared", "-fPIC", "-O2", "-fno-builtin", "-o", library, ACCEPT_QUOTES)
        return library


class RunningCeph(RunningS3):
    """A gateway that runs."""

    def __init__(self, port: int, *, accepts_quotes: bool) -> None:
        super().__init__(port)
        self.accepts_quotes = accepts_quotes


def free_port() -> int:
    with socket.socket() as end:
        end.bind(("127.0.0.1", 0))
        port: int = end.getsockname()[1]
        return port


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            assert process.poll() is None, f"it ended with {process.returncode}: see its log"
            assert time.monotonic() < until, "it does not answer"
            time.sleep(0.02)
        else:
            return


@contextmanager
def running_ceph(place: Path) -> Iterator[Ceph]:
    """Start a cluster in an empty directory, with a user that has `KEYS`; and end it."""
    ceph, uuid = Ceph(place), str(uuid4())
    ceph.prepare(uuid, free_port())
    with ceph.daemon("ceph-mon", "-i", "a"):
        ceph.do("ceph", "osd", "new", uuid)
        (place / "objects").mkdir()
        ceph.do("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", uuid)
        (place / "gateway").mkdir()
        with ceph.daemon("ceph-osd", "-i", "0"):
            ceph.do(
                *("radosgw-admin", "-n", "client.rgw", "user", "create", "--uid", "test", "--display-name", "test"),
                *("--access-key", KEYS["access_key_id"], "--secret-key", KEYS["secret_access_key"]),
            )
            yield ceph
