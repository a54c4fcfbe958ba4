//! What codecs keep between calls: one [`Contexts`] per running task, handed from call to call.
//!
//! Making a zstd or deflate context costs more than decoding a small chunk, and a fresh buffer
//! costs page faults; both are made at first use and kept here.

use std::collections::BTreeMap;
use std::fmt;

use libdeflater::{CompressionLvl, Compressor, Decompressor};
use zstd_safe::{CCtx, DCtx, DParameter};

use crate::memory::zeroed;
use crate::{KernelError, Result};

/// The most buffers kept for later: those that come back without having been taken must not pile up.
const MOST_BUFFERS: usize = 4;

/// Reusable library contexts and buffers of one task.
#[derive(Default)]
pub struct Contexts {
    buffers: Vec<Vec<u8>>,
    scratch: Vec<Vec<u8>>,
    pub(super) deflate: DeflateContexts,
    snappy: Option<snap::raw::Encoder>,
    pub(super) zstd: ZstdContexts,
}

impl fmt::Debug for Contexts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contexts").finish_non_exhaustive()
    }
}

impl Contexts {
    /// Nothing allocated yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty buffer, with the capacity it grew to in earlier use.
    #[must_use]
    pub fn take_buffer(&mut self) -> Vec<u8> {
        self.buffers.pop().unwrap_or_default()
    }

    /// Keep `buffer` for a later [`take_buffer`](Self::take_buffer).
    pub fn return_buffer(&mut self, mut buffer: Vec<u8>) {
        buffer.clear();
        if self.buffers.len() < MOST_BUFFERS {
            self.buffers.push(buffer);
        }
    }

    /// Drop buffers that grew beyond so many bytes.
    pub(crate) fn trim(&mut self, most_nbytes: usize) {
        for buffers in [&mut self.buffers, &mut self.scratch] {
            buffers.retain(|buffer| buffer.capacity() <= most_nbytes);
        }
    }

    /// The encoder for snappy.
    pub(super) fn snappy(&mut self) -> &mut snap::raw::Encoder {
        self.snappy.get_or_insert_with(snap::raw::Encoder::new)
    }

    /// Run `work` on a buffer of `nbytes` bytes with something in them: for what is written before
    /// it is read, without the cost of clearing it first.
    pub(super) fn with_scratch<T>(
        &mut self,
        nbytes: usize,
        work: impl FnOnce(&mut [u8], &mut Self) -> Result<T>,
    ) -> Result<T> {
        let mut scratch = self.scratch.pop().unwrap_or_default();
        if scratch.len() < nbytes {
            drop(scratch); // before there is another one
            scratch = zeroed(nbytes)?;
        }
        let outcome = work(scratch.get_mut(..nbytes).unwrap_or_default(), self);
        self.scratch.push(scratch);
        outcome
    }
}

/// Those of libdeflate, made at first use; compressors by level.
#[derive(Default)]
pub(super) struct DeflateContexts {
    decompressor: Option<Decompressor>,
    compressors: BTreeMap<u8, Compressor>,
}

impl DeflateContexts {
    pub(super) fn decompressor(&mut self) -> &mut Decompressor {
        self.decompressor.get_or_insert_with(Decompressor::new)
    }

    pub(super) fn compressor(&mut self, level: u8) -> &mut Compressor {
        self.compressors.entry(level).or_insert_with(|| {
            let level = CompressionLvl::new(i32::from(level)).unwrap_or_default();
            Compressor::new(level)
        })
    }
}

/// Those of libzstd, made at first use.
#[derive(Default)]
pub(super) struct ZstdContexts {
    one_shot: Option<DCtx<'static>>,
    streaming: Option<DCtx<'static>>,
    encoder: Option<CCtx<'static>>,
}

impl ZstdContexts {
    pub(super) fn one_shot(&mut self) -> Result<&mut DCtx<'static>> {
        or_make(&mut self.one_shot, DCtx::try_create)
    }

    pub(super) fn encoder(&mut self) -> Result<&mut CCtx<'static>> {
        or_make(&mut self.encoder, CCtx::try_create)
    }

    /// The decoder of parts. It is given all of the output from the start, and decodes right into it
    /// instead of into a window of its own.
    pub(super) fn streaming(&mut self) -> Result<&mut DCtx<'static>> {
        or_make(&mut self.streaming, || {
            let mut context = DCtx::try_create()?;
            context
                .set_parameter(DParameter::StableOutBuffer(true))
                .ok()?;
            Some(context)
        })
    }

    /// The next decoder of parts is a new one.
    pub(super) fn drop_streaming(&mut self) {
        self.streaming = None;
    }
}

fn or_make<T>(slot: &mut Option<T>, make: impl FnOnce() -> Option<T>) -> Result<&mut T> {
    if slot.is_none() {
        *slot = make();
    }
    slot.as_mut().ok_or(KernelError::OutOfMemory {
        nbytes: size_of::<T>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_come_back_empty_with_their_capacity() {
        let mut contexts = Contexts::new();
        let mut buffer = contexts.take_buffer();
        buffer.extend([1; 100]);
        let capacity = buffer.capacity();
        contexts.return_buffer(buffer);
        let again = contexts.take_buffer();
        assert!(again.is_empty());
        assert_eq!(again.capacity(), capacity);
    }

    #[test]
    fn few_buffers_are_kept() {
        let mut contexts = Contexts::new();
        for _ in 0..100 {
            contexts.return_buffer(Vec::with_capacity(10));
        }
        assert_eq!(contexts.buffers.len(), MOST_BUFFERS);
    }

    #[test]
    fn large_buffers_are_dropped() {
        let mut contexts = Contexts::new();
        for nbytes in [10, 1000] {
            contexts
                .with_scratch(nbytes, |_, contexts| {
                    contexts.return_buffer(Vec::with_capacity(nbytes));
                    Ok(())
                })
                .unwrap();
        }
        contexts.trim(100);
        let kept = contexts.buffers.iter().chain(&contexts.scratch);
        assert!(kept.map(Vec::capacity).all(|nbytes| nbytes <= 100));
        assert_eq!(contexts.buffers.len(), 1);
    }

    #[test]
    fn contexts_can_move_between_threads() {
        fn assert_send<T: Send>() {}
        assert_send::<Contexts>();
    }
}
