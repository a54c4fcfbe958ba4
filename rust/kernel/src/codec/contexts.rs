//! What codecs keep between calls: one [`Contexts`] per running task, handed from call to call.
//!
//! Making a zstd or deflate context costs more than decoding a small chunk, and a fresh buffer
//! costs page faults; both are made at first use and kept here.

/// Reusable library contexts and buffers of one task.
#[derive(Debug, Default)]
pub struct Contexts {
    buffers: Vec<Vec<u8>>,
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
        self.buffers.push(buffer);
    }
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
    fn contexts_can_move_between_threads() {
        fn assert_send<T: Send>() {}
        assert_send::<Contexts>();
    }
}
