"""Flows: what an operation does, step by step, without threads and without `await`."""
