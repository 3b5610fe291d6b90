//! What clients run on.

use trybuy_formats::ids::PlatformType;

/// Those of clients that are challenged.
pub(crate) const PLATFORMS: [PlatformType; 2] = [PlatformType::Windows, PlatformType::NonWindows];

/// A client's platform: the first client is the one that runs on Windows.
pub(crate) fn platform_of(client: usize) -> PlatformType {
    if client == 0 { PlatformType::Windows } else { PlatformType::NonWindows }
}
