"""The programs are run by `make ecosystem` only, in an environment that has what they need."""

collect_ignore_glob = ["tutorials/*.py"]
