//! The class `Getter`: `array[...]` for integers and slices, without any Python on the way.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyInt, PySlice, PyTuple};
use zarr_kernel::selection::AxisSelection;

use crate::errors::guard;
use crate::items::Lent;
use crate::pipeline::{Keys, Pipeline};
use crate::place::Place;

/// `numpy.empty`. Kept, as at the exit of Python nothing is found any more that was imported.
static EMPTY: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Reads small selections of one array. See `_native.pyi`.
#[pyclass(frozen, module = "zarr._native")]
pub(crate) struct Getter {
    pipeline: Py<Pipeline>,
    place: Py<Place>,
    keys: Py<Keys>,
    shape: Vec<usize>,
    /// `numpy.empty`, and what it is called with besides the shape.
    empty: Py<PyAny>,
    dtype: Py<PyAny>,
    order: Py<PyAny>,
    /// Opaque elements of the same size, where NumPy lends no buffer of the dtype itself.
    lent_as: Option<Py<PyAny>>,
}

#[pymethods]
impl Getter {
    #[new]
    #[pyo3(signature = (pipeline, place, keys, shape, dtype, order, lent_as))]
    // One argument per fact.
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        pipeline: Py<Pipeline>,
        place: Py<Place>,
        keys: Py<Keys>,
        shape: Vec<usize>,
        dtype: Py<PyAny>,
        order: Py<PyAny>,
        lent_as: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        Ok(Self {
            pipeline,
            place,
            keys,
            shape,
            empty: EMPTY.import(py, "numpy", "empty")?.clone().unbind(),
            dtype,
            order,
            lent_as,
        })
    }

    #[pyo3(signature = (selection, max_threads, /))]
    fn get<'py>(
        &self,
        py: Python<'py>,
        selection: &Bound<'py, PyAny>,
        max_threads: usize,
    ) -> PyResult<Bound<'py, PyAny>> {
        let Some(axes) = self.parse(selection)? else {
            return Ok(py.NotImplemented().into_bound(py));
        };
        let is_scalar = axes
            .iter()
            .all(|axis| matches!(axis, AxisSelection::Integer(_)));
        let shape: Vec<usize> = axes
            .iter()
            .filter(|axis| !matches!(axis, AxisSelection::Integer(_)))
            .map(AxisSelection::count)
            .collect();
        let result = self.empty(py, if is_scalar { vec![1] } else { shape })?;
        let lent: Lent = match &self.lent_as {
            None => result.extract()?,
            Some(dtype) => result
                .call_method1(intern!(py, "view"), (dtype,))?
                .extract()?,
        };
        self.read(py, axes, lent, max_threads)?;
        if is_scalar {
            result.get_item(0)
        } else {
            Ok(result)
        }
    }
}

impl Getter {
    fn empty<'py>(&self, py: Python<'py>, shape: Vec<usize>) -> PyResult<Bound<'py, PyAny>> {
        let shape = PyTuple::new(py, shape)?;
        self.empty
            .bind(py)
            .call1((shape, self.dtype.bind(py), self.order.bind(py)))
    }

    fn read(
        &self,
        py: Python<'_>,
        axes: Vec<AxisSelection>,
        out: Lent,
        max_threads: usize,
    ) -> PyResult<()> {
        let pipeline = self.pipeline.get();
        let keys = self.keys.get();
        let place = self.place.get();
        guard(|| pipeline.read_from(py, place, keys, axes, false, &out, max_threads))
    }

    /// A selection of integers, slices and whole axes at the end. `None` for any other, and for one
    /// that does not fit: Python knows what to do with those.
    fn parse(&self, selection: &Bound<'_, PyAny>) -> PyResult<Option<Vec<AxisSelection>>> {
        let mut axes = Vec::with_capacity(self.shape.len());
        let mut lengths = self.shape.iter();
        if let Ok(entries) = selection.cast_exact::<PyTuple>() {
            if entries.len() > self.shape.len() {
                return Ok(None);
            }
            for (entry, length) in entries.iter().zip(lengths.by_ref()) {
                let Some(axis) = parse_axis(&entry, *length)? else {
                    return Ok(None);
                };
                axes.push(axis);
            }
        } else if let Some(length) = lengths.next() {
            let Some(axis) = parse_axis(selection, *length)? else {
                return Ok(None);
            };
            axes.push(axis);
        } else {
            return Ok(None);
        }
        axes.extend(lengths.map(|length| AxisSelection::Run {
            start: 0,
            step: 1,
            count: *length,
        }));
        let is_empty = axes.iter().any(|axis| axis.count() == 0);
        Ok((!is_empty).then_some(axes))
    }
}

fn parse_axis(entry: &Bound<'_, PyAny>, length: usize) -> PyResult<Option<AxisSelection>> {
    if let Ok(position) = entry.cast_exact::<PyInt>() {
        let Ok(position) = position.extract::<isize>() else {
            return Ok(None);
        };
        let position = if position < 0 {
            length.checked_add_signed(position)
        } else {
            usize::try_from(position).ok()
        };
        return Ok(position
            .filter(|position| *position < length)
            .map(AxisSelection::Integer));
    }
    let Ok(run) = entry.cast_exact::<PySlice>() else {
        return Ok(None);
    };
    let Ok(length) = isize::try_from(length) else {
        return Ok(None);
    };
    // What is no integer, or is 0, raises in Python with the words for it.
    let Ok(indices) = run.indices(length) else {
        return Ok(None);
    };
    let Ok(start) = usize::try_from(indices.start) else {
        return Ok(None);
    };
    Ok(Some(AxisSelection::Run {
        start,
        step: indices.step,
        count: indices.slicelength,
    }))
}
