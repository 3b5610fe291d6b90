//! `trybuy license show`: everything about a license.

use serde::Serialize;
use trybuy_formats::certificates::Certificate;
use trybuy_formats::instant::Instant;

use super::Context;
use super::listed::ListedLicense;
use crate::cli::ShowLicenseArguments;
use crate::clock;
use crate::error::Error;
use crate::licensing::cache::Cache;
use crate::licensing::seat_license::ClientLicense;
use crate::messages::words;
use crate::output;

/// A license, as `trybuy license show --json` shows it: what `list` shows, and its certificates.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    listed: ListedLicense,
    certificate: ShownCertificate,
    /// The license server's, under which it is signed (SL Table 5).
    license_server_certificate: ShownCertificate,
}

#[derive(Serialize)]
struct ShownCertificate {
    serial: String,
    not_before: Instant,
    not_after: Instant,
    sha256: String,
}

impl ShownCertificate {
    fn of(certificate: &Certificate) -> Self {
        Self {
            serial: certificate.serial().map(|serial| serial.to_string()).unwrap_or_default(),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            sha256: words::fingerprint(certificate),
        }
    }
}

pub(super) fn show(context: &Context, arguments: &ShowLicenseArguments) -> Result<(), Error> {
    let license = Cache::open(&context.data).find(&arguments.license)?;
    let shown = shown(&license);
    if arguments.json { output::print_json(&shown) } else { output::print(&lines(&shown)) }
}

fn shown(license: &ClientLicense) -> Shown {
    Shown {
        listed: ListedLicense::of(license, clock::now()),
        certificate: ShownCertificate::of(license.certificate()),
        license_server_certificate: ShownCertificate::of(license.issuer()),
    }
}

fn lines(shown: &Shown) -> String {
    let listed = &shown.listed;
    let state = match listed.reason {
        Some(reason) => format!("{}: {reason}", listed.state),
        None => listed.state.to_owned(),
    };
    let end = |end: Option<Instant>| end.map_or_else(|| "never".to_owned(), words::date);
    let features: Vec<String> = listed.features.iter().map(ToString::to_string).collect();
    let or_none = |text: String| if text.is_empty() { "none".to_owned() } else { text };
    let pack = listed.pack_id.map(|pack| pack.to_string()).unwrap_or_default();
    let certificate = |of: &ShownCertificate| {
        format!("{}, {} to {}", of.serial, words::date(of.not_before), words::date(of.not_after))
    };
    [
        format!("{} {} ({})", listed.product_id, listed.version, listed.license_id),
        format!(
            "State:          {state}, {}",
            words::license_left(listed.days_left, listed.reason)
        ),
        format!("Kind:           {}", words::license_kind(listed.kind)),
        format!("Issued:         {}", words::date(listed.issued_at)),
        format!("Expires:        {}", end(listed.ends_at)),
        format!("Usable until:   {}", end(listed.usable_until)),
        format!("Features:       {}", or_none(features.join(", "))),
        format!("Platform type:  {}", listed.platform_type),
        format!("Client:         {}", listed.client_id),
        format!("Pack:           {}", or_none(pack)),
        format!("Gateway:        {}", listed.gateway),
        format!("Structure:      version {}", listed.format),
        format!("Certificate:    {}", certificate(&shown.certificate)),
        format!("License server: {}", listed.license_server),
        format!("  certificate:  {}", certificate(&shown.license_server_certificate)),
        "Signature:      valid, by the license server, under the authority of the gateway"
            .to_owned(),
    ]
    .join("\n")
}
