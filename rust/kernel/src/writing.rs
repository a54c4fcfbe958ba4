//! Writing: from elements of a value to the new bytes of stored objects.
//!
//! An object that the request covers wholly is replaced without being read; any other is changed
//! under the guard of its store ([`WritableObjects::modify`]), which may call for the change more
//! than once. Of a shard, inner chunks that the request does not touch keep their encoded bytes.
//! A chunk that holds nothing but the fill value is left out, an object without chunks removed.
//!
//! Objects are shared out to threads; where there are fewer objects than threads, the chunks of
//! each object are.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::caller::Value;
use crate::chain::{FittedChain, resize};
use crate::chunk_reading::OTHER_ELEMENTS;
use crate::codec::Contexts;
use crate::items::{ItemsRef, NewChunk, PLACE_NBYTES};
use crate::keys::Keys;
use crate::laying::Laying;
use crate::memory::{self, ArrayRef, Readable, Writable};
use crate::pipeline::Pipeline;
use crate::plan::{ChunkPlan, ObjectPlan, Plan};
use crate::scratch::{self, Scratch};
use crate::shard::{NewShard, Part, ShardLevel};
use crate::stored_object::{Change, Expected, Object, Sink, WritableObjects};
use crate::transfer::{Axis, Transfer};
use crate::workers::{self, Effort, Workers};
use crate::{KernelError, Result};

/// What replacing a file costs.
const REPLACE_NS: u64 = 50_000;
/// Inner chunks of about so many bytes are encoded at once, where several threads work on one shard.
const BATCH_NBYTES: usize = 2 << 20;

/// New bytes; `None` where there is nothing but the fill value.
type Encoded = Option<Vec<u8>>;

/// A row of the index of a shard, and the numbers of the chunks that fall into it.
type Row = (usize, Vec<usize>);

/// Says what becomes of the chunk with a number, from its old bytes.
type EncodeChunk<'a> = &'a mut dyn FnMut(usize, Option<&[u8]>) -> Result<Encoded>;

/// A stored object that is to be written.
struct Target<'a, S> {
    objects: &'a S,
    key: &'a str,
}

impl Pipeline {
    /// Write a whole request.
    ///
    /// # Errors
    /// Failures to read, to encode or to store, with their place. Objects before and after it may
    /// have been written, each wholly or not at all.
    pub fn write<S: WritableObjects>(
        &self,
        plan: &Plan,
        keys: &Keys,
        objects: &S,
        value: &Value<'_>,
        workers: Workers<'_>,
    ) -> Result<()>
    where
        S::Object: Sync,
    {
        let n_objects = plan.n_objects();
        if n_objects == 0 {
            return Ok(());
        }
        let effort = self.write_effort(plan, workers.max_threads)?;
        workers::run(
            n_objects,
            effort,
            workers.poll,
            scratch::borrow,
            |scratch, number| {
                let object = plan.object(number)?;
                let within = Effort {
                    max_threads: if n_objects < effort.max_threads {
                        effort.max_threads
                    } else {
                        1
                    },
                    ..effort
                };
                self.write_stored(&object, keys, objects, value, within, scratch)
                    .map_err(|error| error.in_object(object.coords()))
            },
        )
    }

    fn write_effort(&self, plan: &Plan, max_threads: usize) -> Result<Effort> {
        let n_objects = u64::try_from(plan.n_objects()).unwrap_or(u64::MAX);
        let total_ns = self
            .effort_ns(plan, &plan.object(0)?)?
            .saturating_mul(2)
            .saturating_add(n_objects.saturating_mul(REPLACE_NS));
        Ok(Effort {
            total_ns,
            max_threads,
        })
    }

