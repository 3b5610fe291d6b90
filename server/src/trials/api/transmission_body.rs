//! The body of a download: sealed chunk by chunk while it is sent.

use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use trybuy_formats::primitives::TAG_LENGTH;
use trybuy_formats::transmission::{Body, CHUNK};

use crate::blobs::{Blob, BlobsError, RemoteBlob};
use crate::trials::{Buffers, TransmissionVersion};

/// A sealed chunk that is not the last one (`EN-9`), in bytes.
const SEALED_CHUNK: u64 = (CHUNK + TAG_LENGTH) as u64;
/// Chunks that are fetched at once from an object storage: 1 MiB.
const FETCHED: u64 = 16;

type Fetching = Pin<Box<dyn Future<Output = Result<Bytes, BlobsError>> + Send>>;

/// A range of the bytes of a transmission file.
///
/// Chunks are sealed inline, one for each frame: 64 KiB take a few microseconds, less than handing them
/// to another thread. Memory is bounded by the frames that the connection holds unsent.
pub(super) struct TransmissionBody {
    head: Bytes,
    body: Body,
    blob: Blob,
    sections_offset: u64,
    range: Range<u64>,
    buffers: Buffers,
    fetched: Option<Fetched>,
    fetching: Option<(u64, Fetching)>,
}

/// Sections out of an object storage.
struct Fetched {
    start: u64,
    bytes: Bytes,
}

impl TransmissionBody {
    /// The bytes `range` of the file.
    pub(super) fn new(
        version: TransmissionVersion,
        blob: Blob,
        sections_offset: u64,
        range: Range<u64>,
        buffers: Buffers,
    ) -> Self {
        let TransmissionVersion { head, body } = version;
        let head = Bytes::copy_from_slice(head.head());
        let (fetched, fetching) = (None, None);
        Self { head, body, blob, sections_offset, range, buffers, fetched, fetching }
    }

    /// The next bytes out of the head; none once it is over.
    fn head_bytes(&mut self) -> Option<Bytes> {
        let start =
            usize::try_from(self.range.start).ok().filter(|start| *start < self.head.len())?;
        let end =
            usize::try_from(self.range.end).map_or(self.head.len(), |end| end.min(self.head.len()));
        self.range.start = end as u64;
        Some(self.head.slice(start..end))
    }

    /// The next bytes out of the body: the wanted part of the chunk at the position.
    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Result<Bytes, BlobsError>> {
        let position = self.range.start - self.head.len() as u64;
        let index = position / SEALED_CHUNK;
        let sections = self.body.sections_range(index);
        let length = self.body.sealed_chunk_length(index);
        let mut buffer = self.buffers.take();
        let source = match &self.blob {
            Blob::Mapped(mapping) => slice(mapping, &sections, self.sections_offset),
            Blob::Remote(remote) => {
                let remote = remote.clone();
                ready!(self.poll_fetch(context, &remote, index, &sections))?;
                self.fetched_bytes(&sections)
            }
        };
        let source = source.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        self.body.seal_chunk(index, source, &mut buffer[..length]).map_err(io::Error::other)?;
        let start = within_chunk(position % SEALED_CHUNK);
        let wanted = self.range.end - self.range.start;
        let end = length.min(start.saturating_add(usize::try_from(wanted).unwrap_or(usize::MAX)));
        self.range.start += (end - start) as u64;
        Poll::Ready(Ok(buffer.into_bytes(start..end)))
    }

    /// Sections that have been fetched.
    fn fetched_bytes(&self, sections: &Range<u64>) -> Option<&[u8]> {
        if sections.is_empty() {
            return Some(&[]);
        }
        let Fetched { start, bytes } = self.fetched.as_ref()?;
        slice(bytes, &(sections.start.checked_sub(*start)?..sections.end.checked_sub(*start)?), 0)
    }

    /// Ready once the sections of a chunk have been fetched, together with those of some after it.
    fn poll_fetch(
        &mut self,
        context: &mut Context<'_>,
        remote: &RemoteBlob,
        index: u64,
        sections: &Range<u64>,
    ) -> Poll<Result<(), BlobsError>> {
        let is_fetched = |fetched: &Fetched| {
            fetched.start <= sections.start
                && sections.end <= fetched.start + fetched.bytes.len() as u64
        };
        // A last chunk may hold nothing but a piece of the control area.
        if sections.is_empty() || self.fetched.as_ref().is_some_and(is_fetched) {
            return Poll::Ready(Ok(()));
        }
        let (start, fetching) = self.fetching.get_or_insert_with(|| {
            let last = (index + FETCHED).min(self.body.chunk_count()) - 1;
            let end = self.body.sections_range(last).end;
            let offset = self.sections_offset;
            let range = offset + sections.start..offset + end;
            (sections.start, Box::pin(remote.clone().range(range)))
        });
        let start = *start;
        let fetched = ready!(fetching.as_mut().poll(context));
        self.fetching = None;
        self.fetched = Some(Fetched { start, bytes: fetched? });
        Poll::Ready(Ok(()))
    }
}

/// The bytes of a range that begins `offset` bytes later.
fn slice<'a>(bytes: &'a [u8], range: &Range<u64>, offset: u64) -> Option<&'a [u8]> {
    let start = usize::try_from(range.start.checked_add(offset)?).ok()?;
    let end = usize::try_from(range.end.checked_add(offset)?).ok()?;
    bytes.get(start..end)
}

fn within_chunk(position: u64) -> usize {
    usize::try_from(position).expect("a position within a chunk is small")
}

impl http_body::Body for TransmissionBody {
    type Data = Bytes;
    type Error = BlobsError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BlobsError>>> {
        let this = self.get_mut();
        if this.range.is_empty() {
            return Poll::Ready(None);
        }
        if let Some(bytes) = this.head_bytes() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        let chunk = ready!(this.poll_chunk(context));
        if let Err(error) = &chunk {
            tracing::error!(%error, "a download broke off: the stored release cannot be read");
        }
        Poll::Ready(Some(chunk.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.range.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.range.end - self.range.start)
    }
}
