"""Codecs: how a chunk's elements become stored bytes, and back. A codec never sees a store.

`base` holds the contract, one module per codec implements it, `chain` compiles a list of codecs for one kind of chunk,
`registry` finds codecs by name. Importing this package loads no compression library: each codec does so on first use.
"""
