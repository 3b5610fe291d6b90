//! Random access to bytes that somebody else keeps: a file, an object in a store, a mapping.

use std::io;
use std::sync::Arc;

/// Bytes of a fixed length that can be read from any place, by several threads at once.
pub trait ReadAt: Sync {
    /// How many bytes there are.
    fn length(&self) -> u64;

    /// Fills `buffer` with the bytes from `offset` on.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] when there are not as many; any other when reading fails.
    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;
}

impl ReadAt for [u8] {
    fn length(&self) -> u64 {
        self.len() as u64
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let bytes = usize::try_from(offset)
            .ok()
            .and_then(|start| self.get(start..)?.get(..buffer.len()))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }
}

impl ReadAt for Vec<u8> {
    fn length(&self) -> u64 {
        self.as_slice().length()
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.as_slice().read_exact_at(offset, buffer)
    }
}

impl<T: ReadAt + ?Sized> ReadAt for &T {
    fn length(&self) -> u64 {
        (**self).length()
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        (**self).read_exact_at(offset, buffer)
    }
}

impl<T: ReadAt + Send + ?Sized> ReadAt for Arc<T> {
    fn length(&self) -> u64 {
        (**self).length()
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        (**self).read_exact_at(offset, buffer)
    }
}

/// The bytes of another source from an offset to its end.
#[derive(Clone, Debug)]
pub struct Offset<R> {
    source: R,
    start: u64,
}

impl<R: ReadAt> Offset<R> {
    /// The view of `source` that begins at `start`; empty if that is beyond its end.
    pub fn new(source: R, start: u64) -> Self {
        Self { source, start }
    }

    /// The source itself.
    pub fn into_inner(self) -> R {
        self.source
    }
}

impl<R: ReadAt> ReadAt for Offset<R> {
    fn length(&self) -> u64 {
        self.source.length().saturating_sub(self.start)
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let offset = self.start.checked_add(offset).ok_or(io::ErrorKind::UnexpectedEof)?;
        self.source.read_exact_at(offset, buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_read_beyond_the_end() {
        let bytes = vec![1, 2, 3, 4];
        let mut two = [0; 2];
        assert!(bytes.read_exact_at(2, &mut two).is_ok());
        assert_eq!(two, [3, 4]);
        for offset in [3, 4, 5, u64::MAX] {
            let error = bytes.read_exact_at(offset, &mut two).expect_err("beyond the end");
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }

    #[test]
    fn an_offset_hides_what_is_before_it() {
        let view = Offset::new(vec![1, 2, 3, 4], 3);
        assert_eq!(view.length(), 1);
        let mut one = [0];
        assert!(view.read_exact_at(0, &mut one).is_ok());
        assert_eq!(one, [4]);
        assert!(view.read_exact_at(1, &mut one).is_err());
        assert!(view.read_exact_at(u64::MAX, &mut one).is_err());
        assert_eq!(Offset::new(vec![1], 9).length(), 0);
    }
}