    /// The new bytes of every object of a request that does not look at what was stored before.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn encode_all(
        &self,
        plan: &Plan,
        old: &[Option<&[u8]>],
        first: usize,
        value: &Value<'_>,
        workers: Workers<'_>,
    ) -> Result<Vec<Encoded>> {
        if plan.n_objects() == 0 {
            return Ok(Vec::new());
        }
        let slots: Vec<OnceLock<Encoded>> = old.iter().map(|_| OnceLock::new()).collect();
        let effort = self.write_effort(plan, workers.max_threads)?;
        let few = slots.len() < effort.max_threads;
        workers::run(
            slots.len(),
            effort,
            workers.poll,
            scratch::borrow,
            |scratch, number| {
                let object = plan.object(first.saturating_add(number))?;
                let within = Effort {
                    max_threads: if few { effort.max_threads } else { 1 },
                    ..effort
                };
                let old = old.get(number).copied().flatten();
                let encoded = self
                    .encode_object(&object, old, value, within, scratch)
                    .map_err(|error| error.in_object(object.coords()))?;
                // All wait until they are stored.
                let encoded = match encoded {
                    Some(encoded) => Some(self.without_room(encoded, scratch)?),
                    None => None,
                };
                if let Some(slot) = slots.get(number) {
                    let _ = slot.set(encoded); // each task has its own
                }
                Ok(())
            },
        )?;
        Ok(slots
            .into_iter()
            .map(|slot| slot.into_inner().flatten())
            .collect())
    }

    fn write_stored<S: WritableObjects>(
        &self,
        plan: &ObjectPlan<'_>,
        keys: &Keys,
        objects: &S,
        value: &Value<'_>,
        effort: Effort,
        scratch: &mut Scratch,
    ) -> Result<()> {
        let key = keys.key(plan.coords());
        if plan.is_whole()? {
            if let [level, ..] = self.levels(plan)?.as_ref() {
                let target = Target { objects, key: &key };
                return self.put_shard(plan, level, &target, value, effort, scratch);
            }
            match self.new_object(plan, value, effort, scratch)? {
                Some(encoded) => {
                    objects.put(&key, &encoded, Expected::Any)?;
                    if let Cow::Owned(encoded) = encoded {
                        self.keep(encoded, scratch);
                    }
                }
                None => {
                    objects.remove(&key, Expected::Any)?;
                }
            }
            return Ok(());
        }
        let mut stored = std::mem::take(&mut scratch.encoded);
        let mut encoded = Vec::new();
        let outcome = objects.modify(&key, &mut encoded, |object, encoded| {
            let old = match object {
                None => None,
                Some(object) => Some(object.whole(&mut stored)?),
            };
            Ok(
                match self.encode_object(plan, old, value, effort, scratch)? {
                    Some(new) => {
                        *encoded = new;
                        Change::Put
                    }
                    None => Change::Remove,
                },
            )
        });
        scratch.encoded = stored;
        self.keep(encoded, scratch);
        outcome
    }

    /// Store a shard that the request covers wholly, or remove it if it has no inner chunk.
    fn put_shard<S: WritableObjects>(
        &self,
        plan: &ObjectPlan<'_>,
        level: &ShardLevel,
        target: &Target<'_, S>,
        value: &Value<'_>,
        effort: Effort,
        scratch: &mut Scratch,
    ) -> Result<()> {
        let laid = self.lay_shard(plan, level, value, effort, scratch, |write| {
            target.objects.put_pieces(target.key, write)
        })?;
        if laid.is_none() {
            target.objects.remove(target.key, Expected::Any)?;
        }
        Ok(())
    }

    /// Make a shard that the request covers wholly, inner chunk by inner chunk: there are never more
    /// of them in memory than are encoded at once. `put` says where it is written to; it is not
    /// called for a shard without any inner chunk, which is none.
    fn lay_shard<P>(
        &self,
        plan: &ObjectPlan<'_>,
        level: &ShardLevel,
        value: &Value<'_>,
        effort: Effort,
        scratch: &mut Scratch,
        put: P,
    ) -> Result<Option<()>>
    where
        P: FnOnce(&mut dyn FnMut(&mut dyn Sink) -> Result<()>) -> Result<()>,
    {
        let numbers: Vec<usize> = (0..plan.n_chunks()).collect();
        let mut by_row = rows(plan, &numbers, level)?;
        let laid = level.laid();
        let rows: Vec<Row> = laid
            .iter()
            .filter_map(|row| by_row.remove(row).map(|numbers| (*row, numbers)))
            .collect();
        let batch = self.batch(plan, &rows, effort)?;
        let mut rest = rows.as_slice();
        let mut first = Vec::new();
        while first.is_empty() {
            if rest.is_empty() {
                return Ok(None);
            }
            let (rows, others) = rest.split_at(batch.min(rest.len()));
            first = self.encode_rows(plan, rows, value, effort, scratch)?;
            rest = others;
        }
        put(&mut |sink| {
            let mut shard = NewShard::begin(level, sink)?;
            for (row, encoded) in &first {
                shard.add(*row, encoded)?;
            }
            self.lay_rows(plan, rest, value, effort, scratch, &mut shard)?;
            shard.finish()
        })
        .map(Some)
    }

    /// Encode rows of a shard and lay them one behind the other. Threads share out the encoding; they
    /// go on while what is done waits for its turn, but never far ahead of it.
    fn lay_rows(
        &self,
        plan: &ObjectPlan<'_>,
        rows: &[Row],
        value: &Value<'_>,
        effort: Effort,
        scratch: &mut Scratch,
        shard: &mut NewShard<'_>,
    ) -> Result<()> {
        let batch = self.batch(plan, rows, effort)?;
        if batch < 2 {
            for (row, numbers) in rows {
                if let Some(encoded) = self.encode_row(plan, numbers, value, scratch)? {
                    shard.add(*row, &encoded)?;
                    if let Cow::Owned(encoded) = encoded {
                        self.keep_chunk(encoded, scratch);
                    }
                }
            }
            return Ok(());
        }
        let most_waiting = batch.max(effort.max_threads.saturating_mul(2));
        let laying = Laying::new(most_waiting, |row: usize, encoded: Cow<'_, [u8]>| {
            shard.add(row, &encoded)
        });
        workers::run(
            rows.len(),
            effort,
            &mut || Ok(()),
            scratch::borrow,
            |scratch, at| {
                let (row, numbers) = rows.get(at).ok_or(KernelError::OutsideMemory)?;
                let turn = laying.turn(at)?;
                let encoded = match self.encode_row(plan, numbers, value, scratch)? {
                    Some(Cow::Owned(encoded)) => Some(Cow::Owned(self.fitted(encoded))),
                    other => other,
                };
                turn.done(*row, encoded)
            },
        )
    }

    /// How many rows of a shard are encoded at once: one after the other, or as many as keep the
    /// threads busy for longer than it takes to start them.
    fn batch(&self, plan: &ObjectPlan<'_>, rows: &[Row], effort: Effort) -> Result<usize> {
        let n_chunks = rows.first().map_or(1, |(_, numbers)| numbers.len());
        let chain = self.chain(&plan.chunk(0)?)?;
        let row_nbytes = chain.likely_nbytes().saturating_mul(n_chunks);
        let is_large = row_nbytes > BATCH_NBYTES;
        if effort.max_threads < 2 || is_large && chain.is_verbatim() {
            return Ok(1);
        }
        Ok(BATCH_NBYTES
            .checked_div(row_nbytes)
            .unwrap_or(rows.len())
            .max(effort.max_threads))
    }

    /// The new bytes of some rows of a shard, without those that hold nothing but the fill value.
    fn encode_rows<'v>(
        &self,
        plan: &ObjectPlan<'_>,
        rows: &[Row],
        value: &Value<'v>,
        effort: Effort,
        scratch: &mut Scratch,
    ) -> Result<Vec<(usize, Cow<'v, [u8]>)>> {
        if let [(row, numbers)] = rows {
            let encoded = self.encode_row(plan, numbers, value, scratch)?;
            return Ok(encoded.map(|encoded| (*row, encoded)).into_iter().collect());
        }
        let slots: Vec<OnceLock<Option<Cow<'v, [u8]>>>> =
            rows.iter().map(|_| OnceLock::new()).collect();
        workers::run(
            rows.len(),
            effort,
            &mut || Ok(()),
            scratch::borrow,
            |scratch, at| {
                if let (Some((_, numbers)), Some(slot)) = (rows.get(at), slots.get(at)) {
                    let encoded = match self.encode_row(plan, numbers, value, scratch)? {
                        Some(Cow::Owned(encoded)) => Some(Cow::Owned(self.fitted(encoded))),
                        other => other,
                    };
                    let _ = slot.set(encoded); // each task has its own
                }
                Ok(())
            },
        )?;
        let encoded = slots.into_iter().map(|slot| slot.into_inner().flatten());
        Ok(rows
            .iter()
            .zip(encoded)
            .filter_map(|((row, _), encoded)| Some((*row, encoded?)))
            .collect())
    }

    /// The new bytes of one row of a shard: those of `value` itself, where they are what is to be
    /// stored.
    fn encode_row<'v>(
        &self,
        plan: &ObjectPlan<'_>,
        numbers: &[usize],
        value: &Value<'v>,
        scratch: &mut Scratch,
    ) -> Result<Option<Cow<'v, [u8]>>> {
        let is_verbatim =
            self.description.chain.is_verbatim() && self.description.levels.len() == 1;
        if let ([number], true) = (numbers, is_verbatim) {
            let chunk = plan.chunk(*number)?;
            if let Some(decoded) = self.lent_by(&chunk, value)? {
                return Ok((!self.is_left_out(decoded)).then_some(Cow::Borrowed(decoded)));
            }
        }
        let below = self.description.levels.get(1..).unwrap_or_default();
        let encoded = rewrite(plan, numbers, below, None, &mut |chunk, _| {
            self.encode_chunk(&plan.chunk(chunk)?, None, value, scratch)
        })?;
        Ok(encoded.map(Cow::Owned))
    }

    /// Keep memory that held an encoded chunk for the next one.
    fn keep_chunk(&self, encoded: Vec<u8>, scratch: &mut Scratch) {
        if self.description.chain.is_verbatim() {
            scratch.decoded = encoded;
        } else {
            scratch.contexts.return_buffer(encoded);
        }
    }

    /// Keep memory that held an encoded object for the next one. Not that of shards: they are put
    /// together in memory of their own.
    fn keep(&self, encoded: Vec<u8>, scratch: &mut Scratch) {
        if encoded.capacity() > 0 && !self.is_sharded() {
            self.keep_chunk(encoded, scratch);
        }
    }

    /// An encoded object that takes no more memory than it has bytes. What is much smaller than its
    /// memory is copied: shrunk in place, it would keep pages, and a mapping, of its own.
    fn without_room(&self, mut encoded: Vec<u8>, scratch: &mut Scratch) -> Result<Vec<u8>> {
        if encoded.len() > encoded.capacity() / 2 {
            encoded.shrink_to_fit();
            return Ok(encoded);
        }
        let nbytes = encoded.len();
        let mut fitted = Vec::new();
        fitted
            .try_reserve_exact(nbytes)
            .map_err(|_| KernelError::OutOfMemory { nbytes })?;
        fitted.extend_from_slice(&encoded);
        self.keep(encoded, scratch);
        Ok(fitted)
    }

    /// Whether objects are single chunks that are stored as they are.
    fn encodes_in_place(&self) -> bool {
        self.description.chain.is_verbatim() && !self.is_sharded()
    }

    /// The bytes of an object that the request covers wholly: those of `value` itself, where they
    /// are what is to be stored. `None` as in [`encode_object`](Self::encode_object).
    fn new_object<'v>(
        &self,
        plan: &ObjectPlan<'_>,
        value: &Value<'v>,
        effort: Effort,
        scratch: &mut Scratch,
    ) -> Result<Option<Cow<'v, [u8]>>> {
        if self.encodes_in_place() {
            let chunk = plan.chunk(0)?;
            if let Some(decoded) = self.lent_by(&chunk, value)? {
                return Ok((!self.is_left_out(decoded)).then_some(Cow::Borrowed(decoded)));
            }
        }
        let encoded = self.encode_object(plan, None, value, effort, scratch)?;
        Ok(encoded.map(Cow::Owned))
    }

    /// The new bytes of an object: `value`, where the request says so, over what was stored before.
    /// `None` means that it holds nothing but the fill value and is not to be stored.
    ///
    /// `old` is not looked at where the request covers everything.
    fn encode_object(
        &self,
        plan: &ObjectPlan<'_>,
        old: Option<&[u8]>,
        value: &Value<'_>,
        effort: Effort,
        scratch: &mut Scratch,
    ) -> Result<Encoded> {
        let is_whole = plan.is_whole()?;
        let levels = self.levels(plan)?;
        if let (true, Some(level)) = (is_whole, levels.first()) {
            let mut shard = Vec::new();
            let laid = self.lay_shard(plan, level, value, effort, scratch, |write| {
                write(&mut shard)
            })?;
            return Ok(laid.map(|()| shard));
        }
        let old = if is_whole { None } else { old };
        let numbers: Vec<usize> = (0..plan.n_chunks()).collect();
        if numbers.len() < 2 || effort.max_threads < 2 {
            return rewrite(plan, &numbers, &levels, old, &mut |chunk, old| {
                let encoded = self.encode_chunk(&plan.chunk(chunk)?, old, value, scratch)?;
                Ok(encoded.map(|encoded| self.fitted(encoded)))
            });
        }
        // Find out what each chunk was, encode them all, and put the results in their places.
        let mut before: Vec<Option<&[u8]>> = vec![None; numbers.len()];
        find_old(plan, &numbers, &levels, old, &mut before)?;
        let slots: Vec<OnceLock<Encoded>> = numbers.iter().map(|_| OnceLock::new()).collect();
        workers::run(
            numbers.len(),
            effort,
            &mut || Ok(()),
            scratch::borrow,
            |scratch, number| {
                let old = before.get(number).copied().flatten();
                let encoded = self.encode_chunk(&plan.chunk(number)?, old, value, scratch)?;
                if let Some(slot) = slots.get(number) {
                    let _ = slot.set(encoded.map(|encoded| self.fitted(encoded))); // each has its own
                }
                Ok(())
            },
        )?;
        let mut encoded: Vec<Encoded> = slots
            .into_iter()
            .map(|slot| slot.into_inner().flatten())
            .collect();
        rewrite(plan, &numbers, &levels, old, &mut |number, _| {
            let slot = encoded.get_mut(number).ok_or(KernelError::OutsideMemory)?;
            Ok(slot.take())
        })
    }

    /// New bytes of one chunk.
    fn encode_chunk(
        &self,
        plan: &ChunkPlan<'_>,
        old: Option<&[u8]>,
        value: &Value<'_>,
        scratch: &mut Scratch,
    ) -> Result<Encoded> {
        self.merge(plan, old, value, scratch)
            .map_err(|error| error.in_chunk(plan.coords()))
    }

    fn merge(
        &self,
        plan: &ChunkPlan<'_>,
        old: Option<&[u8]>,
        value: &Value<'_>,
        scratch: &mut Scratch,
    ) -> Result<Encoded> {
        match value {
            Value::Elements(value) => self.merge_elements(plan, old, value, scratch),
            Value::Items(value) => self.merge_items(plan, old, value, scratch),
        }
    }

    fn merge_items(
        &self,
        plan: &ChunkPlan<'_>,
        old: Option<&[u8]>,
        value: &ItemsRef<'_>,
        scratch: &mut Scratch,
    ) -> Result<Encoded> {
        let chain = self.chain(plan)?;
        let chunk = NewChunk {
            kind: chain.items().ok_or(OTHER_ELEMENTS)?,
            n_items: chain.n_elements(),
            most_nbytes: chain.most_stream_nbytes(),
            fill: &self.description.fill,
            value: *value,
        };
        let transfer = plan.transfer(chain.strides(), &value.layout.strides)?;
        let transfer = transfer.reversed().upwards();
        let is_whole = plan.is_whole()?;
        let mut stream = scratch.contexts.take_buffer();
        let is_fill =
            if is_whole && !plan.is_cut()? && transfer.is_one_row(chunk.n_items, PLACE_NBYTES) {
                chunk.straight(&transfer, &mut stream)?
            } else {
                let got = &mut scratch.decoded;
                match old.filter(|_| !is_whole) {
                    None => chunk.merged(&transfer, None, got, &mut stream)?,
                    Some(old) => {
                        let (starts, contexts) = (&mut scratch.starts, &mut scratch.contexts);
                        chain.with_table(old, starts, contexts, |before, _| {
                            chunk.merged(&transfer, Some(before), got, &mut stream)
                        })?
                    }
                }
            };
        if is_fill && !self.description.keeps_empty {
            scratch.contexts.return_buffer(stream);
            return Ok(None);
        }
        chain.encode_stream(stream, &mut scratch.contexts).map(Some)
    }

    fn merge_elements(
        &self,
        plan: &ChunkPlan<'_>,
        old: Option<&[u8]>,
        value: &ArrayRef<'_>,
        scratch: &mut Scratch,
    ) -> Result<Encoded> {
        let chain = self.chain(plan)?;
        let transfer = self.source(plan, value)?;
        if let Some(decoded) = self.lent(plan, &transfer, value)? {
            if self.is_left_out(decoded) {
                return Ok(None);
            }
            return encode(&chain, decoded, &mut scratch.contexts).map(Some);
        }
        let is_whole = plan.is_whole()?;
        let Scratch {
            contexts, decoded, ..
        } = scratch;
        match old.filter(|_| !is_whole) {
            _ if is_whole && !plan.is_cut()? => resize(decoded, chain.nbytes(), chain.nbytes())?,
            None => self.fill(decoded, chain.nbytes())?,
            Some(old) => {
                resize(decoded, chain.nbytes(), chain.nbytes())?;
                chain.decode_into(old, decoded, contexts)?;
            }
        }
        memory::copy(
            &transfer,
            value.memory,
            &Writable::from(decoded.as_mut_slice()),
            chain.element(),
        )?;
        if self.is_left_out(decoded) {
            return Ok(None);
        }
        if chain.is_verbatim() {
            return Ok(Some(std::mem::take(decoded)));
        }
        encode(&chain, decoded, contexts).map(Some)
    }

    /// The copy of the elements of a chunk from a value.
    fn source(&self, plan: &ChunkPlan<'_>, value: &ArrayRef<'_>) -> Result<Transfer> {
        let transfer = plan.transfer(self.chain(plan)?.strides(), &value.layout.strides)?;
        Ok(transfer.reversed().normalise())
    }

    /// The decoded chunk as [`lent`](Self::lent) finds it, if the value has such a thing.
    fn lent_by<'v>(&self, plan: &ChunkPlan<'_>, value: &Value<'v>) -> Result<Option<&'v [u8]>> {
        match value {
            Value::Elements(value) => self.lent(plan, &self.source(plan, value)?, value),
            Value::Items(_) => Ok(None),
        }
    }

    /// The decoded chunk where it lies in the value, if it does so in one piece.
    fn lent<'v>(
        &self,
        plan: &ChunkPlan<'_>,
        source: &Transfer,
        value: &ArrayRef<'v>,
    ) -> Result<Option<&'v [u8]>> {
        let chain = self.chain(plan)?;
        let element = chain.element();
        let is_there = element.is_verbatim()
            && source.contiguous_nbytes(element) == Some(chain.nbytes())
            && plan.is_whole()?
            && !plan.is_cut()?;
        if !is_there {
            return Ok(None);
        }
        value.memory.slice(source.from, chain.nbytes()).map(Some)
    }

    /// Whether a chunk is not stored because it holds nothing but the fill value.
    fn is_left_out(&self, decoded: &[u8]) -> bool {
        !self.description.keeps_empty && repeats(decoded, &self.stored_fill)
    }

    /// An encoded chunk without room to spare, if it has to wait until its shard is put together.
    fn fitted(&self, mut encoded: Vec<u8>) -> Vec<u8> {
        if self.is_sharded() {
            encoded.shrink_to_fit();
        }
        encoded
    }

    /// Make `chunk` a decoded chunk, of a size, of nothing but the fill value.
    fn fill(&self, chunk: &mut Vec<u8>, nbytes: usize) -> Result<()> {
        resize(chunk, nbytes, nbytes)?;
        let itemsize = self.itemsize();
        let transfer = Transfer {
            axes: vec![Axis::Run {
                count: nbytes.checked_div(itemsize).unwrap_or(0),
                from: 0,
                to: isize::try_from(itemsize).map_err(|_| KernelError::OutsideMemory)?,
            }],
            from: 0,
            to: 0,
        };
        let element = self.description.chain.element().verbatim();
        memory::copy(
            &transfer,
            Readable::from(self.stored_fill.as_slice()),
            &Writable::from(chunk.as_mut_slice()),
            element,
        )
    }
}

