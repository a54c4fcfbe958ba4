"""Leases on objects and nodes, in files, for file systems whose locks end at one machine."""
