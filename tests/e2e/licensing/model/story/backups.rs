//! Backups of the license server, and what becomes of it when one is restored.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use trybuy_tests::command::Outcome;

use super::Story;
use crate::licensing::model::rules::{Reason, Store};

/// A copy of what the license server keeps, and of what the model knew of it.
pub(super) struct Backup {
    database: PathBuf,
    mark: Vec<u8>,
    store: Store,
}

impl Story {
    /// A backup, made of the database by its own tool, and of the mark beside it.
    pub(super) fn back_up(&mut self) -> Result<()> {
        let database = self.company.path(&format!("backup-{}", self.backups.len()));
        let mut sqlite = Command::new("sqlite3");
        sqlite.arg(self.database()).arg(format!(".backup {}", database.display()));
        Outcome::of(&mut sqlite)?.success()?;
        let mark = fs::read(self.mark())?;
        self.backups.push(Backup { database, mark, store: self.rules.store.clone() });
        Ok(())
    }

    pub(super) fn restore_any(&mut self) -> Result<()> {
        if self.backups.is_empty() {
            return Ok(());
        }
        let backup = self.random.below(self.backups.len());
        self.restore(backup)
    }

    /// A backup is restored: the database alone, or the mark with it. Gateways come to hear of it one after the other.
    pub(super) fn restore(&mut self, backup: usize) -> Result<()> {
        if self.rules.store.is_restored {
            return Ok(());
        }
        let is_whole = self.random.below(2) == 0;
        let before = self.rules.store.records.clone();
        for front in &self.fronts {
            front.wait_for(&self.company, before.len())?;
        }
        let kills = self.random.below(2) == 0;
        for front in &mut self.fronts {
            if kills { front.kill()? } else { front.gateway.server.pause()? }
        }
        self.company.license_server_server.terminate()?;
        self.put_back(backup, is_whole)?;
        self.company.restart_license_server()?;
        self.rules.restore(&self.backups[backup].store);
        let restored = self.rules.store.goes_back(&before);
        if let Some(reason) = restored.filter(|_| !is_whole) {
            self.rules.find_restored(reason);
        }
        self.let_gateways_report(restored)
    }

    /// A gateway shows that the records do not go on from those it knows of, and tells what it has seen; it does that also
    /// if others found that out.
    fn let_gateways_report(&mut self, restored: Option<Reason>) -> Result<()> {
        for front in &mut self.fronts {
            if let Some(reason) = restored {
                self.rules.find_restored(reason);
            }
            if self.rules.store.is_restored {
                self.rules.tell(&front.seen());
            }
            front.go_on()?;
            front.wait_for(&self.company, self.rules.store.records.len())?;
        }
        Ok(())
    }

    fn put_back(&self, backup: usize, is_whole: bool) -> Result<()> {
        let Backup { database, mark, .. } = &self.backups[backup];
        for ending in ["-wal", "-shm"] {
            let mut beside = self.database().into_os_string();
            beside.push(ending);
            match fs::remove_file(beside) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error)?,
                _ => {}
            }
        }
        fs::copy(database, self.database()).context("the database")?;
        if is_whole {
            fs::write(self.mark(), mark)?;
        }
        Ok(())
    }

    /// The operator accepts that the license server was restored, or has granted a seat twice.
    pub(super) fn accept(&mut self) -> Result<()> {
        for front in &self.fronts {
            front.gateway.server.pause()?;
        }
        let accepted = ["license-server", "restored", "accept"];
        let accepted = self.company.license_server.run(accepted)?;
        let is_restored = self.rules.store.is_restored || self.rules.store.has_granted_twice();
        if is_restored {
            accepted.success()?;
            self.rules.accept();
        } else {
            accepted.refused(2, "usage")?;
        }
        for front in &self.fronts {
            if is_restored {
                self.rules.tell(&front.seen());
            }
            front.gateway.server.resume()?;
            front.wait_for(&self.company, self.rules.store.records.len())?;
        }
        Ok(())
    }

    fn database(&self) -> PathBuf {
        self.company.license_server.data_dir().join("trybuy.sqlite3")
    }

    fn mark(&self) -> PathBuf {
        self.company.license_server.data_dir().join("license-server/records.mark")
    }
}
