"""Stores on other computers, which here is this one: they talk to servers that the tests start on loopback."""
