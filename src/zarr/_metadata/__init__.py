"""Metadata documents of both formats, parsed into frozen objects and written back as they were read."""
