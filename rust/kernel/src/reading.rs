//! Reading: from stored objects to the elements of a result.
//!
//! A request is cut into objects, or into chunks where it meets few objects with much in them, and
//! those are shared out to threads. How one object is read, and what of it comes from the cache, is
//! in `cached`; the way of one chunk in `chunk_reading`.
//!
//! Of a shard, its index and the wanted inner chunks are read, all from one version of the object.

use crate::caller::Out;
use crate::object_reading;
use crate::pipeline::Pipeline;
use crate::plan::{ObjectPlan, Plan};
use crate::scratch::{self, Scratch};
use crate::shard_lookup::Index;
use crate::source::{Single, Source};
use crate::stored_object::Object;
use crate::workers::{self, Effort, Workers};
use crate::{KernelError, Result};

/// A request below this is not worth a second thread.
const LITTLE_NS: u64 = 150_000;

impl Pipeline {
    /// Read a whole request.
    ///
    /// # Errors
    /// Failures to read or to decode, with their place; the result may then hold anything.
    pub fn read<S: Source>(
        &self,
        plan: &Plan,
        source: &S,
        out: &Out<'_>,
        workers: Workers<'_>,
    ) -> Result<()> {
        let n_objects = plan.n_objects();
        if n_objects == 0 {
            return Ok(());
        }
        let first = plan.object(0)?;
        let total_ns = self.effort_ns(plan, &first)?;
        if n_objects == 1 && (total_ns < LITTLE_NS || first.n_chunks() == 1) {
            return self.read_object(&first, source, out, &mut scratch::borrow());
        }
        // The order of writes matters where elements share memory.
        let is_ordered = out.overlaps(self.itemsize());
        let effort = Effort {
            total_ns,
            max_threads: if is_ordered { 1 } else { workers.max_threads },
        };
        let few = effort.max_threads.saturating_mul(2);
        if self.is_sharded() && n_objects < few && total_ns >= LITTLE_NS && !is_ordered {
            return self.read_by_chunk(plan, source, out, effort, workers.poll);
        }
        workers::run(
            n_objects,
            effort,
            workers.poll,
            scratch::borrow,
            |scratch, number| self.read_object(&plan.object(number)?, source, out, scratch),
        )
    }

    /// Few objects with many chunks: open them, find the chunks, and share those out.
    fn read_by_chunk<S: Source>(
        &self,
        plan: &Plan,
        source: &S,
        out: &Out<'_>,
        effort: Effort,
        poll: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        let mut opened = Vec::with_capacity(plan.n_objects());
        let mut tasks = Vec::new();
        for number in 0..plan.n_objects() {
            let object_plan = plan.object(number)?;
            let located = (|| {
                let object = source.open(&object_plan)?;
                let Some(found) = &object else {
                    return Ok((None, vec![None; object_plan.n_chunks()]));
                };
                let mut index = Index::new(self.levels(&object_plan)?);
                let extents = (0..object_plan.n_chunks())
                    .map(|chunk| index.find(object_plan.chunk(chunk)?.coords(), found))
                    .collect::<Result<Vec<_>>>()?;
                Ok((object, extents))
            })();
            let (object, extents) =
                located.map_err(|error: KernelError| error.in_object(object_plan.coords()))?;
            tasks.extend((0..extents.len()).map(|chunk| (number, chunk)));
            opened.push((object_plan, object, extents));
        }
        workers::run(
            tasks.len(),
            effort,
            poll,
            scratch::borrow,
            |scratch, task| {
                let found = tasks
                    .get(task)
                    .and_then(|(object, chunk)| Some((opened.get(*object)?, *chunk)));
                let ((object_plan, object, extents), number) =
                    found.ok_or(KernelError::OutsideMemory)?;
                let chunk = object_plan.chunk(number)?;
                let extent = extents.get(number).copied().flatten();
                let placed = match (object, extent) {
                    (Some(object), Some(extent)) => {
                        self.read_chunk(&chunk, object, extent, out, scratch)
                    }
                    _ => self.place_missing(&chunk, out),
                };
                placed.map_err(|error| {
                    error
                        .in_chunk(chunk.coords())
                        .in_object(object_plan.coords())
                })
            },
        )
    }

