//! Requests as comma-separated values.

use trybuy_formats::api::Requester;

use crate::csv;

/// The names of the columns: the members of the JSON answer, in its order.
const COLUMNS: [&str; 17] = [
    "trial_id",
    "licensee_id",
    "name",
    "email",
    "email_verified_at",
    "platform",
    "version",
    "requested_at",
    "ends_at",
    "terms_digest",
    "terms_version",
    "accepted_as",
    "delivered_at",
    "first_run_on",
    "purchased_at",
    "converted",
    "counted",
];

/// A table with its head.
pub(super) fn table(requests: &[Requester]) -> String {
    let rows = requests.iter().map(|request| csv::row(row(request)));
    std::iter::once(csv::row(COLUMNS)).chain(rows).collect()
}

fn row(request: &Requester) -> [String; 17] {
    [
        request.trial_id.to_string(),
        request.licensee_id.to_string(),
        request.name.to_string(),
        request.email.to_string(),
        optional(request.email_verified_at.as_ref()),
        request.platform.to_string(),
        request.version.to_string(),
        request.requested_at.to_string(),
        optional(request.ends_at.as_ref()),
        request.terms_digest.to_string(),
        optional(request.terms_version.as_ref()),
        optional(request.accepted_as.as_ref()),
        optional(request.delivered_at.as_ref()),
        optional(request.first_run_on.as_ref()),
        optional(request.purchased_at.as_ref()),
        request.converted.to_string(),
        request.counted.to_string(),
    ]
}

/// What is missing is the empty text.
fn optional(value: Option<&impl ToString>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}
