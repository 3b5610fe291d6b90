//! The memory of a process, opened while the kernel let it be.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::os::unix::fs::FileExt as _;

use anyhow::{Context as _, Result};

use crate::files;

/// A process's memory. It can be read for as long as this lives, whatever the process does.
pub struct OpenedMemory {
    maps: File,
    memory: File,
}

impl OpenedMemory {
    /// Opens it.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn of(process: u32) -> Result<Self> {
        let open = |name| {
            let path = format!("/proc/{process}/{name}");
            File::open(&path).with_context(|| format!("cannot open {path}"))
        };
        Ok(Self { maps: open("maps")?, memory: open("mem")? })
    }

    /// Whether any of the given bytes are in what is writable of it.
    ///
    /// # Errors
    /// When its mappings cannot be read.
    pub fn holds_any(&self, wanted: &[Vec<u8>]) -> Result<bool> {
        let mut maps = String::new();
        (&self.maps).rewind()?;
        (&self.maps).read_to_string(&mut maps)?;
        for line in maps.lines().filter(|line| line.contains(" rw-")) {
            let range = line.split(' ').next().and_then(|range| range.split_once('-'));
            let (start, end) = range.context("a range of addresses")?;
            let (start, end) = (u64::from_str_radix(start, 16)?, u64::from_str_radix(end, 16)?);
            let mut bytes = vec![0; usize::try_from(end - start)?];
            // What was unmapped in the meantime cannot be read.
            if self.memory.read_exact_at(&mut bytes, start).is_ok()
                && wanted.iter().any(|wanted| files::holds(&bytes, wanted))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
