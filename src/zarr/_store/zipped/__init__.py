"""Stores in one file: zip archives."""
