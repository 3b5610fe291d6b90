//! Whether anything can be written in a data directory. Anybody may ask, so it is tried once in a while, for all.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::Health;
use crate::data_dir;

/// How long what was found counts.
const COUNTS: Duration = Duration::from_secs(2);

/// The disk of a data directory.
pub struct Disk {
    directory: PathBuf,
    last: Arc<Mutex<Option<Found>>>,
}

struct Found {
    at: Instant,
    trouble: Option<Health>,
}

impl Disk {
    /// That of this directory.
    pub fn of(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), last: Arc::default() }
    }

    /// What is wrong with it, or was a moment ago, if anything is.
    pub(crate) async fn trouble(&self) -> Option<Health> {
        let directory = self.directory.clone();
        self.found(move || trouble_of(data_dir::try_writing(&directory))).await
    }

    /// What was found last, or what is found now. Who asks meanwhile waits for that.
    async fn found(
        &self,
        try_it: impl FnOnce() -> Option<Health> + Send + 'static,
    ) -> Option<Health> {
        let mut last = Arc::clone(&self.last).lock_owned().await;
        if let Some(found) = last.as_ref().filter(|found| found.at.elapsed() < COUNTS) {
            return found.trouble.clone();
        }
        // The lock goes along: on a disk that hangs nobody tries it again after who asked first has gone away.
        let trying = tokio::task::spawn_blocking(move || {
            let trouble = try_it();
            *last = Some(Found { at: Instant::now(), trouble: trouble.clone() });
            trouble
        });
        trying.await.unwrap_or_else(|error| trouble_of(Err(io::Error::other(error))))
    }
}

/// By what came of writing.
fn trouble_of(tried: io::Result<()>) -> Option<Health> {
    let error = tried.err()?;
    let help = data_dir::help_for(&error).to_owned();
    Some(Health::degraded(data_dir::slug_of(&error).as_str(), Some(help)))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    /// How often it was tried.
    #[derive(Clone, Default)]
    struct Tries(Arc<AtomicUsize>);

    impl Tries {
        async fn ask(&self, disk: &Disk) -> Option<Health> {
            let Self(tries) = self.clone();
            let try_it = move || {
                tries.fetch_add(1, Ordering::Relaxed);
                None
            };
            disk.found(try_it).await
        }

        fn count(&self) -> usize {
            self.0.load(Ordering::Relaxed)
        }
    }

    #[tokio::test]
    async fn many_who_ask_within_moments_have_the_disk_tried_once() {
        let (disk, tries) = (Disk::of(Path::new("data")), Tries::default());
        tokio::join!(tries.ask(&disk), tries.ask(&disk), tries.ask(&disk));
        tries.ask(&disk).await;
        assert_eq!(tries.count(), 1);
        disk.last.lock().await.as_mut().expect("found").at -= COUNTS;
        tokio::join!(tries.ask(&disk), tries.ask(&disk));
        assert_eq!(tries.count(), 2);
    }

    #[tokio::test]
    async fn a_disk_that_hangs_is_not_tried_again_when_who_asked_goes_away() {
        let (disk, tries) = (Disk::of(Path::new("data")), Tries::default());
        let (let_go, hangs) = mpsc::channel();
        let try_it = move || hangs.recv().map(|()| None).expect("it is let go");
        tokio::select! {
            biased;
            _ = disk.found(try_it) => panic!("it hangs"),
            () = std::future::ready(()) => {}
        }
        let asks = tries.ask(&disk);
        tokio::join!(asks, async { let_go.send(()).expect("it waits") });
        assert_eq!(tries.count(), 0);
    }
}
