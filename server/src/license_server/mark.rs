//! How many records there were, in a file beside the database: it stays where the database goes back, and shows
//! when records were cut off.
//!
//! It is written when the server starts and stops, a tenth of a second after a record was added, and by every
//! command that adds one. So a database that goes back by less than that is not noticed by it, but by gateways.
//!
//! It has two lines: the mark in JSON, and its authentication under the license server's secret. Without that a digit
//! that the disk altered would say that the records are others, and the store a restored one.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use trybuy_formats::instant::Instant;
use trybuy_formats::keys::LicenseServerSecret;
use trybuy_formats::licensing::records::RecordsMark;
use trybuy_formats::slug::Slug;

use crate::data_dir::{self, open_lock_file, open_regular};
use crate::refusal::Refusal;
use crate::store::{DecisionOutcome, LicenseDecision, RecordsComparison, Store, StoreError};

/// The largest file that is one, in bytes.
const CAP: u64 = 1024;

/// What to do where the store is a restored one.
pub const RESTORED_HELP: &str = "let clients come to their gateways, which report their licenses, and then run \
                                 `trybuy-server license-server restored accept`";

/// What to do where a seat was granted twice.
pub const TWICE_HELP: &str = "`trybuy-server license-server records list --outcome seat-granted-twice` shows which: \
                              revoke one license of each or leave both, and then run \
                              `trybuy-server license-server restored accept`";

/// Why the records were not compared with the mark.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LookBackFailed {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The mark.
    #[error(transparent)]
    Mark(#[from] MarkError),
}

impl LookBackFailed {
    /// What to do.
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.help(),
            Self::Mark(error) => error.help(),
        }
    }
}

/// Why the mark cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MarkError {
    /// It is not what the license server wrote.
    #[error("{} is damaged: it is not as this license server wrote it", .0.display())]
    Damaged(PathBuf),
    /// It cannot be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// It cannot be written.
    #[error("{} cannot be written", path.display())]
    Unwritable {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

impl Refusal for MarkError {
    fn slug(&self) -> Slug {
        match self {
            Self::Damaged(_) | Self::Unreadable { .. } => Slug::LocalFile,
            Self::Unwritable { source, .. } => data_dir::slug_of(source),
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::Damaged(_) => {
                "restore it from your copy, or remove it: another one is made from the records that there are, and \
                 whether the database was restored before is then known to gateways alone"
            }
            Self::Unreadable { .. } => "let the license server's user read it",
            Self::Unwritable { source, .. } => data_dir::help_for(source),
        };
        Some(help.to_owned())
    }
}

/// Where the mark is.
#[derive(Clone, Debug)]
pub struct MarkFile(PathBuf);

impl MarkFile {
    /// The one at a path.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The mark; none where no records were seen yet.
    ///
    /// # Errors
    /// When the file cannot be read, or is damaged.
    pub async fn read(
        &self,
        secret: &LicenseServerSecret,
    ) -> Result<Option<RecordsMark>, MarkError> {
        let path = self.0.clone();
        match blocking(move || read_start(&path)).await {
            Ok(bytes) => match decoded(secret, &bytes) {
                None => Err(MarkError::Damaged(self.0.clone())),
                mark => Ok(mark),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                Err(MarkError::Damaged(self.0.clone()))
            }
            Err(source) => Err(MarkError::Unreadable { path: self.0.clone(), source }),
        }
    }

    /// Compares the records with the mark, and raises it. A store with fewer records than there were, or with others, is
    /// a restored one from now on, and the mark stays until somebody accepts that.
    ///
    /// # Errors
    /// When the store or the file cannot be used.
    pub async fn look_back(
        &self,
        store: &Store,
        secret: &LicenseServerSecret,
        now: Instant,
    ) -> Result<RecordsComparison, LookBackFailed> {
        // The mark first: others add records and raise it meanwhile, and the records never become fewer.
        if let Some(mark) = self.read(secret).await? {
            let decision = LicenseDecision::of(DecisionOutcome::Restored, now);
            let found = store.compare_records(secret, mark, decision).await?;
            if found != RecordsComparison::GoOn {
                return Ok(found);
            }
        }
        self.raise(secret, store.record_head().await?.mark).await?;
        Ok(RecordsComparison::GoOn)
    }

    /// Writes the mark, if what it says comes before. Nobody else does meanwhile: a command, or another process on the
    /// same directory, could write what it read before, and let the mark fall.
    ///
    /// # Errors
    /// When the file cannot be read or written, or is damaged.
    pub async fn raise(
        &self,
        secret: &LicenseServerSecret,
        mark: RecordsMark,
    ) -> Result<(), MarkError> {
        let unwritable = |source| MarkError::Unwritable { path: self.0.clone(), source };
        let path = self.0.clone();
        let lock = blocking(move || lock(&path)).await.map_err(unwritable)?;
        if self.read(secret).await?.is_none_or(|before| before.precedes(&mark)) {
            let text = encoded(secret, &mark).map_err(|error| unwritable(error.into()))?;
            let path = self.0.clone();
            let write = move || {
                // Also where nobody waits any more for what is written.
                let _lock = lock;
                data_dir::replace(&path, text.as_bytes())
            };
            blocking(write).await.map_err(unwritable)?;
        }
        Ok(())
    }
}

/// Does what waits for the disk, or for a lock, where it holds up no request.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other).flatten()
}

