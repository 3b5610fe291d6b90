//! Reads that take all there is.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream whose reads go on until the buffer is full or nothing more is there. TLS hands out one record
/// of at most 16 KiB at a time, and each piece of a body costs a change of tasks on its way.
pub(super) struct FullReads<S>(pub(super) S);

impl<S: AsyncRead + Unpin> AsyncRead for FullReads<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let begin = buffer.filled().len();
        loop {
            let before = buffer.filled().len();
            let read = Pin::new(&mut self.0).poll_read(context, buffer);
            let after = buffer.filled().len();
            // An end or an error behind what has been read is met again by the next read.
            if !matches!(read, Poll::Ready(Ok(()))) && after > begin {
                return Poll::Ready(Ok(()));
            }
            if read.is_pending() || after == before || buffer.remaining() == 0 {
                return read;
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for FullReads<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt as _;

    /// Gives each piece by itself; a refusal at the end.
    struct Pieces(Vec<&'static [u8]>);

    impl AsyncRead for Pieces {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            if self.0.is_empty() {
                return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
            }
            let piece = self.0.remove(0);
            buffer.put_slice(piece);
            Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn pieces_are_read_together_and_an_error_comes_after_them() {
        let mut stream = FullReads(Pieces(vec![b"one", b"two", b"", b"three"]));
        let mut buffer = [0; 100];
        assert_eq!(stream.read(&mut buffer).await.expect("read"), 6);
        assert_eq!(&buffer[..6], b"onetwo");
        assert_eq!(stream.read(&mut buffer).await.expect("read"), 5);
        let refused = stream.read(&mut buffer).await.expect_err("the end");
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionReset);
    }
}
