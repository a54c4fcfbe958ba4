"""ome-zarr, "Writing images" and "Reading": an image with its scales, then labels beside it."""

import numpy as np
from ome_zarr.io import parse_url
from ome_zarr.reader import Reader
from ome_zarr.writer import write_image, write_labels

import zarr

image = np.random.default_rng(0).poisson(10, size=(10, 256, 256)).astype(np.uint8)
write_image(image, "image.ome.zarr", axes="zyx")
labels = (image > 12).astype(np.uint8)
write_labels(labels, zarr.open_group("image.ome.zarr", mode="r+"), name="bright", axes="zyx")

(node, *beside) = list(Reader(parse_url("image.ome.zarr", mode="r"))())
assert node.data[0].shape == image.shape
assert len(node.data) > 1
assert np.array_equal(node.data[0].compute(), image)
