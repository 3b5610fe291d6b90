//! `trybuy license remove`: removes a license of the cache. The key that it is for stays, so that the same license is
//! issued again to whoever asks for it.

use trybuy_formats::slug::Slug;

use super::Context;
use crate::cli::RemoveLicenseArguments;
use crate::data_dir::Lock;
use crate::error::Error;
use crate::licensing::cache::Cache;
use crate::licensing::seat_license::ClientLicense;
use crate::messages::notices;
use crate::output;

pub(super) fn remove(context: &Context, arguments: &RemoveLicenseArguments) -> Result<(), Error> {
    let _lock = Lock::licenses(&context.data)?;
    let removed = Cache::open(&context.data).remove(&arguments.license)?;
    output::notice(&match removed.license {
        Ok(license) if is_ended_temporary(&license) => {
            notices::ended_temporary_removed(license.fields(), &license.gateway().to_string())
        }
        Ok(license) => notices::license_removed(license.fields(), &license.gateway().to_string()),
        Err(_) => notices::damaged_license_removed(&removed.path),
    });
    Ok(())
}

/// Whether asking for it again would be of no use.
fn is_ended_temporary(license: &ClientLicense) -> bool {
    !license.is_permanent() && license.standing() == Err(Slug::LicenseExpired)
}