fn encode(chain: &FittedChain<'_>, decoded: &[u8], contexts: &mut Contexts) -> Result<Vec<u8>> {
    let mut encoded = contexts.take_buffer();
    chain.encode(decoded, &mut encoded, contexts)?;
    Ok(encoded)
}

/// The encoded form of chunks in a shard of the first of these levels, or of the chunk that is no
/// shard.
fn find_old<'a>(
    plan: &ObjectPlan<'_>,
    numbers: &[usize],
    levels: &[ShardLevel],
    old: Option<&'a [u8]>,
    found: &mut [Option<&'a [u8]>],
) -> Result<()> {
    let (Some((level, below)), Some(shard)) = (levels.split_first(), old) else {
        for number in numbers {
            *found.get_mut(*number).ok_or(KernelError::OutsideMemory)? = old;
        }
        return Ok(());
    };
    let parts = level.parts(Some(shard))?;
    for (row, numbers) in rows(plan, numbers, level)? {
        let part = match parts.get(row) {
            Some(Part::Old(bytes)) => Some(*bytes),
            _ => None,
        };
        find_old(plan, &numbers, below, part, found)?;
    }
    Ok(())
}

/// Chunks by the row of the index of a level that they fall into.
fn rows(
    plan: &ObjectPlan<'_>,
    numbers: &[usize],
    level: &ShardLevel,
) -> Result<BTreeMap<usize, Vec<usize>>> {
    let mut rows: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for number in numbers {
        let row = level.row(plan.chunk(*number)?.coords())?;
        rows.entry(row).or_default().push(*number);
    }
    Ok(rows)
}

