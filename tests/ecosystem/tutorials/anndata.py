"""anndata, "Getting started": annotated counts are stored and read, whole and by parts."""

import anndata as ad
import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix

import zarr

random = np.random.default_rng(0)
adata = ad.AnnData(csr_matrix(random.poisson(1, size=(100, 2000)), dtype=np.float32))
adata.obs_names = [f"Cell_{i:d}" for i in range(adata.n_obs)]
adata.var_names = [f"Gene_{i:d}" for i in range(adata.n_vars)]
adata.obs["cell_type"] = pd.Categorical(random.choice(["B", "T", "Monocyte"], size=adata.n_obs))
adata.obsm["X_umap"] = random.normal(0, 1, size=(adata.n_obs, 2))
adata.varm["gene_stuff"] = random.normal(0, 1, size=(adata.n_vars, 5))
adata.uns["random"] = [1, 2, 3]
adata.layers["log_transformed"] = np.log1p(adata.X)

for zarr_format in (2, 3):
    with ad.settings.override(zarr_write_format=zarr_format):
        path = f"my_results_{zarr_format}.zarr"
        adata.write_zarr(path)
        assert zarr.open_group(path, mode="r").metadata.zarr_format == zarr_format
        back = ad.read_zarr(path)
        assert (back.X != adata.X).nnz == 0
        assert (back.layers["log_transformed"] != adata.layers["log_transformed"]).nnz == 0
        assert np.array_equal(back.obsm["X_umap"], adata.obsm["X_umap"])
        pd.testing.assert_frame_equal(back.obs, adata.obs)
        assert back.uns["random"].tolist() == [1, 2, 3]
        rows = ad.io.sparse_dataset(zarr.open_group(path, mode="r")["X"])[10:20]
        assert (rows != adata.X[10:20]).nnz == 0
