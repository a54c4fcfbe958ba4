//! The beginning of Zstandard frames, as frames of their own: their first blocks, behind a new header.
//!
//! The library decodes piece by piece too, but then it wants memory for the whole window of a frame, which
//! may be gigabytes, and refuses blocks that it takes otherwise.

/// Blocks that decode to the bytes that are asked for, and to a block more at most.
pub(super) struct Head {
    pub(super) frames: Vec<u8>,
    /// The most bytes that they decode to.
    pub(super) bound_nbytes: usize,
}

/// Magic number, and a header without anything but a window of 128 MiB.
const HEADER: [u8; 6] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 17 << 3];
const MAGIC: &[u8] = &[0x28, 0xB5, 0x2F, 0xFD];
const SKIPPABLE_MAGIC: u32 = 0x184D_2A50;
const BLOCK_HEADER_NBYTES: usize = 3;
const MOST_COMPRESSED_NBYTES: usize = 128 * 1024;

/// The first blocks of frames, as many as decode to `nbytes` bytes, if there are so many. `None` for what is no
/// frame, or breaks off.
pub(super) fn cut(encoded: &[u8], nbytes: usize) -> Option<Head> {
    let mut head = Head {
        frames: Vec::new(),
        bound_nbytes: 0,
    };
    let mut rest = encoded;
    while !rest.is_empty() && head.bound_nbytes < nbytes {
        let (magic, behind) = rest.split_first_chunk::<4>()?;
        if u32::from_le_bytes(*magic) & 0xFFFF_FFF0 == SKIPPABLE_MAGIC {
            let (length, behind) = behind.split_first_chunk::<4>()?;
            rest = behind.get(usize::try_from(u32::from_le_bytes(*length)).ok()?..)?;
            continue;
        }
        if magic.as_slice() != MAGIC {
            return None;
        }
        let descriptor = *behind.first()?;
        rest = head.take_blocks(behind.get(header_nbytes(descriptor)..)?, nbytes)?;
        if descriptor & 0x04 != 0 && head.bound_nbytes < nbytes {
            rest = rest.get(4..)?; // its checksum
        }
    }
    Some(head)
}

/// Bytes from the descriptor to the first block.
fn header_nbytes(descriptor: u8) -> usize {
    let is_single_segment = descriptor & 0x20 != 0;
    let window = usize::from(!is_single_segment);
    let dictionary = match descriptor & 3 {
        3 => 4,
        n => usize::from(n),
    };
    let content = match descriptor >> 6 {
        0 => usize::from(is_single_segment),
        n => 1_usize.checked_shl(u32::from(n)).unwrap_or(0),
    };
    [1, window, dictionary, content].iter().sum()
}

impl Head {
    /// Add the blocks of one frame; returns what is behind those that were added.
    fn take_blocks<'a>(&mut self, blocks: &'a [u8], nbytes: usize) -> Option<&'a [u8]> {
        self.frames.extend_from_slice(&HEADER);
        let mut rest = blocks;
        loop {
            let ([low, middle, high], _) = rest.split_first_chunk::<BLOCK_HEADER_NBYTES>()?;
            let header = u32::from_le_bytes([*low, *middle, *high, 0]);
            let length = usize::try_from(header >> 3).ok()?;
            let (stored, decoded) = match header >> 1 & 3 {
                0 => (length, length),
                1 => (1, length),
                2 => (length, MOST_COMPRESSED_NBYTES),
                _ => return None,
            };
            let (block, behind) =
                rest.split_at_checked(stored.checked_add(BLOCK_HEADER_NBYTES)?)?;
            rest = behind;
            let start = self.frames.len();
            self.frames.extend_from_slice(block);
            self.bound_nbytes = self.bound_nbytes.checked_add(decoded)?;
            if header & 1 != 0 {
                return Some(rest);
            }
            if self.bound_nbytes >= nbytes {
                *self.frames.get_mut(start)? |= 1; // the last one
                return Some(rest);
            }
        }
    }
}
