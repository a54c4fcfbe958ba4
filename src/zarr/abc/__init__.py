"""Abstract base classes for stores, codecs and buffers of third parties."""
