"""Stores on other computers."""