/// What a file holds, as far as it can be a mark.
fn read_start(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(path)?.take(CAP).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A lock on a mark until what is answered is dropped: on a file beside it, as another file takes the mark's place, and
/// on a network's file system only what can be written can be locked.
fn lock(mark: &Path) -> io::Result<File> {
    let file = open_lock_file(mark)?;
    file.lock()?;
    Ok(file)
}

/// What the file of a mark holds.
fn encoded(secret: &LicenseServerSecret, mark: &RecordsMark) -> serde_json::Result<String> {
    let text = serde_json::to_string(mark)?;
    let mac = secret.mark_mac(text.as_bytes());
    Ok(format!("{text}\n{mac}\n"))
}

/// The mark in a file that the license server wrote; none in any other.
fn decoded(secret: &LicenseServerSecret, bytes: &[u8]) -> Option<RecordsMark> {
    let lines = str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
    let (mark, mac) = lines.split_once('\n')?;
    secret.verify_mark(mark.as_bytes(), &mac.parse().ok()?).ok()?;
    serde_json::from_str(mark).ok()
}

#[cfg(test)]
mod tests {
    use trybuy_formats::ids::RecordMac;

    use super::*;

    fn mark(accepted_at: i64, records: u64) -> RecordsMark {
        RecordsMark {
            accepted_at: Instant::from_unix(accepted_at),
            records,
            mac: RecordMac::from_bytes([7; 32]),
        }
    }

    fn secret() -> LicenseServerSecret {
        LicenseServerSecret::from_bytes([7; 32])
    }

    fn mark_file() -> (tempfile::TempDir, MarkFile) {
        let directory = tempfile::tempdir().expect("a directory");
        let file = MarkFile::new(directory.path().join("records.mark"));
        (directory, file)
    }

    #[tokio::test]
    async fn a_mark_only_rises() {
        let (_directory, file) = mark_file();
        assert_eq!(file.read(&secret()).await.expect("read"), None);
        for (new, expected) in [
            (mark(1, 3), mark(1, 3)),
            (mark(1, 2), mark(1, 3)),
            (mark(1, 5), mark(1, 5)),
            (mark(2, 4), mark(2, 4)),
            (mark(1, 9), mark(2, 4)),
        ] {
            file.raise(&secret(), new).await.expect("written");
            assert_eq!(file.read(&secret()).await.expect("read"), Some(expected));
        }
    }

    #[tokio::test]
    async fn a_mark_that_several_raise_at_once_never_falls() {
        let (_directory, file) = mark_file();
        let raise = async |first: u64| {
            for records in (first..400).step_by(4) {
                file.raise(&secret(), mark(1, records)).await.expect("written");
                let there = file.read(&secret()).await.expect("read").expect("a mark");
                assert!(there.records >= records, "{} and then {}", records, there.records);
            }
        };
        tokio::join!(raise(0), raise(1), raise(2), raise(3));
    }

    #[tokio::test]
    async fn whoever_waits_to_raise_the_mark_holds_up_nobody_else() {
        let (_directory, file) = mark_file();
        let other = lock(&file.0).expect("locked");
        let waits = async {
            file.raise(&secret(), mark(1, 3)).await.expect("written");
            assert_eq!(file.read(&secret()).await.expect("read"), Some(mark(1, 3)));
        };
        // Both are done by one thread.
        tokio::join!(waits, async { drop(other) });
    }

    #[tokio::test]
    async fn a_mark_is_raised_where_its_directory_cannot_be_locked() {
        let (directory, file) = mark_file();
        let locked = File::open(directory.path()).expect("opened");
        locked.lock().expect("locked");
        file.raise(&secret(), mark(1, 3)).await.expect("written");
    }

    async fn assert_is_damaged(file: &MarkFile, what: &str) {
        assert!(matches!(file.read(&secret()).await, Err(MarkError::Damaged(_))), "{what}");
        assert!(
            matches!(file.raise(&secret(), mark(1, 4)).await, Err(MarkError::Damaged(_))),
            "{what}"
        );
    }

    #[tokio::test]
    async fn a_mark_that_is_not_all_as_the_license_server_wrote_it_is_damaged() {
        let (_directory, file) = mark_file();
        let there = encoded(&secret(), &mark(1, 3)).expect("encoded");
        for at in 0..there.len() {
            let mut altered = there.clone().into_bytes();
            altered[at] ^= 1;
            std::fs::write(&file.0, &altered).expect("written");
            assert_is_damaged(&file, &format!("byte {at}")).await;
        }
        let other = LicenseServerSecret::from_bytes([8; 32]);
        for (what, text) in [
            ("another secret", encoded(&other, &mark(1, 3)).expect("encoded")),
            ("no authentication", serde_json::to_string(&mark(1, 3)).expect("encoded")),
        ] {
            std::fs::write(&file.0, text).expect("written");
            assert_is_damaged(&file, what).await;
        }
    }

    #[tokio::test]
    async fn a_mark_that_is_none_is_damaged_and_one_that_cannot_be_read_is_not() {
        let (directory, file) = mark_file();
        let path = directory.path().join("records.mark");
        let there = encoded(&secret(), &mark(1, 3)).expect("encoded").into_bytes();
        let long = [vec![b' '; CAP as usize], there.clone()].concat();
        for damaged in [&b""[..], b"{}", b"\xff\xfe", &there[..there.len() - 1], &long] {
            std::fs::write(&path, damaged).expect("written");
            assert_is_damaged(&file, &format!("{damaged:?}")).await;
        }
        std::fs::remove_file(&path).expect("removed");
        std::fs::create_dir(&path).expect("made");
        assert!(matches!(file.read(&secret()).await, Err(MarkError::Damaged(_))));
        let nowhere = MarkFile::new(path.join("file"));
        std::fs::remove_dir(&path).expect("removed");
        std::fs::write(&path, there).expect("written");
        assert!(matches!(nowhere.read(&secret()).await, Err(MarkError::Unreadable { .. })));
    }
}
