"""Stores that lie elsewhere, reached through somebody else's library. None is imported before it is used."""
