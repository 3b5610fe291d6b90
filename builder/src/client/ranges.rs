//! A transmission file that is still on the server, read in pieces: enough to open its head before
//! the rest is downloaded, in either layout (`TF-6`, `TF-9`).

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use reqwest::StatusCode;
use reqwest::blocking::Response;
use reqwest::header::{ETAG, RANGE};
use trybuy_formats::read_at::ReadAt;

use super::download::{Source, discard};
use super::http::{Http, refusal_of};
use crate::error::Error;

/// Bytes that are fetched at once: two chunks, so that the pieces of a dispersed control area cost
/// at most one request each.
const PIECE: u64 = 128 << 10;
/// The most pieces that are fetched: a head needs the first piece and eight places, each of at most
/// three pieces in a row.
const MOST_PIECES: usize = 32;

/// A source on a server, readable at any place.
pub struct RemoteFile<'a> {
    http: &'a Http,
    source: &'a Source,
    pieces: Mutex<BTreeMap<u64, Vec<u8>>>,
    failure: Mutex<Option<Error>>,
    changed: AtomicBool,
}

impl<'a> RemoteFile<'a> {
    /// Nothing is fetched before it is read.
    pub fn new(http: &'a Http, source: &'a Source) -> Self {
        Self {
            http,
            source,
            pieces: Mutex::new(BTreeMap::new()),
            failure: Mutex::new(None),
            changed: AtomicBool::new(false),
        }
    }

    /// Why the server refused, where reading failed because it did.
    pub fn take_failure(&self) -> Option<Error> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether reading failed because the server has another file now.
    pub fn has_changed(&self) -> bool {
        self.changed.load(Ordering::Relaxed)
    }

    fn fetch(&self, index: u64) -> io::Result<Vec<u8>> {
        let first = index * PIECE;
        let length = PIECE.min(self.source.length - first);
        let response = self
            .http
            .download(&self.source.url)
            .header(RANGE, format!("bytes={first}-{}", first + length - 1))
            .send()
            .map_err(|error| self.fail(super::http::unreachable(&self.source.url, error)))?;
        let mut response = self.check(response)?;
        if response.status() == StatusCode::OK {
            discard(&mut response, first)?;
        }
        let mut piece = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        response.read_exact(&mut piece)?;
        Ok(piece)
    }

    fn check(&self, response: Response) -> io::Result<Response> {
        if !matches!(response.status(), StatusCode::OK | StatusCode::PARTIAL_CONTENT) {
            return Err(self.fail(refusal_of(&self.source.url, response)));
        }
        let shown = response.headers().get(ETAG).and_then(|value| value.to_str().ok());
        if shown.is_some_and(|shown| shown != self.source.etag) {
            self.changed.store(true, Ordering::Relaxed);
            return Err(io::Error::other("the source has changed"));
        }
        Ok(response)
    }

    fn fail(&self, error: Error) -> io::Error {
        let text = error.to_string();
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        io::Error::other(text)
    }
}

impl ReadAt for RemoteFile<'_> {
    fn length(&self) -> u64 {
        self.source.length
    }

    fn read_exact_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        let mut at = offset;
        let mut rest = buffer;
        while !rest.is_empty() {
            if at >= self.source.length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let index = at / PIECE;
            if !pieces.contains_key(&index) {
                if pieces.len() >= MOST_PIECES {
                    return Err(io::Error::other(
                        "too much of the file is read before its download",
                    ));
                }
                pieces.insert(index, self.fetch(index)?);
            }
            let piece = &pieces[&index];
            let from = usize::try_from(at % PIECE).map_err(io::Error::other)?;
            let available = piece.len().saturating_sub(from).min(rest.len());
            let (now, later) = rest.split_at_mut(available);
            now.copy_from_slice(&piece[from..from + available]);
            rest = later;
            at += u64::try_from(available).map_err(io::Error::other)?;
        }
        Ok(())
    }
}
