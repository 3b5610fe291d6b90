//! The temporary licenses of clients whose licenses the gateway holds: "each time the client presents the temporary
//! license, a new license request is generated" (SL), and a permanent one takes its place.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use trybuy_formats::certificates::VerifiedLicense;
use trybuy_formats::ids::Label;
use trybuy_formats::instant::{Instant, Span};
use trybuy_formats::licensing::seat_license::SeatLicenseKind;
use trybuy_formats::slug::Slug;

use super::state::GatewayState;
use crate::error::ApiError;

/// How long after a temporary license was used a permanent one is asked for: each request costs the license server a
/// look and a record, and a client may send a thousand in a minute.
const PAUSE: Span = Span::seconds(300);
/// Requests of one round, so that many clients are not asked for at once.
const REQUESTS: usize = 8;

/// The clients that use a temporary license, and when another one is asked for.
#[derive(Default)]
pub(super) struct TemporaryLicenses(Mutex<HashMap<Label, Instant>>);

impl TemporaryLicenses {
    /// Notes that a client uses a license, if that is a temporary one.
    pub(super) fn note(&self, client: &Label, license: &VerifiedLicense, now: Instant) {
        if is_temporary(license) {
            self.clients().entry(client.clone()).or_insert(now.plus(PAUSE));
        }
    }

    /// Takes the client that has waited longest, if it is its turn.
    fn take(&self, now: Instant) -> Option<Label> {
        let mut clients = self.clients();
        let (client, at) = clients.iter().min_by_key(|(_, at)| **at)?;
        let client = (*at <= now).then(|| client.clone())?;
        clients.remove(&client);
        Some(client)
    }

    fn clients(&self) -> MutexGuard<'_, HashMap<Label, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl GatewayState {
    /// Asks for permanent licenses in place of the temporary ones whose turn it is.
    pub(super) async fn replace_temporary_licenses(&self) {
        let now = self.clock.now();
        for _ in 0..REQUESTS {
            let Some(client) = self.temporary_licenses.take(now) else { return };
            let Err(error) = self.replace_temporary_license(&client, now).await else { continue };
            let slug = error.slug();
            tracing::debug!(%client, %slug, "a temporary license stays");
            if slug == Slug::LicenseServerUnreachable {
                return;
            }
        }
    }

    /// "Temporary licenses are replaced only by a valid permanent license": another temporary one is not kept.
    async fn replace_temporary_license(&self, name: &Label, now: Instant) -> Result<(), ApiError> {
        let _turn = self.turns.wait(name).await;
        let Some(client) = self.store.gateway_client(name).await? else { return Ok(()) };
        // One that cannot be used any more is replaced with the next request of its client.
        if !self.usable(&client, now).is_some_and(|held| is_temporary(&held)) {
            return Ok(());
        }
        let (license, pem) = self.requested_license(&client, now).await?;
        if !is_temporary(&license) {
            self.store.set_gateway_client_license(name, &pem).await?;
            tracing::info!(client = %name, "a permanent license took the place of a temporary one");
        }
        Ok(())
    }
}

fn is_temporary(license: &VerifiedLicense) -> bool {
    license.license().kind == SeatLicenseKind::Temporary
}
