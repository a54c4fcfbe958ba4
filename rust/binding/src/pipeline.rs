//! The classes `Pipeline` and `Request`: an array's codecs, and one selection of it.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};
use zarr_kernel::chain::Chain;
use zarr_kernel::element::ElementType;
use zarr_kernel::in_memory::{Pieces, Whole};
use zarr_kernel::pipeline::{self, Description, Scratch};
use zarr_kernel::plan::{Grid, Plan};
use zarr_kernel::selection::AxisSelection;
use zarr_kernel::shard::ShardLevel;
use zarr_kernel::shard_index::Location;

use crate::buffers::{ArrayView, ByteView, new_bytes};
use crate::codecs::codec_from;
use crate::errors::guard;

/// An array's grid, shards and codecs, compiled. See `_native.pyi`.
#[pyclass(frozen, module = "zarr._native")]
pub(crate) struct Pipeline {
    kernel: Arc<pipeline::Pipeline>,
}

/// One level of sharding: shapes of shard and inner chunks in decoded chunks, the order of the
/// axes, and where and how the index is stored.
type LevelArguments = (Vec<usize>, Vec<usize>, Vec<usize>, bool, bool);

#[pymethods]
impl Pipeline {
    #[new]
    #[pyo3(signature = (*, shape, object_shape, chunk_shape, order, itemsize, swap_nbytes, codecs, levels, fill, keeps_empty, refuses_missing))]
    // One argument per line of the description in the stub.
    #[allow(clippy::too_many_arguments)]
    fn new(
        shape: Vec<usize>,
        object_shape: Vec<usize>,
        chunk_shape: Vec<usize>,
        order: Vec<usize>,
        itemsize: usize,
        swap_nbytes: usize,
        codecs: Vec<(String, Bound<'_, PyDict>)>,
        levels: Vec<LevelArguments>,
        fill: ByteView,
        keeps_empty: bool,
        refuses_missing: bool,
    ) -> PyResult<Self> {
        guard(|| {
            let codecs = codecs
                .iter()
                .map(|(name, parameters)| codec_from(name, parameters))
                .collect::<Result<_, _>>()?;
            let element = ElementType::new(itemsize, swap_nbytes)?;
            let levels = levels
                .into_iter()
                .map(|(shard, inner, axes, at_end, checksum)| {
                    let location = if at_end {
                        Location::End
                    } else {
                        Location::Start
                    };
                    ShardLevel::new(shard, inner, axes, location, checksum)
                })
                .collect::<Result<_, _>>()?;
            let kernel = pipeline::Pipeline::new(Description {
                grid: Grid::new(&shape, &object_shape, &chunk_shape)?,
                chain: Chain::new(element, &chunk_shape, &order, codecs)?,
                levels,
                fill: fill.as_bytes().to_vec(),
                keeps_empty,
                refuses_missing,
            })?;
            Ok(Self {
                kernel: Arc::new(kernel),
            })
        })
    }

    #[pyo3(signature = (axes, is_points))]
    fn request(&self, axes: Vec<AxisArgument>, is_points: bool) -> PyResult<Request> {
        guard(|| {
            let axes = axes.into_iter().map(|axis| axis.0).collect();
            Ok(Request {
                plan: self.kernel.plan(axes, is_points)?,
                pipeline: Arc::clone(&self.kernel),
            })
        })
    }
}

/// An integer, a `(start, step, count)` of a run, or an array of positions.
struct AxisArgument(AxisSelection);

impl FromPyObject<'_, '_> for AxisArgument {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        if let Ok(run) = object.cast::<PyTuple>() {
            let (start, step, count) = run.extract()?;
            return Ok(Self(AxisSelection::Run { start, step, count }));
        }
        if let Ok(position) = object.extract::<usize>() {
            return Ok(Self(AxisSelection::Integer(position)));
        }
        let positions: ByteView = object.extract()?;
        Ok(Self(AxisSelection::List(positions.as_positions()?)))
    }
}

