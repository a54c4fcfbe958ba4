"""Engines: encoded bytes to elements and back."""
