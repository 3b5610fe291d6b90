//! What the commands print on standard output.

use std::io::{self, Write as _};

use anyhow::{Context as _, Result};
use trybuy_formats::licensing::product::{LicenseType, Product};

/// Prints lines. Whoever reads them may have seen enough, as `head` has: that is no failure.
pub(super) fn print(lines: &str) -> Result<()> {
    match print_to_a_reader(lines) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("standard output cannot be written"),
    }
}

/// Prints lines that are lost unless somebody reads them.
pub(super) fn print_to_a_reader(lines: &str) -> io::Result<()> {
    let mut output = io::stdout().lock();
    output.write_all(lines.as_bytes())?;
    output.flush()
}

/// A product in one line.
pub(super) fn product_as_words(product: &Product) -> String {
    let Product { product_id, version, license_type, platform_type, features } = product;
    let mut words = format!("{product_id} {version} {platform_type}");
    if let LicenseType::Upgrade { from } = license_type {
        words.push_str(&format!(" upgrade-from {from}"));
    }
    for feature in features {
        words.push_str(&format!(" +{feature}"));
    }
    words
}
