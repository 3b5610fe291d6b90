//! Downloads that go on where they stopped: `Range` with `If-Range` (RFC 9110, sections 13.1.5 and
//! 14), bounded retries, never a byte more than was announced.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::blocking::Response;
use reqwest::header::{CONTENT_RANGE, ETAG, HeaderMap, IF_RANGE, RANGE};
use url::Url;

use super::http::{Http, innermost, origin, refusal_of};
use crate::error::Error;
use crate::messages;

/// Bytes that are read and written at once.
const BUFFER: usize = 256 << 10;

/// What is to be downloaded. It has no `Debug`, because its address is a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Source {
    /// Its address, a secret.
    pub url: Url,
    /// Its exact length in bytes.
    pub length: u64,
    /// Its strong entity tag.
    pub etag: String,
}

/// How often a broken connection is tried again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Patience {
    /// Attempts in a row that bring nothing.
    pub attempts: u32,
    /// The pause before the second attempt; each later one is twice as long.
    pub first_pause: Duration,
}

impl Patience {
    /// For people: about half a minute of trying.
    pub const USUAL: Self = Self { attempts: 6, first_pause: Duration::from_secs(1) };
}

/// Why a download did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// The source is another one now: what is there is worthless, and the caller begins again.
    #[error("the source has changed")]
    Changed,
    /// It has to end here.
    #[error(transparent)]
    Ended(#[from] Error),
    /// The file could not be written.
    #[error(transparent)]
    Write(io::Error),
}

/// Downloads what is missing of `source` into `file`, where the source's first byte stands at
/// `offset` and `have` bytes are already there. `progress` hears of every step.
///
/// # Errors
/// See [`DownloadError`]. What was written before stays, and is right so far as the server is.
pub fn download(
    http: &Http,
    source: &Source,
    file: &File,
    (offset, have): (u64, u64),
    patience: Patience,
    progress: &mut dyn FnMut(u64),
) -> Result<(), DownloadError> {
    let mut target = Target { file, offset, have, length: source.length, progress };
    let mut fruitless = 0;
    let mut pause = patience.first_pause;
    while target.have < source.length {
        let before = target.have;
        let broken = match attempt(http, source, &mut target) {
            Ok(()) => continue,
            Err(Attempt::Fatal(error)) => return Err(error),
            Err(Attempt::Broken(cause)) => cause,
        };
        if target.have > before {
            fruitless = 0;
            pause = patience.first_pause;
        }
        fruitless += 1;
        if fruitless >= patience.attempts {
            let percent = percent(target.have, source.length);
            return Err(messages::download_broken(&origin(&source.url), percent, broken).into());
        }
        std::thread::sleep(pause);
        pause = pause.saturating_mul(2);
    }
    Ok(())
}

/// Hundredths of a whole, rounded down.
pub(crate) fn percent(part: u64, whole: u64) -> u64 {
    let hundredths = u128::from(part) * 100 / u128::from(whole.max(1));
    u64::try_from(hundredths).unwrap_or(100)
}

/// Where a download goes.
struct Target<'a> {
    file: &'a File,
    offset: u64,
    have: u64,
    length: u64,
    progress: &'a mut dyn FnMut(u64),
}

/// Why one connection ended early.
enum Attempt {
    Fatal(DownloadError),
    Broken(io::Error),
}

fn attempt(http: &Http, source: &Source, target: &mut Target<'_>) -> Result<(), Attempt> {
    let have = target.have;
    let mut request = http.download(&source.url);
    if have > 0 {
        request = request.header(RANGE, format!("bytes={have}-")).header(IF_RANGE, &source.etag);
    }
    let response =
        request.send().map_err(|error| Attempt::Broken(io::Error::other(innermost(error))))?;
    let (mut response, skip) = check_answer(source, have, response)?;
    discard(&mut response, skip).map_err(Attempt::Broken)?;
    copy(&mut response, target)
}

/// Checks that the answer is of the announced source, and says how many bytes stand before those
/// that are wanted.
fn check_answer(
    source: &Source,
    have: u64,
    response: Response,
) -> Result<(Response, u64), Attempt> {
    let changed = || Attempt::Fatal(DownloadError::Changed);
    if etag(response.headers()).is_some_and(|shown| shown != source.etag) {
        return Err(changed());
    }
    match response.status() {
        StatusCode::PARTIAL_CONTENT => {
            let range = content_range(response.headers()).ok_or_else(changed)?;
            let expected = range == (have, source.length);
            if expected { Ok((response, 0)) } else { Err(changed()) }
        }
        // The server, or a proxy before it, gives no ranges; or the source has changed.
        StatusCode::OK => {
            let same = have == 0 || etag(response.headers()).is_some();
            let length = response.content_length().is_none_or(|length| length == source.length);
            if same && length { Ok((response, have)) } else { Err(changed()) }
        }
        StatusCode::RANGE_NOT_SATISFIABLE => Err(changed()),
        status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
            Err(Attempt::Broken(io::Error::other(format!("HTTP status {status}"))))
        }
        _ => Err(Attempt::Fatal(refusal_of(&source.url, response).into())),
    }
}

fn etag(headers: &HeaderMap) -> Option<&str> {
    headers.get(ETAG)?.to_str().ok()
}

/// First byte and whole length out of `bytes FIRST-LAST/LENGTH`.
fn content_range(headers: &HeaderMap) -> Option<(u64, u64)> {
    let value = headers.get(CONTENT_RANGE)?.to_str().ok()?;
    let (range, length) = value.strip_prefix("bytes ")?.split_once('/')?;
    let (first, _) = range.split_once('-')?;
    Some((first.parse().ok()?, length.parse().ok()?))
}

/// Reads and drops so many bytes.
pub(super) fn discard(response: &mut Response, bytes: u64) -> io::Result<()> {
    let dropped = io::copy(&mut response.take(bytes), &mut io::sink())?;
    if dropped == bytes { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

fn copy(response: &mut Response, target: &mut Target<'_>) -> Result<(), Attempt> {
    let mut buffer = vec![0; BUFFER];
    while target.have < target.length {
        let room = usize::try_from(target.length - target.have).unwrap_or(BUFFER).min(BUFFER);
        let read = match response.read(&mut buffer[..room]) {
            Ok(0) => return Err(Attempt::Broken(io::ErrorKind::UnexpectedEof.into())),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Attempt::Broken(error)),
        };
        target
            .file
            .write_all_at(&buffer[..read], target.offset + target.have)
            .map_err(|error| Attempt::Fatal(DownloadError::Write(error)))?;
        target.have += u64::try_from(read).unwrap_or(0);
        (target.progress)(target.have);
    }
    Ok(())
}
