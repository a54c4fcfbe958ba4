"""Stores before others that keep what was read."""