    /// Place what a request wants of one object, fetched by somebody else, into the result. `None`
    /// is an object that is not stored.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_fetched<O: Object + Send + Sync>(
        &self,
        plan: &ObjectPlan<'_>,
        object: Option<&O>,
        out: &Out<'_>,
    ) -> Result<()> {
        self.read_object(plan, &Single(object), out, &mut scratch::borrow())
    }

    fn read_object<S: Source>(
        &self,
        plan: &ObjectPlan<'_>,
        source: &S,
        out: &Out<'_>,
        scratch: &mut Scratch,
    ) -> Result<()> {
        object_reading::read_object(self, plan, source, out, scratch)
            .map_err(|error| error.in_object(plan.coords()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::caller::Value;
    use crate::chain::Chain;
    use crate::codec::BytesCodec;
    use crate::codec::shuffle::Shuffle;
    use crate::element::ElementType;
    use crate::grid::Grid;
    use crate::memory::{ArrayMut, ArrayRef, Layout, Readable, Writable};
    use crate::pipeline::Description;
    use crate::source::Fetched;

    use crate::selection::AxisSelection;
    use crate::shard::{ShardLevel, WriteOrder};
    use crate::shard_index::Location;

    const ITEM_NBYTES: usize = 2;
    const N_COLUMNS: usize = 6;

    /// An array of `n_rows` rows in chunks of one row and `width` columns.
    struct Case {
        n_rows: usize,
        width: usize,
        /// Rows in one object; more than one makes it a shard.
        object_rows: usize,
        packed: bool,
        swap_nbytes: usize,
        backwards: bool,
    }

    impl Case {
        fn pipeline(&self) -> Pipeline {
            let chunk = [1, self.width];
            let is_sharded = self.object_rows > 1;
            let object = [
                self.object_rows,
                if is_sharded { N_COLUMNS } else { self.width },
            ];
            let element = ElementType::new(ITEM_NBYTES, self.swap_nbytes).unwrap();
            let codecs: Vec<Box<dyn BytesCodec>> = if self.packed {
                vec![Box::new(Shuffle::new(ITEM_NBYTES))]
            } else {
                vec![]
            };
            let level = || {
                let n_chunks = vec![self.object_rows, N_COLUMNS / self.width];
                let order = WriteOrder::Lexicographic;
                ShardLevel::new(
                    n_chunks,
                    vec![1, 1],
                    vec![0, 1],
                    Location::End,
                    false,
                    order,
                )
            };
            Pipeline::new(Description {
                grid: Grid::regular(&[self.n_rows, N_COLUMNS], &object, &chunk).unwrap(),
                chain: Chain::new(element, vec![0, 1], codecs).unwrap(),
                levels: is_sharded.then(|| level().unwrap()).into_iter().collect(),
                fill: vec![0; ITEM_NBYTES],
                keeps_empty: true,
                refuses_missing: false,
            })
            .unwrap()
        }

        fn rows(&self, backwards: bool) -> Vec<AxisSelection> {
            let run = |start, step, count| AxisSelection::Run { start, step, count };
            let rows = if backwards {
                run(self.n_rows - 1, -1, self.n_rows)
            } else {
                run(0, 1, self.n_rows)
            };
            vec![rows, run(0, 1, N_COLUMNS)]
        }

        fn layout(&self) -> Layout {
            Layout {
                shape: vec![self.n_rows, N_COLUMNS],
                strides: vec![(N_COLUMNS * ITEM_NBYTES) as isize, ITEM_NBYTES as isize],
            }
        }

        /// What is read after `value` has been written, each by several threads.
        fn round_trip(&self, value: &[u8]) -> Vec<u8> {
            let pipeline = self.pipeline();
            let poll = &mut || Ok(());
            let value = Value::from(ArrayRef {
                memory: Readable::from(value),
                layout: self.layout(),
            });
            let plan = pipeline.plan(self.rows(false), false).unwrap();
            let old = vec![None; plan.n_objects()];
            let max_threads = 4;
            let workers = Workers { max_threads, poll };
            let encoded = pipeline
                .encode_all(&plan, &old, 0, &value, workers)
                .unwrap();
            let plan = pipeline.plan(self.rows(self.backwards), false).unwrap();
            let objects = Fetched(encoded.iter().map(Option::as_deref).collect());
            let mut found = vec![0; self.n_rows * N_COLUMNS * ITEM_NBYTES];
            let out = Out::from(ArrayMut {
                memory: Writable::from(found.as_mut_slice()),
                layout: self.layout(),
            });
            let workers = Workers { max_threads, poll };
            pipeline.read(&plan, &objects, &out, workers).unwrap();
            found
        }
    }

    /// Miri looks at this one for races and stray accesses, hence no more rows than make the work
    /// worth a second thread.
    #[test]
    fn threads_share_the_arrays_of_a_request() {
        let placed_as_decoded = Case {
            n_rows: 26,
            width: N_COLUMNS,
            object_rows: 1,
            packed: true,
            swap_nbytes: 1,
            backwards: false,
        };
        let rows_lie_apart = Case {
            width: 3,
            packed: false,
            swap_nbytes: 2,
            ..placed_as_decoded
        };
        let backwards = Case {
            backwards: true,
            ..placed_as_decoded
        };
        let inner_chunks_shared_out = Case {
            n_rows: 52,
            width: 3,
            object_rows: 26,
            ..placed_as_decoded
        };
        for case in [
            placed_as_decoded,
            rows_lie_apart,
            backwards,
            inner_chunks_shared_out,
        ] {
            let row_nbytes = N_COLUMNS * ITEM_NBYTES;
            let nbytes = case.n_rows * row_nbytes;
            let value: Vec<u8> = (0..nbytes).map(|i| (i % 251) as u8).collect();
            let mut expected: Vec<&[u8]> = value.chunks(row_nbytes).collect();
            if case.backwards {
                expected.reverse();
            }
            assert!(case.round_trip(&value) == expected.concat());
        }
    }
}
