"""zarr-python with its default pipeline, its fused one, and the one of zarrs."""

import contextlib

import numpy as np

from adapters.base import Adapter, Unsupported


class Zarr(Adapter):
    module = "zarr"
    config = {}

    def __init__(self):
        import zarr

        self.z = zarr
        if self.config:
            zarr.config.set(self.config)

    def versions(self):
        out = {"zarr": self.z.__version__}
        with contextlib.suppress(Exception):
            import numcodecs

            out["numcodecs"] = numcodecs.__version__
        return out

    def _coded(self, ds):
        """Chunks and codecs, as keywords of `create_array`."""
        c, codec, inner = self.z.codecs, ds["codec"], ds["chunks"]
        if codec in ("lzma", "bz2", "quantize", "scaleoffset"):
            import zarr.codecs.numcodecs as n

            if codec == "lzma":
                return dict(chunks=inner, compressors=n.LZMA(preset=1))
            if codec == "bz2":
                return dict(chunks=inner, compressors=n.BZ2(level=1))
            packed = n.FixedScaleOffset(offset=280, scale=100, dtype="f4", astype="i2")
            filters = n.Quantize(digits=2, dtype="f4") if codec == "quantize" else packed
            return dict(chunks=inner, filters=filters)
        if codec.startswith("outer"):  # codecs before and behind a sharding codec
            filters = None
            inside = [c.BytesCodec()]
            if codec == "outer_transposed":
                filters = c.TransposeCodec(order=(1, 0))
            if codec == "outer_filter":
                import zarr.codecs.numcodecs as n

                filters = n.FixedScaleOffset(offset=280, scale=100, dtype="f4", astype="i2")
                inside = [c.BytesCodec(), c.ZstdCodec(level=0)]
            shards = c.ShardingCodec(chunk_shape=inner, codecs=inside)
            outside = None if codec == "outer_filter" else c.ZstdCodec(level=0)
            return dict(chunks=ds["shards"], filters=filters, serializer=shards, compressors=outside)
        return dict(chunks=inner, shards=ds["shards"], compressors=self._compressors(codec))

    def _compressors(self, codec):
        c = self.z.codecs
        if codec == "none":
            return None
        if codec == "zstd":
            return "auto"
        if codec == "blosc":
            return c.BloscCodec(cname="zstd", clevel=3, shuffle="bitshuffle")
        if codec == "lz4":
            import numcodecs

            return numcodecs.Blosc(cname="lz4", clevel=5, shuffle=1)
        return c.GzipCodec(level=1)

    def create(self, path, ds):
        store = path if path is not None else self.z.storage.MemoryStore()
        return self.z.create_array(
            store=store,
            shape=ds["shape"],
            dtype=ds["dtype"],
            zarr_format=ds["format"],
            **self._coded(ds),
        )

    def create_items(self, path, ds):
        """An array of text or byte strings of any length."""
        types = {"text": self.z.dtype.VariableLengthUTF8, "bytes": self.z.dtype.VariableLengthBytes}
        return self.create(path, ds | {"dtype": types[ds["dtype"]]()})

    def create_typed(self, path, ds):
        """An array of structs; zarr-python has no other types than NumPy's."""
        if ds["dtype"].names is None:
            raise Unsupported(str(ds["dtype"]))
        return self.create(path, ds)

    def open(self, path, mode="r"):
        return self.z.open_array(store=path, mode=mode)

    def write(self, a, sel, data):
        a[sel] = data

    def read(self, a, sel):
        return a[sel]

    def read_reversed(self, a):
        try:
            return a[::-1, ::-1]
        except Exception:  # zarr-python has no negative steps: do it in numpy
            return np.ascontiguousarray(a[...][::-1, ::-1])

    def oindex(self, a, rows, cols):
        return a.oindex[rows, cols]

    def vindex(self, a, rows, cols):
        return a.vindex[rows, cols]

    def mask(self, a, m):
        return a.vindex[m]

    def append(self, a, rows):
        a.append(rows)
        return a

    def copy_to(self, a, path, ds):
        return self.z.from_array(path, data=a, chunks=ds["chunks"])

    def grow(self, a, n):
        a.resize((a.shape[0] + n, *a.shape[1:]))
        return a

    def open_consolidated(self, path):
        return self.z.open_consolidated(path)

    def group_len(self, g):
        return len(g)

    def group_keys(self, g):
        return len(list(g.keys()))

    def group_members(self, g):
        return len(list(g.members(max_depth=None)))

    def group_tree(self, g):
        return len(str(g.tree()))

    def open_group(self, path, mode="r"):
        return self.z.open_group(path, mode=mode)

    def group_with(self, path, attributes):
        return self.z.create_group(path, attributes=attributes)

    def attributes(self, g):
        return dict(g.attrs)

    def set_attribute(self, g, name, value):
        g.attrs[name] = value

    def update_attributes(self, g, attributes):
        g.update_attributes(attributes)

    def group_create(self, path, n):
        g = self.z.create_group(path)
        for i in range(n):
            g.create_array(name=f"a{i:03d}", shape=(100, 100), chunks=(10, 10), dtype="float32")

    def group_list(self, path):
        return len(list(self.z.open_group(path, mode="r").members()))

    def group_consolidate(self, path):
        self.z.consolidate_metadata(path)

    def group_open_consolidated(self, path):
        g = self.z.open_consolidated(path)
        return len(list(g.members()))


class ZarrFused(Zarr):
    config = {"codec_pipeline.path": "zarr.core.codec_pipeline.FusedCodecPipeline"}


class ZarrZarrs(Zarr):
    config = {"codec_pipeline.path": "zarrs.ZarrsCodecPipeline"}

    def __init__(self):
        import zarrs  # noqa: F401

        super().__init__()

    def versions(self):
        import importlib.metadata as m

        return super().versions() | {"zarrs": m.version("zarrs")}
