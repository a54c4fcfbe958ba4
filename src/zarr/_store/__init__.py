"""Stores: bytes under keys. They know nothing of arrays."""
