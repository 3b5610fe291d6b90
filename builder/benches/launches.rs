//! What state and time cost one launch, without its keys and its program. `docs/performance.md` has
//! the goals.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use tempfile::TempDir;
use trybuy::clock::{ClockFile, Reading};
use trybuy::data_dir::DataDir;
use trybuy::library::StateLock;
use trybuy_formats::expiry::TrialState;
use trybuy_formats::ids::{ApplicationId, KeyId, LicenseId, TrialId};
use trybuy_formats::keys::{LicenseSecret, MasterSecret};

/// A Builder's memory of one trial, in a folder of its own.
struct Remembered {
    _directory: TempDir,
    data: DataDir,
    secret: LicenseSecret,
    id: ApplicationId,
    trial: TrialId,
}

impl Remembered {
    fn below(place: &Path) -> Self {
        let directory = tempfile::tempdir_in(place).unwrap();
        let master = MasterSecret::generate();
        let remembered = Self {
            data: DataDir::locate(Some(directory.path())).unwrap(),
            _directory: directory,
            secret: LicenseSecret::derive(&master, LicenseId::new(), KeyId::from_bytes([1; 32])),
            id: "com.example.sketch".parse().unwrap(),
            trial: TrialId::new(),
        };
        let reading = Reading::take();
        remembered.clock().begin(reading.wall, &reading).unwrap();
        // A year of daily use.
        let state = TrialState { days: (20_000..20_365).collect(), ..TrialState::default() };
        remembered.lock().store(remembered.trial, &state).unwrap();
        remembered
    }

    fn clock(&self) -> ClockFile<'_> {
        ClockFile::of(&self.data, &self.secret)
    }

    fn lock(&self) -> StateLock<'_> {
        StateLock::wait(&self.data, &self.secret, &self.id).unwrap()
    }

    /// As a launch does it.
    fn count_a_launch(&self) {
        let now = self.clock().weigh(&Reading::take()).unwrap().time;
        let lock = self.lock();
        let mut state = lock.load(self.trial).unwrap();
        state.launches += 1;
        state.days.insert(now.instant().day_number());
        lock.store(self.trial, black_box(&state)).unwrap();
    }
}

fn launches(criterion: &mut Criterion) {
    for (name, place) in [("in memory", "/dev/shm"), ("on a disk", env!("CARGO_TARGET_TMPDIR"))] {
        let remembered = Remembered::below(Path::new(place));
        criterion.bench_function(&format!("state and time of a launch, {name}"), |bencher| {
            bencher.iter(|| remembered.count_a_launch());
        });
        criterion.bench_function(&format!("weigh the time, {name}"), |bencher| {
            bencher.iter(|| remembered.clock().weigh(&Reading::take()).unwrap());
        });
    }
}

criterion_group!(benches, launches);
criterion_main!(benches);
