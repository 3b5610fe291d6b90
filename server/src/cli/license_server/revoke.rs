//! `trybuy-server license-server revoke`

use anyhow::Result;
use trybuy_formats::ids::SeatLicenseId;
use trybuy_formats::slug::Slug;

use super::{Place, now, told};
use crate::cli::arguments::license_server::RevokeLicense;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::store::{Revocation, Revoked};

pub(super) fn run(place: &Place, revoke: RevokeLicense) -> Result<()> {
    let RevokeLicense { license: license_id, reason: note, client, allow_again } = revoke;
    let secret = place.keys()?.secret;
    let revocation = Revocation { license_id, client, note, bars: !allow_again, now: now() };
    let (revoked, marked) = place.with_store(async |store| {
        let revoked = store.revoke_license(&secret, &revocation).await?;
        Ok((revoked, place.raise_mark(store, &secret).await))
    })?;
    told(tell(license_id, revoked), marked)
}

fn tell(license_id: SeatLicenseId, revoked: Revoked) -> Result<()> {
    match revoked {
        Revoked::Done => output::print(&format!(
            "revoked {license_id}; gateways refuse it with their next revocation list\n"
        )),
        Revoked::NotFound => {
            let what = format!("there is no license {license_id}");
            Err(Failure::new(Slug::NotFound, what)
                .help("`trybuy-server license-server licenses list` shows the ids")
                .into())
        }
        Revoked::Before => {
            let what = format!("the license {license_id} was revoked before");
            Err(Failure::new(Slug::LicenseRevoked, what)
                .help("`trybuy-server license-server licenses list` shows when")
                .into())
        }
        Revoked::Ambiguous => {
            let what = format!("two clients have the license {license_id}");
            Err(Failure::new(Slug::Usage, what).help("name the client with `--client ID`").into())
        }
    }
}
