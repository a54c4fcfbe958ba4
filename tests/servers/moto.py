"""moto, which programs for S3 are tested with, as a server on loopback. It says its port, and runs until its input ends."""

from __future__ import annotations

import logging
import sys


def main() -> None:
    from moto.server import ThreadedMotoServer  # which only `make witness` installs

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    print(server.get_host_and_port()[1])
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main()
