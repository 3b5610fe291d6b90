//! Releases as they are answered.

use trybuy_formats::api::VendorRelease;

use crate::store::Release;

/// A release as its vendor sees it.
pub(super) fn vendor_release(release: Release) -> VendorRelease {
    VendorRelease {
        id: release.id,
        application: release.application,
        version: release.version,
        platform: release.platform,
        stored_size: release.stored_size,
        program_size: release.program_size,
        program_digest: release.program_digest,
        published_at: release.published_at,
    }
}
