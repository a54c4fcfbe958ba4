"""What zarr-python offers and this library does in another way, by the names and signatures of zarr-python.

Public modules re-export it (`zarr.codecs.*`, `zarr.core.*`); nothing else imports it.
"""
