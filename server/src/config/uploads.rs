//! `[uploads]`: uploads of releases.

use serde::Deserialize;
use trybuy_formats::limits;

use super::ConfigError;

/// The largest release in the server format: what stands before the sections, and all sections.
const LARGEST: u64 =
    16 + limits::MANIFEST as u64 + limits::DOCUMENTATION + 2 * limits::TERMS + limits::PROGRAM;

/// Uploads of releases.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UploadsConfig {
    /// The largest upload, in bytes. Default: what the server format allows, about 64 GiB.
    pub maximum_size: u64,
    /// Uploads of one vendor at the same time. Default: 2.
    pub concurrent_per_vendor: usize,
}

impl Default for UploadsConfig {
    fn default() -> Self {
        Self { maximum_size: LARGEST, concurrent_per_vendor: 2 }
    }
}

impl UploadsConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if !(1..=LARGEST).contains(&self.maximum_size) {
            return Err(ConfigError::invalid(
                "uploads.maximum_size",
                "is between 1 and 68725833744",
            ));
        }
        if !(1..=100).contains(&self.concurrent_per_vendor) {
            return Err(ConfigError::invalid(
                "uploads.concurrent_per_vendor",
                "is between 1 and 100",
            ));
        }
        Ok(())
    }
}
