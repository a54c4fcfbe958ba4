"""Names of documents, and the members that they have, by zarr-python's constants."""

ZARR_JSON = "zarr.json"
ZARRAY_JSON = ".zarray"
ZATTRS_JSON = ".zattrs"
ZGROUP_JSON = ".zgroup"
ZMETADATA_V2_JSON = ".zmetadata"

ARRAY_METADATA_KEYS = frozenset(
    {
        *("zarr_format", "node_type", "shape", "data_type", "chunk_grid", "chunk_key_encoding", "fill_value", "codecs"),
        *("attributes", "dimension_names", "storage_transformers"),
    }
)
GROUP_METADATA_KEYS = frozenset({"zarr_format", "node_type", "attributes", "consolidated_metadata"})
