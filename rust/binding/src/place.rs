//! The class `Place`: where the objects of arrays are, if the kernel can reach them itself.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use zarr_kernel::keys::Keys;
use zarr_kernel::plan::Plan;

use crate::buffers::ByteView;
#[cfg(unix)]
use crate::directory::Directory;
use crate::errors::Failure;

/// A local directory, or the values of a memory store. See `_native.pyi`.
#[pyclass(frozen, module = "zarr._native")]
pub(crate) struct Place(pub(crate) Kind);

/// What a place is.
pub(crate) enum Kind {
    Memory(Values),
    #[cfg(unix)]
    Directory(Directory),
}

#[pymethods]
impl Place {
    #[cfg(unix)]
    #[staticmethod]
    #[pyo3(signature = (path, caches))]
    fn directory(path: String, caches: bool) -> Self {
        Self(Kind::Directory(Directory::new(path, caches)))
    }

    #[staticmethod]
    #[pyo3(signature = (values))]
    fn memory(values: Py<PyDict>) -> Self {
        Self(Kind::Memory(Values(values)))
    }

    #[getter]
    fn can_write(&self) -> bool {
        match &self.0 {
            Kind::Memory(_) => false,
            #[cfg(unix)]
            Kind::Directory(directory) => directory.has_locks(),
        }
    }
}

/// The dict of a memory store.
pub(crate) struct Values(Py<PyDict>);

impl Values {
    /// What is stored of each object of a plan, in its order.
    pub(crate) fn of_plan(
        &self,
        py: Python<'_>,
        keys: &Keys,
        plan: &Plan,
    ) -> Result<Vec<Option<ByteView>>, Failure> {
        (0..plan.n_objects())
            .map(|number| self.get(py, &keys.key(plan.object(number)?.coords())))
            .collect()
    }

    fn get(&self, py: Python<'_>, key: &str) -> Result<Option<ByteView>, Failure> {
        let Some(value) = self.0.bind(py).get_item(key)? else {
            return Ok(None);
        };
        let bytes = value.call_method0(intern!(py, "as_numpy_array"))?;
        Ok(Some(bytes.extract()?))
    }
}