/// One selection of an array, planned. See `_native.pyi`.
#[pyclass(frozen, module = "zarr._native")]
pub(crate) struct Request {
    pipeline: Arc<pipeline::Pipeline>,
    plan: Plan,
}

#[pymethods]
impl Request {
    #[getter]
    fn n_objects(&self) -> usize {
        self.plan.n_objects()
    }

    #[pyo3(signature = (number))]
    fn coords<'py>(&self, py: Python<'py>, number: usize) -> PyResult<Bound<'py, PyTuple>> {
        guard(|| Ok(PyTuple::new(py, self.plan.object(number)?.coords())?))
    }

    #[pyo3(signature = (number))]
    fn is_whole(&self, number: usize) -> PyResult<bool> {
        guard(|| Ok(self.plan.object(number)?.is_whole()?))
    }

    #[pyo3(signature = (number, encoded, out))]
    fn decode(
        &self,
        py: Python<'_>,
        number: usize,
        encoded: Option<ByteView>,
        out: ArrayView,
    ) -> PyResult<()> {
        guard(|| {
            let target = out.writable(self.plan.shape(), self.pipeline.itemsize())?;
            py.detach(|| {
                let object = encoded.as_ref().map(|encoded| Whole(encoded.as_bytes()));
                let plan = self.plan.object(number)?;
                let mut scratch = Scratch::default();
                self.pipeline
                    .read_object(&plan, object.as_ref(), &target, &mut scratch)
                    .map_err(|error| error.in_object(number))
            })?;
            Ok(())
        })
    }

    #[pyo3(signature = (number, nbytes, pieces))]
    fn missing_parts(
        &self,
        number: usize,
        nbytes: u64,
        pieces: Vec<(u64, ByteView)>,
    ) -> PyResult<Vec<(u64, u64)>> {
        guard(|| {
            let object = pieces_of(nbytes, &pieces);
            let plan = self.plan.object(number)?;
            let missing = self
                .pipeline
                .missing_parts(&plan, &object)
                .map_err(|error| error.in_object(number))?;
            Ok(missing
                .into_iter()
                .map(|part| (part.offset, part.nbytes))
                .collect())
        })
    }

    #[pyo3(signature = (number, nbytes, pieces, out))]
    fn decode_pieces(
        &self,
        py: Python<'_>,
        number: usize,
        nbytes: u64,
        pieces: Vec<(u64, ByteView)>,
        out: ArrayView,
    ) -> PyResult<()> {
        guard(|| {
            let target = out.writable(self.plan.shape(), self.pipeline.itemsize())?;
            py.detach(|| {
                let object = pieces_of(nbytes, &pieces);
                let plan = self.plan.object(number)?;
                let mut scratch = Scratch::default();
                self.pipeline
                    .read_object(&plan, Some(&object), &target, &mut scratch)
                    .map_err(|error| error.in_object(number))
            })?;
            Ok(())
        })
    }

    #[pyo3(signature = (number, old, value))]
    fn encode<'py>(
        &self,
        py: Python<'py>,
        number: usize,
        old: Option<ByteView>,
        value: ArrayView,
    ) -> PyResult<Option<Bound<'py, PyBytes>>> {
        guard(|| {
            let value = value.readable(self.plan.shape(), self.pipeline.itemsize())?;
            let encoded = py.detach(|| {
                let plan = self.plan.object(number)?;
                let mut scratch = Scratch::default();
                let old = old.as_ref().map(ByteView::as_bytes);
                self.pipeline
                    .write_object(&plan, old, &value, &mut scratch)
                    .map_err(|error| error.in_object(number))
            })?;
            encoded.map(|encoded| new_bytes(py, &encoded)).transpose()
        })
    }
}

fn pieces_of(nbytes: u64, pieces: &[(u64, ByteView)]) -> Pieces<'_> {
    let pieces = pieces
        .iter()
        .map(|(offset, bytes)| (*offset, bytes.as_bytes()))
        .collect();
    Pieces::new(nbytes, pieces)
}
