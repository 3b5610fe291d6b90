//! The upload of a release: streamed in constant memory, watched for stalls, and tried again.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use indicatif::ProgressBar;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, Response, StatusCode};
use tokio::time::Instant;
use trybuy_formats::api::PublishAnswer;
use trybuy_formats::ids::{ApplicationId, Platform, Version};
use trybuy_formats::policy::TrialPolicy;
use trybuy_formats::slug::Slug;

use super::{Client, SILENCE, answer};
use crate::vendor_cli::failure::Failure;

/// Bytes that are read and sent at once.
const PIECE: u64 = 256 << 10;
/// How often a broken upload is tried in all.
const ATTEMPTS: u32 = 3;
/// The server checks the whole release before it answers: the longest it may take.
const CHECK: Duration = Duration::from_secs(30 * 60);
/// Pause before the second attempt; it doubles.
const PAUSE: Duration = Duration::from_millis(500);

/// A packaged release, and where it goes.
pub struct Upload<'a> {
    /// The application.
    pub application: &'a ApplicationId,
    /// The version.
    pub version: &'a Version,
    /// The platform.
    pub platform: &'a Platform,
    /// The policy, for an application that is new on the server.
    pub policy: &'a TrialPolicy,
    /// The release before its program section.
    pub front: Bytes,
    /// The file with the program section.
    pub program: Arc<File>,
    /// Its length in bytes.
    pub program_length: u64,
}

/// What became of an upload.
#[derive(PartialEq, Eq, Debug)]
pub struct Published {
    /// Whether the release is new; if not, the same one was there already.
    pub created: bool,
    /// The server's answer.
    pub answer: PublishAnswer,
}

impl Upload<'_> {
    /// Bytes that are sent.
    pub fn length(&self) -> u64 {
        self.front.len() as u64 + self.program_length
    }
}

/// How one attempt failed.
enum Attempt {
    /// The connection broke: another attempt may go well.
    Broken(String),
    /// The server has decided.
    Refused(Failure),
}

impl Client {
    /// Uploads a release; a connection that breaks is tried again.
    ///
    /// # Errors
    /// What the server answers, or why it could not be reached in three attempts.
    pub fn publish(&self, upload: &Upload<'_>, bar: &ProgressBar) -> Result<Published, Failure> {
        let mut pause = PAUSE;
        let mut attempt = 1;
        loop {
            bar.set_position(0);
            bar.set_message(format!("uploading {}", upload.platform));
            let why = match self.runtime.block_on(self.attempt(upload, bar)) {
                Ok(published) => return Ok(published),
                Err(Attempt::Refused(failure)) => return Err(failure),
                Err(Attempt::Broken(why)) => why,
            };
            if attempt == ATTEMPTS {
                return Err(interrupted(&why));
            }
            attempt += 1;
            bar.suspend(|| {
                eprintln!(
                    "warning: the upload was interrupted ({why}); attempt {attempt} of {ATTEMPTS}"
                );
            });
            std::thread::sleep(pause);
            pause *= 2;
        }
    }

    async fn attempt(&self, upload: &Upload<'_>, bar: &ProgressBar) -> Result<Published, Attempt> {
        let policy = serde_json::to_string(upload.policy).map_err(|error| {
            Attempt::Refused(Failure::new(Slug::InvalidManifest, error.to_string()))
        })?;
        let sent = Arc::new(AtomicU64::new(0));
        let version = upload.version.to_string();
        let path = [
            "vendor",
            "applications",
            upload.application.as_str(),
            "releases",
            &version,
            upload.platform.as_str(),
        ];
        let request = self
            .request(Method::PUT, &path)
            .header(CONTENT_TYPE, "application/octet-stream")
            .header("trial-policy", policy)
            .body(reqwest::Body::wrap(ReleaseBody::new(upload, bar.clone(), Arc::clone(&sent))));
        let response = tokio::select! {
            response = request.send() => response.map_err(|e| Attempt::Broken(answer::reason(e)))?,
            () = stall(&sent, upload.length()) => {
                return Err(Attempt::Broken("the server takes no more data".to_owned()));
            }
        };
        judge(response).await
    }
}

async fn judge(response: Response) -> Result<Published, Attempt> {
    let status = response.status();
    if matches!(status.as_u16(), 502..=504) {
        return Err(Attempt::Broken(format!("the server answered {status}")));
    }
    let response = answer::success(response, SILENCE).await.map_err(Attempt::Refused)?;
    let answer = answer::json(response, SILENCE).await.map_err(Attempt::Refused)?;
    Ok(Published { created: status == StatusCode::CREATED, answer })
}

fn interrupted(why: &str) -> Failure {
    Failure::new(Slug::ServerUnreachable, format!("the upload was interrupted: {why}")).with_help(
        "run the command again: releases that are on the server already are left as they are",
    )
}

/// Ends when nothing has moved for too long.
async fn stall(sent: &AtomicU64, length: u64) {
    let mut before = 0;
    let mut since = Instant::now();
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = sent.load(Ordering::Relaxed);
        let patience = if now == length { CHECK } else { SILENCE };
        if now != before {
            (before, since) = (now, Instant::now());
        } else if since.elapsed() > patience {
            return;
        }
    }
}

/// The bytes of a release: its front, then its program section from the file.
struct ReleaseBody {
    front: Bytes,
    program: Arc<File>,
    at: u64,
    end: u64,
    sent: Arc<AtomicU64>,
    bar: ProgressBar,
}

impl ReleaseBody {
    fn new(upload: &Upload<'_>, bar: ProgressBar, sent: Arc<AtomicU64>) -> Self {
        Self {
            front: upload.front.clone(),
            program: Arc::clone(&upload.program),
            at: 0,
            end: upload.program_length,
            sent,
            bar,
        }
    }

    fn next(&mut self) -> io::Result<Option<Bytes>> {
        let piece = if self.front.is_empty() {
            let length = PIECE.min(self.end - self.at);
            if length == 0 {
                return Ok(None);
            }
            let mut piece = vec![0; length as usize];
            self.program.read_exact_at(&mut piece, self.at)?;
            self.at += length;
            Bytes::from(piece)
        } else {
            std::mem::take(&mut self.front)
        };
        self.sent.fetch_add(piece.len() as u64, Ordering::Relaxed);
        self.bar.inc(piece.len() as u64);
        if self.is_end_stream() {
            self.bar.set_message("the server checks the release");
        }
        Ok(Some(piece))
    }
}

impl Body for ReleaseBody {
    type Data = Bytes;
    type Error = io::Error;

    /// Reads from the file at once: it has just been written, and nothing else runs in this thread.
    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Poll::Ready(self.next().transpose().map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.front.is_empty() && self.at == self.end
    }

    /// The exact length, which becomes `Content-Length`.
    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.front.len() as u64 + self.end - self.at)
    }
}
