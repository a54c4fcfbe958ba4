"""The datasets that most workloads share, and the source arrays that they are made of."""

import numpy as np

K = 1000
DATASETS = {
    "raw": dict(src="arange", shape=(10 * K, 10 * K), dtype="int32", chunks=(K, K), codec="none"),
    "zstd": dict(src="field", shape=(10 * K, 10 * K), dtype="float32", chunks=(K, K), codec="zstd"),
    "blosc": dict(src="arange", shape=(10 * K, 10 * K), dtype="int32", chunks=(K, K), codec="blosc"),
    "gzip": dict(src="counts", shape=(8 * K, 8 * K), dtype="int16", chunks=(K, K), codec="gzip"),
    "shard": dict(src="image", shape=(10 * K, 10 * K), dtype="uint8", chunks=(100, 100), shards=(K, K), codec="zstd"),
    "shardraw": dict(
        src="image", shape=(10 * K, 10 * K), dtype="uint8", chunks=(100, 100), shards=(K, K), codec="none"
    ),
    "small": dict(src="field4", shape=(4 * K, 4 * K), dtype="float32", chunks=(100, 100), codec="zstd"),
    "shardblosc": dict(
        src="image", shape=(10 * K, 10 * K), dtype="uint8", chunks=(100, 100), shards=(K, K), codec="blosc"
    ),
    "rmw": dict(src="field4", shape=(4 * K, 4 * K), dtype="float32", chunks=(K, K), codec="zstd"),
    "shardrmw": dict(src="image4", shape=(4 * K, 4 * K), dtype="uint8", chunks=(100, 100), shards=(K, K), codec="zstd"),
    "vol": dict(src="volume", shape=(512,) * 3, dtype="uint16", chunks=(64,) * 3, codec="zstd"),
    "v2": dict(src="field", shape=(10 * K, 10 * K), dtype="float32", chunks=(K, K), codec="lz4", format=2),
    "big": dict(src=None, shape=(20 * K, 20 * K), dtype="int32", chunks=(K, K), codec="none"),
}
for _ds in DATASETS.values():
    _ds.setdefault("shards", None)
    _ds.setdefault("format", 3)


def generate(workdir):
    """Write the source arrays as .npy files: smooth fields with noise, not constants."""
    rng = np.random.default_rng(20240607)

    def save(name, arr):
        np.save(f"{workdir}/{name}.npy", arr)

    n = 10 * K
    y, x = np.arange(n, dtype="f4")[:, None] / n, np.arange(n, dtype="f4")[None, :] / n
    save("arange", np.arange(n * n, dtype="i4").reshape(n, n))
    # temperature-like: broad waves, a little noise, recorded to 0.01
    field = rng.standard_normal((n, n), "f4")
    field *= 0.2
    field += 280 + 15 * np.sin(5 * y + 1) * np.cos(7 * x)
    field += 4 * np.sin(31 * x) * np.sin(23 * y)
    np.rint(field * 100, out=field)
    field /= 100
    save("field", field)
    save("field4", field[: 4 * K, : 4 * K])
    del field
    # picture-like: gradients, hard edges, sensor noise
    img = 90 + 60 * np.sin(9 * y) * np.sin(11 * x) + 40 * (np.sin(60 * x) * np.sin(50 * y) > 0.4)
    img += 2 * rng.standard_normal((n, n), "f4")
    img = np.clip(img, 0, 255).astype("u1")
    save("image", img)
    save("image4", img[: 4 * K, : 4 * K])
    del img
    # microscope counts: Poisson background, bright cells
    m = 8 * K
    lam = 12 + 400 * np.clip(np.sin(90 * y[:m]) * np.sin(80 * x[:, :m]) - 0.8, 0, 1)
    counts = lam + np.sqrt(lam) * rng.standard_normal((m, m), "f4")
    save("counts", np.clip(np.rint(counts), 0, None).astype("i2"))
    z = np.arange(512, dtype="f4") / 512
    lam = 100 + 900 * np.clip(
        np.sin(20 * z)[:, None, None] * np.sin(17 * z)[None, :, None] * np.sin(23 * z)[None, None, :], 0, 1
    )
    vol = lam + np.sqrt(lam) * rng.standard_normal(lam.shape, "f4")
    save("volume", np.rint(vol).astype("u2"))


def slab(i):
    """Rows of `big`, which is made and read a slab at a time."""
    return (slice(i, i + K), slice(None))
