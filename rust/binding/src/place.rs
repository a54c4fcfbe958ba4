//! The class `Place`: where the objects of arrays are, if the kernel can reach them itself.

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use zarr_kernel::cache::Cache;
use zarr_kernel::keys::Keys;
use zarr_kernel::plan::Plan;

use crate::buffers::{ByteView, OwnedBytes};
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
    #[pyo3(signature = (values, caches = false))]
    fn memory(values: Py<PyDict>, caches: bool) -> Self {
        Self(Kind::Memory(Values { values, caches }))
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

/// What the store itself says of a value that somebody put into its dict, and that is no buffer.
fn no_buffer(key: &str, value: &Bound<'_, PyAny>) -> PyResult<PyErr> {
    let class = value.get_type().name()?;
    Ok(PyTypeError::new_err(format!(
        "the value under '{key}' of a memory store is of the type {class}; values are buffers, as \
         zarr.buffer.cpu.Buffer.from_bytes makes them"
    )))
}

/// The dict of a memory store.
pub(crate) struct Values {
    values: Py<PyDict>,
    caches: bool,
}

/// The bytes of a value, and their number if they are the kernel's and may be looked for in the cache.
pub(crate) struct Found {
    pub(crate) view: ByteView,
    pub(crate) serial: Option<u64>,
}

impl Values {
    /// What is stored of each object of a plan, in its order. `is_kept` says whether the cache may help.
    pub(crate) fn of_plan(
        &self,
        py: Python<'_>,
        keys: &Keys,
        plan: &Plan,
        is_kept: bool,
    ) -> Result<Vec<Option<Found>>, Failure> {
        let is_kept = is_kept && self.caches && Cache::of_process().is_on();
        (0..plan.n_objects())
            .map(|number| self.get(py, &keys.key(plan.object(number)?.coords()), is_kept))
            .collect()
    }

    fn get(&self, py: Python<'_>, key: &str, is_kept: bool) -> Result<Option<Found>, Failure> {
        let Some(value) = self.values.bind(py).get_item(key)? else {
            return Ok(None);
        };
        let name = intern!(py, "as_numpy_array");
        let bytes = match value.call_method0(name) {
            Err(_) if !value.hasattr(name)? => return Err(no_buffer(key, &value)?.into()),
            called => called?,
        };
        let view = bytes.extract()?;
        let serial = if is_kept {
            OwnedBytes::serial_of(&bytes, &view)
        } else {
            None
        };
        Ok(Some(Found { view, serial }))
    }
}
