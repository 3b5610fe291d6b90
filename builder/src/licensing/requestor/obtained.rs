//! What came of asking for a license.

use trybuy_formats::api::LicenseOutcome;
use trybuy_formats::slug::Slug;

use crate::licensing::seat_license::ClientLicense;

/// A license for a service, and where it comes from.
pub struct Obtained {
    /// The license that this client uses from now on.
    pub license: ClientLicense,
    /// Whether it is new.
    pub source: Source,
    /// The licenses that the gateway refuses.
    pub refused: Vec<Refused>,
    /// What the license was until its upgrade ended, where it is less now.
    pub ended_upgrade: Option<ClientLicense>,
}

/// A license that the gateway refuses, and why. Its word is not signed: it is told, and no license is removed for it.
#[derive(Clone)]
pub struct Refused {
    /// The license.
    pub license: ClientLicense,
    /// Why.
    pub slug: Slug,
}

/// Where a license comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// It was in the cache, and nothing was asked.
    Cache,
    /// The license server decided this.
    Server(LicenseOutcome),
    /// It was in the cache, and what the license server gave is no better.
    Kept,
    /// It was in the cache, and what came was issued before it.
    Later,
}
