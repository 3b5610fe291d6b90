//! Buffers of downloads, used again and again.

use std::ops::{Deref, DerefMut, Range};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use trybuy_formats::primitives::TAG_LENGTH;
use trybuy_formats::transmission::CHUNK;

/// A sealed chunk (`EN-9`), in bytes.
const SEALED_CHUNK: usize = CHUNK + TAG_LENGTH;
/// Unused buffers that are kept, 16 MiB of them.
const KEPT: usize = 256;

/// A pool of buffers of one sealed chunk each. Cheap to clone: clones share the buffers.
///
/// They never hold plaintext, so they are not wiped.
#[derive(Clone, Default)]
pub struct Buffers(Arc<Mutex<Vec<Box<[u8]>>>>);

/// A buffer on loan; it goes back when the last [`Bytes`] of it is dropped.
pub struct Buffer {
    bytes: Box<[u8]>,
    pool: Buffers,
}

impl Buffers {
    /// A buffer with any contents.
    pub fn take(&self) -> Buffer {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let bytes = kept.unwrap_or_else(|| vec![0; SEALED_CHUNK].into());
        Buffer { bytes, pool: self.clone() }
    }
}

impl Buffer {
    /// A range of it, to be sent.
    pub fn into_bytes(self, range: Range<usize>) -> Bytes {
        Bytes::from_owner(self).slice(range)
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut kept = self.pool.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT {
            kept.push(std::mem::take(&mut self.bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_after_its_last_use() {
        let buffers = Buffers::default();
        let mut buffer = buffers.take();
        buffer[..3].copy_from_slice(b"abc");
        let address = buffer.as_ptr();
        let bytes = buffer.into_bytes(1..3);
        assert_eq!(&bytes[..], b"bc");
        assert_ne!(buffers.take().as_ptr(), address, "it is still in use");
        drop(bytes);
        assert_eq!(buffers.take().as_ptr(), address);
    }
}
