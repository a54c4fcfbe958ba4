"""Servers that tests start on loopback. See `cloud` for what the project's own one does, and `running` for how it is started."""
