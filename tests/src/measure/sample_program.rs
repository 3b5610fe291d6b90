//! Programs of any size that end at once: a small static one with bytes behind it.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// What the bytes behind the program are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Filling {
    /// Random: no compression makes them smaller.
    Random,
    /// Machine code, as real programs are made of: that of the programs under test, repeated.
    Code,
}

/// Makes a program of exactly that size in a folder.
pub(super) fn make(folder: &Path, size: u64, filling: Filling) -> Result<PathBuf> {
    let source = folder.join("nothing.c");
    std::fs::write(&source, "int main(void) { return 0; }\n")?;
    let kind = if filling == Filling::Random { "random" } else { "code" };
    let path = folder.join(format!("program-{kind}-{size}"));
    let compiled =
        Command::new("cc").args(["-static", "-Os", "-s", "-o"]).arg(&path).arg(&source).status();
    ensure!(compiled.context("cannot run cc")?.success(), "cc failed");
    let mut file = File::options().append(true).open(&path)?;
    let mut missing = size.checked_sub(file.metadata()?.len()).context("the size is too small")?;
    let code = std::env::current_exe()?;
    while missing > 0 {
        let from = if filling == Filling::Random { Path::new("/dev/urandom") } else { &code };
        missing -= io::copy(&mut File::open(from)?.take(missing), &mut file)?;
    }
    file.flush()?;
    Ok(path)
}