/// New bytes of a shard of the first of these levels, or of a chunk where there are none. What
/// becomes of each chunk with one of these numbers, `encode` says from its number and old bytes.
fn rewrite(
    plan: &ObjectPlan<'_>,
    numbers: &[usize],
    levels: &[ShardLevel],
    old: Option<&[u8]>,
    encode: EncodeChunk<'_>,
) -> Result<Encoded> {
    let Some((level, below)) = levels.split_first() else {
        let [number] = numbers else {
            return Err(KernelError::BadDescription {
                what: "the innermost level holds decoded chunks, one by one",
            });
        };
        return encode(*number, old);
    };
    let mut parts = level.parts(old)?;
    for (row, numbers) in rows(plan, numbers, level)? {
        let part = parts.get_mut(row).ok_or(KernelError::OutsideMemory)?;
        let after = rewrite(plan, &numbers, below, part.bytes(), encode)?;
        *part = after.map_or(Part::Absent, Part::New);
    }
    level.assemble(&parts)
}

/// Whether bytes are nothing but repetitions of `pattern`, whole ones.
///
/// Equal to its beginning and to itself moved by one pattern: two comparisons that run at the speed
/// of memory.
fn repeats(bytes: &[u8], pattern: &[u8]) -> bool {
    let moved = bytes.get(pattern.len()..).unwrap_or_default();
    let Some(before) = bytes.get(..moved.len()) else {
        return false;
    };
    bytes.is_empty() || bytes.starts_with(pattern) && moved == before
}
